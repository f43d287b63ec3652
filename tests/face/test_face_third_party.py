"""A tracker nobody here wrote reads rendered faces: sweeps come back, rest is rest, landmarks agree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from talkdemo.data.corpora import shared
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.face.characters import CHARACTERS
from talkdemo.face.head import FaceModel
from talkdemo.face.landmarks import landmarks_68
from talkdemo.render import raster

pytestmark = pytest.mark.slow
STEPS = np.linspace(0, 1, 6)
ACTIONS = {
    "jawOpen": ("jawOpen",),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "mouthPucker": ("mouthPucker",),
    "eyeBlink": ("eyeBlinkLeft", "eyeBlinkRight"),
}
# MediaPipe's 478 points nearest to iBUG's 68.
TO_68 = [
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336, 296,
    334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61,
    39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
]  # fmt: skip


@pytest.fixture(scope="module")
def renders() -> dict[str, tuple[list[np.ndarray], np.ndarray]]:
    """Per character: a rest frame and the four sweeps, and the projected landmarks at rest (68, 2)."""
    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
    model, out = FaceModel.load(), {}
    frames = torch.zeros(1 + len(ACTIONS) * len(STEPS), len(NAMES))
    for a, channels in enumerate(ACTIONS.values()):
        for channel in channels:
            frames[1 + a * len(STEPS) : 1 + (a + 1) * len(STEPS), INDEX[channel]] = torch.from_numpy(STEPS).float()
    for name in CHARACTERS:
        renderer = raster.Renderer(model.drawable(name), 384)
        vertices = model(frames, None, name)
        points = renderer.camera.project(landmarks_68(vertices[0]).numpy())
        out[name] = (list(renderer.frames(vertices.numpy())), points)
        renderer.close()
    return out


@pytest.fixture(scope="module")
def tracker(renders: dict) -> Iterator:
    """MediaPipe's landmarker; opened after all is rendered, since it takes over the process's EGL display."""
    root = shared.root()
    if root is None or not (root / "face_landmarker.task").exists():
        pytest.skip("face_landmarker.task is not there (shared data absent)")
    mediapipe = pytest.importorskip("mediapipe")
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(root / "face_landmarker.task")),
        output_face_blendshapes=True,
    )

    def read(frame: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
        found = landmarker.detect(image)
        assert found.face_landmarks, "no face found"
        height, width = frame.shape[:2]
        points = np.array([[p.x * width, p.y * height] for p in found.face_landmarks[0]])[TO_68]
        return {c.category_name: c.score for c in found.face_blendshapes[0]}, points

    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        yield read


@pytest.mark.parametrize("character", list(CHARACTERS))
def test_actions_are_read_back(character: str, renders: dict, tracker) -> None:
    frames, expected = renders[character]
    rest, points = tracker(frames[0])
    assert rest["jawOpen"] < 0.1 and rest["eyeBlinkLeft"] < 0.3
    report = []
    for a, (action, channels) in enumerate(ACTIONS.items()):
        sweep = [tracker(frame)[0] for frame in frames[1 + a * len(STEPS) : 1 + (a + 1) * len(STEPS)]]
        got = np.mean([[one[channel] for one in sweep] for channel in channels], axis=0)
        r = float(np.corrcoef(STEPS, got)[0, 1])
        report.append(f"{action} r={r:.3f} {np.round(got, 2).tolist()}")
        assert r >= 0.8, report[-1]
    print(character, f"rest jawOpen={rest['jawOpen']:.3f} browDown={rest['browDownLeft']:.2f}", *report, sep="\n  ")
    between_eyes = np.linalg.norm(expected[36] - expected[45])
    inner = list(range(17, 68))
    apart = np.linalg.norm(points - expected, axis=1)[inner].mean() / between_eyes
    print(f"  landmarks 18-68: mean distance {100 * apart:.1f} % of the distance between the outer corners of the eyes")
    assert apart < 0.08
