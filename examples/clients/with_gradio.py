"""Animates speech on a running app: python examples/clients/with_gradio.py [ADDRESS [SPEECH]]

Leaves talk.glb, talk.npz and portrait.mp4. The app: `talkdemo app`, or a Space (OWNER/NAME as the address). It needs
gradio_client alone.
"""

import shutil
import sys
from pathlib import Path

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

given = dict(enumerate(sys.argv))
address = given.get(1, "http://127.0.0.1:7860")
speech = handle_file(given.get(2, str(Path(__file__).parents[1] / "speech" / "welcome.flac")))
client = Client(address, verbose=False)
known = client.predict(api_name="/models")
print("identities:", ", ".join(known["models"]["diffusiontalker"]["identities"]))

job = client.submit(speech=speech, identity="auto", character="maya", video=False, api_name="/talk")
for _, _, _, told, _ in job:  # progress, then the summary
    print(told.get("stage", "done"), told.get("fraction", ""))
_, csv, npz, summary, glb = job.result()
shutil.copy(glb, "talk.glb")
shutil.copy(npz, "talk.npz")
print(summary["frames"], "frames in talk.glb and talk.npz")

film, _ = client.predict(somebody="leo", motion=handle_file("talk.npz"), speech=speech, api_name="/portrait_video")
shutil.copy(film, "portrait.mp4")
try:
    client.predict(somebody="leo", api_name="/portrait_video")
except AppError as error:
    print(f"{error.title}: {error.message}")  # no_input: …
