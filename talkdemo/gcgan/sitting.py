"""A portrait ready to be painted: all that does not depend on the expression is there, and many images come quickly.

The generator works on some faces at a time, its convolutions in bfloat16, as it was trained, where the processor
multiplies such matrices (a result then differs by 0.02 grey levels on average, by 5 at most).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from talkdemo.face.landmarks import LANDMARKS
from talkdemo.gcgan import soundness
from talkdemo.gcgan.crop import EYES, Crop, check_landmarks, steady
from talkdemo.gcgan.detail import sharpened
from talkdemo.gcgan.model import GCGAN
from talkdemo.gcgan.networks import Generated
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.tone import Tone

MAX_SIDE = 2048  # pixels of the crop that is rendered
STILL = 0.02  # outer eye distances: smaller changes fade into the unchanged photograph
BATCH = 4
TOGETHER = 4 * 512 * 512  # pixels of large crops that the second stage sees at a time


class Sitting:
    """One portrait and the model. Calls may come from several threads at a time."""

    @torch.no_grad()
    def __init__(self, model: GCGAN, portrait: Portrait) -> None:
        self.model, self.portrait = model, portrait
        frame, front = portrait.frame, portrait.front
        side = model.config.generator.side
        self.crop = Crop.around(portrait.landmarks, side, frame.upright)
        self.source = torch.from_numpy(self.crop.into(portrait.seen))[None] / side
        self.small = as_tensor(self.crop.take(portrait.image))
        hidden = torch.from_numpy(frame.hidden)[None]
        with torch.autocast("cpu", torch.bfloat16, enabled=halves()):
            self.face = model.generator.encode_source(self.small, self.source, hidden)
        self.z_source = self._codes(front[None, :, :2])
        self.large_crop = self.crop.at(int(np.clip(round(side / self.crop.scale), side, MAX_SIDE)))
        self.original = self.large_crop.take(portrait.image)
        self.large, self.tone = as_tensor(self.original), Tone.of(self.original)

    @torch.no_grad()
    def paint(self, targets: Sequence[np.ndarray]) -> list[np.ndarray]:
        """(H, W, 3) uint8 for each (68, 2) target, or (70, 2) with pupils; at most BATCH of them. ValueError for a
        target at which the face would swell or fold. Eyes look elsewhere where all pupils are known."""
        portrait, model, count = self.portrait, self.model, len(targets)
        frame, front = portrait.frame, portrait.front
        checked = [check_landmarks(target, pupils=True) for target in targets]
        known = min(len(points) for points in (portrait.seen, *checked))
        moved = np.stack([points[:known] for points in checked]).astype(np.float32)
        target, source = torch.from_numpy(self.crop.into(moved)) / self.crop.side, self.source[:, :known]
        straight = frame.flattened(moved[:, :LANDMARKS], front)
        z_target, z_source = self._codes(straight), self.z_source.expand(count, -1)
        with torch.autocast("cpu", torch.bfloat16, enabled=halves()):
            face = self.face._replace(landmarks=source).repeated(count)
            generated = model.generator.decode(face, target, z_source, z_target)
        widths = soundness.outline(front[:, :2], straight, frame.hidden)
        soundness.check(portrait.name, widths, soundness.folded(generated.flow, target))
        fade = ((target - source).norm(dim=2).amax(1) / EYES / STILL).clamp(0, 1)
        together = max(1, TOGETHER // self.large[0, 0].numel())
        images: list[np.ndarray] = []
        for begin in range(0, count, together):
            rows = slice(begin, begin + together)
            shown = sharpened(self.large, self.small, Generated(*(x[rows] for x in generated)), fade[rows])
            if model.details is not None:
                many = [x.expand(len(shown), *x.shape[1:]) for x in (self.large, source)]
                with torch.autocast("cpu", torch.bfloat16, enabled=halves()):
                    full = model.details(shown, *many, target[rows])
                shown = torch.lerp(shown, full, fade[rows, None, None, None])
            images += map(self._placed, shown)
        return images

    def _placed(self, crop: Tensor) -> np.ndarray:
        """(3, R, R) in −1 … 1 → the whole image."""
        result = as_image(crop)
        return self.large_crop.put(
            self.portrait.image, result if self.tone is None else self.tone.hold(result), self.original
        )

    def _codes(self, fronts: np.ndarray) -> Tensor:
        return self.model.geometry.encode(torch.from_numpy(steady(fronts)))


def halves() -> bool:
    """Whether this processor has units for matrices of bfloat16; elsewhere they would take longer."""
    known = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(known and known())


def as_tensor(crop: np.ndarray) -> Tensor:
    """(R, R, 3) uint8 → (1, 3, R, R) in −1 … 1."""
    return torch.from_numpy(crop.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None].contiguous()


def as_image(crop: Tensor) -> np.ndarray:
    """(3, R, R) in −1 … 1 → (R, R, 3) uint8."""
    import cv2

    flat = crop.contiguous().numpy().reshape(-1, crop.shape[-1])
    planes = cv2.addWeighted(flat, 127.5, flat, 0, 127.5, dtype=cv2.CV_8U)
    return cv2.merge(list(planes.reshape(crop.shape)))
