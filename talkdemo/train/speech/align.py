"""Real speech with its phones in order in, phone times out: `python -m talkdemo train align`.

Forced alignment by the Viterbi path through the speech encoder's own frame posteriors (a hybrid HMM of one state a
phone, Bourlard & Morgan 1994): what an encoder trained on synthetic voices finds in real ones becomes frame targets
for the next one (self-training). speechocean762 has only the order of its phones; GRID's words have times, so there a
phone may not leave its word by more than SLACK. Writes <out>/<corpus>/utterances.json, which `train encoder` reads
beside the synthetic corpus. Held-out clips are left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from talkdemo.audio.encoder import ENCODER_RATE, SpeechEncoder
from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.data.corpora import grid, speechocean
from talkdemo.records import SAMPLES_PER_FRAME, Clip, Phone

SLACK = 0.08  # seconds
PRIOR_POWER = 0.6  # posterior / prior^power: phones that are frequent in training do not swallow their neighbours
WORST = -3.0  # mean log posterior of the path below which an utterance is left out: wrong text or noise
CORPORA = ("speechocean762", "grid_s1")


def viterbi(scores: np.ndarray, optional: np.ndarray) -> np.ndarray:
    """Best monotone path of T frames through S states: scores (T, S) → state of each frame (T,).

    Every state must be visited in order for at least a frame, but `optional` (S,) bool ones may be skipped.
    Raises ValueError where there are more obligatory states than frames.
    """
    frames, states = scores.shape
    if frames < int((~optional).sum()):
        raise ValueError(f"{frames} frames for {int((~optional).sum())} phones; at least one frame a phone is wanted")
    best = np.full(states, -np.inf)
    best[0] = scores[0, 0]
    if optional[0] and states > 1:
        best[1] = scores[0, 1]
    came = np.zeros((frames, states), np.int8)
    skip = np.zeros(states, bool)
    skip[2:] = optional[1:-1]
    for t in range(1, frames):
        one = np.concatenate([[-np.inf], best[:-1]])
        two = np.where(skip, np.concatenate([[-np.inf, -np.inf], best[:-2]])[:states], -np.inf)
        options = np.stack([best, one, two])
        came[t] = options.argmax(0)
        best = options.max(0) + scores[t]
    last = states - 1
    if optional[-1] and states > 1 and best[-2] > best[-1]:
        last = states - 2
    path = np.empty(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        path[t] = last
        last -= int(came[t, last])
    return path


def align(
    posterior: np.ndarray, transcript: Sequence[str], inside: np.ndarray | None = None, rate: int = ENCODER_RATE
) -> tuple[list[Phone], float]:
    """Posterior (T, 40) at `rate` Hz and phones with stress digits → timed phones and the path's mean log posterior.

    inside: (S, 2) seconds that each phone of the transcript must lie in, or None.
    """
    labels = [label.rstrip("012") for label in transcript]
    columns = np.array([INDEX[label] for label in labels])
    log = np.log(np.maximum(posterior, 1e-6))
    prior = np.maximum(posterior.mean(0), 1e-3)
    scores = (log - PRIOR_POWER * np.log(prior))[:, columns]
    if inside is not None:
        middle = (np.arange(len(posterior)) + 0.5)[:, None] / rate
        scores = scores - 30.0 * ((middle < inside[:, 0]) | (middle > inside[:, 1]))
    path = viterbi(scores, np.array([label == SILENCE for label in labels]))
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    phones = []
    for a, b in itertools.pairwise(edges):
        label = transcript[path[a]]
        stress = int(label[-1]) if label[-1].isdigit() else 0
        phones.append(Phone(a / rate, b / rate, label.rstrip("012"), stress))
    return phones, float(log[np.arange(len(path)), columns[path]].mean())


def grid_transcript(clip: Clip) -> tuple[tuple[str, ...], np.ndarray]:
    """A GRID clip's phones with stress digits, and the seconds each must lie in (its word's, give or take SLACK)."""
    labels = tuple(p.label if p.stress == 0 else f"{p.label}{p.stress}" for p in clip.phones)
    spans = []
    for phone in clip.phones:
        around = [w for w in grid.words(clip.name) if w[0] <= (phone.start + phone.end) / 2 <= w[1]]
        start, end = (around[0][0], around[0][1]) if around else (phone.start, phone.end)
        spans.append((start - SLACK, end + SLACK))
    spans[0] = (-1.0, spans[0][1])
    spans[-1] = (spans[-1][0], 1e9)
    return labels, np.array(spans)


def clips(corpus: str) -> Iterator[tuple[Clip, tuple[str, ...], np.ndarray | None, str]]:
    """Training clips of a corpus: clip, transcript, limits of its phones, path of its sound below the shared data."""
    if corpus == "speechocean762":
        for clip in speechocean.clips("train"):
            yield clip, clip.transcript, None, f"{corpus}/audio/{clip.identity.split('-')[1]}/{clip.name}.ogg"
    else:
        for clip in grid.clips():
            if clip.split == "train":
                yield clip, *grid_transcript(clip), f"{corpus}/audio/{clip.name}.ogg"


def _part(corpus: str, encoder_name: str, part: int, parts: int) -> list[dict]:
    import torch

    torch.set_num_threads(1)
    encoder = SpeechEncoder.open(encoder_name)
    rows = []
    for i, (clip, transcript, inside, path) in enumerate(clips(corpus)):
        if i % parts != part:
            continue
        posterior, _ = encoder.phonetic(clip.speech.samples, max(1, len(clip.speech.samples) // SAMPLES_PER_FRAME))
        try:
            phones, score = align(posterior.numpy(), transcript, inside)
        except ValueError:  # a cut recording: fewer frames than phones
            continue
        rows.append({
            "utt": clip.name, "path": path, "voice": clip.identity, "seconds": round(clip.speech.seconds, 3),
            "split": "train", "score": round(score, 3),
            "phones": [[round(p.start, 3), round(p.end, 3), p.label, p.stress] for p in phones],
        })  # fmt: skip
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train align", description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="audio-encoder", help="checkpoint whose posteriors are followed")
    parser.add_argument("--out", type=Path, default=Path("runs/corpus/aligned"))
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(arguments)
    for corpus in CORPORA:
        with ProcessPoolExecutor(args.processes) as pool:
            jobs = [pool.submit(_part, corpus, args.encoder, i, args.processes) for i in range(args.processes)]
            rows = sorted((row for job in jobs for row in job.result()), key=lambda row: row["utt"])
        kept = [row for row in rows if row["score"] > WORST]
        folder = args.out / corpus
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "utterances.json.part"
        part.write_text("[\n" + ",\n".join(json.dumps(row) for row in kept) + "\n]\n")
        os.replace(part, folder / "utterances.json")
        mean = np.mean([row["score"] for row in kept]) if kept else float("nan")
        print(f"{corpus}: {len(kept)} of {len(rows)} utterances aligned, mean log posterior {mean:.2f}", flush=True)


if __name__ == "__main__":
    main()
