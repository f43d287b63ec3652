"""A stand-in for the Hub that speaks its protocol: create, preupload, LFS batch, upload, commit, tree, download.

As the Hub does, it takes binaries by LFS alone, keeps them by their content whether they are committed or not, and
answers with the status codes and header fields that its client reads.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN, READER = "hf_writer", "hf_reader"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """`files`: path → content, as committed."""

    name: str
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b"*.npz filter=lfs\n"})
    commits: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


class Hub(ThreadingHTTPServer):
    """`breaks`: uploads that are cut off in their middle, from the n-th on; `busy`: so many uploads are told 503."""

    daemon_threads = True
    token, reader = TOKEN, READER

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}  # of LFS, by sha256
        self.puts: list[str] = []
        self.breaks: int | None = None
        self.busy = 0
        self.lock = threading.Lock()

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Silent."""

    def reply(self, status: int, body: Any = None, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        self.send_response(status)
        if status >= 400 and isinstance(body, dict):
            headers["X-Error-Message"] = body["error"]
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_POST(self) -> None:
        path, body = urlsplit(self.path).path, self.body()
        if not self.allowed():
            return
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path == "/api/validate-yaml":
            return self.reply(200, {"errors": [], "warnings": []})
        if path.endswith(".git/info/lfs/objects/batch"):
            return self.batch(json.loads(body))
        if path == "/verify":
            known = json.loads(body)["oid"] in self.server.objects
            return self.reply(200) if known else self.reply(404, {"error": "Object not found"})
        name, action = self.route(path)
        if name not in self.server.repositories:
            return self.reply(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        getattr(self, f"on_{action}")(self.server.repositories[name], body)

    def allowed(self) -> bool:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token == TOKEN:
            return True
        if token == READER:
            self.reply(403, {"error": "Forbidden: you need write access"})
        else:
            self.reply(401, {"error": "Invalid username or password."})
        return False

    @staticmethod
    def route(path: str) -> tuple[str, str]:
        """/api/spaces/me/app/preupload/main → spaces/me/app, preupload"""
        _, _, kind, owner, name, action, *_ = [*path.split("/"), ""]
        return f"{kind}/{owner}/{name}", action

    def create(self, asked: dict) -> None:
        kind = asked.get("type", "model")
        path = f"{asked['organization']}/{asked['name']}"
        with self.server.lock:
            known = f"{kind}s/{path}" in self.server.repositories
            if not known:
                self.server.repositories[f"{kind}s/{path}"] = Repository(f"{kind}s/{path}", settings=asked)
        url = self.address(self.server.repositories[f"{kind}s/{path}"])
        if known:
            return self.reply(409, {"error": f"You already created this {kind} repo", "url": url})
        self.reply(200, {"url": url})

    def address(self, repository: Repository) -> str:
        return f"{self.server.address}/{repository.name.removeprefix('models/')}"

    def on_preupload(self, repository: Repository, body: bytes) -> None:
        answers = []
        for file in json.loads(body)["files"]:
            text = is_text(base64.b64decode(file["sample"])) and file["size"] < 10_000_000
            there = repository.files.get(file["path"])
            oid = None if there is None else git_oid(there) if text else hashlib.sha256(there).hexdigest()
            mode = "regular" if text else "lfs"
            answers.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.reply(200, {"files": answers})

    def batch(self, asked: dict) -> None:
        objects = []
        for one in asked["objects"]:
            if one["oid"] not in self.server.objects:
                upload = {"href": f"{self.server.address}/lfs/{one['oid']}"}
                one |= {"actions": {"upload": upload, "verify": {"href": f"{self.server.address}/verify"}}}
            objects.append(one)
        self.reply(200, {"transfer": "basic", "objects": objects})

    def do_PUT(self) -> None:
        if self.path.endswith("/settings"):
            asked = json.loads(self.body())
            if self.allowed():
                self.server.repositories[self.route(self.path)[0]].settings |= asked
                self.reply(200)
            return
        oid, length = self.path.rsplit("/", 1)[1], int(self.headers["Content-Length"])
        with self.server.lock:
            self.server.puts.append(oid)
            broken = self.server.breaks is not None and len(self.server.puts) > self.server.breaks
            busy, self.server.busy = self.server.busy > 0, max(0, self.server.busy - 1)
        if broken:
            self.rfile.read(length // 2)
            self.close_connection = True
            return self.connection.close()
        data = self.rfile.read(length)
        if busy:
            return self.reply(503, {"error": "Slow down"})
        if hashlib.sha256(data).hexdigest() != oid:
            return self.reply(400, {"error": "Content does not match its hash"})
        self.server.objects[oid] = data
        self.reply(200)

    def on_commit(self, repository: Repository, body: bytes) -> None:
        files = dict(repository.files)
        for operation in map(json.loads, body.splitlines()):
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
                if not is_text(files[value["path"]]):
                    return self.reply(400, {"error": "Your push was rejected because it contains binary files"})
            elif operation["key"] == "lfsFile":
                if value["oid"] not in self.server.objects:
                    return self.reply(400, {"error": "LFS pointer pointed to a file that does not exist"})
                files[value["path"]] = self.server.objects[value["oid"]]
            elif operation["key"] == "deletedFile":
                del files[value["path"]]
        repository.files, repository.commits = files, repository.commits + 1
        self.reply(200, {"commitUrl": f"{self.address(repository)}/commit/{COMMIT}", "commitOid": COMMIT})

    def on_secrets(self, repository: Repository, body: bytes) -> None:
        asked = json.loads(body)
        repository.secrets[asked["key"]] = asked["value"]
        self.reply(200)

    def on_hardware(self, repository: Repository, body: bytes) -> None:
        repository.settings["hardware"] = json.loads(body)["flavor"]
        hardware = {"current": None, "requested": repository.settings["hardware"]}
        self.reply(200, {"stage": "BUILDING", "hardware": hardware, "storage": None, "gcTimeout": None})

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if "/resolve/" in path:
            return self.download(*path.strip("/").split("/resolve/"))
        name, action = self.route(path)
        repository = self.server.repositories.get(name)
        if repository is None:
            return self.reply(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        if action == "tree":
            rows = [
                {"type": "file", "path": path, "size": len(data), "oid": git_oid(data)}
                for path, data in repository.files.items()
            ]
            return self.reply(200, rows)
        self.reply(200, {"id": name.split("/", 1)[1], "sha": COMMIT, "siblings": [], "private": False, "tags": []})

    do_HEAD = do_GET

    def download(self, name: str, rest: str) -> None:
        repository = self.server.repositories.get(f"models/{name}")
        data = repository.files.get(rest.split("/", 1)[1]) if repository else None
        if data is None:
            return self.reply(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        self.reply(200, data, ETag=etag, X_Repo_Commit=COMMIT)


def is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError as error:
        return error.start > len(data) - 4  # a sample may end within a character


def git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """The stand-in, to which huggingface_hub talks in this test, with a token that may write."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in speaks LFS
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_http.time, "sleep", lambda _: None)  # between two tries
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    yield server
    server.shutdown()
    server.server_close()
