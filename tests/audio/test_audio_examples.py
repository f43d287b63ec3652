"""The shipped clips are small, listed, and real speech."""

from __future__ import annotations

from pathlib import Path

import pytest

from talkdemo.audio.decode import decode
from talkdemo.audio.prosody import energy, pitch

FOLDER = Path(__file__).parents[2] / "examples" / "speech"
CLIPS = sorted(FOLDER.glob("*.flac"))


def test_there_are_at_least_six() -> None:
    assert len(CLIPS) >= 6


@pytest.mark.parametrize("path", CLIPS, ids=lambda p: p.stem)
def test_clip(path: Path) -> None:
    speech = decode(path)
    assert 3 <= speech.seconds <= 10 and path.stat().st_size < 400_000
    assert f"`{path.name}`" in (FOLDER / "README.md").read_text("utf-8")
    assert 0.2 < (pitch(speech) > 0).mean() < 0.95
    assert energy(speech).max() > 0.9 and energy(speech)[:3].max() < 0.3
