"""Phone-timed speech in, the speech encoder's weights out (`python -m talkdemo train encoder`).

Frame-wise cross-entropy on the phone at 50 Hz, binary cross-entropy on stress in vowels. Every crop is augmented
(speed, pitch, formants, room, noise, band limits) and its spectrogram masked (SpecAugment, Park et al. 2019), so that
an encoder that has heard only synthetic voices hears real ones.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset

from talkdemo import checkpoint
from talkdemo.audio.encoder import ENCODER_RATE, EncoderConfig, SpeechEncoder
from talkdemo.audio.features import normalise_loudness
from talkdemo.audio.phones import INDEX, SILENCE, VOWELS
from talkdemo.data.augment import augment
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Phone
from talkdemo.train.loop import LoopConfig, train

CROP_SECONDS = 4.0
_VOWEL = torch.zeros(len(INDEX), dtype=torch.bool)
_VOWEL[[INDEX[v] for v in VOWELS]] = True


@dataclass(frozen=True)
class Utterance:
    path: Path
    phones: tuple[Phone, ...]
    voice: str
    split: str


def utterances(corpus: Path) -> list[Utterance]:
    """What lies under runs/corpus/speech (see data/synthetic.py)."""
    found = []
    for index in sorted(corpus.glob("*/utterances.json")):
        for item in json.loads(index.read_text()):
            phones = tuple(Phone(*p) for p in item["phones"])
            found.append(Utterance(index.parent / f"{item['utt']}.flac", phones, index.parent.name, item["split"]))
    if not found:
        raise ValueError(f"{corpus} holds no utterances; `make corpus` makes them")
    return found


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


class Crops(IterableDataset):
    """Endless (samples (N,), labels (T50,), stress (T50,)) of CROP_SECONDS, augmented."""

    def __init__(self, items: Sequence[Utterance], seed: int) -> None:
        self.items, self.seed = items, seed
        voices = {voice: i for i, voice in enumerate(sorted({u.voice for u in items}))}
        self.by_voice = [[u for u in items if u.voice == voice] for voice in voices]

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        torch.set_num_threads(1)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        babble = np.zeros(SAMPLE_RATE, np.float32)
        length, frames = int(CROP_SECONDS * SAMPLE_RATE), int(CROP_SECONDS * ENCODER_RATE)
        while True:
            voice = self.by_voice[rng.integers(len(self.by_voice))]
            item = voice[rng.integers(len(voice))]
            samples, _ = soundfile.read(item.path, dtype="float32")
            # a stretch that still fills the crop at the quickest augmentation, starting anywhere, pauses included
            lead = int(rng.uniform(0, 0.5) * SAMPLE_RATE)
            wanted = int(length * 1.35)
            offset = int(rng.integers(-lead, max(1, len(samples) - length + 1)))
            cut = np.zeros(wanted, np.float32)
            piece = samples[max(0, offset) : offset + wanted]
            cut[max(0, -offset) : max(0, -offset) + len(piece)] = piece
            moved = [Phone(p.start - offset / SAMPLE_RATE, p.end - offset / SAMPLE_RATE, p.label, p.stress)
                     for p in item.phones]  # fmt: skip
            if rng.random() < 0.04:
                cut, moved = np.zeros_like(cut), []
            noisy, scale = augment(cut, rng, babble)
            babble = cut
            noisy = np.pad(noisy[:length], (0, max(0, length - len(noisy))))
            inside = [p for p in moved if p.end > 0]
            labels, stress = frame_labels(inside, frames, scale)
            yield normalise_loudness(noisy), labels, stress


def mask_spectrogram(mel: torch.Tensor) -> torch.Tensor:
    """Two bands of up to 12 mels and two stretches of up to 0.25 s a crop are set to the crop's mean."""
    mel = mel.clone()
    mean = mel.mean((1, 2))
    for b in range(len(mel)):
        for _ in range(2):
            width, start = int(torch.randint(0, 13, ())), int(torch.randint(0, mel.shape[2] - 12, ()))
            mel[b, :, start : start + width] = mean[b]
            width, start = int(torch.randint(0, 26, ())), int(torch.randint(0, mel.shape[1] - 25, ()))
            mel[b, start : start + width] = mean[b]
    return mel


def encoder_loss(model: SpeechEncoder, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    samples, labels, stress = batch
    with torch.autocast(samples.device.type, enabled=False), torch.no_grad():
        mel = model.log_mel(samples)
    out = model(mask_spectrogram(mel) if model.training else mel)
    vowel = _VOWEL.to(labels.device)[labels]
    phone = F.cross_entropy(out.logits.float().flatten(0, 1), labels.flatten(), label_smoothing=0.05)
    accent = F.binary_cross_entropy_with_logits(out.stress.float()[vowel], stress[vowel]) if vowel.any() else phone * 0
    return {"phone": phone, "stress": 0.2 * accent}


@torch.no_grad()
def frame_accuracy(model: SpeechEncoder, items: Sequence[Utterance]) -> float:
    """Share of 50 Hz frames of clean utterances whose most likely phone is right."""
    right = total = 0
    for item in items:
        samples, _ = soundfile.read(item.path, dtype="float32")
        posterior, _ = model.phonetic(samples, max(1, len(samples) // SAMPLES_PER_FRAME))
        labels, _ = frame_labels(item.phones, len(posterior))
        right += int((posterior.argmax(-1).cpu().numpy() == labels).sum())
        total += len(labels)
    return right / max(1, total)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train encoder", description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=Path("runs/corpus/speech"))
    parser.add_argument("--run", type=Path, default=Path("runs/encoder"), help="folder of the run; resumes from it")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS / "audio-encoder.safetensors")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    items = utterances(args.corpus)
    training = [u for u in items if u.split == "train" and not u.voice.startswith("heldout-")]
    voices = [u for u in items if u.voice.startswith("heldout-")]
    sentences = [u for u in items if u.split != "train" and not u.voice.startswith(("heldout-", "aug-"))]
    checks = {"held-out sentences": sentences[:: max(1, len(sentences) // 60)],
              "held-out voices": voices[:: max(1, len(voices) // 60)]}  # fmt: skip
    model = SpeechEncoder(EncoderConfig()).to(device)
    workers = DataLoader(Crops(training, args.seed), batch_size=args.batch, num_workers=1, prefetch_factor=4)

    def batches() -> Iterator[tuple[torch.Tensor, ...]]:
        for batch in workers:
            yield tuple(t.to(device) for t in batch)

    def save(average: SpeechEncoder, steps: int, minutes: float) -> None:
        accuracy = {name: round(frame_accuracy(average, some), 4) for name, some in checks.items() if some}
        print(f"step {steps}: frame phone accuracy {accuracy}", flush=True)
        provenance = {
            "trained_on": "synthetic speech made by talkdemo.data.synthetic (flite, festival, espeak-ng)",
            "licence": "Apache-2.0",
            "recipe": "talkdemo.train.encoder",
            "steps": steps,
            "minutes": round(minutes, 1),
            "utterances": len(training),
            "frame_phone_accuracy": accuracy,
        }
        average.save(args.out, provenance)

    train(model, batches(), encoder_loss, LoopConfig(args.minutes, args.rate, save_every=300), args.run, save)


if __name__ == "__main__":
    main()
