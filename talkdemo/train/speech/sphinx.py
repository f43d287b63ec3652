"""Aligns English speech with PocketSphinx, an ear of its own kind (Gaussian mixtures); build time only.

PyPI `pocketsphinx` 5.1.1 (BSD) with the US English model it brings. Words are given by their phones, so every word can
be aligned, those of no dictionary too.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.records import Phone
from talkdemo.train.speech.sources import SOURCES
from talkdemo.train.speech.spelling import words_of

FRAME = 0.01  # seconds
CORPORA = ("voices-kathleen", "ljspeech")


class Sphinx:
    """One decoder; words are added to its dictionary as they come."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self.decoder = Decoder(lm=None, loglevel="FATAL", beam=1e-120, wbeam=1e-100, pbeam=1e-120)
        self.names: dict[tuple[str, ...], str] = {}

    def align(self, samples: np.ndarray, words: Sequence[Sequence[str]]) -> list[Phone] | None:
        """Timed phones of samples that say `words` (phones, digits of stress allowed); None where it fails."""
        for word in {tuple(word) for word in words} - self.names.keys():
            self.names[word] = f"w{len(self.names)}"
            phones = " ".join(label.rstrip("012") for label in word)
            self.decoder.add_word(self.names[word], phones, True)
        sound = (np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
        try:
            self.decoder.set_align_text(" ".join(self.names[tuple(word)] for word in words))
            for turn in range(2):  # words first, then the phones in them
                if turn:
                    self.decoder.set_alignment()
                self.decoder.start_utt()
                self.decoder.process_raw(sound, full_utt=True)
                self.decoder.end_utt()
        except RuntimeError:
            return None
        alignment = self.decoder.get_alignment()
        if alignment is None:
            return None
        found = [(p.start * FRAME, (p.start + p.duration) * FRAME, p.name) for p in alignment.phones()]
        stressed = iter([label for word in words for label in word])
        out = []
        for start, end, name in found:
            if name not in INDEX or name == SILENCE:
                out.append(Phone(start, end, SILENCE))
                continue
            label = next(stressed, name)
            stress = int(label[-1]) if label[-1].isdigit() else 0
            out.append(Phone(start, end, name, stress))
        return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes <out>/<corpus>.json: clip → [start, end, label, stress] of each phone."""
    parser = argparse.ArgumentParser(prog="talkdemo.train.speech.sphinx", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/sphinx"))
    parser.add_argument("--corpora", nargs="+", default=list(CORPORA))
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    decoder = Sphinx()
    for corpus in args.corpora:
        found = {}
        for clip in SOURCES[corpus]():
            phones = decoder.align(clip.speech.samples, words_of(clip))
            if phones is not None:
                found[clip.name] = [[round(p.start, 3), round(p.end, 3), p.label, p.stress] for p in phones]
        (args.out / f"{corpus}.json").write_text(json.dumps(found))
        print(f"{corpus}: {len(found)} clips aligned", flush=True)


if __name__ == "__main__":
    main()
