"""A portrait that talks: the crop that is shown, as many frames as the motion has, the sound, a stop."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from talkdemo.face.arkit import INDEX
from talkdemo.film import portrait as portrait_video
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.records import FPS, Motion, Speech, Stopped


def talking(frames: int) -> Motion:
    coefficients = np.zeros((frames, 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 1, frames)
    return Motion(coefficients, np.zeros((frames, 3), np.float32), FPS)


def test_what_is_shown(maya: Portrait) -> None:
    """A gallery portrait as it is; of a wide odd picture head and shoulders, with even sides, landmarks in place."""
    plain = portrait_video.crop(maya)
    assert (plain.image == maya.image).all() and np.allclose(plain.landmarks, maya.landmarks)
    wide = np.zeros((901, 1803, 3), np.uint8)
    wide[200:712, 1100:1612] = maya.image
    shown = portrait_video.crop(Portrait(wide, maya.landmarks + np.array([1100, 200]), "wide"))
    height, width = shown.image.shape[:2]
    assert max(height, width) <= portrait_video.SIDE and height % 2 == width % 2 == 0
    eyes = np.linalg.norm(shown.landmarks[36] - shown.landmarks[45])
    assert 0.12 * width < eyes < 0.4 * width
    at = shown.landmarks[30].round().astype(int)
    nose = maya.landmarks[30].round().astype(int)
    assert np.abs(shown.image[at[1], at[0]].astype(int) - maya.image[nose[1], nose[0]]).max() < 40
    with pytest.raises(ValueError, match="outside of the image"):
        portrait_video.crop(Portrait(wide, maya.landmarks + np.array([9000, 0]), "away"))


def test_video(maya: Portrait, tmp_path: Path, read_video) -> None:
    expresser, shares, shown = Expresser.load(), list[float](), list[int]()
    speech = Speech(np.sin(np.arange(6 * 640) / 10).astype(np.float32) * 0.3)
    spent = portrait_video.write(
        tmp_path / "x.mp4", expresser, maya, talking(6), speech, progress=lambda _, share: shares.append(share),
        shown=lambda number, frame: shown.append(number if frame.shape == maya.image.shape else -1),
    )  # fmt: skip
    assert shown == [*range(6)]
    frames, sound = read_video(tmp_path / "x.mp4")
    assert frames.shape == (6, 512, 512, 3) and sound is not None and spent["portrait"] > 0
    assert shares == sorted(shares) and shares[-1] == 1
    mouth = maya.landmarks[48:].mean(0).astype(int)
    moved = np.abs(frames[5].astype(int) - frames[0])[mouth[1] - 40 : mouth[1] + 40, mouth[0] - 40 : mouth[0] + 40]
    assert moved.max() > 8
    still = list(portrait_video.targets(expresser, maya, talking(3), amount=0.0))
    assert np.allclose(still, maya.seen[None])


def test_the_head_turns_or_keeps_still(expresser: Expresser, maya: Portrait) -> None:
    motion = talking(3)
    motion.head[1:] = (0.0, 0.1, 0.0)
    still = list(portrait_video.pictures(expresser, maya, motion, amount=1.0, turns=False))
    turned = list(portrait_video.pictures(expresser, maya, motion, amount=1.0))
    assert (still[0] == turned[0]).all() and (still[2] != turned[2]).any()
    hair = np.s_[20:45, 220:300]  # moves with the head alone
    assert (still[2][hair] == maya.image[hair]).all() and (turned[2][hair] != maya.image[hair]).any()


def test_stopped_leaves_nothing(expresser: Expresser, maya: Portrait, tmp_path: Path) -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        portrait_video.write(
            tmp_path / "x.mp4", expresser, maya, talking(50), progress=lambda *_: stop.set(), stop=stop
        )
    assert not list(tmp_path.iterdir())
