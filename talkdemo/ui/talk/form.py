"""The choices of the tab "Talk": components, and what they hold as a request."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import SpeechToFace
from talkdemo.records import AUTO, DIFFPOSETALK, DIFFUSIONTALKER, MAX_SEED, MODEL_TITLES, Guidance, Request
from talkdemo.ui.parts import library, panel
from talkdemo.ui.parts.names import choices
from talkdemo.ui.parts.options import PLAIN, QUICK, Page
from talkdemo.ui.parts.pace import Paces
from talkdemo.ui.parts.sampling import default_steps, guidance_sliders, read_steps, steps_input, steps_value
from talkdemo.ui.parts.speech import NO_SPEECH, speech_input
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.chooser import ReferenceChooser
from talkdemo.ui.talk import address
from talkdemo.ui.talk.preview import Previews

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
        self.paces = Paces(pipelines)

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        self.ignored = gr.HTML(visible=False, elem_id="td-ignored", **PLAIN)
        self.model = gr.Radio(  # two lines each: the style sheet shows the first as a title
            [(f"{MODEL_TITLES[name]}\n{ABOUT[name]}", name) for name in self.pipelines],
            value=next(iter(self.pipelines)), label="Model", visible=len(self.pipelines) > 1, elem_id="td-system",
        )  # fmt: skip
        with gr.Column(elem_id="td-steps-group"):
            students = self.pipeline.students
            self.steps = steps_input(default_steps(students), students, "td-steps")
            self.expected = gr.HTML(elem_id="td-expected", **PLAIN)
        self.speech, self.picked = speech_input(self.examples, "td-speech")
        with gr.Column(elem_id="td-learned", elem_classes="td-group-of") as self.learned:
            self.library = library.Library(self.pipeline.identities)
            self.library.build()
            self.emotion = gr.Dropdown(
                list(self.pipeline.emotions), value=self.pipeline.emotions[0], label="Emotion", min_width=120,
            )  # fmt: skip
        with gr.Column(visible=False, elem_id="td-followed", elem_classes="td-group-of") as self.followed:
            if self.references:
                self.references.build()
        self.character = gr.Radio(
            choices(self.characters), value=self.characters[0], label="Character", elem_id="td-character"
        )
        Previews().build(self.character)
        with gr.Row(elem_id="td-buttons"):
            self.generate = gr.Button("Generate", variant="primary", scale=3, elem_id="td-generate")
            self.stop = gr.Button("Stop", variant="stop", interactive=False, min_width=90, elem_id="td-stop")
        with gr.Accordion("Advanced", open=False, elem_id="td-advanced"):
            self._advanced()
        self.link = gr.Button("Copy link", size="sm", elem_id="td-link")
        self._connect()

    def _advanced(self) -> None:
        with gr.Column(elem_classes="td-group-of") as self.guidance_group:
            self.guidance = guidance_sliders("td-learned-guidance", "more exaggerates identity and emotion")
        with gr.Row(equal_height=True, elem_id="td-seed"):
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, min_width=120)
            self.randomise = gr.Checkbox(True, label="New seed each time", min_width=120)

    def _connect(self) -> None:
        self.inputs = {
            self.model, self.speech, *self.library.inputs, self.emotion, self.character, self.steps, *self.guidance,
            self.seed, self.randomise,
        }  # fmt: skip
        shown = [self.learned, self.followed, self.guidance_group, self.steps]
        self.model.change(self.switched, [self.model, self.steps], shown, **QUICK)
        guidance: list[Any] = [*self.guidance]
        if clip := self.references:
            self.inputs |= {*clip.inputs, clip.head, *clip.guidance}
            guidance += clip.guidance
            clip.connect(self.character)
        changes = [one.change for one in (self.model, self.steps, *guidance)]
        gr.on(changes, self.expect, [self.model, self.steps, *guidance], self.expected, **QUICK)
        self._connect_address()

    def _connect_address(self) -> None:
        """The address follows the settings, in the browser alone."""
        clip = self.references
        held: dict[str, Any] = {
            "model": self.model, **dict(zip(("identity", "other", "share"), self.library.inputs, strict=True)),
            "emotion": self.emotion, "steps": self.steps, "seed": self.seed, "randomise": self.randomise,
            "character": self.character,
            **({"reference": clip.reference, "clipOther": clip.other, "clipShare": clip.share} if clip else {}),
        }  # fmt: skip
        script = f"(...values) => talkdemoAddress.%s(Object.fromEntries({list(held)}.map((k, i) => [k, values[i]])))"
        components = list(held.values())
        gr.on([one.change for one in components], None, components, None, js=script % "write", **QUICK)
        self.link.click(None, components, None, js=script % "copy", **QUICK)
        self.restored = [self.ignored, self.expected, *components]

    def restore(self, request: gr.Request) -> Page:
        """The page is opened: the settings that its address holds, and one sentence on those that cannot be used."""
        clip = self.references
        identities, styles = self.pipeline.identities, clip.names if clip else ()
        query = dict(request.query_params)
        model = query.get("model", "")
        model = model if model in self.pipelines else next(iter(self.pipelines))
        known = {
            "model": self.pipelines, "identity": (AUTO, *identities), "reference": styles, "character": self.characters,
            "emotion": self.pipeline.emotions, "blend": styles if model == DIFFPOSETALK else identities,
        }  # fmt: skip
        values, bad = address.read(query, known)
        students = self.pipelines[model].students
        steps = values.get("steps", default_steps(students))
        page: Page = {
            self.expected: self.paces.sentence(model, *read_steps({**values, "steps": steps}, students), Guidance()),
            self.ignored: gr.HTML(panel.note(address.sentence(bad)), visible=bool(bad)),
        }
        if "steps" in values or "full" in values:
            page[self.steps] = steps_value(steps, values.get("full", False), students)
        if "seed" in values:
            page |= {self.seed: values["seed"], self.randomise: False}
        second = clip if clip and model == DIFFPOSETALK else self.library
        places = {
            "model": self.model, "identity": self.library.identity, "emotion": self.emotion,
            "character": self.character, "blend": second.other, "share": second.share,
            **({"reference": clip.reference} if clip else {}),
        }  # fmt: skip
        return page | {place: values[name] for name, place in places.items() if name in values}

    def expect(self, model: str, steps: dict[str, Any], *guidance: float) -> str:
        """Other steps, another model, another guidance: what is to be expected of them."""
        audio, style = guidance[-2:] if model == DIFFPOSETALK else guidance[:2]
        try:
            chosen = read_steps(steps, self.pipelines[model].students)
        except ValueError as error:
            return panel.failed(str(error))
        return self.paces.sentence(model, *chosen, Guidance(audio, style))

    def switched(self, model: str, steps: dict[str, Any]) -> tuple:
        """The other model: what belongs to it is shown, what does not is hidden; the steps stay."""
        learned = model == DIFFUSIONTALKER
        return (
            gr.Column(visible=learned),
            gr.Column(visible=not learned),
            gr.Column(visible=learned),
            {**steps, "students": list(self.pipelines[model].students)},
        )

    def read(self, values: Mapping[gr.components.Component, Any], seed: int) -> Request:
        """What every component of `inputs` holds → the request. ValueError in one sentence for what is missing."""
        if values[self.speech] is None:
            raise ValueError(NO_SPEECH)
        steps, distilled = read_steps(values[self.steps], self.pipelines[values[self.model]].students)
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
