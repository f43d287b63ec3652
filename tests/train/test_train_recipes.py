"""Each recipe learns on a few fake clips within a minute of CPU: its loss falls."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from talkdemo.audio.encoder import EncoderConfig, SpeechEncoder
from talkdemo.audio.features import LogMel
from talkdemo.audio.phones import INDEX
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.speech.encoder import CTC_WEIGHT, encoder_loss, kept
from talkdemo.train.talker.data import load
from talkdemo.train.talker.diffusiontalker import IdentityLoss
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.recipe import copy_weights
from talkdemo.train.talker.windows import IdentityWindows


@pytest.fixture
def talker(tiny) -> Talker:
    return tiny(64)


@pytest.fixture(scope="module")
def motion() -> MotionLoss:
    return MotionLoss(FaceModel.load())


def test_windows_are_cut_from_one_session_and_know_their_start(voices, talker):
    batch = next(iter(IdentityWindows(voices, talker, 64, seed=1)))
    assert batch.motion.shape == (64, 20, 55) and batch.previous.shape == (64, 4, 55)
    assert batch.features.shape == (64, 24, 6)
    jaw = talker.statistics.restore(torch.cat([batch.previous, batch.motion], 1))[0][..., 17]
    expected = batch.features[..., 0] * 0.3 * (batch.identity.argmax(1)[:, None] + 1)
    assert torch.allclose(jaw, expected, atol=2e-3)
    assert 0 < int(batch.first.sum()) < 32
    assert torch.equal(batch.speaker, batch.identity.argmax(1))


def test_the_talking_model_learns(voices, talker, motion):
    loss = IdentityLoss(motion)
    batches = iter(IdentityWindows(voices, talker, 8, seed=0))
    first = {k: float(v.detach()) for k, v in loss(talker, next(batches)).items()}
    assert set(first) == {"coefficients", "velocity", "lips", "lip_velocity", "closure", "identity", "emotion"}
    config = LoopConfig(5, learning_rate=3e-3, warmup_steps=5, log_every=10, autocast=False, steps=50)
    trained = train(talker, batches, loss, config)
    assert trained.losses["lips"] < 0.5 * first["lips"]
    assert trained.losses["identity"] < first["identity"]


def test_a_batch_without_any_identity_s_voice_has_a_finite_loss(voices, talker, motion):
    batch = next(iter(IdentityWindows(voices, talker, 4, seed=0)))
    terms = IdentityLoss(motion)(talker, replace(batch, speaker=torch.full((4,), -1)))
    assert float(terms["identity"]) == 0 and all(torch.isfinite(term) for term in terms.values())


def test_what_was_not_recorded_carries_no_loss(voices, talker, motion):
    batch = next(iter(IdentityWindows(voices, talker, 4, seed=0)))
    jaw_only = torch.zeros_like(batch.mask)
    jaw_only[:, :12, 17] = 1  # the jaw, in the first 12 of 20 frames
    changed = batch.motion + 3.0 * (1 - jaw_only)
    loss = [
        IdentityLoss(motion)(talker, replace(batch, mask=jaw_only, motion=true))["coefficients"]
        for true in (batch.motion, changed)
    ]
    assert float(loss[0].detach()) > 0
    gradient = torch.autograd.grad(loss[0], talker.network.motion_out.bias)[0]
    assert gradient[17] != 0 and not gradient[torch.arange(55) != 17].any()


def test_a_session_shorter_than_a_window_is_masked_where_it_has_ended(voices, talker):
    short = [replace(c, start=np.array([0, 15]), emotion=c.emotion[:1], identity=c.identity[:1]) for c in voices]
    batch = next(iter(IdentityWindows(short, talker, 32, seed=0)))
    known = batch.mask.any(-1).sum(1)
    assert set(known.tolist()) == {11, 15}  # behind four frames of its own, or behind the learned start
    assert batch.first[known == 15].all() and not batch.first[known == 11].any()


def test_the_ablation_has_no_contrastive_term(voices, talker, motion):
    batch = next(iter(IdentityWindows(voices, talker, 4, seed=0)))
    assert set(IdentityLoss(motion, contrastive=0.0)(talker, batch)) == {
        "coefficients", "velocity", "lips", "lip_velocity", "closure"
    }  # fmt: skip


def test_motion_and_features_of_different_lengths_are_refused(tmp_path):
    folder = tmp_path / "train" / "Ada"
    folder.mkdir(parents=True)
    start = np.array([0, 10])
    np.savez(folder / "motion.npz", motion=np.zeros((10, 55)), start=start, emotion=["neutral"], identity=["Ada"],
             mask=np.ones(55, bool))  # fmt: skip
    for frames in (10, 9):
        np.savez(folder / "features.npz", features=np.zeros((frames, 6)), voice=np.zeros((frames, 5)))
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
    order = torch.full((4, 6), -1)
    order[:, :2] = torch.tensor([INDEX["UW"], INDEX["S"]])
    mel = LogMel()(torch.from_numpy(tones)[None] * 0.1).expand(4, -1, -1)
    batch = (mel, labels, torch.zeros(4, 50), order, torch.zeros(4, 50, len(INDEX)))
    model = SpeechEncoder(EncoderConfig(width=32, layers=1, heads=2, bottleneck=8, dropout=0.0, ctc=True))
    config = LoopConfig(5, learning_rate=5e-3, warmup_steps=5, log_every=10, autocast=False, steps=50)
    trained = train(model, itertools.repeat(batch), encoder_loss, config)
    assert trained.losses["phone"] < 1.5  # from log 40 = 3.7
    assert trained.losses["ctc"] < CTC_WEIGHT * 3
    again = SpeechEncoder(model.config)
    again.load_state_dict(trained.model.state_dict())
    before = again.to_phones.weight.clone()
    taught = train(again.train(), itertools.repeat(batch), kept(again), replace(config, steps=5))
    assert torch.equal(taught.model.to_phones.weight, before) and taught.model.to_phones.weight.isfinite().all()
    assert not torch.equal(taught.model.to_bottleneck.weight, trained.model.to_bottleneck.weight)


def test_weights_are_copied_by_name_and_shape(talker, tmp_path):
    talker.save(tmp_path / "old.safetensors", {})
    old, _ = Talker.open(tmp_path / "old.safetensors")
    identity = replace(talker.config.identity, identities=("Mei", "Bruno", "Ada"))
    torch.manual_seed(5)
    new = Talker(
        replace(
            talker.config,
            identity=identity,
            network=replace(talker.config.network, features=talker.config.network.features + 1),
        )
    )
    before = new.library.identity[0].clone()
    assert copy_weights(new, str(tmp_path / "old.safetensors")) == len(old.state_dict()) - 2  # two inputs changed width
    assert torch.equal(new.library.identity[[2, 1]], old.library.identity)
    assert torch.equal(new.library.identity[0], before)
    assert torch.equal(new.network.motion_out.weight, old.network.motion_out.weight)
