"""Khronos's validator (npm gltf-validator) finds no error and no warning; skipped where npm cannot install it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from talkdemo.export import gltf
from talkdemo.face.head import FaceModel
from talkdemo.records import Motion

VALIDATOR = "gltf-validator@2.0.0-dev.3.10"
PROGRAM = """
const fs = require("fs"), validator = require("gltf-validator");
validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[2])))
  .then(report => console.log(JSON.stringify(report.issues)));
"""


@pytest.fixture(scope="module")
def validator(npm) -> Path:
    """The folder of a program that prints what the validator says of a file."""
    folder = npm(VALIDATOR)
    (folder / "validate.js").write_text(PROGRAM)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("frames", "viewer"), [(None, False), (1, False), (8, False), (None, True)])
def test_validator_finds_nothing(validator: Path, frames: int | None, viewer: bool, tmp_path: Path) -> None:
    motion = None
    if frames:
        rng = np.random.default_rng(2)
        motion = Motion(rng.random((frames, 52), np.float32), rng.normal(0, 0.3, (frames, 3)).astype(np.float32))
    (tmp_path / "x.glb").write_bytes(gltf.encode(FaceModel.load(), "kwame", motion, viewer=viewer))
    command = ["node", str(validator / "validate.js"), str(tmp_path / "x.glb")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    issues = json.loads(done.stdout)
    assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"]
    assert {message["code"] for message in issues["messages"]} <= {"IMAGE_NPOT_DIMENSIONS"}  # a hint for WebGL 1
