"""Two replicas of Ray Serve give what one process gives, lose nothing when they are killed, and wait when all are busy.

Set RAY_ADDRESS to use a cluster that runs already.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from talkdemo.files import EXAMPLES
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import open_gallery
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Request, Speech, Stopped
from talkdemo.serve.twin import twin

pytest.importorskip("ray", reason="ray is not installed (pip install talkdemo[ray])")
pytestmark = pytest.mark.slow
WELCOME = EXAMPLES / "speech" / "welcome.flac"


@pytest.fixture(scope="module")
def cluster() -> Iterator[SimpleNamespace]:
    """Two samplers, one of each other kind; a single request may wait for a sampler. Torch adds up in another order on
    several threads; replicas have one."""
    import torch

    from talkdemo.serve import cluster

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "WAITING", 1)
        one, two = cluster.Replicas(cpus=0.4), cluster.Replicas(2, 2, 0.4)
        cluster.start({"sampler": two, "artist": one, "painter": one}, os.environ.get("RAY_ADDRESS"))
        plain = SpeechToFace.load()
        yield SimpleNamespace(plain=plain, remote=twin(cluster.Remote, plain), module=cluster)
        cluster.stop()
    torch.set_num_threads(threads)


def replicas(kind: str) -> list[int]:
    """Process ids of the replicas of a kind on this machine."""
    title = f"ray::ServeReplica:talkdemo-{kind}:{kind}".encode()
    found = [path.parent for path in Path("/proc").glob("[0-9]*/cmdline") if path.read_bytes().startswith(title)]
    return [int(path.name) for path in found]


def test_equal_results(cluster, tmp_path: Path, read_video) -> None:
    request = Request(WELCOME, identity="Ada", steps=8, seed=3, samples=2)
    told: list[tuple[str, float]] = []
    here = cluster.plain.animate(request)
    there = cluster.remote.animate(request, progress=lambda *one: told.append(one))
    assert len(replicas("sampler")) == 2 and {stage for stage, _ in told} >= {"encode", "sample"}
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.tracks, other.tracks)
        assert other.meta["seed"] == one.meta["seed"] and other.meta["nfe"] == one.meta["nfe"]
    short = here[0][:10]
    paths = [tmp_path / "here.mp4", tmp_path / "there.mp4"]
    for pipeline, path in zip((cluster.plain, cluster.remote), paths, strict=True):
        assert pipeline.video(short, None, path, character="maya", size=64)["render"] > 0
    np.testing.assert_array_equal(*(read_video(path)[0] for path in paths))


def test_portraits_are_equal(cluster) -> None:
    expresser, maya = Expresser.load(), open_gallery("maya")
    targets = expresser.path(
        maya, expresser.preset(maya, "happy"), np.linspace(0, 1, cluster.module.CHUNK + 2).tolist()
    )
    there = twin(cluster.module.RemoteExpresser, expresser).express_all(maya, targets)
    for one, other in zip(expresser.express_all(maya, targets), there, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1  # batches of another size


def test_a_replica_killed_in_mid_job_loses_nothing(cluster) -> None:
    speech = Speech(np.tile(decoded().samples, 3))
    request = Request(speech, identity="Ada", steps=24, seed=1)
    windows = cluster.remote.stream(request)
    given = [next(windows)]
    killed = replicas("sampler")
    for process in killed:
        os.kill(process, signal.SIGKILL)
    given += windows
    wanted = list(cluster.plain.stream(request))
    assert len(given) == len(wanted) > 3 and not set(killed) & set(replicas("sampler"))
    for (one,), (other,) in zip(given, wanted, strict=True):
        np.testing.assert_array_equal(one.tracks, other.tracks)


def test_more_jobs_than_places_wait(cluster) -> None:
    done: dict[int, int] = {}

    def ask(seed: int) -> None:
        (motion,) = cluster.remote.animate(Request(decoded(), identity="Mei", seed=seed))
        done[seed] = motion.meta["seed"]

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert done == {seed: seed for seed in range(8)}


def test_what_cannot_be_used_is_said_as_in_one_process(cluster) -> None:
    short = replace(decoded(), samples=np.zeros(100, np.float32), name="hum")
    with pytest.raises(ValueError, match=r"^hum holds 0.01 s of sound; wanted: at least 0.2 s$"):
        cluster.remote.animate(Request(short))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        cluster.remote.animate(Request(decoded()), stop=stop)


def decoded() -> Speech:
    from talkdemo.audio.decode import decode

    return decode(WELCOME)
