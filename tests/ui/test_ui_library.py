"""The identity library: styles in words, blends, tiles and previews as shipped, the command that makes them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from talkdemo.build import identities as maker
from talkdemo.face.arkit import INDEX, indices
from talkdemo.metrics import style_summary
from talkdemo.metrics.style_summary import StyleSummary
from talkdemo.records import Motion
from talkdemo.ui.parts import blend, library

SHIPPED = (library.FOLDER / "styles.json").is_file()
needs_library = pytest.mark.skipif(not SHIPPED, reason="no library (talkdemo.build.identities)")


def motion(frames: int = 1500) -> Motion:
    """A minute: the jaw half the time at 0.5, 12 blinks, the head turning by 10 degrees a second."""
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[: frames // 2, INDEX["jawOpen"]] = 0.5
    for start in range(50, frames, 125):
        coefficients[start : start + 5, indices("eyeBlink")] = np.array([[0.4], [0.9], [1], [0.6], [0.2]])
    coefficients[::2, indices(*style_summary.LIPS)] = 0.2
    coefficients[:, indices("mouthSmile")] = 0.1
    head = np.zeros((frames, 3), np.float32)
    head[:, 1] = np.radians(10) * np.arange(frames) / 25
    return Motion(coefficients, head)


def test_a_style_is_measured() -> None:
    found = style_summary.measure([motion(), motion()])
    assert found.jaw == pytest.approx(0.5) and found.head == pytest.approx(10, rel=1e-3) and found.blinks == 12
    assert found.lips == pytest.approx(0.1) and found.brows == 0 and found.smile == pytest.approx(0.1)
    with pytest.raises(ValueError, match="at least one"):
        style_summary.measure([])


def test_trembling_is_not_motion() -> None:
    still = motion()
    still.head[:, 1] = np.radians(0.5) * (np.arange(len(still)) % 2)
    assert style_summary.measure([still]).head < 3  # 12.5 degrees a second frame by frame


def five() -> dict[str, StyleSummary]:
    """Ann to Eve: the jaw ever wider, the head ever stiller, all else alike but Eve's smile."""
    numbers = enumerate(("Ann", "Bea", "Cleo", "Dan", "Eve"))
    return {name: StyleSummary(0.1 * k, 0.1, 5.0 - k, 15.0, 0.1, 0.5 * (name == "Eve")) for k, name in numbers}


def test_ranks_are_shares_of_the_others() -> None:
    ranks = style_summary.ranks(five())
    assert [ranks[name]["jaw"] for name in ranks] == [0, 0.25, 0.5, 0.75, 1]
    assert {ranks[name]["lips"] for name in ranks} == {0.5} and ranks["Eve"]["smile"] == 1
    assert ranks["Ann"]["smile"] == 0.375  # four share the places 0, ¼, ½ and ¾
    assert style_summary.ranks({"only": five()["Ann"]})["only"] == dict.fromkeys(style_summary.WORDS, 0.5)


def test_quarters_decide_the_words() -> None:
    lines = {name: entry.line for name, entry in style_summary.library(five()).items()}
    assert lines == {
        "Ann": "small jaw, lively head",
        "Bea": "small jaw, lively head",
        "Cleo": style_summary.EVEN,
        "Dan": "wide jaw, still head",
        "Eve": "wide jaw, still head, smiling",
    }
    assert style_summary.describe(dict.fromkeys(style_summary.WORDS, 1.0)).count(",") == style_summary.MAX_WORDS - 1


def test_library_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "styles.json"
    made = style_summary.library(five(), ["Dan"])
    path.write_text(style_summary.dumps(made))
    assert style_summary.read(path) == made and made["Dan"].real and not made["Ann"].real
    for text in ("no json", "[]", '{"Ann": {"style": {"jaw": 1}}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="not a library"):
            style_summary.read(path)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("auto", "none", 0.5), "auto"),
        (("auto", "Ada", 0.5), "auto"),
        (("Ada", "none", 0.5), {"Ada": 1.0}),
        (("Ada", "Ada", 0.5), {"Ada": 1.0}),
        (("Ada", "Mei", 0.0), {"Ada": 1.0}),
        (("Ada", "Mei", 1.0), {"Mei": 1.0}),
        (("Ada", "Mei", 0.35), {"Ada": 0.65, "Mei": 0.35}),
    ],
)
def test_a_slider_mixes_two(given: tuple, wanted: object) -> None:
    assert library.read_identity(*given) == wanted


def test_the_card_shows_one_or_both(monkeypatch) -> None:
    monkeypatch.setattr(library, "entries", lambda: style_summary.library(five(), ["Eve"]))
    one, two = (blend.card(shares, library.portrait) for shares in ({"Eve": 1.0}, {"Ann": 0.7, "Eve": 0.3}))
    assert "real speaker: wide jaw" in one and "%</em>" not in one
    assert one.count("td-meter") == len(library.METERS) and "more than 100 % of the others" in one
    assert two.count("<section>") == 2 and "<em>70 %</em>" in two and "<em>30 %</em>" in two
    words = {"Ann 75 %, Eve 25 %": {"Ann": 3, "Eve": 1}, "FACEGOOD": "facegood", "GRID s1": {"grid_s1": 1}}
    assert all(blend.in_words(style, library.title) == text for text, style in words.items())


def test_blending_needs_two_names() -> None:
    picker = library.Library(["Ann", "Eve"])
    for given, row, slider in (
        (("auto", "Eve", 0.5), False, False),
        (("Ann", "none", 0.5), True, False),
        (("Ann", "Ann", 0.5), True, False),
        (("Ann", "Eve", 0.5), True, True),
    ):
        card, shown, share = picker.chosen(*given)
        assert card.visible == shown.visible == row and share.interactive == slider
        assert card.value.count("<section>") == row + slider


@needs_library
def test_every_identity_is_shipped_with_style_and_preview() -> None:
    """`python -m talkdemo.build.identities` makes them, for the identities of the shipped model."""
    from talkdemo.pipeline import SpeechToFace

    names = SpeechToFace.load().identities
    assert list(library.entries()) == list(library.motions()) == list(names)
    assert all(len(motion) == maker.FRAMES for motion in library.motions().values())
    mouths = np.stack([motion.coefficients[:, INDEX["jawOpen"]] for motion in library.motions().values()])
    assert mouths.std(axis=1).min() > 0.01 and np.abs(np.diff(mouths, axis=0)).mean() > 0.01
    assert library.css().count("mask-image") == len(names)
    assert sum(path.stat().st_size for path in library.FOLDER.iterdir()) <= 400_000


def test_previews_are_written_and_read(tmp_path: Path, monkeypatch) -> None:
    spoken = {"Ann": motion(), "Eve": motion(maker.START + maker.FRAMES)}
    maker.write_previews(tmp_path / style_summary.PREVIEWS, spoken)
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    library.motions.cache_clear()
    try:
        read = library.motions()
    finally:
        library.motions.cache_clear()
    assert list(read) == ["Ann", "Eve"]
    for name, whole in spoken.items():
        kept = whole[maker.START : maker.START + maker.FRAMES]
        np.testing.assert_allclose(read[name].tracks, kept.tracks, atol=1e-3)


def test_the_picture_of_a_style_is_as_high_as_its_ranks(monkeypatch) -> None:
    monkeypatch.setattr(library, "entries", lambda: style_summary.library(five()))
    rules = dict(zip(five(), map(unquote, library.css().splitlines()), strict=True))
    heights = {name: [float(h) for h in re.findall(r'width="6" height="(\d+)"', rule)] for name, rule in rules.items()}
    assert heights["Ann"] == [5, 18, 32, 18] and heights["Eve"] == [32, 18, 5, 18]  # jaw, lips, head, blinks


@needs_library
def test_the_words_tell_identities_apart() -> None:
    """The shipped lines follow from the shipped numbers, and most identities have a line of their own."""
    shipped = library.entries()
    assert {name: entry.line for name, entry in shipped.items()} == {
        name: style_summary.describe(ranks)
        for name, ranks in style_summary.ranks({n: e.style for n, e in shipped.items()}).items()
    }
    assert len({entry.line for entry in shipped.values()}) > 0.6 * len(shipped)
