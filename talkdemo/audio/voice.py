"""Speech in, a summary of the voice out: average spectrum, its spread, and pitch. What matches a speaker, not words."""

from __future__ import annotations

import numpy as np
import torch

from talkdemo.audio.features import LogMel, normalise_loudness
from talkdemo.audio.prosody import pitch
from talkdemo.records import SAMPLE_RATE, Speech

LONGEST = 60  # seconds: the voice is known by then
_LOG_MEL = LogMel()


@torch.no_grad()
def summary(speech: Speech) -> np.ndarray:
    """(163,) mean and standard deviation of the 80 log-mel bands over the louder half of the frames, then median pitch
    (octaves above 100 Hz), its interquartile range (octaves) and the voiced share. Only the first LONGEST."""
    samples = normalise_loudness(speech.samples[: LONGEST * SAMPLE_RATE])
    mel = _LOG_MEL(torch.from_numpy(samples)[None])[0].numpy()  # (T100, 80)
    level = mel.mean(1)
    active = mel[level >= np.median(level)]
    hertz = pitch(Speech(samples, speech.name))
    voiced = np.log2(hertz[hertz > 0] / 100.0)
    low, middle, high = np.quantile(voiced, [0.25, 0.5, 0.75]) if len(voiced) else (0.0, 0.0, 0.0)
    tail = [middle, high - low, len(voiced) / max(1, len(hertz))]
    return np.concatenate([active.mean(0), active.std(0), tail]).astype(np.float32)
