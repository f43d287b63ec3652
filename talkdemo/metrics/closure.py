"""Closure test: how often the lips meet on /p b m/, and how often where they must not.

Hits, false closures and hits on vowels are only meaningful together: a mouth that never opens hits every /p b m/.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.metrics.timing import frames_of, window
from talkdemo.records import FPS, Phone

CLOSED = 0.15  # of the 95th percentile of the clip's gap
MARGIN = 0.040  # seconds around a phone in which its closure may fall


@dataclass(frozen=True)
class Closure:
    """Counts of one clip (add them with `+` before dividing: clips differ in how many phones they have)."""

    hits: int  # /p b m/ whose smallest gap is below CLOSED
    bilabials: int
    closed_vowel_frames: int
    vowel_frames: int
    vowel_hits: int  # the same test as for /p b m/, on vowels
    vowels: int

    def __add__(self, other: Closure) -> Closure:
        return Closure(*(a + b for a, b in zip(self._counts, other._counts, strict=True)))

    @property
    def _counts(self) -> tuple[int, ...]:
        return (self.hits, self.bilabials, self.closed_vowel_frames, self.vowel_frames, self.vowel_hits, self.vowels)

    @property
    def hit_share(self) -> float:
        """Share of /p b m/ on which the lips meet; nan without any."""
        return self.hits / self.bilabials if self.bilabials else float("nan")

    @property
    def false_share(self) -> float:
        """Share of vowel frames on which the lips are closed; nan without any."""
        return self.closed_vowel_frames / self.vowel_frames if self.vowel_frames else float("nan")

    @property
    def vowel_hit_share(self) -> float:
        """V: share of vowels near which the lips meet. Near the hit share = the lips close anywhere."""
        return self.vowel_hits / self.vowels if self.vowels else float("nan")


def relative_gap(gap: np.ndarray, closed_below: float = 1e-9) -> np.ndarray:
    """Gap over its 95th percentile in the clip, (T,); a mouth that is always shut (≤ closed_below) gives zeros."""
    gap = np.asarray(gap, np.float64)
    scale = np.percentile(gap, 95)
    return gap / scale if scale > closed_below else np.zeros_like(gap)


def closure(
    gap: np.ndarray,
    phones: Sequence[Phone],
    *,
    bilabials: Collection[str],
    vowels: Collection[str],
    fps: float = FPS,
    threshold: float = CLOSED,
    margin: float = MARGIN,
) -> Closure:
    """Count hits in [start − margin, end + margin] of every bilabial and vowel, and closed frames inside vowels.

    gap: (T,) inner-lip distance in any unit (head turned away: over the inter-ocular distance); phones: seconds.
    """
    shut = relative_gap(gap) < threshold  # (T,)
    frames = len(shut)

    def touched(labels: Collection[str]) -> list[bool]:
        return [
            bool(shut[window(frames, phone.start - margin, phone.end + margin, fps)].any())
            for phone in phones
            if phone.label in labels
        ]

    on_bilabials, on_vowels = touched(bilabials), touched(vowels)
    in_vowels = frames_of(phones, vowels, frames, fps)
    return Closure(
        sum(on_bilabials),
        len(on_bilabials),
        int((shut & in_vowels).sum()),
        int(in_vowels.sum()),
        sum(on_vowels),
        len(on_vowels),
    )
