"""One frame as OBJ and PLY, read back with trimesh, is FaceModel's."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from talkdemo.export import mesh
from talkdemo.face.arkit import INDEX
from talkdemo.face.head import FaceModel
from talkdemo.records import FPS, Motion


@pytest.fixture(scope="module")
def opening() -> Motion:
    coefficients = np.zeros((6, 52), np.float32)
    coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 1, 6)
    return Motion(coefficients, np.tile(np.float32([0, 0.3, 0]), (6, 1)))


@pytest.mark.parametrize("ending", mesh.FORMATS)
def test_read_back_it_is_the_head_of_that_moment(tmp_path: Path, opening: Motion, ending: str) -> None:
    path, face = tmp_path / f"head{ending}", FaceModel.load()
    mesh.write(path, face, opening, 3 / FPS, "nora")
    (vertices,) = face.vertices(opening[3:4], "nora")
    parts = face.drawable("nora").parts
    read = trimesh.load_scene(path, process=False, maintain_order=True)
    if ending == ".obj":
        objects = [line[2:] for line in path.read_text().splitlines() if line.startswith("o ")]
        assert objects == [part.name for part in parts]
        assert [file.name for file in tmp_path.iterdir()] == [path.name] and b"mtl" not in path.read_bytes()
    whole = read.to_mesh()
    wanted = np.concatenate([vertices[np.unique(part.faces)] for part in parts])
    assert len(whole.faces) == sum(len(part.faces) for part in parts)
    np.testing.assert_allclose(np.sort(whole.vertices, axis=0), np.sort(wanted, axis=0), atol=1e-6)
    triangles = np.concatenate([vertices[part.faces] for part in parts])
    np.testing.assert_allclose(np.sort(whole.triangles.mean(1), axis=0), np.sort(triangles.mean(1), axis=0), atol=2e-6)


@pytest.mark.parametrize(
    ("name", "seconds", "wanted"),
    [("x.stl", 0, ".obj or .ply is wanted"), ("x.obj", 9, "a moment from 0 to 0.24 s"), ("x.ply", -1, "a moment from")],
)
def test_what_cannot_be_written(tmp_path: Path, opening: Motion, name: str, seconds: float, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        mesh.write(tmp_path / name, FaceModel.load(), opening, seconds)
    assert not list(tmp_path.iterdir())
