"""The plot over evaluations shows the JSON of `evaluate steps`: every line, every interval, two computed sentences."""

import json
import math
from pathlib import Path
from xml.etree import ElementTree

import pytest

from talkdemo.evaluate.results import Compared, Report, Scored
from talkdemo.metrics.interval import Estimate
from talkdemo.records import DIFFPOSETALK, DIFFUSIONTALKER
from talkdemo.ui.compare import quality_plot
from talkdemo.ui.compare import tab as tab_module

SYSTEMS = {
    "full-512": ("ddim", False, 512), "full-4": ("ddim", False, 4), "full-8": ("ddim", False, 8),
    "full-4-dpm": ("dpm++", False, 4), "student-4": ("ddim", True, 4), "student-8": ("ddim", True, 8),
}  # fmt: skip
SHARES = {"full-4": 0.6, "full-8": 0.74, "full-4-dpm": 0.7, "student-4": 0.97, "student-8": 1.04}


def around(value: float, reach: float = 0.1) -> Estimate:
    return Estimate(value, value - reach, value + reach, 16)


def report(path: Path, lve: float = 1.02, n: int = 16) -> Path:
    """Shares of the upper face's motion as in SHARES; lip errors of 1.5 mm, of the student of 4 steps `lve` times."""
    facts = {
        name: {"sampler": sampler, "distilled": distilled, "steps": steps, "nfe": steps, "seconds_per_10s": steps / 20}
        for name, (sampler, distilled, steps) in SYSTEMS.items()
    }
    reach = 0.1 if n > 1 else math.nan
    rows = [
        Scored("ljspeech", name, 16, 900, 1.0, {"hits": around(90.0, 2.0), "r_phones": around(0.7, reach)})
        for name in SYSTEMS
    ] + [Scored("synthetic", name, 16, 900, 1.0, {"lve": around(1.5, reach)}) for name in SYSTEMS]
    compared = [
        Compared("ljspeech", "variance_upper", name, "full-512", around(share, reach), None, 0.1, 0.2)
        for name, share in SHARES.items()
    ]
    for score, ratio, p in (("hits", 1.0, 0.01), ("lve", lve, 0.01 if abs(lve - 1) < 0.08 else 0.5)):
        compared.append(Compared("ljspeech", score, "student-4", "full-512", around(ratio), around(0.0), 0.08, p))
    Report("steps", {}, {}, facts, rows, compared).write(path)
    return path


def drawings(html: str) -> dict[str, ElementTree.Element]:
    """Title → plot."""
    found = (html[at:] for at in range(len(html)) if html.startswith("<svg", at))
    plots = [ElementTree.fromstring(text[: text.index("</svg>") + 6]) for text in found]
    return {plot.get("aria-label"): plot for plot in plots}


def test_every_system_is_a_point_on_its_line_with_a_bar(tmp_path):
    html = quality_plot.quality_plot(report(tmp_path / "steps.json"))
    plots = drawings(html)
    assert list(plots) == [
        "Motion of the upper face",
        "Lips closed on p, b, m",
        "r of the mouth's opening",
        "Lip error",
    ]
    shares = plots["Motion of the upper face"]
    dots = [node for node in shares if (node.get("class") or "").startswith("dot")]
    assert [node.get("class") for node in dots] == ["dot first"] * 2 + ["dot third"] + ["dot second"] * 2
    assert sum((node.get("class") or "").startswith("bar") for node in shares) == 5
    assert "Distilled students, 4 evaluations: 97 % (87 to 107), 16 clips" in [node[0].text for node in dots]
    heights = {node[0].text.split(":")[1].split()[0]: float(node.get("cy")) for node in dots}
    assert heights["60"] > heights["74"] > heights["97"] > heights["104"]  # more motion stands higher
    level = next(node for node in shares if node.get("class") == "level")
    assert heights["97"] > float(level.get("y1")) > heights["104"]  # 512 steps are 100 %
    assert "in % of 512 steps" in html and "16 clips of held-out speech" in html and "nan" not in html
    for plot in plots.values():
        assert all(quality_plot.LEFT <= float(node.get("cx")) <= quality_plot.WIDTH for node in plot if node.get("cx"))


def test_the_sentences_are_computed_from_the_data(tmp_path):
    html = quality_plot.quality_plot(report(tmp_path / "steps.json"))
    assert (
        "With 4 evaluations the student has 97 % (87 to 107) of the motion of the upper face that 512 steps give, "
        "128 times as fast; of the full model, DDIM 60 % (50 to 70) and DPM-Solver++ 70 % (60 to 80)."
    ) in html
    kept = "in % of 512 steps, these lie within the margin of equivalence: lips closed on p, b, m"
    assert f"{kept} 100 %, lip error 102 %." in html
    worse = quality_plot.quality_plot(report(tmp_path / "steps.json", lve=1.3))
    assert f"{kept} 100 %; these are not shown to: lip error 130 %." in worse


def test_one_clip_has_no_bars(tmp_path):
    html = quality_plot.quality_plot(report(tmp_path / "steps.json", n=1))
    shares = drawings(html)["Motion of the upper face"]
    assert not any((node.get("class") or "").startswith("bar") for node in shares) and "nan" not in html


def test_what_is_not_measured_is_told_and_two_models_are_named(tmp_path, monkeypatch):
    tables = {model: tmp_path / f"{model}.json" for model in (DIFFUSIONTALKER, DIFFPOSETALK)}
    monkeypatch.setattr(quality_plot, "TABLES", tables)
    assert "not been measured" in tab_module.steps_plot()
    report(tables[DIFFUSIONTALKER])
    assert "DiffusionTalker" not in tab_module.steps_plot()
    report(tables[DIFFPOSETALK])
    html = tab_module.steps_plot()
    assert html.count('<section class="td-quality">') == 2 and "What sampling steps change: DiffPoseTalk" in html


DAMAGED = (
    {"a": 1},
    [3],
    {"systems": {}, "rows": [{"set": "x", "system": "full-8", "scores": {"hits": {}}}], "compared": []},
    {"systems": {"full-8": {}}, "rows": [], "compared": [{"other": "full-512", "score": "blinks", "set": "x"}]},
)


@pytest.mark.parametrize("record", DAMAGED)
def test_a_damaged_table_is_told(tmp_path, record, monkeypatch):
    path = tmp_path / "steps.json"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"steps\.json.*wanted"):
        quality_plot.quality_plot(path)
    monkeypatch.setattr(quality_plot, "TABLES", {DIFFUSIONTALKER: path})
    assert "td-error" in tab_module.steps_plot()


def test_the_shipped_table_can_be_read():
    assert "td-error" not in tab_module.steps_plot() and "<figure>" in tab_module.steps_plot()
