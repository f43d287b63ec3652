"""Speech features of a self-supervised model (HuBERT, wav2vec 2.0, WavLM), in place of those of audio.encoder.

Optional: needs the package `transformers`, which is not among the requirements, and weights in a folder or on the Hub.
The interface is SpeechEncoder's: the same loudness normalisation, silence as padding, 25 fps, long speech in chunks,
loudness, voicing and pitch as the last three numbers. As in FaceFormer and DiffPoseTalk, the features are the last
hidden layer, interpolated linearly to the frames of motion. Baevski et al. 2020; Hsu et al. 2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from talkdemo.audio.encoder import CHUNK_SECONDS, CONTEXT_SECONDS, SpeechEncoder, prosody_features
from talkdemo.audio.features import normalise_loudness
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Speech

if TYPE_CHECKING:
    from transformers import PreTrainedModel

HOP = 320  # samples from one of the model's frames to the next: 50 Hz
SCALE = 10.0  # brings speech at −20 dBFS to the unit variance that these models were trained on; silence stays silent


@dataclass(frozen=True)
class SelfSupervisedConfig:
    features: int  # D: numbers per frame of motion


class SelfSupervised(nn.Module):
    """Wraps a model of `transformers` whose convolutions read 16 kHz samples in steps of HOP."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        field, hop = 1, 1
        for kernel, stride in zip(model.config.conv_kernel, model.config.conv_stride, strict=True):
            field += (kernel - 1) * hop
            hop *= stride
        if hop != HOP:
            raise ValueError(f"the model has a frame every {hop} samples; one every {HOP} is wanted")
        self.config = SelfSupervisedConfig(model.config.hidden_size + 3)
        self.model = model
        # centres frame k on (k + ½)·HOP, with one frame for each HOP samples
        self.padding = ((field - hop) // 2, field - hop - (field - hop) // 2)

    @classmethod
    def open(cls, name: str | Path) -> SelfSupervised:
        """A folder made by `save_pretrained`, or the id of a model on the Hub such as facebook/hubert-base-ls960.

        Raises ValueError with one sentence: `transformers` is absent, there are no such weights, or another kind.
        """
        try:
            from transformers import AutoConfig, AutoModel
        except ImportError as error:
            raise ValueError("HuBERT and wav2vec 2.0 need a package: pip install transformers") from error
        label = Path(name).name if Path(name).is_dir() else str(name)
        absent = f"no weights of a speech model in {label!r}; a folder or an id on the Hub is wanted"
        try:
            config = AutoConfig.from_pretrained(str(name))
        except (OSError, ValueError) as error:
            raise ValueError(absent) from error
        if not (hasattr(config, "conv_stride") and hasattr(config, "conv_kernel")):
            raise ValueError(f"{label!r} is a {config.model_type} model; HuBERT, wav2vec 2.0 or WavLM is wanted")
        try:
            return cls(AutoModel.from_pretrained(str(name), config=config)).eval()
        except OSError as error:
            raise ValueError(absent) from error

    @torch.no_grad()
    def hidden(self, samples: np.ndarray, frames: int) -> torch.Tensor:
        """The last layer at 50 Hz, (2·frames, hidden), of samples (N,) padded with silence to `frames` of motion.

        Long speech goes through in chunks with a second of context on either side. (Models with a group norm over
        time, the "base" ones, see the statistics of a chunk, not of the whole.)
        """
        length = frames * SAMPLES_PER_FRAME
        loud = normalise_loudness(samples)[:length] * SCALE
        audio = torch.from_numpy(np.pad(loud, (0, length - len(loud))))
        device = next(self.model.parameters()).device
        chunk, context = (round(seconds * FPS) * SAMPLES_PER_FRAME for seconds in (CHUNK_SECONDS, CONTEXT_SECONDS))
        parts = []
        for start in range(0, length, chunk):
            left, stop = max(0, start - context), min(length, start + chunk)
            chunk_audio = F.pad(audio[None, left : stop + context], self.padding).to(device)
            layer = self.model(chunk_audio).last_hidden_state[0]  # ((right - left) / HOP, hidden)
            parts.append(layer[(start - left) // HOP : (stop - left) // HOP])
        return torch.cat(parts)

    def features(self, speech: Speech, frames: int | None = None) -> np.ndarray:
        """(T, D) features of speech, padded with silence or cut to `frames` (default: those that cover the speech).

        A frame of motion is centred halfway between two frames of the model, so linear interpolation is their mean.
        Loudness, voicing and pitch follow as in SpeechEncoder.features.
        """
        frames = frames or speech.frames
        layer = self.hidden(speech.samples, frames).view(frames, 2, -1).mean(1).cpu().numpy()
        return np.concatenate([layer, prosody_features(speech, frames)], axis=1).astype(np.float32)

    def stream(self, speech: Speech, frames: int | None = None) -> Iterator[np.ndarray]:
        """`features` in one piece."""
        yield self.features(speech, frames)


def open_encoder(name: str) -> SpeechEncoder | SelfSupervised:
    """The encoder of a talker's features: the checkpoint of our own, or "ssl:" and a self-supervised model."""
    if name.startswith("ssl:"):
        return SelfSupervised.open(name.removeprefix("ssl:"))
    return SpeechEncoder.open(name)
