"""Sessions: several utterances of one voice and emotion with pauses between.

The talker is trained on sessions, which are long enough for blinks, gaze and head to go on through pauses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from talkdemo.audio.phones import SILENCE
from talkdemo.data.corpora.synthetic import read_index
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Phone, Speech

SILENT_SHARE = 0.04  # sessions without speech, to learn the idle head


@dataclass(frozen=True)
class Session:
    identity: str
    emotion: str
    split: str
    speech: Speech  # a whole number of frames
    phones: tuple[Phone, ...]


def sessions(
    corpus: Path, identity: str, split: str, seconds: float, generator: np.random.Generator, hours: float
) -> Iterator[Session]:
    """Sessions of about `seconds` each from the utterances of one voice, `hours` in all (each utterance once)."""
    folder = corpus / identity
    items = [{**item, "path": folder / f"{item['utt']}.flac"} for item in read_index(folder) if item["split"] == split]
    by_emotion: dict[str, list[dict[str, Any]]] = {}
    for i in generator.permutation(len(items)):
        by_emotion.setdefault(items[i]["emotion"], []).append(items[i])
    left = hours * 3600
    queues = {emotion: iter(group) for emotion, group in by_emotion.items()}
    names = list(queues)
    while left > 0 and names:
        weights = np.array([len(by_emotion[n]) for n in names], float)
        k = int(generator.choice(len(names), p=weights / weights.sum()))
        session = join(queues[names[k]], identity, names[k], split, seconds, generator)
        if session is None:
            del names[k]
            continue
        left -= session.speech.seconds
        yield session
        if generator.random() < SILENT_SHARE:
            yield silent(identity, split, generator)


def silent(identity: str, split: str, generator: np.random.Generator) -> Session:
    """10 to 20 s of a quiet room: nothing, or faint noise."""
    frames = int(generator.integers(250, 500))
    level = 0.0 if generator.random() < 0.5 else 10 ** generator.uniform(-4.5, -3)
    samples = (generator.standard_normal(frames * SAMPLES_PER_FRAME) * level).astype(np.float32)
    phones = (Phone(0.0, frames * SAMPLES_PER_FRAME / SAMPLE_RATE, SILENCE),)
    return Session(identity, "neutral", split, Speech(samples, f"{identity}-silence"), phones)


def join(
    queue: Iterator[dict[str, Any]],
    identity: str,
    emotion: str,
    split: str,
    seconds: float,
    generator: np.random.Generator,
) -> Session | None:
    """The next utterances of `queue` (entries of utterances.json, with the `path` of the sound) with pauses between, of
    at least `seconds` in all where there are as many; None once the queue is empty."""
    pieces: list[np.ndarray] = []
    phones: list[Phone] = []
    at = 0  # samples

    def pause(longest: float) -> None:
        nonlocal at
        n = int(generator.uniform(0.05, longest) * SAMPLE_RATE)
        phones.append(Phone(at / SAMPLE_RATE, (at + n) / SAMPLE_RATE, SILENCE))
        pieces.append(np.zeros(n, np.float32))
        at += n

    name = ""
    while at < seconds * SAMPLE_RATE:
        item = next(queue, None)
        if item is None:
            break
        pause(1.5 if generator.random() < 0.3 else 0.5)
        samples, _ = soundfile.read(item["path"], dtype="float32")
        offset = at / SAMPLE_RATE
        phones += [Phone(s + offset, e + offset, label, int(stress)) for s, e, label, stress in item["phones"]]
        pieces.append(samples)
        at += len(samples)
        name = name or f"{identity}-{item['utt']}"
    if not name:
        return None
    pause(2.0)
    remainder = -at % SAMPLES_PER_FRAME
    pieces.append(np.zeros(remainder, np.float32))
    last = phones[-1]
    phones[-1] = Phone(last.start, (at + remainder) / SAMPLE_RATE, SILENCE)
    return Session(identity, emotion, split, Speech(np.concatenate(pieces), name), tuple(phones))
