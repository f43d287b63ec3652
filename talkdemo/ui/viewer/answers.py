"""What the viewer adds to the server's answers: to its files a lasting cache-control, to the page the first head."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from talkdemo.ui.parts.kept import LASTING, Whole, whole

HEADER = (b"cache-control", LASTING.encode())


class Lasting:
    """ASGI middleware: what lies in `folder` is answered with a lasting cache-control."""

    def __init__(self, app: ASGIApp, folder: str) -> None:
        self.app, self.folder = app, f"file={folder}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lasting = scope["type"] == "http" and self.folder in scope["path"]

        async def answer(message: Message) -> None:
            if lasting and message["type"] == "http.response.start" and message["status"] in (200, 206):
                headers = [pair for pair in message["headers"] if pair[0].lower() != HEADER[0]]
                message = {**message, "headers": [*headers, HEADER]}
            await send(message)

        await self.app(scope, receive, answer)


class Early:
    """ASGI middleware: `head` stands in the page's own, where gradio's comes by script once the page is built.
    A page of a megabyte, which gradio does not compress."""

    def __init__(self, app: ASGIApp, head: str) -> None:
        self.app, self.head = app, head.encode("utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await self.app(scope, receive, send)
        page = await whole(self.app, scope, receive)
        page = Whole(page.start, page.body.replace(b"<head>", b"<head>" + self.head, 1))
        await page.compressed(Headers(scope=scope).get("accept-encoding", "")).send(send)
