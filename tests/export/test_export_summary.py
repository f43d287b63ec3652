"""The JSON of a run: the contract's keys, seconds added up, numpy numbers as plain ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from talkdemo.export import summary
from talkdemo.records import Motion


def test_summary_has_the_contracts_keys(tmp_path: Path) -> None:
    meta = {
        "model": "diffusiontalker", "steps": 8, "nfe": 8, "seed": np.int64(3), "identity": "ada", "emotion": "happy",
        "frames": 50, "seconds": {"decode": 0.1, "encode": np.float32(0.2), "sample": 0.3},
    }  # fmt: skip
    motion = Motion(np.zeros((50, 52), np.float32), np.zeros((50, 3), np.float32), 25, meta)
    result = summary.summarise([motion], {"face": 0.4, "render": 0.5, "mux": 0.6}, character="ada", outputs=None)
    summary.write(tmp_path / "a.json", result)
    back = json.loads((tmp_path / "a.json").read_text())
    assert list(back["seconds"]) == ["decode", "encode", "sample", "face", "render", "mux", "total"]
    assert abs(back["seconds"]["total"] - 2.1) < 1e-3
    expected = {"model": "diffusiontalker", "steps": 8, "nfe": 8, "seed": 3, "identity": "ada", "frames": 50}
    assert expected.items() <= back.items() and back["character"] == "ada" and "outputs" not in back
