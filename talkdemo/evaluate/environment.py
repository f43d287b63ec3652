"""What an evaluation ran on and with: machine, threads, versions; of every system its files, steps, evaluations."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from talkdemo.evaluate.cache import code, file_hash
from talkdemo.evaluate.systems import encoder_hash, open_pipeline, parse_system
from talkdemo.files import ASSETS

PACKAGES = ("torch", "numpy", "scipy")
CODE = ("audio", "condition", "diffusion", "face", "metrics", "evaluate", "talker.py", "pipeline.py")


def environment() -> dict[str, Any]:
    """Machine, versions, and a hash of the code that decides the figures."""
    import torch

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "code": code(*CODE),
        "head": file_hash(ASSETS / "head.npz"),
    }


def processor() -> str:
    """The processor's name as the system gives it."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def described(systems: Iterable[str]) -> dict[str, dict[str, Any]]:
    """System → checkpoint, its hash, its encoder's, sampler, steps, evaluations a window; empty for a baseline."""
    found: dict[str, dict[str, Any]] = {}
    for name in systems:
        model = parse_system(name)
        found[name] = {}
        if model is not None:
            talker = open_pipeline(model.checkpoint).talker
            found[name] = {
                "checkpoint": model.weights().name,
                "sha256": file_hash(model.weights()),
                "megabytes": round(model.weights().stat().st_size / 1e6, 2),
                "encoder_sha256": encoder_hash(talker.config.encoder),
                "distilled": model.student,
                "sampler": model.sampler,
                "steps": talker.steps(model.steps),
                "nfe": talker.evaluations(model.steps),
            }
    return found
