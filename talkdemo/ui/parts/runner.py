"""A button that starts a job, one that stops it, and a panel that shows how it goes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from talkdemo.records import Stopped
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import WAITING, Done, Piece, Report, Reporter, run_job
from talkdemo.ui.parts.options import JOBS, PRIVATE, QUICK, Page
from talkdemo.ui.parts.turns import MOTION, Turns
from talkdemo.ui.parts.visits import Visits


class Runner:
    """The base of what runs jobs. Handlers are plain methods and generators: tests call them."""

    start: gr.Button
    cancel: gr.Button
    panel: gr.HTML

    def __init__(self, visits: Visits, suffix: str = "", turns: Turns = MOTION) -> None:
        """`suffix`: of the session's name, so that Stop elsewhere on the page leaves these jobs alone."""
        self.visits, self.suffix, self.turns = visits, suffix, turns

    def session(self, request: gr.Request) -> str:
        return f"{request.session_hash}{self.suffix}"

    def waiting(self, request: gr.Request, stages: Mapping[str, str]) -> Page:
        """The start button, at once: the job itself may have to wait in the queue."""
        self.visits.resume(self.session(request))
        return {**self.working(True), self.panel: panel.progress(Report(WAITING, 0.0), stages)}

    def refused(self, request: gr.Request) -> Page:
        """The job never started: it was stopped while it waited, or the queue is full."""
        stopped = self.visits.was_stopped(self.session(request))
        return self.ended(panel.stopped() if stopped else panel.failed(panel.TOO_MANY))

    def stop(self, request: gr.Request) -> Page:
        """The stop button: stops this visitor's job; gradio closes its generator."""
        self.visits.stop(self.session(request))
        return self.ended(panel.stopped())

    def run(
        self,
        request: gr.Request,
        work: Callable[[Path, Reporter, threading.Event], Any],
        stages: Mapping[str, str],
        finished: Callable[[Any], Page],
        shown: Callable[[Any], Page] | None = None,
    ) -> Iterator[Page]:
        """Yield what changes on the page: progress, `shown` of each piece, then `finished` of the result, or why there
        is none."""
        try:
            for event in run_job(self.visits, self.session(request), work, turns=self.turns):
                if isinstance(event, Done):
                    yield {**self.working(False), **finished(event.result)}
                elif isinstance(event, Piece):
                    if shown:
                        yield shown(event.content)
                else:
                    yield {self.panel: panel.progress(event, stages)}
        except Stopped:
            yield self.ended(panel.stopped())
        except Exception as error:
            yield self.ended(panel.failed(panel.sentence(error)))

    def working(self, yes: bool) -> Page:
        """Which of the two buttons can be pressed."""
        return {self.start: gr.Button(interactive=not yes), self.cancel: gr.Button(interactive=yes)}

    def ended(self, html: str) -> Page:
        """No job runs; the panel says why."""
        return {**self.working(False), self.panel: html}

    def connect_job(
        self,
        pressed: Callable[..., Page],
        job: Callable[..., Iterator[Page]],
        inputs: Any,
        outputs: list,
        first: Any = None,
        *,
        emptied: Sequence[Any] = (),
        after: tuple[Any, Callable[..., Iterator[Page]], Any] | None = None,
    ) -> Any:
        """`pressed` gets the components `first`, `job` gets `inputs`; `outputs` are what it may change beside buttons
        and panel, `emptied` what Stop may. `after`: an event that a job with inputs of its own follows without a press.

        Returns the event of the job."""
        buttons = [self.start, self.cancel, self.panel]
        outputs = [*buttons, *outputs]
        click = self.start.click(pressed, first, buttons, trigger_mode="once", scroll_to_output=True, **QUICK)
        events = [click.then(job, inputs, outputs, **PRIVATE, **JOBS)]
        if after:
            before, *how = after
            events.append(before.then(*how, outputs, trigger_mode="multiple", **PRIVATE, **JOBS))
        for event in events:
            event.failure(self.refused, None, buttons, **QUICK)
        self.cancel.click(self.stop, None, [*buttons, *emptied], cancels=events, **QUICK)
        return events[0]
