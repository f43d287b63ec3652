"""Our LVE and FDD against torchmetrics: LipVertexError as released, UpperFaceDynamicsDeviation as far as it is out."""

import numpy as np
import pytest
import torch

from talkdemo.metrics.errors import fdd, lve, lve_squared

LIPS, UPPER = [0, 3, 4, 11], [10, 11, 12, 13, 14]


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_lve_is_lip_vertex_error():
    modul = pytest.importorskip("torchmetrics.multimodal.lve", reason="torchmetrics is not installed")
    metric = modul.LipVertexError(mouth_map=LIPS)
    frames, ours = [], []
    for seed in range(3):  # clips of different lengths: it averages over all frames
        a, b = normal(seed, 20 + 7 * seed, 30, 3), normal(100 + seed, 20 + 7 * seed, 30, 3)
        metric.update(a, b)
        frames.append(len(a))
        ours.append(lve_squared(a.numpy(), b.numpy(), np.array(LIPS)))
    assert float(metric.compute()) == pytest.approx(np.average(ours, weights=frames), rel=1e-5)


def test_the_two_forms_of_lve_agree_where_frames_are_alike():
    truth = np.zeros((5, 30, 3))
    shifted = truth + np.array([0.003, 0.0, 0.004])  # 5 mm
    assert lve(shifted, truth, np.array(LIPS)) == pytest.approx(5)
    assert lve_squared(shifted, truth, np.array(LIPS)) == pytest.approx(2.5e-5)


def test_fdd_is_upper_face_dynamics_deviation():
    """In no release yet (pull request 3238 of torchmetrics); the next test holds the example of its documentation."""
    modul = pytest.importorskip("torchmetrics.multimodal.fdd", reason="this torchmetrics has no FDD")
    a, b, template = normal(1, 40, 30, 3), normal(2, 40, 30, 3), normal(3, 30, 3)
    metric = modul.UpperFaceDynamicsDeviation(template=template, upper_face_map=UPPER)
    metric.update(a, b)
    signed, _ = fdd(a.numpy(), b.numpy(), template.numpy(), np.array(UPPER), squared=True)
    assert float(metric.compute()) == pytest.approx(signed, rel=1e-4)


def test_fdd_gives_the_documented_example_of_upper_face_dynamics_deviation():
    """upper_face_dynamics_deviation of normal numbers, seeds 41 (prediction), 42 (truth), 43 (template): 1.0385."""
    a, b, template = normal(41, 10, 100, 3), normal(42, 10, 100, 3), normal(43, 100, 3)
    signed, absolute = fdd(a.numpy(), b.numpy(), template.numpy(), np.array(UPPER), squared=True)
    assert signed == pytest.approx(1.0385, abs=5e-5) and absolute >= signed


def test_lve_gives_the_documented_example_of_lip_vertex_error():
    """lip_vertex_error of normal numbers from the seeds 42 and 43, vertices 0 to 4: 12.7688."""
    a, b = normal(42, 10, 100, 3), normal(43, 10, 100, 3)
    assert lve_squared(a.numpy(), b.numpy(), np.arange(5)) == pytest.approx(12.7688, abs=5e-5)
