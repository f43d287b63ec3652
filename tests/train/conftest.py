"""Tiny training data and talkers that the tests of the recipes share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from talkdemo.condition.identity import IdentityConfig
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.talker.data import CachedVoice
from talkdemo.train.talker.recipe import fit_statistics

D = 6
NETWORK = NetworkConfig(features=D, condition=16, width=32, layers=2, heads=2, window=20, previous=4)


@pytest.fixture(scope="session")
def voices() -> list[CachedVoice]:
    """Two voices of three sessions whose jaw follows the first feature, one twice as far as the other; the second has
    its brows raised."""
    rng = np.random.default_rng(0)
    found = []
    for k, name in enumerate(("Ada", "Bruno")):
        features = rng.standard_normal((300, D)).astype(np.float16)
        features[:, 0] = np.sin(np.arange(300) / 3) * 0.5 + 0.5
        motion = np.zeros((300, 55), np.float16)
        motion[:, 17], motion[:, 3] = features[:, 0] * 0.3 * (k + 1), 0.4 * k
        voice = rng.standard_normal((300, 5)).astype(np.float32) * 0.1 + k
        voice[:, -3] = 1.0  # loud throughout
        start, emotion = np.array([0, 100, 200, 300]), np.array(["neutral"] * 3)
        found.append(
            CachedVoice(name, motion, features, start, emotion, np.array([name] * 3), voice, np.ones(55, bool))
        )
    return found


@pytest.fixture(scope="session")
def cache(voices, tmp_path_factory) -> Path:
    """The voices as files, for either split."""
    folder = tmp_path_factory.mktemp("cache")
    for split in ("train", "held-out"):
        for c in voices:
            at = folder / split / c.voice_name
            at.mkdir(parents=True)
            known = {"start": c.start, "emotion": c.emotion, "identity": c.identity, "mask": c.mask}
            np.savez(at / "motion.npz", motion=c.motion, **known)
            np.savez(at / "features.npz", features=c.features, voice=c.voice)
    return folder


@pytest.fixture
def one_thread():
    """Sums do not depend on how many threads happen to share them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny(voices):
    """Steps of the schedule → an untrained talker of two identities."""

    def build(steps: int) -> Talker:
        torch.manual_seed(0)
        identity = IdentityConfig(("Ada", "Bruno"), ("neutral",), width=16, voice=5, features=D)
        talker = Talker(TalkerConfig(identity, NETWORK, steps=steps))
        fit_statistics(talker, voices)
        return talker

    return build
