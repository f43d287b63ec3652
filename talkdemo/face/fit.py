"""Fits the template's 52 displacements to the head of a character.

Displacements made for one head do not fit another: a child's jaw opens less, and lids of another shape would stop short
of one another or overlap. So they are scaled to the head's size, eyeballs turn about their own centres, and eyeBlink
brings this character's lids together outside this character's eyeballs.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from talkdemo.face.arkit import INDEX

CLEAR = 4e-4  # metres of lid over the eyeball


def fit_actions(rest: Tensor, neutral: Tensor, actions: Tensor, anatomy: Mapping[str, Tensor]) -> Tensor:
    """rest, neutral (V, 3), actions (52, V, 3), anatomy (index arrays of head.npz) → (52, V, 3)."""
    face = anatomy["scale"]
    spread = [(points[face] - points[face].mean(0)).norm() for points in (neutral, rest)]
    out = actions * (spread[0] / spread[1])
    for side in ("Left", "Right"):
        _turn_eye(neutral, out, anatomy, side)
        _meet_lids(neutral, out, anatomy, side)
    twin = anatomy["twin"]
    return out[:, twin]


def eye_sphere(neutral: Tensor, anatomy: Mapping[str, Tensor], side: str) -> tuple[Tensor, Tensor]:
    """Centre (3,) and radius of an eyeball: the middle and size of the ring of vertices at its equator."""
    ring = neutral[anatomy[f"equator{side}"]]
    centre = ring.mean(0)
    return centre, (ring - centre).norm(dim=-1).max()


def _turn_eye(neutral: Tensor, out: Tensor, anatomy: Mapping[str, Tensor], side: str) -> None:
    ball = anatomy[f"eyeball{side}"]
    centre, _ = eye_sphere(neutral, anatomy, side)
    away = neutral[ball] - centre
    for direction in ("In", "Out", "Up", "Down"):
        rotation = anatomy[f"look{direction}{side}"].to(neutral)
        out[INDEX[f"eyeLook{direction}{side}"], ball] = away @ rotation.T - away


def _meet_lids(neutral: Tensor, out: Tensor, anatomy: Mapping[str, Tensor], side: str) -> None:
    rings, lower = anatomy[f"lids{side}"], anatomy[f"lowerLid{side}"]  # (R, 28), column numbers of the lower lid
    upper, fade, edge = anatomy["upperLid"], anatomy["lidFade"].to(neutral), int(anatomy["lidEdge"])
    lash, root = anatomy[f"lash{side}"], anatomy[f"lashRoot{side}"]
    centre, radius = eye_sphere(neutral, anatomy, side)
    blink = out[INDEX[f"eyeBlink{side}"]]  # (V, 3), a view
    before = blink[root].clone()
    shut = neutral + blink
    target = _along(shut[rings[edge, lower]], shut[rings[edge, upper], 0])
    blink[rings[:, upper]] += fade[:, None, None] * (target - shut[rings[edge, upper]])
    front = rings[edge:].unique()
    for name in ("eyeBlink", "eyeSquint", "eyeLookDown", "eyeWide"):
        delta = out[INDEX[f"{name}{side}"]]
        away = neutral[front] + delta[front] - centre
        distance = away.norm(dim=-1, keepdim=True)
        push = (radius + CLEAR - distance).clamp_min(0) * (away[:, 2:] > 0) / distance
        delta[front] += away * push
    blink[lash] += blink[root] - before


def _along(curve: Tensor, x: Tensor) -> Tensor:
    """Points of a polyline (n, 3) at abscissae x (m,), held constant beyond its ends: (m, 3)."""
    curve = curve[curve[:, 0].argsort()]
    right = torch.searchsorted(curve[:, 0].contiguous(), x.contiguous()).clamp(1, len(curve) - 1)
    a, b = curve[right - 1], curve[right]
    t = ((x - a[:, 0]) / (b[:, 0] - a[:, 0]).clamp_min(1e-9)).clamp(0, 1)[:, None]
    return a + t * (b - a)
