"""The page's own parts: compressed once, kept, and as they are otherwise; against gradio's own server too."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import brotli
import gradio as gr
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from talkdemo.ui.parts.kept import LASTING, Kept

SCRIPT = b"export const one = 1;\n" * 100


class Disk:
    """An app that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        self.asked.append(scope["path"])
        there = scope["path"].endswith(".js")
        headers = [(b"content-type", b"text/javascript"), (b"content-length", str(len(SCRIPT)).encode())]
        await send({"type": "http.response.start", "status": 200 if there else 404, "headers": headers})
        await send({"type": "http.response.body", "body": SCRIPT[:50], "more_body": True})
        await send({"type": "http.response.body", "body": SCRIPT[50:]})


def ask(app: Kept, path: str, accepted: str = "gzip, br", method: str = "GET", **headers: str) -> tuple[dict, bytes]:
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in {"accept-encoding": accepted, **headers}.items()]
    asyncio.run(app({"type": "http", "method": method, "path": path, "headers": given}, None, send))
    return dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent)


def test_a_script_is_read_once_for_every_encoding() -> None:
    disk = Disk()
    app = Kept(disk, "assets")
    for accepted, decode in (("gzip, deflate, br", brotli.decompress), ("gzip", gzip.decompress), ("", bytes)):
        for _ in range(3):
            headers, body = ask(app, "/assets/Index-1.js", accepted)
            assert decode(body) == SCRIPT and headers[b"content-length"] == str(len(body)).encode()
            assert headers[b"cache-control"] == LASTING.encode() and headers[b"content-type"] == b"text/javascript"
            assert headers.get(b"content-encoding", b"").decode() in accepted
    assert disk.asked == ["/assets/Index-1.js"] * 3
    ask(app, "/assets/Index-1.js", **{"if-none-match": "x"})
    assert len(disk.asked) == 3


def test_nothing_else_is_kept() -> None:
    """Neither what is not there, nor other ways to the same file, of which there is no end."""
    disk = Disk()
    app = Kept(disk, "assets")
    for path in ("/assets/none", "/assets/./a.js", "/assets/b/../a.js", "/assets//a.js", "/file=/assets/a.js", "/a.js"):
        for _ in range(2):
            ask(app, path)
    ask(app, "/assets/a.js", method="HEAD")
    ask(app, "/assets/a.js", range="bytes=0-1")
    assert len(disk.asked) == 14 and not app.answers


def test_gradios_own_scripts_come_the_same() -> None:
    with gr.Blocks() as blocks:
        gr.Markdown("one")
    middleware = {"middleware": [Middleware(Kept, folder="assets")]}
    plain, kept = (TestClient(gr.routes.App.create_app(blocks, app_kwargs=more)) for more in ({}, middleware))
    scripts = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
    name = max(scripts.glob("*.js"), key=lambda path: path.stat().st_size)
    for _ in range(2):
        one, other = (client.get(f"/assets/{name.name}") for client in (plain, kept))
        assert one.status_code == other.status_code == 200 and one.content == other.content
        assert one.headers["content-type"] == other.headers["content-type"]
        assert other.headers["cache-control"] == LASTING
