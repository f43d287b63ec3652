"""A video that is drawn after the motion, behind all motion: by itself, or when it is asked for."""

import gradio as gr

from talkdemo.ui.parts.options import Page
from talkdemo.ui.parts.runner import Runner
from talkdemo.ui.parts.turns import VIDEO
from talkdemo.ui.parts.visits import Visits

STAGES = {"render": "Render video"}


class Film(Runner):
    """The base of what draws the video of a talk or of a comparison."""

    def __init__(self, visits: Visits, suffix: str) -> None:
        super().__init__(visits, suffix, VIDEO)

    def buttons(self, elem_id: str, min_width: int, scale: int | None = None) -> None:
        """The two buttons; to be called inside gr.Row."""
        self.start = gr.Button("Make the video", size="sm", scale=scale, min_width=100, elem_id=f"{elem_id}-make")
        self.cancel = gr.Button(
            "Stop", variant="stop", size="sm", interactive=False, min_width=min_width, elem_id=f"{elem_id}-stop"
        )

    def replaced(self, request: gr.Request) -> None:
        """What is drawn goes: so does the job that draws it."""
        self.visits.stop(self.session(request))

    def pressed(self, request: gr.Request) -> Page:
        """The button Make the video, at once."""
        return self.waiting(request, STAGES)
