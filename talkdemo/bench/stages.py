"""Benchmarks the stages: speeds, and ratios measured within one run.

A benchmark is a function in BENCHES that returns a record of figures.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from talkdemo.bench.long import measure_apart, rounded
from talkdemo.files import EXAMPLES
from talkdemo.records import (
    COEFFICIENTS,
    DEFAULT_STEPS,
    DIFFPOSETALK,
    DIFFUSIONTALKER,
    FPS,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    Face,
    Request,
    Speech,
)

SIZE = 512  # pixels
STEPS = (2, 4, 8, 50, 512)  # of sampling
EXAMPLE = EXAMPLES / "speech" / "welcome.flac"
ROUNDS = 5  # in which fast and plain take turns, so that a busy machine slows both; medians are compared


def run(names: Sequence[str] = (), long: Mapping[str, Any] | None = None) -> Iterator[dict[str, object]]:
    """The records of the benchmarks named, all of them by default, one after the other; `long`: settings of that one.
    Raises ValueError for a name that does not exist, before any work."""
    for name in names:
        if name not in BENCHES:
            raise ValueError(f"there is no benchmark {name!r}; wanted one of {', '.join(BENCHES)}")
    for name in names or BENCHES:
        yield {"what": name, "cores": os.cpu_count(), **BENCHES[name](**(long or {} if name == "long" else {}))}


def face_model() -> dict[str, object]:
    """Milliseconds for the vertices of 250 frames (10 s) of one character."""
    import torch

    from talkdemo.face.head import FaceModel

    model = FaceModel.load()
    generator = torch.Generator().manual_seed(0)
    coefficients = torch.rand(250, COEFFICIENTS, generator=generator) * 0.5
    head = torch.randn(250, 3, generator=generator) * 0.1
    with torch.no_grad():
        vertices = model(coefficients, head)
        seconds = [_seconds(lambda: model(coefficients, head)) for _ in range(ROUNDS)]
    return {"frames": 250, "vertices": vertices.shape[-2], "ms": rounded(1000 * statistics.median(seconds))}


def render() -> dict[str, object]:
    """Frames per second of the renderer at 512×512, and how often that is the speed of a plain pyrender loop.

    The plain loop makes new meshes with trimesh and pyrender for every frame (materials and textures are kept) and
    draws with pyrender's own shader at its 4× multisampling, with one light less and no shadows.
    """
    from talkdemo.render import context
    from talkdemo.render.raster import Renderer

    face, motion = _talking()
    renderer = Renderer(face, SIZE)
    plain = PlainLoop(renderer)
    fast_seconds, plain_seconds, few = [], [], motion[:: len(motion) // 5]
    for _ in range(ROUNDS):
        fast_seconds.append(_seconds(lambda: [None for _ in renderer.frames(motion[::3])]) / len(motion[::3]))
        plain_seconds.append(_seconds(lambda: [plain.image(v) for v in few]) / len(few))
    fast, slow = statistics.median(fast_seconds[1:]), statistics.median(plain_seconds[1:])  # the first warms up
    return {
        "size": SIZE,
        "vertices": len(face.neutral),
        "triangles": sum(len(part.faces) for part in face.parts),
        "device": context.submit(_device).result(),
        "fps": rounded(1 / fast),
        "plain_fps": rounded(1 / slow),
        "ratio": rounded(slow / fast),
        "times_real_time": rounded(1 / fast / FPS),
    }


def video() -> dict[str, object]:
    """Frames per second of drawing and writing an mp4 with sound together."""
    from talkdemo.render.raster import Renderer
    from talkdemo.render.video import write

    face, motion = _talking()
    renderer = Renderer(face, SIZE)
    renderer.image()
    noise = np.random.default_rng(0).normal(0, 0.05, len(motion) * SAMPLES_PER_FRAME).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.mp4"
        seconds = [_seconds(lambda: write(path, renderer.frames(motion), Speech(noise))) for _ in range(3)]
        size = path.stat().st_size
    fps = len(motion) / statistics.median(seconds)
    kilobits = size * 8 / 1000 / (len(motion) / FPS)
    return {"size": SIZE, "fps": rounded(fps), "times_real_time": rounded(fps / FPS), "kbit_per_s": rounded(kilobits)}


def pipeline(name: str = DIFFUSIONTALKER) -> dict[str, object]:
    """Seconds per stage for 10 s of speech, sampled in each of STEPS steps, with the shipped weights of a model."""
    from talkdemo.audio.decode import decode
    from talkdemo.pipeline import SpeechToFace

    model = SpeechToFace.load(name)
    samples = np.resize(decode(EXAMPLE).samples, 10 * SAMPLE_RATE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ten_seconds.wav"
        soundfile.write(path, samples, SAMPLE_RATE)
        model.animate(Request(path, steps=min(STEPS)))  # warms up
        figures: dict[str, object] = {"seconds_of_speech": 10}
        totals = {}
        for steps in STEPS:
            runs = [model.animate(Request(path, steps=steps))[0].meta for _ in range(ROUNDS if steps < 100 else 1)]
            for stage in runs[0]["seconds"]:  # decode, encode, sample; of a reference too
                figures[f"{stage}_{steps}"] = rounded(statistics.median(run["seconds"][stage] for run in runs))
            totals[steps] = statistics.median(sum(run["seconds"].values()) for run in runs)
            figures[f"total_{steps}"] = rounded(totals[steps])
    figures["ratio"] = rounded(totals[max(STEPS)] / totals[DEFAULT_STEPS])
    return figures


def viewer() -> dict[str, object]:
    """The head in the page; imports the page's libraries."""
    from talkdemo.bench.viewer import measure_if_possible

    return measure_if_possible()


def page() -> dict[str, object]:
    """The app as a visitor has it; starts it, and a browser."""
    from talkdemo.bench.page import measure_if_possible

    return measure_if_possible()


def load() -> dict[str, object]:
    """What the app bears: visitors, jobs, a day, losses; starts it."""
    from talkdemo.bench.load import measure

    return measure()


def replicas() -> dict[str, object]:
    """Jobs a minute on a Ray cluster; starts one."""
    from talkdemo.bench.replicas import measure

    return measure()


BENCHES: dict[str, Callable[..., dict[str, object]]] = {
    "face_model": face_model,
    "render": render,
    "video": video,
    "pipeline": pipeline,
    "pipeline_diffposetalk": partial(pipeline, DIFFPOSETALK),
    "long": measure_apart,
    "viewer": viewer,
    "page": page,
    "load": load,
    "replicas": replicas,
}


class PlainLoop:
    """The obvious loop with pyrender: new meshes for every frame."""

    def __init__(self, renderer) -> None:
        """`renderer`: its face, camera and normals are used; the render thread is shared, as there may be only one."""
        from talkdemo.render import context

        self.renderer, self.context = renderer, context
        context.submit(self._open).result()

    def image(self, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) → (H, W, 3) uint8."""
        return self.context.submit(self._draw, vertices).result()

    def _open(self) -> None:
        import pyrender
        import trimesh
        from PIL import Image

        camera = self.renderer.camera
        self.scene = pyrender.Scene(ambient_light=(0.4, 0.4, 0.4), bg_color=(200, 204, 210))
        self.scene.add(
            pyrender.PerspectiveCamera(yfov=camera.fov, aspectRatio=camera.width / camera.height),
            pose=np.linalg.inv(camera.view),
        )
        for turn in (-0.7, 0.8, 2.5):
            pose = np.eye(4)
            pose[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
            self.scene.add(pyrender.DirectionalLight(color=np.ones(3), intensity=2.5), pose=pose)
        self.materials = {
            part.name: pyrender.MetallicRoughnessMaterial(
                baseColorTexture=pyrender.Texture(
                    source=Image.fromarray(part.material.texture),
                    source_channels="RGBA" if part.material.texture.shape[2] == 4 else "RGB",
                ),
                metallicFactor=0.0,
                roughnessFactor=part.material.roughness,
                alphaMode=part.material.alpha.upper(),
                alphaCutoff=part.material.cutoff if part.material.alpha == "mask" else None,
                doubleSided=part.material.double_sided,
            )
            for part in self.renderer.face.parts
        }
        self.pieces = []
        for part in self.renderer.face.parts:
            used, faces = np.unique(part.faces, return_inverse=True)
            visual = trimesh.visual.TextureVisuals(uv=self.renderer.face.uv[used])
            self.pieces.append((part.name, used, faces.reshape(-1, 3), visual))
        # not OffscreenRenderer: deleting that would end the EGL display that our own renderer draws on
        self.plain = pyrender.Renderer(camera.width, camera.height)

    def _draw(self, vertices: np.ndarray) -> np.ndarray:
        import pyrender
        import trimesh

        nodes = []
        for name, used, faces, visual in self.pieces:
            solid = trimesh.Trimesh(vertices[used], faces, visual=visual, process=False)
            nodes.append(self.scene.add(pyrender.Mesh.from_trimesh(solid, material=self.materials[name])))
        image, _ = self.plain.render(self.scene, pyrender.RenderFlags.OFFSCREEN)
        for node in nodes:
            self.scene.remove_node(node)
        return image


def _talking() -> tuple[Face, list[np.ndarray]]:
    """The default character and 3 s of jaw, lips, lids and head moving: (75) × (V, 3)."""
    import torch

    from talkdemo.face.arkit import INDEX
    from talkdemo.face.characters import CHARACTERS
    from talkdemo.face.head import FaceModel

    model, character = FaceModel.load(), next(iter(CHARACTERS.values()))
    t = torch.arange(75) / FPS
    coefficients, head = torch.zeros(75, COEFFICIENTS), torch.zeros(75, 3)
    for name, hertz in (("jawOpen", 4.0), ("mouthFunnel", 1.5), ("eyeBlinkLeft", 0.4), ("eyeBlinkRight", 0.4)):
        coefficients[:, INDEX[name]] = 0.3 - 0.3 * torch.cos(2 * torch.pi * hertz * t)
    head[:, 1] = 0.15 * torch.sin(2 * torch.pi * 0.5 * t)
    with torch.no_grad():
        vertices = model(coefficients, head, character).numpy()
    return model.drawable(character), list(vertices)


def _device() -> str:
    from OpenGL.GL import GL_RENDERER, glGetString

    return glGetString(GL_RENDERER).decode()


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
