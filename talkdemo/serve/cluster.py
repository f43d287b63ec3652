"""Sampling, rendering and portraits on a Ray cluster, behind the interface that they have in one process.

`connect` gives pipelines and an expresser that are used like SpeechToFace and Expresser, but whose work is done by
replicas: any number of them, started and ended with the load. A request to a replica that dies goes to another one;
what was given already is not given again. A replica does one job at a time and a few may wait for it; whoever asks
beyond that waits here, so that no memory grows. Results equal those of one process.
"""

import asyncio
import contextlib
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray import serve
from ray.exceptions import RayActorError, RayTaskError
from ray.serve.exceptions import BackPressureError

from talkdemo.files import replacing
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.portrait import Portrait
from talkdemo.pipeline import SpeechToFace, decode
from talkdemo.records import DEFAULT_SIZE, MODELS, Motion, Progress, Request, Speech, check_stop

NAME = "talkdemo"  # of the Serve application, and the beginning of its deployments' names
WAITING = 16  # requests that may wait for a replica of each kind
PAUSE = 0.2  # seconds before a full queue is asked again
PERIOD = 0.1  # seconds between two reports of progress
TRIES = 5  # replicas that a job may see die
CHUNK = 16  # frames of a portrait that one request makes
END = object()

Put = Callable[[Any], None]


@dataclass(frozen=True)
class Replicas:
    """How many of each kind, at least and at most, and what one of them holds."""

    low: int = 1
    high: int = 1
    cpus: float = 1.0
    gpus: float = 0.0

    def options(self) -> dict[str, Any]:
        """Of a deployment."""
        scale = {"min_replicas": self.low, "max_replicas": self.high, "target_ongoing_requests": 1}
        count = {"num_replicas": self.low} if self.low == self.high else {"autoscaling_config": scale}
        return count | {
            "ray_actor_options": {"num_cpus": self.cpus, "num_gpus": self.gpus},
            "max_ongoing_requests": 1,
            "max_queued_requests": WAITING,
        }


async def _events(work: Callable[[Put, Progress, threading.Event], None]) -> AsyncIterator[Any]:
    """What `work(put, report, stop)` puts and reports in a thread of its own; it is stopped when nobody listens."""
    loop, stop = asyncio.get_running_loop(), threading.Event()
    events: asyncio.Queue[Any] = asyncio.Queue()
    said = 0.0

    def put(event: Any) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event)

    def report(stage: str, fraction: float) -> None:
        nonlocal said
        check_stop(stop)
        if time.monotonic() - said > PERIOD:
            said = time.monotonic()
            put((stage, fraction))

    def run() -> None:
        try:
            work(put, report, stop)
            put(END)
        except Exception as error:
            put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        while (event := await events.get()) is not END:
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        stop.set()


class Sampler:
    """A replica that samples motion. `threads` of torch: as many as the replica has CPUs."""

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.pipelines = {model: SpeechToFace.load(model) for model in MODELS}

    async def stream(self, model: str, request: Request) -> AsyncIterator[Any]:
        """Progress as (stage, fraction), and the windows as lists of motions."""

        def work(put: Put, report: Progress, stop: threading.Event) -> None:
            for window in self.pipelines[model].stream(request, progress=report, stop=stop):
                put(window)

        async for event in _events(work):
            yield event


class Artist:
    """A replica that renders videos."""

    def __init__(self, _: int) -> None:
        self.pipeline = SpeechToFace.load()

    async def video(self, motion: Motion, speech: Speech | None, character: Any, size: int) -> AsyncIterator[Any]:
        """Progress, then the seconds per stage and the mp4."""

        def work(put: Put, report: Progress, stop: threading.Event) -> None:
            with tempfile.TemporaryDirectory() as folder:
                path, how = Path(folder) / "talk.mp4", {"character": character, "size": size}
                spent = self.pipeline.video(motion, speech, path, **how, progress=report, stop=stop)
                put((spent, path.read_bytes()))

        async for event in _events(work):
            yield event


class Painter:
    """A replica that gives portraits their expressions, some frames at a time."""

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.expresser = Expresser.load()

    async def express(self, portrait: Portrait, targets: list[np.ndarray]) -> AsyncIterator[Any]:
        """The images, one for each target, as one list."""

        def work(put: Put, _: Progress, stop: threading.Event) -> None:
            put(list(self.expresser.express_all(portrait, targets, stop)))

        async for event in _events(work):
            yield event


KINDS = {"sampler": Sampler, "artist": Artist, "painter": Painter}


def start(replicas: Mapping[str, Replicas], address: str | None = None) -> None:
    """Deploy these of KINDS on a cluster: that of `address` ("auto": the one this machine belongs to), None: one of its
    own. Raises ConnectionError where there is none."""
    ray.init(address=address or "local", ignore_reinit_error=True, include_dashboard=False, log_to_driver=False)
    for kind, count in replicas.items():
        one = serve.deployment(KINDS[kind], name=kind, **count.options())
        serve.run(one.bind(max(1, int(count.cpus))), name=f"{NAME}-{kind}", route_prefix=None)


def stop() -> None:
    """Take the deployments down again, and leave the cluster."""
    serve.shutdown()
    ray.shutdown()


def _handle(name: str) -> Any:
    return serve.get_deployment_handle(name, f"{NAME}-{name}").options(stream=True)


def _followed(call: Callable[[], Any], progress: Progress | None, stop: threading.Event | None) -> Iterator[Any]:
    """Everything but progress that a replica yields, each once, however many replicas die over it; what the work raises
    is raised here as it was."""
    given = deaths = 0
    while True:
        check_stop(stop)
        events, seen = call(), 0
        try:
            for event in events:
                check_stop(stop)
                if isinstance(event, tuple) and isinstance(event[0], str):
                    if progress:
                        progress(*event)
                    continue
                seen += 1
                if seen > given:
                    given = seen
                    yield event
            return
        except BackPressureError:
            time.sleep(PAUSE)
        except RayTaskError as error:  # its own words are the replica's traceback
            raise error.cause from None
        except RayActorError:
            deaths += 1
            if deaths == TRIES:
                raise
        finally:
            with contextlib.suppress(BackPressureError, RayActorError):  # it never began
                events.cancel()


class Remote(SpeechToFace):
    """A pipeline whose sampling and rendering are done by replicas; the rest, which costs little, is done here."""

    def stream(
        self, request: Request, *, progress: Progress | None = None, stop: threading.Event | None = None
    ) -> Iterator[list[Motion]]:
        """As SpeechToFace.stream."""
        self.check(request)
        if not isinstance(request.speech, Speech):  # a replica may stand on another machine
            request = replace(request, speech=decode(request.speech, request.name))
        yield from _followed(partial(_handle("sampler").stream.remote, self.model, request), progress, stop)

    def video(
        self,
        motion: Motion,
        speech: Speech | None,
        path: Path | str,
        *,
        character: Any = None,
        size: int = DEFAULT_SIZE,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> dict[str, float]:
        """As SpeechToFace.video."""
        call = partial(_handle("artist").video.remote, motion, speech, character, size)
        ((spent, content),) = _followed(call, progress, stop)
        with replacing(path) as part:
            part.write_bytes(content)
        return spent


class RemoteExpresser(Expresser):
    """An expresser whose images are made by replicas."""

    def express_all(
        self, portrait: Portrait, targets: Iterable[np.ndarray], stop: threading.Event | None = None
    ) -> Iterator[np.ndarray]:
        """As Expresser.express_all."""
        left = iter(targets)
        while chunk := list(islice(left, CHUNK)):
            (images,) = _followed(partial(_handle("painter").express.remote, portrait, chunk), None, stop)
            yield from images
