"""Reports a comparison as JSON and as a Markdown table."""

import math
from collections.abc import Mapping
from typing import Any

from talkdemo.compare.comparison import Comparison
from talkdemo.compare.settings import MODEL_STAGES, stage_seconds, titles
from talkdemo.records import MODEL_TITLES

Record = dict[str, Any]


def record(comparison: Comparison, **more: object) -> Record:
    """What was compared and what came out; `more` are further entries (speech, files …), None is left out.

    Lengths are millimetres, seconds are of the stages named, `speed_up` is first over second, speech to motion.
    """
    takes = comparison.takes
    runs = []
    called = zip(takes.names, titles(takes.settings), strict=True)
    for setting, (name, title), motion, closures, blinks in zip(
        takes.settings, called, takes.motions, comparison.closures, comparison.blinks, strict=True
    ):
        meta = motion.meta
        stages = {stage: round(stage_seconds(motion, (stage,)), 4) for stage in MODEL_STAGES}
        runs.append(
            {
                "name": name,
                "title": title,
                "model": meta.get("model"),
                "checkpoint": meta.get("checkpoint", meta.get("model")),
                "distilled": setting.distilled,
                "steps": setting.steps,
                **{key: meta.get(key) for key in ("nfe", "seed", "identity", "emotion", "reference")},
                "seconds": {**stages, "total": round(sum(stages.values()), 4)},
                "closures": closures,
                "blinks_per_minute": round(blinks, 2),
            }
        )
    agreement = comparison.agreement
    made = {
        "runs": runs,
        "frames": len(takes.motions[0]),
        "fps": float(takes.motions[0].fps),
        "matches": next((m.meta["matches"] for m in takes.motions if m.meta.get("matches")), None),
        "speed_up": float(f"{comparison.speed_up(*MODEL_STAGES):.4g}"),
        "speed_up_sampling": float(f"{comparison.speed_up('sample'):.4g}"),
        "lip_distance_mm": _millimetres(comparison.distance),
        "lip_distance_other_seed_mm": comparison.other_seed and _millimetres(comparison.other_seed),
        "opening_correlation": None if math.isnan(comparison.opening_r) else round(comparison.opening_r, 4),
        "closures": {
            "counts": list(comparison.closures),
            "shared": comparison.shared_closures,
            "agreement": None if agreement is None else round(agreement, 4),
        },
        **more,
    }
    return {key: value for key, value in made.items() if value is not None}


def _millimetres(distance: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in distance.items()}


def title(run: Mapping[str, Any]) -> str:
    """The heading of one run's column."""
    name = str(run["title"])
    return name if name.startswith(tuple(MODEL_TITLES.values())) else name[0].lower() + name[1:]


def rows(made: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What differs from run to run: name, first, second."""
    first, second = made["runs"]

    def row(name: str, text: str) -> tuple[str, str, str]:
        return name, text.format(first), text.format(second)

    return [
        row("speech → motion", "{0[seconds][total]:.2f} s"),
        row("of which sampling", "{0[seconds][sample]:.2f} s"),
        row("network evaluations", "{0[nfe]}"),
        row("lip closures", "{0[closures]}"),
        row("blinks a minute", "{0[blinks_per_minute]:.1f}"),
    ]


def markdown(made: Mapping[str, Any]) -> str:
    """The record as a table with the figures of the pair beneath."""
    first, second = made["runs"]
    lines = [
        f"| | {title(first)} | {title(second)} |",
        "|---|---:|---:|",
        *(f"| {name} | {a} | {b} |" for name, a, b in rows(made)),
        "",
        f"- {faster(made)}",
        f"- {lip_sentence(made)}",
        f"- {closure_sentence(made)}",
    ]
    return "\n".join(lines)


def faster(made: Mapping[str, Any]) -> str:
    first, second = made["runs"]
    times, sampling = made["speed_up"], made["speed_up_sampling"]
    if times < 1:
        first, second, times, sampling = second, first, 1 / max(times, 1e-9), 1 / max(sampling, 1e-9)
    return f"{second['title']}: {times:.1f} × as fast (sampling alone {sampling:.1f} ×)."


def lip_sentence(made: Mapping[str, Any]) -> str:
    apart, other = made["lip_distance_mm"], made.get("lip_distance_other_seed_mm")
    said = (
        f"Lips apart (farthest lip vertex of each frame): mean {apart['mean']:.2f} mm, "
        f"95th percentile {apart['p95']:.2f} mm, largest {apart['max']:.2f} mm"
    )
    return said + (f"; two seeds of the quicker one: mean {other['mean']:.2f} mm." if other else ".")


def closure_sentence(made: Mapping[str, Any]) -> str:
    met = made["closures"]
    if met["agreement"] is None:
        return "Lip closures: none in either."
    a, b = met["counts"]
    return f"Lip closures in both at the same time: {met['shared']} of {a} and {b} (agreement {met['agreement']:.0%})."
