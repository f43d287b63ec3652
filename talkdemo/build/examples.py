"""Makes the motions of the example clips (assets/examples) that the app shows before anything is sampled.

    python -m talkdemo.build.examples

DiffusionTalker at its default settings speaks every clip of examples/speech. The motions belong to the weights that
made them: run this after replacing audio-encoder or diffusiontalker-8. Takes some seconds.
"""

import hashlib
from pathlib import Path

import numpy as np

from talkdemo.build.images import remove_others
from talkdemo.export import npz
from talkdemo.files import ASSETS, EXAMPLES
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import Motion, Request

FOLDER = ASSETS / "examples"
FINENESS = 8192  # steps per unit (of the head: per radian) that are stored
ENCODER = "audio-encoder"


def make(folder: Path = FOLDER) -> list[Path]:
    """Write one npz for each clip; others in the folder are deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    pipeline, made = SpeechToFace.load(), []
    for clip in sorted(EXAMPLES.glob("speech/*.flac")):
        (motion,) = pipeline.animate(Request(clip))
        weights = {name: digest(name) for name in (ENCODER, motion.meta["checkpoint"])}
        tracks = np.round(motion.tracks * FINENESS) / FINENESS
        path = folder / f"{clip.stem}.npz"
        npz.write(path, [Motion.of(tracks, motion.fps, {**motion.meta, "weights": weights})])
        made.append(path)
    remove_others(folder, [path.stem for path in made], "*")
    return made


def digest(checkpoint: str) -> str:
    """SHA-256 of a shipped checkpoint's file."""
    return hashlib.sha256((ASSETS / "weights" / f"{checkpoint}.safetensors").read_bytes()).hexdigest()


if __name__ == "__main__":
    for one in make():
        print(one)
