"""Reads and writes the synthetic corpus: one folder per voice, with sounds and utterances.json.

utterances.json is a list of {"utt", "text", "language", "emotion", "seconds", "phones": [[start, end, label, stress],
…], "split"}; the sound of each is `<utt>.flac` (16 kHz mono int16).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import soundfile

from talkdemo.files import replacing
from talkdemo.records import Clip, Phone, Speech

INDEX = "utterances.json"
FOLDER = Path("runs/corpus/speech")  # where `make corpus` writes


def read_index(folder: Path) -> list[dict[str, Any]]:
    """The utterances of a voice; none where it has no index."""
    path = folder / INDEX
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def write_index(folder: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    with replacing(folder / INDEX) as temporary:
        temporary.write_text(f"[\n{rows}\n]\n", "utf-8")


def read_clip(folder: Path, entry: Mapping[str, Any]) -> Clip:
    """One utterance of a voice, without motion."""
    samples, _ = soundfile.read(folder / f"{entry['utt']}.flac", dtype="float32")
    return Clip(
        name=f"{folder.name}/{entry['utt']}", corpus="synthetic", speech=Speech(samples, entry["utt"]),
        split=entry["split"], identity=folder.name, emotion=entry["emotion"], language=entry["language"],
        text=entry["text"], phones=tuple(Phone(*row) for row in entry["phones"]),
    )  # fmt: skip


def clips(root: Path | str = FOLDER, voices: Iterable[str] | None = None, split: str | None = None) -> Iterator[Clip]:
    """The corpus below `root` voice by voice; a sound is read when its clip is reached."""
    root = Path(root)
    names = sorted(path.parent.name for path in root.glob(f"*/{INDEX}")) if voices is None else list(voices)
    if not names:
        raise ValueError(f"{root.name} given, a folder made by `make corpus` wanted")
    for name in names:
        for entry in read_index(root / name):
            if split is None or entry["split"] == split:
                yield read_clip(root / name, entry)
