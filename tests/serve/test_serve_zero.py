"""ZeroGPU: sampling goes through spaces.GPU where the package is, with a duration by length and steps."""

from __future__ import annotations

import pickle
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest

from talkdemo.files import EXAMPLES
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Guidance, Request, Speech, Stopped
from talkdemo.serve import zero


def speech(length: float) -> Speech:
    return Speech(np.zeros(round(length * 16000), np.float32))


def test_nothing_happens_elsewhere() -> None:
    assert zero.pipelines() is None


def test_the_duration_follows_length_and_steps() -> None:
    short, long = Request(speech(2), steps=8), Request(speech(60), steps=512)
    assert zero.START < zero.seconds("diffusiontalker", short) < zero.seconds("diffusiontalker", long) <= zero.LONGEST
    guided = Request(speech(60), steps=64, guidance=Guidance(2, 1))
    assert zero.seconds("", guided) > zero.seconds("", Request(speech(60), steps=64))


@pytest.mark.slow
def test_sampling_goes_through_the_lent_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for `spaces` that, as the real one does, hands arguments and results through pickle."""
    asked: list[int] = []
    spaces = ModuleType("spaces")
    spaces.__spec__ = ModuleSpec("spaces", None)

    def gpu(duration):
        def wrap(function):
            def lent(*arguments):
                asked.append(duration(*arguments))
                for result in function(*pickle.loads(pickle.dumps(arguments))):
                    yield pickle.loads(pickle.dumps(result))

            return lent

        return wrap

    spaces.GPU = gpu
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    pipeline = zero.pipelines()["diffusiontalker"]
    request, told = Request(EXAMPLES / "speech" / "welcome.flac", identity="Ada", seed=2), []
    (motion,) = pipeline.animate(request, progress=lambda *one: told.append(one))
    (plain,) = SpeechToFace.load().animate(request)
    np.testing.assert_array_equal(motion.tracks, plain.tracks)
    assert len(asked) == 1 and told[-1] == ("sample", 1.0)
    import threading

    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        pipeline.animate(request, stop=stop)
