"""Self-supervised features: timing and chunks with a model of our own, the real classes where transformers is."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from talkdemo.audio import ssl
from talkdemo.audio.encoder import prosody_features
from talkdemo.records import SAMPLE_RATE, SAMPLES_PER_FRAME, Speech

KERNEL, STRIDE = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)  # of all three families
needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="the optional package transformers is not installed"
)


class Mean(nn.Module):
    """The mean of each window of 400 samples, every 320: what the convolutions of a model see."""

    def __init__(self, stride: tuple[int, ...] = STRIDE) -> None:
        super().__init__()
        self.config = SimpleNamespace(conv_kernel=KERNEL, conv_stride=stride, hidden_size=1)
        self.weight = nn.Parameter(torch.ones(1))
        self.longest = 0

    def forward(self, samples: torch.Tensor) -> SimpleNamespace:
        self.longest = max(self.longest, samples.shape[-1])
        return SimpleNamespace(last_hidden_state=F.avg_pool1d(samples[:, None], 400, 320).transpose(1, 2))


def noise(seconds: float) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(int(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32)


def test_a_ramp_is_read_at_the_middle_of_each_frame(monkeypatch):
    monkeypatch.setattr(ssl, "normalise_loudness", lambda samples: samples / ssl.SCALE)
    ramp = np.arange(10 * SAMPLES_PER_FRAME, dtype=np.float32)
    features = ssl.SelfSupervised(Mean()).features(Speech(ramp))[:, 0]
    middles = (np.arange(10) + 0.5) * SAMPLES_PER_FRAME - 0.5
    np.testing.assert_allclose(features[1:-1], middles[1:-1], rtol=1e-5)  # the ends see the silence around


def test_chunks_change_nothing_and_bound_memory(monkeypatch):
    encoder = ssl.SelfSupervised(Mean())
    whole = encoder.hidden(noise(5.0), 125)
    monkeypatch.setattr(ssl, "CHUNK_SECONDS", 1.0)
    encoder.model.longest = 0
    chunked = encoder.hidden(noise(5.0), 125)
    assert whole.shape == chunked.shape == (250, 1) and encoder.model.longest <= 3 * SAMPLE_RATE + 80
    np.testing.assert_allclose(whole, chunked, atol=1e-6)


def test_contract_of_the_speech_encoder():
    encoder, speech = ssl.SelfSupervised(Mean()), Speech(noise(1.0))
    features = encoder.features(speech)
    assert features.shape == (25, encoder.config.features) and features.dtype == np.float32
    np.testing.assert_array_equal(features[:, -3:], prosody_features(speech, 25))
    quiet = encoder.features(Speech(speech.samples * 0.1))
    np.testing.assert_allclose(features[:, 0], quiet[:, 0], atol=1e-4)  # not the level
    longer = encoder.features(speech, frames=60)
    assert longer.shape[0] == 60 and np.abs(longer[26:]).max() == 0  # silence behind
    np.testing.assert_array_equal(encoder.features(speech, frames=10)[:9], features[:9])
    assert np.abs(encoder.features(Speech(np.zeros(SAMPLE_RATE, np.float32)))).max() == 0
    assert encoder.features(Speech(noise(0.01))).shape == (1, 4)


def test_what_cannot_be_used_is_said_in_one_sentence(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="every 160 samples.*320"):
        ssl.SelfSupervised(Mean(stride=(5, 2, 2, 2, 2, 2, 1)))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match="pip install transformers"):
        ssl.SelfSupervised.open(tmp_path)


@needs_transformers
@pytest.mark.parametrize("family", ["Hubert", "Wav2Vec2", "WavLM"])
@pytest.mark.parametrize("norm", ["group", "layer"])
def test_tiny_random_models(family, norm, tmp_path):
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, feat_extract_norm=norm,
    )  # fmt: skip
    getattr(transformers, f"{family}Model")(config).save_pretrained(tmp_path)
    encoder = ssl.SelfSupervised.open(tmp_path)
    speech = Speech(noise(2.0))
    features = encoder.features(speech)
    assert features.shape == (50, 19) and np.isfinite(features).all() and features[:, :16].std(0).min() > 0
    np.testing.assert_array_equal(features, encoder.features(speech))  # no dropout, no masking
    quiet = encoder.features(Speech(speech.samples * 0.25))
    np.testing.assert_allclose(features[:, :16], quiet[:, :16], atol=1e-3)
    assert encoder.features(Speech(noise(13.0))).shape == (325, 19)  # two chunks


@needs_transformers
def test_other_models_and_absent_weights(tmp_path, monkeypatch):
    import transformers

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match="no weights of a speech model"):
        ssl.SelfSupervised.open(tmp_path)
    transformers.HubertConfig().save_pretrained(tmp_path)  # a configuration alone
    with pytest.raises(ValueError, match="no weights of a speech model"):
        ssl.SelfSupervised.open(tmp_path)
    transformers.BertConfig().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is a bert model"):
        ssl.SelfSupervised.open(tmp_path)
