"""Held-out manners and held-out sentences in; their performances, degraded tracks and generated motions out.

What `evaluate_style` looks at. A speech is several utterances of one voice end to end; no two speeches share a
sentence, so whatever two performances of one manner have in common is not their words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache as keep
from itertools import zip_longest

import numpy as np

from talkdemo.data.articulation.samples import style_samples
from talkdemo.data.corpora import facegood, grid, live_link
from talkdemo.data.corpora.pieces import pieces
from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES
from talkdemo.evaluate import cache
from talkdemo.evaluate.references import fingerprint, joined
from talkdemo.evaluate.systems import Model, open_pipeline, style_weights
from talkdemo.evaluate.teacher import monologue
from talkdemo.records import FPS, SAMPLE_RATE, Clip, Motion, Reference, Request, Speech

SPLIT = "held-out"
STRANGERS = tuple(name for name in VOICES if name.startswith("heldout-"))  # voices never trained on
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# What MediaPipe's tracks look like beside the true motion: noise of each frame, slow drift, a neutral face that was not
# quite found, muscles read too strong or too weak.
NOISE, DRIFT, OFFSET, AMPLITUDE = 0.015, 0.02, 0.03, (0.8, 1.25)
HEAD_NOISE = 0.006  # radians
PEOPLE_SECONDS = 9.0


# --- speech ---------------------------------------------------------------------------------------------------------


def speeches(count: int, seconds: float, strangers: bool = False) -> list[Clip]:
    """`count` speeches of about `seconds`, each of another voice where there are as many; `strangers`: those of voices
    never trained on come first. Raises ValueError when the corpus has not that many held-out sentences."""
    found, used = [], set()
    voices = [*STRANGERS, *IDENTITY_VOICES] if strangers else [*IDENTITY_VOICES]
    for voice in voices * 2:
        if len(found) == count:
            break
        chosen, length = [], 0.0
        for clip in CORPORA["synthetic"](voices=[voice], split=SPLIT):
            said = set(SENTENCE_END.split(clip.text or clip.name))
            if length < seconds and not said & used:
                chosen.append(clip)
                used |= said
                length += clip.speech.seconds
        if length >= 0.75 * seconds:
            whole = monologue(chosen)
            found.append(replace(whole, name=f"{voice}/{len(found)}", emotion="neutral"))
    if len(found) < count:
        raise ValueError(f"the corpus has {len(found)} held-out speeches of {seconds:g} s; {count} are wanted")
    return found


def passages(count: int, seconds: float) -> list[Clip]:
    """`count` passages of about `seconds` of held-out utterances, all voices by turns (strangers first); two voices
    may say the same. Raises ValueError when the corpus has fewer."""
    by_voice = []
    for voice in (*STRANGERS, *IDENTITY_VOICES):
        mine, chosen = [], []
        for clip in CORPORA["synthetic"](voices=[voice], split=SPLIT):
            chosen.append(clip)
            if sum(one.speech.seconds for one in chosen) >= seconds:
                mine.append(replace(monologue(chosen), name=f"{voice}/{len(mine)}", emotion="neutral"))
                chosen = []
        by_voice.append(mine)
    found = [clip for turn in zip_longest(*by_voice) for clip in turn if clip is not None][:count]
    if len(found) < count:
        raise ValueError(f"the corpus has {len(found)} held-out passages of {seconds:g} s; {count} are wanted")
    return found


# --- performances ---------------------------------------------------------------------------------------------------


def performances(speech: Clip, wanted: Sequence[int], seed: int = 0) -> list[Motion]:
    """The teacher's performance of a speech in every one of the held-out manners `wanted`, kept in the cache."""
    from talkdemo.audio.prosody import energy, pitch
    from talkdemo.data.articulation.model import articulate

    made_of = [cache.code("data"), cache.array_hash(speech.speech.samples), seed, list(map(int, wanted))]
    path = cache.CACHE / f"performed-{cache.key(*made_of)}.npz"
    found = cache.load_arrays(path)
    if found is None:
        level, hertz, frames = energy(speech.speech), pitch(speech.speech), speech.speech.frames
        rows = []
        for k in wanted:
            manner = style_samples(SPLIT)[k]
            generator = np.random.default_rng([seed, k, *speech.name.encode()])
            motion = articulate(speech.phones, level, hertz, manner.style, manner.emotion, generator, frames)
            rows.append(np.concatenate([motion.coefficients, motion.head], axis=1))
        found = {"motion": np.stack(rows).astype(np.float16)}
        cache.save_arrays(path, found)
    return [Motion(row[:, :52].astype(np.float32), row[:, 52:].astype(np.float32)) for row in found["motion"]]


def references(speech: Clip, wanted: Sequence[int], seed: int = 0) -> list[Reference]:
    """`performances` as references, named by the manner's number."""
    made = performances(speech, wanted, seed)
    return [Reference(f"manner {k}", motion) for k, motion in zip(wanted, made, strict=True)]


def cut(reference: Reference, seconds: float, start: float = 0.0) -> Reference:
    """A window of a reference."""
    part = slice(round(start * FPS), round((start + seconds) * FPS))
    return replace(reference, motion=Motion(reference.motion.coefficients[part], reference.motion.head[part]))


def tracked(
    reference: Reference,
    generator: np.random.Generator,
    *,
    noise: bool = False,
    amplitude: bool = False,
    offset: bool = False,
    mask: np.ndarray | None = None,
) -> Reference:
    """The reference as a tracker of video might have read it: with noise and drift, every muscle too strong or too weak
    by a factor of its own, off by a neutral face that was not quite found. mask: (55,) bool, the channels that it
    registers; the others read 0 and are named as missing."""
    from scipy.ndimage import gaussian_filter1d

    motion = reference.motion
    tracks = np.concatenate([motion.coefficients, motion.head], axis=1).astype(np.float64)  # (T, 55)
    scale = np.r_[np.full(52, NOISE), np.full(3, HEAD_NOISE)]
    if amplitude:
        factors = np.exp(generator.uniform(*np.log(AMPLITUDE), 55)) * np.exp(generator.uniform(*np.log(AMPLITUDE)) / 2)
        tracks = tracks * factors
    if offset:
        tracks = tracks + generator.normal(0, 1, 55) * scale * OFFSET / NOISE
    if noise:
        slow = gaussian_filter1d(generator.normal(0, 1, tracks.shape), FPS, axis=0) * np.sqrt(2 * FPS * np.sqrt(np.pi))
        tracks = tracks + scale * (generator.normal(0, 1, tracks.shape) + slow * DRIFT / NOISE)
    if mask is not None:
        tracks = tracks * mask
    coefficients = tracks[:, :52].clip(0, 1).astype(np.float32)
    known = mask if mask is not None else reference.mask
    return Reference(reference.name, Motion(coefficients, tracks[:, 52:].astype(np.float32)), known)


def grid_mask() -> np.ndarray:
    """(55,) bool: what MediaPipe registers in GRID's small pictures; a head is tracked."""
    return np.concatenate([grid.mask(), np.ones(3, bool)])


def people() -> list[tuple[str, Reference]]:
    """Clips of real persons, PEOPLE_SECONDS long: GRID (held out), FACEGOOD (its held-out take) and the Live Link
    captures, with whose they are. Raises FileNotFoundError where the shared data is absent."""
    held = [clip for clip in grid.clips() if clip.split == "held-out"]
    each = round(PEOPLE_SECONDS / held[0].speech.seconds)
    found = [("GRID s1", joined("GRID s1", held[i : i + each])) for i in range(0, 10 * each, each)]
    found += [("FACEGOOD", joined("FACEGOOD", [clip])) for clip in facegood.pieces(PEOPLE_SECONDS)]
    for capture in live_link.clips():
        # without sound every frame is as quiet as the next: even pieces
        found += [(capture.identity, joined(capture.identity, [clip])) for clip in pieces(capture, PEOPLE_SECONDS)]
    return found


# --- generated ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Follower:
    """A system that follows references, as the evaluation asks it: one of evaluate_systems' models, a guidance."""

    title: str
    model: Model
    guidance: tuple[float, float] | None = None  # audio, style; None: the pipeline's default

    def motions(self, speech: Speech, reference: Reference, seed: int = 0, samples: int = 1) -> list[Motion]:
        """`samples` motions from seeds seed, seed + 1, …, kept in the cache."""
        weights = follower_weights(self.model)
        settings = [self.model.steps, self.model.distilled, self.model.contact, self.guidance]
        made_of = [*weights, *settings, fingerprint(reference), cache.array_hash(speech.samples), seed, samples]
        path = cache.CACHE / f"followed-{cache.key(*made_of)}.npz"
        found = cache.load_arrays(path)
        if found is None:
            from talkdemo.diffusion.denoiser import Guidance

            pipeline = open_pipeline(self.model.checkpoint)
            model = {"steps": self.model.steps, "distilled": self.model.distilled, "contact": self.model.contact}
            guidance = Guidance(*self.guidance) if self.guidance else None
            made = pipeline.animate(Request(speech, reference=reference, seed=seed, samples=samples, guidance=guidance, **model))  # fmt: skip
            found = {"coefficients": np.stack([m.coefficients for m in made]), "head": np.stack([m.head for m in made])}
            cache.save_arrays(path, found)
        return [Motion(a, b) for a, b in zip(found["coefficients"], found["head"], strict=True)]


@keep
def follower_weights(model: Model) -> list[str]:
    """Hashes of the weights and of the code that a follower's motions depend on. Raises ValueError for a model that is
    not installed or follows no references."""
    pipeline = open_pipeline(model.checkpoint)
    if pipeline.style_encoder is None:
        raise ValueError(f"{model.checkpoint} follows no reference clips; pose-full-N or pose-student-N is wanted")
    if model.distilled and model.steps not in pipeline.students:
        have = ", ".join(map(str, pipeline.students)) or "none"
        raise ValueError(f"no student of {model.steps} steps is installed (installed: {have})")
    files = [*model.weights(), style_weights(pipeline)]
    return [*map(cache.file_hash, files), cache.code(*cache.MOTION_CODE, "reference.py")]


def short(speech: Speech, seconds: float) -> Speech:
    """The first `seconds` of a speech."""
    return Speech(speech.samples[: round(seconds * SAMPLE_RATE)], speech.name)
