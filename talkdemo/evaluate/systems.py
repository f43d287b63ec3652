"""The name of a system in, a function (clip, seed) → Motion out: baselines, teacher, the pipeline's models."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from talkdemo.evaluate import cache
from talkdemo.evaluate.references import fingerprint, reference_for
from talkdemo.metrics.baselines import loudness_jaw, mean_pose
from talkdemo.records import Clip, Motion, Request

System = Callable[[Clip, int], Motion]  # (clip, seed) → motion
TRUTH_SEED, TEACHER_SEED = 1, 2
PIPELINE = "diffusiontalker"  # the model whose full and distilled weights are full-N and student-N
POSE = "diffposetalk"  # … pose-full-N and pose-student-N
REGRESSOR = Path("runs/regressor.safetensors")
NAMES = (
    "truth, mean, loudness, teacher, regressor, full-STEPS, student-STEPS, pose-full-STEPS, pose-student-STEPS "
    "or NAME@STEPS, each with -raw behind"
)


@dataclass(frozen=True)
class Model:
    """Which weights to sample, in how many steps. `checkpoint`: a model of the pipeline, else a checkpoint's name or
    file; `distilled`: True = the student of so many steps, False = the full model, None = as the pipeline chooses."""

    checkpoint: str
    steps: int
    distilled: bool | None = None
    contact: float = 1.0  # pipeline's: 0 leaves the lips as they were sampled

    def weights(self) -> list[Path]:
        """The files that decide its motions. Raises ValueError when one is not there."""
        from talkdemo import checkpoint

        student = f"{self.checkpoint}-{self.steps}"
        names = {True: [student], False: [self.checkpoint], None: [self.checkpoint, student]}[self.distilled]
        found = [checkpoint.find(name) for name in names[:1]]
        with contextlib.suppress(ValueError):  # the pipeline takes a student where there is one
            found += [checkpoint.find(name) for name in names[1:]]
        return [*found, checkpoint.find("audio-encoder")]


def parse_system(name: str) -> Model | None:
    """full-N, student-N (DiffusionTalker), pose-full-N, pose-student-N (DiffPoseTalk), regressor or NAME@N (a model or
    a checkpoint's file); None for a system without weights. With "-raw" behind, the lips stay as they were sampled."""
    if name.endswith("-raw"):
        model = parse_system(name.removesuffix("-raw"))
        return model and replace(model, contact=0.0)
    if name == "regressor":
        return Model(str(REGRESSOR), 2)
    found = re.fullmatch(r"(pose-)?(full|student)-(\d+)|(\S+)@(\d+)", name)
    if not found:
        return None
    if found[2]:
        return Model(POSE if found[1] else PIPELINE, int(found[3]), found[2] == "student")
    return Model(found[4], int(found[5]))


def teach(clip: Clip, seed: int) -> Motion:
    """The corpus's stochastic teacher on a clip with phones; voices that are no identity get the middle style."""
    from talkdemo.audio.prosody import energy, pitch
    from talkdemo.data.articulation.identities import IDENTITIES
    from talkdemo.data.articulation.model import articulate
    from talkdemo.data.articulation.styles import Style

    style = IDENTITIES[clip.identity].style if clip.identity in IDENTITIES else Style()
    key = [seed, *clip.name.encode()]
    generator = np.random.default_rng(key)
    frames = clip.speech.frames
    return articulate(clip.phones, energy(clip.speech), pitch(clip.speech), style, clip.emotion, generator, frames)


@functools.lru_cache(maxsize=4)
def open_pipeline(checkpoint: str):
    """A SpeechToFace by the name of a model of the pipeline, or around any single talker checkpoint (name or file).

    Raises ValueError with one sentence when it is not there.
    """
    from talkdemo.pipeline import MODELS, SpeechToFace

    if checkpoint in MODELS:
        return SpeechToFace.load(checkpoint)
    if checkpoint == str(REGRESSOR) and not REGRESSOR.is_file():
        raise ValueError(f"{REGRESSOR} is not there; `python -m talkdemo train diffusiontalker --regressor` makes it")
    from talkdemo.audio.encoder import SpeechEncoder
    from talkdemo.condition.style import StyleEncoder
    from talkdemo.face.head import FaceModel
    from talkdemo.talker import Talker

    talker, file = Talker.open(checkpoint)
    style = talker.config.style and StyleEncoder.open(talker.config.style.encoder)
    return SpeechToFace(file.path.stem, SpeechEncoder.open(), talker, FaceModel.load(), style_encoder=style)


def model_system(model: Model, pipeline=None) -> System:
    """The pipeline with one of its models. DiffusionTalker is told the clip's identity and emotion (a voice that is no
    learned identity is matched by ear), DiffPoseTalk sees evaluate_references.reference_for(clip).

    Raises ValueError with one sentence when the checkpoint, or a student of so many steps, is not installed.
    """
    pipeline = pipeline or open_pipeline(model.checkpoint)
    if model.distilled and model.steps not in pipeline.students:
        have = ", ".join(str(steps) for steps in pipeline.students) or "none"
        raise ValueError(f"no student of {model.steps} steps is installed (installed: {have})")

    def system(clip: Clip, seed: int) -> Motion:
        if pipeline.style_encoder is not None:
            whose = {"reference": reference_for(clip)}
        else:
            identity = clip.identity if clip.identity in pipeline.identities else "auto"
            whose = {"identity": identity, "emotion": clip.emotion if clip.emotion in pipeline.emotions else "neutral"}
        how = {"steps": model.steps, "seed": seed, "distilled": model.distilled, "contact": model.contact}
        return pipeline.animate(Request(clip.speech, **whose, **how))[0]

    return system


def make_system(name: str, clips: Sequence[Clip], mean: Callable[[], np.ndarray]) -> System | str:
    """The system called `name` for a set, or a sentence that says why this set cannot have it."""
    if name == "truth":
        if any(clip.motion is None for clip in clips):
            return "the set has no true motion"
        return lambda clip, seed: clip.motion
    if name == "teacher":
        if any(clip.phones is None for clip in clips):
            return "the set has no phones"
        return lambda clip, seed: teach(clip, TEACHER_SEED + seed)
    if name == "loudness":
        return lambda clip, seed: loudness_jaw(clip.speech)
    if name == "mean":
        pose = mean()
        return lambda clip, seed: mean_pose(clip.speech, pose)
    model = parse_system(name)
    if model is None:
        raise ValueError(f"got system {name!r}; wanted {NAMES}")
    pipeline = open_pipeline(model.checkpoint)
    system, settings = model_system(model, pipeline), [model.steps, model.distilled, model.contact]
    if pipeline.style_encoder is None:
        return cache.remembered(system, model.weights(), settings)
    for clip in clips:
        reference_for(clip)  # what cannot be had is told before any work
    weights, settings = [*model.weights(), style_weights(pipeline)], [*settings, cache.code("reference.py")]
    return cache.remembered(system, weights, settings, lambda clip: fingerprint(reference_for(clip)))


def style_weights(pipeline) -> Path:
    """The file of the style encoder that a pipeline looks at references with."""
    from talkdemo import checkpoint

    return checkpoint.find(pipeline.talker.config.style.encoder)
