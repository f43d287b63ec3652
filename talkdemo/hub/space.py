"""The app as a Space: what is uploaded, and how the Space is set up."""

import sysconfig
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

from talkdemo.files import PACKAGE
from talkdemo.hub.client import commit, hub

HARDWARE = CPU, ZERO = ("cpu-basic", "zero-a10g")
BESIDE = ("app.py", "README.md", "LICENSE", "packages.txt", "requirements.txt")  # README: the Space's settings
# What only making the models needs; the command line asks evaluate/names.py for its options.
LEFT_OUT = ("train/*", "build/*", "bench/*", "data/*", "evaluate/*", "serve/cluster.py", "*.pyc", "assets/*.md")
NEEDED = ("evaluate/__init__.py", "evaluate/names.py")
CPU_TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu\n"  # 0.2 GB in place of the 3 GB for CUDA


def root() -> Path:
    """Where the files beside the package lie: a checkout, or an installed package's share."""
    checkout = PACKAGE.parent
    return checkout if (checkout / "app.py").is_file() else Path(sysconfig.get_path("data")) / "share" / "talkdemo"


def files(hardware: str | None = None) -> dict[str, Path | bytes]:
    """Path in the Space → file or content: what the app needs and nothing else."""
    found: dict[str, Path | bytes] = {name: root() / name for name in BESIDE}
    if hardware != ZERO:
        found["requirements.txt"] = (CPU_TORCH + (root() / "requirements.txt").read_text("utf-8")).encode()
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        if path.is_file() and (name in NEEDED or not any(fnmatch(name, pattern) for pattern in LEFT_OUT)):
            found[f"talkdemo/{name}"] = path
    return found


def size(content: Path | bytes) -> int:
    """Bytes."""
    return content.stat().st_size if isinstance(content, Path) else len(content)


def publish(repository: str, hardware: str | None, private: bool, secrets: Mapping[str, str]) -> str:
    """Create or update the Space; returns its address. Raises ValueError in one sentence for what the Hub refuses.

    `hardware` None leaves an existing Space on what it has (a new one gets the free CPU).
    """
    content = files(hardware)
    with hub(repository) as api:
        address = api.create_repo(repository, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        for name, value in secrets.items():
            api.add_space_secret(repository, name, value)
        commit(api, repository, "space", content, only=True)
        if hardware:
            api.request_space_hardware(repository, hardware)  # type: ignore[arg-type]
        if private:
            api.update_repo_settings(repository, private=True, repo_type="space")
    return str(address)
