"""The articulation model: performs timed phones and prosody as a moving face and head, with random variation.

    phones ─ prosody ─▶ mouth (dominance blending) ─┐
                 ├────▶ head (sway, nods)           ├─ emotion ─ closures ─▶ Motion
                 └────▶ upper face (blinks, gaze) ──┘

A performance follows from the style, the emotion and the state of the generator.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from talkdemo.audio.prosody import energy, pitch
from talkdemo.data.articulation.emotions import Emotion, layer
from talkdemo.data.articulation.head_motion import head_rotation
from talkdemo.data.articulation.mouth import closures, labiodentals, mouth_tracks
from talkdemo.data.articulation.noise import smooth_noise
from talkdemo.data.articulation.prosody import Prosody, analyse
from talkdemo.data.articulation.styles import Style
from talkdemo.data.articulation.upper_face import upper_face
from talkdemo.data.articulation.visemes import TRACK, TRACKS
from talkdemo.face.arkit import INDEX, NAMES, indices
from talkdemo.face.contact import opening
from talkdemo.records import FPS, Motion, Phone, Speech

APART = 0.24  # least opening of a vowel, of the clip's 95th percentile (the closure test asks for 0.15)


def performances(
    speech: Speech, phones: Sequence[Phone], variants: Iterable[tuple[Style, str, np.random.Generator]]
) -> Iterator[Motion]:
    """The motion of a speech with timed phones, once for every (style, emotion, generator)."""
    loudness, hertz = energy(speech), pitch(speech)
    for style, emotion, generator in variants:
        yield articulate(phones, loudness, hertz, style, emotion, generator, speech.frames)


def articulate(
    phones: Sequence[Phone],
    loudness: np.ndarray,
    hertz: np.ndarray,
    style: Style,
    emotion: str,
    generator: np.random.Generator,
    frames: int,
) -> Motion:
    """One performance of `frames` frames at 25 fps; frame i shows the middle of its 40 ms.

    phones: in order, times in seconds, gaps are silence. loudness (T,), 0 at the noise floor … about 1 at speech level,
    and hertz (T,), the pitch, 0 = unvoiced: as audio.prosody measures them.
    Raises ValueError for unknown phones or emotions and for tracks of another length.
    """
    if frames < 1:
        raise ValueError(f"{frames} frames were asked for; at least 1 is wanted")
    feeling = layer(emotion)
    prosody = analyse(phones, loudness, hertz, frames)
    emotional = replace(style, jaw_gain=style.jaw_gain * feeling.jaw, lip_gain=style.lip_gain * feeling.lips)
    head = head_rotation(prosody, style, feeling, generator, frames)
    mouth = mouth_tracks(prosody, emotional, generator, frames)
    faces = np.zeros((frames, len(NAMES)))
    for name, track in upper_face(prosody, style, feeling, head, generator).items():
        faces[:, INDEX[name]] = track
    closure = _add_mouth(faces, mouth, style, generator)
    _add_emotion(faces, feeling, generator)
    _enforce_closures(faces, closure, prosody)
    _add_asymmetry(faces, style, generator)
    return Motion(np.clip(faces, 0, 1).astype(np.float32), head.astype(np.float32), meta={"emotion": emotion})


def _add_mouth(faces: np.ndarray, mouth: np.ndarray, style: Style, generator: np.random.Generator) -> np.ndarray:
    """Add the tracks of the mouth and the biases of the style; returns closure (T,)."""
    for name in TRACKS:
        if name != "closure":
            faces[:, indices(name)] = mouth[:, [TRACK[name]]]
    for name, knee in (("jawOpen", 0.5), ("mouthPucker", 0.6), ("mouthRollLower", 0.5)):
        column = faces[:, INDEX[name]]  # a view; joints and skin stiffen towards their ends
        over = np.maximum(column - knee, 0)
        column -= over - 0.25 * np.tanh(over / 0.25)
    habit = 1 + 0.15 * smooth_noise(generator, len(faces), 0.15, FPS)
    for name, bias in (
        ("mouthSmile", style.smile_bias), ("mouthFrown", style.frown_bias), ("mouthStretch", style.stretch_bias),
        ("mouthShrugLower", style.shrug_bias), ("mouthShrugUpper", 0.5 * style.shrug_bias),
        ("mouthDimple", 0.3 * style.smile_bias), ("cheekSquint", 0.5 * style.smile_bias),
    ):  # fmt: skip
        faces[:, indices(name)] += np.maximum(bias * habit, 0)
    aside = 0.035 * style.jaw_side * (0.5 + faces[:, INDEX["jawOpen"]])
    faces[:, INDEX["jawLeft"]], faces[:, INDEX["jawRight"]] = np.maximum(aside, 0), np.maximum(-aside, 0)
    faces[:, INDEX["mouthLeft"]], faces[:, INDEX["mouthRight"]] = np.maximum(-aside, 0), np.maximum(aside, 0)
    faces[:, INDEX["jawOpen"]] += 0.004 * (1 + np.sin(2 * np.pi * 0.25 * np.arange(len(faces)) / FPS))  # breath
    return mouth[:, TRACK["closure"]]


def _add_emotion(faces: np.ndarray, feeling: Emotion, generator: np.random.Generator) -> None:
    """Add the emotion at a random strength; rounding suppresses a smile."""
    strength = generator.uniform(0.8, 1.1) * (1 + 0.08 * smooth_noise(generator, len(faces), 0.12, FPS))
    for name, offset in feeling.offsets.items():
        faces[:, indices(name)] += offset * strength
    pucker = np.clip(faces[:, indices("mouthPucker")], 0, 1)
    for name in ("mouthSmile", "mouthStretch", "mouthDimple", "mouthFrown"):
        faces[:, indices(name)] *= 1 - 0.65 * pucker
    blink = faces[:, indices("eyeBlink")].max(axis=1, keepdims=True)
    faces[:, indices("eyeWide")] *= 1 - np.clip(blink, 0, 1)


def _enforce_closures(faces: np.ndarray, closure: np.ndarray, prosody: Prosody) -> None:
    """Make the lips meet and part where they must, on the frame grid."""
    shut, apart = closures(prosody, len(faces))
    closure = np.clip(closure, 0, 1)
    closure = np.where(shut, 1.0, closure)
    jaw = faces[:, INDEX["jawOpen"]]  # a view: the jaw comes up with the lips
    _hold_below(jaw, shut, 0.17)
    _hold_below(jaw, labiodentals(prosody, len(faces)), 0.10)
    free = (1 - closure)[:, None]
    for name in ("mouthLowerDown", "mouthUpperUp", "mouthFunnel"):
        faces[:, indices(name)] *= free**0.7
    faces[:, INDEX["mouthClose"]] = closure * jaw
    press = faces[:, indices("mouthPress")]
    faces[:, indices("mouthPress")] = np.where(shut[:, None], np.maximum(press, 0.12), press)
    gap = opening(faces)
    least = APART * np.percentile(gap, 95)
    lacking = np.maximum(least - gap, 0) * apart
    relax = np.minimum(lacking, faces[:, INDEX["mouthClose"]])
    faces[:, INDEX["mouthClose"]] -= relax
    faces[:, INDEX["jawOpen"]] += lacking - relax


def _hold_below(track: np.ndarray, where: np.ndarray, ceiling: float) -> None:
    """Lower `track` (T,) in place to `ceiling` on the frames `where`, and their neighbours half as much."""
    excess = np.maximum(track - ceiling, 0) * where
    around = np.pad(excess, 1)
    track -= np.maximum(excess, 0.5 * np.maximum(around[:-2], around[2:]))
    np.maximum(track, 0, out=track)


def _add_asymmetry(faces: np.ndarray, style: Style, generator: np.random.Generator) -> None:
    """Small differences between left and right, as every face has them."""
    lean = 0.12 * style.asymmetry + 0.03 * smooth_noise(generator, len(faces), 0.2, FPS)[:, 0]
    for name in ("mouthSmile", "mouthDimple", "mouthStretch", "mouthUpperUp", "mouthLowerDown", "mouthFrown",
                 "cheekSquint", "eyeSquint", "noseSneer"):  # fmt: skip
        left, right = indices(name)
        faces[:, left] *= 1 + lean
        faces[:, right] *= 1 - lean
    faces[:, INDEX["eyeBlinkRight"]] *= 0.985
