"""Articulatory targets of every phone, and the weight it gives to each part of the mouth.

Targets are ARKit coefficients at normal effort, left = right, except `closure` (0 lips free … 1 lips held together),
from which model.py makes mouthClose = closure × jawOpen. Weights are the α of the dominance functions of
Cohen & Massaro (1993), one per group of tracks: a phone that leaves rounding open has a small weight there and takes
its neighbours' lips. Values are our own, set by eye on the head and by the statistics of real speakers (evaluate).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from talkdemo.audio.phones import PHONES, SILENCE

GROUPS: dict[str, tuple[str, ...]] = {
    "jaw": ("jawOpen", "jawForward"),
    "closure": ("closure", "mouthPress", "mouthRollLower", "mouthRollUpper", "cheekPuff"),
    "rounding": ("mouthPucker", "mouthFunnel"),
    "lips": (
        "mouthSmile", "mouthStretch", "mouthDimple", "mouthLowerDown", "mouthUpperUp", "mouthShrugLower",
        "mouthShrugUpper", "tongueOut",
    ),
}  # fmt: skip
TRACKS: tuple[str, ...] = tuple(track for tracks in GROUPS.values() for track in tracks)
TRACK: dict[str, int] = {name: i for i, name in enumerate(TRACKS)}

# Seconds in which a phone's dominance falls to 1/e before its core (anticipation) and after it (carry-over).
# The jaw is heavy, lips are light, rounding starts early.
REACH: dict[str, tuple[float, float]] = {
    "jaw": (0.042, 0.052),
    "closure": (0.024, 0.020),
    "rounding": (0.090, 0.055),
    "lips": (0.045, 0.045),
}


@dataclass(frozen=True)
class Viseme:
    """The targets of a phone, or of one half of a diphthong, and its weight in each of GROUPS."""

    targets: Mapping[str, float]
    weights: tuple[float, float, float, float]


@dataclass(frozen=True)
class PhoneTargets:
    """The one or two visemes of a phone; `first`: share of its time that belongs to the first."""

    visemes: tuple[Viseme, ...]
    first: float = 1.0


def _viseme(weights: tuple[float, float, float, float], **targets: float) -> Viseme:
    names = {
        "jaw": "jawOpen", "forward": "jawForward", "closure": "closure", "press": "mouthPress",
        "roll_lower": "mouthRollLower", "roll_upper": "mouthRollUpper", "puff": "cheekPuff", "pucker": "mouthPucker",
        "funnel": "mouthFunnel", "smile": "mouthSmile", "stretch": "mouthStretch", "dimple": "mouthDimple",
        "lower": "mouthLowerDown", "upper": "mouthUpperUp", "shrug_lower": "mouthShrugLower",
        "shrug_upper": "mouthShrugUpper", "tongue": "tongueOut",
    }  # fmt: skip
    return Viseme({names[name]: value for name, value in targets.items()}, weights)


# weights: (jaw, closure, rounding, lips)
_OPEN = (1.0, 0.8, 0.7, 0.8)
_ROUND = (1.0, 0.8, 1.3, 0.8)
_SPREAD = (1.0, 0.8, 1.0, 1.0)
_BILABIAL = (1.5, 6.0, 0.25, 0.9)
_LABIODENTAL = (1.6, 5.0, 0.30, 1.3)
_ALVEOLAR = (1.0, 0.6, 0.12, 0.35)
_SIBILANT = (1.5, 0.7, 0.20, 0.6)
_POSTALVEOLAR = (1.2, 0.7, 1.2, 0.7)
_VELAR = (0.35, 0.5, 0.08, 0.2)

VISEMES: dict[str, Viseme] = {
    SILENCE: _viseme((1.0, 1.5, 0.8, 0.8), jaw=0.012, closure=1.0, press=0.03, roll_upper=0.02, shrug_upper=0.02),
    "AA": _viseme(_OPEN, jaw=0.48, lower=0.11, upper=0.04, stretch=0.03),
    "AE": _viseme(_SPREAD, jaw=0.45, lower=0.18, upper=0.09, stretch=0.13, smile=0.03),
    "AH": _viseme(_OPEN, jaw=0.31, lower=0.11, upper=0.05, stretch=0.03),
    "AO": _viseme(_ROUND, jaw=0.37, funnel=0.30, pucker=0.14, lower=0.09),
    "EH": _viseme(_SPREAD, jaw=0.36, lower=0.16, upper=0.08, stretch=0.10, smile=0.03),
    "ER": _viseme(_ROUND, jaw=0.22, pucker=0.18, funnel=0.22, lower=0.11, upper=0.04),
    "IH": _viseme(_SPREAD, jaw=0.23, lower=0.14, upper=0.07, stretch=0.10, smile=0.03),
    "IY": _viseme(_SPREAD, jaw=0.17, lower=0.17, upper=0.09, stretch=0.25, smile=0.12, dimple=0.06),
    "UH": _viseme(_ROUND, jaw=0.20, pucker=0.28, funnel=0.20, lower=0.04),
    "UW": _viseme(_ROUND, jaw=0.16, closure=0.12, pucker=0.50, funnel=0.22, lower=0.03),
    "P": _viseme(_BILABIAL, jaw=0.09, closure=1.0, press=0.22, roll_lower=0.10, roll_upper=0.09, puff=0.07),
    "B": _viseme(_BILABIAL, jaw=0.10, closure=1.0, press=0.18, roll_lower=0.10, roll_upper=0.09, puff=0.05),
    "M": _viseme(_BILABIAL, jaw=0.10, closure=1.0, press=0.26, roll_lower=0.14, roll_upper=0.13),
    "F": _viseme(_LABIODENTAL, jaw=0.06, closure=0.25, roll_lower=0.62, upper=0.11, stretch=0.06, dimple=0.05),
    "TH": _viseme((1.1, 0.7, 0.15, 1.0), jaw=0.13, lower=0.11, upper=0.05, tongue=0.34),
    "DH": _viseme((1.2, 0.6, 0.12, 0.5), jaw=0.11, lower=0.11, upper=0.04, tongue=0.22),
    "T": _viseme(_ALVEOLAR, jaw=0.10, lower=0.12, upper=0.05, stretch=0.05, dimple=0.04),
    "N": _viseme(_ALVEOLAR, jaw=0.12, lower=0.10, upper=0.04, stretch=0.04, dimple=0.03),
    "L": _viseme((0.6, 0.6, 0.15, 0.35), jaw=0.19, lower=0.11, upper=0.05, tongue=0.04),
    "S": _viseme(_SIBILANT, jaw=0.065, lower=0.25, upper=0.12, stretch=0.14, smile=0.03, forward=0.05),
    "SH": _viseme(
        _POSTALVEOLAR, jaw=0.08, funnel=0.42, pucker=0.16, lower=0.09, upper=0.06, forward=0.09, shrug_lower=0.05
    ),
    "K": _viseme(_VELAR, jaw=0.20, lower=0.09, upper=0.04),
    "HH": _viseme((0.10, 0.4, 0.05, 0.1), jaw=0.24, lower=0.07, upper=0.03),
    "R": _viseme((0.7, 0.6, 0.9, 0.6), jaw=0.15, pucker=0.20, funnel=0.22, lower=0.07, upper=0.03),
    "W": _viseme((1.5, 1.6, 2.2, 1.0), jaw=0.10, closure=0.5, pucker=0.70, funnel=0.20),
    "Y": _viseme((0.8, 0.6, 0.4, 0.7), jaw=0.13, lower=0.13, upper=0.06, stretch=0.13, smile=0.05),
}
# Phones with the lips of another, and diphthongs: two visemes, and the share of the first.
SAME = {"V": "F", "D": "T", "Z": "S", "ZH": "SH", "CH": "SH", "JH": "SH", "G": "K", "NG": "K"}
DIPHTHONGS = {
    "AW": ("AA", "UH", 0.6),
    "AY": ("AA", "IH", 0.6),
    "EY": ("EH", "IY", 0.55),
    "OW": ("AO", "UW", 0.5),
    "OY": ("AO", "IH", 0.55),
}
TARGETS: dict[str, PhoneTargets] = {
    **{phone: PhoneTargets((viseme,)) for phone, viseme in VISEMES.items()},
    **{phone: PhoneTargets((VISEMES[like],)) for phone, like in SAME.items()},
    **{phone: PhoneTargets((VISEMES[a], VISEMES[b]), first) for phone, (a, b, first) in DIPHTHONGS.items()},
}
assert set(TARGETS) == set(PHONES)
