"""What the named endpoints share: doors for programs and MCP clients, jobs whose files outlive them, coded errors.

A handler's docstring is what a program or a language model reads: what it does, then Args and Returns.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import gradio as gr

from talkdemo.records import Stopped
from talkdemo.ui.parts import panel
from talkdemo.ui.parts.job import Done, Report, run_job
from talkdemo.ui.parts.turns import MOTION, Turns
from talkdemo.ui.parts.visits import Visits

# The title of an error, and the end of its message in brackets: no file where one is wanted; a value or file that
# cannot be used; stopped; a fault of ours, whose cause stands in the log alone.
CODES = NO_INPUT, BAD_INPUT, STOPPED, FAILED = ("no_input", "bad_input", "stopped", "failed")


class NoInput(ValueError):
    """A file that is wanted was not given."""


def open_endpoint(handler: Callable, inputs: Sequence[Any], outputs: Sequence[Any], **options: Any) -> None:
    """`handler` as the endpoint of its name; to be called inside gr.Blocks."""
    gr.Button(visible=False).click(handler, list(inputs), list(outputs), api_name=handler.__name__, **options)


@contextmanager
def coded() -> Iterator[None]:
    """Whatever goes wrong within is a gr.Error: one sentence and one of CODES."""
    try:
        yield
    except gr.Error:
        raise
    except Stopped:
        raise _error("Stopped.", STOPPED) from None
    except Exception as error:
        code = NO_INPUT if isinstance(error, NoInput) else BAD_INPUT if isinstance(error, ValueError) else FAILED
        raise _error(panel.sentence(error), code) from error


def _error(sentence: str, code: str) -> gr.Error:
    return gr.Error(f"{escape(sentence, quote=False)} [{code}]", title=code, print_exception=False)


def job(
    visits: Visits, request: gr.Request, work: Callable, shown: Callable[[dict], tuple], turns: Turns = MOTION
) -> Generator[tuple, None, Any]:
    """Runs `work(folder, report, stop)`; yields what `shown` makes of its progress, and returns its result. Its files
    stay until they are old: a program fetches them when it likes."""
    for event in run_job(visits, request.session_hash or "", work, outlives=True, turns=turns):
        if isinstance(event, Done):
            return event.result
        if isinstance(event, Report):
            yield shown({"stage": event.stage, "fraction": round(event.fraction, 3), "before": event.before})
    raise Stopped
