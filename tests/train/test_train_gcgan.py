"""The portrait model's training: landmarks stay on the picture, known losses, two steps of every recipe."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from talkdemo.data.portraits.expressions import EXPRESSIONS
from talkdemo.data.portraits.store import FINE, MARGIN, STORED
from talkdemo.face.arkit import INDEX
from talkdemo.gcgan import gaze
from talkdemo.gcgan.crop import EYES, MIDDLE, SIDE
from talkdemo.gcgan.detail import Details
from talkdemo.gcgan.frame import AVERAGE
from talkdemo.gcgan.model import GCGAN, GCGANConfig
from talkdemo.train.gcgan import details as gcgan_details
from talkdemo.train.gcgan import gaze as looking
from talkdemo.train.gcgan import geometry as gcgan_geometry
from talkdemo.train.gcgan import overlays
from talkdemo.train.gcgan import part_reader as gcgan_part_reader
from talkdemo.train.gcgan import reader as gcgan_reader
from talkdemo.train.gcgan import recipe as gcgan
from talkdemo.train.gcgan.data import Faces, Pairs, PairSampler, load
from talkdemo.train.gcgan.detail_data import Parts, looking_elsewhere, mirrored
from talkdemo.train.gcgan.detail_losses import PartCritic, critic_terms, detail_terms, texture
from talkdemo.train.gcgan.losses import PENALTY, PENALTY_EVERY, PortraitLoss, face_masks, structure
from talkdemo.train.gcgan.part_reader import COEFFICIENTS, coefficients_seen, part_reader_loss, part_readers
from talkdemo.train.gcgan.reader import Reader
from talkdemo.train.gcgan.shapes import Draw, Shapes


def face(shift: float = 0.0) -> np.ndarray:
    """(68, 2) the average face in a crop of STORED pixels; its mouth lower by `shift`."""
    points = FINE * (AVERAGE[:, :2] * EYES * SIDE + np.array(MIDDLE) * SIDE + MARGIN)
    points[48:68, 1] += shift
    return points.astype(np.float32)


def solid(points: np.ndarray) -> np.ndarray:
    """(…, 68, 2) → (…, 68, 3) with the depths of the average face."""
    depth = np.broadcast_to(FINE * EYES * SIDE * AVERAGE[:, 2:], (*points.shape[:-1], 1))
    return np.concatenate([points, depth], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two people of the training part, three pictures each; white squares where landmark 30 lies."""
    root = tmp_path_factory.mktemp("portraits")
    (root / "renders").mkdir()
    for person in range(2):
        points = np.stack([face(), face(8), face(-6)])
        pictures = np.full((3, STORED, STORED, 3), 60 + 40 * person, np.uint8)
        for picture, at in zip(pictures, points, strict=True):
            x, y = at[30].astype(int)
            picture[y - 6 : y + 8, x - 6 : x + 8] = 255
        np.savez(
            root / "renders" / f"p00{person}-0.npz", pictures=pictures, seen=solid(points), exact=points + 0.5,
            pupils=points[:, [38, 43]], split="train",
            names=np.array(["neutral", "wink_left", ""]), coefficients=np.zeros((3, 52), np.float32),
        )  # fmt: skip
    rng = np.random.default_rng(1)
    rest = AVERAGE * [0.1, -0.1, -0.1]
    moves = rng.normal(0, 0.002, (450, 52, 68, 3)).astype(np.float32)
    np.savez(root / "shapes.npz", rest=np.repeat(rest[None], 450, 0).astype(np.float32), moves=moves)
    return root


@pytest.fixture(scope="module")
def faces(folder) -> Faces:
    return load(folder, "train")


def test_landmarks_stay_on_the_picture(faces):
    """The white square is found where landmark 30 is said to be, however a pair was moved and mirrored."""
    batch = next(iter(PairSampler(faces, 16, 0.0, 0, plain=True)))
    assert batch.source.shape == (16, 3, SIDE, SIDE) and float(batch.source.abs().max()) < 1.001
    for picture, points in zip(batch.target, batch.target_points, strict=True):
        y, x = torch.nonzero(picture[0] > 0.9, as_tuple=True)
        found = torch.stack([x.float().mean(), y.float().mean()]) + 0.5
        assert torch.allclose(found, points[30] * SIDE, atol=1.6)


def test_a_mirrored_wink_is_the_other_eyes(faces):
    names = (*faces.names, "wink_right")
    other = Faces(**{**vars(faces), "names": names})
    seen = [next(iter(PairSampler(other, 64, 0.0, seed))).expression for seed in range(3)]
    found = set(torch.cat(seen).tolist())
    assert {names.index("wink_left"), names.index("wink_right")} <= found and -1 in found


def test_nobody_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="portrait_data renders"):
        load(tmp_path, "train")


class Straight(nn.Module):
    """A critic whose slope is known: the sum of the picture times a number."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, picture, points):
        total = self.slope * picture.sum((1, 2, 3), keepdim=True)
        return total, [picture], picture.mean((2, 3))


def pairs(count: int = 2) -> Pairs:
    points = torch.from_numpy(np.stack([face()] * count) / STORED)
    pictures, fine = torch.zeros(count, 3, SIDE, SIDE), torch.zeros(count, 3, FINE * SIDE, FINE * SIDE)
    label, no = torch.full((count,), -1), torch.zeros(count, dtype=torch.bool)
    hidden = no[:, None].expand(-1, 68)
    return Pairs(
        pictures, pictures + 0.5, points, points, points[:, :2], points[:, :2], points, points, hidden,
        fine, fine + 0.5, label * 0, label, label, no, torch.zeros(count, 2, dtype=torch.long), no,
    )  # fmt: skip


def test_the_gradient_penalty_is_over_all_axes_but_the_batchs():
    loss, critic, batch = PortraitLoss(Reader(2, 3)), Straight(0.01), pairs()
    nobody = torch.zeros(2, dtype=torch.bool)
    assert "penalty" not in loss.critic(critic, batch, batch.source, nobody, penalised=False)
    found = loss.critic(critic, batch, batch.source, nobody, penalised=True)["penalty"]
    wanted = PENALTY_EVERY * PENALTY / 2 * 0.01**2 * 3 * SIDE * SIDE  # the square of the whole gradient's length
    assert float(found.detach()) == pytest.approx(wanted, rel=1e-4)


def test_a_perfect_image_costs_nothing():
    torch.manual_seed(0)
    batch, reader = pairs(), Reader(2, 3).eval()
    model = GCGAN(GCGANConfig())
    model.eval()
    same = Pairs(**{**vars(batch), "target": batch.source})
    terms, _ = PortraitLoss(reader).generator(model, None, same, torch.zeros(2, dtype=torch.bool))
    assert float(terms["pixels"]) < 1e-4 and float(terms["features"]) < 1e-3
    terms, _ = PortraitLoss(reader).generator(model, None, batch, torch.zeros(2, dtype=torch.bool))
    assert float(terms["pixels"]) > 1


def test_structural_similarity():
    torch.manual_seed(0)
    picture = torch.rand(2, 3, 32, 32) * 2 - 1
    assert torch.allclose(structure(picture, picture), torch.ones(2), atol=1e-4)
    flat = torch.zeros_like(picture) + 0.5
    assert float(structure(flat, flat - 0.2).mean()) == pytest.approx((2 * 0.5 * 0.3 + 4e-4) / (0.34 + 4e-4), rel=1e-3)
    assert float(structure(picture, picture.roll(1, -1)).max()) < 0.4


def test_the_mask_of_eyes_and_mouth():
    points = torch.from_numpy(face() / STORED)[None]
    mask = face_masks(points, points, SIDE)[0]
    mouth = (points[0, 48:68].mean(0) * SIDE).long()
    assert float(mask[1, mouth[1], mouth[0]]) > 0.9 and float(mask[:, 0, 0].max()) < 0.05


def test_drawn_expressions_are_seen_alike_whoever_turns():
    shapes = Shapes(np.zeros((1, 68, 3), np.float32), np.zeros((1, 52, 68, 3), np.float32))
    rest = AVERAGE * [0.1, -0.1, -0.1]
    shapes.rest[0] = rest
    draw = Draw(0)
    made = draw.expressions(200)
    assert made.shape == (200, 52) and made.min() >= 0 and made.max() <= 1 and made.std() > 0.05
    tilted = np.array([[0, 0, 0.3], [0, 0, 0.0]])
    a, b = shapes.seen(np.zeros(2, int), np.zeros((2, 52), np.float32), tilted, np.full(2, 6.0))
    assert np.allclose(a, b, atol=1e-4)  # a tilt in the picture's plane is taken out


@pytest.fixture
def parts(folder, tmp_path) -> list[str]:
    """The arguments of `train gcgan`: geometry and reader of two steps."""
    given = ["--data", str(folder), "--max-steps", "2"]
    for more in (["--plain", "--run", str(tmp_path / "plain")], ["--run", str(tmp_path / "geometry")]):
        gcgan_geometry.main([*given, *more, "--batch", "16"])
    gcgan_reader.main([*given, "--run", str(tmp_path / "reader"), "--batch", "2"])
    geometry, reader = tmp_path / "geometry" / "gcgan.safetensors", tmp_path / "reader" / "reader.pt"
    return ["--data", str(folder), "--geometry", str(geometry), "--reader", str(reader), "--batch", "2"]


@pytest.mark.slow
def test_a_stopped_run_ends_as_one_that_was_not(parts, one_thread, tmp_path, monkeypatch):
    """Through all phases, generator and critic; the geometry is passed on as it is."""
    geometry, file = GCGAN.open(tmp_path / "geometry" / "gcgan.safetensors")
    assert geometry.config.presets == tuple(EXPRESSIONS) and file.provenance["contrastive"] is True
    monkeypatch.setattr(gcgan, "PENALTY_EVERY", 2)
    monkeypatch.setattr(gcgan, "ADVERSARIAL_FROM", 0.25)
    save, saved = GCGAN.save, []

    def stop(self, path, provenance):
        saved.append(provenance["steps"])
        if provenance["steps"] == 2:
            raise KeyboardInterrupt
        return save(self, path, provenance)

    def words(name: str) -> list[str]:
        out = str(tmp_path / f"{name}.safetensors")
        return [*parts, "--max-steps", "4", "--run", str(tmp_path / name), "--out", out]

    gcgan.main(words("whole"))
    monkeypatch.setattr(gcgan, "SAVE_EVERY", -1.0)
    monkeypatch.setattr(GCGAN, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        gcgan.main(words("stopped"))
    monkeypatch.setattr(GCGAN, "save", save)
    gcgan.main(words("stopped"))
    assert saved == [1, 2]
    (whole, file), (stopped, _) = (GCGAN.open(tmp_path / f"{name}.safetensors") for name in ("whole", "stopped"))
    assert file.provenance["steps"] == 4 and file.provenance["trained_on"] == [gcgan.TRAINED_ON[0]]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, stopped.state_dict()[name]), name
    assert torch.equal(whole.geometry.middle, geometry.geometry.middle)
    states = [torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("whole", "stopped")]
    assert states[0]["sums"] == states[1]["sums"] and "critic_penalty" in states[0]["sums"]
    critics = [state["module critic"] for state in states]
    assert all(torch.equal(critics[0][key], critics[1][key]) for key in critics[0])


def test_landmarks_from_the_front_are_seen_as_the_face_is():
    """Pairs whose face is small and tilted: what moves from the front moves as much smaller and tilted."""
    batch = pairs()
    angle = torch.tensor(0.3)
    turn = 0.5 * torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)
    batch = Pairs(**{**vars(batch), "source_points": batch.source_front @ turn.T + 0.2})
    moved = batch.source_front.clone()
    moved[:, 57, 1] += 0.1
    found = gcgan.seen_as(batch, moved) - batch.source_points
    assert torch.allclose(found[:, 57], torch.tensor([0.0, 0.1]) @ turn.T, atol=1e-4)
    assert found[:, :57].abs().max() < 1e-4


def test_what_is_worn_stays_with_the_face():
    """Every kind is drawn on both images of a pair and leaves others as they are; a beard follows the chin."""
    points = torch.from_numpy(np.stack([face(), face(8)]) / STORED)[None].repeat(40, 1, 1, 1)
    images = torch.zeros(40, 2, 3, 64, 64)
    dressed = overlays.overlaid(images, points, np.random.default_rng(0))
    changed = (dressed != images).flatten(2).any(2)
    assert 5 < changed[:, 0].sum() < 25 and torch.equal(changed[:, 0], changed[:, 1])
    assert dressed.abs().max() <= 1


def looks(side: int, count: int = 3) -> Parts:
    """Random parts of faces, the truth other than what is shown; images in −1 … 1."""
    generator = torch.Generator().manual_seed(side)
    images = (torch.rand(count, 3, side, side, generator=generator) * 2 - 1 for _ in range(3))
    points = torch.from_numpy(face() / STORED).expand(count, -1, -1)
    return Parts(*images, points, points)


def test_a_perfect_mouth_costs_nothing():
    """The second stage, untrained, where the first shows the truth, and where it does not."""
    torch.manual_seed(0)
    second, batch = Details(), {"mouth": looks(128), "eye": looks(64)}
    critics = torch.nn.ModuleDict({name: PartCritic() for name in batch})
    same = {name: Parts(**{**vars(part), "truth": part.shown}) for name, part in batch.items()}
    terms, painted = detail_terms(second, critics, part_readers(), same, False)
    assert max(float(term.detach()) for term in terms.values()) < 1e-3
    assert all(torch.equal(painted[name], part.shown) for name, part in same.items())
    terms, _ = detail_terms(second, critics, part_readers(), batch, True)
    assert float(terms["mouth"].detach()) > 1 and float(terms["eye_read"].detach()) > 0.1 and "eye_adversarial" in terms
    assert "mouth_penalty" in critic_terms(critics, batch, painted, penalised=True)


def test_critics_learn_to_tell_blurred_from_sharp():
    """In few steps, with the penalty; of the patches' sum it would keep every logit at 0."""
    torch.manual_seed(0)
    critics = torch.nn.ModuleDict({"eye": PartCritic()})
    optimiser = torch.optim.AdamW(critics.parameters(), 1e-3, betas=(0.0, 0.99))
    for number in range(80):
        part = looks(64, 8)
        blurred = {"eye": torch.nn.functional.avg_pool2d(part.truth, 3, 1, 1)}
        terms = critic_terms(critics, {"eye": part}, blurred, penalised=number % 8 == 7)
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
    assert float((terms["eye_real"] + terms["eye_fake"]).detach()) < 0.8  # untrained 1.39


def test_texture_tells_sharp_from_blurred():
    stripes = torch.zeros(1, 3, 32, 32)
    stripes[..., ::4] = 1
    blurred = torch.nn.functional.avg_pool2d(stripes, 5, 1, 2)
    inside = (..., slice(1, -1), slice(1, -1))  # the rims have fewer differences
    sharp, moved, soft = (texture(image)[inside] for image in (stripes, stripes.roll(1, -1), blurred))
    assert (moved - sharp).abs().max() < 0.02 and soft.max() < 0.5 * sharp.min()


def test_parts_that_need_painting_are_drawn_more_often():
    shut, wide = (torch.from_numpy(face() / STORED) for _ in range(2))
    shut[65:68] = shut[61:64].flip(0)
    wide[65:68] = wide[61:64].flip(0) + torch.tensor([0.0, 0.1])
    images = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    parts = Parts(images, images, images, shut.expand(2, -1, -1), torch.stack([shut, wide]))
    assert float(parts.weights("mouth")[1]) > 2 * float(parts.weights("mouth")[0])
    assert torch.allclose(mirrored(mirrored(parts.after)), parts.after)


def test_readers_of_parts_learn_which_side_is_which():
    """A left lid that is shut, seen and mirrored: the network of right eyes learns both, and forgets unknown ones."""
    batch, seen = pairs(4), torch.zeros(4, 52)
    seen[:2, INDEX["eyeBlinkLeft"]] = 1
    seen[2:] = torch.nan
    rows = torch.tensor([[0, 0], [1, 1], [2, 2], [3, 3]])
    batch = Pairs(**{**vars(batch), "rows": rows, "mirrored": torch.tensor([False, True, False, True])})
    blink = COEFFICIENTS["eye"].index(INDEX["eyeBlinkRight"])
    told = {}

    class Told(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, image):
            told[self.network] = len(image)
            read = torch.zeros(len(image), len(COEFFICIENTS[self.network]))
            if self.network == "eye":  # right eyes of both images, then left ones: of a face and of a mirrored one
                read[:, blink] = torch.tensor([0.0, 1, 0, 1, 1, 0, 1, 0])
            return read, []

    terms = part_reader_loss(torch.nn.ModuleDict({name: Told(name) for name in COEFFICIENTS}), batch, seen)
    assert told == {"mouth": 4, "eye": 8} and float(sum(terms.values())) == 0


def test_how_far_pupils_move_is_found_within_views():
    """.1 of an eye's width to the side, .05 down, whatever somebody's eyes are like at rest; shut eyes say nothing."""
    rng = np.random.default_rng(0)
    seen = np.zeros((40, 52), np.float32)
    seen[:, INDEX["eyeLookInRight"]] = seen[:, INDEX["eyeLookOutLeft"]] = rng.random(40)
    seen[:, INDEX["eyeLookUpRight"]] = seen[:, INDEX["eyeLookUpLeft"]] = rng.random(40)
    view = np.arange(40) % 2
    looks = 0.1 * view[:, None] + np.array([0.1, 0.05]) * looking.ways(seen)
    looks[:4], seen[:4, INDEX["eyeBlinkLeft"]] = 9, 1
    marks = gaze.at(np.stack([face()] * 40), np.stack([looks, looks], axis=1))
    faces = SimpleNamespace(seen=marks[:, :68], pupils=marks[:, 68:], view=view)
    slope, alike, count = looking.measure(faces, seen)
    assert count == 36 and slope == pytest.approx([0.1, 0.05], abs=1e-4) and alike == pytest.approx([1, 1], abs=1e-4)


def test_what_is_read_off_faces_is_kept(tmp_path):
    """And refused where it is of other faces."""
    np.save(tmp_path / "seen.npy", np.zeros((3, 52), np.float32))
    assert coefficients_seen([None] * 3, tmp_path / "seen.npy").shape == (3, 52)
    with pytest.raises(ValueError, match="of 3 faces, and there are 4"):
        coefficients_seen([None] * 4, tmp_path / "seen.npy")


@pytest.mark.slow
def test_the_second_stage_leaves_the_first(folder, tmp_path, one_thread):
    seen = tmp_path / "c" / "coefficients.npy"
    seen.parent.mkdir()
    np.save(seen, np.zeros((len(load(folder, "train")), 52), np.float32))
    gcgan_part_reader.main(["--data", str(folder), "--max-steps", "2", "--run", str(seen.parent), "--batch", "2"])
    gcgan_geometry.main(["--data", str(folder), "--max-steps", "2", "--run", str(tmp_path / "a"), "--batch", "16"])
    first = tmp_path / "a" / "gcgan.safetensors"
    out = tmp_path / "b.safetensors"
    words = ["--data", str(folder), "--init", str(first), "--batch", "2", "--max-steps", "3", "--pairs", "4"]
    words += ["--reader", str(tmp_path / "c" / "readers.pt")]
    gcgan_details.main([*words, "--run", str(tmp_path / "b"), "--out", str(out)])
    (before, _), (after, file) = GCGAN.open(first), GCGAN.open(out)
    assert after.details is not None and file.provenance["details"]["steps"] == 3
    assert any(parameter.any() for parameter in after.details.networks["mouth"].last.parameters())
    for name, tensor in before.state_dict().items():
        assert torch.equal(tensor, after.state_dict()[name]), name


def test_gazes_that_nobody_has_are_left_as_the_warp_shows_them():
    batch = pairs(64)
    other = looking_elsewhere(batch, torch.Generator().manual_seed(0))
    away = (other.target_pupils - batch.source_pupils).abs().amax(0)
    wide = (batch.source_points[0, [36, 42]] - batch.source_points[0, [39, 45]]).norm(dim=1)
    assert (away[:, 0] > 0.15 * wide).all() and (away[:, 0] <= 0.2 * wide).all()
    assert torch.equal(other.target_points, batch.source_points) and torch.equal(other.target_fine, batch.source_fine)
