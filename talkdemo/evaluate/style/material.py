"""The material of style evaluation: held-out speech in held-out styles, degraded tracks, clips of real people.

A speech is several utterances of one voice, concatenated; no two speeches share a sentence, so that whatever two
performances of one style have in common is not their words.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from talkdemo.data.articulation.samples import style_samples
from talkdemo.data.corpora import facegood, grid, live_link
from talkdemo.data.corpora.pieces import pieces
from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech.voices import IDENTITY_VOICES
from talkdemo.evaluate import cache
from talkdemo.evaluate.performances import concatenate, performances
from talkdemo.evaluate.references import joined
from talkdemo.evaluate.sets import VOICES_OF
from talkdemo.records import CHANNELS, COEFFICIENTS, FPS, HEAD_CHANNELS, SAMPLE_RATE, Clip, Motion, Reference, Speech

SPLIT = "held-out"
UNSEEN = VOICES_OF["voices"]  # voices never trained on
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# How MediaPipe's tracks differ from the true motion: noise of each frame and slow drift; every channel too strong or
# too weak by a factor of its own; a neutral face that was not quite found.
DEFECTS = ("noise", "amplitude", "offset")
NOISE, DRIFT, OFFSET, AMPLITUDE = 0.015, 0.02, 0.03, (0.8, 1.25)
HEAD_NOISE = 0.006  # radians
PEOPLE_SECONDS = 9.0


def speeches(count: int, seconds: float, unseen_first: bool = False) -> list[Clip]:
    """`count` speeches of about `seconds`, each of another voice where there are as many; `unseen_first`: those of
    voices never trained on come first. Raises ValueError when the corpus has not that many held-out sentences."""
    found: list[Clip] = []
    used: set[str] = set()
    voices = [*UNSEEN, *IDENTITY_VOICES] if unseen_first else [*IDENTITY_VOICES]
    for voice in voices * 2:
        if len(found) == count:
            break
        chosen, length = [], 0.0
        for clip in CORPORA["synthetic"](voices=[voice], split=SPLIT):
            sentences = set(SENTENCE_END.split(clip.text or clip.name))
            if length < seconds and not sentences & used:
                chosen.append(clip)
                used |= sentences
                length += clip.speech.seconds
        if length >= 0.75 * seconds:
            found.append(replace(concatenate(chosen), name=f"{voice}/{len(found)}", emotion="neutral"))
    if len(found) < count:
        raise ValueError(f"the corpus has {len(found)} held-out speeches of {seconds:g} s; {count} are wanted")
    return found


def passages(count: int, seconds: float) -> list[Clip]:
    """`count` passages of about `seconds` of held-out utterances, all voices in turn (unseen ones first); two voices
    may say the same. Raises ValueError when the corpus has fewer."""
    by_voice = []
    for voice in (*UNSEEN, *IDENTITY_VOICES):
        mine: list[Clip] = []
        chosen: list[Clip] = []
        for clip in CORPORA["synthetic"](voices=[voice], split=SPLIT):
            chosen.append(clip)
            if sum(one.speech.seconds for one in chosen) >= seconds:
                mine.append(replace(concatenate(chosen), name=f"{voice}/{len(mine)}", emotion="neutral"))
                chosen = []
        by_voice.append(mine)
    found = [clip for turn in zip_longest(*by_voice) for clip in turn if clip is not None][:count]
    if len(found) < count:
        raise ValueError(f"the corpus has {len(found)} held-out passages of {seconds:g} s; {count} are wanted")
    return found


def performed(speech: Clip, styles: Sequence[int], seed: int = 0) -> list[Motion]:
    """Performances of a speech by the articulation model, in held-out styles by number; cached."""

    def compute() -> dict[str, np.ndarray]:
        samples = style_samples(SPLIT)
        generators = (np.random.default_rng([seed, k, *speech.name.encode()]) for k in styles)
        draws = ((samples[k].style, samples[k].emotion, draw) for k, draw in zip(styles, generators, strict=True))
        return {"motion": np.stack([motion.tracks for motion in performances(speech, draws)]).astype(np.float16)}

    parts = [cache.code("data"), cache.array_hash(speech.speech.samples), seed, list(map(int, styles))]
    return [Motion.of(tracks.astype(np.float32)) for tracks in cache.cached("performed", parts, compute)["motion"]]


def references(speech: Clip, styles: Sequence[int], seed: int = 0) -> list[Reference]:
    """`performed` as references, named by the style's number."""
    return [Reference(f"style {k}", motion) for k, motion in zip(styles, performed(speech, styles, seed), strict=True)]


def cut(reference: Reference, seconds: float, start: float = 0.0) -> Reference:
    """A window of a reference."""
    return replace(reference, motion=reference.motion[round(start * FPS) : round((start + seconds) * FPS)])


def beginning(speech: Speech, seconds: float) -> Speech:
    """The first `seconds` of a speech."""
    return Speech(speech.samples[: round(seconds * SAMPLE_RATE)], speech.name)


def tracked(
    reference: Reference,
    generator: np.random.Generator,
    defects: Collection[str] = (),
    mask: np.ndarray | None = None,
) -> Reference:
    """The reference as a tracker of video might have read it, with some of DEFECTS.

    mask: (55,) bool, the channels that it registers; the others read 0 and are named as missing."""
    from scipy.ndimage import gaussian_filter1d

    tracks = reference.motion.tracks.astype(np.float64)  # (T, 55)
    scale = np.r_[np.full(COEFFICIENTS, NOISE), np.full(HEAD_CHANNELS, HEAD_NOISE)]
    if "amplitude" in defects:
        low, high = np.log(AMPLITUDE)
        factors = np.exp(generator.uniform(low, high, CHANNELS)) * np.exp(generator.uniform(low, high) / 2)
        tracks = tracks * factors
    if "offset" in defects:
        tracks = tracks + generator.normal(0, 1, CHANNELS) * scale * OFFSET / NOISE
    if "noise" in defects:
        slow = gaussian_filter1d(generator.normal(0, 1, tracks.shape), FPS, axis=0) * np.sqrt(2 * FPS * np.sqrt(np.pi))
        tracks = tracks + scale * (generator.normal(0, 1, tracks.shape) + slow * DRIFT / NOISE)
    if mask is not None:
        tracks = tracks * mask
    tracks[:, :COEFFICIENTS] = tracks[:, :COEFFICIENTS].clip(0, 1)
    known = mask if mask is not None else reference.mask
    return Reference(reference.name, Motion.of(tracks.astype(np.float32)), known)


def degraded(reference: Reference, generator: np.random.Generator) -> Reference:
    """The reference with every defect that a tracker of GRID's small frames has."""
    return tracked(reference, generator, DEFECTS, grid_mask())


def grid_mask() -> np.ndarray:
    """(55,) bool: what MediaPipe registers in GRID's small frames; the head is tracked."""
    return np.concatenate([grid.mask(), np.ones(HEAD_CHANNELS, bool)])


def people() -> list[tuple[str, Reference]]:
    """(person, clip) of real persons, PEOPLE_SECONDS long: GRID (held out), FACEGOOD (its held-out take) and the Live
    Link captures. Raises FileNotFoundError where the shared data is absent."""
    held_out = [clip for clip in grid.clips() if clip.split == "held-out"]
    each = round(PEOPLE_SECONDS / held_out[0].speech.seconds)
    found = [("GRID s1", joined("GRID s1", held_out[i : i + each])) for i in range(0, 10 * each, each)]
    found += [("FACEGOOD", joined("FACEGOOD", [clip])) for clip in facegood.pieces(PEOPLE_SECONDS)]
    for capture in live_link.clips():
        # without sound every frame is as quiet as the next: even pieces
        found += [(capture.identity, joined(capture.identity, [clip])) for clip in pieces(capture, PEOPLE_SECONDS)]
    return found
