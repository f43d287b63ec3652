"""The closure test on pictures: the geometry of the gap, plain errors, and MediaPipe reading a rendered jaw."""

from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo import evaluate_rendered as er
from talkdemo.face import arkit
from talkdemo.records import Motion


def test_gap_is_lips_over_eyes_in_pixels():
    points = {i: SimpleNamespace(x=0.0, y=0.0) for i in (13, 14, 33, 263)}
    points[13] = SimpleNamespace(x=0.5, y=0.60)
    points[14] = SimpleNamespace(x=0.5, y=0.65)
    points[33], points[263] = SimpleNamespace(x=0.25, y=0.4), SimpleNamespace(x=0.75, y=0.4)
    assert er._gap(points, (200, 100, 3)) == pytest.approx(0.05 * 200 / (0.5 * 100))


def test_a_missing_landmarker_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv(er.VARIABLE, str(tmp_path / "no.task"))
    with pytest.raises(FileNotFoundError, match=er.VARIABLE):
        er.landmarker_file()


@pytest.mark.slow
def test_mediapipe_sees_the_jaw_open():
    pytest.importorskip("mediapipe")
    from talkdemo.render.raster import check

    try:
        er.landmarker_file()
        check()
    except (FileNotFoundError, RuntimeError) as reason:
        pytest.skip(str(reason))
    jaw = np.repeat([0.0, 0.1, 0.2, 0.35, 0.5, 0.0], 2).astype(np.float32)
    coefficients = np.zeros((len(jaw), 52), np.float32)
    coefficients[:, arkit.INDEX["jawOpen"]] = jaw
    gap = er.seen_gap(er.Screen().pictures(Motion(coefficients, np.zeros((len(jaw), 3), np.float32))))
    assert np.corrcoef(gap[1::2], jaw[1::2])[0, 1] > 0.95
    assert gap[-1] < 0.15 * gap.max()


@pytest.mark.slow
def test_a_picture_without_a_face_is_refused():
    pytest.importorskip("mediapipe")
    try:
        er.landmarker_file()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))
    with pytest.raises(ValueError, match="finds a face in 0 %"):
        er.seen_gap([np.full((128, 128, 3), 90, np.uint8)] * 3)
