"""Decodes any audio or video file to mono speech at 16 kHz (PyAV: wav, flac, mp3, m4a, aac, ogg, webm, mp4 …).

The recording keeps its own time: sound that begins after the picture, or that pauses without being sent, is silent
there. Every fault of the file is a ValueError of one sentence that names the file by its last part only: a visitor's
paths are private. Silence is valid. The file is read in a process of its own, within limits (guard/).
"""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.audio import channels
from talkdemo.audio.read import KINDS
from talkdemo.files import check_readable
from talkdemo.guard import process as guard
from talkdemo.records import Speech


def decode(path: str | Path, name: str | None = None, stop: threading.Event | None = None) -> Speech:
    """The default audio stream of a file, its channels mixed to one (audio/channels.py), at SAMPLE_RATE.

    `name`: what to call it in messages and in Speech.name; the file's base name when None. Speech.notes tell which
    stream and channels were taken, where there is a choice, and the seconds of pauses that were not sent. Raises
    Stopped once `stop` is set.
    """
    path = Path(path)
    name = Path(name).name if name else path.name
    check_readable(path, name, KINDS)
    takes: dict[int, list[np.ndarray]] = {}
    names: dict[int, list[str]] = {}
    notes: dict[str, Any] = {}
    for part in guard.read("talkdemo.audio.read:parts", path, name, stop=stop):
        if "samples" in part:
            takes.setdefault(part["take"], []).append(part["samples"])
            names[part["take"]] = part["channels"]
        else:
            notes = part
    mixes = [channels.weights(pieces) for pieces in takes.values()]
    mixed = [channels.mixed(pieces, mix) for pieces, mix in zip(takes.values(), mixes, strict=True)]
    samples = np.concatenate(mixed)
    notes = {"stream": notes["stream"], "channels": channels.described(mixes[0], names[0]), "pauses": notes["pauses"]}
    return Speech(np.clip(samples, -1, 1), name, {key: value for key, value in notes.items() if value})
