"""Aligns real speech in rounds and writes phone times and soft labels: `python -m talkdemo train align`.

Round 0: a head on Whisper's features learns from nathalie's published phone times and from PocketSphinx's alignment of
kathleen, and so hears Dutch and English; its Viterbi path times the transcripts of all corpora, German too. Each round
after that learns from the times of the one before. Writes <out>/<corpus>/utterances.json, which `train encoder` reads,
and <soft>/<corpus>.npz, the head's posteriors. Held-out clips are aligned for measuring, and learnt from by nobody.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from talkdemo.audio.phones import BILABIAL, SILENCE
from talkdemo.data.corpora.shared import need
from talkdemo.data.speech.pronounce import transcript
from talkdemo.records import Clip, Phone
from talkdemo.train.speech import teacher, whisper
from talkdemo.train.speech.sources import LEARNT, SOURCES, path_of
from talkdemo.train.speech.spelling import words_of
from talkdemo.train.speech.viterbi import align, grid_transcript

SPHINX_LATE = 0.018  # seconds: PocketSphinx's boundaries come that much early (median, flite's exact times, ljspeech's)
WORST, WORST_SHARE = -2.5, 0.03  # left out, wrong text or noise: a mean log posterior below it; a corpus's worst share
SHARES = {"voices-nathalie": 1.0, "voices-kathleen": 1.5, "voices-kerstin": 1.5, "speechocean762": 1.0, "grid_s1": 0.4}


def wanted(clip: Clip) -> tuple[tuple[str, ...], np.ndarray | None]:
    """A clip's transcript and the seconds its phones must lie in, where known."""
    if clip.corpus == "grid_s1":
        return grid_transcript(clip)
    return transcript(words_of(clip)), None


def _aligned(job: tuple) -> tuple[list[list], float] | None:
    posterior, text, inside = job
    try:
        phones, score = align(posterior, text, inside, teacher.RATE)
    except ValueError:  # a cut recording: fewer frames than phones
        return None
    return [[round(p.start, 3), round(p.end, 3), p.label, p.stress] for p in phones], score


def sphinx_times(file: Path) -> dict[str, list[Phone]]:
    """What `train.speech.sphinx` found, its bias taken out."""
    return {
        name: [Phone(max(0.0, a + SPHINX_LATE), b + SPHINX_LATE, label, stress) for a, b, label, stress in rows]
        for name, rows in json.loads(file.read_text()).items()
    }


def starts_differ(mine: Sequence[Phone], theirs: Sequence[Phone]) -> list[tuple[str, float]]:
    """Label and difference of the starts (s) of the phones of two alignments of one transcript, silences left out."""
    first = [p for p in mine if p.label != SILENCE]
    second = [p for p in theirs if p.label != SILENCE]
    if [p.label for p in first] != [p.label for p in second]:
        return []
    return [(a.label, a.start - b.start) for a, b in zip(first, second, strict=True)]


def report(name: str, found: Sequence[tuple[str, float]]) -> None:
    if found:
        delta = np.array([d for _, d in found])
        lips = np.array([d for label, d in found if label in BILABIAL])
        print(f"  {name}: {len(delta)} phones, lag median {1000 * np.median(delta):.0f} ms, within 20 ms "
              f"{100 * (abs(delta) <= 0.02).mean():.0f} %, within 50 ms {100 * (abs(delta) <= 0.05).mean():.0f} %; "
              f"/p b m/ median {1000 * np.median(lips):.0f} ms", flush=True)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train align", description=__doc__.splitlines()[0])
    parser.add_argument("--whisper", type=Path, default=Path("runs/whisper"), help="features; made where absent")
    parser.add_argument("--sphinx", type=Path, default=Path("runs/sphinx"), help="what train.speech.sphinx wrote")
    parser.add_argument("--out", type=Path, default=Path("runs/corpus/aligned"))
    parser.add_argument("--soft", type=Path, default=Path("runs/soft"))
    parser.add_argument(
        "--steps",
        type=int,
        nargs="+",
        default=[400, 900],
        help="of the head, one number a round; 0: the head as it was left",
    )
    parser.add_argument("--corpora", nargs="+", default=[*LEARNT, "voices-flemishguy", "ljspeech"])
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    need("voices")
    texts_file = args.whisper / "transcripts.json"
    known = json.loads(texts_file.read_text()) if texts_file.exists() else {}
    features: dict[str, np.ndarray] = {}
    rows: dict[str, dict] = {}
    limits: dict[str, np.ndarray | None] = {}
    labels: dict[str, np.ndarray] = {}
    sphinx: dict[str, list[Phone]] = {}
    truth: dict[str, tuple[Phone, ...]] = {}
    for corpus in args.corpora:
        file = args.whisper / f"{corpus}.f16"
        if not file.exists():
            whisper.cache(SOURCES[corpus](), file)
        for name, array in whisper.cached(file).items():
            features[f"{corpus}/{name}"] = array
        if (args.sphinx / f"{corpus}.json").exists():
            sphinx |= {f"{corpus}/{k}": v for k, v in sphinx_times(args.sphinx / f"{corpus}.json").items()}
        for clip in SOURCES[corpus]():
            key = f"{corpus}/{clip.name}"
            if key not in features:  # the features are those of a part of the corpus
                continue
            text, limits[key] = (known[key], None) if key in known else wanted(clip)
            if corpus != "grid_s1":
                known[key] = text
            rows[key] = {
                "utt": clip.name, "path": path_of(clip), "voice": clip.identity, "split": clip.split,
                "seconds": round(clip.speech.seconds, 3), "transcript": list(text),
            }  # fmt: skip
            if corpus in ("voices-nathalie", "ljspeech") and clip.phones:
                truth[key] = clip.phones
        texts_file.write_text(json.dumps(known))
    learnt = [key for key, row in rows.items() if row["split"] == "train" and key.split("/")[0] in LEARNT]
    for key in learnt:
        times = truth.get(key) or (sphinx.get(key) if key.startswith("voices-kathleen") else None)
        if times:
            labels[key] = teacher.labels_at(times, 2 * len(features[key]))
    for turn, steps in enumerate(args.steps):
        print(f"round {turn}: the head learns from {len(labels)} utterances", flush=True)
        counts: dict[str, int] = {}
        for key in labels:
            counts[key.split("/")[0]] = counts.get(key.split("/")[0], 0) + 1
        weights = {key: SHARES[key.split("/")[0]] / counts[key.split("/")[0]] for key in labels}
        if steps:
            head = teacher.train_head(features, labels, weights, steps, seed=turn)
            torch.save(head.state_dict(), args.whisper / "head.pt")
        else:
            head = teacher.Head().eval()
            head.load_state_dict(torch.load(args.whisper / "head.pt", weights_only=True))
        labels = _round(head, features, rows, limits, sphinx, truth, args)


def _round(
    head: teacher.Head,
    features: Mapping[str, np.ndarray],
    rows: Mapping[str, dict],
    limits: Mapping[str, np.ndarray | None],
    sphinx: Mapping[str, Sequence[Phone]],
    truth: Mapping[str, Sequence[Phone]],
    args: argparse.Namespace,
) -> dict[str, np.ndarray]:
    """Posteriors and alignment of every clip, written; the labels of the next round."""
    labels: dict[str, np.ndarray] = {}
    for corpus in args.corpora:
        keys = [key for key in rows if key.startswith(f"{corpus}/")]
        soft = {key: teacher.posteriors(head, features[key]) for key in keys}
        with ProcessPoolExecutor(1) as pool:
            jobs = [(soft[key], rows[key]["transcript"], limits[key]) for key in keys]
            found = dict(zip(keys, pool.map(_aligned, jobs, chunksize=20), strict=True))
        least = max(WORST, float(np.quantile([r[1] for r in found.values() if r], WORST_SHARE)))
        kept, against_sphinx, against_truth = [], [], []
        for key, result in found.items():
            if result is None or result[1] < least:
                continue
            phones = [Phone(*row) for row in result[0]]
            kept.append({**rows[key], "phones": result[0], "score": round(result[1], 3)})
            del kept[-1]["transcript"]
            against_sphinx += starts_differ(phones, sphinx.get(key, ()))
            against_truth += starts_differ(phones, truth.get(key, ()))
            if rows[key]["split"] == "train" and corpus in LEARNT:
                labels[key] = teacher.labels_at(phones, len(soft[key]))
        scores = [row["score"] for row in kept]
        print(f"{corpus}: {len(kept)} of {len(keys)} aligned, mean log posterior {np.mean(scores):.2f}", flush=True)
        report("against PocketSphinx", against_sphinx)
        report("against published times", against_truth)
        folder = args.out / corpus
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "utterances.json.part"
        part.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in kept) + "\n]\n")
        part.replace(folder / "utterances.json")
        teacher.store({key.split("/", 1)[1]: array for key, array in soft.items()}, args.soft / f"{corpus}.npz")
    return labels


if __name__ == "__main__":
    main()
