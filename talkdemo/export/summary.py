"""Summarises a run as JSON: model, steps, network evaluations, seed, style, seconds per stage, frames, files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from talkdemo.export.npz import plain
from talkdemo.files import replacing
from talkdemo.records import STAGES, Motion, Outputs


def summarise(
    motions: Sequence[Motion], seconds: Mapping[str, float] | None = None, **more: object
) -> dict[str, object]:
    """The summary of K motions of one speech.

    `seconds` adds or replaces stages of the first motion's own record ("face", "render", "mux" of a video); "total" is
    their sum unless given. `more` are further entries (character, outputs …); None is left out.
    """
    meta = dict(motions[0].meta)
    measured = {**dict(meta.pop("seconds", {})), **(seconds or {})}
    times = {stage: round(float(measured[stage]), 4) for stage in (*STAGES, "total") if stage in measured}
    times.setdefault("total", round(sum(times.values()), 4))
    first = {key: meta.pop(key, None) for key in ("model", "steps", "nfe", "seed")}
    first |= {key: meta.pop(key) for key in ("identity", "emotion", "reference") if key in meta}
    meta.pop("frames", None)
    return {
        **first,
        "samples": len(motions),
        "frames": len(motions[0]),
        "fps": float(motions[0].fps),
        "seconds": times,
        **meta,
        **{key: value for key, value in more.items() if value is not None},
    }


def paths(outputs: Outputs) -> dict[str, str]:
    """The files asked for, as a summary names them."""
    kinds = ("csv", "npz", "glb", "mesh", "wav", "zip")
    named = {"out": outputs.video, **{name: getattr(outputs, name) for name in kinds}}
    return {name: str(path) for name, path in named.items() if path}


def write(path: Path | str, summary: Mapping[str, object]) -> None:
    """Write the summary as indented JSON."""
    text = json.dumps(summary, indent=2, default=plain) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
