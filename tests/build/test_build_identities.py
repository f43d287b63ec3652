"""The identity library: made for the identities of the model, what belongs to others is deleted."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from talkdemo.build import identities
from talkdemo.metrics import style_summary
from talkdemo.pipeline import SpeechToFace


@pytest.mark.slow
def test_the_library_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two identities, one short clip, the shipped model; the preview of a former identity goes."""
    whole = SpeechToFace.load()
    few = SimpleNamespace(identities=whole.identities[:2], animate=whole.animate, face=whole.face, video=whole.video)
    monkeypatch.setattr(SpeechToFace, "load", lambda: few)
    library, previews = tmp_path / "identities", tmp_path / "previews"
    monkeypatch.setattr(identities, "IDENTITY_LIBRARY", library)
    monkeypatch.setattr(identities, "PREVIEWS", previews)
    monkeypatch.setattr(identities, "VIDEO_SIDE", 64)
    monkeypatch.setattr(identities, "SENTENCE", "child.flac")
    clips = tmp_path / "clips"
    for folder in (clips, library):
        folder.mkdir()
    (clips / "child.flac").write_bytes((identities.CLIPS / "child.flac").read_bytes())
    monkeypatch.setattr(identities, "CLIPS", clips)
    (library / "gone.webp").write_bytes(b"")
    identities.main()
    entries = style_summary.read(library / style_summary.FILE)
    assert list(entries) == list(few.identities) and not any(entry.real for entry in entries.values())
    names = sorted(path.name for path in library.iterdir())
    assert names == sorted([style_summary.FILE, *(f"{name}.webp" for name in few.identities)])
    assert len(list(previews.glob("*.mp4"))) == 1


def test_a_checkout_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "CLIPS", tmp_path / "none")
    with pytest.raises(ValueError, match="the example clips are not there"):
        identities.main()
