"""speechocean762: English read by 250 speakers, with their phones in order but without times.

Half of the speakers are children; all speak Mandarin first. The phones are those of the dictionary. CC BY 4.0, Zhang et
al. 2021, "speechocean762: An open-source non-native English speech corpus for pronunciation assessment".
"""

import json
from collections.abc import Iterator

from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.data.corpora.shared import need, read_sound
from talkdemo.records import Clip, Speech

SPLITS = {"train": "train", "test": "held-out"}


def transcript_of(words: list[list[str]]) -> tuple[str, ...]:
    """Phones per word, e.g. [["W_B", "IY0_E"]] → labels with their stress digit, SILENCE at each word's edge (where a
    pause may be): ("SIL", "W", "IY0", "SIL")."""
    out = [SILENCE]
    for word in words:
        labels = [phone.split("_")[0] for phone in word]
        unknown = [label for label in labels if label.rstrip("012") not in INDEX]
        if unknown:
            raise ValueError(f"phone {unknown[0]!r} is not among the {len(INDEX)} of ARPABET that we know")
        out += [*labels, SILENCE]
    return tuple(out)


def clips(split: str | None = None) -> Iterator[Clip]:
    """Clips in the file's order; FileNotFoundError where the data is absent."""
    folder = need("speechocean762")
    index = json.loads((folder / "utterances.json").read_text())
    for name, entry in index.items():
        part = SPLITS[entry["split"]]
        if split is not None and part != split:
            continue
        samples = read_sound(folder / "audio" / entry["speaker"] / f"{name}.ogg")
        yield Clip(
            name=name, corpus="speechocean762", speech=Speech(samples, name), split=part,
            identity=f"speechocean-{entry['speaker']}", text=entry["text"], transcript=transcript_of(entry["phones"]),
        )  # fmt: skip
