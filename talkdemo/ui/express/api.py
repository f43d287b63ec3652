"""The endpoint /express for programs: a portrait with another expression."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.gcgan import landmarks
from talkdemo.gcgan.edit import Expresser
from talkdemo.records import MAX_AMOUNT
from talkdemo.ui.express import job as express_job
from talkdemo.ui.express.job import CALLED, EDIT, FACE, LINEAR, MANIFOLD, PRESET, Session, Target
from talkdemo.ui.parts import faces, panel
from talkdemo.ui.parts.visits import Visits

NONE = ""
ABOUT = (
    "Give the face of a photograph another expression: a `preset`, `landmarks` (JSON with width, height and 68 points "
    "of this portrait), or the one of another `photo`; exactly one of the three. `amount` 0 is the portrait, 1 the "
    "expression. Returns the image (png) and its landmarks."
)


class Endpoint:
    """Holds nothing of a request."""

    def __init__(self, expresser: Expresser, visits: Visits) -> None:
        self.expresser, self.visits = expresser, visits

    def build(self, **limits: Any) -> None:
        """To be called inside gr.Blocks."""
        presets = [("none", NONE), *((name, name) for name in self.expresser.presets)]
        inputs = [
            gr.File(label="portrait", visible=False),
            gr.Dropdown(presets, value=NONE, label="preset", visible=False),
            gr.Slider(0, MAX_AMOUNT, value=1, label="amount", visible=False),
            gr.File(label="landmarks: JSON", visible=False),
            gr.File(label="photo: of another face", visible=False),
            gr.Radio([MANIFOLD, LINEAR], value=MANIFOLD, label="along", visible=False),
        ]
        outputs = [gr.Image(visible=False, type="filepath", format="png"), gr.JSON(visible=False)]
        gr.Button(visible=False).click(
            self.express, inputs, outputs, api_name="express", api_description=ABOUT, **limits
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
    ) -> tuple[str, dict[str, Any]]:
        """The image's file and its landmarks. gr.Error in one sentence for what cannot be used."""
        try:
            with self.visits.job(f"{request.session_hash}-express", outlives=True) as job:
                session = self._session(portrait, preset, landmarks, photo, job.folder)
                expression = express_job.express(self.expresser, session, amount, along)
                png, _ = express_job.write_result(job.folder, expression)
                job.finished = True
                return str(png), express_job.as_json(expression)
        except Exception as error:
            raise gr.Error(escape(panel.sentence(error), quote=False), print_exception=False) from error
        finally:
            for path in (portrait, landmarks, photo):
                if path is not None:
                    self.visits.discard(Path(path))

    def _session(
        self, portrait: str | None, preset: str, marks: str | None, photo: str | None, folder: Path
    ) -> Session:
        if portrait is None:
            raise ValueError("there is no portrait: a photograph of one face is wanted")
        count = sum((preset != NONE, marks is not None, photo is not None))
        if count != 1:
            raise ValueError(f"{count} expressions were given; one of preset, landmarks or photo is wanted")
        face = faces.open_photo(Path(portrait))
        if marks is not None:
            return Session(face, folder, Target(EDIT), landmarks.read_own(Path(marks), face, CALLED))
        if photo is not None:
            target = Target(FACE, values=express_job.read_face(Path(photo)))
        else:
            target = Target(PRESET, preset)
        return Session(face, folder, target, express_job.points_of(self.expresser, face, target))
