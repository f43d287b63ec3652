"""Jobs are counted by what became of them, stages by their seconds; the numbers are served where they are asked for."""

from __future__ import annotations

import contextlib
import socket
import threading

import httpx
import pytest

from talkdemo.records import Stopped
from talkdemo.ui.parts import metrics
from talkdemo.ui.parts.job import Done, follow


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "done"), (ValueError("no sound"), "refused"), (Stopped(), "stopped"), (KeyError("x"), "failed")],
)
def test_a_job_is_counted_once(error: Exception | None, outcome: str) -> None:
    def work(report, stop: threading.Event) -> int:
        report("decode", 0.0)
        report("sample", 0.0)
        if error:
            raise error
        return 1

    counts = {one: value("talkdemo_jobs_total", outcome=one) for one in ("done", "refused", "stopped", "failed")}
    decoded = value("talkdemo_stage_seconds_count", stage="decode")
    sampled = value("talkdemo_stage_seconds_count", stage="sample")
    with contextlib.suppress(ValueError, Stopped, KeyError):
        assert isinstance(list(follow(work))[-1], Done)
    counts[outcome] += 1
    assert {one: value("talkdemo_jobs_total", outcome=one) for one in counts} == counts
    assert value("talkdemo_stage_seconds_count", stage="decode") == decoded + 1
    assert value("talkdemo_stage_seconds_count", stage="sample") == sampled + (error is None)


def test_they_are_served_on_a_port_of_this_machine() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics.serve(port)
    told = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'talkdemo_queue{of="motion"} 0.0' in told and "talkdemo_job_seconds_bucket" in told
    with pytest.raises(OSError):
        metrics.serve(port)
