"""Benchmarks the head in the page: frames a second, bytes, vertices against FaceModel, what MediaPipe reads, memory.

Everything is measured in Chromium with OpenGL in software, on the viewer's own page (see browser).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from talkdemo.bench.browser import Page, chromium, cpu_seconds, size_of, viewer_page
from talkdemo.bench.long import rounded
from talkdemo.export import gltf
from talkdemo.face.arkit import NAMES, indices
from talkdemo.face.head import FaceModel
from talkdemo.face.track.landmarker import open_landmarker
from talkdemo.metrics.openness import correlation
from talkdemo.records import FPS, Motion
from talkdemo.ui.viewer.gallery import gallery
from talkdemo.ui.viewer.take import Take

SIZE = 512  # pixels
FRAMES = 60  # drawn for the frame rate, each with all pixels
PLAYING = 5.0  # seconds, with as many pixels as the page's pace allows
TAKES = 50  # shown one after the other for the memory
SECONDS = 10.0
POSES = 12  # random ones, for the vertices
LEVELS = np.linspace(0, 1, 8)
READ = ("jawOpen", "eyeBlink", "mouthSmile", "mouthPucker")
CLOCK = """frames => {
  const head = td.talkHead, gl = head.stage.renderer.getContext(), pixel = new Uint8Array(4);
  const begin = performance.now();
  for (let i = 0; i < frames; i++) {
    head.clock.seek(i / 25);
    head.draw();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);  // waits until it is drawn
  }
  return (1000 * frames) / (performance.now() - begin);
}"""
PLAYED = """async seconds => {  // frames a second of a head that plays, after a second in which the page finds its pace
  const { clock, stage } = td.talkHead, draw = stage.draw, wait = s => new Promise(done => setTimeout(done, 1000 * s));
  let frames = 0;
  stage.draw = moving => { frames++; draw.call(stage, moving); };
  clock.seek(0);
  await clock.play();
  await wait(1);
  frames = 0;
  const begin = performance.now();
  await wait(seconds);
  const fps = (1000 * frames) / (performance.now() - begin), side = stage.canvas.width;
  clock.pause();
  delete stage.draw;
  return [fps, side];
}"""
MEMORY = """() => {
  gc(); gc();
  const { geometries, textures } = td.talkHead.stage.renderer.info.memory;
  return [performance.memory.usedJSHeapSize, geometries, textures];
}"""


def measure_if_possible() -> dict[str, object]:
    """`measure`, or one sentence that says why not."""
    try:
        return measure()
    except (RuntimeError, ValueError) as error:
        return {"not_measured": str(error)}


def measure(characters: Sequence[str] = ("maya", "leo")) -> dict[str, object]:
    """The figures. RuntimeError, in one sentence, without a browser; ValueError without MediaPipe's model file."""
    talking = sample(round(SECONDS * FPS))
    value = Take.whole([(characters[0], talking)], play=False).value()
    record = value["heads"][0]["character"]
    with chromium() as browser, viewer_page(browser, SIZE) as page:
        page.give(value)
        page.wait("ready")
        page.page.evaluate(CLOCK, FRAMES)  # warms up
        used = cpu_seconds()
        fps = page.page.evaluate(CLOCK, FRAMES)
        used = cpu_seconds() - used
        playing, side = page.page.evaluate(PLAYED, PLAYING)
        figures: dict[str, object] = {
            "size": SIZE,
            "fps": rounded(fps),
            "fps_playing": rounded(playing),
            "pixels_playing": side,
            "cpu_ms_a_frame": rounded(1000 * used / FRAMES),  # of all cores, and so of any load
            "character_bytes": gallery().path(characters[0]).stat().st_size,
            "motion_bytes_10_s": size_of(value) - size_of({**value, "heads": [{"character": record, "motion": []}]}),
            "vertex_error_mm": float(f"{1000 * vertex_error(page, characters[0]):.2g}"),
        }
        images = {action: sweep(page, characters[0], action) for action in READ}
        figures |= memory(page, characters)
        figures["third_party_requests"] = len(page.foreign)
    with open_landmarker(video=False, faces=1) as detect:  # after the browser: both are slow
        for action, frames in images.items():
            faces = [detect(image)[0].coefficients[indices(action)].mean() for image in frames]
            figures[f"r_{action}"] = rounded(correlation(np.array(faces), LEVELS))
    return figures


def sample(frames: int) -> Motion:
    """A head that talks, blinks and sways: smooth noise in every coefficient."""
    rng, times = np.random.default_rng(0), np.arange(frames)[:, None] / FPS
    hertz, phase = rng.uniform(0.3, 4, (2, 1, len(NAMES)))
    coefficients = (0.25 - 0.25 * np.cos(2 * np.pi * hertz * times + phase)).astype(np.float32)
    head = np.sin(times * np.array([[1.1, 0.7, 0.9]]) * 2) * [[0.1, 0.25, 0.08]]
    return Motion(coefficients, head.astype(np.float32))


def vertex_error(page: Page, character: str) -> float:
    """Metres between the browser's vertices and FaceModel's, at most, over random poses."""
    rng = np.random.default_rng(1)
    motion = Motion(rng.random((POSES, len(NAMES)), np.float32), rng.normal(0, 0.3, (POSES, 3)).astype(np.float32))
    page.give(Take.whole([(character, motion)], play=False).value())
    page.wait("ready")
    face = FaceModel.load()
    parts = {part.name: part for part in face.drawable(character).parts}
    names = page.page.evaluate("() => td.talkHead.figures[0].parts.map(part => part.material.name)")
    rows = np.concatenate([gltf.part_vertices(parts[name]) for name in names])
    worst = 0.0
    for frame, expected in enumerate(face.vertices(motion, character)):
        page.draw(frame / FPS)
        drawn = np.array(page.page.evaluate("() => Array.from(td.talkHead.figures[0].positions)")).reshape(-1, 3)
        worst = max(worst, float(np.linalg.norm(drawn - expected[rows], axis=1).max()))
    return worst


def sweep(page: Page, character: str, action: str) -> list[np.ndarray]:
    """Images of the canvas while one action goes from 0 to 1."""
    coefficients = np.zeros((len(LEVELS), len(NAMES)), np.float32)
    coefficients[:, indices(action)] = LEVELS[:, None]
    motion = Motion(coefficients, np.zeros((len(LEVELS), 3), np.float32))
    page.give(Take.whole([(character, motion)], play=False).value())
    page.wait("ready")
    images = []
    for frame in range(len(LEVELS)):
        page.draw(frame / FPS)
        images.append(page.image())
    return images


def memory(page: Page, characters: Sequence[str], takes: int = TAKES) -> dict[str, Any]:
    """How much the page grows over many results, characters taking turns, once each of them was shown."""
    motion = sample(50)
    values = [Take.whole([(name, motion)], play=False) for name in characters]
    before = np.zeros(3)
    for k in range(takes + len(values)):
        if k == len(values):
            before = np.array(page.page.evaluate(MEMORY))
        value = values[k % len(values)].value()
        page.give({**value, "take": f"{value['take']}-{k}"})
        page.wait("ready")
        page.draw(0.5)
    heap, geometries, textures = np.array(page.page.evaluate(MEMORY)) - before
    return {
        "results": takes,
        "heap_growth_mb": rounded(heap / 1e6),
        "geometries_growth": int(geometries),
        "textures_growth": int(textures),
    }
