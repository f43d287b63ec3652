"""Evaluates lips on rendered video, as MediaPipe tracks them (`evaluate --rendered N`).

A tracker that knows nothing of our face model measures the lips (landmarks 13 to 14) over the outer eye corners (33 to
263), exactly as the closure test is run on video of real people; and where there is a track of the **real** video by
the same tracker (GRID), its jawOpen and mouthPucker on our video are correlated with that.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from talkdemo.evaluate import cache
from talkdemo.evaluate.reporting import mean
from talkdemo.face import arkit
from talkdemo.face.track.landmarker import model_file, open_landmarker
from talkdemo.files import ASSETS
from talkdemo.metrics.chance import derangement
from talkdemo.metrics.openness import correlation, r_opening
from talkdemo.metrics.phones import closure
from talkdemo.metrics.score import Sums, finite
from talkdemo.records import FPS, Clip, Motion

UPPER_LIP, LOWER_LIP, RIGHT_EYE, LEFT_EYE = 13, 14, 33, 263
CHANNELS = {"jaw": "jawOpen", "pucker": "mouthPucker"}
# Pixels, fraction of the portrait's field of view, samples a pixel. The smaller the face in the frame, the wider apart
# the tracker sees lips that touch: 0.021 of the eyes' distance at 256², 0.016 here, 0.017 at 512² without the zoom.
SIZE, ZOOM, EDGES = 384, 0.8, 0
MIN_FOUND = 0.95  # fraction of frames in which a face must be found


@dataclass(frozen=True)
class LipTracks:
    """What MediaPipe measures in a video, per frame."""

    gap: np.ndarray  # (T,) inner-lip distance over inter-ocular distance
    jaw: np.ndarray  # (T,) its jawOpen, 0..1
    pucker: np.ndarray  # (T,) its mouthPucker, 0..1


def track_frames(frames: Iterable[np.ndarray], fps: float = FPS) -> LipTracks:
    """The lips in (H, W, 3) uint8 frames.

    Single frames without a face are interpolated. Raises ValueError when more than 5 % lack one.
    """
    columns = arkit.indices(*CHANNELS.values())
    rows: list[tuple[float, ...]] = []
    with open_landmarker(video=True, faces=1) as detect:
        for t, frame in enumerate(frames):
            faces = detect(frame, t / fps)
            rows.append((lip_gap(faces[0].points), *faces[0].coefficients[columns]) if faces else (np.nan,) * 3)
    tracks = np.array(rows)  # (T, 3)
    found = ~np.isnan(tracks[:, 0])
    if found.mean() < MIN_FOUND:
        raise ValueError(f"MediaPipe finds a face in {100 * found.mean():.0f} % of the frames; wanted 95 % or more")
    return LipTracks(*(np.interp(np.arange(len(column)), np.flatnonzero(found), column[found]) for column in tracks.T))


def lip_gap(points: np.ndarray) -> float:
    """(478, 2) landmarks in pixels → inner-lip distance over inter-ocular distance."""
    lips, eyes = (np.linalg.norm(points[a] - points[b]) for a, b in ((UPPER_LIP, LOWER_LIP), (RIGHT_EYE, LEFT_EYE)))
    return float(lips / max(float(eyes), 1e-6))


class VideoTracker:
    """Renders motions of the default character and tracks their lips; one renderer for all clips."""

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

    def frames(self, motion: Motion) -> Iterable[np.ndarray]:
        return self.renderer.frames(self.face.vertices(motion, self.character))

    def track(self, motion: Motion) -> LipTracks:
        """Render the motion and track it; cached."""
        motion_hashes = [cache.array_hash(motion.coefficients), cache.array_hash(motion.head)]
        renderer = cache.key(cache.code("face", "render"), cache.file_hash(ASSETS / "head.npz"))
        parts = [SIZE, ZOOM, EDGES, self.character, renderer, cache.file_hash(model_file()), *motion_hashes]
        tracks = cache.cached("lips", parts, lambda: asdict(track_frames(self.frames(motion), motion.fps)))
        return LipTracks(**tracks)


@functools.cache
def video_tracker() -> VideoTracker:
    """The one tracker of the process."""
    return VideoTracker()


def evaluate_rendered(
    clips: Sequence[Clip], motions: Iterable[Motion], track: Callable[[Motion], LipTracks]
) -> list[Sums]:
    """Scores of motions, measured on their rendered video, clip by clip: with phones hits, false, vowel_hits (%),
    r_phones and r_phones_shuffled (against another clip's phones); where the truth is MediaPipe's track of the real
    video, r_jaw and r_pucker, Pearson's r of jawOpen and mouthPucker with that track, and r_*_shuffled, the mean of r
    with the tracks of all **other** clips."""
    videos = [track(motion) for motion in motions]
    order = derangement(len(clips), np.random.default_rng(0)).tolist() if len(clips) > 1 else []
    truths = [clip.motion.coefficients for clip in clips if clip.motion is not None]
    found: list[Sums] = []
    for i, (clip, video) in enumerate(zip(clips, videos, strict=True)):
        scores: Sums = {}
        if clip.phones is not None:
            scores |= closure(video.gap, clip.phones) | finite({"r_phones": r_opening(video.gap, clip.phones)})
            other = clips[order[i]] if order else None
            if other is not None and other.phones is not None:
                shuffled = r_opening(video.gap[: other.speech.frames], other.phones)
                scores |= finite({"r_phones_shuffled": shuffled})
        if len(truths) == len(clips):
            scores |= track_scores(video, truths, i)
        found.append(scores)
    return found


def track_scores(video: LipTracks, tracks: Sequence[np.ndarray], own: int) -> Sums:
    """Correlations of one video with the real video's tracks (T, 52), the `own` one and the others."""
    figures: dict[str, float] = {}
    for short, channel in CHANNELS.items():
        ours, column = getattr(video, short), arkit.INDEX[channel]
        r = [correlation(*_cut(ours, np.asarray(track)[:, column])) for track in tracks]
        figures[f"r_{short}"] = r.pop(own)
        if r:
            figures[f"r_{short}_shuffled"] = mean(r)
    return finite(figures)


def _cut(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frames = min(len(a), len(b))
    return a[:frames], b[:frames]
