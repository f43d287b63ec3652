"""Trains the speech encoder on phone-timed real and synthetic speech: `python -m talkdemo train encoder`.

Frame-wise cross-entropy at 50 Hz on the aligned phone and the teacher's posterior (`train align` writes both; Hinton et
al. 2015), binary cross-entropy on stress in vowels, and CTC on the order of the phones alone (Graves et al. 2006). Most
crops are real speakers', a minority synthetic. Augmentation: tempo, formants, room, noise, music, codec, band limits,
and SpecAugment (Park et al. 2019) in some. `--init NAME` starts from the weights of an earlier encoder; `--keep` holds
to it what the talkers have learnt to read. The same command resumes.
"""

import argparse
import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import soundfile
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset

from talkdemo import checkpoint
from talkdemo.audio.encoder import KIND, EncoderConfig, Phonetic, SpeechEncoder
from talkdemo.audio.phones import BILABIAL, INDEX, LABIODENTAL, VOWELS
from talkdemo.records import SAMPLES_PER_FRAME
from talkdemo.train.loop import LoopConfig, Loss, steps_done, train
from talkdemo.train.speech.data import Crops, Utterance, aligned, frame_labels, mels, reader, utterances
from talkdemo.train.speech.sources import LEARNT

CTC_WEIGHT = 0.35
ANCHOR_WEIGHT, ANCHORED = 4.0, 2  # --keep: weight of staying near the first encoder; crops of a batch that it hears
MASKED = 0.4
TAUGHT = 0.65  # share of the teacher's posterior in a frame's target; the rest is the aligned phone
# Weights of the frames of /p b m/ and /f v/, which are few and seen when missed, and of the nasals taken for an /m/.
LIPS_MEET, LIP_MEETS_TEETH, NASAL = 1.5, 1.3, 1.4
TRAINED_ON = (
    "synthetic speech made by talkdemo.data.speech.synthetic (flite, festival, espeak-ng)",
    "speechocean762, training speakers (Zhang et al. 2021; CC BY 4.0)",
    "GRID speaker s1, training clips (Cooke, Barker, Cunningham, Shao 2006; CC BY 4.0)",
    "voices kathleen (English), kerstin (German), nathalie (Dutch), training clips (Rhasspy voice datasets; CC0 1.0)",
)
TEACHERS = (
    "posteriors of a head on the frozen encoder of Whisper base (Radford et al. 2022; MIT), trained on the same clips",
    "times: nathalie's published alignment, PocketSphinx 5 (BSD) on kathleen, then the head's own Viterbi paths",
    "transcripts: the corpora's; CMU dictionary, espeak-ng for German, Dutch and words that it lacks",
)
_WEIGHT = torch.ones(len(INDEX))
_WEIGHT[[INDEX[p] for p in sorted(BILABIAL)]] = LIPS_MEET
_WEIGHT[[INDEX[p] for p in sorted(LABIODENTAL)]] = LIP_MEETS_TEETH
_WEIGHT[[INDEX[p] for p in ("N", "NG")]] = NASAL
_VOWEL = torch.zeros(len(INDEX), dtype=torch.bool)
_VOWEL[[INDEX[v] for v in VOWELS]] = True


def mask_spectrogram(mel: torch.Tensor) -> torch.Tensor:
    """In MASKED of the crops two bands of up to 12 mels and two stretches of up to 0.15 s are set to the crop's mean.

    Not in all of them: a model that never saw a whole spectrogram hears one worse than it hears a masked one.
    """
    mel = mel.clone()
    mean = mel.mean((1, 2))
    for b in torch.nonzero(torch.rand(len(mel)) < MASKED)[:, 0].tolist():
        for _ in range(2):
            width, start = int(torch.randint(0, 13, ())), int(torch.randint(0, mel.shape[2] - 12, ()))
            mel[b, :, start : start + width] = mean[b]
            width, start = int(torch.randint(0, 16, ())), int(torch.randint(0, mel.shape[1] - 15, ()))
            mel[b, start : start + width] = mean[b]
    return mel


def encoder_loss(model: Any, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    mel, *wanted = batch
    out = model(mask_spectrogram(mel) if model.training else mel)
    return terms(out, *wanted)


def terms(
    out: Phonetic, labels: torch.Tensor, stress: torch.Tensor, order: torch.Tensor, soft: torch.Tensor
) -> dict[str, torch.Tensor]:
    """What an encoder made of a batch against what `Crops` says of it."""
    vowel = _VOWEL.to(labels.device)[labels]
    weight = _WEIGHT.to(labels.device)
    taught = TAUGHT * (soft.sum(-1, keepdim=True) > 0.5)
    target = taught * soft + (1 - taught) * F.one_hot(labels, len(INDEX))  # (B, T50, 40)
    loss = -(target * out.logits.float().log_softmax(-1)).sum(-1)
    phone = (loss * weight[labels]).sum() / weight[labels].sum()
    accent = F.binary_cross_entropy_with_logits(out.stress.float()[vowel], stress[vowel]) if vowel.any() else phone * 0
    return {"phone": phone, "stress": 0.2 * accent, "ctc": CTC_WEIGHT * ctc_term(out.ctc, order)}


def kept(model: SpeechEncoder) -> Loss:
    """`encoder_loss` that keeps what talkers have learnt to read. The phone and stress layers of `model` are held as
    they are, and so, in some crops, is the bottleneck in the frames where the encoder it began from heard right."""
    anchor = copy.deepcopy(model).eval().requires_grad_(False)
    model.to_phones.requires_grad_(False)
    model.to_stress.requires_grad_(False)

    def loss(model: Any, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        mel, *wanted = batch
        mel = mask_spectrogram(mel)
        out = model(mel)
        with torch.no_grad():
            before = anchor(mel[:ANCHORED])
        right = (before.logits.argmax(-1) == wanted[0][:ANCHORED])[..., None]
        distance = (out.bottleneck[:ANCHORED] - before.bottleneck).float().square()
        return {**terms(out, *wanted), "anchor": ANCHOR_WEIGHT * (distance * right).mean()}

    return loss


def ctc_term(scores: torch.Tensor | None, order: torch.Tensor) -> torch.Tensor:
    """CTC loss per phone of scores (B, T50, 41) against orders (B, LONGEST) padded with −1; 0 without that head."""
    if scores is None:
        return torch.zeros((), device=order.device)
    lengths = (order >= 0).sum(1)
    frames = torch.full_like(lengths, scores.shape[1])
    log = scores.float().log_softmax(-1).transpose(0, 1)
    blank = scores.shape[-1] - 1
    total = F.ctc_loss(log, order.clamp(min=0), frames, lengths, blank=blank, reduction="sum", zero_infinity=True)
    return total / lengths.sum().clamp(min=1)


class Endless(IterableDataset):
    """Batches made by a process of their own."""

    def __init__(self, crops: Crops) -> None:
        self.crops = crops

    def __iter__(self):
        torch.set_num_threads(1)
        return iter(self.crops)


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
    parser.add_argument("--aligned", type=Path, default=Path("runs/corpus/aligned"), help="what `train align` wrote")
    parser.add_argument("--soft", type=Path, default=Path("runs/soft"), help="the teacher's posteriors")
    parser.add_argument("--mels", type=Path, default=Path("runs/mels"), help="where spectra are kept")
    parser.add_argument("--init", metavar="NAME", help="start from the weights of this encoder")
    parser.add_argument("--keep", action="store_true", help="hold the phone and stress layers of --init, and the "
                        "bottleneck near it, so that talkers trained on it can read the new one")  # fmt: skip
    parser.add_argument("--run", type=Path, default=Path("runs/encoder"), help="folder of the run; resumes from it")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--dropout", type=float, default=0.0, help="augmentation does its work in a short run")
    parser.add_argument("--warmup", type=int, default=200, help="steps")
    parser.add_argument("--threads", type=int, default=1, help="on cores that others use too, one is the fastest")
    parser.add_argument("--out", type=Path, default=checkpoint.WEIGHTS / "audio-encoder.safetensors")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    items = utterances(args.corpus)
    training = [u for u in items if u.split == "train" and not u.voice.startswith("heldout-")]
    voices = [u for u in items if u.voice.startswith("heldout-")]
    sentences = [u for u in items if u.split != "train" and not u.voice.startswith(("heldout-", "aug-"))]
    checks = {"held-out sentences": sentences[:: max(1, len(sentences) // 8)],
              "held-out voices": voices[:: max(1, len(voices) // 8)]}  # fmt: skip
    found = aligned(args.aligned, args.soft)
    real = [u for u in found if u.split == "train" and u.corpus in LEARNT]
    for corpus in dict.fromkeys(u.corpus for u in found):
        held = [u for u in found if u.corpus == corpus and u.split != "train" and corpus != "ljspeech"]
        checks[corpus] = held[:: max(1, len(held) // 8)]
    if some := reader():
        checks["real reader"] = some
    training += real
    model = SpeechEncoder(EncoderConfig(dropout=args.dropout, ctc=True))
    if args.init:
        model.load_state_dict(checkpoint.load(args.init, KIND).tensors, strict=False)  # it may lack the CTC head
    model.to(device)
    loss: Loss = kept(model) if args.keep else encoder_loss

    # the crops are drawn by another process: a resumed run draws others than before, not the same ones again
    crops = Crops(training, mels(training, args.mels), args.batch, args.seed + steps_done(args.run))
    loader = DataLoader(Endless(crops), batch_size=None, num_workers=1, prefetch_factor=4)
    batches = (tuple(t.to(device) for t in batch) for batch in loader)

    def save(average: Any, steps: int, minutes: float) -> None:
        accuracy = {name: round(frame_accuracy(average, some), 4) for name, some in checks.items() if some}
        print(f"step {steps}: frame phone accuracy {accuracy}", flush=True)
        provenance = {
            "trained_on": TRAINED_ON if real else TRAINED_ON[:1],
            "teachers": TEACHERS if any(u.soft is not None for u in real) else (),
            "licence": "Apache-2.0",
            "recipe": "talkdemo.train.speech.encoder",
            "steps": steps,
            "minutes": round(minutes, 1),
            "utterances": len(training),
            "began_from": Path(args.init).stem if args.init else "random weights",
            "keeps": "phone and stress layers, bottleneck anchored" if args.keep else "",
            "frame_phone_accuracy": accuracy,
        }
        average.save(args.out, provenance)

    config = LoopConfig(args.minutes, args.rate, args.warmup)
    train(model, batches, loss, config, args.run, save)


if __name__ == "__main__":
    main()
