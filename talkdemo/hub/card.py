"""A checkpoint's model card: what it is, what it was trained on, and its scores as evaluation results."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talkdemo import checkpoint
from talkdemo.evaluate.names import SCORES, SETS

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

# Checkpoint → its name in the tables of scores.
SYSTEMS = {
    "diffusiontalker-8": "student-8",
    "diffusiontalker": "full-512",
    "diffposetalk-8": "pose-student-8",
    "diffposetalk": "pose-full-512",
}
CONTROLS = ("seconds", "shuffled")  # rows that are no scores
PRESENT = "The present weights"  # titles of the sections that were measured with the shipped weights begin so
PURPOSE = {
    "talker": "speech → ARKit-52 face motion and head rotation at 25 frames a second",
    "speech-encoder": "speech → phonetic features, from which the talkers are conditioned",
    "style-encoder": "a clip of face motion → its speaking style",
    "gcgan": "a portrait and 68 landmarks → the portrait with that expression",
}
SCORED = (
    "Means over held-out clips stand in this card's metadata; intervals, controls and baselines in TalkDemo's tables."
)
TEXT = """---
{{ card_data }}
---

# {{ title }}

{{ purpose }}. A model of TalkDemo: {{ parameters }} M parameters, {{ size }} MB.

```
talkdemo pull {{ repository }}
talkdemo animate SPEECH --out talk.mp4
```

## Provenance

{% for key, value in provenance.items() %}- **{{ key }}**: {{ value }}
{% endfor %}
## Scores

{{ scored }}
"""


def card(path: Path, repository: str) -> str:
    """The README of a repository with this checkpoint alone."""
    from huggingface_hub import ModelCard, ModelCardData

    described = checkpoint.describe(path)
    results = scores(SYSTEMS.get(path.stem, ""))
    data = ModelCardData(
        license=str(described["provenance"].get("licence", "other")).lower(),
        library_name="talkdemo",
        tags=["talking-head", "arkit", described["kind"]],
        model_name=path.stem,
        eval_results=results or None,
    )
    text = ModelCard.from_template(
        data,
        template_str=TEXT,
        title=path.stem,
        purpose=PURPOSE.get(described["kind"], described["kind"]),
        parameters=f"{described['parameters'] / 1e6:.2f}",
        size=f"{described['bytes'] / 1e6:.1f}",
        repository=repository,
        provenance={key: _plain(value) for key, value in described["provenance"].items()},
        scored=SCORED if results else "None of these weights.",
    )
    return str(text)


def _plain(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def scores(system: str, tables: str | None = None) -> list["EvalResult"]:
    """What the tables of scores say of a system, in the sections that the shipped weights were measured for."""
    from huggingface_hub import EvalResult

    text = tables if tables is not None else SCORES.read_text("utf-8") if SCORES.is_file() else ""
    sections = [part for part in re.split(r"^## ", text, flags=re.M) if part.startswith(PRESENT)]
    found = {}
    for title, body in re.findall(r"^### (.*?)\n(.*?)(?=^### |\Z)", "\n".join(sections), re.M | re.S):
        name, _, about = title.partition(": ")
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line[:1] == "|"]
        if name.removesuffix("-rendered") not in SETS or not rows or system not in rows[0]:
            continue
        column = rows[0].index(system)
        for metric, *cells in rows[2:]:
            figure = cells[column - 1].split(" ")[0]
            if re.fullmatch(r"-?[\d.]+", figure) and not metric.endswith(CONTROLS):
                found[name, metric] = EvalResult(
                    task_type="speech-driven-animation", dataset_type=name, dataset_name=about.split(" (")[0],
                    metric_type=metric, metric_name=metric, metric_value=float(figure),
                )  # fmt: skip
    return list(found.values())
