"""The name of a system in, a function (clip, seed) → Motion out: baselines, teacher, the pipeline's models."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from talkdemo.face import arkit
from talkdemo.metrics.baselines import loudness_jaw, mean_pose
from talkdemo.records import Clip, Motion

System = Callable[[Clip, int], Motion]  # (clip, seed) → motion
TRUTH_SEED, TEACHER_SEED = 1, 2


def teach(clip: Clip, seed: int) -> Motion:
    """The corpus's stochastic teacher on a clip with phones; voices that are no identity get the middle style."""
    from talkdemo.audio.prosody import energy, pitch
    from talkdemo.data.articulation import articulate
    from talkdemo.data.identities import IDENTITIES
    from talkdemo.data.styles import Style

    style = IDENTITIES[clip.identity].style if clip.identity in IDENTITIES else Style()
    key = [seed, *clip.name.encode()]
    generator = np.random.default_rng(key)
    frames = clip.speech.frames
    return articulate(clip.phones, energy(clip.speech), pitch(clip.speech), style, clip.emotion, generator, frames)


def checkpoint_system(name: str, steps: int) -> System:
    """The pipeline with one of its models; a voice that is no learned identity is matched by ear."""
    from talkdemo.pipeline import SpeechToFace

    pipeline = SpeechToFace.load(name)

    def system(clip: Clip, seed: int) -> Motion:
        identity = clip.identity if clip.identity in pipeline.identities else "auto"
        emotion = clip.emotion if clip.emotion in pipeline.emotions else "neutral"
        return pipeline.animate(clip.speech, identity=identity, emotion=emotion, steps=steps, seed=seed)[0]

    return system


def parse_system(name: str) -> tuple[str, int] | None:
    """("diffusiontalker", 50) of "diffusiontalker@50" or "full-50"; None for a system that is no checkpoint."""
    found = re.fullmatch(r"full-(\d+)|([\w.-]+)@(\d+)", name)
    if not found:
        return None
    return ("diffusiontalker", int(found[1])) if found[1] else (found[2], int(found[3]))


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
        return lambda clip, seed: loudness_jaw(clip.speech, arkit.INDEX["jawOpen"])
    if name == "mean":
        pose = mean()
        return lambda clip, seed: mean_pose(clip.speech, pose)
    found = parse_system(name)
    if found is None:
        raise ValueError(f"got system {name!r}; wanted truth, mean, loudness, teacher, full-STEPS or NAME@STEPS")
    return checkpoint_system(*found)
