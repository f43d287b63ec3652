"""A take: what the viewer plays. Motion goes to the page as 16-bit numbers, window by window."""

import base64
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import soundfile

from talkdemo.export.gltf import check
from talkdemo.files import replacing
from talkdemo.records import COEFFICIENTS, FPS, SAMPLE_RATE, Motion, Speech
from talkdemo.ui.parts.library import address
from talkdemo.ui.viewer.gallery import gallery

REACH = 2.0  # the largest coefficient that 16 bits hold; ARKit's end at 1
TURN = np.pi  # radians: the largest component of a head's rotation vector
HALF = np.iinfo(np.int16).max


class Take:
    """Heads that speak together. `value()` is the viewer's value now; each `append` gives the next one."""

    def __init__(
        self,
        characters: Sequence[str],
        frames: int,
        *,
        sound: Path | str | None = None,
        fps: float = FPS,
        labels: Sequence[str] = (),
        play: bool = True,
        muted: bool = False,
        loop: bool = False,
    ) -> None:
        """`frames`: of the whole take. `sound`: a file that the page may fetch (of write_sound, or of a static path),
        or its address. `play`: as soon as there is motion. ValueError for an unknown character, and for 0 or 3 heads.
        """
        if not 1 <= len(characters) <= 2:
            raise ValueError(f"a take of {len(characters)} heads was asked for; wanted 1 or 2")
        if frames < 1:
            raise ValueError(f"a take of {frames} frames was asked for; at least one is wanted")
        self.frames, self.fps = frames, fps
        self._heads: list[dict[str, Any]] = [{"character": gallery().record(name), "motion": []} for name in characters]
        for head, label in zip(self._heads, labels, strict=False):
            head["label"] = label
        self._given = [0] * len(characters)
        self._rest: dict[str, Any] = {
            "take": secrets.token_urlsafe(8),
            "frames": frames,
            "fps": fps,
            "sound": address(sound) if isinstance(sound, Path) else sound,
            "video": None,
            "done": False,
            "play": play,
            "muted": muted,
            "loop": loop,
        }

    @classmethod
    def whole(cls, heads: Sequence[tuple[str, Motion]], *, video: Path | None = None, **how: Any) -> Self:
        """(character, motion) of each head, complete; `how` is __init__'s. ValueError for motions of unequal length."""
        lengths = {(len(motion), motion.fps) for _, motion in heads}
        if len(lengths) > 1:
            given = " and ".join(str(len(motion)) for _, motion in heads)
            raise ValueError(f"motions of {given} frames were given; motions of equal length are wanted")
        (frames, fps) = next(iter(lengths), (0, FPS))
        take = cls([name for name, _ in heads], frames, fps=fps, **how)
        take.append(*(motion for _, motion in heads))
        take.finish(video)
        return take

    def append(self, *motions: Motion) -> dict[str, Any]:
        """The next part of each head's motion; the new value. ValueError for a motion with NaN, of another frame rate
        or longer than the take."""
        if len(motions) != len(self._heads):
            raise ValueError(f"{len(motions)} motions were given to {len(self._heads)} heads")
        encoded = [encode(motion) for motion in motions]
        for k, motion in enumerate(motions):
            if motion.fps != self.fps:
                raise ValueError(f"a motion of {motion.fps:g} frames per second was given; {self.fps:g} are wanted")
            if self._given[k] + len(motion) > self.frames:
                total = self._given[k] + len(motion)
                raise ValueError(f"the motion has {total} frames; the sound lasts {self.frames}")
        for k, (motion, text) in enumerate(zip(motions, encoded, strict=True)):
            self._given[k] += len(motion)
            self._heads[k]["motion"] = [*self._heads[k]["motion"], text]
        return self.value()

    def finish(self, video: Path | None = None) -> dict[str, Any]:
        """All motion is there; `video`: for browsers that cannot draw. ValueError if some is missing."""
        if min(self._given) < self.frames:
            raise ValueError(f"the motion has {min(self._given)} frames; the sound lasts {self.frames}")
        self._rest["done"] = True
        if video is not None:
            self._rest["video"] = address(video)
        return self.value()

    def value(self) -> dict[str, Any]:
        """The viewer's value."""
        return {**self._rest, "heads": [dict(head) for head in self._heads]}


def encode(motion: Motion) -> str:
    """(T, 52) and (T, 3) as base64 of int16 (T, 55), little-endian: coefficients / REACH, radians / TURN.

    Raises ValueError for NaN, wrong shapes and numbers beyond these."""
    check(motion)
    coefficients, head = np.asarray(motion.coefficients) / REACH, np.asarray(motion.head) / TURN
    tracks = np.concatenate([coefficients, head], axis=1)
    if np.abs(tracks).max() > 1:
        largest, turn = REACH * np.abs(tracks[:, :COEFFICIENTS]).max(), TURN * np.abs(tracks[:, COEFFICIENTS:]).max()
        raise ValueError(
            f"a motion with coefficients up to {largest:.3g} and head rotations up to {turn:.3g} radians was given; "
            f"at most {REACH:g} and {TURN:.3g} are wanted"
        )
    return base64.b64encode(np.round(tracks * HALF).astype("<i2").tobytes()).decode("ascii")


def write_sound(speech: Speech, folder: Path) -> Path:
    """The speech as a wav in a visitor's own folder, whose name nobody else knows."""
    path = folder / "speech.wav"
    with replacing(path) as part:
        soundfile.write(part, speech.samples, SAMPLE_RATE, subtype="PCM_16")
    return path
