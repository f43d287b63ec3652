"""Teacher and student as denoisers of training windows, each window with its own guidance weights.

A guided network takes the weights as an input and runs once; any other runs three times on the windows that are guided.
"""

from dataclasses import replace

import torch

from talkdemo.diffusion.denoiser import DenoiserInput, extrapolate
from talkdemo.diffusion.denoiser import bind_denoiser as bind_network
from talkdemo.diffusion.sampler import Denoiser
from talkdemo.talker import Talker
from talkdemo.train.talker.recipe import PREVIOUS_NOISE
from talkdemo.train.talker.windows import Batch


def denoiser_input(
    talker: Talker, batch: Batch, guidance: torch.Tensor, jitter: torch.Tensor | None = None
) -> DenoiserInput:
    """Windows as in training: the learned start before a session's first frames, elsewhere the clean frames before,
    with `jitter` (B, P, 55) of unit normal noise; nothing is dropped. Teacher and student share it: the library and the
    learned start are the teacher's and stay as they are."""
    previous = batch.previous if jitter is None else batch.previous + PREVIOUS_NOISE * jitter
    previous = torch.where(batch.first[:, None, None], talker.start, previous)
    condition = talker.library(*batch.condition, batch.features)
    return DenoiserInput(batch.features, previous, condition, guidance)


def bind_denoiser(talker: Talker, windows: DenoiserInput) -> Denoiser:
    """x̂(z, t) of these windows; what does not depend on the step is computed here, once."""
    full, guidance = bind_network(talker.network, windows), windows.guidance
    if guidance is None or talker.network.config.guided or (guidance == 1).all():
        return full
    rows = (guidance != 1).any(1)
    audio, style = guidance[rows][:, :, None, None].unbind(1)
    some = windows[rows]
    null = replace(some, condition=talker.library.null.to(some.condition).expand_as(some.condition))
    speech_only = bind_network(talker.network, null)
    silence = talker.null_features.expand_as(some.features)
    nothing = bind_network(talker.network, replace(null, features=silence))

    def denoise(z: torch.Tensor, t: int | torch.Tensor) -> torch.Tensor:
        x = full(z, t)
        z_rows, t_rows = z[rows], t if isinstance(t, int) else t[rows]
        guided = extrapolate(x[rows], speech_only(z_rows, t_rows), nothing(z_rows, t_rows), audio, style)
        return x.index_copy(0, rows.nonzero()[:, 0], guided)

    return denoise
