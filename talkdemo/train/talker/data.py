"""Caches the training data of the talking models: motion, recorded or performed, and the encoder's features of it.

`python -m talkdemo train talker_data motion`, `… styles` and `… features` fill runs/talker/<split>/<voice>/*.npz; each
step skips what is there, so all resume. `styles` performs the sessions again in many sampled styles
(data/articulation/samples.py).

Most sessions of an identity's voice are performed in that identity's style, some in another's, and voices that belong
to no identity (other languages) are performed in anybody's: otherwise the talking model could tell the style from the
voice alone and would ignore the identity. Real speakers whose phones were found by `train align` are performed in
anybody's style too, so that the model meets the features of real voices; GRID and FACEGOOD come with their own recorded
motion, the channels that were not recorded masked.
"""

import argparse
import itertools
import json
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkdemo import files
from talkdemo.audio.ssl import open_encoder
from talkdemo.audio.voice import frames
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.articulation.model import performances
from talkdemo.data.articulation.samples import style_samples
from talkdemo.data.articulation.styles import Style
from talkdemo.data.corpora.sessions import Session, join, sessions
from talkdemo.data.corpora.shared import root
from talkdemo.data.corpora.table import CORPORA
from talkdemo.data.speech.augment import Augmentation, augment
from talkdemo.records import CHANNELS, FPS, HEAD_CHANNELS, SAMPLES_PER_FRAME, Motion, Phone, Speech

SESSION_SECONDS = 24.0
COLOUR = Augmentation(speed=0.0)  # rooms, noise, bands, other vocal tracts: all but a change of time
SAME_MOUTH = replace(COLOUR, formant=0.0)  # for matching a voice: another vocal tract would be another voice
OTHERS_STYLE = 0.35  # share of an identity's sessions performed in another's style
HELD_OUT_VARIANTS = 4  # times as many of the few held-out sessions: every held-out style several times

PERFORMED = ("speechocean762", "voices-kathleen", "voices-kerstin", "voices-nathalie")  # real voices without motion
RECORDED = ("grid_s1", "facegood")


@dataclass(frozen=True)
class CachedVoice:
    """All sessions of one voice (or corpus) end to end; session i is frames[start[i] : start[i + 1]]."""

    voice_name: str
    motion: np.ndarray  # (T, 55) float16: 52 coefficients, head rotation
    features: np.ndarray  # (T, D) float16
    start: np.ndarray  # (S + 1,)
    emotion: np.ndarray  # (S,) str
    identity: np.ndarray  # (S,) str: in whose style the session is performed
    voice: np.ndarray  # (T, 83) float16: what the voice is matched by
    mask: np.ndarray  # (55,) bool: the channels of motion that are recorded


def perform(session: Session, style: Style, generator: np.random.Generator) -> Motion:
    """The articulation model's motion of a session."""
    return next(performances(session.speech, session.phones, [(style, session.emotion, generator)]))


def make_motion(corpus: Path, out: Path, voice: str, split: str, hours: float, seed: int = 0) -> float:
    """Write out/<split>/<voice>/motion.npz (samples int16, motion, emotions, identities); returns the hours written."""
    target = out / split / voice / "motion.npz"
    if target.exists():
        return 0.0
    rows = Rows()
    generator = np.random.default_rng([seed, zlib.crc32(f"{split}/{voice}".encode())])
    names = list(IDENTITIES)
    for session in sessions(corpus, voice, split, SESSION_SECONDS, generator, hours):
        own = voice in IDENTITIES and (split != "train" or generator.random() > OTHERS_STYLE)
        identity = voice if own else names[generator.integers(len(names))]
        style = IDENTITIES[identity].style
        motion = perform(session, style, generator)
        rows.add(session.speech, motion, session.emotion, identity, session.phones)
    return rows.write(target)


def make_styles(out: Path, voice: str, split: str, variants: int, seed: int = 0) -> float:
    """Write manners.npz beside motion.npz: every session performed `variants` times more, each time in a style sampled
    anew (of the split's), whatever the emotion of the voice: motion (variants, T, 55), manner (variants, S)."""
    folder = out / split / voice
    target = folder / "manners.npz"  # the name that caches of earlier versions have
    if target.exists() or not (folder / "motion.npz").exists():
        return 0.0
    samples = style_samples(split)
    generator = np.random.default_rng([seed, zlib.crc32(f"manners/{split}/{voice}".encode())])
    cached = list(read_sessions(folder / "motion.npz"))
    drawn = generator.integers(len(samples), size=(variants, len(cached)))
    motion = []
    for row in drawn:
        performed = [
            perform(replace(session, emotion=samples[k].emotion), samples[k].style, generator).tracks
            for k, session in zip(row, cached, strict=True)
        ]
        motion.append(np.concatenate(performed).astype(np.float16))
    with files.replacing(target) as part:
        np.savez(part, motion=np.stack(motion), manner=drawn)
    return variants * len(motion[0]) / FPS / 3600


def read_styles(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """What `make_styles` wrote in a voice's folder: for every variant motion (T, 55) and each session's style (S,)."""
    if not (folder / "manners.npz").exists():
        return []
    with np.load(folder / "manners.npz") as file:
        return list(zip(file["motion"], file["manner"], strict=True))


def read_sessions(path: Path) -> Iterator[Session]:
    """The sessions of a motion.npz as they were performed."""
    with np.load(path) as file:
        samples, start, emotion = file["samples"], file["start"], file["emotion"]
        rows, label, stress, of = file["phone"], file["phone_label"], file["phone_stress"], file["phone_start"]
    for i, (a, b) in enumerate(itertools.pairwise(start)):
        sound = samples[a * SAMPLES_PER_FRAME : b * SAMPLES_PER_FRAME].astype(np.float32) / 32767
        part = slice(of[i], of[i + 1])
        phones = [
            Phone(float(s), float(e), str(x), int(n))
            for (s, e), x, n in zip(rows[part], label[part], stress[part], strict=True)
        ]
        voice = path.parent.name
        yield Session(voice, str(emotion[i]), path.parent.parent.name, Speech(sound, voice), tuple(phones))


class Rows:
    """Sessions as they are gathered for a motion.npz."""

    def __init__(self) -> None:
        self.samples: list[np.ndarray] = []
        self.motions: list[np.ndarray] = []
        self.emotions: list[str] = []
        self.identities: list[str] = []
        self.start = [0]
        self.phones: list[tuple[Phone, ...]] = []

    def add(
        self, speech: Speech, motion: Motion, emotion: str, identity: str, phones: Sequence[Phone] | None = None
    ) -> None:
        """One session; sound and motion are cut to the whole frames that both have."""
        frames = min(len(speech.samples) // SAMPLES_PER_FRAME, len(motion))
        self.samples.append((speech.samples[: frames * SAMPLES_PER_FRAME] * 32767).clip(-32768, 32767).astype(np.int16))
        self.motions.append(motion.tracks[:frames].astype(np.float16))
        self.emotions.append(emotion)
        self.identities.append(identity)
        self.start.append(self.start[-1] + frames)
        self.phones.append(tuple(phones or ()))

    def write(self, target: Path, mask: np.ndarray | None = None) -> float:
        """Hours written; nothing where no session was added."""
        if not self.motions:
            return 0.0
        target.parent.mkdir(parents=True, exist_ok=True)
        phones = list(itertools.chain.from_iterable(self.phones))
        with files.replacing(target) as part:
            np.savez(
                part, samples=np.concatenate(self.samples), motion=np.concatenate(self.motions),
                emotion=np.array(self.emotions), identity=np.array(self.identities), start=np.array(self.start),
                mask=np.ones(CHANNELS, bool) if mask is None else mask,
                phone=np.array([(p.start, p.end) for p in phones]).reshape(-1, 2),
                phone_label=np.array([p.label for p in phones]),
                phone_stress=np.array([p.stress for p in phones], int),
                phone_start=np.cumsum([0, *(len(some) for some in self.phones)]),
            )  # fmt: skip
        return self.start[-1] / FPS / 3600


def make_performed(corpus: str, aligned: Path, out: Path, seed: int = 0) -> float:
    """Performances on a corpus's training clips, several with pauses a session, in anybody's style."""
    index, target = aligned / corpus / "utterances.json", out / "train" / corpus / "motion.npz"
    shared = root()
    if target.exists() or shared is None or not index.exists():
        return 0.0
    rows, names = Rows(), list(IDENTITIES)
    generator = np.random.default_rng([seed, zlib.crc32(corpus.encode())])
    voices: dict[str, list[dict[str, Any]]] = {}
    for item in json.loads(index.read_text()):
        if item["split"] == "train":
            voices.setdefault(item["voice"], []).append({**item, "path": shared / item["path"]})
    for voice, items in sorted(voices.items()):
        queue = iter(items)
        while (session := join(queue, voice, "neutral", "train", SESSION_SECONDS, generator)) is not None:
            identity = names[generator.integers(len(names))]
            motion = perform(session, IDENTITIES[identity].style, generator)
            rows.add(session.speech, motion, "neutral", identity, session.phones)
    return rows.write(target)


def make_recorded(corpus: str, out: Path, split: str) -> float:
    """Recorded motion of a real speaker as it is, a clip a session."""
    target = out / split / corpus / "motion.npz"
    shared = root()
    if target.exists() or shared is None or not (shared / corpus).exists():
        return 0.0
    rows, mask = Rows(), None
    for clip in CORPORA[corpus]():
        if clip.split == split and clip.motion is not None:
            turned = bool(np.abs(clip.motion.head).max() > 0)  # a rig of the mouth alone leaves the head at 0
            mask = np.concatenate([clip.mask, [turned] * HEAD_CHANNELS])
            rows.add(clip.speech, clip.motion, clip.emotion, clip.identity)
    return rows.write(target, mask)


def make_features(out: Path, voice: str, split: str, coloured: float, encoder_name: str, seed: int = 0) -> None:
    """Write features.npz beside motion.npz; the share `coloured` of the sessions is augmented by rooms, noise and band
    limits (no change of time), so that the talking model meets imperfect features in training."""
    folder = out / split / voice
    target = folder / "features.npz"
    if target.exists() or not (folder / "motion.npz").exists():
        return
    encoder = open_encoder(encoder_name)
    generator = np.random.default_rng([seed, zlib.crc32(f"features/{split}/{voice}".encode())])
    with np.load(folder / "motion.npz") as file:
        samples, start = file["samples"].astype(np.float32) / 32767, file["start"]
    rows, voices = [], []
    for a, b in itertools.pairwise(start):
        piece = heard = samples[a * SAMPLES_PER_FRAME : b * SAMPLES_PER_FRAME]
        if generator.random() < coloured:
            heard, _ = augment(piece, generator, options=SAME_MOUTH)
            piece, _ = augment(piece, generator, options=COLOUR)
        rows.append(encoder.features(Speech(piece, voice)).astype(np.float16))
        voices.append(frames(Speech(heard, voice), longest=np.inf).astype(np.float16))
    with files.replacing(target) as part:
        np.savez(part, features=np.concatenate(rows), voice=np.concatenate(voices))


def load(out: Path, split: str) -> list[CachedVoice]:
    """Every voice that has both files. Raises ValueError if there is none or the two differ in length."""
    found = []
    for folder in sorted((out / split).glob("*")):
        if (folder / "features.npz").exists() and (folder / "motion.npz").exists():
            with np.load(folder / "motion.npz") as m, np.load(folder / "features.npz") as f:
                if len(m["motion"]) != len(f["features"]) or len(m["motion"]) != len(f["voice"]):
                    raise ValueError(
                        f"{folder}: {len(m['motion'])} frames of motion and {len(f['features'])} of features; the same "
                        "number is wanted (delete features.npz and make it again)"
                    )
                rows = m["motion"], f["features"], m["start"], m["emotion"], m["identity"], f["voice"], m["mask"]
                found.append(CachedVoice(folder.name, *rows))
    if not found:
        raise ValueError(f"{out / split} holds no cached voice; `make train` fills it")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="talkdemo train talker_data", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("step", choices=["motion", "styles", "features"])
    parser.add_argument("--corpus", type=Path, default=Path("runs/corpus/speech"))
    parser.add_argument("--aligned", type=Path, default=Path("runs/corpus/aligned"), help="what `train align` wrote")
    parser.add_argument("--encoder", default="audio-encoder", help="checkpoint of the speech encoder, or ssl:NAME")
    parser.add_argument("--out", type=Path, default=Path("runs/talker"))
    parser.add_argument("--hours", type=float, default=10.0, help="of training motion over all voices")
    parser.add_argument("--variants", type=int, default=2, help="performances of every session in sampled styles")
    parser.add_argument("--coloured", type=float, default=0.6)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(arguments)
    voices = [p.parent.name for p in sorted(args.corpus.glob("*/utterances.json"))]
    work: list[Future[Any]] = []
    with ProcessPoolExecutor(args.processes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        if args.step == "motion":
            work += [pool.submit(make_performed, corpus, args.aligned, args.out) for corpus in PERFORMED]
            work += [pool.submit(make_recorded, c, args.out, s) for c in RECORDED for s in ("train", "held-out")]
        for split, share in (("train", 1.0), ("held-out", 0.05)):
            for voice in voices if args.step == "motion" else sorted(p.name for p in (args.out / split).glob("*")):
                if voice.startswith("heldout-") or (split == "held-out" and voice.startswith("aug-")):
                    continue
                if args.step == "motion":
                    hours = share * args.hours / len(voices)
                    work.append(pool.submit(make_motion, args.corpus, args.out, voice, split, hours))
                elif args.step == "styles":
                    if voice not in RECORDED:
                        variants = args.variants * (1 if split == "train" else HELD_OUT_VARIANTS)
                        work.append(pool.submit(make_styles, args.out, voice, split, variants))
                else:
                    coloured = args.coloured if split == "train" else 0.0
                    work.append(pool.submit(make_features, args.out, voice, split, coloured, args.encoder))
        for done in work:
            done.result()
            print(".", end="", flush=True)
    print()
