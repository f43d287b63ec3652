"""The systems under evaluation, by name: baselines, the articulation model, the pipeline's models.

A system is a function (clip, seed) → Motion. A model's name says which weights to sample, in how many steps.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from talkdemo import checkpoint
from talkdemo.evaluate import cache
from talkdemo.evaluate.cache import System
from talkdemo.evaluate.names import ALL_SYSTEMS, ARTICULATION, LOUDNESS, MEAN, TRUTH
from talkdemo.evaluate.performances import SYSTEM_SEED, motion, perform
from talkdemo.evaluate.references import fingerprint, reference_for
from talkdemo.evaluate.sets import mean_coefficients
from talkdemo.metrics.baselines import loudness_jaw, mean_pose
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, DDIM, DIFFPOSETALK, DIFFUSIONTALKER, DPM_SOLVER, MODELS, Clip, Request

REGRESSOR = Path("runs/regressor.safetensors")


@dataclass(frozen=True)
class Model:
    """Which weights to sample, in how many steps. `checkpoint`: a model of the pipeline, else a checkpoint's name or
    file; `distilled`, `contact`: as in Request."""

    checkpoint: str
    steps: int
    distilled: bool | None = None
    contact: float = 1.0
    sampler: str = DDIM

    @property
    def settings(self) -> dict[str, Any]:
        """Of a request."""
        return {name: getattr(self, name) for name in ("steps", "distilled", "contact", "sampler")}

    @property
    def student(self) -> bool:
        """Whether a distilled model answers."""
        implied = self.distilled is None and self.sampler == DDIM and self.checkpoint in MODELS
        return bool(self.distilled) or (implied and f"{self.checkpoint}-{self.steps}" in checkpoint.installed())

    def weights(self) -> Path:
        """The file it samples from. Raises ValueError when it is not there."""
        return checkpoint.find(f"{self.checkpoint}-{self.steps}" if self.student else self.checkpoint)


def parse_system(name: str) -> Model | None:
    """full-N, student-N (DiffusionTalker), pose-full-N, pose-student-N (DiffPoseTalk), regressor or NAME@N (a model or
    a checkpoint's file); None for a system without weights. Behind a name, "-dpm": sampled by DPM-Solver++(2M);
    "-raw": lips as sampled, without contacts."""
    if name.endswith("-raw"):
        model = parse_system(name.removesuffix("-raw"))
        return model and replace(model, contact=0.0)
    if name.endswith("-dpm"):
        model = parse_system(name.removesuffix("-dpm"))
        return model and replace(model, sampler=DPM_SOLVER)
    if name == "regressor":
        return Model(str(REGRESSOR), 2)
    found = re.fullmatch(r"(pose-)?(full|student)-(\d+)|(\S+)@(\d+)", name)
    if not found:
        return None
    if found[2]:
        return Model(DIFFPOSETALK if found[1] else DIFFUSIONTALKER, int(found[3]), found[2] == "student")
    return Model(found[4], int(found[5]))


def parse_model(name: str, wanted: str) -> Model:
    """As parse_system; raises ValueError, naming what is `wanted`, for a system without weights."""
    model = parse_system(name)
    if model is None:
        raise ValueError(f"got system {name!r}; wanted {wanted}")
    return model


@functools.lru_cache(maxsize=4)
def open_pipeline(name: str) -> SpeechToFace:
    """The pipeline of a model, or one around any single talker checkpoint (name or file).

    Raises ValueError with one sentence when it is not there.
    """
    if name in MODELS:
        return SpeechToFace.load(name)
    if name == str(REGRESSOR) and not REGRESSOR.is_file():
        raise ValueError(f"{REGRESSOR} is not there; `python -m talkdemo train diffusiontalker --regressor` makes it")
    from talkdemo.audio.ssl import open_encoder
    from talkdemo.condition.style import StyleEncoder
    from talkdemo.face.head import FaceModel
    from talkdemo.talker import Talker

    talker, file = Talker.open(name)
    style = StyleEncoder.open(talker.config.style.encoder) if talker.config.style else None
    encoder = open_encoder(talker.config.encoder)
    return SpeechToFace(file.path.stem, encoder, talker, FaceModel.load(), style_encoder=style)


def check_student(model: Model, pipeline: SpeechToFace) -> None:
    """Raises ValueError when a student of so many steps is not installed."""
    if model.distilled and model.sampler != DDIM:
        raise ValueError(f"students were distilled for {DDIM}; {model.sampler} takes full-{model.steps}")
    if model.distilled and model.steps not in pipeline.students:
        have = ", ".join(map(str, pipeline.students)) or "none"
        raise ValueError(f"no student of {model.steps} steps is installed (installed: {have})")


def model_request(model: Model, pipeline: SpeechToFace, clip: Clip, seed: int) -> Request:
    """What a model is asked for a clip: DiffusionTalker its identity and emotion (AUTO for a voice that is no learned
    identity), DiffPoseTalk its reference."""
    request = Request(clip.speech, seed=seed, **model.settings)
    if pipeline.style_encoder is not None:
        return replace(request, reference=reference_for(clip))
    identity = clip.identity if clip.identity in pipeline.identities else AUTO
    return replace(request, identity=identity, emotion=clip.emotion if clip.emotion in pipeline.emotions else "neutral")


def model_system(model: Model, pipeline: SpeechToFace) -> System:
    """A model as a system. Raises ValueError when a student of so many steps is not installed."""
    check_student(model, pipeline)
    return lambda clip, seed: pipeline.animate(model_request(model, pipeline, clip, seed))[0]


def decisive(model: Model, pipeline: SpeechToFace) -> list[object]:
    """What decides a model's motions: hashes of its weights and encoders, its settings (JSON values)."""
    config = pipeline.talker.config
    parts: list[object] = [cache.file_hash(model.weights()), encoder_hash(config.encoder), *astuple(model)[1:]]
    if config.style:
        parts += [cache.file_hash(checkpoint.find(config.style.encoder)), cache.code("reference.py")]
    return parts


def encoder_hash(name: str) -> str:
    """Hash of a speech encoder: a checkpoint, or "ssl:" and a folder or an id on the Hub."""
    if not name.startswith("ssl:"):
        return cache.file_hash(checkpoint.find(name))
    files = sorted(path for path in Path(name.removeprefix("ssl:")).glob("*") if path.is_file())
    return cache.key(name, *map(cache.file_hash, files))


def make_system(name: str, clips: Sequence[Clip]) -> System:
    """The system called `name`. Raises ValueError or FileNotFoundError with one sentence where it is not installed, or
    where these clips do not allow it, before any work."""
    if name == TRUTH:
        if any(clip.motion is None for clip in clips):
            raise ValueError("the set has no true motion")
        return lambda clip, seed: motion(clip)
    if name == ARTICULATION:
        if any(clip.phones is None for clip in clips):
            raise ValueError("the set has no phones")
        return lambda clip, seed: perform(clip, SYSTEM_SEED + seed)
    if name == LOUDNESS:
        return lambda clip, seed: loudness_jaw(clip.speech)
    if name == MEAN:
        pose = mean_coefficients(clips[0].corpus)
        return lambda clip, seed: mean_pose(clip.speech, pose)
    model = parse_model(name, ALL_SYSTEMS)
    pipeline = open_pipeline(model.checkpoint)
    system, parts = model_system(model, pipeline), decisive(model, pipeline)
    if pipeline.style_encoder is None:
        return cache.cached_system(system, parts)
    for clip in clips:
        reference_for(clip)  # raises where its data is absent
    return cache.cached_system(system, parts, lambda clip: fingerprint(reference_for(clip)))
