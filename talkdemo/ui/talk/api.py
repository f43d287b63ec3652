"""A program's request in, a talking head as files out: the endpoints /talk (an identity) and /talk_like (a clip)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from talkdemo.pipeline import AUTO, Guidance
from talkdemo.records import DEFAULT_STEPS, MAX_STEPS, MIN_STEPS, Stopped
from talkdemo.ui.parts import library
from talkdemo.ui.parts.job import Done
from talkdemo.ui.parts.library import NOBODY
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.reference.own_clip import OWN
from talkdemo.ui.talk.job import Choice, Followed, Learned

if TYPE_CHECKING:
    from talkdemo.ui.talk.tab import TalkTab

MADE = "Returns the video, a Live Link Face CSV, an npz of the motion, and what was done."
TALK = f"Make a 3D head speak in the manner of a learned identity. {MADE}"
TALK_LIKE = (
    "Make a 3D head speak in the manner of a clip: `reference` names one of the gallery; `clip` (a video, a Live Link "
    f"CSV or an npz of ours) is followed instead where it is given. {MADE}"
)


class Endpoints:
    """The two endpoints of a tab; their parameters are the page's components where it has them."""

    def __init__(self, tab: TalkTab, **limits: object) -> None:
        self.tab, self.limits = tab, limits

    def build(self) -> None:
        """To be called inside gr.Blocks, once the form is built."""
        form, who = self.tab.form, self.tab.form.library
        steps = gr.Slider(MIN_STEPS, MAX_STEPS, value=DEFAULT_STEPS, step=1, label="steps", visible=False)
        full = gr.Checkbox(False, label="full: the full model even where a distilled one does it", visible=False)
        given = [
            form.speech, who.identity, form.emotion, form.character, steps, form.seed, full, who.other, who.share,
            form.guidance_audio, form.guidance_style,
        ]  # fmt: skip
        self._open("talk", TALK, self.talk, given)
        if clip := form.references:
            names = [(name, name) for name in clip.names]
            first = gr.Dropdown(names, value=clip.names[0], label="reference", visible=False)
            file = gr.File(label="clip: followed instead of the reference", visible=False)
            second = gr.Dropdown([NOBODY, *clip.names], value=NOBODY, label="blend_with", visible=False)
            given = [
                form.speech, first, form.character, steps, form.seed, full, second, clip.share, clip.head,
                clip.guidance_audio, clip.guidance_style, file,
            ]  # fmt: skip
            self._open("talk_like", TALK_LIKE, self.talk_like, given)

    def _open(self, name: str, about: str, handler: object, given: list) -> None:
        made = [gr.Video(visible=False), gr.File(visible=False), gr.File(visible=False), gr.JSON(visible=False)]
        gr.Button(visible=False).click(handler, given, made, api_name=name, api_description=about, **self.limits)

    def talk(
        self,
        speech: str | None,
        identity: str,
        emotion: str,
        character: str,
        steps: float,
        seed: float,
        full: bool,
        blend_with: str,
        share: float,
        guidance_audio: float,
        guidance_style: float,
        request: gr.Request,
    ) -> Iterator[tuple]:
        """Yields progress, then video, CSV, npz and the summary."""
        if identity == AUTO and blend_with != NOBODY:
            raise gr.Error("auto cannot be part of a blend: two names are wanted.", print_exception=False)
        manner = Learned(library.mix(identity, blend_with, share), emotion)
        how = (character, int(steps), int(seed), False if full else None, Guidance(guidance_audio, guidance_style))
        yield from self._made(speech, manner, how, request)

    def talk_like(
        self,
        speech: str | None,
        reference: str,
        character: str,
        steps: float,
        seed: float,
        full: bool,
        blend_with: str,
        share: float,
        head: bool,
        guidance_audio: float,
        guidance_style: float,
        clip: str | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[tuple]:
        """Yields progress, then video, CSV, npz and the summary."""
        shares = references.mix(OWN if clip else reference, blend_with, share)
        manner = Followed(tuple((Path(clip) if name == OWN else name, weight) for name, weight in shares.items()), head)
        how = (character, int(steps), int(seed), False if full else None, Guidance(guidance_audio, guidance_style))
        yield from self._made(speech, manner, how, request)

    def _made(self, speech: str | None, manner: Learned | Followed, how: tuple, request: gr.Request) -> Iterator[tuple]:
        if speech is None:
            raise gr.Error("There is no speech: a sound or video file is wanted.", print_exception=False)
        try:
            for event in self.tab.run(request.session_hash or "", Choice(Path(speech), manner, *how), outlives=True):
                if isinstance(event, Done):
                    made = event.result
                    yield str(made.video), str(made.csv), str(made.npz), made.summary
                else:
                    yield None, None, None, {"stage": event.stage, "fraction": round(event.fraction, 3)}
        except Stopped:
            raise gr.Error("Stopped.", print_exception=False) from None
