"""Many images of one portrait: as one by one, by another library and in half the digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from talkdemo.gcgan import detail, gaze, sitting
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.flow import _basis, _field, _lids, grid, held_open, resize, shut, shutting, warp
from talkdemo.gcgan.gaze import with_eyes
from talkdemo.gcgan.networks import Generated
from talkdemo.gcgan.portrait import Portrait
from talkdemo.gcgan.sitting import Sitting


@pytest.fixture(scope="module")
def shipped() -> Expresser:
    return Expresser.load()


def expressions(expresser: Expresser, portrait: Portrait) -> list[np.ndarray]:
    """A smile, a jaw, shut eyes, nothing; looking aside."""
    names = [name for name in expresser.presets if name in ("happy", "aa", "blink", "closed eyes")][:3]
    targets = [expresser.preset(portrait, name) for name in names]
    shut_eyes = portrait.landmarks.copy()
    shut_eyes[[37, 38, 43, 44]] = shut_eyes[[41, 40, 47, 46]]
    looks = gaze.of(portrait.seen) + np.array([0.1, 0.02])
    return [gaze.at(points, looks) for points in (*targets, shut_eyes, portrait.landmarks)]


def plainly_sharpened(large: Tensor, small: Tensor, generated: Generated, fade: Tensor | None = None) -> Tensor:
    """`sharpened` in operations of torch alone."""
    flow, ends = generated.flow, (generated.source, generated.target)
    paint = generated.image - warp(small, with_eyes(flow, *ends))
    if fade is not None:
        flow, paint = flow * fade[:, None, None, None], paint * fade[:, None, None, None]
    size, side = large.shape[-1], paint.shape[-1]
    warped = warp(large, with_eyes(resize(flow, size), *ends))
    coarse = F.interpolate(warped, size=(side, side), mode="bilinear", antialias=True)
    removed = 1 - torch.exp(-(paint.abs().amax(1, keepdim=True) / detail.GRAIN).square())
    joined = F.interpolate(torch.cat([paint, coarse, removed], dim=1), size=(size, size), mode="bicubic")
    return warped + joined[:, :3] - joined[:, 6:].clamp(0, 1) * (warped - joined[:, 3:6])


def test_enlarged_as_torch_enlarges(shipped: Expresser, maya: Portrait) -> None:
    """To half a grey level; of one crop for all, and of one for each."""
    one = Sitting(shipped.model, maya)
    targets = np.stack(expressions(shipped, maya))
    target = torch.from_numpy(one.crop.into(targets)) / one.crop.side
    count = len(targets)
    with torch.no_grad():
        codes = one.z_source.expand(count, -1)
        generated = shipped.model.generator.decode(one.face.repeated(count), target, codes, codes + 0.5)
        fade = torch.linspace(1, 0, count)
        large, small = (x.expand(count, -1, -1, -1) for x in (one.large, one.small))
        wanted = plainly_sharpened(large, small, generated, fade)
        for crops in ((one.large, one.small), (large, small)):
            assert float((detail.sharpened(*crops, generated, fade) - wanted).abs().max()) * 127.5 < 0.5


def test_in_half_the_digits(shipped: Expresser, maya: Portrait, monkeypatch: pytest.MonkeyPatch) -> None:
    if not sitting.halves():
        pytest.skip("this processor has no units for bfloat16")
    targets, painted = expressions(shipped, maya)[:4], []
    for halves in (False, True):
        monkeypatch.setattr(sitting, "halves", lambda halves=halves: halves)
        painted.append(np.stack(Sitting(shipped.model, maya).paint(targets)).astype(int))
    whole, half = painted
    assert np.abs(whole - half).max() <= 6 and np.abs(whole - half).mean() < 0.05


def test_the_second_stage_works_on_a_batch(shipped: Expresser, maya: Portrait) -> None:
    """Four together equal one at a time; untrained it changes nothing."""
    one, targets, trained = Sitting(shipped.model, maya), expressions(shipped, maya)[:4], shipped.model.details
    together = np.stack(one.paint(targets)).astype(int)
    for target, image in zip(targets, together, strict=True):
        assert np.abs(one.paint([target])[0] - image).max() <= 1
    try:
        shipped.model.details = None
        without = np.stack(one.paint(targets)).astype(int)
        assert np.abs(together - without).max() > 5
        shipped.model.details = detail.Details().eval()
        assert np.abs(np.stack(one.paint(targets)) - without).max() <= 1
    finally:
        shipped.model.details = trained


def test_images_and_numbers() -> None:
    crop = np.arange(27, dtype=np.uint8).reshape(3, 3, 3) * 9
    assert (sitting.as_image(sitting.as_tensor(crop)[0]) == crop).all()
    beyond = torch.tensor([-3.0, -1.0, 0.0, 1.0, 2.0, 0.5]).view(1, 1, 6).expand(3, 6, 6)
    assert sitting.as_image(beyond)[0, :, 0].tolist() == [0, 0, 128, 255, 255, 191]


def test_a_field_is_its_basis_times_the_weights() -> None:
    torch.manual_seed(1)
    at, knots, weights = torch.rand(40, 2), torch.rand(3, 9, 2), torch.randn(3, 12, 2)
    expected = _basis(at.expand(3, -1, -1), knots) @ weights
    assert torch.allclose(_field(at, knots, weights), expected, atol=2e-3)  # a root of a rounded zero


def test_lids_are_shut_where_eyes_are(maya: Portrait) -> None:
    """Only the part around the eyes is computed: as if it were all."""
    crop = Sitting(Expresser.load().model, maya).crop
    angle = np.radians(25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    plain = torch.from_numpy(crop.into(maya.landmarks))[None] / crop.side
    turned = ((plain - 0.5) @ torch.from_numpy(turn.T).float()) + 0.5
    for source in (plain, turned):
        target = source.clone()
        target[:, [37, 38, 43, 44]] = torch.lerp(target[:, [37, 38, 43, 44]], target[:, [41, 40, 47, 46]], 0.95)
        shares = shutting(source, target)
        assert (shares > 0.5).all()
        flow = 0.01 * torch.randn(1, 128, 128, 2)
        lids = _lids(held_open(source, target, shares), shares, grid(128).reshape(-1, 2)).view_as(flow)
        whole = lids + warp(flow.permute(0, 3, 1, 2), lids).permute(0, 2, 3, 1)
        assert torch.allclose(shut(flow, source, target), whole, atol=1e-5)
