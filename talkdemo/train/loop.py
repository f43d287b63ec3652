"""The one training loop: steps until a budget is spent, averages the weights, logs, saves and resumes.

A run is a folder: `state.pt` (weights, optimisers, average, random state, time spent; for resuming only, never shipped)
and `log.jsonl`. The same command resumes. The learning rate follows the spent part of the budget. With a budget in
steps no clock is involved: on the CPU a run that was stopped and resumed equals one that was not, bit for bit.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from talkdemo import files

Terms = Mapping[str, torch.Tensor]  # named, already weighted; their sum is minimised
Loss = Callable[[Any, Any], Terms]  # of a model and a batch
Step = Callable[[int, float], Terms]  # one step of every optimiser; its number from 0, spent part of the budget
OnSave = Callable[[Any, int, float], None]  # average, steps, minutes
Generator = np.random.Generator | torch.Generator


@dataclass(frozen=True)
class LoopConfig:
    minutes: float  # time budget of the whole run, resumes included
    learning_rate: float = 4e-4
    warmup_steps: int = 200
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.999  # decay of the weights' exponential moving average
    save_every: float = 180.0  # seconds
    log_every: int = 50  # steps
    autocast: bool = True  # bfloat16
    steps: int | None = None  # budget in steps, instead of minutes


@dataclass
class Trained:
    model: Any  # the average
    steps: int
    minutes: float
    losses: Mapping[str, float]  # mean over the last log interval


def train(
    model: nn.Module,
    batches: Iterator[Any],
    loss: Loss,
    config: LoopConfig,
    folder: Path | None = None,
    on_save: OnSave | None = None,
    generators: Sequence[Generator] = (),
) -> Trained:
    """Minimise `loss` by AdamW. `generators`: all that batches and loss draw from, beside torch's global one."""
    device = next(model.parameters()).device
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)

    def step(_: int, __: float) -> Terms:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=config.autocast):
            terms = loss(model, next(batches))
        descend(terms, optimiser, config.clip)
        return terms

    return run(model, step, {"model": optimiser}, config, folder, on_save, generators)


def descend(terms: Terms, optimiser: torch.optim.Optimizer, clip: float | None = None) -> None:
    """One step down the gradient of the terms' sum. Raises FloatingPointError where that is not finite."""
    total = sum(terms.values(), start=torch.zeros(()))
    if not torch.isfinite(total):
        raise FloatingPointError(f"the loss became {float(total)}: {_floats(terms)}")
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    if clip is not None:
        nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], clip)
    optimiser.step()


def run(
    model: nn.Module,
    step: Step,
    optimisers: Mapping[str, torch.optim.Optimizer],
    config: LoopConfig,
    folder: Path | None = None,
    on_save: OnSave | None = None,
    generators: Sequence[Generator] = (),
    modules: Mapping[str, nn.Module] | None = None,
) -> Trained:
    """Call `step` until the budget is spent. `modules`: what is trained beside `model` and not averaged.

    Raises ValueError for a folder whose state cannot be resumed.
    """
    average = AveragedModel(model, multi_avg_fn=_warm_average(config.average)).eval().requires_grad_(False)
    parts: dict[str, Any] = {"model": model, "average": average}
    parts |= {f"module {name}": part for name, part in (modules or {}).items()}
    parts |= {f"optimiser {name}": part for name, part in optimisers.items()}
    device = next(model.parameters()).device
    done, spent, sums = 0, 0.0, dict[str, float]()  # sums of the terms since the last log
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "state.pt").exists():
            done, spent, sums = _resume(folder / "state.pt", parts, generators, device)

    def save() -> None:
        if folder is not None:
            state: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
            state |= {"random": _random_state(generators, device), "step": done, "spent": spent, "sums": sums}
            with files.replacing(folder / "state.pt") as part:
                torch.save(state, part)
        if on_save:
            on_save(average.module, done, spent / 60)

    last: dict[str, float] = {}
    saved = tick = time.monotonic()
    for module in (model, *(modules or {}).values()):
        module.train()
    while (progress := spent / (60 * config.minutes) if config.steps is None else done / config.steps) < 1:
        rate = config.learning_rate * min(1.0, (done + 1) / config.warmup_steps)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
        for optimiser in optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate
        terms = step(done, progress)
        average.update_parameters(model)
        done += 1
        now = time.monotonic()
        spent, tick = spent + now - tick, now
        for name, value in _floats(terms).items():
            sums[name] = sums.get(name, 0.0) + value
        if done % config.log_every == 0:
            last = {name: value / config.log_every for name, value in sums.items()}
            _log(folder, {"step": done, "minutes": round(spent / 60, 2), "rate": rate, **last})
            sums = {}
        if now - saved > config.save_every:
            save()
            saved = tick = time.monotonic()
    save()
    return Trained(average.module, done, spent / 60, last)


def steps_done(folder: Path) -> int:
    """Steps of the run that a folder holds, 0 for a new one."""
    state = folder / "state.pt"
    return int(torch.load(state, map_location="cpu", weights_only=True)["step"]) if state.exists() else 0


def _warm_average(decay: float) -> Callable[..., None]:
    """An exponential moving average that forgets the first weights: its decay grows to `decay` with the steps."""

    def update(averages: Any, weights: Any, steps: torch.Tensor) -> None:
        get_ema_multi_avg_fn(min(decay, (1 + int(steps)) / (10 + int(steps))))(averages, weights, steps)

    return update


def _resume(
    file: Path, parts: Mapping[str, Any], generators: Sequence[Generator], device: torch.device
) -> tuple[int, float, dict[str, float]]:
    """Load a state into all parts and generators; returns steps, seconds spent, sums of the terms to be logged."""
    state = torch.load(file, map_location="cpu", weights_only=True)
    if not {*parts, "random"} <= state.keys():
        raise ValueError(f"{file} is of an earlier version and cannot be resumed; delete it or choose another --run")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    everything, *own = state["random"]
    torch.set_rng_state(everything["cpu"])
    if device.type == "cuda" and "cuda" in everything:
        torch.cuda.set_rng_state(everything["cuda"], device)
    for generator, saved in zip(generators, own, strict=True):
        if isinstance(generator, torch.Generator):
            generator.set_state(saved)
        else:
            generator.bit_generator.state = saved
    return state["step"], state["spent"], state["sums"]


def _random_state(generators: Sequence[Generator], device: torch.device) -> list[Any]:
    """State of torch's global generators, then of each of `generators`."""
    everything = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        everything["cuda"] = torch.cuda.get_rng_state(device)
    return [
        everything,
        *(g.get_state() if isinstance(g, torch.Generator) else g.bit_generator.state for g in generators),
    ]


def _floats(terms: Terms) -> dict[str, float]:
    return {name: float(value.detach()) for name, value in terms.items()}


def _log(folder: Path | None, line: Mapping[str, float]) -> None:
    print(" ".join(f"{k} {v:.5g}" for k, v in line.items()), flush=True)
    if folder is not None:
        with (folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
