"""How long sampling takes on this machine: measured once in the background, then said about every number of steps."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from talkdemo.pipeline import SpeechToFace
from talkdemo.records import SAMPLE_RATE, Guidance, Request, Speech

SECONDS = 10  # of speech that an expectation is about
TRIALS, STEPS = 2, 2  # of the full model, timed; the quickest counts: others work on this machine, too
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Seconds for SECONDS of speech: of everything before the first step, and of one evaluation in every
    window."""

    before: float
    evaluation: float

    def seconds(self, evaluations: int) -> float:
        return self.before + evaluations * self.evaluation


class Paces:
    """A pace for each model; nothing is known of one until it has been measured."""

    def __init__(self, pipelines: Mapping[str, SpeechToFace]) -> None:
        self.pipelines, self.known = pipelines, dict[str, Pace]()

    def start(self) -> None:
        """Measure in the background; the first visitor finds the models warm, too."""
        threading.Thread(target=self.measure, name="talkdemo-pace", daemon=True).start()

    def measure(self) -> None:
        for name, pipeline in self.pipelines.items():
            try:
                measure(pipeline, 1)  # what only a first run costs
                trials = [measure(pipeline, SECONDS) for _ in range(TRIALS)]
                self.known[name] = Pace(min(one.before for one in trials), min(one.evaluation for one in trials))
            except Exception as error:  # an estimate less, nothing worse
                log.warning("the pace of %s could not be measured: %s", name, error)

    def sentence(self, model: str, steps: int, distilled: bool, guidance: Guidance) -> str:
        """What so many steps are: student or full model, network evaluations, seconds expected here (HTML)."""
        asked = Request("", steps=steps, distilled=distilled, guidance=guidance)
        evaluations = self.pipelines[model].evaluations(asked)
        parts = [
            f"Student distilled to {steps} steps" if distilled else f"Full model, {steps} steps",
            f"{evaluations} network evaluations (NFE) a window",
        ]
        if pace := self.known.get(model):
            parts.append(f"<b>about {rounded(pace.seconds(evaluations))} s</b> for {SECONDS} s of speech here")
        return f'<p class="td-pace">{" · ".join(parts)}</p>'


def measure(pipeline: SpeechToFace, seconds: int) -> Pace:
    """Times a few steps on so many seconds of noise."""
    noise = np.random.default_rng(0).normal(0, 0.05, seconds * SAMPLE_RATE).astype(np.float32)
    (motion,) = pipeline.animate(Request(Speech(noise), steps=STEPS, distilled=False))
    spent = dict(motion.meta["seconds"])
    sampling = spent.pop("sample")
    return Pace(sum(spent.values()), sampling / STEPS)


def rounded(seconds: float) -> str:
    """Two figures at most: 0.84, 3.1, 36, 120."""
    return f"{float(f'{seconds:.2g}'):g}"
