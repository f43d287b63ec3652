"""Previews of styles: the motion that is shipped for a name, on the chosen character, nothing for what is unknown."""

from __future__ import annotations

import numpy as np
import pytest

from talkdemo.records import Motion
from talkdemo.ui.talk import preview


@pytest.fixture(autouse=True)
def identities(no_heads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview.library, "motions", lambda: {"Mei": Motion.of(np.zeros((100, 55), np.float32))})


@pytest.mark.parametrize(
    ("kind", "name", "frames"), [("identity", "Mei", 100), ("reference", "calm", 75), ("reference", "Ada", 75)]
)
def test_a_style_moves_the_chosen_character(small_gallery, kind: str, name: str, frames: int) -> None:
    value = preview.Previews().show({"kind": kind, "name": name}, "leo")
    (head,) = value["heads"]
    assert head["character"]["name"] == "leo" and value["frames"] == frames
    assert value["muted"] and value["loop"] and value["play"] and value["done"]


@pytest.mark.parametrize(
    "asked", [None, {}, {"name": "Mei"}, {"kind": "identity", "name": "nobody"}, "Mei", {"name": 3}]
)
def test_what_is_not_shipped_shows_nothing(small_gallery, asked: object) -> None:
    assert "heads" not in (preview.Previews().show(asked, "leo") or {})
