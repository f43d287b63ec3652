"""The plot and the panels: well-formed, true to the motion, safe with any text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from talkdemo.face.arkit import INDEX
from talkdemo.records import SAMPLE_RATE, STAGES, Motion, Speech
from talkdemo.ui.parts import chart, labels, panel, portraits
from talkdemo.ui.parts.job import WAITING, Report
from talkdemo.ui.talk.chart import motion_chart, mouth_opening
from talkdemo.ui.talk.job import stages


def scene(frames: int = 100) -> tuple[Motion, Speech]:
    """Half of the time a hum with an open mouth, then silence with a blink."""
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[: frames // 2, INDEX["jawOpen"]] = 0.4
    coefficients[-10:, [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]] = 1
    samples = np.zeros(frames * 640, np.float32)
    half = len(samples) // 2
    samples[:half] = 0.3 * np.sin(2 * np.pi * 200 * np.arange(half) / SAMPLE_RATE)
    return Motion(coefficients, np.zeros((frames, 3), np.float32)), Speech(samples)


def test_chart_is_well_formed_and_shades_the_pause() -> None:
    for frames in (1, 5, 100, 5000):
        svg = ElementTree.fromstring(motion_chart(*scene(frames)))
        assert svg.get("data-seconds") == f"{frames / 25:.3f}"
        assert len(ElementTree.tostring(svg)) < 60_000
    svg = ElementTree.fromstring(motion_chart(*scene()))
    (pause,) = [node for node in svg if node.get("class") == "pause"]
    assert (
        abs(float(pause.get("x")) - (chart.LEFT + chart.PLOT / 2)) < 2
        and abs(float(pause.get("width")) - chart.PLOT / 2) < 2
    )


def test_silence_and_long_blinks() -> None:
    motion, _ = scene(2000)
    svg = motion_chart(motion, Speech(np.zeros(2000 * 640, np.float32)))
    assert "pause" not in svg and "nan" not in svg
    areas = [node for node in ElementTree.fromstring(svg) if node.get("class") == "area blink"]
    heights = [float(point.split(",")[1]) for point in areas[0].get("points").split()]
    assert max(heights) - min(heights) >= 29  # ten frames of blink in 2000 are still drawn at full height


def test_mouth_opening_takes_back_what_closes() -> None:
    coefficients = np.zeros((2, 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = 0.6
    coefficients[1, INDEX["mouthClose"]] = 0.6
    np.testing.assert_allclose(mouth_opening(coefficients), [0.6, 0])


def test_loudness_is_the_root_mean_square() -> None:
    _, speech = scene()
    level = chart.loudness(speech, 100)
    np.testing.assert_allclose(level[:49], 0.3 / np.sqrt(2), rtol=0.02)
    assert level[51:].max() == 0


def test_progress_shows_real_percentages() -> None:
    html = panel.progress(Report("sample", 0.43), stages("diffusiontalker"))
    assert html.count("100 %") == 2 and "43 %" in html and "0 %</b>" in html
    assert "Waiting" in panel.progress(Report(WAITING, 0), stages("diffposetalk")) and "Waiting" not in html
    assert "Waiting: 3 before you, about 7 s" in panel.progress(Report(WAITING, 0, 7.2, 3), stages("diffusiontalker"))
    assert "About 3 min left" in panel.progress(Report("sample", 0.1, 170), stages("diffusiontalker"))
    assert "<b></span>" not in panel.progress(Report("full-2", 0.43), {"full-2": "<b>"})


def test_stages_are_those_of_the_pipeline() -> None:
    assert tuple(panel.STAGES) == STAGES


def test_every_character_has_a_portrait() -> None:
    """`python -m talkdemo.build.characters` draws them; they are shipped."""
    from talkdemo.face.characters import CHARACTERS

    assert {path.stem for path in portraits.IMAGES.glob("*.webp")} == set(CHARACTERS)
    assert "data:image/webp" in portraits.still(next(iter(CHARACTERS)))
    assert portraits.tile_css(CHARACTERS).count("background-image") == len(CHARACTERS)
    assert portraits.still("nobody") == ""


def test_messages_are_never_markup() -> None:
    assert "<img" not in panel.failed("<img src=x onerror=alert(1)>.wav: no sound")


def test_ticks_are_round_and_lines_keep_peaks() -> None:
    assert chart.ticks(0, 10) == [0, 2.5, 5, 7.5, 10]
    assert chart.ticks(1.38, 1.62) == pytest.approx([1.4, 1.5, 1.6])
    track = np.zeros(5000)
    track[1234] = -0.9
    assert len(chart.thinned(track)) == chart.POINTS and chart.thinned(track).min() == -0.9


def test_labels_keep_clear_of_points_and_of_one_another() -> None:
    rng = np.random.default_rng(1)
    spots = [tuple(spot) for spot in rng.uniform([40, 40], [600, 400], (40, 2))]
    titles = [f"Title number {k}" for k in range(40)]
    placed = labels.place(spots, titles, (640, 440), later=[k >= 12 for k in range(40)])
    boxes = [
        labels.box(x + one.x, y + one.y, 7.4 * len(text), one.anchor)
        for (x, y), one, text in zip(spots, placed, titles, strict=True)
        if one.shown
    ]
    assert 12 < len(boxes) < 40 and all(labels.outside(one, (640, 440)) <= 1.2 for one in boxes)
    shared = [labels.shared(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert max(shared) < labels.CROWDED
    crowd = labels.place([(50.0, 50.0)] * 20, ["title"] * 20, (100, 100), later=[True] * 19 + [False])
    assert crowd[-1].shown and not all(one.shown for one in crowd)
