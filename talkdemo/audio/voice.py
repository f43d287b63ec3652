"""Voice features per frame (spectrum, loudness, pitch), which distinguish speakers."""

import numpy as np
import torch

from talkdemo.audio.features import HOP, MEL_BANDS, LogMel, normalise_loudness
from talkdemo.audio.prosody import energy, pitch
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Speech

LONGEST = 60  # seconds: the voice is known by then
WIDTH = MEL_BANDS + 3
_PER_FRAME = SAMPLES_PER_FRAME // HOP  # mel frames per frame of motion
_LOG_MEL = LogMel()


@torch.no_grad()
def frames(speech: Speech, longest: float = LONGEST) -> np.ndarray:
    """(T, 83) at 25 fps: 80 log-mel bands, loudness (0 at the noise floor, 1 at speech level), voicing (0/1) and pitch
    in octaves above 100 Hz (0 where unvoiced). Only the first `longest` seconds."""
    cut = Speech(normalise_loudness(speech.samples[: round(min(longest, speech.seconds) * SAMPLE_RATE)]), speech.name)
    padded = np.pad(cut.samples, (0, cut.frames * SAMPLES_PER_FRAME - len(cut.samples)))
    mel = _LOG_MEL(torch.from_numpy(padded)[None])[0].numpy()  # (4 T, 80)
    mel = mel.reshape(cut.frames, _PER_FRAME, MEL_BANDS).mean(1)
    hertz = pitch(cut)
    octaves = np.where(hertz > 0, np.log2(np.maximum(hertz, 1.0) / 100.0), 0.0)
    return np.column_stack([mel, energy(cut), hertz > 0, octaves]).astype(np.float32)
