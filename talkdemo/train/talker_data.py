"""Sessions in, cached training arrays out: motion from the stochastic teacher, features from the speech encoder.

`python -m talkdemo.train.talker_data motion` and then `… features` fill runs/talker/<split>/<voice>/*.npz; each step
skips what is there, so both resume.

Most sessions of an identity's voice are performed in that identity's style, some in another's, and voices that belong
to no identity (other languages) are performed in anybody's: otherwise the talking model could tell the style from the
voice alone and would not listen to the identity it is given.
"""

from __future__ import annotations

import argparse
import itertools
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.audio.encoder import SpeechEncoder
from talkdemo.audio.prosody import energy, pitch
from talkdemo.audio.voice import summary
from talkdemo.data.articulation import articulate
from talkdemo.data.augment import Augmentation, augment
from talkdemo.data.identities import IDENTITIES
from talkdemo.data.sessions import sessions
from talkdemo.records import FPS, SAMPLES_PER_FRAME, Speech

SESSION_SECONDS = 24.0
COLOUR = Augmentation(speed=0.0)  # rooms, noise, bands, other vocal tracts: all but a change of time
OTHERS_STYLE = 0.35  # share of an identity's sessions performed in another's style


@dataclass(frozen=True)
class CachedVoice:
    """All sessions of one voice end to end; session i is frames[start[i] : start[i + 1]]."""

    voice_name: str
    motion: np.ndarray  # (T, 55) float16: 52 coefficients, head rotation
    features: np.ndarray  # (T, D) float16
    start: np.ndarray  # (S + 1,)
    emotion: np.ndarray  # (S,) str
    identity: np.ndarray  # (S,) str: in whose style the session is performed
    voice: np.ndarray  # (S, 163)


def make_motion(corpus: Path, out: Path, voice: str, split: str, hours: float, seed: int = 0) -> float:
    """Write out/<split>/<voice>/motion.npz (samples int16, motion, emotions, identities); returns the hours made."""
    target = out / split / voice / "motion.npz"
    if target.exists():
        return 0.0
    generator = np.random.default_rng([seed, zlib.crc32(f"{split}/{voice}".encode())])
    samples, motions, emotions, identities, start = [], [], [], [], [0]
    names = list(IDENTITIES)
    for session in sessions(corpus, voice, split, SESSION_SECONDS, generator, hours):
        speech = session.speech
        own = voice in IDENTITIES and (split != "train" or generator.random() > OTHERS_STYLE)
        identity = voice if own else names[generator.integers(len(names))]
        style = IDENTITIES[identity].style
        motion = articulate(
            session.phones, energy(speech), pitch(speech), style, session.emotion, generator, speech.frames
        )
        samples.append((speech.samples * 32767).clip(-32768, 32767).astype(np.int16))
        motions.append(np.concatenate([motion.coefficients, motion.head], axis=1).astype(np.float16))
        emotions.append(session.emotion)
        identities.append(identity)
        start.append(start[-1] + speech.frames)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part.npz")
    sound, motion = np.concatenate(samples), np.concatenate(motions)
    np.savez(part, samples=sound, motion=motion, emotion=emotions, identity=identities, start=start)
    part.replace(target)
    return start[-1] / FPS / 3600


def make_features(out: Path, voice: str, split: str, coloured: float, seed: int = 0) -> None:
    """Write features.npz beside motion.npz; the share `coloured` of the sessions is heard through rooms, noise and
    band limits (no change of time), so that the talking model meets imperfect features in training."""
    folder = out / split / voice
    target = folder / "features.npz"
    if target.exists():
        return
    encoder = SpeechEncoder.open()
    generator = np.random.default_rng([seed, zlib.crc32(f"features/{split}/{voice}".encode())])
    with np.load(folder / "motion.npz") as file:
        samples, start = file["samples"].astype(np.float32) / 32767, file["start"]
    rows, voices = [], []
    for a, b in itertools.pairwise(start):
        piece = samples[a * SAMPLES_PER_FRAME : b * SAMPLES_PER_FRAME]
        if generator.random() < coloured:
            piece, _ = augment(piece, generator, options=COLOUR)
        speech = Speech(piece, voice)
        rows.append(encoder.features(speech).astype(np.float16))
        voices.append(summary(speech))
    part = target.with_suffix(".part.npz")
    np.savez(part, features=np.concatenate(rows), voice=np.stack(voices))
    part.replace(target)


def load(out: Path, split: str) -> list[CachedVoice]:
    """Every voice that has both files. Raises ValueError if there is none or the two differ in length."""
    found = []
    for folder in sorted((out / split).glob("*")):
        if (folder / "features.npz").exists() and (folder / "motion.npz").exists():
            with np.load(folder / "motion.npz") as m, np.load(folder / "features.npz") as f:
                if len(m["motion"]) != len(f["features"]) or len(m["start"]) != len(f["voice"]) + 1:
                    raise ValueError(
                        f"{folder}: {len(m['motion'])} frames of motion and {len(f['features'])} of features; the same "
                        "number is wanted (delete features.npz and make it again)"
                    )
                rows = m["motion"], f["features"], m["start"], m["emotion"], m["identity"], f["voice"]
                found.append(CachedVoice(folder.name, *rows))
    if not found:
        raise ValueError(f"{out / split} holds no cached voice; `make train` fills it")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["motion", "features"])
    parser.add_argument("--corpus", type=Path, default=Path("runs/corpus/speech"))
    parser.add_argument("--out", type=Path, default=Path("runs/talker"))
    parser.add_argument("--hours", type=float, default=10.0, help="of training motion over all voices")
    parser.add_argument("--coloured", type=float, default=0.6)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(arguments)
    voices = [p.parent.name for p in sorted(args.corpus.glob("*/utterances.json"))]
    work = []
    with ProcessPoolExecutor(args.processes, initializer=_one_thread) as pool:
        for split, share in (("train", 1.0), ("held-out", 0.05)):
            for voice in voices:
                if voice.startswith("heldout-") or (split == "held-out" and voice not in IDENTITIES):
                    continue
                hours = share * args.hours / len(voices)
                if args.step == "motion":
                    work.append(pool.submit(make_motion, args.corpus, args.out, voice, split, hours))
                else:
                    work.append(pool.submit(make_features, args.out, voice, split, args.coloured))
        for done in work:
            done.result()
            print(".", end="", flush=True)
    print()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
