"""Where the public data for training and testing lies on this machine, if it does."""

from __future__ import annotations

import os
from pathlib import Path

from talkdemo.files import PACKAGE

VARIABLE = "TALKDEMO_SHARED"


def root() -> Path | None:
    """The folder with grid_s1/, live_link_face/ …: $TALKDEMO_SHARED, else ../shared/data; None where there is none."""
    if VARIABLE in os.environ:
        given = Path(os.environ[VARIABLE])
        if not given.is_dir():
            raise ValueError(f"{VARIABLE} is {str(given)!r}, which is not a folder; the data folder is wanted")
        return given
    found = PACKAGE.resolve().parents[1] / "shared" / "data"
    return found if found.is_dir() else None


def need(name: str) -> Path:
    """A folder under root(); FileNotFoundError that says where it was looked for."""
    base = root()
    if base is None:
        raise FileNotFoundError(f"no shared data: set {VARIABLE} or put the data into ../shared/data")
    if not (base / name).exists():
        raise FileNotFoundError(f"{name} is not in {base}")
    return base / name
