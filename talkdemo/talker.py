"""The talking model as one module and one checkpoint: network, motion statistics, its condition, and its schedule.

Its condition is what tells the two systems apart: learned talking identities (DiffusionTalker) or the style of a
reference clip (DiffPoseTalk). Full and distilled models are the same type; a student is another file. So is the
deterministic regressor that the evaluation compares with: the same network, trained to answer at once what it expects,
without noise or steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from talkdemo import checkpoint
from talkdemo.condition.identity import IdentityConfig, IdentityLibrary
from talkdemo.condition.style import StyleLibrary, StyleLibraryConfig
from talkdemo.diffusion import sampler
from talkdemo.diffusion.denoiser import (
    HEAD,
    UNGUIDED,
    Denoise,
    Guidance,
    MotionStatistics,
    WindowCondition,
    denoiser,
    guided,
    thresholded,
)
from talkdemo.diffusion.network import Network, NetworkConfig
from talkdemo.diffusion.schedule import cosine
from talkdemo.diffusion.window import Window, generate, padded_frames, windows

KIND = "talker"


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
        given = {**config, "network": NetworkConfig(**config["network"])}
        if identity := config.get("identity"):
            listed = {k: tuple(v) if isinstance(v, list) else v for k, v in identity.items()}
            given["identity"] = IdentityConfig(**listed)
        if style := config.get("style"):
            given["style"] = StyleLibraryConfig(**style)
        return cls(**given)


class Talker(nn.Module):
    def __init__(self, config: TalkerConfig) -> None:
        """Raises ValueError unless exactly one kind of condition is configured."""
        super().__init__()
        if (config.identity is None) == (config.style is None):
            raise ValueError("a talker is conditioned either on identities or on styles; exactly one is wanted")
        self.config = config
        self.network = Network(config.network)
        self.statistics = MotionStatistics(config.network.channels)
        self.library = IdentityLibrary(config.identity) if config.identity else StyleLibrary(config.style)
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
        """Frames of features wanted for `frames` frames of motion: whole windows."""
        return padded_frames(frames, self.config.network.window)

    @torch.no_grad()
    def sample(
        self,
        features: torch.Tensor,  # (padded_frames(frames), D)
        frames: int,
        about: Sequence[torch.Tensor],  # what the library takes, a row each: identity and emotion mix, or the style
        steps: int,
        seeds: list[int],
        guidance: Guidance = UNGUIDED,
        on_step: sampler.OnStep | None = None,
        ancestral: bool = False,
        threshold: float | None = None,
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield, window by window, coefficients (K, T', 52) and head rotation (K, T', 3), one sample per seed.

        Sampling is by DDIM, or ancestral (DDPM), which takes all N steps of the schedule. Same seed, same motion,
        whatever the other samples of the batch. `on_step(done, all)` counts steps over all windows. Raises ValueError
        for ancestral sampling in fewer steps. `threshold`: the quantile of dynamic thresholding, of every term
        before guidance adds them up; None is none.
        """
        network, device, k = self.config.network, self.start.device, len(seeds)
        steps = 1 if self.config.regressor else steps
        if ancestral and steps != self.schedule.steps:
            raise ValueError(f"ancestral sampling in {steps} steps was asked for; it takes all {self.schedule.steps}")
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        rows = [row[None].to(device).expand(k, -1) for row in about]
        drop = torch.ones(k, dtype=torch.bool, device=device)
        total, done = steps * len(windows(frames, network.window)), 0

        def step(_: int, __: int) -> None:
            nonlocal done
            done += 1
            if on_step:
                on_step(done, total)

        def sample_window(features: torch.Tensor, previous: torch.Tensor, _: Window) -> torch.Tensor:
            heard = features.expand(k, -1, -1)
            null = self.null_features.expand_as(heard)

            def bound(speech: torch.Tensor, dropped: torch.Tensor | None, folded: Guidance | None = None) -> Denoise:
                condition = self.library(*rows, speech, dropped)
                plain = denoiser(self.network, WindowCondition(speech, previous, condition), folded)
                return plain if threshold is None else thresholded(plain, threshold)

            if network.guided or guidance.none:
                denoise = bound(heard, None, guidance if network.guided else None)
            else:
                denoise = guided(bound(heard, None), bound(heard, drop), bound(null, drop), guidance)
            if self.config.regressor:
                z = torch.zeros(k, network.window, network.channels, device=device)
            else:
                z = sampler.draw((network.window, network.channels), generators).to(device)
            if ancestral:
                return sampler.ddpm(denoise, z, self.schedule, generators, step)
            return sampler.ddim(denoise, z, self.schedule, steps, step)

        first = self.start.expand(k, -1, -1)
        for made in generate(sample_window, features.to(device), first, frames, network.window, HEAD):
            coefficients, head = self.statistics.restore(made)
            yield coefficients.clamp(0, 1), head
