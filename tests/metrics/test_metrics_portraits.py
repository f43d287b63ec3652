"""Images, landmarks and vectors with known answers: SSIM, landmark error, share of a displacement, separation."""

import numpy as np
import pytest
import torch

from talkdemo.metrics.portraits.landmarks import (
    MOUTH,
    across,
    bend,
    detour,
    displacement_share,
    flicker,
    landmark_error,
    moved,
    rising,
)
from talkdemo.metrics.portraits.separation import knn_right, silhouette
from talkdemo.metrics.portraits.ssim import ssim, ssim_map

FACE = np.random.default_rng(0).uniform(20, 100, (68, 2)).astype(np.float32)
FACE[[36, 45]] = (40, 50), (90, 50)  # 50 pixels between the eyes


def test_ssim_of_the_same_picture_is_one_and_of_flat_ones_as_the_formula_says():
    image = np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3), np.uint8)
    assert ssim(image, image) == pytest.approx([1, 1])
    flat = np.full((32, 32, 3), 100.0)
    c1 = (0.01 * 255) ** 2
    assert ssim(flat, flat + 50) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1), abs=1e-4)
    assert ssim(image[0], image[1]) == pytest.approx(ssim(image[1], image[0])) and ssim(*image) < 0.1
    with pytest.raises(ValueError, match=r"\(2, 40, 48, 3\) and \(40, 48, 3\)"):
        ssim(image, image[0])


def test_ssim_is_that_of_torchmetrics():
    modul = pytest.importorskip("torchmetrics.functional.image", reason="torchmetrics is not installed")
    rng = np.random.default_rng(1)
    a = rng.uniform(0, 255, (1, 3, 40, 44)).astype(np.float32)
    b = np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.float32)
    theirs = modul.structural_similarity_index_measure(
        torch.from_numpy(a), torch.from_numpy(b), data_range=255.0, return_full_image=True
    )[1][0].mean(0)
    ours = ssim_map(a[0].transpose(1, 2, 0), b[0].transpose(1, 2, 0))
    assert ours[8:-8, 8:-8] == pytest.approx(theirs[8:-8, 8:-8].numpy(), abs=1e-3)


def test_a_mask_tells_where_ssim_looks():
    a = np.random.default_rng(0).uniform(0, 255, (40, 40, 3))
    b = a.copy()
    b[:, 20:] = 255 - b[:, 20:]
    left = np.zeros((40, 40))
    left[:, :14] = 1
    assert ssim(a, b, left) == pytest.approx(1) and ssim(a, b) < 0.5 and ssim(a, b, 1 - left) < ssim(a, b)


def test_a_shift_of_one_tenth_of_the_eyes_distance_is_an_error_of_one_tenth():
    assert across(FACE) == pytest.approx(50) and landmark_error(FACE, FACE) == 0
    assert landmark_error(FACE + np.array([3, 4]), FACE) == pytest.approx(0.1)
    other = FACE.copy()
    other[MOUTH] += (5, 0)
    assert landmark_error(other, FACE) == pytest.approx(0.1 * 20 / 68)
    assert landmark_error(np.stack([other, FACE]), FACE, MOUTH) == pytest.approx([0.1, 0])
    assert moved(FACE, other) == pytest.approx(0.1) and moved(FACE, other, slice(0, 48)) == 0
    with pytest.raises(ValueError, match=r"\(67, 2\)"):
        landmark_error(FACE[:67], FACE[:67])


def test_the_share_of_the_way_that_was_gone():
    target = FACE.copy()
    target[MOUTH] += np.random.default_rng(2).normal(0, 4, (20, 2))
    for share in (-0.5, 0, 0.5, 1, 1.2):
        assert displacement_share(FACE + share * (target - FACE), FACE, target) == pytest.approx(share, abs=1e-5)
    aside = target.copy()  # what is not on the way counts nothing
    aside[48] += (target - FACE)[48][::-1] * (1, -1)
    assert displacement_share(aside, FACE, target) == pytest.approx(1, abs=1e-5)
    assert np.isnan(displacement_share(FACE, FACE, FACE))


def test_neighbours_of_two_heaps():
    rng = np.random.default_rng(0)
    labels, people = np.tile([0, 1], 20), np.repeat(np.arange(10), 4)
    vectors = rng.normal(0, 0.1, (40, 3)) + labels[:, None] * 10
    assert knn_right(vectors, labels).mean() == 1 and silhouette(vectors, labels) > 0.95
    assert knn_right(vectors, labels, groups=people).mean() == 1
    # where every person is a heap of one label, the others tell nothing of it
    alone = rng.normal(0, 0.01, (40, 3)) + people[:, None] * 5
    assert knn_right(alone, people).all() and not knn_right(alone, people, groups=people).any()
    assert knn_right(np.array([[0.0], [1], [3]]), np.array([0, 1, 1]), k=1).tolist() == [0, 0, 1]
    assert np.isnan(knn_right(vectors, labels, groups=np.zeros(40))).all()


def test_neighbours_tie_goes_to_the_nearest():
    vectors, labels = np.array([[0.0], [1], [1.2], [-1.1], [-1.3]]), np.array([7, 7, 7, 8, 8])
    assert np.isnan(knn_right(vectors[:1], labels[:1])).all()  # nobody else
    assert knn_right(np.array([[0.0], [1], [2]]), np.array([0, 0, 1]), k=2).tolist() == [1, 1, 0]


def test_silhouette_by_hand():
    vectors, labels = np.array([[0.0], [1], [4]]), np.array(["a", "a", "b"])
    assert silhouette(vectors, labels) == pytest.approx(((4 - 1) / 4 + (3 - 1) / 3 + 0) / 3)
    assert silhouette(vectors[[2, 0, 1]], labels[[2, 0, 1]]) == pytest.approx(silhouette(vectors, labels))
    assert silhouette(np.array([[0.0], [10], [0.1], [10.1]]), np.array([0, 0, 1, 1])) < 0
    with pytest.raises(ValueError, match="1 label"):
        silhouette(vectors, np.zeros(3))


def test_paths():
    shares = np.linspace(0, 1, 9)[:, None, None]
    straight = FACE + shares * np.array([3.0, 4.0])
    assert detour(straight) == pytest.approx(1) and bend(straight) == pytest.approx(0, abs=1e-4)
    angle = np.pi * shares[:, :, 0]
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    assert detour(arc) == pytest.approx(np.pi / 2, rel=0.01) and 0.3 < bend(arc) < 0.5
    assert rising(np.array([0, 1, 2, 1.5, 3])) == 0.75
    with pytest.raises(ValueError, match="leads somewhere"):
        detour(np.repeat(straight[:1], 5, axis=0))


def test_flicker():
    even = np.arange(10.0)[:, None] * np.ones((10, 4))
    assert flicker(even) == 0 and flicker((-1.0) ** np.arange(10)[:, None]) == pytest.approx(1)
    noisy = even + np.random.default_rng(0).normal(0, 1, even.shape)
    assert 0.3 < flicker(noisy) < 0.9 and np.isnan(flicker(np.ones((5, 2))))
