"""The examples' shipped motions, by talkdemo.build.examples: what a visitor sees before anything is sampled."""

from collections.abc import Sequence
from pathlib import Path

from talkdemo.export import npz, summary
from talkdemo.files import ASSETS
from talkdemo.ui.talk.job import Talk

FOLDER = ASSETS / "examples"


def open_examples(clips: Sequence[Path]) -> dict[str, Talk]:
    """By the clip's name and in the order of the clips; clips without a shipped motion are left out."""
    shipped = {clip.stem: (clip, FOLDER / f"{clip.stem}.npz") for clip in clips}
    return {name: _open(clip, motion) for name, (clip, motion) in shipped.items() if motion.is_file()}


def _open(clip: Path, path: Path) -> Talk:
    (motion,) = npz.read(path)
    return Talk(motion, clip, summary.summarise([motion]), f"example-{clip.stem}", example=True)
