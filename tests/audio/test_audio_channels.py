"""Whatever its channels carry, a recording's speech is heard, as loud as it is on the loudest of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from talkdemo.audio.decode import decode
from talkdemo.data.corpora import shared
from talkdemo.records import SAMPLE_RATE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """(N,) some 3 s of an example."""
    samples = decode(ROOT / "examples" / "speech" / "welcome.flac").samples[: 3 * SAMPLE_RATE]
    return 0.5 * samples / np.abs(samples).max()


@pytest.fixture
def music(speech: np.ndarray) -> np.ndarray:
    """(N,) chords, as loud as the speech."""
    times = np.arange(len(speech)) / SAMPLE_RATE
    root = np.array([220, 174.6, 261.6, 196])[(times / 0.7).astype(int) % 4]
    chord = sum(np.sin(2 * np.pi * np.cumsum(root * ratio) / SAMPLE_RATE) for ratio in (1, 1.25, 1.5, 2, 3))
    return (chord * np.exp(-(times % 0.7)) * speech.std() / chord.std() / 2).astype(np.float32)


def same(samples: np.ndarray, speech: np.ndarray, likeness: float = 0.99, decibels: float = 0.5) -> None:
    n = min(len(samples), len(speech))
    assert abs(np.corrcoef(samples[:n], speech[:n])[0, 1]) > likeness
    assert abs(20 * np.log10(samples.std() / speech.std())) < decibels


LAYOUTS: dict[str, Callable[[np.ndarray, np.ndarray], list[np.ndarray]]] = {
    "mono": lambda s, m: [s],
    "the same twice": lambda s, m: [s, s],
    "left": lambda s, m: [s, 0 * s],
    "right": lambda s, m: [0 * s, s],
    "inverted": lambda s, m: [s, -s],
    "inverted, a little quieter": lambda s, m: [s, -0.8 * s],
    "right, with hiss and an offset on the left": lambda s, m: [
        0.2 + np.random.default_rng(0).normal(0, 3e-4, len(s)).astype("f4"), s],
    "speech and music": lambda s, m: [s, m],
    "surround, speech in the centre": lambda s, m: [0 * s, 0 * s, s, 0 * s, 0 * s, 0 * s],
    "surround, music around speech in the centre": lambda s, m: [m, -m, s, 0 * s, 0.7 * m, 0.6 * m],
    "surround, speech in front": lambda s, m: [s, s, 0 * s, 0 * s, 0.1 * m, -0.1 * m],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_speech_is_taken_from_the_channels_that_carry_it(tmp_path: Path, speech, music, name: str) -> None:
    channels = LAYOUTS[name](speech, music)
    soundfile.write(tmp_path / "x.wav", np.stack(channels, 1), SAMPLE_RATE, subtype="FLOAT")
    same(decode(tmp_path / "x.wav").samples, speech, 0.97 if "music" in name else 0.99)


def test_the_same_twice_is_the_same_samples(tmp_path: Path, speech) -> None:
    soundfile.write(tmp_path / "one.wav", speech, SAMPLE_RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "two.wav", np.stack([speech, speech], 1), SAMPLE_RATE, subtype="FLOAT")
    np.testing.assert_allclose(decode(tmp_path / "two.wav").samples, decode(tmp_path / "one.wav").samples, atol=1e-6)


def test_two_speakers_on_two_channels_are_both_heard(tmp_path: Path, speech) -> None:
    quiet = np.zeros_like(speech)
    left, right = np.concatenate([speech, quiet]), np.concatenate([quiet, speech])
    soundfile.write(tmp_path / "x.wav", np.stack([left, right], 1), SAMPLE_RATE, subtype="FLOAT")
    samples = decode(tmp_path / "x.wav").samples
    for part in (samples[: len(speech)], samples[len(speech) :]):
        same(part, speech, 0.99, 3.1)


def test_the_default_stream_is_taken_and_named(tmp_path: Path, speech) -> None:
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        frames = []
        for title, default, samples in (("Commentary", False, 0 * speech), ("Dialogue", True, speech)):
            stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
            stream.metadata["title"] = title
            stream.disposition = av.stream.Disposition.default if default else av.stream.Disposition(0)
            frame = av.AudioFrame.from_ndarray((32767 * samples[None]).astype(np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, 0
            resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE, frame_size=4096)
            frames.append((stream, [*resampler.resample(frame), *resampler.resample(None)]))
        for stream, pieces in frames:
            for piece in pieces:
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
    found = decode(tmp_path / "two.mkv")
    same(found.samples, speech)
    assert found.notes == {"stream": "2 of 2 (Dialogue)"}


@pytest.mark.parametrize("name", ["antiphase.wav", "left_only.wav"])
def test_files_that_came_out_silent_or_quiet(name: str) -> None:
    root = shared.root()
    if root is None or not (root / "trouble").is_dir():
        pytest.skip("no troublesome files (shared data absent)")
    left, _ = soundfile.read(root / "trouble" / name, dtype="float32")
    same(decode(root / "trouble" / name).samples, left[:, 0])
