"""What the app does, as Prometheus metrics: jobs by outcome, seconds by stage, who waits. Served on an opt-in port."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from talkdemo.records import Stopped
from talkdemo.ui.parts.turns import MOTION, VIDEO

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)  # seconds
REGISTRY = CollectorRegistry()
JOBS = Counter("talkdemo_jobs", "Jobs that are over, by outcome", ["outcome"], registry=REGISTRY)
WORK = Histogram("talkdemo_job_seconds", "From press to result", buckets=BUCKETS, registry=REGISTRY)
STAGES = Histogram("talkdemo_stage_seconds", "Of one stage", ["stage"], buckets=BUCKETS, registry=REGISTRY)
QUEUE = Gauge("talkdemo_queue", "Jobs that wait for their turn", ["of"], registry=REGISTRY)
for name, turns in (("motion", MOTION), ("video", VIDEO)):
    QUEUE.labels(name).set_function(partial(getattr, turns, "waiting"))


@contextmanager
def job() -> Iterator[None]:
    """Counts one job, whatever becomes of it."""
    begin, outcome = time.monotonic(), "failed"
    try:
        yield
        outcome = "done"
        WORK.observe(time.monotonic() - begin)
    except Stopped:
        outcome = "stopped"
        raise
    except ValueError:
        outcome = "refused"  # what was given cannot be used
        raise
    finally:
        JOBS.labels(outcome).inc()


def stage(name: str, seconds: float) -> None:
    """A stage is over."""
    if name:
        STAGES.labels(name).observe(seconds)


def serve(port: int) -> None:
    """Answer on this machine alone, at /metrics. Raises OSError where the port is taken."""
    start_http_server(port, "127.0.0.1", REGISTRY)
