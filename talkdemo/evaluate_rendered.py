"""Rendered pictures of a talking head in, the closure test as MediaPipe sees it out (`evaluate --rendered N`).

The third-party eye: a tracker that knows nothing of our face model measures the lips (landmarks 13 to 14) over the
outer eye corners (33 to 263), exactly as the test is run on video of real people. Needs the `mediapipe` package and
its face_landmarker.task: $TALKDEMO_FACE_LANDMARKER, or in the shared data folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from talkdemo.audio.phones import BILABIAL, SILENCE, VOWELS
from talkdemo.metrics.closure import Closure, closure
from talkdemo.metrics.openness import r_opening
from talkdemo.records import FPS, Clip, Motion

VARIABLE = "TALKDEMO_FACE_LANDMARKER"
UPPER_LIP, LOWER_LIP, RIGHT_EYE, LEFT_EYE = 13, 14, 33, 263
SIZE = 384
LEAST_SEEN = 0.95  # share of frames in which a face must be found


def landmarker_file() -> Path:
    """Where face_landmarker.task lies; FileNotFoundError with one sentence if nowhere."""
    from talkdemo.data.shared import root

    if VARIABLE in os.environ:
        path = Path(os.environ[VARIABLE])
    else:
        folder = root()
        path = folder / "face_landmarker.task" if folder else Path("face_landmarker.task")
    if not path.is_file():
        raise FileNotFoundError(f"no MediaPipe model: set {VARIABLE} to a face_landmarker.task")
    return path


def seen_gap(frames: Iterable[np.ndarray], fps: float = FPS) -> np.ndarray:
    """Inner-lip distance over inter-ocular distance (T,) that MediaPipe sees in (H, W, 3) uint8 pictures.

    Single frames without a face are filled from their neighbours. Raises ValueError when more than 5 % lack one.
    """
    import mediapipe as mp
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import vision

    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(landmarker_file())),
        running_mode=vision.RunningMode.VIDEO,
        num_faces=1,
    )
    gaps: list[float] = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for t, frame in enumerate(frames):
            picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
            found = landmarker.detect_for_video(picture, int(t * 1000 / fps)).face_landmarks
            gaps.append(_gap(found[0], frame.shape) if found else np.nan)
    track = np.array(gaps)
    seen = ~np.isnan(track)
    if seen.mean() < LEAST_SEEN:
        raise ValueError(f"MediaPipe finds a face in {100 * seen.mean():.0f} % of the frames; wanted 95 % or more")
    return np.interp(np.arange(len(track)), np.flatnonzero(seen), track[seen])


def _gap(points: Sequence, shape: tuple[int, ...]) -> float:
    height, width = shape[:2]

    def at(i: int) -> np.ndarray:
        return np.array([points[i].x * width, points[i].y * height])

    lips, eyes = np.linalg.norm(at(UPPER_LIP) - at(LOWER_LIP)), np.linalg.norm(at(RIGHT_EYE) - at(LEFT_EYE))
    return float(lips / max(eyes, 1e-6))


class Screen:
    """Renders motions of the default character; one renderer for all clips."""

    def __init__(self, size: int = SIZE) -> None:
        from talkdemo.face.characters import CHARACTERS
        from talkdemo.face.head import FaceModel
        from talkdemo.render.raster import Renderer

        self.face = FaceModel.load()
        self.character = next(iter(CHARACTERS))
        self.renderer = Renderer(self.face.drawable(self.character), size)

    def pictures(self, motion: Motion) -> Iterable[np.ndarray]:
        import torch

        with torch.no_grad():
            vertices = self.face(
                torch.as_tensor(motion.coefficients), torch.as_tensor(motion.head), self.character
            ).numpy()
        return self.renderer.frames(vertices)


def evaluate_rendered(clips: Sequence[Clip], motions: Iterable[Motion], screen: Screen) -> dict[str, float]:
    """hits, false, vowel_hits (%) and r_phones of motions with phones, measured on their pictures."""
    total, scores = Closure(0, 0, 0, 0, 0, 0), []
    for clip, motion in zip(clips, motions, strict=True):
        gap = seen_gap(screen.pictures(motion))
        total += closure(gap, clip.phones, bilabials=BILABIAL, vowels=VOWELS)
        scores.append(r_opening(gap, clip.phones, silence=SILENCE))
    figures = {
        "hits": 100 * total.hit_share,
        "false": 100 * total.false_share,
        "vowel_hits": 100 * total.vowel_hit_share,
        "r_phones": float(np.mean([r for r in scores if r == r] or [np.nan])),
    }
    return {name: value for name, value in figures.items() if not np.isnan(value)}
