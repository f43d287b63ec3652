"""Real speech with the phone times that were found for it: what `train align` wrote, as clips."""

import json
from collections.abc import Iterator
from pathlib import Path

import soundfile

from talkdemo.data.corpora.shared import root
from talkdemo.records import SAMPLE_RATE, Clip, Phone, Speech

ALIGNED = Path("runs/corpus/aligned")


def clips(corpus: str, split: str | None = None, folder: Path = ALIGNED) -> Iterator[Clip]:
    """Clips of a corpus, in order; FileNotFoundError where it was not aligned or its sound is absent."""
    base, index = root(), folder / corpus / "utterances.json"
    if base is None or not index.exists():
        raise FileNotFoundError(f"{corpus} has no phone times in {folder}; `python -m talkdemo train align`")
    for row in json.loads(index.read_text("utf-8")):
        if split is not None and row["split"] != split:
            continue
        samples, rate = soundfile.read(base / row["path"], dtype="float32")
        if rate != SAMPLE_RATE:
            raise ValueError(f"{row['utt']} has {rate} Hz; {SAMPLE_RATE} Hz is wanted")
        phones = tuple(Phone(*phone) for phone in row["phones"])
        speech = Speech(samples, row["utt"])
        yield Clip(row["utt"], corpus, speech, row["split"], row["voice"], phones=phones)
