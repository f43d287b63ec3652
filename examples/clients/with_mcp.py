"""Uses a running app as a language model's agent does, by the Model Context Protocol: with_mcp.py [ADDRESS [SPEECH]]

Lists the tools, animates speech, leaves talk.glb and face.png. Needs the packages mcp and httpx. What an agent is told
is the address alone: ADDRESS/gradio_api/mcp/.
"""

import asyncio
import base64
import re
import sys
from pathlib import Path

import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

given = dict(enumerate(sys.argv))
address = given.get(1, "http://127.0.0.1:7860").rstrip("/")
speech = Path(given.get(2, Path(__file__).parents[1] / "speech" / "welcome.flac"))


async def progress(done: float, total: float | None, message: str | None) -> None:
    print(f"  {done:g} {message}")


async def main() -> None:
    async with (
        streamablehttp_client(f"{address}/gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        for tool in (await session.list_tools()).tools:
            print(f"{tool.name}: {tool.description.split('. ')[0]}.")

        sound = f"data:audio/flac;base64,{base64.b64encode(speech.read_bytes()).decode()}"  # or the address of a file
        asked = {"speech": sound, "character": "maya", "video": False}
        talk = await session.call_tool("talk", asked, progress_callback=progress)
        (glb,) = re.findall(r"http\S+\.glb", " ".join(one.text for one in talk.content))
        Path("talk.glb").write_bytes(httpx.get(glb).content)

        face = await session.call_tool("express", {"somebody": "maya", "preset": "happy"}, progress_callback=progress)
        (image,) = (one for one in face.content if one.type == "image")
        Path("face.png").write_bytes(base64.b64decode(image.data))

        refused = await session.call_tool("express", {"preset": "happy"})
        print(refused.isError, refused.content[0].text)  # … [no_input]


asyncio.run(main())
