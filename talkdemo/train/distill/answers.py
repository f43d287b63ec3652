"""A batch of windows in, what teacher and student are told of it and what they answer to noisy motion out.

One door for every talker: a guided network takes the weights of guidance as an input and runs once; any other runs
three times on the items that are guided (denoiser.guided with weights per item).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch

from talkdemo.diffusion.sampler import Denoiser as Answer
from talkdemo.talker import Talker
from talkdemo.train.talker.diffusiontalker import PREVIOUS_NOISE, Batch


@dataclass(frozen=True)
class Told:
    """All that a network is told beside the noisy motion, for B windows."""

    features: torch.Tensor  # (B, P + L, D)
    previous: torch.Tensor  # (B, P, 55) normalised
    condition: torch.Tensor  # (B, condition)
    guidance: torch.Tensor  # (B, 2) weights on speech and style

    def __getitem__(self, rows: torch.Tensor | slice) -> Told:
        return Told(*(getattr(self, field.name)[rows] for field in fields(self)))


def told(talker: Talker, batch: Batch, guidance: torch.Tensor, jitter: torch.Tensor | None = None) -> Told:
    """Windows as training shows them: the learned start before a session's first frames, elsewhere the clean frames
    before, with `jitter` (B, P, 55) of unit normal noise on them; nothing is dropped. Teacher and student share it:
    the library and the learned start are the teacher's and stay as they are."""
    previous = batch.previous if jitter is None else batch.previous + PREVIOUS_NOISE * jitter
    previous = torch.where(batch.first[:, None, None], talker.start, previous)
    condition = talker.library(*batch.about(talker), batch.features)
    return Told(batch.features, previous, condition, guidance)


def answers(talker: Talker, about: Told) -> Answer:
    """x̂(z, t) of these windows in float32, t (B,); what no step changes is computed here, once."""
    network = talker.network
    folded = network.config.guided

    def bound(what: Told) -> Answer:
        speech = network.speech(what.features)
        weights = what.guidance if folded else None
        return lambda z, t: network(z, t, speech, what.previous, what.condition, weights).float()

    full, rows = bound(about), (about.guidance != 1).any(1)
    if folded or not rows.any():
        return full
    some = about[rows]
    null = talker.library.null.to(some.condition).expand_as(some.condition)
    speech_only = bound(replace(some, condition=null))
    nothing = bound(replace(some, condition=null, features=talker.null_features.expand_as(some.features)))
    audio, style = some.guidance[:, :, None, None].unbind(1)

    def answer(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        x = full(z, t)
        a, n = speech_only(z[rows], t[rows]), nothing(z[rows], t[rows])
        guided = n + audio * (a - n) + style * (x[rows] - a)
        return x.index_copy(0, rows.nonzero()[:, 0], guided)

    return answer
