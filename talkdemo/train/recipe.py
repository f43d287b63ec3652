"""What all recipes share: arguments, settings of the loop, provenance of the checkpoint they write."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from talkdemo.train.loop import LoopConfig


def argument_parser(
    recipe: str,
    description: str | None,
    *,
    minutes: float,
    batch: int,
    run: str | None = None,
    rate: float | None = None,
    out: Path | None = None,
) -> argparse.ArgumentParser:
    """A parser with the arguments of every recipe; `run` is by default runs/<recipe>."""
    first = (description or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog=f"talkdemo train {recipe}", description=first)
    parser.add_argument("--run", type=Path, default=Path(run or f"runs/{recipe}"), help="folder of the run; resumes")
    parser.add_argument("--minutes", type=float, default=minutes, help="budget, resumes included")
    parser.add_argument("--max-steps", type=int, help="budget in optimiser steps, instead of minutes: reproducible")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--seed", type=int, default=0)
    if rate is not None:
        parser.add_argument("--rate", type=float, default=rate, help="learning rate")
    if out is not None:
        parser.add_argument("--out", type=Path, default=out, help="the checkpoint that is written")
    return parser


def begin(args: argparse.Namespace) -> torch.device:
    """Seed torch; the device to train on."""
    torch.manual_seed(args.seed)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_device(batches: Iterable[Any], device: torch.device) -> Iterator[Any]:
    """Batches, which are dataclasses of tensors, moved to a device."""
    for batch in batches:
        yield type(batch)(*(getattr(batch, field.name).to(device) for field in fields(batch)))


def loop_config(args: argparse.Namespace, **settings: Any) -> LoopConfig:
    return LoopConfig(args.minutes, args.rate, steps=args.max_steps, **settings)


def provenance(recipe: str, sources: Iterable[str], steps: int, minutes: float, **more: Any) -> dict[str, Any]:
    """What a checkpoint says of its training; `recipe` is the module of talkdemo.train."""
    return {
        "trained_on": list(sources),
        "licence": "Apache-2.0",
        "recipe": f"talkdemo.train.{recipe}",
        "steps": steps,
        "minutes": round(minutes, 1),
        **more,
    }
