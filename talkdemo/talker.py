"""The talking model, one module and one checkpoint: network, motion statistics, library of conditions, schedule.

Its condition is what tells the two systems apart: learned talking identities (DiffusionTalker) or the style of a
reference clip (DiffPoseTalk). Full and distilled models are the same type; a student is another file. So is the
deterministic regressor that the evaluation compares with: the same network, trained to predict the motion in one
evaluation, without noise or steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from talkdemo import checkpoint
from talkdemo.condition.identity import IdentityConfig, IdentityLibrary
from talkdemo.condition.style import StyleLibrary, StyleLibraryConfig
from talkdemo.diffusion.denoiser import (
    HEAD,
    UNGUIDED,
    DenoiserInput,
    MotionStatistics,
    bind_denoiser,
    evaluations,
    guided,
    thresholded,
)
from talkdemo.diffusion.network import Network, NetworkConfig
from talkdemo.diffusion.sampler import Denoiser, OnStep, Sampler, ddim, draw
from talkdemo.diffusion.schedule import cosine
from talkdemo.diffusion.smoothing import smoothed
from talkdemo.diffusion.window import Window, generate, padded_frames, windows
from talkdemo.records import Guidance

KIND = "talker"
HALF = ("cuda",)  # kinds of devices on which the network runs in bfloat16, as it was trained
STUDENT_HERTZ = 3.0  # students' heads, which tremble, are smoothed above it


@dataclass(frozen=True)
class TalkerConfig:
    identity: IdentityConfig | None = None  # DiffusionTalker; this or `style`
    network: NetworkConfig = field(default_factory=NetworkConfig)
    steps: int = 512  # N of the cosine schedule
    student_steps: int | None = None  # distilled to so many steps; None: the full model
    encoder: str = "audio-encoder"  # whose features it was trained on; "ssl:NAME" for a self-supervised model
    regressor: bool = False  # no diffusion: one evaluation from zeros
    style: StyleLibraryConfig | None = None  # DiffPoseTalk

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> TalkerConfig:
        parts: dict[str, Any] = {**config, "network": NetworkConfig(**config["network"])}
        if identity := config.get("identity"):
            parts["identity"] = IdentityConfig(**identity)
        if style := config.get("style"):
            parts["style"] = StyleLibraryConfig(**style)
        return cls(**parts)


class Talker(nn.Module):
    library: IdentityLibrary | StyleLibrary

    def __init__(self, config: TalkerConfig) -> None:
        """Raises ValueError unless exactly one kind of condition is configured."""
        super().__init__()
        if (config.identity is None) == (config.style is None):
            raise ValueError("a talker is conditioned either on identities or on styles; exactly one is wanted")
        self.config = config
        self.network = Network(config.network)
        self.statistics = MotionStatistics(config.network.channels)
        if config.identity is not None:
            self.library = IdentityLibrary(config.identity)
        elif config.style is not None:
            self.library = StyleLibrary(config.style)
        self.start = nn.Parameter(torch.zeros(config.network.previous, config.network.channels))
        self.null_features = nn.Parameter(torch.zeros(config.network.features))
        self.schedule = cosine(config.steps)

    @classmethod
    def open(cls, name: str | Path) -> tuple[Talker, checkpoint.Checkpoint]:
        file = checkpoint.load(name, KIND)
        talker = cls(TalkerConfig.from_dict(file.config))
        talker.load_state_dict(file.tensors, strict=True)
        return talker.eval(), file

    def save(self, path: Path | str, provenance: Mapping[str, Any]) -> Path:
        return checkpoint.save(path, self, KIND, asdict(self.config), provenance)

    def padded_frames(self, frames: int) -> int:
        """Frames of features that `frames` frames of motion take: whole windows."""
        return padded_frames(frames, self.config.network.window)

    def steps(self, steps: int) -> int:
        """Sampling steps that are taken where `steps` are asked for: a regressor takes one."""
        return 1 if self.config.regressor else steps

    def evaluations(self, steps: int, guidance: Guidance = UNGUIDED) -> int:
        """How many times the network runs for one window."""
        return self.steps(steps) * evaluations(guidance, self.config.network.guided)

    @torch.inference_mode()
    def sample(
        self,
        features: Iterable[torch.Tensor],  # pieces (t, D) in order, padded_frames(frames) in all
        frames: int,
        condition: Sequence[torch.Tensor],  # what the library takes, unbatched: identity and emotion mix, or the style
        steps: int,
        seeds: Sequence[int],
        guidance: Guidance = UNGUIDED,
        *,
        sampler: Sampler = ddim,
        threshold: float | None = None,
        on_step: OnStep | None = None,
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield, window by window, coefficients (K, T', 52) and head rotation (K, T', 3), one sample per seed.

        Same seed, same motion, whatever the other samples of the batch. `threshold`: the quantile of dynamic
        thresholding, of every term before guidance adds them up. `on_step(done, all)` counts steps over all windows.
        """
        network, device, k = self.config.network, self.start.device, len(seeds)
        schedule = self.schedule.discretise(self.steps(steps))
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        batch = [row[None].to(device) for row in condition]  # of one, which all samples share
        drop = torch.ones(1, dtype=torch.bool, device=device)
        weights = torch.tensor([[guidance.audio, guidance.style]], device=device)
        total, done = len(schedule) * len(windows(frames, network.window)), 0

        def step(_: int, __: int) -> None:
            nonlocal done
            done += 1
            if on_step:
                on_step(done, total)

        def sample_window(features: torch.Tensor, previous: torch.Tensor, _: Window) -> torch.Tensor:
            speech = features[None]

            def bind(speech: torch.Tensor, dropped: torch.Tensor | None) -> Denoiser:
                window = DenoiserInput(speech, previous, self.library(*batch, speech, dropped), weights)
                denoise = bind_denoiser(self.network, window)
                return denoise if threshold is None else thresholded(denoise, threshold)

            denoise = bind(speech, None)
            if not (network.guided or guidance.none):
                null = self.null_features.expand_as(speech)
                denoise = guided(denoise, bind(speech, drop), bind(null, drop), guidance)
            if self.config.regressor:
                z = torch.zeros(k, network.window, network.channels, device=device)
            else:
                z = draw((network.window, network.channels), generators).to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type in HALF):
                motion = sampler(denoise, z, schedule, generators=generators, on_step=step)
            if self.config.student_steps is not None:
                motion[..., HEAD] = smoothed(motion[..., HEAD], previous[..., HEAD], STUDENT_HERTZ)
            return motion

        first = self.start.expand(k, -1, -1)
        pieces = (piece.to(device) for piece in features)
        for window in generate(sample_window, pieces, first, frames, network.window, HEAD):
            coefficients, head = self.statistics.restore(window)
            yield coefficients.clamp(0, 1), head
