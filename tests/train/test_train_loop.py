"""The loop learns, averages, saves and resumes."""

import torch
from torch import nn

from talkdemo.train.loop import LoopConfig, train


def batches(seed=0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        x = torch.randn(16, 3, generator=generator)
        yield x, x @ torch.tensor([[1.0], [-2.0], [0.5]])


def loss(model, batch):
    x, y = batch
    return {"error": (model(x).float() - y).square().mean()}


CONFIG = LoopConfig(minutes=5, learning_rate=0.05, warmup_steps=5, average=0.9, log_every=10, autocast=False)


def test_the_loss_falls_and_the_average_is_returned():
    torch.manual_seed(0)
    trained = train(nn.Linear(3, 1), batches(), loss, CONFIG, max_steps=150)
    assert trained.steps == 150 and trained.losses["error"] < 0.01
    assert torch.allclose(trained.model.weight, torch.tensor([[1.0, -2.0, 0.5]]), atol=0.05)


def test_a_run_resumes_where_it_stopped(tmp_path):
    torch.manual_seed(0)
    saved = []
    first = train(nn.Linear(3, 1), batches(), loss, CONFIG, tmp_path, lambda m, s, t: saved.append(s), max_steps=40)
    torch.manual_seed(1)  # other initial weights: they must not matter
    second = train(nn.Linear(3, 1), batches(), loss, CONFIG, tmp_path, max_steps=40)
    assert saved == [40]
    assert second.steps == 40 and torch.equal(first.model.weight, second.model.weight)
    third = train(nn.Linear(3, 1), batches(1), loss, CONFIG, tmp_path, max_steps=160)
    assert third.steps == 160 and third.losses["error"] < 0.01
    assert (tmp_path / "log.jsonl").read_text().count("\n") >= 10
