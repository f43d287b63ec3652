"""Real tracks and the teacher in, a Markdown table of how they move out: `python -m talkdemo.evaluate.teacher`.

Every row names the real corpora it is held against. Head rotation is low-passed at 4 Hz (both sides, both ways) before
its speed is taken, because a tracker's noise is not motion; blinks are peaks over a running median.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import butter, filtfilt, find_peaks
from scipy.spatial.transform import Rotation

from talkdemo.audio import prosody
from talkdemo.audio.phones import PHONES, SILENCE, VOWELS
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.data.articulation.model import articulate
from talkdemo.data.corpora import facegood, grid, live_link, ljspeech
from talkdemo.face.arkit import indices
from talkdemo.records import FPS, SAMPLE_RATE, Clip, Phone, Speech

HEAD_HERTZ = 4.0
BLINK_HEIGHT = 0.30  # over the running median
SPEECH = Path("runs/corpus/speech")
# row → the corpora it is compared with (their mean); grid_s1 blinks are cued by its 3 s trials and do not count.
ROWS: dict[str, tuple[str, ...]] = {
    "jaw peak (95th pct of jawOpen in speech)": ("grid_s1", "facegood"),
    "jaw mean (jawOpen in speech)": ("grid_s1", "facegood"),
    "jaw speed in speech (mean, 1/s)": ("grid_s1", "facegood"),
    "jaw on vowels / on consonants": ("grid_s1",),
    "rounding (95th pct of mouthPucker in speech)": ("grid_s1", "facegood"),
    "smile (mean mouthSmile in speech)": ("grid_s1", "facegood"),
    "lower lip down (95th pct)": ("facegood",),
    "upper lip up (95th pct)": ("facegood",),
    "blinks per minute": ("live_link_face",),
    "blink length (median full width at half height, ms)": ("live_link_face",),
    "blink interval (median, s)": ("live_link_face",),
    "gaze spread (std of eye yaw, degrees)": ("live_link_face", "grid_s1"),
    "head speed (mean, degrees/s)": ("grid_s1",),
    "head speed (95th pct, degrees/s)": ("grid_s1",),
    "head nod spread in 3 s (std, degrees)": ("grid_s1",),
}
DEGREES_AT_ONE = 32.0  # eye rotation at coefficient 1


@dataclass(frozen=True)
class Sample:
    """One clip's tracks and which frames are speech and vowels (None: unknown)."""

    coefficients: np.ndarray  # (T, 52)
    head: np.ndarray | None  # (T, 3)
    speech: np.ndarray | None  # (T,) bool
    vowels: np.ndarray | None


def inside(phones: Iterable[Phone], labels: Iterable[str], frames: int) -> np.ndarray:
    """(T,) bool: frames whose middle lies in a phone of `labels`."""
    middles, wanted = (np.arange(frames) + 0.5) / FPS, set(labels)
    out = np.zeros(frames, bool)
    for phone in phones:
        if phone.label in wanted:
            out |= (middles >= phone.start) & (middles < phone.end)
    return out


def sample(clip: Clip, motion, with_head: bool) -> Sample:
    """A clip with its motion; without phones, speech is where the sound is loud."""
    frames = len(motion)
    if clip.phones is not None:
        speech = inside(clip.phones, set(PHONES) - {SILENCE}, frames)
        vowels = inside(clip.phones, VOWELS, frames)
    else:
        energy = prosody.energy(clip.speech)
        speech = np.pad(energy, (0, max(0, frames - len(energy))))[:frames] > 0.4
        vowels = None
    return Sample(motion.coefficients, motion.head if with_head else None, speech, vowels)


def blinks(lid: np.ndarray, fps: float = FPS) -> list[tuple[float, float, float]]:
    """(time s, height, full width at half height s) of each blink in a track of eyeBlink (T,)."""
    over = lid - median_filter(lid, int(1.2 * fps) | 1, mode="nearest")
    peaks, _ = find_peaks(over, height=BLINK_HEIGHT, prominence=0.25, distance=max(1, int(0.2 * fps)))
    out = []
    for peak in peaks:
        half = over[peak] / 2
        left, right = peak, peak
        while left > 0 and over[left] > half:
            left -= 1
        while right < len(over) - 1 and over[right] > half:
            right += 1
        if over[left] > half or over[right] > half:
            continue
        rise = left + (half - over[left]) / (over[left + 1] - over[left])
        fall = right - (half - over[right]) / (over[right - 1] - over[right])
        if fall - rise < 0.6 * fps:
            out.append((peak / fps, float(over[peak]), (fall - rise) / fps))
    return out


def angular_speed(head: np.ndarray, fps: float = FPS) -> np.ndarray:
    """(T, 3) rotation vectors → (T - 1,) degrees/s after the low-pass; needs at least 16 frames."""
    smooth = filtfilt(*butter(2, HEAD_HERTZ / (fps / 2)), head, axis=0)
    turn = Rotation.from_rotvec(smooth[:-1]).inv() * Rotation.from_rotvec(smooth[1:])
    return np.degrees(turn.magnitude()) * fps


def measure(samples: list[Sample]) -> dict[str, float]:
    """Every row of ROWS that the samples allow; nan where they do not."""
    columns = {n: indices(n) for n in ("jawOpen", "mouthPucker", "mouthSmile", "mouthLowerDown", "mouthUpperUp")}
    talk = {n: np.concatenate([s.coefficients[s.speech][:, c].mean(1) for s in samples]) for n, c in columns.items()}
    jaws = [s.coefficients[:, columns["jawOpen"][0]] for s in samples]
    rows = dict.fromkeys(ROWS, float("nan"))
    names = iter(ROWS)
    if any(len(t) for t in talk.values()):
        rows[next(names)] = float(np.percentile(talk["jawOpen"], 95))
        rows[next(names)] = float(talk["jawOpen"].mean())
        speed = [np.abs(np.diff(j))[s.speech[1:]] * FPS for j, s in zip(jaws, samples, strict=True)]
        rows[next(names)] = float(np.concatenate(speed).mean())
        ratio = next(names)
        if all(s.vowels is not None for s in samples):
            vowel = np.concatenate([j[s.vowels] for j, s in zip(jaws, samples, strict=True)]).mean()
            rest = np.concatenate([j[s.speech & ~s.vowels] for j, s in zip(jaws, samples, strict=True)]).mean()
            rows[ratio] = float(vowel / rest)
        rows[next(names)] = float(np.percentile(talk["mouthPucker"], 95))
        rows[next(names)] = float(talk["mouthSmile"].mean())
        rows[next(names)] = float(np.percentile(talk["mouthLowerDown"], 95))
        rows[next(names)] = float(np.percentile(talk["mouthUpperUp"], 95))
    rows |= _eyes(samples)
    heads = [s.head for s in samples if s.head is not None and len(s.head) > 16]
    if heads:
        speed = np.concatenate([angular_speed(h) for h in heads])
        rows["head speed (mean, degrees/s)"] = float(speed.mean())
        rows["head speed (95th pct, degrees/s)"] = float(np.percentile(speed, 95))
        pieces = [h[i : i + 75, 0] for h in heads for i in range(0, len(h) - 74, 75)] or [h[:, 0] for h in heads]
        rows["head nod spread in 3 s (std, degrees)"] = float(np.degrees(np.mean([p.std() for p in pieces])))
    return rows


def _eyes(samples: list[Sample]) -> dict[str, float]:
    lids = [s.coefficients[:, indices("eyeBlink")].mean(1) for s in samples]
    if not any(lid.any() for lid in lids):
        return {}
    found = [blinks(lid) for lid in lids]
    minutes = sum(map(len, lids)) / FPS / 60
    lengths = [width for clip in found for *_, width in clip]
    intervals = np.concatenate([np.diff([t for t, *_ in clip]) for clip in found if len(clip) > 1] or [[np.nan]])
    out, inward = indices("eyeLookOutLeft")[0], indices("eyeLookInLeft")[0]
    yaw = [(s.coefficients[:, out] - s.coefficients[:, inward]) * DEGREES_AT_ONE for s in samples]
    return {
        "blinks per minute": len(lengths) / minutes,
        "blink length (median full width at half height, ms)": 1000 * float(np.median(lengths)),
        "blink interval (median, s)": float(np.median(intervals)),
        "gaze spread (std of eye yaw, degrees)": float(np.mean([y.std() for y in yaw])),
    }


def spoken_clips(per_voice: int, folder: Path = SPEECH) -> Iterator[Clip]:
    """Synthetic speech with exact phones for every talking identity; without it, LJSpeech stands in for each voice."""
    if folder.is_dir():
        import soundfile

        for name in IDENTITIES:
            listing = folder / name / "utterances.json"
            if not listing.is_file():
                continue
            for entry in json.loads(listing.read_text())[:per_voice]:
                samples, _ = soundfile.read(folder / name / f"{entry['utt']}.flac", dtype="float32")
                phones = tuple(Phone(*phone) for phone in entry["phones"])
                speech = Speech(samples, entry["utt"])
                yield Clip(entry["utt"], "synthetic", speech, entry["split"], name, entry["emotion"], phones=phones)
        return
    for name in IDENTITIES:
        for clip in list(ljspeech.clips())[:per_voice]:
            yield Clip(clip.name, clip.corpus, clip.speech, clip.split, name, phones=clip.phones)


def monologue(clips: list[Clip], pause: float = 0.4) -> Clip:
    """Utterances of one speaker as one clip: blinks and head motion need minutes, utterances last seconds."""
    samples, phones, now = [], [], 0.0
    for clip in clips:
        samples += [clip.speech.samples, np.zeros(int(pause * SAMPLE_RATE), np.float32)]
        phones += [Phone(now + p.start, now + p.end, p.label, p.stress) for p in clip.phones]
        now += clip.speech.seconds + pause
    speech = Speech(np.concatenate(samples), clips[0].identity)
    return replace(clips[0], name=clips[0].identity, speech=speech, phones=tuple(phones))


def teacher(clips: Iterable[Clip], seed: int = 0, emotion: str = "neutral") -> Iterator[Sample]:
    """The teacher's performance of every clip in the style of its identity."""
    for number, clip in enumerate(clips):
        tracks = prosody.energy(clip.speech), prosody.pitch(clip.speech)
        style, generator = IDENTITIES[clip.identity].style, np.random.default_rng([seed, number])
        motion = articulate(clip.phones, *tracks, style, emotion, generator, clip.speech.frames)
        yield sample(clip, motion, with_head=True)


def real(limit: int | None = None) -> dict[str, list[Sample]]:
    """The real corpora by name; FileNotFoundError where the data is absent."""
    return {
        "grid_s1": [sample(clip, clip.motion, True) for clip in grid.clips(limit)],
        "live_link_face": [
            Sample(clip.motion.coefficients, None, np.zeros(len(clip.motion), bool), None) for clip in live_link.clips()
        ],
        "facegood": [sample(clip, clip.motion, False) for clip in facegood.clips()],
    }


def table(real_rows: dict[str, dict[str, float]], teacher_rows: dict[str, float]) -> str:
    """Markdown: real columns, the teacher, and the teacher over the mean of the corpora named in the last column."""
    columns = ["statistic", *real_rows, "teacher", "ratio", "against"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row, against in ROWS.items():
        values = [rows[row] for rows in real_rows.values()]
        reference = np.nanmean([real_rows[name][row] for name in against])
        cells = ["" if np.isnan(v) else f"{v:.3g}" for v in values]
        ratio = teacher_rows[row] / reference
        lines.append(f"| {row} | {' | '.join(cells)} | {teacher_rows[row]:.3g} | {ratio:.2f} | {', '.join(against)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How the teacher moves, beside real people.")
    parser.add_argument("--per-voice", type=int, default=12, help="utterances of each identity")
    parser.add_argument("--grid", type=int, default=None, help="clips of GRID (default: all)")
    options = parser.parse_args(arguments)
    real_rows = {name: measure(samples) for name, samples in real(options.grid).items()}
    clips = list(spoken_clips(options.per_voice))
    names = dict.fromkeys(clip.identity for clip in clips)
    long = [monologue([clip for clip in clips if clip.identity == name]) for name in names]
    print(table(real_rows, measure(list(teacher(long)))))
    print(f"\nteacher: {len(clips)} utterances ({clips[0].corpus}), {len(names)} identities")


if __name__ == "__main__":
    main()
