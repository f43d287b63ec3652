"""The shipped motions of the examples: there is one for each, and it is what the installed weights give."""

from __future__ import annotations

from talkdemo.build.examples import digest
from talkdemo.records import SAMPLES_PER_FRAME
from talkdemo.ui import app as ui
from talkdemo.ui.talk.examples import open_examples


def test_every_example_is_shipped_and_of_the_installed_weights() -> None:
    """`python -m talkdemo.build.examples` makes them anew, which replaced weights call for."""
    clips = ui.example_clips()
    talks = open_examples(clips)
    assert list(talks) == [clip.stem for clip in clips]
    for clip, talk in zip(clips, talks.values(), strict=True):
        assert talk.sound == clip and talk.example and talk.summary["steps"] == 8 and talk.summary["seed"] == 0
        assert abs(len(talk.speech().samples) / SAMPLES_PER_FRAME - len(talk.motion)) < 1
        for name, known in talk.motion.meta["weights"].items():
            assert digest(name) == known, f"{clip.stem} was made with another {name}: python -m talkdemo.build.examples"
