"""The choices of the tab "Talk": components, and what they hold as a request."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.records import (
    AUTO,
    DEFAULT_STEPS,
    DIFFPOSETALK,
    DIFFUSIONTALKER,
    MAX_SEED,
    MODEL_TITLES,
    Guidance,
    Request,
)
from talkdemo.ui.parts import library
from talkdemo.ui.parts.names import choices
from talkdemo.ui.parts.options import QUICK
from talkdemo.ui.parts.sampling import (
    FULL,
    default_sampling,
    guidance_sliders,
    read_sampling,
    samplings,
    steps_slider,
)
from talkdemo.ui.parts.speech import NO_SPEECH, speech_input
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.chooser import ReferenceChooser

STEPS_OF_FULL = 64  # where the slider of the full model stands at first
ABOUT = {
    DIFFUSIONTALKER: "A learned identity, or the mix that matches your voice",
    DIFFPOSETALK: "Style from a reference clip, head motion included",
}


class Form:
    """The components. `inputs` are all that a press of Generate hands over."""

    def __init__(
        self, pipelines: Mapping[str, SpeechToFace], visits: Visits, characters: Sequence[str], examples: Sequence[Path]
    ) -> None:
        self.pipelines, self.characters, self.examples = pipelines, list(characters), list(examples)
        self.pipeline = next(iter(pipelines.values()))
        self.references = ReferenceChooser(pipelines[DIFFPOSETALK], visits) if DIFFPOSETALK in pipelines else None

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        self.model = gr.Radio(  # two lines each: the style sheet shows the first as a title
            [(f"{MODEL_TITLES[name]}\n{ABOUT[name]}", name) for name in self.pipelines],
            value=next(iter(self.pipelines)), label="Model", visible=len(self.pipelines) > 1, elem_id="td-system",
        )  # fmt: skip
        self.speech = speech_input(self.examples, "td-speech")
        with gr.Column(elem_id="td-learned", elem_classes="td-group-of") as self.learned:
            self.library = library.Library(self.pipeline.identities)
            self.library.build()
            self.emotion = gr.Dropdown(
                [("auto (from the voice)", AUTO), *((name, name) for name in self.pipeline.emotions)],
                value=self.pipeline.emotions[0], label="Emotion", min_width=120,
            )  # fmt: skip
        with gr.Column(visible=False, elem_id="td-followed", elem_classes="td-group-of") as self.followed:
            if self.references:
                self.references.build()
        self.character = gr.Radio(
            choices(self.characters), value=self.characters[0], label="Character", elem_id="td-character"
        )
        with gr.Row(elem_id="td-buttons"):
            self.generate = gr.Button("Generate", variant="primary", scale=3, elem_id="td-generate")
            self.stop = gr.Button("Stop", variant="stop", interactive=False, min_width=90, elem_id="td-stop")
        with gr.Accordion("Advanced", open=False, elem_id="td-advanced"):
            self._advanced()
        self._connect()

    def _advanced(self) -> None:
        students = self.pipeline.students
        self.sampling = gr.Radio(
            samplings(students), value=default_sampling(students), visible=bool(students), label="Sampling",
            elem_id="td-sampling",
        )  # fmt: skip
        first = STEPS_OF_FULL if students else DEFAULT_STEPS
        self.steps = steps_slider(first, "td-steps", not students, "of the full model: more take longer")
        with gr.Column(elem_classes="td-group-of") as self.guidance_group:
            self.guidance = guidance_sliders("td-learned-guidance", "more exaggerates identity and emotion")
        with gr.Row(equal_height=True, elem_id="td-seed"):
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, min_width=120)
            self.randomise = gr.Checkbox(True, label="New seed each time", min_width=120)

    def _connect(self) -> None:
        self.inputs = {
            self.model, self.speech, *self.library.inputs, self.emotion, self.character, self.sampling, self.steps,
            *self.guidance, self.seed, self.randomise,
        }  # fmt: skip
        self.sampling.change(lambda chosen: gr.Slider(visible=chosen == FULL), self.sampling, self.steps, **QUICK)
        shown = [self.learned, self.followed, self.guidance_group, self.sampling, self.steps]
        self.model.change(self.switched, self.model, shown, **QUICK)
        if clip := self.references:
            self.inputs |= {*clip.inputs, clip.head, *clip.guidance}
            clip.connect(self.character)

    def switched(self, model: str) -> tuple:
        """The other model: what belongs to it is shown, what does not is hidden."""
        students, learned = self.pipelines[model].students, model == DIFFUSIONTALKER
        first = default_sampling(students)
        return (
            gr.Column(visible=learned),
            gr.Column(visible=not learned),
            gr.Column(visible=learned),
            gr.Radio(samplings(students), value=first, visible=bool(students)),
            gr.Slider(visible=first == FULL),
        )

    def read(self, values: Mapping[gr.components.Component, Any], seed: int) -> Request:
        """What every component of `inputs` holds → the request. ValueError in one sentence for what is missing."""
        if values[self.speech] is None:
            raise ValueError(NO_SPEECH)
        steps, distilled = read_sampling(values[self.sampling], values[self.steps])
        clip = self.references if values[self.model] == DIFFPOSETALK else None
        style: dict[str, Any]
        if clip:
            style = {"reference": clip.read(*(values[one] for one in clip.inputs)), "head": values[clip.head]}
        else:
            identity = library.read_identity(*(values[one] for one in self.library.inputs))
            style = {"identity": identity, "emotion": values[self.emotion]}
        return Request(
            Path(values[self.speech]), values[self.model], steps=steps, distilled=distilled, seed=seed,
            guidance=Guidance(*(values[one] for one in (clip or self).guidance)), character=values[self.character],
            **style,
        )  # fmt: skip
