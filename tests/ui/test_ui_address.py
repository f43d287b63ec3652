"""The settings in the page's address: what it holds is taken, what is bad is told in one sentence, files never stand
in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import gradio as gr
import pytest
from playwright.sync_api import expect

from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.talk import address

KNOWN = {"model": ["a", "b"], "identity": ["auto", "Ada"], "blend": ["Ada", "Mei"], "emotion": ["happy"]}


@pytest.fixture
def app(stand_in, follower, small_gallery, no_heads, tmp_path: Path) -> gr.Blocks:
    pipelines = {"diffusiontalker": stand_in, "diffposetalk": follower}
    return ui.build(pipelines, ["ada", "kwame"], [], Visits(tmp_path / "files"))


@pytest.fixture
def form(app):
    return app.talk_tab.form


def restored(form, **query: str) -> dict[str, object]:
    """What opening the page with this address sets, by component; the expectation of steps is left out."""
    page = form.restore(SimpleNamespace(query_params=query))
    return {component: value for component, value in page.items() if component is not form.expected}


@pytest.mark.parametrize(
    ("query", "values", "bad"),
    [
        ({}, {}, []),
        ({"model": "b", "identity": "Ada"}, {"model": "b", "identity": "Ada"}, []),
        ({"steps": "2", "seed": "2147483647", "share": "0.25", "full": "1"},
         {"steps": 2, "seed": 2**31 - 1, "share": 0.25, "full": True}, []),
        ({"model": "c", "identity": "<script>", "emotion": ""}, {}, ["model", "identity", "emotion"]),
        ({"steps": "1", "seed": "-1", "share": "nan", "full": "yes"}, {}, ["steps", "seed", "share", "full"]),
        ({"steps": "8.5", "seed": "1e3", "share": "9" * 5000}, {}, ["steps", "seed", "share"]),
        ({"steps": "٨", "seed": ""}, {}, ["steps", "seed"]),
        ({"identity": "auto", "blend": "Ada"}, {"identity": "auto"}, ["blend"]),
        ({"speech": "/etc/passwd", "__theme": "dark", "utm_source": "x"}, {}, ["speech"]),
    ],
)  # fmt: skip
def test_good_values_are_taken_and_bad_ones_named(query: dict, values: dict, bad: list) -> None:
    assert address.read(query, KNOWN) == (values, bad)


def test_the_sentence_is_short_and_holds_no_markup() -> None:
    said = address.sentence(["<img src=x onerror=alert(1)>" * 9, *"abcdef"])
    assert "<" not in said and len(said) < 200 and said.endswith("….")


def test_an_address_sets_the_form(form) -> None:
    page = restored(
        form, identity="Mei", blend="Ada", share="0.3", emotion="sad", steps="8", full="1", seed="5", character="kwame"
    )
    library = form.library
    assert page.pop(form.ignored).visible is False
    assert page == {
        library.identity: "Mei", library.other: "Ada", library.share: 0.3, form.emotion: "sad", form.seed: 5,
        form.randomise: False, form.character: "kwame", form.steps: {"steps": 8, "full": True, "students": [8]},
    }  # fmt: skip


def test_an_address_names_a_reference_of_the_gallery_alone(form) -> None:
    clip = form.references
    page = restored(form, model="diffposetalk", reference="loud", blend="merry", share="0.4")
    assert page.pop(form.ignored).visible is False
    assert page == {form.model: "diffposetalk", clip.reference: "loud", clip.other: "merry", clip.share: 0.4}
    for name in ("my-clip", "/etc/passwd", "https://example.org/a.mp4"):
        page = restored(form, model="diffposetalk", reference=name)
        assert "reference" in page[form.ignored].value and clip.reference not in page


def test_an_unknown_model_leaves_the_first(form) -> None:
    page = restored(form, model="gpt", steps="9999")
    assert page[form.ignored].visible and "model, steps" in page[form.ignored].value and len(page) == 1


HELD = {
    "model": "diffusiontalker", "identity": "Mei", "other": "none", "share": 0.5, "emotion": "sad", "reference": "calm",
    "clipOther": "none", "clipShare": 0.5, "steps": {"steps": 20, "full": True, "students": [8]}, "seed": 0,
    "randomise": True, "character": "ada",
}  # fmt: skip
SCRIPT = """
global.window = {};
global.location = { search: "?__theme=dark&steps=3", hash: "" };
global.history = { state: null, replaceState: (state, title, url) => console.log(url) };
const [script, ...held] = process.argv.slice(1);
eval(require("fs").readFileSync(script, "utf8"));
for (const values of held) window.talkdemoAddress.write(JSON.parse(values));
"""


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_what_the_address_holds() -> None:
    """What static/address.js writes: names and numbers of the chosen model; of a visitor's own clip not a word."""
    script = ui.style.STATIC / "address.js"
    cases = {
        "model=diffusiontalker&identity=Mei&emotion=sad&steps=20&character=ada": {},
        "model=diffusiontalker&identity=Mei&emotion=sad&blend=Ada&share=0.3&steps=20&seed=0&character=ada":
            {"other": "Ada", "share": 0.3, "randomise": False},
        "model=diffusiontalker&identity=auto&emotion=sad&steps=8&full=1&seed=7&character=ada":
            {"identity": "auto", "other": "Ada", "steps": {"steps": 8, "full": True, "students": [8]}, "seed": 7},
        "model=diffposetalk&reference=calm&blend=loud&share=0.5&steps=20&character=ada":
            {"model": "diffposetalk", "clipOther": "loud"},
        "model=diffposetalk&steps=20&character=ada":
            {"model": "diffposetalk", "reference": "my-clip", "clipOther": "loud"},
        "model=diffposetalk&reference=calm&steps=20&seed=3&character=ada":
            {"model": "diffposetalk", "clipOther": "my-clip", "seed": 3},
    }  # fmt: skip
    held = [json.dumps(HELD | changes) for changes in cases.values()]
    done = subprocess.run(["node", "-e", SCRIPT, script, *held], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"?__theme=dark&{query}" for query in cases]


@pytest.mark.slow
def test_a_link_restores_what_was_set(app, serving, browser, visiting) -> None:
    """In Chromium: the address follows the settings, "Copy link" copies it, and a second visitor finds them."""
    with serving(app) as home:
        with visiting(browser, home, permissions=["clipboard-read", "clipboard-write"]) as page:
            page.click("#td-identity label:has(input[value=Mei])")
            page.click("#td-character label:has(input[value=kwame])")
            page.click(".td-steps-marks [data-steps='32']")
            page.fill("#td-steps input[type=number]", "20")
            page.keyboard.press("Tab")
            page.wait_for_url("**steps=20**")
            page.click("#td-link")
            expect(page.locator("#td-link")).to_have_text("Link copied")
            link = page.evaluate("navigator.clipboard.readText()")
            assert {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()} == {
                "model": "diffusiontalker", "identity": "Mei", "emotion": "neutral", "steps": "20", "character": "kwame"
            }  # fmt: skip
        with visiting(browser, f"{link}&seed=9&speech=me.wav") as page:
            expect(page.locator("#td-identity input[value=Mei]")).to_be_checked()
            expect(page.locator("#td-character input[value=kwame]")).to_be_checked()
            expect(page.locator("#td-steps input[type=number]")).to_have_value("20")
            expect(page.locator("#td-expected")).to_contain_text("Full model, 20 steps")
            expect(page.locator("#td-ignored")).to_contain_text("speech")
        with visiting(browser, f"{home}?model=diffposetalk&reference=loud&steps=8&full=1") as page:
            expect(page.locator("#td-reference input[value=loud]")).to_be_checked()
            expect(page.locator(".td-steps-full input").first).to_be_checked()
            expect(page.locator("#td-expected")).to_contain_text("Full model, 8 steps")
