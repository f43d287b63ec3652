"""Lets browsers keep the viewer's files, whose names change with their content, for a year."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = (b"cache-control", b"public, max-age=31536000, immutable")


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
