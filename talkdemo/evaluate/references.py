"""Chooses the reference clip that DiffPoseTalk is given for an evaluation clip: other words in the same style.

DiffusionTalker is given a clip's identity and emotion (an unknown voice is matched); DiffPoseTalk is given

- for synthetic, voices, languages, silence: a performance of *training* sentences in the clip's emotion, in the style
  in which the truth and the system `articulation` are performed (the identity's own; the middle style for voices that
  are no identity);
- for ljspeech, which has no face: the middle style, as the system `articulation`;
- for grid: training clips of the speaker, joined; for facegood: a piece of a training take; both with the channels that
  were recorded.
"""

import functools
from collections.abc import Sequence

import numpy as np

from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.corpora import facegood, grid
from talkdemo.data.corpora.pieces import pieces
from talkdemo.evaluate import cache
from talkdemo.evaluate.performances import motion, performances, session, style_of
from talkdemo.records import CHANNELS, COEFFICIENTS, Clip, Motion, Reference

SECONDS = 12.0  # of a performance
RECORDED_SECONDS = 9.0  # of a real person's clip
STAND_IN = "Ada"  # whose training sentences the middle style is performed on
SEED = 3  # another draw than performances.TRUTH_SEED and SYSTEM_SEED


def reference_for(clip: Clip) -> Reference:
    """The reference of a clip, always the same. Raises ValueError or FileNotFoundError with one sentence when its data
    is not on this machine."""
    if clip.corpus == "grid_s1":
        return grid_speaker()
    if clip.corpus == "facegood":
        return facegood_speaker()
    return performance(clip.identity if clip.identity in IDENTITIES else None, clip.emotion)


@functools.lru_cache(maxsize=256)
def performance(identity: str | None, emotion: str) -> Reference:
    """Training sentences of an identity's voice, performed in its style (None: the middle style) and one emotion.
    Raises ValueError when the corpus is not on this machine."""
    name = f"{identity or 'middle style'}, {emotion}"
    try:
        speech = session(identity or STAND_IN, "train", SECONDS, emotion)
    except ValueError as error:
        raise ValueError(f"no reference for {name}: {error}") from error
    draw = style_of(identity), emotion, np.random.default_rng([SEED, *name.encode()])
    return Reference(name, next(performances(speech, [draw])))


@functools.cache
def grid_speaker() -> Reference:
    """Training clips of GRID's speaker, evenly over the corpus, joined. FileNotFoundError where it is absent."""
    clips = [clip for clip in grid.clips() if clip.split == "train"]
    count = round(RECORDED_SECONDS / clips[0].speech.seconds)
    return joined("GRID s1", [clips[i] for i in np.linspace(0, len(clips) - 1, count).astype(int)])


@functools.cache
def facegood_speaker() -> Reference:
    """The middle of a training take of the held-out take's session. FileNotFoundError where it is absent."""
    session_name = facegood.HELD_OUT.rsplit("_", 1)[0]
    take = next(clip for clip in facegood.clips() if clip.split == "train" and clip.name.startswith(session_name))
    parts = list(pieces(take, RECORDED_SECONDS))
    return joined("FACEGOOD", [parts[len(parts) // 2]])


def joined(name: str, clips: Sequence[Clip]) -> Reference:
    """Recorded clips, joined; channels that one of them lacks count as missing, and so does a head that never moves."""
    whole = Motion.concatenate([motion(clip) for clip in clips])
    mask = np.ones(CHANNELS, bool)
    for clip in clips:
        if clip.mask is not None:
            mask[:COEFFICIENTS] &= clip.mask
    mask[COEFFICIENTS:] = bool(np.abs(whole.head).max() > 0)
    return Reference(name, whole, mask)


def fingerprint(reference: Reference) -> str:
    """A hash of everything in a reference that decides a motion."""
    mask = np.ones(CHANNELS, bool) if reference.mask is None else reference.mask
    arrays = (reference.motion.coefficients, reference.motion.head, mask)
    return cache.key(*map(cache.array_hash, arrays))
