"""Voice activity: Silero's own network gives the same; music is silenced where nobody speaks, speech stays as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from talkdemo.audio.activity import CHUNK, PIECE, Silero, voice_only, voice_probability, voiced
from talkdemo.audio.decode import decode
from talkdemo.evaluate.music import KINDS, music
from talkdemo.records import SAMPLE_RATE, Speech

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "speech").glob("*.flac"))


@pytest.fixture(scope="module")
def speech() -> Speech:
    return decode(EXAMPLES[0])


def test_the_network_is_silero_s(speech) -> None:
    """With the weights of the TorchScript model in the same package, sample for sample what that model says."""
    path = Path(importlib.util.find_spec("silero_vad").origin).parent / "data" / "silero_vad.jit"
    theirs = torch.jit.load(path)
    ours = Silero().eval()
    weights = [value for name, value in theirs.state_dict().items() if "8k" not in name]
    names = [name for name in ours.state_dict() if not name.startswith(("lstm", "final"))]
    names += [f"lstm.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    names += ["final_conv.weight", "final_conv.bias"]
    ours.load_state_dict(dict(zip(names, weights, strict=True)), strict=True)
    samples = torch.from_numpy(speech.samples[: 3 * SAMPLE_RATE + 100])
    with torch.no_grad():
        np.testing.assert_allclose(ours(samples), theirs.audio_forward(samples[None], SAMPLE_RATE)[0], atol=1e-4)


def test_long_sound_is_heard_in_pieces(speech) -> None:
    """Each minute as if what came before it had been heard from its beginning."""
    samples = np.tile(speech.samples, 70 * SAMPLE_RATE // len(speech.samples) + 1)
    whole, tail = voice_probability(samples), voice_probability(samples[(PIECE - 200) * CHUNK :])
    assert len(whole) == -(-len(samples) // CHUNK)
    assert np.abs(whole[PIECE:] - tail[200:]).mean() < 0.01


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_speech_stays_as_it_is(path: Path) -> None:
    clip = decode(path)
    assert voice_only(clip) is clip


@pytest.mark.parametrize("kind", KINDS)
def test_music_alone_is_silence(kind: str) -> None:
    heard = voice_only(Speech(music(kind, 8.0)))
    assert not heard.samples.any() and heard.notes == {"unvoiced": 8.0}


def test_silence_stays_itself() -> None:
    quiet = Speech(np.zeros(SAMPLE_RATE, np.float32))
    assert voice_only(quiet) is quiet
    assert not voiced(quiet.samples).any() and not len(voice_probability(quiet.samples[:0]))


def test_music_before_and_after_speech_is_silenced(speech) -> None:
    """It fades; from the first sound of the voice to the last, every sample stays."""
    before = 5 * SAMPLE_RATE
    samples = 0.5 * music("band", speech.seconds + 10.1)[: len(speech.samples) + 2 * before]
    samples[before : before + len(speech.samples)] += speech.samples
    heard = voice_only(Speech(samples)).samples
    sounding = before + np.flatnonzero(np.abs(speech.samples) > 0.05 * np.abs(speech.samples).max())
    spoken = slice(sounding[0], sounding[-1])
    np.testing.assert_array_equal(heard[spoken], samples[spoken])
    assert not heard[: 3 * SAMPLE_RATE].any() and not heard[-3 * SAMPLE_RATE :].any()
    assert (np.abs(heard) <= np.abs(samples)).all() and (heard * samples >= 0).all()
