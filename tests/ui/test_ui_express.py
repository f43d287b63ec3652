"""The tab Expression through its handlers: portrait, targets, strip, map, bad input, privacy; and its endpoint."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from talkdemo.export import npz
from talkdemo.face.arkit import INDEX
from talkdemo.gcgan import gaze
from talkdemo.gcgan.edit import ManifoldMap
from talkdemo.gcgan.gallery import gallery, open_gallery
from talkdemo.records import FPS, Motion
from talkdemo.ui import app as ui
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express import manifold_map
from talkdemo.ui.express.api import Endpoint
from talkdemo.ui.express.landmark_editor import HANDLES, PARTS, from_table, table
from talkdemo.ui.express.stage import GONE, NO_PORTRAIT
from talkdemo.ui.express.tab import MISSING, ExpressTab
from talkdemo.ui.parts import faces
from talkdemo.ui.parts.names import title
from talkdemo.ui.parts.visits import Visits

ME = SimpleNamespace(session_hash="me")
SIDE = 512

pytestmark = pytest.mark.skipif(not gallery(), reason="no portraits in examples/faces")


class Page:
    """What a visitor's page holds, and what it hands to a handler."""

    def __init__(self, tab: ExpressTab, who: str = "me") -> None:
        self.tab, self.request = tab, SimpleNamespace(session_hash=who)
        self.held: dict = {tab.session: None, tab.form.amount: 1.0, tab.form.along: "manifold"}

    def does(self, handler, *given: object) -> str:
        """Call it as gradio would; what the panel says."""
        state = (self[one] for one in (self.tab.session, self.tab.form.amount, self.tab.form.along))
        self.held |= handler(self.request, *given, *state)
        return str(self.held.get(self.tab.form.panel, ""))

    def __getitem__(self, component: gr.components.Component) -> object:
        return self.held[component]

    @property
    def session(self) -> express_job.Session:
        return self.held[self.tab.session]

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
    np.testing.assert_allclose(page.session.points, expresser.preset(first, "happy"), atol=1e-3)
    picture, marks = page.saved
    assert picture.shape == first.image.shape and (picture != first.image).any()
    assert (marks["width"], marks["height"]) == (SIDE, SIDE) and np.shape(marks["landmarks"]) == (68, 2)
    assert page[tab.form.editor]["points"] == marks["landmarks"]
    assert len(page[tab.form.table]) == 68 and page[tab.form.map]["chosen"] == "happy"
    assert (
        isinstance(page.does(tab.opened), str) and page.session.target.name == "happy"
    )  # shown again: nothing happens


def test_strength_and_way_leave_the_target(page: Page, tab: ExpressTab) -> None:
    target, own = page.session.points, page.session.portrait
    page.held |= {tab.form.amount: 0.0, tab.form.along: "landmarks"}
    assert "0 %" in page.does(tab.turned)
    assert (page.saved[0] == own.image).all() and (page.session.points == target).all()
    page.does(tab.swept, event(amount=1.25))
    assert page[tab.form.amount] == 1.25
    np.testing.assert_allclose(page.saved[1]["landmarks"], own.landmarks + 1.25 * (target - own.landmarks), atol=0.02)


def test_dragged_landmarks_are_the_target(page: Page, tab: ExpressTab) -> None:
    moved = page.session.portrait.landmarks + np.float32([0, 6]) * (np.arange(68) > 54)[:, None]
    page.held[tab.form.amount] = 0.5
    assert "Your landmarks" in page.does(tab.edited, event(points=moved.tolist()))
    np.testing.assert_allclose(page.saved[1]["landmarks"], moved, atol=0.02)
    assert page[tab.form.amount] == 1.0 and page[tab.form.preset] is None
    page.does(tab.edited, event(points=(moved + 1e4).tolist()))
    assert np.max(page.saved[1]["landmarks"]) <= SIDE  # nothing leaves the picture
    page.does(tab.cleared)
    np.testing.assert_allclose(page.saved[1]["landmarks"], page.session.portrait.landmarks, atol=0.02)


def test_a_copied_gaze_stays_while_landmarks_are_dragged(
    page: Page, tab: ExpressTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    leo = open_gallery("leo")
    assert leo.pupils is not None
    aside = replace(leo, pupils=leo.pupils + np.float32([8, 0]))
    monkeypatch.setattr(express_job, "read_face", lambda path: aside)
    page.does(tab.imitated, "aside.png")
    looks = gaze.of(page.session.points)
    np.testing.assert_allclose(looks, gaze.of(aside.seen), atol=1e-3)
    moved = page.session.points[:68] + np.float32([0, 6]) * (np.arange(68) > 54)[:, None]
    page.does(tab.edited, event(points=moved.tolist()))
    np.testing.assert_allclose(gaze.of(page.session.points), looks, atol=1e-3)
    page.does(tab.cleared)
    assert (page.session.points == page.session.portrait.landmarks).all()


def test_the_table_is_the_same_as_the_editor(page: Page, tab: ExpressTab) -> None:
    rows = table(page.session.portrait.landmarks)
    rows[8][3] = float(rows[8][3]) + 10  # type: ignore[arg-type]
    page.does(tab.written, rows)
    assert page.saved[1]["landmarks"][8] == rows[8][2:]
    assert "other than numbers" in page.does(tab.written, [*rows[:5], [5, "Jaw", "wide", 3]])
    assert from_table(rows).shape == (68, 2) and len(PARTS) == 68


@pytest.mark.parametrize("points", [None, "all", [[1, 2]], [[1, "x"]] * 68, [[float("nan"), 0]] * 68])
def test_what_are_no_landmarks_is_told(page: Page, tab: ExpressTab, points: object) -> None:
    former = page.session
    assert 'role="alert"' in page.does(tab.edited, event(points=points)) and page.session is former


def test_the_map_takes_known_presets_only(page: Page, tab: ExpressTab) -> None:
    page.does(tab.mapped, event(name="aa"))
    assert page.session.target.name == "aa" and page[tab.form.preset] == "aa"
    assert "happy" in page.does(tab.mapped, event(name="../../etc")) and page.session.target.name == "aa"


def test_the_target_goes_over_to_the_next_portrait(page: Page, tab: ExpressTab, expresser) -> None:
    page.does(tab.preset, "aa")
    former = page.session.folder
    page.does(tab.chosen, "leo")
    assert page.session.portrait.name == "leo" and page.session.target.name == "aa" and not former.exists()
    edited = page.session.points + 3
    page.does(tab.edited, event(points=edited.tolist()))
    page.does(tab.chosen, "mei")
    np.testing.assert_allclose(page.session.points, expresser.transfer(open_gallery("mei"), edited), atol=0.01)
    assert "Portrait" in page.does(tab.chosen, "stranger") and page.session.portrait.name == "mei"


def test_another_face_and_saved_landmarks_transfer(page: Page, tab: ExpressTab, tmp_path: Path) -> None:
    assert "As Leo" in page.does(tab.matched, "leo")
    transferred = page.session.points
    path = tmp_path / "leo.json"
    path.write_text(json.dumps({"width": SIDE, "height": SIDE, "landmarks": open_gallery("leo").landmarks.tolist()}))
    page.does(tab.imitated, str(path))
    np.testing.assert_allclose(page.session.points, transferred[:68], atol=0.02)  # the file knows no pupils
    assert not path.exists()  # an upload: read and deleted
    path.write_text("{}")
    said = page.does(tab.imitated, str(path))
    assert "This file: no landmarks" in said and str(tmp_path) not in said


def test_a_moment_of_a_motion(page: Page, tab: ExpressTab, tmp_path: Path) -> None:
    coefficients = np.zeros((50, 52), np.float32)
    coefficients[30, INDEX["jawOpen"]] = 1
    motion = Motion(coefficients, np.zeros((50, 3), np.float32), FPS)
    path = tmp_path / "talk.npz"
    npz.write(path, [motion])
    assert "Head at 1.20 s" in page.does(tab.latest, SimpleNamespace(motion=motion))
    assert page[tab.form.frame].maximum == pytest.approx(1.96) and page[tab.motion].shape == (50, 52)
    opened = page.session.points
    page.does(tab.sought, 0.0, page[tab.motion])
    assert not np.allclose(page.session.points, opened)
    page.does(tab.recorded, str(path))
    np.testing.assert_allclose(page.session.points, opened)
    assert "no motion from the tab Talk" in page.does(tab.latest, None)
    assert "no motion yet" in page.does(tab.sought, 1.0, None)
    path.with_suffix(".txt").write_text("hello")
    said = page.does(tab.recorded, str(path.with_suffix(".txt")))
    assert "holds no motion" in said and "talk" not in said


def test_the_strip_comes_after(page: Page, tab: ExpressTab) -> None:
    made = tab.stage.sweep(ME, page.session, "manifold")[tab.form.strip]
    assert len(made["images"]) == len(made["amounts"]) == 7 and made["amounts"][-1] == 1.5
    assert all(one.startswith("data:image/jpeg;base64,") for one in made["images"])
    small = express_job.shrink(page.session.portrait, express_job.SMALL)
    assert max(small.image.shape) == express_job.SMALL and len(list(tab.visits.jobs.iterdir())) == 2


def test_two_visitors_and_leaving(page: Page, tab: ExpressTab) -> None:
    other = Page(tab, "you")
    other.does(tab.opened)
    other.does(tab.preset, "aa")
    assert page.session.target.name == "happy" and page.session.folder != other.session.folder
    assert len(list(tab.visits.jobs.iterdir())) == 4  # a portrait and its latest result each
    tab.visits.leave(ME.session_hash)
    assert other.session.folder.is_dir() and not page.session.folder.exists()
    assert GONE in page.does(tab.turned)
    assert NO_PORTRAIT in Page(tab, "new").does(tab.preset, "aa")


@pytest.mark.parametrize("content", [b"no picture", b"", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_bad_photograph_is_told_in_one_sentence(
    page: Page, tab: ExpressTab, tmp_path: Path, monkeypatch, content: bytes
) -> None:
    former, path = page.session, tmp_path / "<b>secret.png"
    monkeypatch.setattr(faces, "model_file", lambda: None)
    path.write_bytes(content)
    said = page.does(tab.photographed, str(path))
    assert 'role="alert"' in said and "This photograph" in said and "secret" not in said and str(tmp_path) not in said
    assert page.session is former and not path.exists() and page[tab.form.portrait.upload] is None


def test_without_a_landmarker_the_gallery_works(page: Page, tab: ExpressTab, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TALKDEMO_FACE_LANDMARKER", str(tmp_path / "nowhere.task"))
    path = tmp_path / "me.png"
    Image.new("RGB", (64, 64)).save(path)
    said = page.does(tab.photographed, str(path))
    assert "not installed" in said and str(tmp_path) not in said
    page.does(tab.chosen, "leo")
    assert page.session.portrait.name == "leo"


def test_a_failure_of_ours_is_not_shown(page: Page, tab: ExpressTab, monkeypatch, caplog) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(express_job, "express", fail)
    said = page.does(tab.preset, "aa")
    assert "Something went wrong" in said and "secret" not in said and "/secret/path" in caplog.text


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
    assert title("aa") == "“aa”" and title("brows_up") == "Brows up"


def test_the_endpoint(tab: ExpressTab, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(faces, "open_photo", lambda path, *_: open_gallery(path.stem))
    monkeypatch.setattr(express_job, "open_photo", lambda path, *_: open_gallery(path.stem))
    ask = Endpoint(tab.expresser, tab.visits).express
    image, marks = ask("maya.png", "aa", 1.0, request=ME)
    assert np.asarray(Image.open(image)).shape == (SIDE, SIDE, 3) and len(marks["landmarks"]) == 68

    def landmarks(scale: float) -> str:  # of the same image at another size
        path = tmp_path / "marks.json"
        points = (scale * np.array(marks["landmarks"])).tolist()
        path.write_text(json.dumps({"width": int(scale * SIDE), "height": int(scale * SIDE), "landmarks": points}))
        return str(path)

    _, again = ask("maya.png", landmarks=landmarks(1), request=ME)
    np.testing.assert_allclose(again["landmarks"], marks["landmarks"], atol=0.05)
    with pytest.raises(gr.Error, match=f"This file: landmarks of an image of {SIDE // 2}×{SIDE // 2} pixels given"):
        ask("maya.png", landmarks=landmarks(0.5), request=ME)
    assert ask("maya.png", photo="leo.png", request=ME)[1] != marks
    for given, words in (((None, "aa"), "no portrait"), (("maya.png",), "0 expressions"), (("maya.png", "x"), "'x'")):
        with pytest.raises(gr.Error, match=words):
            ask(*given, request=ME)
    with pytest.raises(gr.Error, match="2 expressions"):
        ask("maya.png", "aa", photo="leo.png", request=ME)


def test_the_app_opens_without_the_model(stand_in, tmp_path: Path, expresser) -> None:
    pipelines = {"diffusiontalker": stand_in}
    bare = ui.build(pipelines, ["ada"], [], Visits(tmp_path / "files"))
    assert any(MISSING in str(block.value) for block in bare.blocks.values() if isinstance(block, gr.HTML))
    assert "express" not in {fn.api_name for fn in bare.fns.values()}
    whole = ui.build(pipelines, ["ada"], [], Visits(tmp_path / "files"), expresser)
    public = [fn.api_name for fn in whole.fns.values() if fn.api_visibility == "public"]
    assert "express" in public
