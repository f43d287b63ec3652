"""The parametric head: vertices in metres, y up, facing +z, with the base of the skull at the origin.

vertices = R(head) · (neutral + Σ coefficient · displacement); the neck takes a fraction of R that falls to zero at the
shoulders. Linear in the coefficients, differentiable, any leading dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from talkdemo.face import asset
from talkdemo.face.arkit import NAMES
from talkdemo.face.characters import Character, find
from talkdemo.face.fit import fit_actions
from talkdemo.face.pose import rotvec_to_rotmat
from talkdemo.records import Face, Material, Motion, Part

CHUNK = 250  # frames posed at a time, so that memory stays flat
MASKS = ("lips", "inner_lips", "upper_face", "eyes")


@dataclass(frozen=True)
class Shape:
    """One character, ready to be posed. Vertices come in three runs: moved by actions and turning fully with the head
    (R of them), moved and turning in part (up to M), not moved by any action."""

    neutral: Tensor  # (V, 3)
    actions: Tensor  # (52, M, 3)
    turn: Tensor  # (V, 1)
    rigid: int  # R
    still_turn: Tensor  # (9, (V - M) * 3): rotation matrix, row by row → the turned part of the unmoved vertices
    still_rest: Tensor  # (1, (V - M) * 3): their part that does not turn

    @classmethod
    def make(cls, neutral: Tensor, actions: Tensor, turn: Tensor, rigid: int) -> Self:
        moving = actions.shape[1]
        still, fraction = neutral[moving:], turn[moving:]
        spread = torch.einsum("vj,ik->ijvk", fraction * still, torch.eye(3, dtype=still.dtype, device=still.device))
        return cls(neutral, actions, turn, rigid, spread.reshape(9, -1), ((1 - fraction) * still).reshape(1, -1))


class _Posed(nn.Module):
    """What the whole head and a subset of it share: posing one character."""

    def shape(self, character: str | Character | None = None) -> Shape:
        raise NotImplementedError

    def forward(
        self, coefficients: Tensor, head: Tensor | None = None, character: str | Character | None = None
    ) -> Tensor:
        """coefficients (..., 52), head (..., 3) rotation vector in radians or None → (..., V, 3) metres."""
        if coefficients.shape[-1] != len(NAMES):
            raise ValueError(f"coefficients end in {coefficients.shape[-1]} channels, ARKit has {len(NAMES)}")
        if head is not None and head.shape != (*coefficients.shape[:-1], 3):
            raise ValueError(f"head rotations have shape {tuple(head.shape)}, coefficients {tuple(coefficients.shape)}")
        s = self.shape(character)
        neutral, moving = s.neutral, s.actions.shape[1]
        flat = coefficients.reshape(-1, len(NAMES)).to(neutral.dtype)
        moved = torch.addmm(neutral[:moving].reshape(1, -1), flat, s.actions.flatten(1)).view(-1, moving, 3)
        if head is None:
            runs = [moved, neutral[moving:].expand(len(flat), -1, -1)]
        else:  # lerp(v, R v, turn), with as little traffic through memory as each run allows
            rotation = rotvec_to_rotmat(head.reshape(-1, 3).to(neutral.dtype))
            turned = moved @ rotation.transpose(1, 2)
            runs = [turned[:, : s.rigid]]
            if s.rigid < moving:
                runs.append(torch.lerp(moved[:, s.rigid :], turned[:, s.rigid :], s.turn[s.rigid : moving]))
            runs.append(torch.addmm(s.still_rest, rotation.flatten(1), s.still_turn).view(len(flat), -1, 3))
        vertices = torch.cat(runs, dim=1)  # (B, V, 3)
        return vertices.view(*coefficients.shape[:-1], *vertices.shape[1:])

    @torch.no_grad()
    def vertices(self, motion: Motion, character: str | Character | None = None) -> np.ndarray:
        """(T, V, 3) metres: every frame of a motion."""
        chunks = [motion[start : start + CHUNK] for start in range(0, len(motion), CHUNK)]
        return np.concatenate(
            [self(torch.as_tensor(m.coefficients), torch.as_tensor(m.head), character).numpy() for m in chunks]
        )


class FaceModel(_Posed):
    """The whole head. Buffers only; nothing to train."""

    rest: Tensor
    turn: Tensor
    identities: Tensor
    actions: Tensor

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        super().__init__()

        def tensor(key: str) -> Tensor:
            value = torch.from_numpy(np.array(arrays[key]))
            return value.float() if value.is_floating_point() else value.long()

        self.register_buffer("rest", tensor("rest"))  # (V, 3)
        self.register_buffer("turn", tensor("turn")[:, None])  # (V, 1)
        self.register_buffer("identities", tensor("identity/values"))  # (K, V, 3)
        actions = torch.zeros(len(NAMES), *self.rest.shape)
        starts = arrays["action/starts"]
        for row, (a, b) in enumerate(pairwise(starts)):
            actions[row, torch.from_numpy(arrays["action/vertices"][a:b].astype(np.int64))] = torch.from_numpy(
                arrays["action/values"][a:b].astype(np.float32)
            )
        self.register_buffer("actions", actions)  # (52, V, 3)
        self.rigid, self.moving = int(arrays["rigid"]), int(arrays["moving"])
        self.identity_names: tuple[str, ...] = tuple(arrays["identity/names"].tolist())
        self.masks: dict[str, Tensor] = {name: tensor(f"mask/{name}") for name in MASKS}
        self.inner_lip_middle: Tensor = tensor("inner_lip_middle")  # (2,) upper, lower
        self.mirror: Tensor = tensor("mirror")  # (V,) vertex on the other side
        self.anatomy = {key.removeprefix("anatomy/"): tensor(key) for key in arrays if key.startswith("anatomy/")}
        self._arrays = arrays
        self._shapes: dict[tuple[Any, ...], Shape] = {}

    @classmethod
    def load(cls) -> Self:
        """The head that comes with the package."""
        return cls(asset.arrays())

    def neutral(self, character: str | Character | None = None) -> Tensor:
        """(V, 3) the character at rest."""
        return self.shape(character).neutral

    def displacements(self, character: str | Character | None = None) -> Tensor:
        """(52, V, 3) what each coefficient at 1 adds to the character at rest (for morph targets)."""
        shape = self.shape(character)
        out = shape.actions.new_zeros(len(NAMES), len(self.rest), 3)
        out[:, : self.moving] = shape.actions
        return out

    def shape(self, character: str | Character | None = None) -> Shape:
        character = find(character)
        key = (character.shape, self.rest.dtype, self.rest.device)
        shape = self._shapes.get(key)
        if shape is None:
            mixed = dict(character.shape)
            if unknown := mixed.keys() - set(self.identity_names):
                raise ValueError(f"{character.name!r} names unknown head shapes: {', '.join(sorted(unknown))}")
            weights = self.rest.new_tensor([mixed.get(name, 0.0) for name in self.identity_names])
            neutral = self.rest + torch.einsum("k,kvd->vd", weights, self.identities)
            anatomy = {name: value.to(self.rest.device) for name, value in self.anatomy.items()}
            actions = fit_actions(self.rest, neutral, self.actions, anatomy)[:, : self.moving].contiguous()
            if len(self._shapes) >= 16:  # a long-lived app mixes many characters; keep the last few
                self._shapes.pop(list(self._shapes)[0], None)  # noqa: RUF015 - one step: other threads are here too
            shape = self._shapes[key] = Shape.make(neutral, actions, self.turn, self.rigid)
        return shape

    def subset(self, vertices: Tensor) -> FaceSubset:
        """The same function for these vertices only, in their order (cheap; for losses)."""
        return FaceSubset(self, vertices)

    def drawable(self, character: str | Character | None = None) -> Face:
        """What a renderer needs beside moving vertices: neutral, UVs, welds, parts with materials."""
        person = find(character)
        arrays, materials = self._arrays, _materials(person)
        parts = [Part(name, arrays[f"part/{name}"].astype(np.int32), look) for name, look in materials.items()]
        return Face(
            self.neutral(person).detach().cpu().float().numpy(),
            arrays["uv"].astype(np.float32),
            arrays["weld"].astype(np.int32),
            tuple(parts),
        )


class FaceSubset(_Posed):
    """Some vertices of a FaceModel; called in the same way."""

    def __init__(self, whole: FaceModel, vertices: Tensor) -> None:
        super().__init__()
        self._whole = [whole]  # in a list, so that it is no sub-module
        self.rows = torch.as_tensor(vertices).long()
        self._shapes: dict[tuple[Any, ...], Shape] = {}

    def shape(self, character: str | Character | None = None) -> Shape:
        character, whole = find(character), self._whole[0]
        key = (character.shape, whole.rest.dtype, whole.rest.device)
        if key not in self._shapes:
            rows = self.rows.to(whole.rest.device)
            moved = whole.displacements(character)[:, rows].contiguous()
            self._shapes[key] = Shape.make(whole.neutral(character)[rows], moved, whole.turn[rows], 0)
        return self._shapes[key]


def _materials(person: Character) -> dict[str, Material]:
    """Part name → material, opaque parts first."""
    skin, iris = _blend("skin", person.skin), _blend("iris", person.iris)
    out = {
        "skin": Material(skin, roughness=0.55),
        "eyes": Material(iris, roughness=0.12),
        "gums": Material(asset.texture("gums"), roughness=0.3, double_sided=True),
        "teeth": Material(asset.texture("teeth"), roughness=0.2),
        "tongue": Material(asset.texture("tongue"), roughness=0.4),
        "shirt": Material(_tint(asset.texture("shirt"), person.shirt), roughness=0.9, alpha="mask", double_sided=True),
    }
    haircut = [key.removeprefix("part/") for key in asset.arrays() if key.startswith(f"part/hair/{person.hair}/")]
    if not haircut and person.hair != "none":
        raise ValueError(f"there is no haircut {person.hair!r}")
    for name in haircut:
        strands = _tint(asset.texture(f"hair/{name.rsplit('/', 1)[1]}"), person.hair_colour)
        out[name] = Material(strands, roughness=0.6, alpha="blend", double_sided=True)
    out["lashes"] = Material(asset.texture("lashes"), roughness=0.9, alpha="blend", double_sided=True)
    return out


def _tint(grey: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """Mid grey of a (H, W, 4) texture takes the sRGB colour; alpha stays."""
    out = grey.copy()
    out[..., :3] = np.clip(grey[..., :3] * np.array(colour) * 1.7, 0, 255).astype(np.uint8)
    return out


def _blend(kind: str, weights: tuple[tuple[str, float], ...]) -> np.ndarray:
    """Weighted mean of textures of one kind."""
    if len(weights) == 1:
        return asset.texture(f"{kind}/{weights[0][0]}")
    total = sum(weight for _, weight in weights)
    layers = [weight / total * asset.texture(f"{kind}/{name}").astype(np.float32) for name, weight in weights]
    return np.clip(sum(layers), 0, 255).astype(np.uint8)
