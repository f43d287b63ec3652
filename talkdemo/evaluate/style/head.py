"""Evaluates head motion: does it follow the speech, and is it as fast as real heads'?

Beat alignment (metrics.sync) of every motion's head with the onsets of its own sound, against two controls: the sound
of other clips (p: permutation of the pairing of heads and sounds, 10,000 rounds), and the own sound shifted circularly
in time (as many onsets in the same rhythm, elsewhere; p: Wilcoxon's signed ranks over clips). Both tests are one-sided.
All clips of a set have one length. Once with every minimum of the head's speed as a beat, which counts each tremor, and
once with prominent ones only.
"""

from collections.abc import Sequence

import numpy as np

from talkdemo.data.articulation.samples import COUNTS
from talkdemo.data.corpora import grid
from talkdemo.evaluate.performances import motion
from talkdemo.evaluate.references import grid_speaker
from talkdemo.evaluate.reporting import Column, Figures, Table, note
from talkdemo.evaluate.sets import even
from talkdemo.evaluate.style.material import SPLIT, beginning, degraded, passages, performed, references, speeches
from talkdemo.evaluate.style.systems import StyleSystem
from talkdemo.metrics.chance import pairing, wilcoxon
from talkdemo.metrics.statistics import angular_speed
from talkdemo.metrics.sync import PROMINENCE, beat_alignment, head_beats, onsets
from talkdemo.records import FPS, Clip, Motion, Speech

SHIFTS = 20  # of every clip
SECONDS = 8.0
HELD_OUT, GRID = "held-out sentences", "GRID"
SPEED = (
    Column("set"), Column("system"), Column("mean", ".2f"), Column("std", ".2f"), Column("95th pct", ".2f"),
    Column("mean ×", ".2f"), Column("std ×", ".2f"), Column("95th pct ×", ".2f"),
)  # fmt: skip


def alignment(
    heads: Sequence[np.ndarray], sounds: Sequence[Speech], prominence: float = PROMINENCE, seed: int = 0
) -> Figures:
    """Mean beat alignment over clips (0..1) with the own sound, with other clips', with the own one shifted; p: how
    likely the own one's is by chance.

    heads: (T, 3) each, of the sounds in the same order, all of one length; prominence: of the beats (head_beats).
    Clips without beats or onsets are left out; ValueError when fewer than 2 are left."""
    draw = np.random.default_rng(seed)
    pairs = [
        (head_beats(head, prominence=prominence), onsets(sound.samples), sound.seconds)
        for head, sound in zip(heads, sounds, strict=True)
    ]
    pairs = [pair for pair in pairs if len(pair[0]) and len(pair[1])]
    if len(pairs) < 2:
        raise ValueError(f"{len(pairs)} of {len(heads)} clips have beats and onsets; at least 2 are wanted")
    scores = np.array([[beat_alignment(beats, others) for _, others, _ in pairs] for beats, _, _ in pairs])
    shifted = np.array([_shifted(*pair, draw) for pair in pairs])
    own, others = scores.diagonal(), scores[~np.eye(len(pairs), dtype=bool)]
    return {
        Column("clips"): len(pairs),
        Column("own sound", ".3f"): float(own.mean()),
        Column("other clips'", ".3f"): float(others.mean()),
        Column("p (pairing)", ".2g"): pairing(scores, draw),
        Column("own sound, shifted", ".3f"): float(shifted.mean()),
        Column("p (Wilcoxon)", ".2g"): wilcoxon(own - shifted),
    }


def _shifted(beats: np.ndarray, onsets: np.ndarray, seconds: float, draw: np.random.Generator) -> float:
    """Mean beat alignment with the onsets shifted circularly by a quarter to three quarters of the clip."""
    shifts = draw.uniform(0.25, 0.75, SHIFTS) * seconds
    return float(np.mean([beat_alignment(beats, (onsets + shift) % seconds) for shift in shifts]))


def speeds(motions: Sequence[Motion]) -> np.ndarray:
    """(3,) mean, standard deviation and 95th percentile of the heads' angular speed over all frames, degrees/s."""
    pooled = np.concatenate([angular_speed(one.head) for one in motions])
    return np.array([pooled.mean(), pooled.std(), np.percentile(pooled, 95)])


def alignment_table(name: str, sounds: Sequence[Speech], motions: dict[str, Sequence[Motion]], seed: int) -> Table:
    """Every system's motions of the sounds, by prominent beats and by all."""
    rows = [
        ((title, beats), alignment([one.head for one in some], sounds, prominence, seed))
        for title, some in motions.items()
        for beats, prominence in (("prominent", PROMINENCE), ("all minima", 0.0))
    ]
    size = f"{len(sounds)} clips of {sounds[0].seconds:g} s"
    return Table.of(["system", "beats"], rows, f"Head motion: beat alignment with the sound's onsets, {name} ({size})")


def evaluate(systems: Sequence[StyleSystem], clips: int = 56, seed: int = 0) -> list[Table]:
    """Beat alignment on the corpus's speech and on GRID's, then speeds beside the real head's."""
    spoken, real = passages(clips, SECONDS), _grid(clips)
    styles = [i % COUNTS[SPLIT] for i in range(clips)]
    given = references(speeches(1, 12.0)[0], range(COUNTS[SPLIT]), seed)
    sounds = [beginning(clip.speech, SECONDS) for clip in spoken]
    frames = round(SECONDS * FPS)
    articulated = [performed(clip, [k], seed)[0][:frames] for clip, k in zip(spoken, styles, strict=True)]
    motions: dict[str, dict[str, Sequence[Motion]]] = {HELD_OUT: {"articulation": articulated}}
    sets = {HELD_OUT: sounds}
    speed = {HELD_OUT: speeds(articulated)}
    if real:
        recorded = [motion(clip) for clip in real]
        motions[GRID], sets[GRID] = {"GRID, recorded": recorded}, [clip.speech for clip in real]
        speed[GRID] = speeds(recorded)
    rows = [(name, f"real: {name}", found) for name, found in speed.items()]
    for system in systems:
        made = [system.motions(sound, given[k], seed)[0] for sound, k in zip(sounds, styles, strict=True)]
        motions[HELD_OUT][system.title] = made
        rows.append((HELD_OUT, system.title, speeds(made)))
        tracked = f"{system.title}, tracked references"
        draw = np.random.default_rng(seed)
        read = [degraded(reference, draw) for reference in given]  # as a tracker of small video would have read them
        made = [system.motions(sound, read[k], seed)[0] for sound, k in zip(sounds, styles, strict=True)]
        rows.append((HELD_OUT, tracked, speeds(made)))
        if real:
            made = [system.motions(sound, grid_speaker(), seed)[0] for sound in sets[GRID]]
            motions[GRID][system.title] = made
            rows.append((GRID, system.title, speeds(made)))
        note(f"heads of {system.title} done")
    title = "Head motion: angular speed (degrees/s, below 4 Hz) and its ratio to the real one's"
    cells = [[name, system, *found.tolist(), *(found / speed[name]).tolist()] for name, system, found in rows]
    tables = [alignment_table(name, sets[name], some, seed) for name, some in motions.items()]
    return [*tables, Table(SPEED, cells, title)]


def _grid(count: int) -> list[Clip]:
    """Held-out clips of GRID; none where the data is absent."""
    try:
        return even([clip for clip in grid.clips() if clip.split == "held-out"], count)
    except FileNotFoundError as error:
        note(f"GRID left out: {error}")
        return []
