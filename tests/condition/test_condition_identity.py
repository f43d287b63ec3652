"""Voices are matched with identities: the contrastive loss is minimal where it should be, and learning lowers it."""

import math

import pytest
import torch

from talkdemo.condition.identity import IdentityConfig, IdentityLibrary, clip_loss


@pytest.fixture
def library() -> IdentityLibrary:
    torch.manual_seed(0)
    config = IdentityConfig(("a", "b", "c"), ("neutral", "happy"), width=8, voice=5, features=6, heads=2)
    return IdentityLibrary(config).eval()


def test_matching_is_a_distribution_best_first(library):
    assert set(library.match_emotion(torch.randn(7, 5))) == {"neutral", "happy"}
    match = library.match(torch.randn(7, 5))
    assert sum(match.values()) == pytest.approx(1, abs=1e-5)
    assert list(match.values()) == sorted(match.values(), reverse=True)


def test_a_voice_is_moved_to_the_weights(library):
    assert library.to("meta").similarity(torch.randn(2, 4, 5))[0].device.type == "meta"


def test_contrastive_learning_finds_who_speaks(library):
    centres = torch.randn(3, 5) * 2
    who = torch.arange(3).repeat(8)
    voices = centres[who][:, None] + 0.1 * torch.randn(24, 4, 5)
    nobody = torch.full_like(who, -1)
    moods = (who == 2).long()
    floor = 0.5 * math.log(8)  # eight voices share each identity, so each can hold 1/8 of its row at best
    optimiser = torch.optim.Adam(library.parameters(), 1e-2)
    for _ in range(60):
        loss, mood = map(clip_loss, library.similarity(voices), (who, moods))
        optimiser.zero_grad()
        (loss + mood).backward()
        optimiser.step()
    assert float(loss.detach()) - floor < 0.05
    assert all(next(iter(library.match(centres[i].expand(4, -1)))) == "abc"[i] for i in range(3))
    assert next(iter(library.match_emotion(centres[2].expand(4, -1)))) == "happy"
    assert [float(clip_loss(logits, nobody)) for logits in library.similarity(voices)] == [0, 0]


def test_a_clip_loss_of_certain_matches_is_what_sharing_a_row_costs():
    certain = 100.0 * torch.eye(3)
    assert float(clip_loss(certain, torch.arange(3))) == pytest.approx(0, abs=1e-6)
    twice = clip_loss(100.0 * torch.eye(3)[[0, 0, 1]], torch.tensor([0, 0, 1]))  # two voices share the first row
    assert float(twice) == pytest.approx(0.5 * math.log(2) / 2, abs=1e-5)
    assert float(clip_loss(certain, torch.tensor([0, 1, -1]))) == pytest.approx(0, abs=1e-6)


def test_the_null_condition_replaces_the_dropped(library):
    weights, emotion, features = torch.eye(3), torch.eye(2)[[0, 0, 1]], torch.randn(3, 9, 6)
    out = library(weights, emotion, features, torch.tensor([True, False, True]))
    assert torch.equal(out[0], library.null) and torch.equal(out[2], library.null)
    assert torch.equal(out[1], library(weights, emotion, features)[1])


def test_cross_attention_hears_the_speech_once_it_is_trained(library):
    weights, emotion, features = torch.eye(3), torch.eye(2)[[0, 0, 1]], torch.randn(3, 9, 6)
    table = weights @ library.identity + emotion @ library.emotion
    assert torch.allclose(library(weights, emotion, features), table)  # its way out begins at zero
    torch.nn.init.normal_(library.personal.weight)
    heard, other = library(weights, emotion, features), library(weights, emotion, features.flip(0))
    assert not torch.allclose(heard, other)
    assert torch.allclose(heard, library(weights, emotion, features.flip(1)), atol=1e-5)  # attention has no order


def test_weights_must_add_up_to_something(library):
    with pytest.raises(ValueError, match="add up to nothing"):
        library.weights({"a": 0.0})
    with pytest.raises(ValueError, match="weight -1"):
        library.weights({"a": 2.0, "b": -1.0})
