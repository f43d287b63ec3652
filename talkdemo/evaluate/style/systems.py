"""The systems of style evaluation: models that follow reference clips, at a guidance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from talkdemo.evaluate import cache
from talkdemo.evaluate.names import FOLLOWING_SYSTEMS
from talkdemo.evaluate.references import fingerprint
from talkdemo.evaluate.systems import Model, check_student, decisive, open_pipeline, parse_model
from talkdemo.records import Guidance, Motion, Reference, Request, Speech


@dataclass(frozen=True)
class StyleSystem:
    """One of evaluate.systems' models that follow references."""

    title: str
    model: Model
    guidance: Guidance = field(default_factory=Guidance)

    @classmethod
    def open(cls, name: str) -> StyleSystem:
        """Raises ValueError for the name of a system that follows no references, or that is not installed."""
        model = parse_model(name, FOLLOWING_SYSTEMS)
        pipeline = open_pipeline(model.checkpoint)
        if pipeline.style_encoder is None:
            raise ValueError(f"{model.checkpoint} follows no reference clips; {FOLLOWING_SYSTEMS} is wanted")
        check_student(model, pipeline)
        return cls(name, model)

    def motions(self, speech: Speech, reference: Reference, seed: int = 0, samples: int = 1) -> list[Motion]:
        """`samples` motions from seeds seed, seed + 1, …; cached."""
        model, pipeline = self.model, open_pipeline(self.model.checkpoint)

        def compute() -> dict[str, np.ndarray]:
            request = Request(
                speech, reference=reference, seed=seed, samples=samples, guidance=self.guidance, **model.settings
            )
            return {"tracks": np.stack([motion.tracks for motion in pipeline.animate(request)])}

        guidance = self.guidance.audio, self.guidance.style
        parts = [*decisive(model, pipeline), cache.code(*cache.MOTION_CODE), guidance]
        parts += [fingerprint(reference), cache.array_hash(speech.samples), seed, samples]
        return [Motion.of(tracks) for tracks in cache.cached("followed", parts, compute)["tracks"]]
