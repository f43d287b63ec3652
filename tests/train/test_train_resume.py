"""A recipe that was stopped and resumed writes the same checkpoint as one that was not, bit for bit."""

import numpy as np
import pytest
import torch

from talkdemo import checkpoint
from talkdemo.condition.style import StyleConfig, StyleEncoder
from talkdemo.data.articulation.identities import IDENTITIES
from talkdemo.train import recipe
from talkdemo.train.loop import LoopConfig
from talkdemo.train.talker import diffposetalk, diffusiontalker, style, style_data
from talkdemo.train.talker.style import KIND


@pytest.fixture
def encoder(tmp_path) -> str:
    """A tiny style encoder."""
    torch.manual_seed(0)
    config = {"width": 16, "layers": 1}
    path = tmp_path / "encoder.safetensors"
    return str(checkpoint.save(path, StyleEncoder(StyleConfig(**config)), KIND, config, {}))


@pytest.fixture
def data(tmp_path, voices):
    """The voices, named as identities, each of their sessions also performed in two sampled styles."""
    rng = np.random.default_rng(0)
    for c, name in zip(voices, IDENTITIES, strict=False):
        at = tmp_path / "cache" / "train" / name
        at.mkdir(parents=True)
        known = {"start": c.start, "emotion": c.emotion, "identity": np.array([name] * 3), "mask": c.mask}
        np.savez(at / "motion.npz", motion=c.motion, **known)
        np.savez(at / "features.npz", features=c.features, voice=c.voice)
        np.savez(at / "manners.npz", motion=rng.random((2, 300, 55)).astype(np.float16), manner=[[4, 5, 6], [7, 4, 8]])
    return tmp_path / "cache"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["diffusiontalker", "diffposetalk", "style", "adapt"])
def test_stopped_equals_whole(name, data, encoder, one_thread, tmp_path, monkeypatch):
    main, words = {
        "diffusiontalker": (diffusiontalker.main, ["--width", "32", "--layers", "1", "--batch", "4"]),
        "diffposetalk": (diffposetalk.main, ["--style-encoder", encoder, "--batch", "2"]),
        "style": (style.main, ["--batch", "4"]),
        "adapt": (style.main, ["--batch", "4", "--adapt", encoder]),
    }[name]
    words += ["--cache", str(data), "--max-steps", "4"]

    def run(folder: str) -> dict[str, torch.Tensor]:
        out = tmp_path / f"{folder}.safetensors"
        main([*words, "--run", str(tmp_path / folder), "--out", str(out)])
        return dict(checkpoint.load(out).tensors)

    monkeypatch.setattr(style_data, "root", lambda: None)  # no captures
    whole = run("whole")

    def often(args, **settings):
        return LoopConfig(args.minutes, args.rate, steps=args.max_steps, **{**settings, "save_every": -1.0})

    save = checkpoint.save

    def stop(path, module, kind, config, provenance, *rest):
        if provenance["steps"] == 2:
            raise KeyboardInterrupt
        return save(path, module, kind, config, provenance, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(recipe, "loop_config", often)
        patch.setattr(checkpoint, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            run("stopped")
    stopped = run("stopped")
    assert whole.keys() == stopped.keys()
    assert all(torch.equal(whole[key], stopped[key]) for key in whole)
