"""Generated heads in, whether they move with the speech and as fast as real ones out.

Beat alignment (metrics.beat) of every motion's head with the onsets of its own sound, against two controls: the sound
of other clips (p: the pairing of heads and sounds permuted, 10,000 times), and the own sound turned in time (as many
onsets in the same rhythm, elsewhere; p: Wilcoxon's signed ranks over clips). Both tests are one-sided. All clips of a
set have one length. Once with every minimum of the head's speed as a beat, which counts each tremor, and once with
those that stand out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from talkdemo.data.articulation.samples import COUNTS
from talkdemo.data.corpora import grid
from talkdemo.evaluate.references import grid_speaker
from talkdemo.evaluate.sets import even
from talkdemo.evaluate.style.manners import (
    SPLIT,
    Follower,
    grid_mask,
    passages,
    performances,
    references,
    short,
    speeches,
    tracked,
)
from talkdemo.evaluate.teacher import angular_speed
from talkdemo.metrics.beat import PROMINENCE, beat_alignment, head_beats, onsets
from talkdemo.metrics.paired import pairing, wilcoxon
from talkdemo.records import FPS, Clip, Motion, Speech

CONTROLS = 20  # turns of every clip
SECONDS = 8.0


@dataclass(frozen=True)
class Alignment:
    """Mean beat alignment over clips (0..1): with the own sound, with other clips', with the own one turned; how likely
    as much as with the own one is by chance."""

    clips: int
    own: float
    others: float
    turned: float
    p_others: float
    p_turned: float


def alignment(
    heads: Sequence[np.ndarray], sounds: Sequence[Speech], prominence: float = PROMINENCE, seed: int = 0
) -> Alignment:
    """heads: (T, 3) each, of the sounds in the same order, all of one length; prominence: of the beats (head_beats).
    Clips without beats or onsets are left out; ValueError when fewer than 2 are left."""
    draw = np.random.default_rng(seed)
    pairs = [
        (head_beats(head, prominence=prominence), onsets(sound.samples), sound.seconds)
        for head, sound in zip(heads, sounds, strict=True)
    ]
    pairs = [pair for pair in pairs if len(pair[0]) and len(pair[1])]
    if len(pairs) < 2:
        raise ValueError(f"{len(pairs)} of {len(heads)} clips have beats and onsets; at least 2 are wanted")
    scores = np.array([[beat_alignment(beats, set_in) for _, set_in, _ in pairs] for beats, _, _ in pairs])
    turned = np.array([_turned(*pair, draw) for pair in pairs])
    own, others = scores.diagonal(), scores[~np.eye(len(pairs), dtype=bool)]
    chance = pairing(scores, draw), wilcoxon(own - turned)
    return Alignment(len(pairs), float(own.mean()), float(others.mean()), float(turned.mean()), *chance)


def _turned(beats: np.ndarray, set_in: np.ndarray, seconds: float, draw: np.random.Generator) -> float:
    """Mean beat alignment with the onsets turned in time by a quarter to three quarters of the clip."""
    shifts = draw.uniform(0.25, 0.75, CONTROLS) * seconds
    return float(np.mean([beat_alignment(beats, (set_in + shift) % seconds) for shift in shifts]))


def speeds(heads: Sequence[np.ndarray]) -> dict[str, float]:
    """Angular speed, pooled over the frames of several heads (T, 3): "mean", "std", "p95" in degrees/s."""
    pooled = np.concatenate([angular_speed(head) for head in heads])
    return {"mean": float(pooled.mean()), "std": float(pooled.std()), "p95": float(np.percentile(pooled, 95))}


def alignment_line(
    title: str, heads: Sequence[np.ndarray], sounds: Sequence[Speech], prominence: float, seed: int
) -> str:
    found = alignment(heads, sounds, prominence, seed)
    title = f"{title} | {'that stand out' if prominence else 'all minima'}"
    means = f"{found.own:.3f} | {found.others:.3f} | {found.p_others:.2g} | {found.turned:.3f} | {found.p_turned:.2g}"
    return f"| {title} | {found.clips} | {means} |"


def speed_line(title: str, found: dict[str, float], real: dict[str, float]) -> str:
    shown = " | ".join(f"{found[name]:.2f}" for name in real)
    ratios = " | ".join(f"{found[name] / real[name]:.2f}" for name in real)
    return f"| {title} | {shown} | {ratios} |"


def lines(systems: Sequence[Follower], clips: int = 56, seed: int = 0) -> list[str]:
    """Markdown: beat alignment on the corpus's speech and on GRID's, then speeds beside the real head's."""
    said = passages(clips, SECONDS)
    wanted = [i % COUNTS[SPLIT] for i in range(clips)]
    other = speeches(1, 12.0)[0]
    given = references(other, range(COUNTS[SPLIT]), seed)
    sounds = [short(clip.speech, SECONDS) for clip in said]
    true = [_begin(performances(clip, [k], seed)[0]) for clip, k in zip(said, wanted, strict=True)]
    real = _grid(clips)
    blocks = [("held-out sentences", sounds, {"teacher": true})]
    if real:
        blocks.append(("GRID", [clip.speech for clip in real], {"GRID, recorded": [clip.motion for clip in real]}))
    speed = {"held-out sentences": speeds([m.head for m in true])}
    if real:
        speed["GRID"] = speeds([clip.motion.head for clip in real])
    rows = [(name, f"real: {name}", speed[name]) for name in speed]
    for system in systems:
        made = [system.motions(sound, given[k], seed)[0] for sound, k in zip(sounds, wanted, strict=True)]
        blocks[0][2][system.title] = made
        rows.append(("held-out sentences", system.title, speeds([m.head for m in made])))
        rows.append(("held-out sentences", *_from_tracks(system, sounds, given, wanted, seed)))
        if real:
            made = [system.motions(clip.speech, grid_speaker(), seed)[0] for clip in real]
            blocks[1][2][system.title] = made
            rows.append(("GRID", system.title, speeds([m.head for m in made])))
        print(f"evaluate_style: heads of {system.title} done", file=sys.stderr)
    shown = ["### Head motion: beat alignment with the sound's onsets", ""]
    for name, of, motions in blocks:
        shown += [
            f"{name} ({len(of)} clips of {of[0].seconds:g} s):",
            "",
            "| system | beats | clips | own sound | other clips' | p (pairing) | own sound, turned | p (Wilcoxon) |",
            "|---" * 8 + "|",
            *(
                alignment_line(title, [m.head for m in some], of, prominence, seed)
                for title, some in motions.items()
                for prominence in (PROMINENCE, 0.0)
            ),
            "",
        ]
    shown += [
        "### Head motion: angular speed (degrees/s, below 4 Hz) and its ratio to the real one's",
        "",
        "| set | system | mean | std | 95th pct | mean × | std × | 95th pct × |",
        "|---" * 8 + "|",
        *(f"| {name} {speed_line(title, found, speed[name])}" for name, title, found in rows),
    ]
    return [*shown, ""]


def _from_tracks(system: Follower, sounds, given, wanted, seed: int) -> tuple[str, dict[str, float]]:
    """The same references as a tracker of small video would have given them."""
    draw = np.random.default_rng(seed)
    mask = grid_mask()
    seen = [tracked(one, draw, noise=True, amplitude=True, offset=True, mask=mask) for one in given]
    made = [system.motions(sound, seen[k], seed)[0] for sound, k in zip(sounds, wanted, strict=True)]
    return f"{system.title}, tracked references", speeds([m.head for m in made])


def _begin(motion: Motion) -> Motion:
    """The first SECONDS of a motion."""
    frames = round(SECONDS * FPS)
    return Motion(motion.coefficients[:frames], motion.head[:frames])


def _grid(count: int) -> list[Clip]:
    """Held-out clips of GRID; none where the data is absent."""
    try:
        return even([clip for clip in grid.clips() if clip.split == "held-out"], count)
    except FileNotFoundError as error:
        print(f"evaluate_style: GRID left out: {error}", file=sys.stderr)
        return []
