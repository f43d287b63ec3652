"""Where eyes look: the pupils, two points behind the 68 landmarks, as in the 70 of OpenPose (Cao et al. 2019).

Rows 68 and 69 are the pupils of the person's right eye and of the left one. A gaze is where they lie in their eyes, in
eye widths along the line between the corners and at right angles to it, from the middle between them: it passes from
face to face.
"""

import numpy as np
import torch
from torch import Tensor

from talkdemo.face.arkit import INDEX
from talkdemo.face.landmarks import LANDMARKS
from talkdemo.gcgan.drawing import EYES, rim
from talkdemo.gcgan.flow import grid, held_open, shut, shutting

ALL = LANDMARKS + 2
CORNERS = ((36, 39), (42, 45))  # of each eye, from left to right in the image
IRIS, STILL = 0.22, 0.62  # eye widths from the pupil up to which all moves, and from which nothing does
EDGE = 0.03  # eye widths from a lid over which the eye beneath it begins to move
MOST = 0.2  # eye widths by which a pupil is moved at most; further, the white beside it would fold
# Eye widths, to the image's right and down, by which ARKit's channels at 1 move both pupils, as MediaPipe reads both
# off faces: .20 for both channels of a side, .085 for both of up or down, as lids follow (`train gcgan_gaze`).
LOOKS = {
    "eyeLookOutLeft": (0.1, 0.0), "eyeLookInRight": (0.1, 0.0),
    "eyeLookInLeft": (-0.1, 0.0), "eyeLookOutRight": (-0.1, 0.0),
    "eyeLookDownLeft": (0.0, 0.045), "eyeLookDownRight": (0.0, 0.045),
    "eyeLookUpLeft": (0.0, -0.045), "eyeLookUpRight": (0.0, -0.045),
}  # fmt: skip
MOVES = np.zeros((len(INDEX), 2), np.float32)
for _name, _move in LOOKS.items():
    MOVES[INDEX[_name]] = _move


def of(points: np.ndarray) -> np.ndarray:
    """(…, 70, 2) → (…, 2, 2): the gaze."""
    middle, along, across = _axes(points)
    away = (points[..., LANDMARKS:, :] - middle) / np.square(along).sum(-1, keepdims=True)
    return np.stack([(away * along).sum(-1), (away * across).sum(-1)], axis=-1)


def at(points: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """(…, 68, 2) and (…, 2, 2) → (…, 70, 2): landmarks with the pupils that look that way."""
    middle, along, across = _axes(points)
    pupils = middle + gaze[..., :1] * along + gaze[..., 1:] * across
    pupils = np.broadcast_to(pupils, (*points.shape[:-2], 2, 2))
    return np.concatenate([points[..., :LANDMARKS, :], pupils], axis=-2).astype(np.float32)


def coefficients(change: np.ndarray) -> np.ndarray:
    """(2,) eye widths by which both pupils move → (52,) of ARKit's channels, 0 to 1."""
    size = 2 * np.square(MOVES).sum(1)  # two channels share a way
    return np.where(size > 0, MOVES @ change / np.maximum(size, 1e-9), 0).clip(0, 1).astype(np.float32)


def _axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(…, 68, 2) → middle, way from left to right and way down of each eye, (…, 2, 2) each."""
    left, right = (points[..., [pair[k] for pair in CORNERS], :] for k in (0, 1))
    along = right - left
    return (left + right) / 2, along, np.stack([-along[..., 1], along[..., 0]], axis=-1)


def with_eyes(flow: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """The flow (B, S, S, 2) of landmarks (B, 68 or 70, 2) each with eyes that look where the target's pupils are, if
    pupils are known, and lids over those that shut; at S pixels, as the edge of a lid is a jump."""
    return shut(looking(flow, source, target) if source.shape[1] == ALL else flow, source, target)


def looking(flow: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """The flow (B, S, S, 2) of landmarks (B, 70, 2) each with the pupils moved between lids that stay."""
    side, out = flow.shape[1], flow.clone()
    held = held_open(source, target, shutting(source, target))
    places = flow.permute(0, 3, 1, 2)
    for k, (upper, lower) in enumerate(EYES):
        pupil = target[:, LANDMARKS + k]
        moved = torch.nn.functional.grid_sample(
            places, (pupil * 2 - 1)[:, None, None].to(places), padding_mode="border", align_corners=False
        )[..., 0, 0]
        wide = (target[:, upper[0]] - target[:, upper[-1]]).norm(dim=1, keepdim=True).clamp_min(1e-6)
        shift = source[:, LANDMARKS + k] - pupil - moved
        shift = shift * (MOST * wide / shift.norm(dim=1, keepdim=True).clamp_min(1e-6)).clamp_max(1)
        rows, columns = _box(held[:, [*upper, *lower]], side)
        near = grid(side).to(flow)[rows, columns]
        away = (near - pupil[:, None, None]).norm(dim=-1) / wide[:, None]
        share = ((STILL - away) / (STILL - IRIS)).clamp(0, 1)
        x, y = near.reshape(-1, 2).unbind(1)
        above, below = (rim(held[:, list(lid)].float(), x) for lid in (upper, lower))
        inside = (torch.minimum(y - above, below - y) / (EDGE * wide)).clamp(0, 1).view(share.shape)
        out[:, rows, columns] += (share * share * (3 - 2 * share) * inside)[..., None] * shift[:, None, None]
    return out


def _box(rims: Tensor, side: int) -> tuple[slice, slice]:
    """Rims (B, N, 2) → rows and columns, of `side` pixels, beyond which all eyes end."""
    points = rims.flatten(0, 1) * side
    reach = 0.02 * side
    (left, top), (right, bottom) = (points.amin(0) - reach).long().tolist(), (points.amax(0) + reach).long().tolist()
    left, top = (min(max(value, 0), side - 1) for value in (left, top))
    return slice(top, max(min(bottom + 1, side), top + 1)), slice(left, max(min(right + 1, side), left + 1))
