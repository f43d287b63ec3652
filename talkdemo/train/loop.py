"""Batches and a loss in, trained weights out: one loop for every recipe.

A run is a folder: `state.pt` (weights, optimiser, average, minutes spent; for resuming only, never shipped) and
`log.jsonl`. The same command resumes. The learning rate follows the share of the time budget that is spent, so a run
that was interrupted ends as one that was not.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

Loss = Callable[[nn.Module, Any], Mapping[str, torch.Tensor]]  # named terms, already weighted; their sum is minimised


@dataclass(frozen=True)
class LoopConfig:
    minutes: float  # time budget of the whole run, resumes included
    learning_rate: float = 4e-4
    warmup_steps: int = 200
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999  # exponential moving average of the weights
    save_every: float = 180.0  # seconds
    log_every: int = 50  # steps
    autocast: bool = True  # bfloat16


@dataclass
class Trained:
    model: nn.Module  # the average
    steps: int
    minutes: float
    losses: Mapping[str, float]  # mean over the last log interval


def train(
    model: nn.Module,
    batches: Iterator[Any],
    loss: Loss,
    config: LoopConfig,
    folder: Path | None = None,
    on_save: Callable[[nn.Module, int, float], None] | None = None,
    max_steps: int | None = None,
) -> Trained:
    """Minimise `loss` until the time budget is spent. `on_save(average, steps, minutes)` is called with every save."""
    device = next(model.parameters()).device
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    average = copy.deepcopy(model).eval().requires_grad_(False)
    step, spent = 0, 0.0
    if folder is not None and (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)

    def save() -> None:
        if folder is not None:
            state = {"model": model.state_dict(), "average": average.state_dict(), "step": step, "spent": spent}
            torch.save({**state, "optimiser": optimiser.state_dict()}, folder / "state.part")
            (folder / "state.part").replace(folder / "state.pt")
        if on_save:
            on_save(average, step, spent / 60)

    sums: dict[str, float] = {}
    last: dict[str, float] = {}
    logged, saved, tick = step, time.monotonic(), time.monotonic()
    model.train()
    while spent < config.minutes * 60 and (max_steps is None or step < max_steps):
        progress = spent / (config.minutes * 60)
        rate = config.learning_rate * min(1.0, (step + 1) / config.warmup_steps)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=config.autocast):
            terms = loss(model, next(batches))
        total = sum(terms.values())
        if not torch.isfinite(total):
            raise FloatingPointError(f"the loss became {float(total)} at step {step}: {_floats(terms)}")
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimiser.step()
        step += 1
        _update_average(average, model, min(config.average, (1 + step) / (10 + step)))
        now = time.monotonic()
        spent, tick = spent + now - tick, now
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step - logged >= config.log_every:
            last = {k: v / (step - logged) for k, v in sums.items()}
            _log(folder, {"step": step, "minutes": round(spent / 60, 2), "rate": rate, **last})
            sums, logged = {}, step
        if now - saved > config.save_every:
            save()
            saved = tick = time.monotonic()
    save()
    return Trained(average, step, spent / 60, last)


@torch.no_grad()
def _update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    for mean, weight in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(weight, 1 - decay)
    for mean, buffer in zip(average.buffers(), model.buffers(), strict=True):
        mean.copy_(buffer)


def _floats(terms: Mapping[str, torch.Tensor]) -> dict[str, float]:
    return {name: float(value.detach()) for name, value in terms.items()}


def _log(folder: Path | None, line: Mapping[str, float]) -> None:
    print(" ".join(f"{k} {v:.5g}" for k, v in line.items()), flush=True)
    if folder is not None:
        with (folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
