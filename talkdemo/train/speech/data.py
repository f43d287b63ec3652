"""Draws endless batches of augmented log-mel crops, with their labels, from corpora with timed phones.

Every utterance's log-mel is made once and kept in memory and in a file (17 h of speech: 1 GB), so that an epoch costs
no decoding. Tempo is changed by reading the frames faster or slower; all else is data/speech/augment_mel.py.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch

from talkdemo.audio.encoder import ENCODER_RATE
from talkdemo.audio.features import MEL_RATE, LogMel, normalise_loudness
from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.data.corpora import ljspeech
from talkdemo.data.corpora.shared import need, root
from talkdemo.data.speech.augment_mel import augment_mel
from talkdemo.records import Phone
from talkdemo.train.speech.teacher import stored

CROP_SECONDS = 4.0
LONGEST = 96  # phones in a crop that CTC is told
SHARES = {
    "voices-kathleen": 0.22, "voices-kerstin": 0.18, "voices-nathalie": 0.14, "speechocean762": 0.12, "grid_s1": 0.06,
    "synthetic": 0.16,
}  # fmt: skip  # of the crops, among the corpora that are there
TEMPOS = (0.8, 1.25)
CLEAN = 0.45  # of the crops are left as they are but for tempo
SILENT = 0.03  # of the crops are noise alone


@dataclass(frozen=True)
class Utterance:
    path: Path
    phones: tuple[Phone, ...]
    voice: str
    split: str
    corpus: str = "synthetic"
    soft: np.ndarray | None = None  # (T100, 40) float16, the teacher's posteriors


def utterances(corpus: Path) -> list[Utterance]:
    """What lies under runs/corpus/speech (see data/speech/synthetic.py)."""
    found = []
    for index in sorted(corpus.glob("*/utterances.json")):
        for item in json.loads(index.read_text()):
            phones = tuple(Phone(*p) for p in item["phones"])
            found.append(Utterance(index.parent / f"{item['utt']}.flac", phones, index.parent.name, item["split"]))
    if not found:
        raise ValueError(f"{corpus} holds no utterances; `make corpus` makes them")
    return found


def aligned(folder: Path, soft: Path | None = None) -> list[Utterance]:
    """Real utterances with the phone times that lie in `folder` and, where `soft` holds them, the teacher's posteriors;
    none where nothing was aligned or the data is absent."""
    found: list[Utterance] = []
    base = root()
    for index in sorted(folder.glob("*/utterances.json")) if base else ():
        corpus = index.parent.name
        heard = stored(soft / f"{corpus}.npz") if soft and (soft / f"{corpus}.npz").exists() else {}
        for item in json.loads(index.read_text()):
            phones = tuple(Phone(*p) for p in item["phones"])
            path = need(item["path"])
            found.append(Utterance(path, phones, item["voice"], item["split"], corpus, heard.get(item["utt"])))
    return found


def reader() -> list[Utterance]:
    """The clips of ljspeech, for checking only; none where the data is absent."""
    base = root()
    if base is None or not (base / "ljspeech").exists():
        return []
    return [
        Utterance(base / "ljspeech" / f"{clip.name}.flac", clip.phones or (), "ljspeech", clip.split, "ljspeech")
        for clip in ljspeech.clips()
    ]


def frame_labels(phones: Sequence[Phone], frames: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Phone index and stress (0/1) at the middle of each 50 Hz frame; times are multiplied by `scale`."""
    labels = np.full(frames, INDEX[SILENCE])
    stress = np.zeros(frames, np.float32)
    for phone in phones:
        first = max(0, round(phone.start * scale * ENCODER_RATE))
        last = min(frames, max(first + 1, round(phone.end * scale * ENCODER_RATE)))
        labels[first:last] = INDEX[phone.label]
        stress[first:last] = phone.stress == 1
    return labels, stress


def order_of(phones: Sequence[Phone], scale: float, seconds: float) -> np.ndarray:
    """(LONGEST,) indices of the phones (no silence) whose middle, times scaled, lies in 0..seconds; −1 pads."""
    inside = [INDEX[p.label] for p in phones if p.label != SILENCE and 0 < (p.start + p.end) / 2 * scale < seconds]
    return np.pad(np.array(inside[:LONGEST], np.int64), (0, max(0, LONGEST - len(inside))), constant_values=-1)


def _mels(paths: Sequence[Path]) -> list[np.ndarray]:
    torch.set_num_threads(1)
    log_mel, out = LogMel(), []
    for path in paths:
        samples, _ = soundfile.read(path, dtype="float32")
        with torch.no_grad():
            out.append(log_mel(torch.from_numpy(normalise_loudness(samples))[None])[0].numpy().astype(np.float16))
    return out


def mels(items: Sequence[Utterance], folder: Path, processes: int = 2) -> list[np.ndarray]:
    """(T100, 80) float16 of every utterance, read from `folder` where an earlier run left them."""
    found: dict[Path, np.ndarray] = {}
    for corpus in dict.fromkeys(item.corpus for item in items):
        paths = [item.path for item in items if item.corpus == corpus]
        file = folder / f"{corpus}.npz"
        if file.exists():
            with np.load(file) as stored:
                whole, lengths, names = stored["mel"], stored["length"], stored["name"]
            if {str(path) for path in paths} <= set(names.tolist()):
                parts = np.split(whole, np.cumsum(lengths)[:-1])
                found |= {Path(name): mel for name, mel in zip(names.tolist(), parts, strict=True)}
                continue
        jobs = [paths[i : i + 200] for i in range(0, len(paths), 200)]
        with ProcessPoolExecutor(processes) as pool:
            made = [mel for job in pool.map(_mels, jobs) for mel in job]
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npz")
        np.savez(part, mel=np.concatenate(made), length=[len(m) for m in made], name=[str(path) for path in paths])
        part.replace(file)
        found |= dict(zip(paths, made, strict=True))
    return [found[item.path] for item in items]


class Crops:
    """Endless batches: mel (B, T100, 80), labels (B, T50), stress (B, T50), order (B, LONGEST), soft (B, T50, 40);
    soft is 0 where there is no teacher."""

    def __init__(self, items: Sequence[Utterance], spectra: Sequence[np.ndarray], batch: int, seed: int) -> None:
        self.items, self.spectra, self.batch = items, spectra, batch
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        places: dict[str, dict[str, list[int]]] = {}
        for i, item in enumerate(items):
            places.setdefault(item.corpus, {}).setdefault(item.voice, []).append(i)
        self.places = {corpus: list(voices.values()) for corpus, voices in places.items()}
        shares = np.array([SHARES.get(corpus, 0.1) for corpus in self.places])
        self.shares = shares / shares.sum()
        with torch.no_grad():
            self.quiet = LogMel()(torch.zeros(1, 16_000))[0, 0].numpy()  # (80,) silence

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        corpora = list(self.places)
        while True:
            rows = []
            for corpus in self.rng.choice(len(corpora), self.batch, p=self.shares):
                voices = self.places[corpora[corpus]]
                voice = voices[self.rng.integers(len(voices))]
                rows.append(self.crop(voice[self.rng.integers(len(voice))]))
            mel, labels, stress, order, soft = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
            coloured = augment_mel(mel, self.generator)
            clean = torch.rand(self.batch, 1, 1, generator=self.generator) < CLEAN
            yield torch.where(clean, mel, coloured), labels, stress, order, soft

    def crop(self, i: int) -> tuple[np.ndarray, ...]:
        """A stretch of utterance i, beginning up to half a second before it, at another tempo."""
        spectrum, frames = self.spectra[i], int(CROP_SECONDS * MEL_RATE)
        tempo = float(np.exp(self.rng.uniform(*np.log(TEMPOS))))
        offset = int(self.rng.integers(-MEL_RATE // 2, max(1, len(spectrum) - int(frames * tempo) + 1)))
        at = offset + np.arange(frames) * tempo
        silent = self.rng.random() < SILENT
        first = np.floor(at).astype(int)
        share = (at - first)[:, None].astype(np.float32)
        inside = ((at >= 0) & (at < len(spectrum) - 1))[:, None] & (not silent)
        clipped = first.clip(0, max(0, len(spectrum) - 2))
        read = spectrum[clipped] * (1 - share) + spectrum[np.minimum(clipped + 1, len(spectrum) - 1)] * share
        mel = np.where(inside, read, self.quiet).astype(np.float32)
        begin = offset / MEL_RATE
        phones = [] if silent else [
            Phone(p.start - begin, p.end - begin, p.label, p.stress) for p in self.items[i].phones if p.end > begin
        ]  # fmt: skip
        labels, stress = frame_labels(phones, frames * ENCODER_RATE // MEL_RATE, 1 / tempo)
        soft = np.zeros((len(labels), len(INDEX)), np.float32)
        heard = self.items[i].soft
        if heard is not None and not silent:
            at = begin * MEL_RATE + (np.arange(2 * len(labels)) + 0.5) * tempo
            inside = (at >= 0) & (at < len(heard))
            pair = np.eye(1, len(INDEX), INDEX[SILENCE], dtype=np.float32).repeat(len(at), 0)
            pair[inside] = heard[at[inside].astype(int)]
            soft = pair.reshape(len(labels), 2, -1).mean(1)
        return mel, labels, stress, order_of(phones, 1 / tempo, CROP_SECONDS), soft
