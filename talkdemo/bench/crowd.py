"""Visitors of the app over plain HTTP, as a browser's page speaks to it: many at once, without a browser for each."""

import contextlib
import itertools
import json
import re
import secrets
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from talkdemo.bench.long import rounded

PATIENCE = 600  # seconds
MOMENT = 1.0  # seconds between two who come at the same time at most: of them either may be the first
PLACE = re.compile(r"Waiting: (\d+) before you(?:, about (\d+) (s|min))?")  # what ui/parts/panel.py says
NOTE = re.compile(r'td-note[^>]*>([^<"\\]+)')


@dataclass(frozen=True)
class Answer:
    """What a press of Generate gave."""

    joined: float  # perf_counter when the server had the request
    first: float | None  # seconds until the first motion was there
    whole: float  # seconds until the end
    bytes: int  # of all news
    told: tuple[tuple[float, int, float | None], ...]  # seconds, visitors before this one, seconds it was to wait
    last: str  # the last words of the panel


class Press:
    """Presses Generate of the tab Talk, every choice left as the page opens."""

    def __init__(self, address: str) -> None:
        self.address = f"{address}gradio_api/"
        config = httpx.get(f"{address}config", timeout=PATIENCE).json()
        components = {one["id"]: one for one in config["components"]}
        named = {one["props"].get("elem_id"): key for key, one in components.items()}
        self.speech, head = named["td-speech"], named["td-head"]
        (found,) = (
            one for one in config["dependencies"] if self.speech in one["inputs"] and head in one["outputs"]
        )  # fmt: skip
        self.number, self.inputs = found["id"], found["inputs"]
        self.values = {key: components[key]["props"].get("value") for key in self.inputs}

    def answer(self, clip: Path) -> Answer:
        """Of one visitor, who uploads the clip first, and who is there as long as it takes."""
        with self.visitor(clip) as (begin, lines):
            first, size, told, last = None, 0, [], ""
            for line in lines:
                size += len(line.encode())
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                now = time.perf_counter() - begin
                if place := PLACE.search(line):
                    left = None if place[2] is None else float(place[2]) * (60 if place[3] == "min" else 1)
                    told.append((now, int(place[1]), left))
                if note := NOTE.search(line):
                    last = note[1]
                if first is None and brings_motion(message.get("output")):
                    first = now
                if message.get("msg") == "process_completed":
                    break
        return Answer(begin, first, time.perf_counter() - begin, size, tuple(told), last)

    @contextlib.contextmanager
    def visitor(self, clip: Path) -> Iterator[tuple[float, Iterator[str]]]:
        """Somebody presses Generate: when (perf_counter), and the lines of the answer as they come; who leaves the
        block leaves the page."""
        session = {"session_hash": secrets.token_hex(8)}
        client = httpx.Client(timeout=PATIENCE)
        with client, client.stream("GET", f"{self.address}heartbeat/{session['session_hash']}"):
            with clip.open("rb") as stream:
                (path,) = client.post(f"{self.address}upload", files={"files": stream}).json()
            file = {"path": path, "orig_name": clip.name, "meta": {"_type": "gradio.FileData"}}
            data = [file if key == self.speech else self.values[key] for key in self.inputs]
            event = {"data": data, "fn_index": self.number, **session}
            client.post(f"{self.address}queue/join", json=event).raise_for_status()
            joined = time.perf_counter()
            with client.stream("GET", f"{self.address}queue/data", params=session) as answer:
                yield joined, answer.iter_lines()


def brings_motion(output: Any) -> bool:
    """Whether a message holds a window of motion: in the first one whole, later what is new (gradio's diffs)."""
    if isinstance(output, dict):
        motion = output.get("motion")
        return bool(motion) or any(map(brings_motion, output.values()))
    if isinstance(output, list):
        return "motion" in map(str, output) or any(map(brings_motion, output))
    return False


def crowd(address: str, clip: Path, visitors: int) -> dict[str, object]:
    """So many press Generate at the same moment: how many got motion, when, in which order, and what they were told."""
    press, together = Press(address), threading.Barrier(visitors)

    def visit(_: int) -> Answer:
        together.wait()
        return press.answer(clip)

    with ThreadPoolExecutor(visitors) as pool:
        answers = sorted(pool.map(visit, range(visitors)), key=lambda one: one.joined)
    served = [one for one in answers if one.first is not None]
    firsts = [one.first for one in served if one.first is not None]
    begun = sorted((one.joined + first, one.joined) for one, first in zip(served, firsts, strict=True))
    overtaken = {mine for (_, theirs), (_, mine) in itertools.combinations(begun, 2) if theirs > mine + MOMENT}
    waited = [one for one in served if one.told]
    off = [abs(at + left - one.first) for one in served if one.first for at, _, left in one.told if left]
    return {
        "visitors": visitors,
        "visitors_served": len(served),
        "visitors_median_s": rounded(statistics.median(firsts)) if firsts else None,
        "visitors_last_s": rounded(max(firsts)) if firsts else None,
        "visitors_whole_last_s": rounded(max(one.whole for one in answers)),
        "visitors_overtaken": len(overtaken),
        "visitors_told_their_place": len(waited),
        "visitors_told_seconds": sum(any(left is not None for *_, left in one.told) for one in waited),
        "told_seconds_off_median": rounded(statistics.median(off)) if off else None,
        **({"refused": sorted({one.last for one in answers if one.first is None})} if len(served) < visitors else {}),
    }
