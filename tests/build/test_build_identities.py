"""The identity library: made for the identities of the model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.build import identities
from talkdemo.metrics import style_summary
from talkdemo.pipeline import SpeechToFace


@pytest.mark.slow
def test_the_library_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two identities, one short clip, the shipped model."""
    whole = SpeechToFace.load()
    few = SimpleNamespace(identities=whole.identities[:2], animate=whole.animate, face=whole.face)
    monkeypatch.setattr(SpeechToFace, "load", lambda: few)
    library = tmp_path / "identities"
    monkeypatch.setattr(identities, "IDENTITY_LIBRARY", library)
    monkeypatch.setattr(identities, "SENTENCE", "child.flac")
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "child.flac").write_bytes((identities.CLIPS / "child.flac").read_bytes())
    monkeypatch.setattr(identities, "CLIPS", clips)
    identities.main()
    entries = style_summary.read(library / style_summary.FILE)
    assert list(entries) == list(few.identities) and not any(entry.real for entry in entries.values())
    assert {path.name for path in library.iterdir()} == {style_summary.FILE, style_summary.PREVIEWS}
    with np.load(library / style_summary.PREVIEWS) as previews:
        assert previews["names"].tolist() == list(few.identities)
        assert previews["tracks"].shape[1:] == (identities.FRAMES, 55)


def test_a_checkout_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "CLIPS", tmp_path / "none")
    with pytest.raises(ValueError, match="the example clips are not there"):
        identities.main()
