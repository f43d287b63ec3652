"""A second ear for English: phone posteriors of PyPI's `hama`, whose CTC peaks tell which phones and, late, when.

Build time only: `pip install onnxruntime` and unpack `hama` 1.3.13's wheel (Apache-2.0; what it was trained on is not
documented): its `hama/assets` holds `asr_waveform_fp16.onnx` and `g2p_vocab.json`. 2.1 M parameters, 50 Hz.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from talkdemo.audio import ipa
from talkdemo.audio.phones import BILABIAL, INDEX, PHONES, SILENCE
from talkdemo.data.corpora import ljspeech
from talkdemo.data.speech import aligned
from talkdemo.records import Phone
from talkdemo.train.speech.viterbi import viterbi

RATE = 50  # Hz
OWN = {"r": "R", "ɹ": "R", "ɝ": "ER", "ɚ": "ER", "d͡ʒ": "JH", "t͡ʃ": "CH", "ɾ": "T", "a": "AA"}


class Hama:
    """Samples at 16 kHz → (T, 41) log posteriors of our phones and, last, of the blank."""

    def __init__(self, assets: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(assets / "asr_waveform_fp16.onnx"), options)
        signs = [*json.loads((assets / "g2p_vocab.json").read_text("utf-8"))["decoder"], "<wb>", "<blank>"]
        self.columns = np.array([self._column(sign) for sign in signs])

    @staticmethod
    def _column(sign: str) -> int:
        if sign in ("<wb>", "<blank>") or sign.startswith("<"):
            return len(PHONES)
        if sign in OWN:
            return INDEX[OWN[sign]]
        try:
            found = ipa.labels(sign)
        except ValueError:
            return len(PHONES)
        return INDEX[found[0]] if len(found) == 1 and found[0] != SILENCE else len(PHONES)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        names = [node.name for node in self.session.get_inputs()]
        feeds = dict(zip(names, (samples[None].astype(np.float32), np.array([len(samples)])), strict=True))
        found = np.exp(self.session.run(None, feeds)[0][0].astype(np.float32))  # (T, 191)
        out = np.full((len(found), len(PHONES) + 1), 1e-8, np.float32)
        for column, values in zip(self.columns, found.T, strict=True):
            out[:, column] += values
        return np.log(out / out.sum(1, keepdims=True))


def peaks(log: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """(S,) seconds of the peak of each phone of `labels` on the best CTC path through log posteriors (T, 41)."""
    states = [len(PHONES)]
    for label in labels:
        states += [INDEX[label], len(PHONES)]
    path = viterbi(log[:, states], np.array([state == len(PHONES) for state in states]))
    found = [np.flatnonzero(path == 2 * i + 1) for i in range(len(labels))]
    return np.array([(where[log[where, states[2 * i + 1]].argmax()] + 0.5) / RATE for i, where in enumerate(found)])


def lateness(phones: Sequence[Phone], log: np.ndarray) -> list[tuple[str, float]]:
    """Label and (peak − start) in seconds of each phone that is not silence."""
    said = [phone for phone in phones if phone.label != SILENCE]
    try:
        when = peaks(log, [phone.label for phone in said])
    except ValueError:  # more phones than frames
        return []
    return [(phone.label, float(t - phone.start)) for phone, t in zip(said, when, strict=True)]


def hears_lips(phone: Phone, log: np.ndarray, late: float) -> bool:
    """Whether a /p b m/ peaks where one is said: within 60 ms of the phone, `late` seconds taken off."""
    middles = (np.arange(len(log)) + 0.5) / RATE - late
    near = (middles > phone.start - 0.06) & (middles < phone.end + 0.06)
    return bool(np.exp(log[near][:, [INDEX[label] for label in BILABIAL]]).sum(1).max(initial=0) > 0.3)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints how late its peaks are and how far it agrees with the phone times in --aligned."""
    parser = argparse.ArgumentParser(prog="talkdemo.train.speech.hama", description=main.__doc__)
    parser.add_argument("assets", type=Path, help="hama/assets of the unpacked wheel")
    parser.add_argument("--aligned", type=Path, default=aligned.ALIGNED)
    parser.add_argument("--corpora", nargs="+", default=["ljspeech", "voices-kathleen"])
    parser.add_argument("--clips", type=int, default=120)
    args = parser.parse_args(arguments)
    ear = Hama(args.assets)
    for corpus in args.corpora:
        found = ljspeech.clips() if corpus == "ljspeech" else aligned.clips(corpus, "held-out", args.aligned)
        late, heard = [], []
        for clip in islice(found, args.clips):
            log = ear(clip.speech.samples)
            late += lateness(clip.phones or (), log)
            heard += [(p, log) for p in clip.phones or () if p.label in BILABIAL]
        middle = float(np.median([t for _, t in late]))
        spread = np.percentile([abs(t - middle) for _, t in late], [50, 90])
        agreed = np.mean([hears_lips(phone, log, middle) for phone, log in heard])
        print(f"{corpus}: peaks {1000 * middle:.0f} ms after the start of {len(late)} phones (half within "
              f"{1000 * spread[0]:.0f}, nine tenths within {1000 * spread[1]:.0f} ms of that); "
              f"{100 * agreed:.1f} % of {len(heard)} /p b m/ heard there too", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
