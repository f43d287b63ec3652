"""The choices of the tab "Compare": speech and two settings, each with its own model, steps and style."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.compare.settings import Setting, check
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, DIFFPOSETALK, DIFFUSIONTALKER, MAX_SEED, MAX_STEPS, MODEL_TITLES
from talkdemo.ui.compare import vote
from talkdemo.ui.compare.job import Pair
from talkdemo.ui.parts import library
from talkdemo.ui.parts.names import choices
from talkdemo.ui.parts.options import QUICK
from talkdemo.ui.parts.sampling import default_steps, read_steps, steps_input
from talkdemo.ui.parts.speech import NO_SPEECH, speech_input
from talkdemo.ui.reference import gallery as references


class Form:
    """The components. `inputs` are all that a press of Compare hands over, in the order of `read`."""

    def __init__(
        self, pipelines: Mapping[str, SpeechToFace], characters: Sequence[str], examples: Sequence[Path]
    ) -> None:
        self.pipelines, self.characters, self.examples = pipelines, list(characters), examples

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        self.speech, _ = speech_input(self.examples, "td-compare-speech")
        with gr.Row(elem_id="td-sides"):
            model, pipeline = next(iter(self.pipelines.items()))
            self.first = self._side("first", model, MAX_STEPS)
            self.second = self._side("second", model, default_steps(pipeline.students))
        with gr.Row():
            identities = self.pipelines.get(DIFFUSIONTALKER)
            emotions = identities.emotions if identities else ("neutral",)
            self.emotion = gr.Dropdown(
                list(emotions), value=emotions[0], label="Emotion",
                info=f"of {MODEL_TITLES[DIFFUSIONTALKER]}" if len(self.pipelines) > 1 else None, min_width=110,
            )  # fmt: skip
            self.character = gr.Dropdown(
                choices(self.characters), value=self.characters[0], label="Character", min_width=110
            )
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, min_width=110)
        with gr.Row(equal_height=True, elem_id="td-blind"):
            self.blind = gr.Dropdown(
                vote.CHOICES, value=vote.OFF, label="Blind test", info="vote first, names after", min_width=150,
                elem_id="td-blind-question",
            )  # fmt: skip
            self.randomise = gr.Checkbox(True, label="New seed", info="each time", min_width=110)
        with gr.Row(elem_id="td-compare-buttons"):
            self.compare = gr.Button("Compare", variant="primary", scale=3, elem_id="td-compare-go")
            self.stop = gr.Button("Stop", variant="stop", interactive=False, min_width=90, elem_id="td-compare-stop")
        self.inputs = [
            self.speech, *self.first, *self.second, self.emotion, self.character, self.seed, self.randomise, self.blind,
        ]  # fmt: skip
        for model_input, steps, style in (self.first, self.second):
            model_input.change(self.switched, [model_input, steps, style], [steps, style], **QUICK)

    def _side(self, name: str, model: str, steps: int) -> tuple[gr.Dropdown, gr.HTML, gr.Dropdown]:
        """Model, steps and style of one setting."""
        with gr.Column(min_width=140, elem_classes=["td-side", f"td-{name}"]):
            styles = self.styles(model)
            with gr.Row():
                chosen = gr.Dropdown(
                    [(MODEL_TITLES[one], one) for one in self.pipelines], value=model, label=name.capitalize(),
                    min_width=130, elem_id=f"td-{name}-model",
                )  # fmt: skip
                style = gr.Dropdown(
                    styles, value=styles[0][1], label=style_label(model), min_width=130, elem_id=f"td-{name}-who"
                )
            slider = steps_input(steps, self.pipelines[model].students, f"td-{name}-steps")
        return chosen, slider, style

    def styles(self, model: str) -> list[tuple[str, str]]:
        """Title and name of every style a side can have. The first is the default."""
        if model == DIFFPOSETALK:
            return [(references.title(name), name) for name in self.pipelines[model].references]
        names = self.pipelines[model].identities
        return [("auto (my voice)", AUTO), *((library.title(name), name) for name in names)]

    def switched(self, model: str, steps: dict[str, Any], style: str) -> tuple[Any, Any]:
        """Another model on one side: its students, and its styles (the chosen one stays if it can)."""
        styles = self.styles(model)
        value = style if style in [name for _, name in styles] else styles[0][1]
        steps = {**steps, "students": list(self.pipelines[model].students)}
        return steps, gr.update(choices=styles, value=value, label=style_label(model))

    def read(self, speech: str | None, *values: Any, seed: int) -> Pair:
        """What `inputs` hold → the pair. ValueError in one sentence for what cannot be compared."""
        *sides, emotion, character, _, _, blind = values
        if speech is None:
            raise ValueError(NO_SPEECH)
        settings = self._setting(*sides[:3]), self._setting(*sides[3:])
        check(settings, self.pipelines)
        return Pair(Path(speech), settings, emotion, character, seed, "" if blind == vote.OFF else blind)

    def _setting(self, model: str, steps: dict[str, Any], style: str) -> Setting:
        """The three choices of a side → its setting."""
        return Setting(*read_steps(steps, self.pipelines[model].students), model, style)


def style_label(model: str) -> str:
    """What the choice of a style is called."""
    return "Reference" if model == DIFFPOSETALK else "Talking identity"
