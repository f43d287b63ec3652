"""A program's request in, a portrait with another expression out: the endpoint /express."""

from __future__ import annotations

import logging
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import numpy as np

from talkdemo.records import MAX_AMOUNT
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express.job import EDIT, FACE, MANIFOLD, PRESET, STRAIGHT, Sitting, Wish
from talkdemo.ui.parts import panel

if TYPE_CHECKING:
    from talkdemo.ui.express.tab import ExpressTab

NONE = ""
ABOUT = (
    "Give the face of a photograph another expression: a `preset`, `landmarks` (JSON with width, height and 68 points "
    "of this portrait), or the one of another `photo`; exactly one of the three. `amount` 0 is the portrait, 1 the "
    "expression. Returns the picture (png) and its landmarks."
)


log = logging.getLogger(__name__)


class Endpoint:
    """The endpoint of a tab."""

    def __init__(self, tab: ExpressTab, **limits: object) -> None:
        self.tab, self.limits = tab, limits

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        presets = [(name, name) for name in self.tab.expresser.presets]
        given = [
            gr.File(label="portrait", visible=False),
            gr.Dropdown([("none", NONE), *presets], value=NONE, label="preset", visible=False),
            gr.Slider(0, MAX_AMOUNT, value=1, label="amount", visible=False),
            gr.File(label="landmarks: JSON", visible=False),
            gr.File(label="photo: of another face", visible=False),
            gr.Radio([MANIFOLD, STRAIGHT], value=MANIFOLD, label="along", visible=False),
        ]
        made = [gr.Image(visible=False, type="filepath", format="png"), gr.JSON(visible=False)]
        gr.Button(visible=False).click(
            self.express, given, made, api_name="express", api_description=ABOUT, **self.limits
        )

    def express(
        self,
        portrait: str | None,
        preset: str = NONE,
        amount: float = 1.0,
        landmarks: str | None = None,
        photo: str | None = None,
        along: str = MANIFOLD,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> tuple[str, dict[str, object]]:
        """The picture's file and its landmarks. gr.Error in one sentence for what cannot be used."""
        session = f"{request.session_hash if request else ''}-express"
        folder, stop = self.tab.visits.begin(session, outlives=True)
        kept = False
        try:
            sitting = self._sit(portrait, preset, landmarks, photo, folder)
            drawn = express_job.draw(self.tab.expresser, sitting, amount, along)
            png, _ = express_job.write_result(folder, drawn)
            kept = True
            return str(png), express_job.landmarks(drawn.picture, drawn.points)
        except ValueError as error:
            raise gr.Error(escape(str(error), quote=False), print_exception=False) from error
        except Exception as error:
            log.exception("an expression could not be made")
            raise gr.Error(panel.BROKEN, print_exception=False) from error
        finally:
            self.tab.visits.end(session, folder, stop, keep=kept)
            for path in (portrait, landmarks, photo):
                if path is not None:
                    self.tab.visits.discard(Path(path))

    def _sit(
        self, portrait: str | None, preset: str, landmarks: str | None, photo: str | None, folder: Path
    ) -> Sitting:
        if portrait is None:
            raise ValueError("there is no portrait: a photograph of one face is wanted")
        count = sum((preset != NONE, landmarks is not None, photo is not None))
        if count != 1:
            raise ValueError(f"{count} expressions were given; one of preset, landmarks or photo is wanted")
        face = express_job.open_photo(Path(portrait))
        if preset != NONE:
            wish = Wish(PRESET, preset)
        elif photo is not None:
            wish = Wish(FACE, "that of a photograph", express_job.open_face(Path(photo)))
        else:
            points, (width, height) = express_job.read_landmarks(Path(str(landmarks)))
            scale = np.float32([face.picture.shape[1] / width, face.picture.shape[0] / height])
            return Sitting(face, folder, Wish(EDIT, "landmarks"), points * scale)
        return Sitting(face, folder, wish, express_job.aim(self.tab.expresser, face, wish))
