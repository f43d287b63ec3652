"""The endpoints take whatever is sent to them: an answer or one sentence, never a fault of ours or somebody's file.

TALKDEMO_FUZZ=N sends N requests to each endpoint instead of a few.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talkdemo.ui import app as ui
from talkdemo.ui.parts.visits import Visits
from tests.conftest import StandIn, write_wav

TRIES = int(os.environ.get("TALKDEMO_FUZZ", "6"))
FILE = {"_type": "gradio.FileData"}
NUMBERS = (None, True, -1, 0, 0.5, 1e300, float("nan"), float("inf"), 2**70)
TEXTS = ("", "auto", "none", "x" * 5000, "<img src=x onerror=alert(1)>", "../../etc/passwd", "\0", "\ud800")
LISTS = ([], {}, [[1, 2]], {"path": None}, {"path": 3, "meta": FILE}, {"url": "file:///etc/passwd", "meta": FILE})
pytestmark = pytest.mark.usefixtures("no_heads")


@pytest.fixture
def address(serving, expresser, tmp_path: Path) -> Iterator[str]:
    app = ui.build({"diffusiontalker": StandIn()}, ["maya"], [], Visits(tmp_path / "files"), expresser)
    with serving(app) as where:
        yield f"{where}gradio_api/"


def endpoints(address: str) -> dict[str, list[object]]:
    """The values that each endpoint that takes a file first takes by default."""
    named = httpx.get(f"{address}info", timeout=60).json()["named_endpoints"]
    found = {name: about["parameters"] for name, about in named.items() if about["parameters"]}
    files = {name: those for name, those in found.items() if those[0]["component"] in ("Audio", "File", "Video")}
    assert {"/talk", "/express"} <= files.keys()
    return {name: [one.get("parameter_default") for one in those] for name, those in files.items()}


def ask(address: str, name: str, values: list[object]) -> tuple[int, str]:
    """Status, and the last event or what was said instead of an answer."""
    body = json.dumps({"data": values})  # NaN, too
    headers = {"content-type": "application/json"}
    joined = httpx.post(f"{address}call{name}", content=body, headers=headers, timeout=120)
    if joined.status_code != 200:
        return joined.status_code, joined.text
    answer = httpx.get(f"{address}call{name}/{joined.json()['event_id']}", timeout=300)
    return answer.status_code, answer.text[answer.text.rindex("event: ") :]


def check(status: int, said: str, folder: Path) -> None:
    """An answer tells where its files lie, an error nothing of the kind."""
    assert status < 500, said
    assert "Traceback" not in said and "root:x:" not in said
    assert "event: error" not in said or str(folder) not in said


def test_any_values_get_an_answer_or_a_sentence(address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    upload = httpx.post(f"{address}upload", files={"files": write_wav(tmp_path / "x.wav", 0.4).open("rb")}, timeout=60)
    speech = {"path": upload.json()[0], "meta": FILE}
    anything = st.sampled_from((*NUMBERS, *TEXTS, *LISTS, speech))

    def try_all(name: str, usual: list[object]) -> None:
        @settings(max_examples=TRIES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.dictionaries(st.integers(0, len(usual) - 1), anything, max_size=4))
        def try_one(changed: dict[int, object]) -> None:
            values = [changed.get(k, speech if k == 0 else value) for k, value in enumerate(usual)]
            try:
                check(*ask(address, name, values), tmp_path)
            except UnicodeEncodeError:  # half a character cannot be sent
                return
            ours = [record for record in caplog.records if record.name.startswith("talkdemo")]
            assert not ours, (changed, [record.exc_text or record.getMessage() for record in ours])

        try_one()

    for name, usual in endpoints(address).items():
        try_all(name, usual)


@pytest.mark.parametrize("where", ["path", "url"])
def test_a_file_that_was_not_uploaded_is_not_read(address: str, tmp_path: Path, where: str) -> None:
    """Nor followed by a link in place of an upload, nor fetched from another address."""
    theirs = write_wav(tmp_path / "theirs.wav", 0.5)
    upload = httpx.post(f"{address}upload", files={"files": ("../../up.wav", b"RIFF")}, timeout=60)
    (mine,) = upload.json()
    assert Path(mine).name == "up.wav" and not (Path(mine).parents[2] / "up.wav").exists()
    places = {
        "path": [str(theirs), f"{Path(mine).parent}/../../../../..{theirs}", "/etc/passwd", f"file:{theirs}"],
        "url": [f"file://{theirs}", f"{address}config", "http://127.0.0.1:1/x.wav", "http://[::1]/x.wav"],
    }
    for name, usual in endpoints(address).items():
        for place in places[where]:
            file = {"path": place if where == "path" else None, "url": place, "meta": FILE}
            status, said = ask(address, name, [file, *usual[1:]])
            check(status, said, theirs)
            assert "event: complete" not in said
