"""The benchmarks run and give their figures; speed is asserted only as a ratio, and loosely."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from talkdemo.bench import long as bench_long
from talkdemo.bench import stages as bench
from talkdemo.records import Face, Material, Part
from talkdemo.render import raster


def ball() -> tuple[Face, list[np.ndarray]]:
    """A ball of 2,562 vertices, and ten frames of its breathing."""
    solid = trimesh.creation.icosphere(subdivisions=4, radius=0.1)
    vertices, faces = solid.vertices.astype(np.float32), solid.faces.astype(np.int32)
    texture = np.full((16, 16, 3), (224, 172, 145), np.uint8)
    weld = np.arange(len(vertices), dtype=np.int32)
    face = Face(vertices, vertices[:, :2] * 5 + 0.5, weld, (Part("skin", faces, Material(texture)),))
    return face, [vertices * np.float32(1 + 0.02 * np.cos(i)) for i in range(10)]


@pytest.fixture
def small(monkeypatch) -> None:
    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(bench, "_talking", ball)
    monkeypatch.setattr(bench, "SIZE", 128)
    monkeypatch.setattr(bench, "ROUNDS", 3)


def test_render_and_video_give_their_figures(small) -> None:
    render, video = bench.run(["render", "video"])
    assert render["what"] == "render" and render["vertices"] == 2562 and render["size"] == 128
    assert render["fps"] > 0 and render["ratio"] == pytest.approx(render["fps"] / render["plain_fps"], rel=0.02)
    assert video["fps"] > 0 and video["kbit_per_s"] > 0


def test_the_plain_loop_draws_the_same_outline(small) -> None:
    face, motion = ball()
    renderer = raster.Renderer(face, 128)
    plain = bench.PlainLoop(renderer).image(motion[0]).astype(int)
    fast = renderer.image(motion[0]).astype(int)
    assert fast.shape == plain.shape == (128, 128, 3)
    masks = [image[..., 0] - image[..., 2] > 25 for image in (fast, plain)]  # skin is red, both backgrounds are grey
    assert (masks[0] & masks[1]).sum() > 0.9 * (masks[0] | masks[1]).sum() > 0


def test_a_jolt_at_the_borders_is_seen_as_a_seam() -> None:
    rng = np.random.default_rng(0)
    borders = range(88, 4000, 88)
    smooth = np.cumsum(rng.normal(0, 0.01, (4000, 55)), axis=0)
    ratio, low, high = bench_long.seam(smooth, borders)
    assert 0.9 < low < 1 < high < 1.1 and low < ratio < high
    jolted = smooth + 0.1 * np.repeat(rng.normal(0, 1, (46, 55)), 88, axis=0)[:4000]
    assert bench_long.seam(jolted, borders)[1] > 2
    with pytest.raises(ValueError, match="1 borders of windows were found"):
        bench_long.seam(smooth[:200], [88, 176])


def test_the_long_speech_is_as_long_as_asked() -> None:
    speech = bench_long.spoken(0.5)
    assert speech.seconds == 30 and np.abs(speech.samples).max() > 0.1


@pytest.mark.slow
def test_a_minute_is_streamed_and_equals_the_whole() -> None:
    figures = bench_long.measure_apart(1.0)
    assert figures["stream_minus_animate"] < 1e-4 and figures["minutes"] == 1
    assert 100 < figures["megabytes_loaded"] <= figures["megabytes_peak"] < 2000
    assert figures["windows"] == 17 and figures["first_window_s"] < figures["seconds"]


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(ValueError, match="no benchmark 'speed'; wanted one of face_model, render"):
        list(bench.run(["speed"]))


@pytest.mark.slow
def test_faster_than_a_plain_loop() -> None:
    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
    assert next(bench.run(["render"]))["ratio"] > 1.5
