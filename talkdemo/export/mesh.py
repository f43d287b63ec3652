"""Writes one frame of a talking head as a mesh for other programs: OBJ or PLY, by trimesh."""

from pathlib import Path

import numpy as np
import trimesh

from talkdemo.face.head import FaceModel
from talkdemo.files import replacing
from talkdemo.records import Motion
from talkdemo.render.normals import Normals

FORMATS = (".obj", ".ply")


def write(path: Path | str, face: FaceModel, motion: Motion, seconds: float, character: str | None = None) -> None:
    """The head at a moment of a motion: metres, y up, smooth normals, texture coordinates; OBJ with an object for each
    part ("skin", "hair/bob/long" …), PLY as one mesh. Raises what `check` raises."""
    check(path, seconds, len(motion) / motion.fps)
    frame = min(int(seconds * motion.fps + 1e-6), len(motion) - 1)
    drawable = face.drawable(character)
    (vertices,) = face.vertices(motion[frame : frame + 1], character)
    normals = Normals(np.concatenate([part.faces for part in drawable.parts]), drawable.weld)(vertices)
    scene = trimesh.Scene()
    for part in drawable.parts:
        rows, corners = np.unique(part.faces, return_inverse=True)
        solid = trimesh.Trimesh(
            vertices[rows], corners.reshape(-1, 3), vertex_normals=normals[rows],
            visual=trimesh.visual.TextureVisuals(uv=drawable.uv[rows]), process=False,
        )  # fmt: skip
        scene.add_geometry(solid, geom_name=part.name, node_name=part.name)
    if Path(path).suffix.lower() == ".ply":
        data = scene.to_mesh().export(file_type="ply", vertex_normal=True)
    else:  # materials would be files beside it, which are not written
        lines = scene.export(file_type="obj", include_normals=True).splitlines(keepends=True)
        data = "".join(line for line in lines if not line.startswith(("mtllib", "usemtl"))).encode()
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def check(path: Path | str, seconds: float, length: float) -> None:
    """Raises ValueError for another ending than FORMATS, and a moment outside of a motion of `length` seconds."""
    if Path(path).suffix.lower() not in FORMATS:
        raise ValueError(f"{str(path)!r} given; a name ending in {' or '.join(FORMATS)} is wanted")
    if not 0 <= seconds <= length:
        raise ValueError(f"a mesh at {seconds:g} s was asked for; a moment from 0 to {length:.2f} s is wanted")
