"""A name or a file in, a Reference out: the clips whose manner DiffPoseTalk follows.

The gallery is shipped (assets/references, made by `python -m talkdemo references --make`); a file is a video (tracked
by face.track), a Live Link Face CSV, or an npz of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from talkdemo.records import Reference


def gallery() -> Mapping[str, object]:
    """The shipped references by name, in the order in which they are shown."""
    return {}


def open_reference(given: Reference | Path | str) -> Reference:
    """Raises ValueError with one sentence for what cannot be used."""
    raise NotImplementedError
