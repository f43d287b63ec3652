"""The app with the shipped weights and head through gradio_client: two visitors at once, bad files."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from talkdemo.export import livelink, npz

pytestmark = pytest.mark.slow
CLIPS = Path(__file__).parents[2] / "examples" / "speech"


@pytest.fixture(scope="module")
def address(shipped) -> str:
    return shipped.address


def client(address: str) -> Client:
    """Patient: a busy machine may keep it waiting."""
    return Client(address, verbose=False, httpx_kwargs={"timeout": 60})


def talk(client: Client, clip: Path, **changes: object):
    choice = {"identity": "auto", "emotion": "neutral", "character": "leo", "steps": 8, "seed": 0} | changes
    return client.submit(handle_file(clip), *choice.values(), api_name="/talk")


def test_two_visitors_at_once_get_their_own(address: str, read_video) -> None:
    clips = {"child": CLIPS / "child.flac", "german": CLIPS / "german.flac"}
    jobs = {
        name: talk(client(address), clip, seed=k, character=("leo", "amara")[k])
        for k, (name, clip) in enumerate(clips.items())
    }
    for k, (name, job) in enumerate(jobs.items()):
        film, table, archive, summary, _ = job.result(240)
        (motion,) = npz.read(archive)
        assert summary["seed"] == k and summary["character"] == ("leo", "amara")[k] and summary["steps"] == 8
        assert len(motion) == summary["frames"] == len(livelink.read(table))
        frames, samples = read_video(film["video"] if isinstance(film, dict) else film)
        assert frames.shape == (len(motion), 512, 512, 3) and samples is not None
        heard = loudness(samples)
        meant = loudness(decoded(clips[name]))
        shared = min(len(heard), len(meant))
        assert np.corrcoef(heard[:shared], meant[:shared])[0, 1] > 0.95  # this visitor's own voice


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.wav", b""),
        ("text.mp3", b"this is not sound " * 100),
        ("<img src=x>.ogg", b"OggS" + bytes(500)),
        ("short.wav", None),
    ],
)
def test_bad_sound_is_told_in_one_sentence(address: str, tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is None:
        with wave.open(str(path), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(16000)
            stream.writeframes(bytes(2 * 1600))
    else:
        path.write_bytes(content)
    with pytest.raises(AppError) as caught:
        talk(client(address), path).result(240)
    said = str(caught.value)
    assert said.startswith("This file") and "<" not in said and "/" not in said.replace("16/", "") and "\n" not in said


def decoded(path: Path) -> np.ndarray:
    from talkdemo.audio.decode import decode

    return decode(path).samples


def loudness(samples: np.ndarray) -> np.ndarray:
    whole = samples[: len(samples) // 640 * 640].reshape(-1, 640)
    return np.sqrt((whole.astype(np.float64) ** 2).mean(axis=1))
