"""The loop learns, averages, saves and resumes as if it had never stopped."""

import numpy as np
import pytest
import torch
from torch import nn

from talkdemo.train.loop import LoopConfig, run, train

TRUE = torch.tensor([[1.0], [-2.0], [0.5]])


class Batches:
    """Endless; features from a torch generator, noise on the targets from a numpy one."""

    def __init__(self) -> None:
        self.generator, self.rng = torch.Generator().manual_seed(0), np.random.default_rng(0)

    def __iter__(self):
        while True:
            x = torch.randn(16, 3, generator=self.generator)
            yield x, x @ TRUE + 0.01 * torch.from_numpy(self.rng.standard_normal((16, 1))).float()


def loss(model, batch):
    x, y = batch
    return {"error": (model(x).float() - y).square().mean()}


def config(steps: int, **changes) -> LoopConfig:
    return LoopConfig(5, 0.05, warmup_steps=5, average=0.9, log_every=10, autocast=False, steps=steps, **changes)


def trained(steps: int, folder=None, on_save=None, **changes):
    torch.manual_seed(0)
    batches = Batches()
    model = nn.Sequential(nn.Dropout(0.1), nn.Linear(3, 1))  # dropout draws from torch's global generator
    return train(
        model, iter(batches), loss, config(steps, **changes), folder, on_save, [batches.generator, batches.rng]
    )


def test_the_loss_falls_and_the_average_is_returned():
    torch.manual_seed(0)
    found = train(nn.Linear(3, 1), iter(Batches()), loss, config(150))
    assert found.steps == 150 and found.losses["error"] < 0.01
    assert torch.allclose(found.model.weight, TRUE.T, atol=0.05)
    assert not found.model.training and not found.model.weight.requires_grad


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path):
    whole = trained(25, tmp_path / "whole")
    saved = []

    def stop(_, steps, __):
        saved.append(steps)
        if steps == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(25, tmp_path / "stopped", stop, save_every=-1.0)
    assert saved == list(range(1, 13))
    torch.manual_seed(1)  # what the global generator did meanwhile does not matter
    resumed = trained(25, tmp_path / "stopped")
    assert resumed.steps == whole.steps == 25 and resumed.losses == whole.losses
    assert torch.equal(resumed.model[1].weight, whole.model[1].weight)
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "stopped")]
    assert logs[0].count('"step"') == logs[1].count('"step"') == 2


def test_a_finished_run_is_left_as_it_is_and_a_longer_one_goes_on(tmp_path):
    first = trained(20, tmp_path)
    again = trained(20, tmp_path)
    assert again.steps == 20 and torch.equal(first.model[1].weight, again.model[1].weight)
    assert trained(30, tmp_path).steps == 30


def test_a_state_without_random_state_is_refused(tmp_path):
    model = nn.Linear(3, 1)
    state = {"model": model.state_dict(), "average": model.state_dict(), "optimiser": {}, "step": 3, "spent": 1.0}
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(ValueError, match=r"state\.pt is of an earlier version.*another --run"):
        train(model, iter(Batches()), loss, config(5), tmp_path)


def test_two_optimisers_share_one_loop(tmp_path):
    """The second module is trained and resumed, and not averaged."""
    found = []
    for limit in (3, 5):
        torch.manual_seed(0)
        model, other = nn.Linear(3, 1), nn.Linear(3, 1)
        optimisers = {"first": torch.optim.SGD(model.parameters()), "other": torch.optim.SGD(other.parameters())}

        def step(number, progress, model=model, other=other, optimisers=optimisers, limit=limit):
            assert progress == number / limit
            for module, optimiser in zip((model, other), optimisers.values(), strict=True):
                optimiser.zero_grad()
                module(torch.ones(1, 3)).sum().backward()
                optimiser.step()
            return {"number": torch.tensor(float(number))}

        done = run(model, step, optimisers, config(limit), tmp_path, modules={"other": other})
        assert done.steps == limit
        found.append(other.weight.clone())
    assert not torch.equal(*found)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert torch.equal(state["module other"]["weight"], found[1]) and state["step"] == 5
