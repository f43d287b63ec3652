"""Each recipe learns on a few fake clips within a minute of CPU: its loss falls."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from talkdemo.audio.encoder import EncoderConfig, SpeechEncoder
from talkdemo.audio.phones import INDEX
from talkdemo.condition.identity import IdentityConfig
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.diffusiontalker import TalkerLoss, Windows, fit_statistics
from talkdemo.train.encoder import encoder_loss
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker_data import CachedVoice, load

D = 6


@pytest.fixture(scope="module")
def cached() -> list[CachedVoice]:
    """Two voices whose jaw follows the first feature, one twice as far as the other."""
    rng = np.random.default_rng(0)
    found = []
    for k, name in enumerate(("Ada", "Bruno")):
        features = rng.standard_normal((300, D)).astype(np.float16)
        features[:, 0] = np.sin(np.arange(300) / 3) * 0.5 + 0.5
        motion = np.zeros((300, 55), np.float16)
        motion[:, 17] = features[:, 0] * 0.3 * (k + 1)
        voice = rng.standard_normal((3, 5)).astype(np.float32) * 0.1 + k
        found.append(
            CachedVoice(name, motion, features, np.array([0, 100, 200, 300]), np.array(["neutral"] * 3),
                        np.array([name] * 3), voice)
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def talker(cached) -> Talker:
    torch.manual_seed(0)
    identity = IdentityConfig(("Ada", "Bruno"), ("neutral",), width=16, voice=5)
    network = NetworkConfig(features=D, condition=16, width=32, layers=2, heads=2, window=20, previous=4)
    talker = Talker(TalkerConfig(identity, network, steps=64))
    fit_statistics(talker, cached)
    return talker


def test_windows_are_cut_from_one_session_and_know_their_start(cached, talker):
    batch = next(iter(Windows(cached, talker, 64, seed=1)))
    assert batch.motion.shape == (64, 20, 55) and batch.previous.shape == (64, 4, 55)
    assert batch.features.shape == (64, 24, D)
    jaw = talker.statistics.restore(torch.cat([batch.previous, batch.motion], 1))[0][..., 17]
    expected = batch.features[..., 0] * 0.3 * (batch.identity[:, None] + 1)
    assert torch.allclose(jaw, expected, atol=2e-3)
    assert 0 < int(batch.first.sum()) < 32
    assert torch.equal(batch.speaker, batch.identity)


def test_the_talking_model_learns(cached, talker):
    loss = TalkerLoss(FaceModel.load())
    batches = iter(Windows(cached, talker, 8, seed=0))
    first = {k: float(v.detach()) for k, v in loss(talker, next(batches)).items()}
    assert set(first) == {"coefficients", "velocity", "lips", "lip_velocity", "closure", "matching"}
    config = LoopConfig(minutes=5, learning_rate=3e-3, warmup_steps=5, log_every=10, autocast=False)
    trained = train(talker, batches, loss, config, max_steps=50)
    assert trained.losses["lips"] < 0.5 * first["lips"]
    assert trained.losses["matching"] < first["matching"]


def test_a_batch_without_any_identity_s_voice_has_a_finite_loss(cached, talker):
    batch = next(iter(Windows(cached, talker, 4, seed=0)))
    terms = TalkerLoss(FaceModel.load())(talker, replace(batch, speaker=torch.full((4,), -1)))
    assert float(terms["matching"]) == 0 and all(torch.isfinite(term) for term in terms.values())


def test_motion_and_features_of_different_lengths_are_refused(tmp_path):
    folder = tmp_path / "train" / "Ada"
    folder.mkdir(parents=True)
    start = np.array([0, 10])
    np.savez(folder / "motion.npz", motion=np.zeros((10, 55)), start=start, emotion=["neutral"], identity=["Ada"])
    for frames in (10, 9):
        np.savez(folder / "features.npz", features=np.zeros((frames, D)), voice=np.zeros((1, 5)))
        if frames == 10:
            assert load(tmp_path, "train")[0].voice_name == "Ada"
    with pytest.raises(ValueError, match="10 frames of motion and 9 of features"):
        load(tmp_path, "train")


def test_the_encoder_learns():
    """Two tones, two phones."""
    torch.manual_seed(0)
    time = np.arange(16_000) / 16_000
    tones = np.where(time < 0.5, np.sin(2 * np.pi * 300 * time), np.sin(2 * np.pi * 3000 * time)).astype(np.float32)
    labels = torch.tensor([[INDEX["UW"]] * 25 + [INDEX["S"]] * 25] * 4)
    batch = (torch.from_numpy(tones).expand(4, -1) * 0.1, labels, torch.zeros(4, 50))
    model = SpeechEncoder(EncoderConfig(width=32, layers=1, heads=2, bottleneck=8, dropout=0.0))
    config = LoopConfig(minutes=5, learning_rate=5e-3, warmup_steps=5, log_every=10, autocast=False)
    trained = train(model, itertools.repeat(batch), encoder_loss, config, max_steps=50)
    assert trained.losses["phone"] < 1.5  # from log 40 = 3.7; label smoothing leaves 0.4
