"""References: the shipped gallery opens and looks and sounds; names, CSV, npz and videos open; the rest is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from talkdemo import reference
from talkdemo.data.corpora import shared
from talkdemo.export import livelink, npz
from talkdemo.face.arkit import INDEX
from talkdemo.records import FPS, Motion, Reference
from talkdemo.reference import FOLDER, check, find, gallery, open_reference

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples" / "reference").glob("*.csv"))


def moving(seconds: float = 2.0, fps: float = FPS, still: tuple[str, ...] = (), head: bool = True) -> Motion:
    """Every channel a sine of its own, but those named."""
    count = round(seconds * fps)
    times = np.arange(count)[:, None] / fps
    values = 0.4 + 0.3 * np.sin(2 * np.pi * times + np.arange(52))
    values[:, [INDEX[name] for name in still]] = 0
    turned = 0.1 * np.sin(2 * np.pi * 0.5 * times + np.arange(3)) * head
    return Motion(values.astype(np.float32), turned.astype(np.float32), fps)


# The gallery


def test_the_gallery_is_large_enough_and_begins_with_a_neutral_one() -> None:
    items = list(gallery().values())
    assert len([item for item in items if item.kind == "reference"]) >= 12
    assert len([item for item in items if item.kind == "identity"]) == 24
    assert items[0].kind == "reference" and items[0].emotion == "neutral"
    assert len({name.casefold() for name in gallery()}) == len(items)
    assert all(item.title and item.about and "\n" not in item.about for item in items)
    assert len({item.emotion for item in items if item.kind == "reference"}) == 7


@pytest.mark.parametrize("name", gallery())
def test_every_item_of_the_gallery_opens(name: str) -> None:
    opened = open_reference(name)
    motion = opened.motion
    assert opened.name == name and opened.mask is None
    assert motion.fps == FPS and 8 <= len(motion) / FPS <= 20
    assert motion.coefficients.min() >= 0 and motion.coefficients.max() <= 1
    assert motion.coefficients[:, INDEX["jawOpen"]].std() > 0.02 and motion.head.std(axis=0).min() > 0.001
    assert {"style", "voice", "text", "emotion", "licence", "made_by"} <= set(motion.meta)
    assert motion.meta["reference"] == name and motion.meta["emotion"] == gallery()[name].emotion


@pytest.mark.parametrize("name", [name for name, item in gallery().items() if item.kind == "reference"])
def test_previews_move_and_sound(name: str, read_video) -> None:
    item = gallery()[name]
    assert item.preview is not None and item.poster is not None
    frames, sound = read_video(item.preview)
    assert frames.shape[1:] == (240, 240, 3) and 3.5 < len(frames) / FPS < 7
    assert frames.astype(float).std(axis=0).mean() > 1
    assert sound is not None and np.abs(sound).max() > 0.1 and abs(len(sound) / 16000 - len(frames) / FPS) < 0.1


def test_the_gallery_is_small() -> None:
    def size(ending: str) -> int:
        return sum(path.stat().st_size for path in FOLDER.glob(f"*{ending}"))

    assert size(".npz") <= 1.2e6 and size(".mp4") <= 1.5e6 and size(".webp") <= 0.2e6


def test_the_folder_holds_nothing_else() -> None:
    known = {Path(reference.INDEX_FILE)} | {
        Path(path.name) for item in gallery().values() for path in (item.motion, item.preview, item.poster) if path
    }
    assert {Path(path.name) for path in FOLDER.iterdir()} <= known


def test_without_a_gallery_there_are_only_files(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    gallery.cache_clear()
    try:
        assert not gallery()
        with pytest.raises(ValueError, match="there is no reference 'calm'"):
            find("calm")
    finally:
        gallery.cache_clear()


# Names


def test_a_name_is_found_whatever_its_case() -> None:
    name = next(iter(gallery()))
    assert find(name.upper()) is find(name) is gallery()[name]
    assert find("ada").name == "Ada"


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"no reference 'calmm'; did you mean 'calm'\? known are friendly, .* \.npz file"
    ):
        find("calmm")
    with pytest.raises(ValueError, match="no reference 'qqqq'; known are"):
        open_reference("qqqq")


def test_a_name_is_checked_without_a_landmarker() -> None:
    code = (
        "import sys\nfrom talkdemo.reference import check, find\nfind('calm'), check('Ada')\n"
        "heavy = {'mediapipe', 'torch', 'av', 'gradio'} & set(sys.modules)\n"
        "sys.exit(f'{heavy} were imported' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_reference_stays_as_it_is() -> None:
    given = Reference("me", moving())
    assert open_reference(given) is given
    check(given)


# Files


def test_npz_round_trip(tmp_path: Path) -> None:
    first, second = moving(), moving(still=("jawOpen",))
    npz.write(tmp_path / "two.npz", [first, second])
    opened = open_reference(str(tmp_path / "two.npz"))
    assert opened.name == "two.npz" and opened.mask is None
    np.testing.assert_array_equal(opened.motion.coefficients, first.coefficients)


def test_npz_says_what_was_measured(tmp_path: Path) -> None:
    motion = moving()
    npz.write(tmp_path / "a.npz", [Motion(motion.coefficients, motion.head, FPS, {"mask": [True] * 54 + [False]})])
    np.testing.assert_array_equal(open_reference(tmp_path / "a.npz").mask, [True] * 54 + [False])


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_csv_comes_at_our_frame_rate(tmp_path: Path, fps: int) -> None:
    livelink.write(tmp_path / "a.csv", moving(3, 100), fps=fps)
    opened = open_reference(tmp_path / "a.csv", name="capture")
    assert opened.name == "capture" and opened.motion.fps == FPS and abs(len(opened.motion) - 75) <= 1
    there = moving(3).coefficients
    np.testing.assert_allclose(opened.motion.coefficients[:74], there[:74], atol=0.02)
    assert opened.mask is not None and opened.mask.all()


def test_regions_in_which_nothing_moves_are_masked(tmp_path: Path) -> None:
    """The still brows and head were not measured; a still nose between moving cheeks, a tongue that stays in, were."""
    brows = tuple(name for name in INDEX if name.startswith("brow"))
    still = (*brows, "noseSneerLeft", "noseSneerRight", "tongueOut", "mouthLeft")
    livelink.write(tmp_path / "a.csv", moving(still=still, head=False))
    mask = open_reference(tmp_path / "a.csv").mask
    assert mask is not None and mask.shape == (55,)
    assert set(np.flatnonzero(~mask)) == {INDEX[name] for name in brows} | {52, 53, 54}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_open(path: Path) -> None:
    opened = open_reference(path)
    assert 6 <= len(opened.motion) / FPS <= 11 and opened.mask is not None and opened.mask[52:].all()
    assert opened.mask[INDEX["jawOpen"]] and path.stem not in gallery()


def test_there_are_examples() -> None:
    assert 2 <= len(EXAMPLES) <= 3


def test_real_captures_have_no_head() -> None:
    try:
        captures = sorted(shared.need("live_link_face").glob("*.csv"))
    except FileNotFoundError as error:
        pytest.skip(str(error))
    opened = open_reference(captures[0])
    assert opened.motion.fps == FPS and opened.mask is not None
    assert opened.mask[:52].all() and not opened.mask[52:].any()


def write_video(path: Path, seconds: float = 1.5, picture: bool = True, sound: bool = True) -> Path:
    with av.open(str(path), "w") as container:
        seen = container.add_stream("libx264", rate=5) if picture else None
        heard = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        if seen is not None:
            seen.width = seen.height = 64
            seen.pix_fmt = "yuv420p"
            last = round(5 * seconds) - 1
            for k in np.linspace(0, last, min(last, 9) + 1).astype(int).tolist():  # a long one has few pictures
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), k % 256, np.uint8), format="rgb24")
                frame.pts, frame.time_base = k, Fraction(1, 5)
                container.mux(seen.encode(frame))
            container.mux(seen.encode(None))
        if heard is not None:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, int(16000 * seconds)), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
            container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
    return path


def make(kind: str, folder: Path) -> Path:
    """A file that is no reference."""
    path = folder / kind
    if kind == "short.npz":
        npz.write(path, [moving(0.9)])
    elif kind == "long.csv":
        livelink.write(path, moving())
        path.write_text(path.read_text().replace("00:00:01:24.000", "00:10:30:24.000"))  # the last row, much later
    elif kind == "still.csv":
        livelink.write(path, Motion(np.zeros((50, 52), np.float32), np.zeros((50, 3), np.float32)))
    elif kind == "damaged.npz":
        npz.write(path, [moving()])
        content = bytearray(path.read_bytes())
        content[200:300] = bytes(100)
        path.write_bytes(content)
    elif kind == "other.npz":
        np.savez(path, pictures=np.zeros(3))
    elif kind == "table.csv":
        path.write_text("a,b\n1,2\n")
    elif kind == "damaged.mp4":
        path.write_bytes(write_video(folder / "whole.mp4").read_bytes()[:300])
    elif kind == "sound.m4a":
        write_video(path, picture=False)
    elif kind == "short.mp4":
        write_video(path, 0.6)
    elif kind == "long.mp4":
        write_video(path, 601, sound=False)
    elif kind == "photo.png":
        from PIL import Image

        Image.new("RGB", (64, 64)).save(path)
    elif kind == "folder.mp4":
        path.mkdir()
    elif kind in ("notes.txt", "empty.mp4", "empty.csv"):
        path.write_text("words\n" if kind == "notes.txt" else "")
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("none.mp4", "there is no such file"),
        ("none.csv", "there is no such file"),
        ("folder.mp4", "a folder was given"),
        ("short.npz", r"short.npz lasts 0.9 s; 1 s to 10 min are wanted"),
        ("long.csv", r"long.csv lasts 631.0 s; 1 s to 10 min"),
        ("still.csv", "nothing moves"),
        ("other.npz", "not a motion file"),
        ("damaged.npz", "damaged.npz: not a motion file"),
        ("table.csv", "columns of a Live Link Face CSV are missing"),
        ("empty.csv", "an empty file"),
        ("empty.mp4", "empty.mp4 is empty"),
        ("notes.txt", "notes.txt cannot be read as media or is damaged"),
        ("damaged.mp4", "damaged.mp4 cannot be read as media or is damaged"),
        ("sound.m4a", "sound but no video"),
        ("photo.png", "one image was given"),
        ("short.mp4", "short.mp4 lasts 0.6 s"),
        ("long.mp4", "long.mp4 lasts 60.* s"),
    ],
)
def test_bad_files_are_one_sentence_at_a_quick_look(tmp_path: Path, kind: str, words: str) -> None:
    path = make(kind, tmp_path)
    for opening in (check, open_reference, lambda given: check(str(given))):
        with pytest.raises(ValueError, match=words) as caught:
            opening(path)
        assert "\n" not in str(caught.value)


def test_a_visitor_does_not_learn_where_files_lie(tmp_path: Path) -> None:
    for kind in ("table.csv", "other.npz", "damaged.npz", "notes.txt", "sound.m4a", "short.npz"):
        with pytest.raises(ValueError, match="yours") as caught:
            open_reference(make(kind, tmp_path), name="yours")
        assert str(tmp_path) not in str(caught.value)


def test_a_video_goes_through_the_tracker(tmp_path: Path, monkeypatch) -> None:
    taken = {}

    class Tracked:
        reference = Reference("film.mp4", moving())

    def track(path: Path, **options: object) -> Tracked:
        taken.update(path=path, **options)
        return Tracked()

    monkeypatch.setattr("talkdemo.face.track.video.track", track)
    path = write_video(tmp_path / "film.mp4")
    assert open_reference(str(path), mirrored=True) is Tracked.reference
    assert taken == {"path": path, "name": "film.mp4", "mirrored": True, "progress": None, "stop": None}


@pytest.mark.slow
def test_the_tracker_reads_a_preview_back(monkeypatch) -> None:
    """A third party's eyes on our own film: the jaw that is tracked follows the jaw that was drawn."""
    try:
        monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(shared.need("face_landmarker.task")))
    except FileNotFoundError as error:
        pytest.skip(str(error))
    item = next(iter(gallery().values()))
    tracked = open_reference(item.preview).motion
    drawn = item.open().motion
    jaw = INDEX["jawOpen"]
    together = np.corrcoef(tracked.coefficients[:, jaw], drawn.coefficients[: len(tracked), jaw])[0, 1]
    assert together > 0.7


def test_the_index_names_its_columns() -> None:
    rows = json.loads((FOLDER / reference.INDEX_FILE).read_text(encoding="utf-8"))
    wanted = {"name", "title", "about", "kind", "emotion", "voice", "text", "seconds"}
    assert all(set(row) == wanted and row["kind"] in reference.KINDS for row in rows)


def test_texts_differ() -> None:
    rows = json.loads((FOLDER / reference.INDEX_FILE).read_text(encoding="utf-8"))
    assert len({row["text"] for row in rows}) == len(rows)


def test_the_encoder_wants_as_much() -> None:
    from talkdemo.condition import style

    assert style.SHORTEST == reference.SHORTEST
