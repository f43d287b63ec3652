"""The page's own parts as a browser gets them: compressed once, and kept in memory.

A visit asks for a hundred scripts of gradio's, which reads each of them off the disk and compresses it anew: half of
the server's work for somebody who only looks. Their names change with what is in them, so that browsers may keep them.
"""

import gzip
import re
from dataclasses import dataclass

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LASTING = "public, max-age=31536000, immutable"
QUALITY = 9  # of what is compressed once; what is compressed at every visit takes gradio's
QUICK = 4
LEAST = 400  # bytes from which it is worth it


@dataclass(frozen=True)
class Whole:
    """An answer with its whole body."""

    start: Message
    body: bytes

    @property
    def ok(self) -> bool:
        return bool(self.start["status"] == 200)

    def compressed(self, accepted: str, quality: int = QUICK) -> "Whole":
        """As somebody wants it who accepts those encodings; as it is where it is compressed already, or small."""
        start = {**self.start, "headers": list(self.start["headers"])}
        headers, body = MutableHeaders(raw=start["headers"]), self.body
        if len(body) >= LEAST and "content-encoding" not in headers:
            headers.add_vary_header("Accept-Encoding")
            if "br" in accepted:
                headers["content-encoding"], body = "br", brotli.compress(body, quality=quality)
            elif "gzip" in accepted:
                headers["content-encoding"], body = "gzip", gzip.compress(body, 6)
        headers["content-length"] = str(len(body))
        return Whole(start, body)

    async def send(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})


async def whole(app: ASGIApp, scope: Scope, receive: Receive) -> Whole:
    """What an app answers, once all of it is there."""
    begun: list[Message] = []
    body = bytearray()

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(message)
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await app(scope, receive, take)
    return Whole(begun[0], bytes(body))


class Kept:
    """ASGI middleware: what lies in one of the page's folders, none below it, is read once."""

    def __init__(self, app: ASGIApp, folder: str) -> None:
        self.app, self.name = app, re.compile(rf"/{folder}/[\w-][\w.-]*")  # one name a file: what is kept is bounded
        self.answers: dict[tuple[str, str], Whole] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._kept(scope):
            return await self.app(scope, receive, send)
        accepted = Headers(scope=scope).get("accept-encoding", "")
        encoding = next((name for name in ("br", "gzip") if name in accepted), "")
        answer = self.answers.get((scope["path"], encoding))
        if answer is None:
            # without what would be answered by "not modified", or to one visitor alone
            plain = [pair for pair in scope["headers"] if pair[0] == b"host"]
            answer = await whole(self.app, {**scope, "headers": plain}, receive)
            if answer.ok:
                MutableHeaders(raw=answer.start["headers"])["cache-control"] = LASTING
                answer = self.answers[scope["path"], encoding] = answer.compressed(encoding, QUALITY)
        await answer.send(send)

    def _kept(self, scope: Scope) -> bool:
        return (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and "range" not in Headers(scope=scope)
            and self.name.fullmatch(scope["path"].removeprefix(scope.get("root_path", ""))) is not None
        )
