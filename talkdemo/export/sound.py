"""Writes speech as wav, to lie beside the animation of a GLB."""

from __future__ import annotations

from pathlib import Path

import soundfile

from talkdemo.files import replacing
from talkdemo.records import SAMPLE_RATE, Speech


def write(path: Path | str, speech: Speech) -> None:
    """Write 16-bit mono at SAMPLE_RATE, as the pipeline heard it."""
    with replacing(path) as temporary:
        soundfile.write(temporary, speech.samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
