"""BEAT: 30 speakers with ARKit faces, speech, phones and emotions. Not shipped.

The layout is that of BEAT's own description, scripts/BEAT_2022/readme_beat.md of github.com/PantoMatrix/PantoMatrix,
with issues 20, 43 and 73 there, and details of the JSON from programs that read it; no file of BEAT itself was at hand:

- `<speaker>/<take>.json`: {"names": 51 ARKit names (no tongueOut), "frames": [{"weights", "time" in seconds,
  "rotation": always empty}, …]} at 60 fps from an iPhone, so there is no head motion; `<take>.wav` at 16 kHz;
  `<take>.TextGrid` with words and phones, missing for some takes. Takes are found in any folder below the root.
- a take is SPEAKER_NAME_TYPE_FIRST_LAST (1_wayne_0_1_8): types 0, 2, 4, 6 are monologues and 1, 3, 5, 7 conversations
  in English, Mandarin, Spanish and Japanese; FIRST and LAST are the numbers of its texts, 1–118 or 1–12, the same for
  all speakers.
- the number of a monologue gives its emotion (see EMOTIONS); conversations are neutral.

Contempt counts as disgusted. Texts whose number ends in 5 are held out (10 %, with every emotion). BEAT's authors say
that sound and face are not always in step.
CC BY-NC 4.0, Liu et al. 2022, "BEAT: A Large-Scale Semantic and Emotional Multi-Modal Dataset".
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np
import soundfile
from scipy.signal import resample_poly

from talkdemo.audio.phones import SILENCE
from talkdemo.data.corpora.live_link import resample
from talkdemo.data.corpora.ljspeech import phone_of, read_textgrid
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Clip, Motion, Phone, Speech

VARIABLE = "TALKDEMO_BEAT"
LANGUAGES = ("en", "zh", "es", "ja")  # of types 0–1, 2–3, 4–5, 6–7
# Last number of each stretch of monologues → emotion.
EMOTIONS: tuple[tuple[int, str], ...] = (
    (64, "neutral"), (72, "happy"), (80, "angry"), (86, "sad"), (94, "disgusted"), (102, "surprised"), (110, "afraid"),
    (118, "disgusted"),
)  # fmt: skip
_NAME = re.compile(r"(\d+)_([A-Za-z]+)_([0-7])_(\d+)_(\d+)")


@dataclass(frozen=True, order=True)
class Take:
    """The name of a take."""

    number: int  # of the speaker
    kind: int  # 0–7, see above
    first: int
    last: int
    speaker: str

    @classmethod
    def parse(cls, name: str) -> Self:
        match = _NAME.fullmatch(name)
        if not match:
            raise ValueError(f"{name!r} is not the name of a BEAT take; one such as 1_wayne_0_1_1 is wanted")
        number, speaker, kind, first, last = match.groups()
        take = cls(int(number), int(kind), int(first), int(last), speaker.lower())
        if kind in "0246" and take.first > EMOTIONS[-1][0]:
            raise ValueError(f"{name}: monologue {take.first} given; BEAT has 1 to {EMOTIONS[-1][0]}")
        return take

    @property
    def emotion(self) -> str:
        """One of articulation.emotions.EMOTIONS."""
        if self.kind % 2:
            return "neutral"
        return next(emotion for end, emotion in EMOTIONS if self.first <= end)

    @property
    def language(self) -> str:
        return LANGUAGES[self.kind // 2]

    @property
    def split(self) -> str:
        return "held-out" if self.first % 10 == 5 else "train"


def folder(root: Path | str | None = None) -> Path:
    """`root`, else $TALKDEMO_BEAT; FileNotFoundError where that is no folder."""
    path = root or os.environ.get(VARIABLE)
    if not path:
        raise FileNotFoundError(f"no BEAT data: set {VARIABLE} to its folder")
    if not Path(path).is_dir():
        raise FileNotFoundError(f"no BEAT data: {str(path)!r} is not a folder")
    return Path(path)


def read_face(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A JSON file → times (N,) s, coefficients (N, 52) in 0..1, mask (52,): the channels that the file has.

    Frames whose time is not later than all before are skipped. Raises ValueError for another layout.
    """
    try:
        file = json.loads(path.read_text(encoding="utf-8"))
        names, frames = file["names"], file["frames"]
        times = np.array([frame["time"] for frame in frames], np.float64)
        weights = np.array([frame["weights"] for frame in frames], np.float32)
        columns = [(INDEX[name], i) for i, name in enumerate(names) if name in INDEX]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} does not hold names and frames of weights and times, as BEAT's do") from error
    if len(times) < 2 or weights.ndim != 2 or not columns:
        raise ValueError(f"{path.name} has {len(times)} frames, {len(columns)} ARKit channels; 2 and 1 or more wanted")
    if weights.shape[1] != len(names):
        raise ValueError(f"{path.name} has {weights.shape[1]} weights a frame, {len(names)} names; as many are wanted")
    if not (np.isfinite(times).all() and np.isfinite(weights).all()):
        raise ValueError(f"{path.name} has times or weights that are not numbers; finite ones are wanted")
    coefficients = np.zeros((len(times), len(NAMES)), np.float32)
    real = np.zeros(len(NAMES), bool)
    for channel, i in columns:
        coefficients[:, channel], real[channel] = weights[:, i], True
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(times)) > 0])
    if rising.sum() < 2:
        raise ValueError(f"{path.name} has the same time in all frames; times that rise are wanted")
    return times[rising], np.clip(coefficients[rising], 0, 1), real


def read_sound(path: Path) -> np.ndarray:
    """(N,) float32 at SAMPLE_RATE: any rate is resampled, channels are averaged."""
    if not path.is_file():
        raise ValueError(f"{path.name} is not there; every JSON of BEAT is wanted with its sound")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path.name} cannot be read as sound; a wav file is wanted") from error
    mono = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        ratio = Fraction(SAMPLE_RATE, rate)
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    return np.ascontiguousarray(mono, np.float32)


def read_speech(path: Path, language: str) -> tuple[str | None, tuple[Phone, ...] | None]:
    """Words and phones of a TextGrid, None where it has none; phones of English only (others are not ARPABET).

    The aligner's marks (spn, sil, <eps>, nothing) are silence. Raises ValueError for other labels than ARPABET.
    """
    if not path.is_file():
        return None, None
    tiers = read_textgrid(path)
    words = " ".join(word for _, _, word in tiers.get("words", []) if word.strip() and not word.startswith("<"))
    if language != "en" or not tiers.get("phones"):
        return words or None, None
    labels = ((start, end, label.strip()) for start, end, label in tiers["phones"])
    phones = (Phone(a, b, SILENCE) if label.startswith("<") else phone_of(a, b, label) for a, b, label in labels)
    try:
        return words or None, tuple(phones)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def clips(
    root: Path | str | None = None, speakers: Iterable[str] | None = None, split: str | None = None
) -> Iterator[Clip]:
    """The takes by speaker, type and number; `speakers` by name ("wayne"), all when None.

    Identity is beat_NAME. Sound and face are cut to the shorter of the two. Takes last 1 to 10 minutes:
    corpora/pieces.py cuts them. Raises FileNotFoundError where the data is absent, ValueError for a file of another
    layout.
    """
    base = folder(root)
    names = None if speakers is None else set(speakers)
    takes = [(Take.parse(path.stem), path) for path in base.rglob("*.json") if _NAME.fullmatch(path.stem)]
    if not takes:
        raise FileNotFoundError(f"no BEAT data: no take such as 1/1_wayne_0_1_1.json is below {base.name}")
    for take, path in sorted(takes):
        if (names is not None and take.speaker not in names) or (split is not None and take.split != split):
            continue
        times, coefficients, real = read_face(path)
        samples = read_sound(path.with_suffix(".wav"))
        text, phones = read_speech(path.with_suffix(".TextGrid"), take.language)
        coefficients = resample(times, coefficients).astype(np.float32)
        frames = min(len(coefficients), -(-len(samples) // SAMPLES_PER_FRAME))
        yield Clip(
            name=path.stem,
            corpus="beat",
            speech=Speech(samples[: frames * SAMPLES_PER_FRAME], path.stem),
            split=take.split,
            identity=f"beat_{take.speaker}",
            emotion=take.emotion,
            language=take.language,
            text=text,
            phones=phones,
            motion=Motion(coefficients[:frames], np.zeros((frames, 3), np.float32)),
            mask=real,
        )
