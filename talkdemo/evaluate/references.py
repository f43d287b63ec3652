"""A clip of the evaluation in, the Reference that DiffPoseTalk is given for it out: other words, the same manner.

DiffusionTalker is told a clip's identity and emotion, or hears a stranger's voice; DiffPoseTalk sees another clip:

- synthetic, voices, languages, silence: the teacher's performance of *training* sentences spoken in the clip's emotion,
  in the style in which the truth and the system `teacher` are performed (the identity's own; the middle style for
  voices that are no identity);
- ljspeech, of which there is no face: the middle style, as its system `teacher`;
- grid: training clips of the speaker, joined; facegood: a piece of a training take; both with the channels recorded.
"""

from __future__ import annotations

import functools

import numpy as np

from talkdemo.data.corpora import facegood, grid
from talkdemo.data.corpora.pieces import pieces
from talkdemo.data.corpora.table import CORPORA
from talkdemo.evaluate import cache
from talkdemo.evaluate.teacher import monologue
from talkdemo.records import Clip, Motion, Reference

SECONDS = 12.0  # of the teacher's performance
RECORDED = 9.0  # of a real person's clip
STRANGER = "Ada"  # whose training sentences the middle style is performed on
SEED = 3  # TRUTH_SEED and TEACHER_SEED of evaluate_systems are other draws


def reference_for(clip: Clip) -> Reference:
    """The reference of a clip, always the same. Raises ValueError or FileNotFoundError with one sentence when the data
    behind it is not on this machine."""
    if clip.corpus == "grid_s1":
        return grid_speaker()
    if clip.corpus == "facegood":
        return facegood_speaker()
    from talkdemo.data.articulation.identities import IDENTITIES

    return performance(clip.identity if clip.identity in IDENTITIES else None, clip.emotion)


@functools.lru_cache(maxsize=256)
def performance(identity: str | None, emotion: str, seconds: float = SECONDS) -> Reference:
    """The teacher in the style of an identity (None: the middle style) on training sentences of its voice, in one
    emotion. Raises ValueError when the corpus is not on this machine."""
    from talkdemo.audio.prosody import energy, pitch
    from talkdemo.data.articulation.identities import IDENTITIES
    from talkdemo.data.articulation.model import articulate
    from talkdemo.data.articulation.styles import Style

    chosen, length = [], 0.0
    for clip in CORPORA["synthetic"](voices=[identity or STRANGER], split="train"):
        if clip.emotion == emotion:
            chosen.append(clip)
            length += clip.speech.seconds
            if length >= seconds:
                break
    name = f"{identity or 'middle style'}, {emotion}"
    if not chosen:
        raise ValueError(f"no reference for {name}: the corpus has no such training sentence; `make corpus` makes them")
    said = monologue(chosen)
    style = IDENTITIES[identity].style if identity else Style()
    generator = np.random.default_rng([SEED, *name.encode()])
    tracks = energy(said.speech), pitch(said.speech)
    motion = articulate(said.phones, *tracks, style, emotion, generator, said.speech.frames)
    return Reference(name, motion)


@functools.cache
def grid_speaker() -> Reference:
    """Training clips of GRID's speaker, evenly over the corpus, end to end. FileNotFoundError where it is absent."""
    clips = [clip for clip in grid.clips() if clip.split == "train"]
    count = round(RECORDED / clips[0].speech.seconds)
    return joined("GRID s1", [clips[i] for i in np.linspace(0, len(clips) - 1, count).astype(int)])


@functools.cache
def facegood_speaker() -> Reference:
    """The middle of a training take of the held-out take's session. FileNotFoundError where it is absent."""
    session = facegood.HELD_OUT.rsplit("_", 1)[0]
    take = next(clip for clip in facegood.clips() if clip.split == "train" and clip.name.startswith(session))
    parts = list(pieces(take, RECORDED))
    return joined("FACEGOOD", [parts[len(parts) // 2]])


def joined(name: str, clips: list[Clip]) -> Reference:
    """Recorded clips end to end as a reference; a head that never moves was not recorded. Channels that one of them
    lacks count as missing."""
    coefficients = np.concatenate([clip.motion.coefficients for clip in clips])
    head = np.concatenate([clip.motion.head for clip in clips])
    mask = np.ones(55, bool)
    for clip in clips:
        if clip.mask is not None:
            mask[:52] &= clip.mask
    mask[52:] = bool(np.abs(head).max() > 0)
    return Reference(name, Motion(coefficients, head), mask)


def fingerprint(reference: Reference) -> str:
    """What of a reference decides a motion, as one hash."""
    mask = np.ones(55, bool) if reference.mask is None else reference.mask
    arrays = (reference.motion.coefficients, reference.motion.head, mask)
    return cache.key(*map(cache.array_hash, arrays))
