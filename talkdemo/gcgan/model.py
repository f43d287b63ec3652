"""GC-GAN: generator and geometry as one module and one checkpoint, `gcgan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from talkdemo import checkpoint
from talkdemo.gcgan.detail import Details
from talkdemo.gcgan.geometry import Geometry, GeometryConfig
from talkdemo.gcgan.networks import Generated, Generator, GeneratorConfig

KIND = "gcgan"


class FacePoints(NamedTuple):
    """Landmarks of faces, fractions of the crop's side."""

    seen: Tensor  # (B, 68, 2) in the crop, or (B, 70, 2) with pupils
    front: Tensor  # (B, 68, 2) of the same face from the front, in a crop of its own
    hidden: Tensor | None = None  # (B, 68) bool: behind the face itself

    def rows(self, which: Tensor) -> FacePoints:
        """Those of some faces of the batch."""
        return FacePoints(self.seen[which], self.front[which], None if self.hidden is None else self.hidden[which])


@dataclass(frozen=True)
class GCGANConfig:
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    geometry: GeometryConfig = field(default_factory=GeometryConfig)
    presets: tuple[str, ...] = ()  # names of expressions whose codes come with the model
    shown: tuple[int, ...] = ()  # for each point of the manifold's map: which of the presets it is, −1 for a blend
    details: bool = False  # mouth and eyes have a second stage

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> GCGANConfig:
        generator, geometry = GeneratorConfig(**config["generator"]), GeometryConfig(**config["geometry"])
        return cls(generator, geometry, config["presets"], config["shown"], config.get("details", False))


class GCGAN(nn.Module):
    """Everything that turns a crop and landmarks into another crop."""

    preset_codes: Tensor
    map_middle: Tensor
    map_axes: Tensor
    map_points: Tensor

    def __init__(self, config: GCGANConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config.generator)
        self.geometry = Geometry(config.geometry)
        self.details = Details() if config.details else None
        width = config.geometry.expression
        self.register_buffer("preset_codes", torch.zeros(len(config.presets), width))  # z_g of the presets
        self.register_buffer("map_middle", torch.zeros(width))
        self.register_buffer("map_axes", torch.zeros(width, 2))  # z_g → the map's two axes
        self.register_buffer("map_points", torch.zeros(len(config.shown), 2))

    def forward(self, image: Tensor, source: FacePoints, target: FacePoints) -> Generated:
        """image (B, 3, S, S) in −1 … 1."""
        z_source, z_target = self.geometry.encode(source.front), self.geometry.encode(target.front)
        return self.generator(image, source.seen, target.seen, z_source, z_target, source.hidden)

    @torch.no_grad()
    def retarget(self, source: Tensor, z: Tensor) -> Tensor:
        """Faces from the front with landmarks (B, 68, A), or one (1, 68, A) for all, making the expressions z_g (B, 32)
        → (B, 68, A): their own, moved as the decoder moves a face of that shape from its own expression to the other.
        A is 2 or 3; depths stay where the decoder knows none."""
        geometry, flat = self.geometry, source[..., :2]
        shape = geometry.shape_of(flat)
        moved = geometry.decode(z, shape.expand(len(z), -1)) - geometry.decode(geometry.encode(flat), shape)
        return source + nn.functional.pad(moved, (0, source.shape[-1] - moved.shape[-1]))

    @torch.no_grad()
    def describe(self, codes: Tensor, shown: Tensor, presets: Sequence[int]) -> None:
        """Store the presets' codes (P, 32) and a map of the codes `shown` (N, 32) of `presets`, as the config names."""
        counts, wanted = (len(codes), len(presets)), (len(self.config.presets), len(self.config.shown))
        if counts != wanted:
            raise ValueError("{} presets and {} points given; {} and {} are wanted".format(*counts, *wanted))
        self.preset_codes.copy_(codes)
        self.map_middle.copy_(codes.mean(0))
        self.map_axes.copy_(torch.linalg.svd(codes - self.map_middle, full_matrices=False).Vh[:2].T)
        self.map_points.copy_((shown - self.map_middle) @ self.map_axes)

    @classmethod
    def open(cls, name: str | Path = KIND) -> tuple[GCGAN, checkpoint.Checkpoint]:
        file = checkpoint.load(name, KIND)
        model = cls(GCGANConfig.from_dict(file.config))
        model.load_state_dict(file.tensors, strict=True)
        return model.eval(), file

    def save(self, path: Path | str, provenance: Mapping[str, Any]) -> Path:
        return checkpoint.save(path, self, KIND, asdict(self.config), provenance)
