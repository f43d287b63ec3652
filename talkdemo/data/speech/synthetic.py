"""Speaks the synthetic corpus: speech of many voices with exact phone times.

    python -m talkdemo.data.speech.synthetic --hours 10 --out runs/corpus/speech      (make corpus)

Needs Debian's `flite festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k espeak-ng`, at build time only.
data/corpora/synthetic.py has the format. A run that was stopped goes on where it was.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import soundfile

from talkdemo.data.corpora.synthetic import FOLDER, read_index, write_index
from talkdemo.data.speech.engines import Engines
from talkdemo.data.speech.timed_speech import EngineMissing
from talkdemo.data.speech.utterances import plan, speak
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES
from talkdemo.records import SAMPLE_RATE


def targets(hours: float) -> dict[str, float]:
    """Seconds of each voice: `hours` divided among the identity voices, a third of that among all the others."""
    others = [name for name in VOICES if name not in IDENTITY_VOICES]
    seconds = {name: hours * 3600 / len(IDENTITY_VOICES) for name in IDENTITY_VOICES}
    return seconds | {name: hours * 3600 / 3 / len(others) for name in others}


def build(
    root: Path, seconds: Mapping[str, float], seed: int = 0, rounds: int = 20, report: Callable[[str], object] = print
) -> float:
    """Speak until every voice has its `seconds`, all voices in step; returns the seconds of new speech."""
    engines, began, added = Engines(), time.perf_counter(), 0.0
    try:
        for step in range(1, rounds + 1):
            total = 0.0
            for name, goal in seconds.items():
                folder = root / name
                folder.mkdir(parents=True, exist_ok=True)
                entries = read_index(folder)
                length, before = sum(entry["seconds"] for entry in entries), len(entries)
                while length < goal * step / rounds:
                    samples, entry = speak(engines, name, plan(name, len(entries), seed))
                    soundfile.write(folder / f"{entry['utt']}.flac", samples, SAMPLE_RATE, subtype="PCM_16")
                    entries.append(entry)
                    length += entry["seconds"]
                    added += entry["seconds"]
                if len(entries) > before:
                    write_index(folder, entries)
                total += length
            spent = time.perf_counter() - began
            report(f"{step}/{rounds}: {total / 3600:.2f} h of speech; {added / spent:.0f}× real time")
    finally:
        engines.close()
    return added


def main() -> None:
    parser = argparse.ArgumentParser(description="Speak the corpus.")
    parser.add_argument("--hours", type=float, default=10.0, help="of the 24 identity voices together")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--voices", nargs="*", choices=sorted(VOICES), help="these only")
    options = parser.parse_args()
    seconds = targets(options.hours)
    if options.voices:
        seconds = {name: seconds[name] for name in options.voices}
    try:
        build(options.out, seconds, options.seed)
    except EngineMissing as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
