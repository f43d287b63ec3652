"""The choices of the tab "Talk": components in, one press of Generate as a record out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.pipeline import AUTO, DEFAULT_GUIDANCE, Guidance
from talkdemo.records import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MIN_STEPS
from talkdemo.reference import gallery
from talkdemo.ui.parts import library
from talkdemo.ui.parts.speech import NO_SPEECH, speech_input, title
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.chooser import ReferenceChooser
from talkdemo.ui.talk.job import IDENTITY, REFERENCE, Choice, Followed, Learned, Talker

STEPS_OF_FULL = 64  # where the slider of the full model stands at first
DISTILLED, FULL = "distilled-", "full"  # values of the choice "Sampling": distilled-8, …, full
MODELS = {  # two lines each: the style sheet shows the first as a title
    IDENTITY: "DiffusionTalker\nA learned identity, or the mix of them that fits your voice",
    REFERENCE: "DiffPoseTalk\nIn the manner of a clip: anybody's way of talking, head movements too",
}
QUICK = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


class Form:
    """The components. `inputs` are all that a press of Generate hands over."""

    def __init__(
        self, talkers: Mapping[str, Talker], visits: Visits, characters: Sequence[str], examples: Sequence[Path]
    ) -> None:
        self.talkers = {name: talker for name, talker in talkers.items() if name != REFERENCE or gallery()}
        self.characters, self.examples = list(characters), list(examples)
        self.talker = next(iter(self.talkers.values()))
        self.references = ReferenceChooser(self.talkers[REFERENCE], visits) if REFERENCE in self.talkers else None

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        self.model = gr.Radio(
            [(MODELS[name], name) for name in self.talkers], value=next(iter(self.talkers)), label="Model",
            visible=len(self.talkers) > 1, elem_id="td-system",
        )  # fmt: skip
        self.speech = speech_input(self.examples, "td-speech")
        with gr.Column(elem_id="td-learned", elem_classes="td-group-of") as self.learned:
            self.library = library.Library(self.talker.identities)
            self.library.build()
            self.emotion = gr.Dropdown(
                [("auto (from the voice)", AUTO), *((name, name) for name in self.talker.emotions)],
                value=self.talker.emotions[0], label="Emotion", min_width=120,
            )  # fmt: skip
        with gr.Column(visible=False, elem_id="td-followed", elem_classes="td-group-of") as self.followed:
            if self.references:
                self.references.build()
        self.character = gr.Radio(
            [(title(name), name) for name in self.characters],
            value=self.characters[0], label="Character", elem_id="td-character",
        )  # fmt: skip
        with gr.Row(elem_id="td-buttons"):
            self.generate = gr.Button("Generate", variant="primary", scale=3, elem_id="td-generate")
            self.stop = gr.Button("Stop", variant="stop", interactive=False, min_width=90, elem_id="td-stop")
        with gr.Accordion("Advanced", open=False, elem_id="td-advanced"):
            self._advanced()
        self._connect()

    def _advanced(self) -> None:
        students = self.talker.students
        self.sampling = gr.Radio(
            samplings(students), value=first_model(students), visible=bool(students), label="Sampling",
            elem_id="td-sampling",
        )  # fmt: skip
        self.steps = gr.Slider(
            MIN_STEPS, MAX_STEPS, value=STEPS_OF_FULL if students else DEFAULT_STEPS, step=1, label="Sampling steps",
            info="of the full model: more take longer", visible=not students, elem_id="td-steps",
        )  # fmt: skip
        at_first = DEFAULT_GUIDANCE[IDENTITY]
        with gr.Column(elem_classes="td-group-of") as self.guidance:
            weights = {"minimum": 0, "maximum": MAX_GUIDANCE, "step": 0.05}
            self.guidance_audio = gr.Slider(
                **weights, value=at_first.audio, label="Guidance by the speech",
                info="1 is plain; more makes the mouth follow it harder",
            )  # fmt: skip
            self.guidance_style = gr.Slider(
                **weights, value=at_first.style, label="Guidance by the style",
                info="1 is plain; more exaggerates identity and emotion",
            )  # fmt: skip
        with gr.Row(equal_height=True, elem_id="td-seed"):
            self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED, min_width=120)
            self.randomise = gr.Checkbox(True, label="New seed each time", min_width=120)

    def _connect(self) -> None:
        self.inputs = {
            self.model, self.speech, self.library.identity, self.library.other, self.library.share, self.emotion,
            self.character, self.sampling, self.steps, self.guidance_audio, self.guidance_style, self.seed,
            self.randomise,
        }  # fmt: skip
        self.sampling.change(lambda chosen: gr.Slider(visible=chosen == FULL), self.sampling, self.steps, **QUICK)
        self.model.change(
            self.switched, self.model, [self.learned, self.followed, self.guidance, self.sampling, self.steps], **QUICK
        )
        if clip := self.references:
            self.inputs |= {
                clip.reference, clip.other, clip.share, clip.own, clip.head, clip.guidance_audio, clip.guidance_style
            }  # fmt: skip
            clip.connect(self.character)

    def switched(self, model: str) -> tuple:
        """The other model: what belongs to it is shown, what does not is hidden."""
        students, follows = self.talkers[model].students, model == REFERENCE
        first = first_model(students)
        return (
            gr.Column(visible=not follows),
            gr.Column(visible=follows),
            gr.Column(visible=not follows),
            gr.Radio(samplings(students), value=first, visible=bool(students)),
            gr.Slider(visible=first == FULL),
        )

    def read(self, given: Mapping[gr.components.Component, Any], seed: int) -> Choice:
        """What every component of `inputs` holds → the choice. ValueError in one sentence for what is missing."""
        if given[self.speech] is None:
            raise ValueError(NO_SPEECH)
        steps, distilled = read_model(given[self.sampling], given[self.steps])
        clip = self.references if given[self.model] == REFERENCE else None
        if clip:
            held = (given[part] for part in (clip.reference, clip.other, clip.share, clip.own))
            manner: Learned | Followed = Followed(clip.read(*held), given[clip.head])
        else:
            held = (given[part] for part in (self.library.identity, self.library.other, self.library.share))
            manner = Learned(library.mix(*held), given[self.emotion])
        weights = clip or self
        guidance = Guidance(given[weights.guidance_audio], given[weights.guidance_style])
        return Choice(Path(given[self.speech]), manner, given[self.character], steps, seed, distilled, guidance)


def samplings(students: Sequence[int]) -> list[tuple[str, str]]:
    """The choice "Sampling": the distilled models by their steps, then the full one."""
    fast = [(f"{n} steps, distilled (fast)", f"{DISTILLED}{n}") for n in sorted(students, reverse=True)]
    return [*fast, ("full model", FULL)]


def first_model(students: Sequence[int]) -> str:
    """The choice made at first: the student of DEFAULT_STEPS, else the one of most steps, else the full model."""
    if not students:
        return FULL
    return f"{DISTILLED}{DEFAULT_STEPS if DEFAULT_STEPS in students else max(students)}"


def read_model(model: str, steps: float) -> tuple[int, bool]:
    """The two choices "Sampling" and "Sampling steps" → steps, and whether the student of so many is wanted."""
    return (int(steps), False) if model == FULL else (int(model.removeprefix(DISTILLED)), True)
