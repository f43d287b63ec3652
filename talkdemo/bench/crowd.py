"""Visitors of the app over plain HTTP, as a browser's page speaks to it: many at once, without a browser for each."""

import json
import secrets
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from talkdemo.bench.long import rounded

PATIENCE = 600  # seconds


@dataclass(frozen=True)
class Answer:
    """What a press of Generate gave: seconds until the first motion was there and until the end, bytes of all news."""

    first: float | None
    whole: float
    bytes: int


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
        """Of one visitor, who uploads the clip first."""
        session = {"session_hash": secrets.token_hex(8)}
        with httpx.Client(timeout=PATIENCE) as client, clip.open("rb") as stream:
            (path,) = client.post(f"{self.address}upload", files={"files": stream}).json()
            file = {"path": path, "orig_name": clip.name, "meta": {"_type": "gradio.FileData"}}
            data = [file if key == self.speech else self.values[key] for key in self.inputs]
            begin = time.perf_counter()
            event = {"data": data, "fn_index": self.number, **session}
            client.post(f"{self.address}queue/join", json=event).raise_for_status()
            first, size = None, 0
            with client.stream("GET", f"{self.address}queue/data", params=session) as lines:
                for line in lines.iter_lines():
                    size += len(line.encode())
                    message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                    if first is None and brings_motion(message.get("output")):
                        first = time.perf_counter() - begin
                    if message.get("msg") == "process_completed":
                        break
        return Answer(first, time.perf_counter() - begin, size)


def brings_motion(output: Any) -> bool:
    """Whether a message holds a window of motion: in the first one whole, later what is new (gradio's diffs)."""
    if isinstance(output, dict):
        motion = output.get("motion")
        return bool(motion) or any(map(brings_motion, output.values()))
    if isinstance(output, list):
        return "motion" in map(str, output) or any(map(brings_motion, output))
    return False


def crowd(address: str, clip: Path, visitors: int) -> dict[str, object]:
    """So many press Generate at the same moment: how many got motion, and when."""
    press, answers = Press(address), []
    together = threading.Barrier(visitors)

    def visit() -> None:
        together.wait()
        answers.append(press.answer(clip))

    threads = [threading.Thread(target=visit) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    firsts = [one.first for one in answers if one.first is not None]
    return {
        "visitors": visitors,
        "visitors_served": len(firsts),
        "visitors_median_s": rounded(statistics.median(firsts)) if firsts else None,
        "visitors_last_s": rounded(max(firsts)) if firsts else None,
        "visitors_whole_last_s": rounded(max(one.whole for one in answers)) if answers else None,
    }
