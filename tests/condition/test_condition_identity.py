"""Voices are matched with identities: the contrastive loss is minimal where it should be, and learning lowers it."""

import math

import pytest
import torch

from talkdemo.condition.identity import IdentityConfig, IdentityLibrary


@pytest.fixture
def library() -> IdentityLibrary:
    torch.manual_seed(0)
    return IdentityLibrary(IdentityConfig(("a", "b", "c"), ("neutral",), width=8, voice=5)).eval()


def test_matching_is_a_distribution_best_first(library):
    match = library.match(torch.randn(5))
    assert sum(match.values()) == pytest.approx(1, abs=1e-5)
    assert list(match.values()) == sorted(match.values(), reverse=True)


def test_a_voice_summary_is_moved_to_the_weights(library):
    assert library.to("meta").similarity(torch.randn(2, 5)).device.type == "meta"


def test_contrastive_learning_finds_who_speaks(library):
    centres = torch.randn(3, 5) * 2
    who = torch.arange(3).repeat(8)
    voices = centres[who] + 0.1 * torch.randn(24, 5)
    floor = 0.5 * math.log(8)  # eight voices share each identity, so each can hold 1/8 of its row at best
    optimiser = torch.optim.Adam(library.parameters(), 1e-2)
    for _ in range(60):
        loss = library.contrastive_loss(voices, who)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) - floor < 0.05
    assert all(next(iter(library.match(centres[i]))) == "abc"[i] for i in range(3))


def test_the_null_condition_replaces_the_dropped(library):
    weights, emotion = torch.eye(3), torch.zeros(3, dtype=torch.long)
    out = library(weights, emotion, torch.tensor([True, False, True]))
    assert torch.equal(out[0], library.null) and torch.equal(out[2], library.null)
    assert torch.equal(out[1], library(weights, emotion)[1])


def test_weights_must_add_up_to_something(library):
    with pytest.raises(ValueError, match="add up to nothing"):
        library.weights({"a": 0.0})
