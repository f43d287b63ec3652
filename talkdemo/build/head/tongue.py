"""The tongue, and a mouth that makes room for it: the floor follows the jaw, tongueOut parts the lips."""

from dataclasses import replace

import numpy as np
from scipy.interpolate import PchipInterpolator

from talkdemo.build.head.eyes import grid_faces
from talkdemo.build.head.mesh import Piece, affine_fit, attached
from talkdemo.build.head.rings import LIP_FADE
from talkdemo.build.head.skin import step
from talkdemo.build.head.source import LOWER_TEETH, TONGUE, Source
from talkdemo.build.head.teeth import only_jaw
from talkdemo.face.arkit import INDEX

JAW = ("jawOpen", "jawForward", "jawLeft", "jawRight")
ALONG, AROUND = 16, 16
# Along the tongue from root to tip: height, depth of the middle line, half width, half thickness (millimetres).
PROFILE = {
    "t": (0.0, 0.25, 0.5, 0.7, 0.85, 0.95, 1.0),
    "y": (-52.0, -41.5, -38.5, -38.0, -38.2, -38.4, -38.5),
    "z": (34.0, 52.0, 70.0, 83.0, 92.0, 96.6, 98.2),
    "wide": (15.0, 17.5, 17.5, 15.5, 12.0, 7.5, 0.4),
    "thick": (10.0, 7.5, 6.0, 5.0, 3.8, 2.4, 0.2),
}
OUT = {  # the same with the tongue out
    "y": (-52.0, -40.0, -35.5, -33.4, -34.0, -36.2, -37.4),
    "z": (38.0, 66.0, 92.0, 111.0, 121.0, 126.0, 127.4),
    "wide": (15.0, 16.5, 15.5, 14.0, 11.5, 7.0, 0.4),
    "thick": (10.0, 7.0, 4.2, 2.7, 2.5, 1.9, 0.2),
}
LOWER_GIVES, UPPER_GIVES = 3.6e-3, 1.6e-3  # metres the lips part for the tongue, in the middle


def tongue(source: Source) -> Piece:
    """A flattened tube with a groove along its back; UV: u across, v from root to tip."""
    t = np.linspace(0, 1, ALONG) ** 0.8
    rest, out = _shape(t, PROFILE), _shape(t, PROFILE | OUT)
    angle = np.linspace(0, 1, AROUND + 1)[:-1]
    uv = np.stack(np.broadcast_arrays(np.abs(2 * angle - 1)[None], t[:, None]), -1).reshape(-1, 2)
    piece = only_jaw(attached(source, "tongue", rest, grid_faces(ALONG, AROUND, closed=True)[:, ::-1], uv, TONGUE))
    actions = piece.actions.copy()
    actions[INDEX["tongueOut"]] = out - rest
    return replace(piece, actions=actions)


def _shape(t: np.ndarray, profile: dict) -> np.ndarray:
    y, z, wide, thick = (
        PchipInterpolator(profile["t"], 1e-3 * np.array(profile[key]))(t)[:, None]
        for key in ("y", "z", "wide", "thick")
    )
    angle = np.linspace(0, 2 * np.pi, AROUND + 1)[:-1]
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.8
    up = np.sin(angle)
    groove = np.where(up > 0, np.exp(-((across / 0.25) ** 2)) * 0.22, 0.0)
    points = np.stack(np.broadcast_arrays(wide * across, y + thick * (up - groove), z + 0 * across), -1)
    return points.reshape(-1, 3)


def settle_cavity(source: Source, cavity: np.ndarray) -> Source:
    """Floor of the mouth goes with the jaw, its roof stays; near the lips the source's own motion is kept."""
    at = source.rest[cavity]
    own = step(at[:, 2:], 0.086, 0.102)  # 1 at the lips
    low = 1 - step(at[:, 1:2], -0.046, -0.026)  # 1 at the floor
    deep = step(at[:, 2:], 0.012, 0.060)  # 0 at the throat
    actions = dict(source.actions)
    for name in JAW:
        jaw = affine_fit(source.rest[LOWER_TEETH], source.actions[name][LOWER_TEETH])(at)
        delta = actions[name].copy()
        delta[cavity] = own * delta[cavity] + (1 - own) * low * deep * jaw
        actions[name] = delta
    return replace(source, actions=actions)


def part_for_tongue(source: Source, rings: np.ndarray) -> Source:
    """tongueOut alone lets the tongue pass between the lips, most in the middle."""
    delta = source.actions["tongueOut"].copy()
    delta[: TONGUE.start] = 0.0
    fade = np.array(LIP_FADE)[:, None]
    fade = np.maximum(fade, np.array([0.1, 0.25, 0.45, 0.65, 0.8, 0.92, 1, 1, 1, 1, 1, 0.8, 0.5, 0.2])[:, None])
    x = np.abs(source.rest[rings[8, :10], 0])
    column = np.clip(np.cos(x / x.max() * np.pi / 2), 0, 1) ** 0.8
    for side in (rings, source.mirror[rings]):
        delta[side[:, :10], 1] = UPPER_GIVES * fade * column
        delta[side[:, :9:-1], 1] = -LOWER_GIVES * fade * column
    return replace(source, actions=source.actions | {"tongueOut": delta})
