"""The endpoint /track for programs: the motion of a face in a video, or the landmarks of a photograph."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.export import livelink, npz
from talkdemo.face.track.photo import is_photo, photo_landmarks
from talkdemo.records import Progress
from talkdemo.ui.parts.endpoint import NoInput, coded, job, open_endpoint
from talkdemo.ui.parts.options import JOBS
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference.own_clip import CALLED


class Endpoint:
    """Holds nothing of a request."""

    def __init__(self, visits: Visits) -> None:
        self.visits = visits

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        clip = gr.File(label="clip: a video or a photograph", visible=False)
        mirrored = gr.Checkbox(False, label="mirrored", visible=False)
        files = [gr.File(label=kind, visible=False) for kind in ("csv", "npz")]
        open_endpoint(self.track, [clip, mirrored], [*files, gr.JSON(label="seen", visible=False)], **JOBS)

    def track(
        self,
        clip: str | None = None,
        mirrored: bool = False,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[tuple]:
        """Measure a face: of a video, the motion (52 ARKit blendshapes and head rotation at 25 frames a second); of a
        photograph, its 68 landmarks.

        Args:
            clip: 1 s to 10 min of one face as video, or a photograph of one face
            mirrored: the video is a mirror image (text in it reads backwards): left and right are swapped back
        Returns:
            the motion as Live Link Face CSV; nothing of a photograph
            the motion as npz: coefficients (T, 52), names, head (T, 3) in radians, fps; nothing of a photograph
            what was seen; of a photograph: width, height and the landmarks
        """
        with coded():
            try:
                if clip is None:
                    raise NoInput("there is no clip: a video or a photograph of one face is wanted")
                work = partial(measure, Path(clip), mirrored)
                made = yield from job(self.visits, request, work, lambda told: (None, None, told))
                yield made
            finally:
                if clip is not None:
                    self.visits.discard(Path(clip))


def measure(
    clip: Path, mirrored: bool, folder: Path, report: Progress, stop: threading.Event
) -> tuple[str | None, str | None, dict[str, Any]]:
    """CSV, npz and what was seen. ValueError in one sentence that names neither the file nor our folders."""
    from talkdemo.face.track.video import track  # needs the landmarker, which takes seconds to import

    if is_photo(clip):
        return None, None, photo_landmarks(clip, CALLED).as_dict()
    tracked = track(clip, name=CALLED, mirrored=mirrored, progress=report, stop=stop)
    csv, archive = folder / "tracked.csv", folder / "tracked.npz"
    livelink.write(csv, tracked.motion)
    npz.write(archive, [tracked.motion])
    return str(csv), str(archive), tracked.figures()
