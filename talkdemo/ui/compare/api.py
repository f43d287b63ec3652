"""The endpoint /compare for programs: one speech under two settings."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.compare.settings import Setting
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, DEFAULT_STEPS, MAX_SEED, MAX_STEPS
from talkdemo.ui.compare.job import Pair, draw, run
from talkdemo.ui.parts.endpoint import NoInput, coded, job, open_endpoint
from talkdemo.ui.parts.options import JOBS
from talkdemo.ui.parts.sampling import steps_slider
from talkdemo.ui.parts.turns import VIDEO
from talkdemo.ui.parts.visits import Visits

OWN_CHOICE = ""  # the style is left to the model


class Endpoint:
    """Holds nothing of a request."""

    def __init__(self, pipelines: Mapping[str, SpeechToFace], visits: Visits, characters: Sequence[str]) -> None:
        self.pipelines, self.visits, self.characters = pipelines, visits, list(characters)

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        models = list(self.pipelines)
        known = [name for one in self.pipelines.values() for name in (*one.identities, *one.references)]
        styles = [OWN_CHOICE, AUTO, *dict.fromkeys(known)]
        emotions = list(next((one.emotions for one in self.pipelines.values() if one.emotions), ("neutral",)))

        def side(steps: int) -> list[Any]:
            return [
                gr.Dropdown(models, value=models[0], label="model", visible=False),
                steps_slider(steps),
                gr.Checkbox(False, label="full model", visible=False),
                gr.Dropdown(styles, value=OWN_CHOICE, label="style", visible=False),
            ]

        inputs = [
            gr.Audio(type="filepath", label="speech", visible=False),
            *side(MAX_STEPS),
            *side(DEFAULT_STEPS),
            gr.Dropdown(emotions, value=emotions[0], label="emotion", visible=False),
            gr.Dropdown(self.characters, value=self.characters[0], label="character", visible=False),
            gr.Number(0, precision=0, minimum=0, maximum=MAX_SEED, label="seed", visible=False),
            gr.Checkbox(False, label="video", visible=False),
        ]
        outputs = [
            gr.Video(label="video", visible=False),
            gr.File(label="first", visible=False),
            gr.File(label="second", visible=False),
            gr.JSON(label="figures", visible=False),
        ]
        open_endpoint(self.compare, inputs, outputs, **JOBS)

    def compare(
        self,
        speech: str | None,
        model: str,
        steps: float,
        full: bool,
        style: str,
        second_model: str,
        second_steps: float,
        second_full: bool,
        second_style: str,
        emotion: str,
        character: str,
        seed: float,
        video: bool = False,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[tuple]:
        """Animate one speech under two settings and measure how the motions differ: distance of lips, when they close,
        seconds. The settings may differ in model, sampling steps or style.

        Args:
            speech: the speech, 0.2 s to 10 min: any sound or video file
            model: of the first setting
            steps: of the first setting, 2 to 512
            full: the full model of the first setting even where there is a student of so many steps
            style: of the first setting: an identity, auto, or a reference; empty: the model's own choice
            second_model: of the second setting
            second_steps: of the second setting, 2 to 512
            second_full: the full model of the second setting even where there is a student
            second_style: of the second setting
            emotion: of the performance, for the model that takes one
            character: whose head is drawn
            seed: the same seed gives the same motions
            video: draw both heads side by side as mp4 too, which takes longer than the motions
        Returns:
            the video (mp4, none unless asked for)
            the first motion as npz
            the second motion as npz
            the figures of the comparison
        """
        with coded():
            if speech is None:
                raise NoInput("There is no speech: a sound or video file is wanted.")
            sides = (
                Setting.choose(int(count), self.pipelines[name].students, whole, name, who or None)
                for name, count, whole, who in (
                    (model, steps, full, style),
                    (second_model, second_steps, second_full, second_style),
                )
            )
            first, second = sides
            pair = Pair(Path(speech), (first, second), emotion, character, int(seed))

            def waiting(told: dict[str, Any]) -> tuple:
                return None, None, None, told

            made = yield from job(self.visits, request, partial(run, self.pipelines, pair), waiting)
            archives = [str(path) for path in made.archives]
            film = None
            if video:
                work = partial(draw, made, False)
                film = yield from job(self.visits, request, work, lambda told: (None, *archives, told), VIDEO)
            yield str(film) if film else None, *archives, made.record
