"""ZeroGPU, a GPU that a Space is lent for some seconds: sampling asks for one, for as long as it may need it.

Only where the package `spaces` is installed, as it is there; nothing otherwise. It has to be imported before torch.
What crosses to the process with the GPU, and back, is pickled: requests and motions.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from talkdemo.records import FPS, MODELS, Guidance, Motion, Progress, Request, Speech, check_stop
from talkdemo.serve.twin import twin

# Bounds, not measurements: a GPU that is asked for too long is only given back earlier.
START, EVALUATION, WINDOW = 10.0, 0.02, 4.0  # seconds: to begin, of one evaluation, of motion in a window at least
LONGEST = 300.0


def seconds(model: str, request: Request) -> int:
    """For how long a GPU is asked for: by the length of the speech and the evaluations of the network."""
    assert isinstance(request.speech, Speech)
    passes = 1 if request.guidance == Guidance() else 3
    evaluations = (request.speech.seconds / WINDOW + 1) * request.steps * passes
    return math.ceil(min(LONGEST, START + EVALUATION * evaluations))


def pipelines() -> dict[str, Any] | None:
    """By model, each sampling on a GPU that is lent; None where there is no ZeroGPU."""
    if find_spec("spaces") is None:
        return None
    import spaces

    from talkdemo.pipeline import SpeechToFace, decode

    @spaces.GPU(duration=seconds)
    def sample(model: str, request: Request) -> Iterator[list[Motion]]:
        yield from SpeechToFace.load(model).stream(request)

    class Lent(SpeechToFace):
        def stream(self, request: Request, *, progress: Progress | None = None, stop: Any = None) -> Iterator:
            """As SpeechToFace.stream; progress comes with every window."""
            self.check(request)
            given = request.speech
            speech = given if isinstance(given, Speech) else decode(given, request.name)
            done = 0
            for window in sample(self.model, replace(request, speech=speech)):
                check_stop(stop)
                done += len(window[0])
                if progress:
                    progress("sample", min(1.0, done / FPS / speech.seconds))
                yield window

    return {model: twin(Lent, SpeechToFace.load(model)) for model in MODELS}
