"""The talking model with tiny random weights: invariances of sampling, saving and loading."""

from dataclasses import replace

import pytest
import torch

from talkdemo import checkpoint
from talkdemo.condition.identity import IdentityConfig
from talkdemo.diffusion.denoiser import UNGUIDED, evaluations, thresholded
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.diffusion.sampler import ddim, ddpm
from talkdemo.records import Guidance
from talkdemo.talker import Talker, TalkerConfig

FEATURES = 7


@pytest.fixture(scope="module")
def talker() -> Talker:
    torch.manual_seed(0)
    identity = IdentityConfig(("Ada", "Bruno", "Mei"), ("neutral", "happy"), width=16, voice=5, features=FEATURES)
    network = NetworkConfig(features=FEATURES, condition=16, width=32, layers=2, heads=2, window=20, previous=4)
    talker = Talker(TalkerConfig(identity, network, steps=16)).eval()
    torch.nn.init.normal_(talker.network.motion_out.weight, std=0.3)
    talker.statistics.std.fill_(0.2)
    talker.statistics.mean.fill_(0.3)
    return talker


def run(talker, seeds, steps=4, frames=33, mix=None, emotion="neutral", features=None, guidance=UNGUIDED):
    if features is None:
        features = torch.randn(talker.padded_frames(frames), FEATURES, generator=torch.Generator().manual_seed(9))
    weights = talker.library.weights(mix or {"Ada": 1.0})
    mood = talker.library.emotion_weights({emotion: 1.0})
    parts = list(talker.sample([features], frames, (weights, mood), steps, seeds, guidance))
    return torch.cat([c for c, _ in parts], 1), torch.cat([h for _, h in parts], 1)


@pytest.mark.parametrize("steps", [4, 16])
def test_same_seed_same_motion_other_seed_other(talker, steps):
    first, again, other = run(talker, [3], steps)[0], run(talker, [3], steps)[0], run(talker, [4], steps)[0]
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
    assert first.shape == (1, 33, 52) and first.min() >= 0 and first.max() <= 1


def test_any_sampler_meets_any_number_of_steps(talker):
    def sample(steps: int, sampler) -> torch.Tensor:
        features = torch.randn(talker.padded_frames(20), FEATURES, generator=torch.Generator().manual_seed(9))
        who, mood = talker.library.weights({"Ada": 1.0}), talker.library.emotion_weights({"neutral": 1.0})
        return next(talker.sample([features], 20, (who, mood), steps, [3], sampler=sampler))[0]

    for steps in (4, 16):
        assert torch.equal(sample(steps, ddpm), sample(steps, ddpm))
        assert not torch.allclose(sample(steps, ddpm), sample(steps, ddim))
    with pytest.raises(ValueError, match="17 sampling steps.*1 to 16"):
        sample(17, ddpm)


@pytest.mark.parametrize("steps", [4, 16])
def test_a_batch_of_two_equals_two_batches_of_one(talker, steps):
    both, alone = run(talker, [3, 4], steps), run(talker, [4], steps)
    assert torch.allclose(both[0][1], alone[0][0], atol=1e-5)
    assert torch.allclose(both[1][1], alone[1][0], atol=1e-5)


def test_identity_emotion_and_speech_change_the_motion(talker):
    base = run(talker, [0])[0]
    assert not torch.allclose(base, run(talker, [0], mix={"Bruno": 1.0})[0])
    assert not torch.allclose(base, run(talker, [0], emotion="happy")[0])
    assert not torch.allclose(base, run(talker, [0], features=torch.zeros(talker.padded_frames(33), FEATURES))[0])


def test_a_mix_of_one_identity_with_itself_is_that_identity(talker):
    assert torch.equal(run(talker, [0], mix={"Ada": 2.0})[0], run(talker, [0])[0])


def test_each_guidance_weight_changes_the_motion_and_one_is_none(talker):
    plain = run(talker, [0])[0]
    assert torch.equal(run(talker, [0], guidance=Guidance(1.0, 1.0))[0], plain)
    made = [run(talker, [0], guidance=Guidance(*weights))[0] for weights in ((2, 1), (1, 2), (2, 2))]
    for i, one in enumerate([plain, *made]):
        assert all(not torch.allclose(one, other) for other in made[i:])


def test_a_student_begins_as_its_unguided_teacher_in_one_evaluation_a_step(talker):
    config = replace(talker.config, network=replace(talker.config.network, guided=True), student_steps=16)
    student = Talker(config).eval()
    missing, unexpected = student.load_state_dict(talker.state_dict(), strict=False)
    assert not unexpected and all("guidance_in" in name for name in missing)
    (face, head), (taught, turning) = run(student, [0], frames=20), run(talker, [0], frames=20)  # one window
    assert torch.equal(face, taught)
    assert head.diff(n=2, dim=1).norm() < 0.5 * turning.diff(n=2, dim=1).norm()  # smoothed
    calls = []
    student.network.register_forward_hook(lambda *_: calls.append(1))
    guided = run(student, [0], guidance=Guidance(2.0, 1.5))[0]
    assert len(calls) == 4 * 3 == 4 * 3 * evaluations(Guidance(2.0, 1.5), True)  # 33 frames: three windows
    torch.nn.init.normal_(student.network.guidance_in[2].weight)
    assert not torch.allclose(run(student, [0], guidance=Guidance(2.0, 1.5))[0], guided)


def test_on_a_device_of_half_precision_the_motion_is_nearly_the_same(talker, monkeypatch):
    exact = run(talker, [3])
    monkeypatch.setattr("talkdemo.talker.HALF", ("cpu",))
    for full, half in zip(exact, run(talker, [3]), strict=True):
        assert half.dtype == torch.float32 and not torch.equal(full, half)
        assert (full - half).abs().mean() < 0.02 * full.std()


def test_a_regressor_answers_at_once_whatever_seed_and_steps(talker):
    regressor = Talker(replace(talker.config, regressor=True)).eval()
    regressor.load_state_dict(talker.state_dict())
    calls = []
    regressor.network.register_forward_hook(lambda *_: calls.append(1))
    assert torch.equal(run(regressor, [0], steps=4, frames=20)[0], run(regressor, [7], steps=9, frames=20)[0])
    assert regressor.evaluations(4) == regressor.steps(4) == 1 and len(calls) == 2  # one window each
    assert talker.evaluations(4) == 4 and talker.evaluations(4, Guidance(2.0, 1.5)) == 12


def test_unknown_names_are_refused_with_what_there_is(talker):
    with pytest.raises(ValueError, match="'Zed'.*Ada, Bruno, Mei"):
        talker.library.weights({"Zed": 1.0})
    with pytest.raises(ValueError, match="'bored'.*neutral, happy"):
        talker.library.emotion_weights({"bored": 1.0})


def test_save_and_open_give_the_same_output(talker, tmp_path):
    path = talker.save(tmp_path / "tiny.safetensors", {"licence": "Apache-2.0"})
    opened, file = Talker.open(path)
    assert file.provenance["licence"] == "Apache-2.0"
    assert opened.config == talker.config
    again, _ = Talker.open(opened.save(tmp_path / "again.safetensors", {}))
    assert torch.equal(run(opened, [1])[0], run(again, [1])[0])  # fp16 once is fp16 for good
    assert torch.allclose(run(opened, [1])[0], run(talker, [1])[0], atol=0.02)
    assert list(tmp_path.glob("*.part")) == []


def test_checkpoints_of_another_kind_or_none_are_refused(talker, tmp_path):
    path = talker.save(tmp_path / "tiny.safetensors", {})
    with pytest.raises(ValueError, match="talker.*wanted 'gcgan'"):
        checkpoint.load(path, "gcgan")
    with pytest.raises(ValueError, match="no checkpoint 'nothing'"):
        checkpoint.load("nothing")
    with pytest.raises(ValueError, match="hf://owner/repository/name"):
        checkpoint.load("hf://somebody")
    (tmp_path / "broken.safetensors").write_bytes(b"not a checkpoint at all")
    with pytest.raises(ValueError, match=r"broken\.safetensors is not a safetensors"):
        checkpoint.describe(tmp_path / "broken.safetensors")


def test_a_checkpoint_that_cannot_be_fetched_is_one_sentence(monkeypatch):
    def offline(repository: str, file: str) -> str:
        assert (repository, file) == ("somebody/models", "tiny.safetensors")
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
    with pytest.raises(ValueError, match="hf://somebody/models/tiny cannot be fetched"):
        checkpoint.find("hf://somebody/models/tiny")


def test_describe_reads_the_header(talker, tmp_path):
    path = talker.save(tmp_path / "tiny.safetensors", {"steps": 5})
    header = checkpoint.describe(path)
    assert header["kind"] == "talker" and header["provenance"] == {"steps": 5}
    assert header["parameters"] == sum(t.numel() for t in talker.state_dict().values())


def test_compressed_weights_are_half_as_big_and_nearly_the_same(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(200, 300), torch.nn.Conv1d(64, 32, 5))
    path = checkpoint.save(tmp_path / "whole.safetensors", module, "some", {"a": 1}, {"licence": "CC0"})
    small = checkpoint.compress(path, tmp_path / "small.safetensors")
    before, after = checkpoint.load(str(path)), checkpoint.load(str(small), "some")
    assert small.stat().st_size < 0.56 * path.stat().st_size
    assert after.config == before.config and after.provenance == before.provenance
    assert set(after.tensors) == set(before.tensors)
    assert checkpoint.describe(small)["parameters"] == checkpoint.describe(path)["parameters"]
    for name, tensor in before.tensors.items():
        if tensor.dim() > 1:
            row = tensor.abs().flatten(1).amax(1)
            wrong = (after.tensors[name] - tensor).abs().flatten(1).amax(1)
            assert (wrong <= row / 254 * 1.1).all() and (wrong > 0).any()
        else:
            assert torch.equal(after.tensors[name], tensor)
    again = checkpoint.load(str(checkpoint.compress(small, tmp_path / "again.safetensors")))
    assert torch.allclose(again.tensors["0.weight"], after.tensors["0.weight"], atol=1e-3)


def test_dynamic_thresholding_clamps_every_item_at_its_own_quantile():
    x = torch.stack([span * torch.linspace(-1, 1, 101) for span in (2, 10, 0.1)])[..., None]
    made = thresholded(lambda z, t: x, 0.95)(x, 1)
    assert made.abs().amax((1, 2)).tolist() == pytest.approx([1.9, 4.0, 0.1], abs=0.02)  # at most 4, at least 1
    inside = x[0].abs() < 1.85
    assert torch.equal(made[0][inside], x[0][inside])
