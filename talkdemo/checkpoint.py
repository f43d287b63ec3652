"""Checkpoints: one .safetensors file with weights, config and provenance, from the package, a folder or the Hub.

The header's metadata holds JSON: `kind` (which model), `config` (keyword arguments of its config dataclass) and
`provenance` (corpora with licences, recipe, steps, figures, teacher). Nothing is ever pickled.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from talkdemo import files

WEIGHTS = files.ASSETS / "weights"
SCALE = ".scale"  # suffix of the tensor that a matrix of 8-bit numbers is multiplied by, row by row
SMALLEST_MATRIX = 4096  # entries; below, 8 bits save nothing


@dataclass(frozen=True)
class Checkpoint:
    """An opened file. `tensors` are float32 whatever the precision on disk; integer tensors stay as they are."""

    kind: str
    config: Mapping[str, Any]
    provenance: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]
    path: Path


def save(
    path: Path | str,
    module: torch.nn.Module,
    kind: str,
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> Path:
    """Write a module's weights and buffers, floating tensors in 16 bits. Written whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous().cpu().clone()
        for name, tensor in module.state_dict().items()
    }
    return _write(path, tensors, kind, config, provenance)


def compress(source: Path | str, target: Path | str) -> Path:
    """Rewrite a checkpoint with its matrices in 8 bits, half the size: every row (output) has a scale of its own, so an
    entry is off by at most 1/254 of the largest of its row. `load` opens both kinds."""
    file = load(str(source))
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in file.tensors.items():
        if tensor.is_floating_point() and tensor.dim() > 1 and tensor.numel() >= SMALLEST_MATRIX:
            scale = tensor.abs().flatten(1).amax(1).clamp(min=1e-8) / 127
            scale = scale.half().float().clamp(min=2**-24)  # as it will be read
            tensors[name] = (tensor / _beside(scale, tensor)).round().clamp(-127, 127).to(torch.int8)
            tensors[name + SCALE] = scale.half()
        else:
            tensors[name] = tensor.half() if tensor.is_floating_point() else tensor
    return _write(Path(target), tensors, file.kind, file.config, file.provenance)


def _beside(scale: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    return scale.view(-1, *(1,) * (tensor.dim() - 1))


def _write(
    path: Path,
    tensors: dict[str, torch.Tensor],
    kind: str,
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> Path:
    metadata = {"kind": kind, "config": json.dumps(dict(config)), "provenance": json.dumps(dict(provenance))}
    with files.replacing(path) as part:
        save_file(tensors, part, metadata=metadata)
    return path


def find(name: str) -> Path:
    """The path of checkpoint `name`: a file's path, a name in TALKDEMO_WEIGHTS or in the package, or
    `hf://owner/repository/name` on the Hugging Face Hub (fetched on first use).

    Raises ValueError when it is nowhere, listing what is installed, or cannot be fetched.
    """
    if name.startswith("hf://"):
        from huggingface_hub import hf_hub_download

        parts = name.removeprefix("hf://").split("/", 2)
        if len(parts) < 3 or not all(parts):
            raise ValueError(f"got {name!r}; wanted hf://owner/repository/name")
        try:
            repository, file = "/".join(parts[:2]), f"{parts[2].removesuffix('.safetensors')}.safetensors"
            return Path(hf_hub_download(repository, file))
        except OSError as error:  # no network, no such repository, no such file
            raise ValueError(f"{name} cannot be fetched from the Hugging Face Hub ({type(error).__name__})") from error
    for candidate in (Path(name), *(folder / f"{name}.safetensors" for folder in _folders())):
        if candidate.is_file():
            return candidate
    raise ValueError(f"there is no checkpoint {name!r}; installed: {', '.join(installed()) or 'none'}")


def installed() -> list[str]:
    """Names of the checkpoints in TALKDEMO_WEIGHTS and in the package."""
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.safetensors")})


def _folders() -> list[Path]:
    return [Path(folder) for folder in (os.environ.get("TALKDEMO_WEIGHTS"), WEIGHTS) if folder]


def describe(path: Path | str) -> dict[str, Any]:
    """Kind, config, provenance, parameter count and bytes of a checkpoint, without reading its weights."""
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            keys = [key for key in file.keys() if not key.endswith(SCALE)]  # noqa: SIM118 - not a dict
            count = sum(math.prod(file.get_slice(key).get_shape()) for key in keys)
    except SafetensorError as error:
        raise ValueError(f"{path.name} is not a safetensors checkpoint ({error})") from None
    if not {"kind", "config", "provenance"} <= metadata.keys():
        raise ValueError(f"{path.name} has no kind, config and provenance in its header: not a TalkDemo checkpoint")
    return {
        "name": path.stem,
        "kind": metadata["kind"],
        "config": json.loads(metadata["config"]),
        "provenance": json.loads(metadata["provenance"]),
        "parameters": count,
        "bytes": path.stat().st_size,
    }


def load(name: str | Path, kind: str | None = None) -> Checkpoint:
    """Open a checkpoint by name or path; `kind`, when given, must match. Raises ValueError otherwise."""
    path = find(str(name))
    header = describe(path)
    if kind is not None and header["kind"] != kind:
        raise ValueError(f"{path.name} is a {header['kind']!r} checkpoint; wanted {kind!r}")
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a dict
    scales = {name: tensors.pop(name + SCALE).float() for name in list(tensors) if name + SCALE in tensors}
    tensors = {k: t.float() if t.is_floating_point() or k in scales else t for k, t in tensors.items()}
    tensors |= {name: tensors[name] * _beside(scale, tensors[name]) for name, scale in scales.items()}
    return Checkpoint(header["kind"], _tuples(header["config"]), header["provenance"], tensors, path)


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples that configs hold."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
