"""The viewer's Python side: what a take sends, refusals in one sentence, characters as files, the script."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import brotli
import gradio as gr
import numpy as np
import pytest
from gradio.utils import diff

from talkdemo.face.head import FaceModel
from talkdemo.records import Motion, Speech
from talkdemo.render import shader
from talkdemo.ui.viewer import script, take
from talkdemo.ui.viewer.answers import Early, Lasting
from talkdemo.ui.viewer.component import early_viewer, head_viewer
from talkdemo.ui.viewer.gallery import Gallery, gallery
from talkdemo.ui.viewer.take import Take, encode, write_sound


def talking(frames: int, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    return Motion(rng.random((frames, 52), np.float32), rng.normal(0, 0.2, (frames, 3)).astype(np.float32))


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of characters without their files, which take a second each."""
    monkeypatch.setattr(Gallery, "_make", lambda self, name: {"name": name, "url": f"{name}.glb"})
    monkeypatch.setattr(take, "gallery", lambda: Gallery(Path("nowhere")))


def decoded(text: str) -> np.ndarray:
    """(T, 55): as the page reads it."""
    values = np.frombuffer(base64.b64decode(text), "<i2").reshape(-1, 55) / 32767
    return values * np.r_[np.full(52, 2.0), np.full(3, np.pi)]


def test_motion_survives_its_16_bits() -> None:
    motion = talking(40)
    assert np.abs(decoded(encode(motion)) - motion.tracks).max() < 1e-4


def test_ten_seconds_weigh_less_than_60_kilobytes_and_an_update_only_what_is_new() -> None:
    motion, one = talking(250), Take(["maya"], 250)
    former, sent = one.value(), 0
    assert not former["done"] and former["heads"][0]["motion"] == []
    for begin in range(0, 250, 50):
        value = one.append(motion[begin : begin + 50])
        sent += len(json.dumps(diff(former, value)))
        former = value
    assert np.allclose(np.concatenate([decoded(t) for t in former["heads"][0]["motion"]]), motion.tracks, atol=1e-4)
    assert sent < 40_000 and len(json.dumps(one.finish())) < 60_000
    assert one.finish(Path("/x/y.mp4"))["video"] == "gradio_api/file=/x/y.mp4" and one.value()["take"] == former["take"]


@pytest.mark.parametrize(
    ("motion", "sentence"),
    [
        (Motion(np.full((3, 52), np.nan, np.float32), np.zeros((3, 3), np.float32)), "values that are not finite"),
        (Motion(np.full((3, 52), 2.5, np.float32), np.zeros((3, 3), np.float32)), "coefficients up to 2.5"),
        (Motion(np.zeros((3, 51), np.float32), np.zeros((3, 3), np.float32)), r"shapes \(3, 51\)"),
        (Motion(np.zeros((3, 52), np.float32), np.zeros((3, 3), np.float32), 30), "30 frames per second"),
        (talking(11), "has 11 frames; the sound lasts 10"),
    ],
)
def test_a_motion_that_cannot_be_shown_is_refused(motion: Motion, sentence: str) -> None:
    one = Take(["maya"], 10)
    with pytest.raises(ValueError, match=sentence):
        one.append(motion)
    assert one.value()["heads"][0]["motion"] == []


def test_a_take_ends_when_all_of_it_is_there() -> None:
    one = Take(["maya"], 10)
    one.append(talking(9))
    with pytest.raises(ValueError, match="has 9 frames; the sound lasts 10"):
        one.finish()
    one.append(talking(1))
    assert one.finish()["done"]


def test_two_heads_must_be_of_one_length() -> None:
    with pytest.raises(ValueError, match="motions of 9 and 10 frames"):
        Take.whole([("maya", talking(9)), ("leo", talking(10))])
    value = Take.whole([("maya", talking(9)), ("leo", talking(9))], labels=["a", "b"]).value()
    assert [head["label"] for head in value["heads"]] == ["a", "b"] and value["done"]
    with pytest.raises(ValueError, match="a take of 3 heads"):
        Take(["maya"] * 3, 9)


def test_an_unknown_character_or_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no character 'maia'"):
        Take(["maia"], 10)
    with pytest.raises(ValueError, match="controls 'none' and 1 heads"):
        head_viewer(controls="none")


def test_the_sound_lies_in_the_visitors_folder(tmp_path: Path) -> None:
    samples = np.linspace(-1, 1, 16_000, dtype=np.float32)
    path = write_sound(Speech(samples, "x"), tmp_path)
    import soundfile

    read, rate = soundfile.read(path)
    assert path.parent == tmp_path and rate == 16_000 and np.abs(read - samples).max() < 1e-4
    assert Take(["maya"], 25, sound=path).value()["sound"] == f"gradio_api/file={path}"


def test_a_character_is_one_file_named_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    people = Gallery(tmp_path)
    record = people.record("tomas")
    (path,) = tmp_path.iterdir()
    assert path == people.path("tomas") and record["url"] == f"gradio_api/file={path}"
    assert path.stat().st_size < 4_000_000 and path.stem.startswith("tomas-") and people.record("tomas") is record
    assert Gallery(tmp_path).record("tomas") == record and len(list(tmp_path.iterdir())) == 1
    assert record["fov"] > 0.3 and len(record["shadow"]) == 16 and record["position"][2] > record["target"][2]


def test_three_js_is_cut_out_of_trimesh() -> None:
    """Revision 140 (MIT), with the loader, without the page's own program; nothing in it is fetched from elsewhere."""
    text = script.three()
    assert 'const e="140"' in text and "SPDX-License-Identifier: MIT" in text
    assert "THREE.GLTFLoader=GLTFLoader" in text and "autoFit" not in text
    assert text.rstrip().endswith("})();")


def test_every_shader_of_the_renderer_is_translated() -> None:
    studio = script.studio()
    assert set(studio["fragments"]) == set(shader.KINDS)
    for text in (studio["vertex"], *studio["fragments"].values()):
        assert "#version" not in text and "texelFetch" not in text and "precision highp float" in text
    with pytest.raises(RuntimeError, match="the renderer's shader has changed"):
        script._translated("face.vert", ("no such line", ""))


def test_the_script_is_built_once_and_holds_everything() -> None:
    path = script.build_script()
    text = path.read_text(encoding="utf-8")
    assert path == script.build_script() and "function mount(" in text and "class Figure" in text
    assert path.is_relative_to(gallery().folder)


def test_the_viewers_files_are_kept_by_browsers() -> None:
    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"no-store")]})

    def headers(path: str) -> list:
        sent = []

        async def send(message) -> None:
            sent.append(message)

        asyncio.run(Lasting(app, "/t/viewer")({"type": "http", "path": path}, None, send))
        return sent[0]["headers"]

    assert headers("/gradio_api/file=/t/viewer/maya-1.glb") == [
        (b"cache-control", b"public, max-age=31536000, immutable")
    ]
    assert headers("/gradio_api/file=/t/jobs/x/speech.wav") == [(b"cache-control", b"no-store")]


def test_the_first_head_is_sent_with_the_page_and_with_nothing_else() -> None:
    """However the page is cut into pieces, its length is told."""
    pieces = [b"<!doctype html><he", b"ad><title>x</title></head><head>"]

    async def app(scope, receive, send) -> None:
        length = str(sum(map(len, pieces))).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for k, piece in enumerate(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": k + 1 < len(pieces)})

    def answer(path: str, method: str = "GET") -> tuple[bytes, dict]:
        sent: list[dict] = []

        async def send(message) -> None:
            sent.append(message)

        scope = {"type": "http", "path": path, "method": method, "headers": [(b"accept-encoding", b"gzip, br")]}
        asyncio.run(Early(app, "<i>")(scope, None, send))
        return b"".join(message.get("body", b"") for message in sent), dict(sent[0]["headers"])

    page, headers = answer("/")
    assert page == b"<!doctype html><head><i><title>x</title></head><head>"
    assert headers[b"content-length"] == str(len(page)).encode()
    for other in (answer("/config"), answer("/", "POST")):
        assert other[0] == b"".join(pieces)
    pieces.append(b"long " * 1000)
    page, headers = answer("/")
    assert headers[b"content-encoding"] == b"br" and int(headers[b"content-length"]) == len(page) < 1000
    assert brotli.decompress(page).endswith(b"long ") and b"<i>" in brotli.decompress(page)


def test_an_early_viewer_is_the_components_and_cannot_be_broken_out_of() -> None:
    value = Take.whole([("maya", talking(2))], labels=["</script><b>"]).value()
    with gr.Blocks():
        viewer = head_viewer(value=value)
        assert early_viewer(head_viewer("td-none")) == ""
    head = early_viewer(viewer)
    assert head.count("</script>") == 1 and head.endswith("</script>") and "maya.glb" in head
    data = json.loads(head.rsplit("})(", 1)[1].removesuffix(");\n</script>"))
    assert data["value"] == value and data["html"] == viewer.html_template


def test_the_page_and_the_renderer_weld_alike() -> None:
    """_SURFACE numbers the welds, and names the lips."""
    from talkdemo.export import gltf_surface

    face = FaceModel.load()
    drawable = face.drawable("maya")
    values = gltf_surface.surface(drawable, face.masks["lips"].numpy())
    assert values.dtype == np.uint16 and values[:, 2].sum() == len(face.masks["lips"])
    assert len(np.unique(values[:, 0])) == len(np.unique(drawable.weld))
    assert values[:, 1].min() == 0 and values[:, 1].max() == 65535
