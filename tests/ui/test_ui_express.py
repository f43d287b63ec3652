"""The tab Expression through its handlers: portrait, wishes, strip, map, bad input, privacy; and its endpoint."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from talkdemo.export import npz
from talkdemo.face.arkit import INDEX
from talkdemo.gcgan.edit import ManifoldMap
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.records import FPS, Motion
from talkdemo.ui import app as ui
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express import manifold_map
from talkdemo.ui.express.api import Endpoint
from talkdemo.ui.express.landmark_editor import HANDLES, PARTS, from_table, table
from talkdemo.ui.express.tab import GONE, MISSING, NOBODY_YET, ExpressTab
from talkdemo.ui.parts.visits import Visits

ME = SimpleNamespace(session_hash="me")
SIDE = 512

pytestmark = pytest.mark.skipif(not gallery(), reason="no portraits in examples/faces")


@pytest.fixture
def tab(expresser, tmp_path: Path) -> ExpressTab:
    made = ExpressTab(expresser, Visits(tmp_path))
    with gr.Blocks(), gr.Tab("Expression") as where:
        made.build(where)
    return made


class Page:
    """What a visitor's page holds, and what it hands to a handler."""

    def __init__(self, tab: ExpressTab, who: str = "me") -> None:
        self.tab, self.request = tab, SimpleNamespace(session_hash=who)
        self.held: dict = {tab.sitting: None, tab.folder: None, tab.form.amount: 1.0, tab.form.along: "manifold"}

    def does(self, handler, *given: object) -> str:
        """Call it as gradio would; what the panel says."""
        how = (self[self.tab.sitting], self[self.tab.folder], self[self.tab.form.amount], self[self.tab.form.along])
        self.held |= handler(self.request, *given, *how)
        return str(self.held.get(self.tab.form.panel, ""))

    def __getitem__(self, component: gr.components.Component) -> object:
        return self.held[component]

    @property
    def sitting(self) -> express_job.Sitting:
        return self.held[self.tab.sitting]

    @property
    def saved(self) -> tuple[np.ndarray, dict]:
        """The files of the two buttons."""
        png, marks = (self.held[one].value["path"] for one in (self.tab.form.save_png, self.tab.form.save_json))
        return np.asarray(Image.open(png)), json.loads(Path(marks).read_text())


@pytest.fixture
def page(tab: ExpressTab) -> Page:
    made = Page(tab)
    made.does(tab.opened)
    return made


def event(**data: object) -> SimpleNamespace:
    return SimpleNamespace(_data=data)


def test_the_tab_opens_with_somebody(page: Page, tab: ExpressTab, expresser) -> None:
    first = open_gallery(next(iter(gallery())))
    said = page[tab.form.panel]
    assert "Happy" in said and "100 %" in said and page[tab.form.preset] == "happy"
    np.testing.assert_allclose(page.sitting.target, expresser.preset(first, "happy"), atol=1e-3)
    picture, marks = page.saved
    assert picture.shape == first.picture.shape and (picture != first.picture).any()
    assert (marks["width"], marks["height"]) == (SIDE, SIDE) and np.shape(marks["landmarks"]) == (68, 2)
    assert page[tab.form.editor]["points"] == marks["landmarks"]
    assert len(page[tab.form.table]) == 68 and page[tab.form.map]["chosen"] == "happy"
    assert isinstance(page.does(tab.opened), str) and page.sitting.wish.said == "happy"  # shown again: nothing happens


def test_strength_and_way_leave_the_target(page: Page, tab: ExpressTab) -> None:
    target, own = page.sitting.target, page.sitting.portrait
    page.held |= {tab.form.amount: 0.0, tab.form.along: "landmarks"}
    assert "0 %" in page.does(tab.turned)
    assert (page.saved[0] == own.picture).all() and (page.sitting.target == target).all()
    page.does(tab.swept, event(amount=1.25))
    assert page[tab.form.amount] == 1.25
    np.testing.assert_allclose(page.saved[1]["landmarks"], own.landmarks + 1.25 * (target - own.landmarks), atol=0.02)


def test_dragged_landmarks_are_the_target(page: Page, tab: ExpressTab) -> None:
    moved = page.sitting.portrait.landmarks + np.float32([0, 6]) * (np.arange(68) > 54)[:, None]
    page.held[tab.form.amount] = 0.5
    assert "Your landmarks" in page.does(tab.edited, event(points=moved.tolist()))
    np.testing.assert_allclose(page.saved[1]["landmarks"], moved, atol=0.02)
    assert page[tab.form.amount] == 1.0 and page[tab.form.preset] is None
    page.does(tab.edited, event(points=(moved + 1e4).tolist()))
    assert np.max(page.saved[1]["landmarks"]) <= SIDE  # nothing leaves the picture
    page.does(tab.cleared)
    np.testing.assert_allclose(page.saved[1]["landmarks"], page.sitting.portrait.landmarks, atol=0.02)


def test_the_table_is_the_same_as_the_editor(page: Page, tab: ExpressTab) -> None:
    rows = table(page.sitting.portrait.landmarks)
    rows[8][3] = float(rows[8][3]) + 10  # type: ignore[arg-type]
    page.does(tab.written, rows)
    assert page.saved[1]["landmarks"][8] == rows[8][2:]
    assert "no number" in page.does(tab.written, [*rows[:5], [5, "Jaw", "wide", 3]])
    assert from_table(rows).shape == (68, 2) and len(PARTS) == 68


@pytest.mark.parametrize("points", [None, "all", [[1, 2]], [[1, "x"]] * 68, [[float("nan"), 0]] * 68])
def test_what_are_no_landmarks_is_told(page: Page, tab: ExpressTab, points: object) -> None:
    former = page.sitting
    assert 'role="alert"' in page.does(tab.edited, event(points=points)) and page.sitting is former


def test_the_map_takes_known_presets_only(page: Page, tab: ExpressTab) -> None:
    page.does(tab.mapped, event(name="aa"))
    assert page.sitting.wish.said == "aa" and page[tab.form.preset] == "aa"
    assert "happy" in page.does(tab.mapped, event(name="../../etc")) and page.sitting.wish.said == "aa"


def test_the_wish_goes_over_to_the_next_portrait(page: Page, tab: ExpressTab, expresser) -> None:
    page.does(tab.preset, "aa")
    former = page.sitting.folder
    page.does(tab.chosen, "leo")
    assert page.sitting.portrait.name == "leo" and page.sitting.wish.said == "aa" and not former.exists()
    edited = page.sitting.target + 3
    page.does(tab.edited, event(points=edited.tolist()))
    page.does(tab.chosen, "mei")
    np.testing.assert_allclose(page.sitting.target, expresser.transfer(open_gallery("mei"), edited), atol=0.01)
    assert "Portrait" in page.does(tab.chosen, "nobody") and page.sitting.portrait.name == "mei"


def test_another_face_and_saved_landmarks_transfer(page: Page, tab: ExpressTab, tmp_path: Path) -> None:
    assert "That of Leo" in page.does(tab.matched, "leo")
    transferred = page.sitting.target
    path = tmp_path / "leo.json"
    path.write_text(json.dumps({"width": SIDE, "height": SIDE, "landmarks": open_gallery("leo").landmarks.tolist()}))
    page.does(tab.imitated, str(path))
    np.testing.assert_allclose(page.sitting.target, transferred, atol=0.02)
    assert not path.exists()  # an upload: read and deleted
    path.write_text("{}")
    assert "does not hold landmarks" in page.does(tab.imitated, str(path))


def test_a_moment_of_a_motion(page: Page, tab: ExpressTab, tmp_path: Path) -> None:
    coefficients = np.zeros((50, 52), np.float32)
    coefficients[30, INDEX["jawOpen"]] = 1
    path = tmp_path / "talk.npz"
    npz.write(path, [Motion(coefficients, np.zeros((50, 3), np.float32), FPS)])
    assert "The head at 1.20 s" in page.does(tab.latest, str(path)) and path.exists()
    assert page[tab.form.frame].maximum == pytest.approx(1.96) and page[tab.motion].shape == (50, 52)
    opened = page.sitting.target
    page.does(tab.sought, 0.0, page[tab.motion])
    assert not np.allclose(page.sitting.target, opened)
    page.does(tab.recorded, str(path))
    np.testing.assert_allclose(page.sitting.target, opened)
    assert "Nothing was made" in page.does(tab.latest, None)
    assert "no motion yet" in page.does(tab.sought, 1.0, None)
    path.with_suffix(".txt").write_text("hello")
    said = page.does(tab.recorded, str(path.with_suffix(".txt")))
    assert "no motion" in said and "talk" not in said


def test_the_strip_comes_after(page: Page, tab: ExpressTab) -> None:
    made = tab.sweep(ME, page.sitting, "manifold")[tab.form.strip]
    assert len(made["pictures"]) == len(made["amounts"]) == 7 and made["amounts"][-1] == 1.5
    assert all(one.startswith("data:image/jpeg;base64,") for one in made["pictures"])
    small = express_job.shrink(page.sitting.portrait, express_job.SMALL)
    assert max(small.picture.shape) == express_job.SMALL and len(list(tab.visits.jobs.iterdir())) == 2


def test_two_visitors_and_leaving(page: Page, tab: ExpressTab) -> None:
    other = Page(tab, "you")
    other.does(tab.opened)
    other.does(tab.preset, "aa")
    assert page.sitting.wish.said == "happy" and page.sitting.folder != other.sitting.folder
    assert len(list(tab.visits.jobs.iterdir())) == 4  # a portrait and its latest result each
    tab.leave(ME)
    assert other.sitting.folder.is_dir() and not page.sitting.folder.exists()
    assert GONE in page.does(tab.turned)
    assert NOBODY_YET in Page(tab, "new").does(tab.preset, "aa")


@pytest.mark.parametrize("content", [b"no picture", b"", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_bad_photograph_is_told_in_one_sentence(
    page: Page, tab: ExpressTab, tmp_path: Path, monkeypatch, content: bytes
) -> None:
    former, path = page.sitting, tmp_path / "<b>secret.png"
    monkeypatch.setattr(express_job, "model_file", lambda: None)
    path.write_bytes(content)
    said = page.does(tab.photographed, str(path))
    assert 'role="alert"' in said and "This photograph" in said and "secret" not in said and str(tmp_path) not in said
    assert page.sitting is former and not path.exists() and page[tab.form.portrait.upload] is None


def test_without_a_landmarker_the_gallery_works(page: Page, tab: ExpressTab, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(tmp_path / "nowhere.task"))
    path = tmp_path / "me.png"
    Image.new("RGB", (64, 64)).save(path)
    said = page.does(tab.photographed, str(path))
    assert "not installed" in said and str(tmp_path) not in said
    page.does(tab.chosen, "leo")
    assert page.sitting.portrait.name == "leo"


def test_a_failure_of_ours_is_not_shown(page: Page, tab: ExpressTab, monkeypatch, caplog) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(express_job, "draw", fail)
    said = page.does(tab.preset, "aa")
    assert "Something went wrong" in said and "secret" not in said and "could not be made" in caplog.text


def test_handles_are_mirrored_and_smooth() -> None:
    known = {handle.name: handle for handle in HANDLES}
    assert len(known) == len(HANDLES) and all(known[h.twin].twin == h.name for h in HANDLES if h.twin)
    jaw = [known["jaw"].shares.get(k, (0, 0))[1] for k in range(17)]
    assert jaw[8] == 1 and jaw == jaw[::-1] and max(np.abs(np.diff(jaw))) < 0.3
    for handle in HANDLES:
        assert all(0 <= k < 68 and max(map(abs, share)) <= 1 for k, share in handle.shares.items())


def test_names_on_the_map_do_not_touch() -> None:
    rng = np.random.default_rng(2)
    names = tuple(f"expression_{k}" for k in range(24))
    places = {name: tuple(rng.normal(size=2)) for name in names}
    points = np.repeat([*places.values()], 20, axis=0) + rng.normal(size=(480, 2)) * 0.2
    manifold = manifold_map.Manifold(ManifoldMap(points.astype(np.float32), tuple(np.repeat(names, 20)), places))
    drawn = manifold.svg()
    assert drawn.count('class="preset"') == 24 and re.search(r">Expression 3<", drawn)
    x, y = manifold.units(np.array([1e3, -1e3]))
    assert 0 < x < manifold_map.WIDTH and 0 < y < manifold_map.HEIGHT
    assert manifold_map.title("aa") == "“aa”" and manifold_map.title("brows_up") == "Brows up"


def test_the_endpoint(tab: ExpressTab, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(express_job, "open_photo", lambda path: open_gallery(path.stem))
    ask = Endpoint(tab).express
    picture, marks = ask("maya.png", "aa", 1.0, request=ME)
    assert np.asarray(Image.open(picture)).shape == (SIDE, SIDE, 3) and len(marks["landmarks"]) == 68
    half = tmp_path / "half.json"  # landmarks of the same picture at half its size
    points = np.array(marks["landmarks"])
    half.write_text(json.dumps({"width": SIDE / 2, "height": SIDE / 2, "landmarks": (points / 2).tolist()}))
    _, again = ask("maya.png", landmarks=str(half), request=ME)
    np.testing.assert_allclose(again["landmarks"], points, atol=0.05)
    assert ask("maya.png", photo="leo.png", request=ME)[1] != marks
    for given, words in (((None, "aa"), "no portrait"), (("maya.png",), "0 expressions"), (("maya.png", "x"), "'x'")):
        with pytest.raises(gr.Error, match=words):
            ask(*given, request=ME)
    with pytest.raises(gr.Error, match="2 expressions"):
        ask("maya.png", "aa", photo="leo.png", request=ME)


def test_the_app_opens_without_the_model(stand_in, plain_decode, tmp_path: Path, expresser) -> None:
    bare = ui.build(stand_in, plain_decode, ["ada"], [], Visits(tmp_path / "files"))
    assert any(MISSING in str(block.value) for block in bare.blocks.values() if isinstance(block, gr.HTML))
    assert "express" not in {fn.api_name for fn in bare.fns.values()}
    bare.express_tab.leave(ME)
    whole = ui.build(stand_in, plain_decode, ["ada"], [], Visits(tmp_path / "files"), expresser)
    public = [fn.api_name for fn in whole.fns.values() if fn.api_visibility == "public"]
    assert "express" in public
