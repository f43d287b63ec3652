"""How the landmarker's model file is found, fetched and refused; no network is touched."""

from __future__ import annotations

import hashlib
import io
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from talkdemo.face.track import landmarker as lm

GOOD = b"a model"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(lm.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(lm, "SHA256", hashlib.sha256(GOOD).hexdigest())
    return tmp_path / "talkdemo"


def serve(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[str]:
    asked: list[str] = []

    def urlopen(address: str, timeout: float) -> io.BytesIO:
        asked.append(address)
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_fetched_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, GOOD)
    assert lm.model_file() == lm.model_file() == cache / lm.NAME
    assert asked == [lm.ADDRESS] and (cache / lm.NAME).read_bytes() == GOOD
    assert [path.name for path in cache.iterdir()] == [lm.NAME]


def test_a_damaged_copy_is_fetched_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir()
    (cache / lm.NAME).write_bytes(GOOD[:-1])
    serve(monkeypatch, GOOD)
    assert lm.model_file().read_bytes() == GOOD


def test_what_is_not_the_file_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, b"<html>please log in</html>")
    with pytest.raises(ValueError, match=r"gave 26 bytes with sha256 .* TALKDEMO_FACE_LANDMARKER"):
        lm.model_file()
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "error", [urllib.error.URLError(OSError(-3, "Temporary failure in name resolution")), TimeoutError("timed out")]
)
def test_offline(cache: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    serve(monkeypatch, error)
    with pytest.raises(
        ValueError, match=r"could not be fetched from https://.*\((\S+ )+\S+\); go online once"
    ) as caught:
        lm.model_file()
    assert "\n" not in str(caught.value) and list(cache.iterdir()) == []


def test_a_file_of_ones_own(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = serve(monkeypatch, GOOD)
    own = tmp_path / "own.task"
    monkeypatch.setenv(lm.VARIABLE, str(own))
    with pytest.raises(ValueError, match=r"own.task', where no file is"):
        lm.model_file()
    own.write_bytes(b"no model")
    assert lm.model_file() == own and asked == []
    pytest.importorskip("mediapipe")
    with pytest.raises(ValueError, match="MediaPipe cannot read it"), lm.open_landmarker(video=False):
        pass


@pytest.mark.slow
def test_mediapipe_is_quiet(landmarker: Path, photos: list[Path], capfd: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    capfd.readouterr()
    with lm.open_landmarker(video=False) as see:
        (found,) = see(np.asarray(Image.open(photos[0]).convert("RGB")))
    assert found.points.shape == (478, 2) and found.points.min() > 0 and found.points.max() < 512
    assert found.coefficients.shape == (52,) and np.allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-3)
    assert capfd.readouterr() == ("", "")
