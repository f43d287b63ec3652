"""Augments log-mel spectra of clean speech, in batches.

As data/speech/augment.py does with samples, at a hundredth of the cost. All randomness comes from the generator.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

FLOOR = 1e-4  # the power that audio.features.LogMel adds: silence
LN10 = 2.302585


@dataclass(frozen=True)
class MelAugmentation:
    """How often each change is made (0..1) and how far it goes."""

    formant: float = 0.6
    formants: tuple[float, float] = (0.8, 1.22)
    equaliser: float = 0.6
    equaliser_db: float = 6.0  # standard deviation of the gain's knots
    band: float = 0.2
    reverb: float = 0.35
    reverb_seconds: tuple[float, float] = (0.1, 0.7)  # time to −60 dB
    noise: float = 0.5
    babble: float = 0.25  # of the noisy ones: other items of the batch
    snr_db: tuple[float, float] = (7.0, 42.0)
    music: float = 0.3  # of the noisy ones
    codec: float = 0.15
    codec_db: tuple[float, float] = (24.0, 45.0)  # what lies that far below its frame's peak is lost
    lost: float = 0.1  # a packet of 20 to 60 ms that never came
    level_db: float = 2.0  # standard deviation of what is left of the level after normalising


def to_power(mel: torch.Tensor) -> torch.Tensor:
    """LogMel's (…, 80) → power."""
    return (torch.exp(4 * mel - 2) - FLOOR).clamp(min=0)


def to_mel(power: torch.Tensor) -> torch.Tensor:
    """Power (…, 80) → LogMel's scale."""
    return ((power + FLOOR).log() + 2) / 4


def augment_mel(
    mel: torch.Tensor, generator: torch.Generator, options: MelAugmentation = MelAugmentation()
) -> torch.Tensor:
    """(B, T, 80) log-mel at 100 Hz → the same shape; times do not change."""
    batch, frames, bands = mel.shape

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(batch, *shape, generator=generator)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(batch, *shape, generator=generator)

    def chosen(share: float) -> torch.Tensor:
        return (torch.rand(batch, 1, 1, generator=generator) < share).float()

    low, high = options.formants
    factor = (uniform(0, 1) * torch.tensor(high / low).log()).exp() * low
    factor = torch.where(chosen(options.formant)[:, 0, 0] > 0, factor, torch.ones(batch))
    power = to_power(warped(mel, factor))

    knots = options.equaliser_db * normal(1, 8).clamp(-2, 2) + 1.2 * normal(1, 1) * torch.arange(8)
    curve = F.interpolate(knots, size=bands, mode="linear", align_corners=True)
    power = power * torch.exp(chosen(options.equaliser) * curve * (LN10 / 10))

    tail = torch.arange(1, 51)
    decay = torch.exp(-6.9 * 2 / (100 * uniform(*options.reverb_seconds)[:, None]) * tail)  # of power: −60 dB
    room = decay / decay.sum(1, keepdim=True) * 10 ** (-uniform(0, 15)[:, None] / 10)
    kernel = torch.cat([(chosen(options.reverb)[:, 0] * room).flip(1), torch.ones(batch, 1)], dim=1)
    signal = F.pad(power.transpose(1, 2), (50, 0)).transpose(0, 1)  # (80, B, 50 + T): one kernel an item
    power = F.conv1d(signal, kernel[:, None], groups=batch).transpose(0, 1).transpose(1, 2)

    level = power.mean(2).quantile(0.8, dim=1)[:, None, None].clamp(min=FLOOR)
    slope = uniform(-2.5, 0.3, 1, 1) * torch.linspace(0, 3, bands)
    swell = F.interpolate(normal(1, 8) * uniform(0, 0.8, 1, 1), size=frames, mode="linear")[:, 0, :, None]
    ragged = 0.5 * (normal(frames, bands).square() + normal(frames, bands).square())  # a χ² of noise's power
    noise = ragged * torch.exp(slope + swell)
    others = power.roll(1, 0).roll(frames // 3, 1)
    noise = torch.where(chosen(options.babble) > 0, others, noise)
    noise = torch.where(chosen(options.music) > 0, music(batch, frames, bands, generator), noise)
    noise = noise / noise.mean((1, 2), keepdim=True).clamp(min=1e-9)
    power = power + chosen(options.noise) * noise * level * 10 ** (-uniform(*options.snr_db, 1, 1) / 10)

    centre = torch.arange(bands)
    bottom, top = uniform(0, 10, 1, 1), uniform(bands * 0.62, bands, 1, 1)
    limited = torch.sigmoid((centre - bottom) * 1.5) * torch.sigmoid((top - centre) * 1.5)
    band = chosen(options.band)
    power = power * (1 - band + band * limited)

    depth = 10 ** (-uniform(*options.codec_db, 1, 1) / 10)
    kept = (power > power.amax(2, keepdim=True) * depth).float()
    power = power * torch.where(chosen(options.codec) > 0, kept, torch.ones(()))
    begin = uniform(0, frames, 1, 1)
    gone = (torch.arange(frames)[:, None] >= begin) & (torch.arange(frames)[:, None] < begin + uniform(2, 6, 1, 1))
    power = power * (1 - gone.float() * chosen(options.lost))
    return to_mel(power * 10 ** (options.level_db * normal(1, 1) / 10))


def music(batch: int, frames: int, bands: int, generator: torch.Generator, notes: int = 12) -> torch.Tensor:
    """(B, T, 80) power of chords that are struck one after another and fade: a few bands each, low ones louder."""
    struck = torch.rand(batch, notes, bands, generator=generator) < 0.15
    loud = torch.exp(1.5 * torch.randn(batch, notes, bands, generator=generator) - 2.5 * torch.linspace(0, 1, bands))
    at = torch.arange(frames) * notes // frames
    since = torch.arange(frames) - at * frames // notes
    fading = torch.exp(-since[None] / (5 + 60 * torch.rand(batch, 1, generator=generator)))
    return (struck * loud)[:, at] * fading[..., None] + 1e-6


def warped(mel: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Formants × factor (B,): band k of the result is the band of `mel` (B, T, 80) at its frequency / factor."""
    bands = mel.shape[2]
    low, high = (2595.0 * torch.log10(torch.tensor(1.0 + hz / 700.0)) for hz in (40.0, 7600.0))
    centres = 700.0 * (10 ** (torch.linspace(float(low), float(high), bands + 2)[1:-1] / 2595.0) - 1.0)
    source = 2595.0 * torch.log10(1.0 + centres / factor[:, None] / 700.0)
    at = ((source - low) / (high - low) * (bands + 1) - 1).clamp(0, bands - 1.001)  # (B, 80)
    first = at.floor().long()
    share = (at - first)[:, None]
    index = first[:, None].expand_as(mel)
    return mel.gather(2, index) * (1 - share) + mel.gather(2, index + 1) * share
