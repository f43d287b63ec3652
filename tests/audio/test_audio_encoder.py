"""Log-mel timing and the encoder's contract, with random weights; the shipped weights on the shipped clips."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from talkdemo import checkpoint
from talkdemo.audio import encoder as module
from talkdemo.audio.encoder import EncoderConfig, SpeechEncoder
from talkdemo.audio.features import LogMel, mel_filters, normalise_loudness
from talkdemo.records import SAMPLE_RATE, Speech

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "speech").glob("*.*a*"))


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def tiny() -> SpeechEncoder:
    torch.manual_seed(0)
    return SpeechEncoder(EncoderConfig(width=32, layers=2, heads=2, bottleneck=8)).eval()


def test_mel_filters_are_triangles_that_cover_the_band():
    filters = mel_filters()
    assert filters.shape == (257, 80) and filters.min() == 0 and filters.max() <= 1
    assert (filters[3:240].sum(1) > 0.2).all()


def test_a_click_lands_in_its_frame():
    samples = torch.zeros(1, SAMPLE_RATE)
    samples[0, 8000 + 80] = 1.0  # the middle of frame 50
    mel = LogMel()(samples)[0].mean(1)
    assert mel.shape == (100,) and int(mel.argmax()) == 50


def test_loudness_is_brought_to_one_level_but_silence_stays_silent():
    speech = noise(2)
    speech[SAMPLE_RATE:] *= 1e-3  # a pause
    for gain in (0.05, 1.0, 3.0):
        level = np.sqrt((normalise_loudness(speech * gain)[:SAMPLE_RATE] ** 2).mean())
        assert level == pytest.approx(0.1, rel=0.1)
    assert np.abs(normalise_loudness(np.zeros(16_000, np.float32))).max() == 0
    assert np.abs(normalise_loudness(noise(1) * 1e-5)).max() < 1e-3


def test_features_have_the_contract_s_shape_and_do_not_depend_on_level(tiny):
    speech = Speech(noise(1.0))
    features = tiny.features(speech)
    assert features.shape == (25, tiny.config.features) and np.isfinite(features).all()
    assert np.allclose(features[:, :48], tiny.features(Speech(speech.samples * 0.25))[:, :48], atol=1e-3)
    posterior = features[:, :40]
    assert np.allclose(posterior.sum(1), 1, atol=1e-4)


def test_padding_adds_silent_frames_behind(tiny):
    features = tiny.features(Speech(noise(1.0)), frames=60)
    assert features.shape[0] == 60
    assert np.abs(features[25:, -3:]).max() == 0  # no loudness, no pitch


def test_long_speech_in_chunks_is_close_to_the_whole(tiny, monkeypatch):
    speech = noise(6.0)
    _, whole = tiny.phonetic(speech, 150)
    monkeypatch.setattr(module, "CHUNK_SECONDS", 2.0)
    posterior, chunked = tiny.phonetic(speech, 150)
    assert posterior.shape == (300, 40) and whole.shape == chunked.shape == (300, 8)
    one_off = (whole[1:] - chunked[:-1]).abs().mean()  # what a slip by one 50 Hz frame would cost
    assert (whole - chunked).abs().mean() < 0.25 * one_off


def test_streamed_pieces_are_the_whole(tiny, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_SECONDS", 2.0)
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.8)
    speech = Speech(noise(6.0))
    pieces = list(tiny.stream(speech, 160))
    assert [len(piece) for piece in pieces] == [20, 50, 50, 40]
    assert np.array_equal(np.concatenate(pieces), tiny.features(speech, 160))


def test_the_first_piece_does_not_wait_for_the_rest(tiny):
    hours = Speech(np.zeros(SAMPLE_RATE * 600, np.float32))
    first = next(tiny.stream(hours))
    assert len(first) == 25 * module.FIRST_SECONDS


@pytest.mark.parametrize("seconds", [0.04, 12, 12.04, 31.2])
def test_chunks_cover_speech_once(seconds):
    borders = list(module.chunk_borders(round(seconds * SAMPLE_RATE)))
    assert borders[0][0] == 0 and borders[-1][1] == round(seconds * SAMPLE_RATE)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(borders))
    assert len(borders) == (1 if seconds <= 12 else 2 if seconds < 16 else 4)


def test_save_and_open_are_the_same_encoder(tiny, tmp_path):
    opened = SpeechEncoder.open(tiny.save(tmp_path / "e.safetensors", {}))
    speech = Speech(noise(0.5))
    assert np.allclose(opened.features(speech), tiny.features(speech), atol=0.02)
    with pytest.raises(ValueError, match="speech-encoder"):
        checkpoint.load(tmp_path / "e.safetensors", "talker")


def test_the_shipped_encoder_hears_silence_and_speech():
    encoder = SpeechEncoder.open()
    assert sum(p.numel() for p in encoder.parameters()) < 8e6
    silence, _ = encoder.phonetic(np.zeros(32_000, np.float32), 50)
    assert (silence.argmax(-1) == 0).float().mean() > 0.95
    from talkdemo.audio.decode import decode

    speech = decode(EXAMPLES[0])
    posterior, _ = encoder.phonetic(speech.samples, speech.frames)
    assert (posterior.argmax(-1) != 0).float().mean() > 0.4
    assert len(posterior.argmax(-1).unique()) > 8


def test_what_is_heard_of_some_phones_is_the_mean_of_a_frame_s_halves(tiny):
    features = tiny.features(Speech(noise(1.0)))
    everything = module.heard(features, module.PHONES, tiny.config)
    assert np.allclose(everything, 1, atol=1e-4)
    one = module.heard(features, ["SIL"], tiny.config)
    assert np.allclose(one, (features[:, 0] + features[:, 40 + 8]) / 2)
