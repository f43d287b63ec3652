"""Styles are learned from a few fake ones: pairs are of one style and other words, the loss has known values."""

import itertools
import math

import numpy as np
import pytest
import torch

from talkdemo.condition.style import StyleConfig, StyleEncoder, StyleLibraryConfig
from talkdemo.data.articulation.samples import COUNTS, style_samples
from talkdemo.diffusion.network import NetworkConfig
from talkdemo.face.head import FaceModel
from talkdemo.talker import Talker, TalkerConfig
from talkdemo.train.loop import LoopConfig, train
from talkdemo.train.talker import diffposetalk
from talkdemo.train.talker.diffposetalk import StyleTalkerLoss
from talkdemo.train.talker.losses import MotionLoss
from talkdemo.train.talker.recipe import fit_statistics
from talkdemo.train.talker.style import StyleTask, nt_xent, style_loss
from talkdemo.train.talker.style import fit_statistics as fit_style
from talkdemo.train.talker.style_data import Label, PairWindows, Take, simulate_tracker
from talkdemo.train.talker.style_windows import StyleVectors, StyleWindows, performances, style_vectors

D = 6


def moved(style: int, words: int, frames: int = 120) -> np.ndarray:
    """(T, 55) float16: a face with some channels raised and moving, which ones is the style; its jaw says `words`."""
    motion = np.zeros((frames, 55), np.float16)
    motion[:, 4 * style + 18 : 4 * style + 22] = 0.5 + 0.2 * np.sin(np.arange(frames))[:, None]
    motion[:, 17] = 0.3 + 0.3 * np.sin(np.arange(frames) / (3 + words))
    return motion


@pytest.fixture(scope="module")
def takes() -> list[Take]:
    """Eight styles, three takes each; the takes of style k + 1 say the words of style k."""
    return [Take(moved(k, w), f"style/{k}", twin=3 * (k - 1) + w if k else -1) for k in range(8) for w in range(3)]


def test_styles_are_many_and_those_of_the_test_are_others():
    train_set, held_out = style_samples("train"), style_samples("held-out")
    assert len(train_set) == COUNTS["train"] and len(set(train_set)) == len(train_set)
    assert not {m.style for m in train_set} & {m.style for m in held_out}
    assert style_samples("train") is train_set
    share = np.mean([m.emotion == "neutral" for m in train_set])
    assert 0.45 < share < 0.55 and len({m.emotion for m in held_out}) == 7
    with pytest.raises(ValueError, match="'dev'.*train, held-out"):
        style_samples("dev")


def test_nt_xent_has_known_values():
    apart = torch.eye(4)
    perfect = nt_xent(apart[:2], apart[:2], temperature=0.05)  # partners alike, the others at right angles
    assert float(perfect) == pytest.approx(math.log1p(2 * math.exp(-20)), abs=1e-6)
    same = torch.ones(3, 4) / 2
    assert float(nt_xent(same, same)) == pytest.approx(math.log(5), rel=1e-4)  # everybody alike: one of 2B − 1


def test_pairs_are_of_one_style_and_twins_say_the_same(takes):
    known = {f"style/{k}": Label(np.full(34, float(k)), k % 7) for k in range(8)}
    source = PairWindows(takes, known, 8, seed=0)
    for _ in range(20):
        drawn = source._draw(60)
        keys = [takes[first].key for first, _, _ in drawn]
        assert len(set(keys)) == len(keys) == 8
        assert all(takes[a].key == takes[b].key and a != b for a, b, _ in drawn)
        twins = [(a, b) for (a, _, s), (b, _, t) in itertools.pairwise(drawn) if takes[a].twin == b and s == t]
    assert twins
    batch = next(iter(source))
    assert batch.first.shape == batch.second.shape and batch.first.shape[0] == 8
    assert set(batch.style[:, 0].tolist()) == set(map(float, range(8)))


def test_a_simulated_tracker_keeps_the_range_and_what_is_missing():
    rng, mask = np.random.default_rng(0), np.ones(55, bool)
    mask[[7, 53]] = False
    seen = [simulate_tracker(moved(5, 0).astype(np.float32), mask, rng) for _ in range(60)]
    for motion, known in seen:
        assert motion.shape == (120, 55) and motion[:, :52].min() >= 0 and motion[:, :52].max() <= 1
        assert not known[[7, 53]].any()
    assert len({int(known.sum()) for _, known in seen}) > 5


def test_the_style_encoder_learns_styles_and_not_words(takes):
    torch.manual_seed(0)
    encoder = StyleEncoder(StyleConfig(style=16, width=32, layers=1))
    fit_style(encoder, takes)
    task = StyleTask(encoder)
    batches = iter(PairWindows(takes, {}, 8, seed=0))
    first = float(style_loss(task, next(batches))["contrast"].detach())
    config = LoopConfig(5, learning_rate=1e-3, warmup_steps=20, log_every=20, autocast=False, steps=80)
    trained = train(task, batches, style_loss, config)
    assert trained.losses["contrast"] < 0.75 * first
    with torch.no_grad():
        x = torch.from_numpy(np.stack([take.motion[:100] for take in takes])).float()
        cosine = task.eval().encoder(x, torch.ones(len(x), 55))
        cosine = cosine @ cosine.T
    style = np.arange(24) // 3
    same, words = style[:, None] == style, np.arange(24)[:, None] % 3 == np.arange(24) % 3
    assert cosine[torch.from_numpy(same & ~words)].mean() > cosine[torch.from_numpy(~same & words)].mean() + 0.3


def test_performances_carry_their_style(tmp_path, voices):
    folder = tmp_path / "train" / "Bruno"
    folder.mkdir(parents=True)
    made = np.random.default_rng(0).random((2, 300, 55)).astype(np.float16)
    np.savez(folder / "manners.npz", motion=made, manner=np.array([[4, 5, 6], [7, 4, 8]]))
    found = performances(tmp_path, "train", voices)
    assert [s.key for s in found] == [
        *["Ada/neutral"] * 3, *["Bruno/neutral"] * 3, *(f"style/{k}" for k in (4, 5, 6, 7, 4, 8))
    ]  # fmt: skip
    assert (found[-2].voice, found[-2].start) == (1, 100)
    assert np.array_equal(found[-2].motion, made[1, 100:200])


def test_the_style_of_a_window_is_that_of_another_session(tmp_path, voices):
    """Every session's vector has its own number; the style of a window never is its own session's."""
    sessions = performances(tmp_path, "train", voices)
    encoder = StyleEncoder(StyleConfig(style=8, width=16, layers=1, window=50)).eval()
    known = style_vectors(sessions, voices, encoder, tmp_path / "styles.npz")
    assert list(known.start) == [0, 3, 6, 9, 12, 15, 18] and known.vectors.shape == (18, 2, 8)
    again = style_vectors(sessions, voices, encoder, tmp_path / "styles.npz")  # read from the file
    assert np.array_equal(again.vectors, known.vectors)
    own = np.arange(6)
    known.vectors[:] = np.eye(8, dtype=np.float16)[np.repeat(own, 3)][:, None]
    source = StyleWindows(voices, sessions, known, small_talker(voices), 8, seed=0)
    for session in range(6):
        seen = np.sum([source.condition(session, np.arange(20))["style"] for _ in range(30)], axis=0)
        others = {k for k in range(6) if k // 3 == session // 3 and k != session}
        assert {int(k) for k in np.flatnonzero(seen)} == others


def small_talker(voices) -> Talker:
    torch.manual_seed(0)
    network = NetworkConfig(features=D, condition=16, width=32, layers=2, heads=2, window=20, previous=4)
    style = StyleLibraryConfig(style=8, width=16, features=D)
    talker = Talker(TalkerConfig(network=network, style=style, steps=64))
    fit_statistics(talker, voices)
    return talker


def test_diffposetalk_learns_and_listens_to_the_style(tmp_path, voices):
    talker, sessions = small_talker(voices), performances(tmp_path, "train", voices)
    eye = np.eye(8, dtype=np.float16)[[s.voice for s in sessions]]
    known = StyleVectors(np.repeat(eye[:, None], 2, axis=1), np.arange(7))
    batches = iter(StyleWindows(voices, sessions, known, talker, 8, seed=0))
    loss = StyleTalkerLoss(MotionLoss(FaceModel.load()))
    first = {k: float(v.detach()) for k, v in loss(talker, next(batches)).items()}
    assert {"head_angle", "head_velocity", "head_smoothness", "continuity", "lips"} <= set(first)
    config = LoopConfig(5, learning_rate=6e-3, warmup_steps=5, log_every=10, autocast=False, steps=100)
    trained = train(talker, batches, loss, config)
    assert trained.losses["coefficients"] < 0.5 * first["coefficients"]
    features = torch.from_numpy(voices[0].features[:20]).float()
    low, high = (
        next(trained.model.sample([features], 20, (torch.eye(8)[k],), 8, [0]))[0][0, :, 3].mean() for k in (0, 1)
    )
    assert high > low + 0.2  # the brows of the other style


def test_style_and_speech_are_dropped_one_after_the_other():
    loss = StyleTalkerLoss(MotionLoss(FaceModel.load()))
    speech, style = loss.dropped(20_000)
    assert bool((style | ~speech).all())  # never speech alone
    assert float(style.float().mean()) == pytest.approx(diffposetalk.NO_STYLE, abs=0.01)
    assert float(speech.float().mean()) == pytest.approx(diffposetalk.NEITHER, abs=0.01)
