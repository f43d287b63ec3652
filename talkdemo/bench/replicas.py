"""Throughput of motion jobs by replicas (talkdemo[ray]): the same jobs from two visitors for each replica.

$RAY_ADDRESS names a cluster that runs already; without, one is started on this machine.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

from talkdemo.audio.decode import decode
from talkdemo.files import EXAMPLES
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Request

CLIP = EXAMPLES / "speech" / "welcome.flac"
JOBS = 60
COUNTS = (1, 2)


def measure() -> dict[str, object]:
    """Jobs a minute, for each number of replicas; each has one thread of torch."""
    if find_spec("ray") is None:
        return {"skipped": "ray is not installed (pip install talkdemo[ray])"}
    from talkdemo.serve import cluster
    from talkdemo.serve.twin import twin

    speech, pipeline = decode(CLIP), twin(cluster.Remote, SpeechToFace.load())

    def ask(seed: int) -> None:
        pipeline.animate(Request(speech, identity="Ada", seed=seed))

    record: dict[str, object] = {"speech_seconds": round(speech.seconds, 2), "jobs": JOBS}
    for count in COUNTS:
        cluster.start({"sampler": cluster.Replicas(count, count, 0.9)}, os.environ.get("RAY_ADDRESS"))
        with ThreadPoolExecutor(2 * count) as visitors:
            list(visitors.map(ask, range(4 * count)))  # what only a first job costs
            begin = time.perf_counter()
            list(visitors.map(ask, range(JOBS)))
        record[f"jobs_a_minute_{count}"] = round(60 * JOBS / (time.perf_counter() - begin), 1)
        cluster.stop()
    return record
