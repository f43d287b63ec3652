"""Photographs as people have them: photograph or video by content, the right sentence for HEIC and for a small face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from talkdemo.data.corpora import shared
from talkdemo.face.track.photo import is_photo, photo_landmarks, read_photo
from talkdemo.face.track.video import track
from talkdemo.gcgan.portrait import Portrait, find_face
from talkdemo.reference import check


def pictures(count: int = 2) -> list[Image.Image]:
    return [Image.new("RGB", (64, 48), (40 * k, 90, 120)) for k in range(1, count + 1)]


def save(path: Path, count: int, **how: object) -> Path:
    first, *others = pictures(count)
    first.save(path, save_all=count > 1, append_images=others, **how)
    return path


def test_several_views_in_one_file_are_a_photograph(tmp_path: Path) -> None:
    """A camera's JPEG with a second picture (MPO: depth, HDR, a Live Photo), pages of a TIFF."""
    for name, kind in (("mpo.jpg", "MPO"), ("pages.tiff", "TIFF")):
        path = save(tmp_path / name, 2, format=kind)
        assert is_photo(path)
        photo = read_photo(path, name, 2048)
        assert photo.size == (64, 48) and abs(int(photo.image[10, 10, 0]) - 40) < 4  # the first
        with pytest.raises(ValueError, match="one image was given"):
            check(path)


@pytest.mark.parametrize(("name", "photo"), [("a.gif", False), ("a.png", False), ("a.webp", False)])
def test_pictures_that_move_are_a_video(tmp_path: Path, name: str, photo: bool) -> None:
    assert is_photo(save(tmp_path / name, 3)) is photo
    assert is_photo(save(tmp_path / name, 1))


def test_content_decides_and_not_the_name(tmp_path: Path, film) -> None:
    film(tmp_path / "film.mp4", [np.zeros((64, 64, 3), np.uint8)] * 30).rename(tmp_path / "film.jpg")
    assert not is_photo(tmp_path / "film.jpg")
    save(tmp_path / "x.png", 1).rename(tmp_path / "x.mp4")
    assert is_photo(tmp_path / "x.mp4")


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_damaged_heic_is_named(tmp_path: Path, brand: bytes) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(range(200)))
    assert is_photo(tmp_path / "IMG_1.HEIC")
    with pytest.raises(ValueError, match=r"IMG_1\.HEIC is a HEIC photograph that is damaged"):
        read_photo(tmp_path / "IMG_1.HEIC", "IMG_1.HEIC", 2048)
    with pytest.raises(ValueError, match="one image was given"):
        check(tmp_path / "IMG_1.HEIC")


def test_heic_is_read(tmp_path: Path) -> None:
    """As iPhones take it."""
    import pillow_heif

    picture = Image.new("RGB", (64, 48), (200, 40, 40))
    picture.paste((40, 40, 200), (0, 0, 64, 24))  # blue on top
    pillow_heif.from_pillow(picture).save(tmp_path / "IMG_2.HEIC", quality=95)
    photo = read_photo(tmp_path / "IMG_2.HEIC", "IMG_2.HEIC", 2048)
    assert photo.size == (64, 48) and photo.image.shape == (48, 64, 3) and photo.alpha is None
    assert photo.image[4, 30, 2] > 150 > photo.image[40, 30, 2] and is_photo(tmp_path / "IMG_2.HEIC")


def test_transparency_and_profile_are_kept(tmp_path: Path) -> None:
    """What is clear lies on white; how clear it is comes along, and so does the colour profile."""
    picture = np.zeros((20, 30, 4), np.uint8)
    picture[:, :15] = (200, 100, 50, 255)
    picture[:, 15:] = (200, 100, 50, 128)
    Image.fromarray(picture).save(tmp_path / "clear.png", icc_profile=b"a profile")
    photo = read_photo(tmp_path / "clear.png", "clear.png", 2048)
    assert photo.alpha is not None and (photo.alpha == picture[..., 3]).all() and photo.icc == b"a profile"
    assert photo.image[0, 0].tolist() == [200, 100, 50] and photo.image[0, 20].tolist() == [227, 177, 152]
    face = Portrait(photo.image, np.zeros((68, 2), np.float32), alpha=photo.alpha, icc=photo.icc)
    face.save(tmp_path / "again.png", photo.image)
    with Image.open(tmp_path / "again.png") as again:
        assert again.info["icc_profile"] == b"a profile"
        assert np.abs(np.asarray(again).astype(int) - picture).max() <= 2


def test_a_photograph_with_two_pictures() -> None:
    root = shared.root()
    path = root / "trouble" / "two_pictures.jpg" if root else None
    if path is None or not path.is_file():
        pytest.skip("no troublesome files (shared data absent)")
    assert is_photo(path)


@pytest.fixture
def far(photos: list[Path]) -> np.ndarray:
    """A person far away in a large picture."""
    canvas = Image.new("RGB", (1600, 1200), (128, 128, 128))
    with Image.open(photos[0]) as image:
        canvas.paste(image.convert("RGB").resize((90, 90)), (1100, 700))
    return np.asarray(canvas)


@pytest.mark.usefixtures("landmarker")
def test_a_small_face_is_told_to_be_cropped(far: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(far).save(tmp_path / "far.png")
    small = r"far\.png shows a face of only \d\d pixels in 1600×1200; crop the photograph to it"
    with pytest.raises(ValueError, match=small):
        photo_landmarks(tmp_path / "far.png")
    with pytest.raises(ValueError, match=small):
        find_face(far, "far.png")
    with pytest.raises(ValueError, match="shows no face; wanted: a photograph of one face"):
        find_face(np.full((300, 300, 3), 128, np.uint8), "grey.png")


@pytest.mark.slow
@pytest.mark.usefixtures("landmarker")
def test_a_small_face_in_a_video(far: np.ndarray, film, tmp_path: Path) -> None:
    path = film(tmp_path / "far.mp4", [far[300:, 200:][:, :, :]] * 30)
    with pytest.raises(ValueError, match=r"far\.mp4 shows a face of only \d\d pixels in \d+×\d+; crop the video to it"):
        track(path)
