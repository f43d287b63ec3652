"""A GLB read back with pygltflib and posed by this file's own morphing and skinning equals FaceModel."""

from __future__ import annotations

import io

import numpy as np
import pygltflib
import pytest
import torch
from PIL import Image
from scipy.spatial.transform import Rotation

from talkdemo.export import gltf, gltf_surface
from talkdemo.face.arkit import INDEX, NAMES
from talkdemo.face.characters import CHARACTERS, mix
from talkdemo.face.head import FaceModel
from talkdemo.records import FPS, Motion

TYPES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
KINDS = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}
CLOSE = 5e-5  # metres; some 3e-6 are reached
PEOPLE = ("maya", "amara", "tomas", "nora")


class Reader:
    """A GLB as numpy arrays."""

    def __init__(self, data: bytes) -> None:
        self.file = pygltflib.GLTF2.load_from_bytes(data)
        self.blob = self.file.binary_blob()

    def node(self, name: str) -> pygltflib.Node:
        return next(node for node in self.file.nodes if node.name == name)

    def bytes(self, view: int, offset: int | None = 0) -> bytes:
        v = self.file.bufferViews[view]
        return self.blob[v.byteOffset + (offset or 0) : v.byteOffset + v.byteLength]

    def array(self, index: int) -> np.ndarray:
        accessor = self.file.accessors[index]
        width, kind = TYPES[accessor.type], np.dtype(KINDS[accessor.componentType])
        out = np.zeros((accessor.count, width), kind)
        if accessor.bufferView is not None:
            raw = self.bytes(accessor.bufferView, accessor.byteOffset)
            out = np.frombuffer(raw, kind, accessor.count * width).reshape(-1, width)
        if accessor.sparse:
            rows, values = accessor.sparse.indices, accessor.sparse.values
            count = accessor.sparse.count
            which = np.frombuffer(self.bytes(rows.bufferView, rows.byteOffset), np.uint16, count)
            assert (np.diff(which.astype(int)) > 0).all()
            raw = self.bytes(values.bufferView, values.byteOffset)
            out[which] = np.frombuffer(raw, kind, count * width).reshape(-1, width)
        if accessor.min:
            assert accessor.min == out.min(0).tolist() and accessor.max == out.max(0).tolist()
        return out / np.iinfo(kind).max if accessor.normalized else out

    def primitives(self) -> list[tuple[str, pygltflib.Primitive]]:
        """Name of its part, primitive."""
        primitives = [p for mesh in self.file.meshes for p in mesh.primitives]
        return [(self.file.materials[p.material].name, p) for p in primitives]

    def posed(self, primitive: pygltflib.Primitive, weights: np.ndarray, turn: Rotation) -> np.ndarray:
        """(N, 3) vertices as a viewer places them: morphed by weights (52,), skinned with the head joint at `turn`."""
        vertices = self.array(primitive.attributes.POSITION).astype(np.float64)
        for weight, target in zip(weights, primitive.targets, strict=False):
            vertices = vertices + weight * self.array(target["POSITION"])
        skin = self.file.skins[0]
        joints = [self.file.nodes[joint] for joint in skin.joints]
        assert [joint.name for joint in joints] == ["neck", "head"] and joints[0].children == [skin.joints[1]]
        world, matrices = np.eye(4), []
        inverse = self.array(skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
        for joint, rotation in zip(joints, (Rotation.identity(), turn), strict=True):
            local = np.eye(4)
            local[:3, :3], local[:3, 3] = rotation.as_matrix(), joint.translation
            world = world @ local
            matrices.append(world @ inverse[len(matrices)])
        shares, places = self.array(primitive.attributes.WEIGHTS_0), self.array(primitive.attributes.JOINTS_0)
        assert np.allclose(shares.sum(1), 1, atol=1e-12)
        blended = np.einsum("nj,njab->nab", shares, np.array(matrices)[places])
        return np.einsum("nab,nb->na", blended, np.c_[vertices, np.ones(len(vertices))])[:, :3]


@pytest.fixture(scope="module")
def face() -> FaceModel:
    return FaceModel.load()


@pytest.fixture(scope="module")
def motion() -> Motion:
    rng = np.random.default_rng(1)
    head = np.concatenate([rng.normal(0, 0.3, (6, 3)), [[0, 3.0, 0], [0, 3.3, 0]]])  # past half a turn: signs change
    return Motion(rng.random((8, 52)).astype(np.float32), head.astype(np.float32))


@pytest.fixture(scope="module")
def maya(face: FaceModel, motion: Motion) -> Reader:
    return Reader(gltf.encode(face, "maya", motion))


def farthest(reader: Reader, face: FaceModel, character, coefficients: np.ndarray, head: np.ndarray) -> float:
    """Metres between the file and FaceModel at most, over frames (T, 52) and (T, 3)."""
    with torch.no_grad():
        expected = face(torch.from_numpy(coefficients), torch.from_numpy(head), character).numpy()
    parts = {part.name: part for part in face.drawable(character).parts}
    worst = 0.0
    for name, primitive in reader.primitives():
        rows = gltf.part_vertices(parts[name])
        corners = reader.array(primitive.indices).ravel()
        assert (rows[corners] == parts[name].faces.ravel()).all()
        for weights, turn, vertices in zip(coefficients, head, expected, strict=True):
            posed = reader.posed(primitive, weights, Rotation.from_rotvec(turn))
            worst = max(worst, float(np.linalg.norm(posed - vertices[rows], axis=1).max()))
    assert {name for name, _ in reader.primitives()} == set(parts)
    return worst


def test_posed_vertices_equal_the_face_model(maya: Reader, face: FaceModel, motion: Motion) -> None:
    distance = farthest(maya, face, "maya", motion.coefficients, motion.head)
    assert distance < CLOSE / 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PEOPLE[1:], "a mix"])
def test_every_kind_of_character(name: str, face: FaceModel, motion: Motion) -> None:
    """Curls (the largest file), a bald head, a child, and a mix of two."""
    character = mix(CHARACTERS["leo"], CHARACTERS["mei"], 0.4) if name == "a mix" else CHARACTERS[name]
    data = gltf.encode(face, character)
    assert len(data) <= 4_000_000
    reader = Reader(data)
    assert not reader.file.animations and reader.file.scenes[0].name == character.name
    assert farthest(reader, face, character, motion.coefficients[:4], motion.head[:4]) < CLOSE / 10


def test_morph_targets_are_named_and_the_rest_pose_is_neutral(maya: Reader) -> None:
    mesh = maya.file.meshes[maya.node("face").mesh]
    assert mesh.extras["targetNames"] == list(NAMES) and mesh.weights == [0.0] * 52
    assert all(len(primitive.targets) == 52 for primitive in mesh.primitives)
    skin = dict(maya.primitives())["skin"]
    moved = maya.array(skin.targets[INDEX["jawOpen"]]["POSITION"])
    assert moved[:, 1].min() < -0.02, "the chin goes down by centimetres"


def test_animation_holds_the_motion(maya: Reader, motion: Motion) -> None:
    (animation,) = maya.file.animations
    tracks = {channel.target.path: channel for channel in animation.channels}
    assert maya.file.nodes[tracks["weights"].target.node].name == "face"
    assert maya.file.nodes[tracks["rotation"].target.node].name == "head"
    samplers = {path: animation.samplers[channel.sampler] for path, channel in tracks.items()}
    assert {sampler.interpolation for sampler in samplers.values()} == {"LINEAR"}
    for sampler in samplers.values():
        assert np.allclose(maya.array(sampler.input).ravel(), np.arange(len(motion)) / FPS)
    assert (maya.array(samplers["weights"].output).reshape(-1, 52) == motion.coefficients).all()
    quaternions = maya.array(samplers["rotation"].output)
    expected = Rotation.from_rotvec(motion.head)
    assert (Rotation.from_quat(quaternions).inv() * expected).magnitude().max() < 1e-6
    assert (np.sum(quaternions[1:] * quaternions[:-1], axis=1) >= 0).all(), "neighbours lie on one side"


def test_materials_are_ours(maya: Reader, face: FaceModel) -> None:
    ours = {part.name: part.material for part in face.drawable("maya").parts}
    assert {material.alpha for material in ours.values()} == {"opaque", "mask", "blend"}
    for material in maya.file.materials:
        ours_part = ours[material.name]
        surface = material.pbrMetallicRoughness
        assert material.alphaMode == ours_part.alpha.upper() and material.doubleSided == ours_part.double_sided
        assert material.alphaCutoff == (ours_part.cutoff if ours_part.alpha == "mask" else None)
        assert surface.roughnessFactor == ours_part.roughness and surface.metallicFactor == 0
        image = maya.file.images[maya.file.textures[surface.baseColorTexture.index].source]
        pixels = np.asarray(Image.open(io.BytesIO(maya.bytes(image.bufferView)))).astype(float)
        loss = np.abs(pixels - ours_part.texture).mean()
        assert loss == 0 if ours_part.texture.shape[2] == 4 else loss < 3


def test_coordinates_of_images_run_down(maya: Reader, face: FaceModel) -> None:
    drawable = face.drawable("maya")
    for name, primitive in maya.primitives():
        part = next(part for part in drawable.parts if part.name == name)
        uv = drawable.uv[gltf.part_vertices(part)]
        assert np.allclose(maya.array(primitive.attributes.TEXCOORD_0), np.c_[uv[:, 0], 1 - uv[:, 1]], atol=1e-6)


def test_normals_do_not_show_seams(maya: Reader, face: FaceModel) -> None:
    """Vertices on two sides of a seam have one normal, at rest and with the mouth open."""
    drawable = face.drawable("maya")
    skin = dict(maya.primitives())["skin"]
    weld = drawable.weld[gltf.part_vertices(drawable.parts[0])]
    normals = maya.array(skin.attributes.NORMAL)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    opened = normals + maya.array(skin.targets[INDEX["jawOpen"]]["NORMAL"])
    _, group = np.unique(weld, return_inverse=True)
    assert (np.bincount(group) > 1).any()
    for values in (normals, opened):
        first = np.zeros((group.max() + 1, 3))
        first[group] = values
        assert np.abs(values - first[group]).max() < 1e-6
    assert np.abs(opened - normals).max() > 0.1


def test_the_mouth_gets_darker_towards_its_back(maya: Reader, face: FaceModel) -> None:
    """COLOR_0 is the renderer's occlusion, an opaque grey."""
    from talkdemo.render import raster

    try:
        raster.check()
    except RuntimeError as error:
        pytest.skip(str(error))
    primitives = dict(maya.primitives())
    colours = {name: maya.array(primitive.attributes.COLOR_0) for name, primitive in primitives.items()}
    for values in colours.values():
        assert (values[:, :1] == values[:, 1:3]).all() and (values[:, 3] == 1).all()
    depth = maya.array(primitives["teeth"].attributes.POSITION)[:, 2]
    assert np.corrcoef(colours["teeth"][:, 0], depth)[0, 1] > 0.9 and colours["teeth"][:, 0].min() < 0.3
    assert (colours["eyes"] == 1).all()


def test_without_opengl_a_file_has_no_occlusion(face: FaceModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise RuntimeError("no OpenGL")

    monkeypatch.setattr(gltf_surface, "Renderer", missing)
    reader = Reader(gltf.encode(face, "tomas", viewer=True))
    assert all(primitive.attributes.COLOR_0 is None for _, primitive in reader.primitives())


def test_the_page_gets_a_smaller_file(maya: Reader, face: FaceModel) -> None:
    """No normals of morph targets, but the number of each vertex's weld, which gives them."""
    data = gltf.encode(face, "maya", viewer=True)
    reader, drawable = Reader(data), face.drawable("maya")
    assert len(data) < 0.85 * len(maya.blob)
    weld = np.unique(drawable.weld, return_inverse=True)[1]
    for part, (name, primitive) in zip(drawable.parts, reader.primitives(), strict=False):
        assert all("NORMAL" not in target or target["NORMAL"] is None for target in primitive.targets)
        if part.name == name:
            values = reader.array(primitive.attributes._SURFACE)
            assert (values[:, 0] == weld[gltf.part_vertices(part)]).all()


def test_no_vertex_stands_twice(maya: Reader, face: FaceModel) -> None:
    count = sum(maya.file.accessors[primitive.attributes.POSITION].count for _, primitive in maya.primitives())
    assert count == len(np.unique(np.concatenate([part.faces.ravel() for part in face.drawable("maya").parts])))


def test_ten_seconds_of_motion_are_small(face: FaceModel) -> None:
    still = Motion(np.zeros((250, 52), np.float32), np.zeros((250, 3), np.float32))
    one = Motion(still.coefficients[:1], still.head[:1])
    assert len(gltf.encode(face, "tomas", still)) - len(gltf.encode(face, "tomas", one)) <= 60_000


def test_the_same_character_gives_the_same_bytes(face: FaceModel) -> None:
    """A browser may keep a file under the hash of its contents."""
    assert gltf.encode(face, "tomas") == gltf.encode(face, "tomas")


def test_bad_input_is_refused_in_one_sentence(face: FaceModel, motion: Motion, tmp_path) -> None:
    nan = motion.coefficients.copy()
    nan[3, 4] = np.nan
    cases = (
        (Motion(nan, motion.head), "not finite"),
        (Motion(motion.coefficients[:0], motion.head[:0]), "0 frames"),
        (Motion(motion.coefficients[:, :51], motion.head), "are wanted"),
        (Motion(motion.coefficients, motion.head[:3]), "are wanted"),
        (Motion(motion.coefficients, motion.head, 0.0), "frames per second"),
    )
    path = tmp_path / "x.glb"
    path.write_bytes(b"older")
    for bad, sentence in cases:
        with pytest.raises(ValueError, match=sentence):
            gltf.write(path, face, "maya", bad)
    with pytest.raises(ValueError, match="no character 'maia'"):
        gltf.write(path, face, "maia", motion)
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]
