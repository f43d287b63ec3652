"""The folder of public data for training and testing, where this machine has it."""

import os
from pathlib import Path

import numpy as np
import soundfile

from talkdemo.files import PACKAGE
from talkdemo.records import SAMPLE_RATE

VARIABLE = "TALKDEMO_SHARED"


def root() -> Path | None:
    """The folder with grid_s1/, live_link_face/ …: $TALKDEMO_SHARED, else ../shared/data; None where there is none."""
    if VARIABLE in os.environ:
        folder = Path(os.environ[VARIABLE])
        if not folder.is_dir():
            raise ValueError(f"{VARIABLE} is {str(folder)!r}, which is not a folder; the data folder is wanted")
        return folder
    folder = PACKAGE.resolve().parents[1] / "shared" / "data"
    return folder if folder.is_dir() else None


def need(name: str) -> Path:
    """A folder under root(). Raises FileNotFoundError where it is absent."""
    base = root()
    if base is None:
        raise FileNotFoundError(f"no shared data: set {VARIABLE} or put the data into ../shared/data")
    if not (base / name).exists():
        raise FileNotFoundError(f"{name} is not in {base}")
    return base / name


def read_sound(path: Path) -> np.ndarray:
    """(N,) float32. Raises ValueError for sound that is not mono at SAMPLE_RATE."""
    samples, rate = soundfile.read(path, dtype="float32")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        channels = "mono" if samples.ndim == 1 else f"{samples.shape[1]} channels"
        raise ValueError(f"{path.name} has {rate} Hz, {channels}; {SAMPLE_RATE} Hz mono is wanted")
    return samples
