"""Rendered pictures of a talking head in, lips and mouth as MediaPipe sees them out (`evaluate --rendered N`).

The third-party eye: a tracker that knows nothing of our face model measures the lips (landmarks 13 to 14) over the
outer eye corners (33 to 263), exactly as the closure test is run on video of real people; and where there is a track
of the **real** video by the same tracker (GRID), its jawOpen and mouthPucker on our pictures are correlated with that.
Needs the `mediapipe` package and its face_landmarker.task: $TALKDEMO_FACE_LANDMARKER, or in the shared data folder.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from talkdemo.audio.phones import BILABIAL, SILENCE, VOWELS
from talkdemo.evaluate import cache
from talkdemo.face import arkit
from talkdemo.files import ASSETS
from talkdemo.metrics.closure import Closure, closure
from talkdemo.metrics.control import derangement
from talkdemo.metrics.openness import correlation, r_opening
from talkdemo.records import FPS, Clip, Motion

VARIABLE = "TALKDEMO_FACE_LANDMARKER"
UPPER_LIP, LOWER_LIP, RIGHT_EYE, LEFT_EYE = 13, 14, 33, 263
CHANNELS = {"jaw": "jawOpen", "pucker": "mouthPucker"}
# Pixels, share of the portrait's field of view, samples a pixel. The smaller the face in the picture, the wider apart
# the tracker sees lips that touch: 0.021 of the eyes' distance at 256², 0.016 here, 0.017 at 512² without the zoom.
SIZE, ZOOM, EDGES = 384, 0.8, 0
LEAST_SEEN = 0.95  # share of frames in which a face must be found


@dataclass(frozen=True)
class Seen:
    """What MediaPipe sees in a film, per frame."""

    gap: np.ndarray  # (T,) inner-lip distance over inter-ocular distance
    jaw: np.ndarray  # (T,) its jawOpen, 0..1
    pucker: np.ndarray  # (T,) its mouthPucker, 0..1


def landmarker_file() -> Path:
    """Where face_landmarker.task lies; FileNotFoundError with one sentence if nowhere."""
    from talkdemo.data.corpora.shared import root

    if VARIABLE in os.environ:
        path = Path(os.environ[VARIABLE])
    else:
        folder = root()
        path = folder / "face_landmarker.task" if folder else Path("face_landmarker.task")
    if not path.is_file():
        raise FileNotFoundError(f"no MediaPipe model: set {VARIABLE} to a face_landmarker.task")
    return path


def seen(frames: Iterable[np.ndarray], fps: float = FPS) -> Seen:
    """What MediaPipe sees in (H, W, 3) uint8 pictures.

    Single frames without a face are filled from their neighbours. Raises ValueError when more than 5 % lack one.
    """
    import mediapipe as mp
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import vision

    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(landmarker_file())),
        running_mode=vision.RunningMode.VIDEO,
        num_faces=1,
        output_face_blendshapes=True,
    )
    rows: list[tuple[float, ...]] = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for t, frame in enumerate(frames):
            picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
            found = landmarker.detect_for_video(picture, int(t * 1000 / fps))
            if found.face_landmarks:
                scores = {shape.category_name: shape.score for shape in found.face_blendshapes[0]}
                rows.append((_gap(found.face_landmarks[0], frame.shape), *(scores[c] for c in CHANNELS.values())))
            else:
                rows.append((np.nan,) * 3)
    tracks = np.array(rows)  # (T, 3)
    there = ~np.isnan(tracks[:, 0])
    if there.mean() < LEAST_SEEN:
        raise ValueError(f"MediaPipe finds a face in {100 * there.mean():.0f} % of the frames; wanted 95 % or more")
    return Seen(*(np.interp(np.arange(len(column)), np.flatnonzero(there), column[there]) for column in tracks.T))


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
        from talkdemo.render.camera import portrait
        from talkdemo.render.raster import Renderer

        self.face = FaceModel.load()
        self.character = next(iter(CHARACTERS))
        face = self.face.drawable(self.character)
        camera = portrait(face, size, size)
        self.renderer = Renderer(face, size, camera=replace(camera, fov=camera.fov * ZOOM), samples=EDGES)

    def pictures(self, motion: Motion) -> Iterable[np.ndarray]:
        import torch

        with torch.no_grad():
            vertices = self.face(
                torch.as_tensor(motion.coefficients), torch.as_tensor(motion.head), self.character
            ).numpy()
        return self.renderer.frames(vertices)

    def look(self, motion: Motion) -> Seen:
        """Draw the motion and let MediaPipe look at it; once, then the tracks are read from evaluate_cache.CACHE."""
        settings = [SIZE, ZOOM, EDGES, self.character, _looks(), cache.file_hash(landmarker_file())]
        moves = [cache.array_hash(motion.coefficients), cache.array_hash(motion.head)]
        path = cache.CACHE / f"seen-{cache.key(*settings, *moves)}.npz"
        tracks = cache.load_arrays(path)
        if tracks is None:
            found = seen(self.pictures(motion), motion.fps)
            tracks = {"gap": found.gap, "jaw": found.jaw, "pucker": found.pucker}
            cache.save_arrays(path, tracks)
        return Seen(**tracks)


@functools.cache
def screen() -> Screen:
    """The one screen of the process."""
    return Screen()


@functools.cache
def _looks() -> str:
    """Hash of the head's file and of the code that draws it."""
    return cache.key(cache.code("face", "render"), cache.file_hash(ASSETS / "head.npz"))


def evaluate_rendered(
    clips: Sequence[Clip], motions: Iterable[Motion], look: Callable[[Motion], Seen]
) -> dict[str, float]:
    """Figures of motions, measured on their pictures: with phones hits, false, vowel_hits (%), r_phones and
    r_phones_shuffled (against another clip's phones); where the truth is MediaPipe's track of the real video, r_jaw and
    r_pucker against it (see `track_scores`)."""
    films = [look(motion) for motion in motions]
    order = derangement(len(clips), np.random.default_rng(0)) if len(clips) > 1 else []
    total, scores, chance = Closure(0, 0, 0, 0, 0, 0), [], []
    for i, (clip, film) in enumerate(zip(clips, films, strict=True)):
        if clip.phones is not None:
            total += closure(film.gap, clip.phones, bilabials=BILABIAL, vowels=VOWELS)
            scores.append(r_opening(film.gap, clip.phones, silence=SILENCE))
            other = clips[order[i]] if len(order) else None
            if other is not None and other.phones is not None:
                chance.append(r_opening(film.gap[: other.speech.frames], other.phones, silence=SILENCE))
    figures = {
        "hits": 100 * total.hit_share,
        "false": 100 * total.false_share,
        "vowel_hits": 100 * total.vowel_hit_share,
        "r_phones": _mean(scores),
        "r_phones_shuffled": _mean(chance),
    }
    if all(clip.motion is not None for clip in clips):
        figures |= track_scores(films, [clip.motion.coefficients for clip in clips])
    return {name: value for name, value in figures.items() if not np.isnan(value)}


def track_scores(films: Sequence[Seen], tracks: Sequence[np.ndarray]) -> dict[str, float]:
    """Pearson's r of jawOpen and mouthPucker as seen with those of the real video's tracks (T, 52).

    Per channel: r_* is the mean over clips of the clip's own r, r_*_pooled that of all clips end to end (it also counts
    whether the level is right from clip to clip), r_*_shuffled the mean against the tracks of all **other** clips.
    """
    figures: dict[str, float] = {}
    for short, channel in CHANNELS.items():
        ours = [getattr(film, short) for film in films]
        real = [np.asarray(track)[:, arkit.INDEX[channel]] for track in tracks]
        pairs = [_cut(a, b) for a, b in zip(ours, real, strict=True)]
        figures[f"r_{short}"] = _mean([correlation(a, b) for a, b in pairs])
        figures[f"r_{short}_pooled"] = correlation(*(np.concatenate(column) for column in zip(*pairs, strict=True)))
        if len(films) > 1:
            others = [correlation(*_cut(a, b)) for i, a in enumerate(ours) for j, b in enumerate(real) if i != j]
            figures[f"r_{short}_shuffled"] = _mean(others)
    return figures


def _cut(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frames = min(len(a), len(b))
    return a[:frames], b[:frames]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean([value for value in values if value == value] or [np.nan]))
