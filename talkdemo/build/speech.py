"""Speaks the example clips (examples/speech): *.flac and their README.md.

    python -m talkdemo.build.speech

Needs Debian's flite, festival and espeak-ng (see talkdemo/data/speech/synthetic.py); the clips are shipped.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from talkdemo.data.speech.engines import Engines
from talkdemo.data.speech.timed_speech import EngineMissing
from talkdemo.data.speech.utterances import MOODS, SPEECH_LEVEL, concatenate, set_level, trim
from talkdemo.data.speech.voices import VOICES
from talkdemo.files import EXAMPLES
from talkdemo.records import SAMPLE_RATE


@dataclass(frozen=True)
class Line:
    """One clip; pauses in seconds: one before each text and one at the end."""

    file: str
    voice: str
    what: str
    texts: tuple[str, ...]
    pauses: tuple[float, ...]
    mood: str = "neutral"


LINES = (
    Line("welcome", "Ada", "woman", (
        "Hello, and welcome!", "Whatever you say to me, I will say it back with my own face.",
    ), (0.3, 0.35, 0.4)),
    Line("lips", "Lucas", "man; lips that meet and part", (
        "Peter's puppy popped a purple balloon, and my mother mopped up the jam from the baby's bib.",
    ), (0.3, 0.4)),
    Line("pauses", "Ewan", "man, Scottish; long pauses", (
        "Let me think about it.", "Perhaps.", "Well, if you ask me, both of them are right.",
    ), (0.8, 1.6, 1.4, 1.0)),
    Line("child", "Zola", "child-like, surprised", (
        "Wow, look at that!", "A huge blue whale is swimming below the boat!",
    ), (0.2, 0.4, 0.3), "surprised"),
    Line("numbers", "Yuki", "high woman; numbers and questions", (
        "Is it forty five, or fifty four?", "Flight seven leaves from gate thirteen.",
    ), (0.3, 0.5, 0.3)),
    Line("farewell", "Bruno", "deep man, sad", (
        "It is a pity that you have to go so soon. We shall never forget this summer.",
    ), (0.4, 0.6), "sad"),
    Line("german", "aug-de-f", "German, woman", (
        "Guten Tag!", "Fünf grüne Frösche hüpfen mühelos über den schönen Bach.",
    ), (0.3, 0.4, 0.4)),
    Line("spanish", "aug-es-m", "Spanish, man, happy", (
        "¡Buenos días, amigos!", "Hoy vamos a beber un buen vaso de zumo en la plaza.",
    ), (0.3, 0.4, 0.4), "happy"),
)  # fmt: skip
SOURCES = {
    "flite": "flite 2.2 (CMU, BSD-like)",
    "festival": "festival, CMU ARCTIC slt HTS (BSD-like)",
    "espeak": "espeak-ng 1.51 (GPL-3; its sound is free)",
}


def speak(engines: Engines, line: Line) -> tuple[np.ndarray, str]:
    """Samples (N,) at SAMPLE_RATE of a clip and its row of the README."""
    voice, mood = VOICES[line.voice], MOODS[line.mood]
    pitch, spread, tempo = voice.pitch * mood.pitch, voice.range * mood.range, voice.tempo * mood.tempo
    parts = [
        trim(engines.say(text, voice, pitch, spread, tempo, voice.formant), voice.engine == "espeak")
        for text in line.texts
    ]
    samples, phones = concatenate(parts, line.pauses)
    row = f"| `{line.file}.flac` | {len(samples) / SAMPLE_RATE:.1f} | {line.voice}: {line.what} | "
    row += f"{' '.join(line.texts)} | {SOURCES[voice.engine]} |"
    return set_level(samples, phones, SPEECH_LEVEL + mood.gain), row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=EXAMPLES / "speech")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    rows, engines = [], Engines()
    try:
        for line in LINES:
            samples, row = speak(engines, line)
            soundfile.write(folder / f"{line.file}.flac", samples, SAMPLE_RATE, subtype="PCM_16")
            rows.append(row)
    except EngineMissing as error:
        parser.exit(2, f"{error}\n")
    finally:
        engines.close()
    header = (
        "# Example speech\n\n"
        "16 kHz mono FLAC, spoken by free speech engines with voices of `talkdemo/data/speech/voices.py` and our own "
        "texts; the clips are given into the public domain (CC0).\n"
        "`python -m talkdemo.build.speech` makes them again.\n\n"
        "| file | seconds | voice | text | engine |\n|---|---|---|---|---|\n"
    )
    (folder / "README.md").write_text(header + "\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
