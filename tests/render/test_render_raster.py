"""The renderer: where things fall, the same image again, several visitors, and the sentence without OpenGL."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from talkdemo.records import Stopped
from talkdemo.render import context
from talkdemo.render.context import PACKAGES
from talkdemo.render.light import STUDIO
from talkdemo.render.raster import Renderer
from talkdemo.render.shader import KINDS, kind


def moved(face, amount: float) -> np.ndarray:
    return face.neutral + np.float32(amount) * np.sin(40 * face.neutral[:, ::-1])


@pytest.fixture(scope="module")
def renderer(face, opengl) -> Renderer:
    return Renderer(face, 128)


def test_the_picture_is_where_the_camera_says(face, renderer) -> None:
    room = STUDIO.background(128, 128).astype(int)
    shift = np.array([0.02, -0.03, 0.0], np.float32)
    for offset in (0 * shift, shift):
        changed = np.abs(renderer.image(face.neutral + offset).astype(int) - room).max(axis=2) > 12
        y, x = np.nonzero(changed)
        pixels = renderer.camera.project(
            face.neutral[np.unique(np.concatenate([p.faces for p in face.parts]))] + offset
        )
        box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
        assert np.abs(box - np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])).max() < 2
    assert (renderer.image()[:4] == STUDIO.background(128, 128)[:4]).all()


def test_parts_keep_their_colours(face, renderer) -> None:
    picture = renderer.image().astype(int)
    for point, part in (((0.0, -0.05, 0.1), "teeth"), ((0.035, 0.0, 0.105), "eyes")):
        x, y = renderer.camera.project(np.array(point)).astype(int)
        colour = picture[y, x + 3]
        assert np.ptp(colour) < 40, part  # near grey
    x, y = renderer.camera.project(np.array([-0.04, -0.01, 0.09])).astype(int)
    red, green, blue = picture[y, x]
    assert red > green > blue and red > 120  # skin
    x, y = renderer.camera.project(np.array([0.0, 0.09, 0.06])).astype(int)
    assert picture[y - 2 : y + 3, x - 8 : x + 9].mean() < picture[64, 52].mean()  # hair is darker than skin


def test_the_same_vertices_give_the_same_picture(face, renderer) -> None:
    first = renderer.image(moved(face, 0.004))
    assert not np.array_equal(first, renderer.image(moved(face, -0.004)))
    assert np.array_equal(first, renderer.image(moved(face, 0.004)))


def test_buffers_updated_in_place_equal_a_fresh_renderer(face, renderer) -> None:
    for amount in (0.01, -0.01):
        renderer.image(moved(face, amount))
    fresh = Renderer(face, 128)
    assert np.array_equal(renderer.image(moved(face, 0.005)), fresh.image(moved(face, 0.005)))
    fresh.close()


def test_edges_are_smooth(face, renderer, opengl) -> None:
    hard = Renderer(face, 128, samples=0).image()
    soft = renderer.image()
    room = STUDIO.background(128, 128).astype(int)
    partial = [
        ((np.abs(p.astype(int) - room).sum(axis=2) > 9) & (np.abs(p.astype(int) - room).sum(axis=2) < 60)).sum()
        for p in (hard, soft)
    ]
    assert partial[1] > 1.3 * partial[0]


def test_several_visitors_at_once_never_mix(face, green_face, renderer) -> None:
    amounts = np.linspace(-0.01, 0.01, 8)
    jobs = [(face, 128), (green_face, 96), (face, (64, 96))]
    alone = [list(Renderer(f, size).frames(moved(f, a) for a in amounts)) for f, size in jobs]
    together: list[list[np.ndarray]] = [[] for _ in jobs]

    def visit(i: int) -> None:
        f, size = jobs[i]
        together[i] = list(Renderer(f, size).frames(moved(f, a) for a in amounts))

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for one, other, (_, size) in zip(alone, together, jobs, strict=True):
        width, height = (size, size) if isinstance(size, int) else size
        assert len(other) == len(amounts) and other[0].shape == (height, width, 3) and other[0].dtype == np.uint8
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_stop_and_leaving_early(face, renderer) -> None:
    stop = threading.Event()
    frames = renderer.frames((face.neutral for _ in range(1000)), stop=stop)
    next(frames)
    stop.set()
    with pytest.raises(Stopped):
        next(frames)
    frames = renderer.frames(face.neutral for _ in range(1000))
    next(frames)
    frames.close()
    assert renderer.image().shape == (128, 128, 3)


def test_a_forgotten_renderer_frees_what_it_held(face, opengl) -> None:
    from OpenGL import GL

    kinds = (GL.glIsTexture, GL.glIsBuffer, GL.glIsVertexArray, GL.glIsFramebuffer, GL.glIsRenderbuffer, GL.glIsProgram)

    def alive() -> set[tuple[int, int]]:
        """(kind, name) of everything in the context; names are given out in turn."""
        return {(kind, name) for kind, known in enumerate(kinds) for name in range(1, 20_000) if known(name)}

    gc.collect()
    before = context.submit(alive).result()
    renderer = Renderer(face, 64)
    renderer.image()
    held = context.submit(alive).result() - before
    assert len(held) > 30 and {kind for kind, _ in held} == set(range(len(kinds)))
    del renderer
    gc.collect()
    assert context.submit(alive).result() == before  # looked at after the deletion, which was queued before


def test_unfit_input_is_refused(face, renderer) -> None:
    for size in (127, (128, 63), 8, 5000):
        with pytest.raises(ValueError, match="even sides of 16 to 4096"):
            Renderer(face, size)
    with pytest.raises(ValueError, match="wanted 4, or 0"):
        Renderer(face, 64, samples=2)
    with pytest.raises(ValueError, match="this face has"):
        renderer.image(face.neutral[:-1])
    with pytest.raises(ValueError, match="NaN"):
        renderer.image(face.neutral * np.float32(np.nan))


def elsewhere(code: str, **environment: str) -> str:
    """What `code` prints in a process of its own: a second context in this one would end the display of the first."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | environment
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_device_that_fails_is_passed_over(opengl) -> None:
    code = """
from talkdemo.render import context

from pyrender.platforms import egl
good = egl.query_devices()
broken = egl.EGLDevice(None)
broken.get_display = lambda: 1 / 0
egl.query_devices = lambda: [broken, *good]
context.check()
print("drawn")
"""
    assert elsewhere(code, PYOPENGL_PLATFORM="egl") == "drawn\n"


def test_a_lost_context_is_told_and_followed_by_another(opengl) -> None:
    """A call fails, the context is gone, a call hangs: whoever draws there hears of it, twice; the next picture is the
    same as the first."""
    code = """
import time
import numpy as np
from talkdemo.face.head import FaceModel
from talkdemo.render import context
from talkdemo.render.raster import Renderer
from OpenGL import GL
face = FaceModel.load().drawable("maya")
old = Renderer(face, 64)
before = old.image()
for lose in (
    lambda: GL.glEnable(0xFFFF), lambda: context.current()._platform.delete_context(), lambda: time.sleep(600)
):
    context.submit(lose)
    context.PATIENCE = 1.0 if "sleep" in lose.__code__.co_names else 120.0
    for _ in range(2):
        try:
            old.image()
        except RuntimeError as error:
            print(str(error) == context.LOST)
    context.PATIENCE = 120.0
    new = Renderer(face, 64)
    print(np.array_equal(new.image(), before), context.current() is new._context is not old._context)
    old = new
"""
    assert elsewhere(code, PYOPENGL_PLATFORM="egl") == "True\nTrue\nTrue True\n" * 3


def test_names_of_parts_choose_the_surface() -> None:
    expected = {"skin": "skin", "eyes": "eye", "eyelashes": "hair", "eyebrows": "hair", "teeth_upper": "mouth"}
    expected |= {"gums": "mouth", "tongue": "mouth", "hair": "hair", "shirt": "cloth"}
    assert {name: kind(name) for name in expected} == expected and set(expected.values()) == set(KINDS)


def test_the_packages_named_are_those_that_are_installed() -> None:
    listed = (Path(__file__).parents[2] / "packages.txt").read_text().split()
    assert set(PACKAGES) <= set(listed)


def test_without_opengl_one_sentence_names_the_packages() -> None:
    code = (
        "from talkdemo.render import raster, video\n"
        "try:\n    raster.check()\nexcept RuntimeError as error:\n    print(error)\n"
        "else:\n    print('drawn')"
    )
    printed = elsewhere(code, __EGL_VENDOR_LIBRARY_FILENAMES="/nonexistent.json")
    assert printed.count("\n") == 1 and all(name in printed for name in PACKAGES)
