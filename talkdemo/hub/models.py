"""Checkpoints as model repositories: one each, with its card."""

import shutil
from pathlib import Path

from talkdemo import checkpoint
from talkdemo.files import replacing
from talkdemo.hub.card import card
from talkdemo.hub.client import commit, hub


def push(name: str, repository: str, private: bool = False) -> str:
    """Upload a checkpoint (its name or path) and its card; returns the commit's address. ValueError in one sentence for
    what the Hub refuses."""
    path = checkpoint.find(name)
    files: dict[str, Path | bytes] = {path.name: path, "README.md": card(path, repository).encode()}
    with hub(repository) as api:
        api.create_repo(repository, private=private, exist_ok=True)
        return commit(api, repository, "model", files)


def pull(repository: str, folder: Path, revision: str | None = None) -> list[Path]:
    """Download the checkpoints of a repository into `folder`; a broken download goes on where it broke. ValueError in
    one sentence for what the Hub refuses, or a file that is no checkpoint of ours (which does not stay)."""
    with hub(repository) as api:
        names = [file for file in api.list_repo_files(repository, revision=revision) if file.endswith(".safetensors")]
        if not names:
            raise ValueError(f"{repository}: there is no .safetensors file in it; a repository of `push` is wanted")
        paths = [Path(api.hf_hub_download(repository, name, revision=revision)) for name in names]
    for path in paths:
        checkpoint.describe(path)
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        with replacing(folder / path.name) as part:
            shutil.copyfile(path, part)
    return [folder / path.name for path in paths]
