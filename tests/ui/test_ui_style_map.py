"""The map of styles against known answers: a plane, points apart, named directions."""

from __future__ import annotations

import re

import numpy as np
import pytest

from talkdemo.metrics import style_summary
from talkdemo.reference import gallery
from talkdemo.ui.reference.style_map import APART, HEIGHT, WIDTH, StyleMap, directions, principal, spread


def test_a_plane_is_found_whole() -> None:
    """Styles in a plane of 6 dimensions: two directions hold everything, distances stay."""
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(6, 2)))
    flat = rng.normal(size=(9, 2)) * [3, 1]
    styles = flat @ basis.T + 5
    mean, axes, share = principal(styles)
    found = (styles - mean) @ axes.T
    assert share == pytest.approx(1) and np.allclose(axes @ axes.T, np.eye(2), atol=1e-9)
    gaps = [np.linalg.norm(x[:, None] - x[None], axis=-1) for x in (flat, found)]
    np.testing.assert_allclose(*gaps, atol=1e-9)
    assert found[:, 0].std() > found[:, 1].std()
    turned = principal(styles[::-1])
    np.testing.assert_allclose(turned[1], axes, atol=1e-9)  # the same signs in whatever order


@pytest.mark.parametrize("count", [1, 2])
def test_few_references_are_placed_too(count: int) -> None:
    styles = np.eye(4)[:count]
    mean, axes, _ = principal(styles)
    assert axes.shape == (2, 4) and np.isfinite((styles - mean) @ axes.T).all()


def test_points_come_apart_and_stay_inside() -> None:
    spots = spread(np.array([[100.0, 100.0], [100, 100], [104, 100], [WIDTH, HEIGHT], [300, 200]]), rounds=200)
    gaps = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + 1e3 * np.eye(5)
    assert gaps.min() > APART - 1 and (spots[4] == [300, 200]).all()
    assert (spots > 0).all() and (spots[:, 0] < WIDTH).all() and (spots[:, 1] < HEIGHT).all()


def test_directions_are_named_after_what_changes_along_them() -> None:
    flat = np.array([[-1, 0.0], [0, 1], [1, -1], [2, 0.5]])
    made = [
        style_summary.StyleSummary(jaw, 0.1, 5.0, 15.0, 0.1, smile)
        for jaw, smile in ((0.1, 0.3), (0.2, 0.1), (0.3, 0.5), (0.4, 0.2))
    ]
    across, up = directions(flat, made)
    assert across == ("smaller jaw", "wider jaw") and up == ("more smiling", "graver")
    assert directions(flat, made[:1] * 4) == (("", ""), ("", ""))


def test_ties_share_their_rank() -> None:
    """Four of five smile alike, and the fifth stands in the middle: no direction is named after the smile."""
    flat = np.stack([np.arange(5.0), np.zeros(5)], axis=1)
    alike = [style_summary.StyleSummary(0.1, 0.1, 5.0, 15.0, 0.1, smile) for smile in (0, 0, 1, 0, 0)]
    assert directions(flat, alike) == (("", ""), ("", ""))


def test_the_map_holds_every_reference(small_gallery, follower) -> None:
    styles = StyleMap(follower, gallery())
    assert [point.item.name for point in styles.points] == list(gallery()) == ["calm", "loud", "merry", "Ada"]
    for point in styles.points:
        assert styles.place(follower.style(point.item.name)) == pytest.approx((point.x, point.y), abs=APART)
        assert styles.nearest(follower.style(point.item.name))[0] == point.item.name
    drawn = styles.svg()
    assert "Loud &amp; proud" in drawn and "Loud & proud" not in drawn
    assert re.findall(r'data-name="([\w-]+)"', drawn) == ["calm", "loud", "merry", "Ada", "my-clip"]
    far = styles.place(-50 * follower.style("calm"))
    assert 0 < far[0] < WIDTH and 0 < far[1] < HEIGHT
