"""Writes a character as GLB (glTF 2.0), alone or with a motion as its animation.

What a viewer needs to know:

- One scene, named after the character. Metres, y up, the face looks along +z, the skull's base is the origin.
- Nodes: joint `neck` with its child, joint `head`; skinned meshes `face` (skin, eyes, gums, teeth, tongue, shirt,
  lashes: all that coefficients move) and `hair` (not of a bald character). `neck` never moves. `head` turns about the
  origin by records.Motion.head: a vertex is lerp(v, R v, weight of `head`), exactly face.head's formula.
- A mesh has one primitive for each part, with vertices of its own; its material bears the part's name ("skin",
  "hair/bob/long" …). three.js makes several primitives a Group of SkinnedMeshes ("face_1" …) and one primitive a single
  SkinnedMesh: find parts by material, not by node.
- `face` has 52 morph targets, in the order of face.arkit.NAMES, named by `extras.targetNames` and by ARKit's own names.
  Each adds its displacement times its coefficient. Their normals are a first-order stand-in: exact for one target.
- COLOR_0 is the renderer's ambient occlusion, grey: the mouth is dark inside. Without OpenGL a file has none.
- alphaMode BLEND (hair, lashes): our renderer draws what is more opaque than 0.75 first, writing depth, then blends the
  rest (render/scene.py). three.js writes no depth for BLEND; set `depthWrite` and `alphaTest` for the same picture.
- The animation `speech` has two channels, at the motion's own frame rate: weights of `face`, rotation of `head`.
  Coefficients at frame i are `weights[52 i : 52 i + 52]`; rotations are quaternions x, y, z, w. All LINEAR.
"""

from pathlib import Path

import numpy as np
import pygltflib as gltf
from scipy.spatial.transform import Rotation

from talkdemo.export import gltf_material, gltf_surface
from talkdemo.export.gltf_buffer import Buffer
from talkdemo.face.arkit import NAMES
from talkdemo.face.characters import Character, find
from talkdemo.face.head import FaceModel
from talkdemo.files import replacing
from talkdemo.records import HEAD_CHANNELS, Face, Motion, Part
from talkdemo.render.normals import Normals

NECK, HEAD = 0, 1  # nodes, and places in the skin's list of joints
NECK_ROOT = (0.05, 0.35)  # weights of the head joint on vertices around the root of the neck
FULL = np.iinfo(np.uint16).max  # a joint weight of 1
FLAT = 8e-3  # a smaller change of a unit normal is left out: half a degree


def write(
    path: Path | str, face: FaceModel, character: str | Character | None = None, motion: Motion | None = None
) -> None:
    """Write the file, whole or not at all. Raises ValueError for a motion or character that cannot be written."""
    data = encode(face, character, motion)
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def encode(
    face: FaceModel,
    character: str | Character | None = None,
    motion: Motion | None = None,
    *,
    viewer: bool = False,
) -> bytes:
    """The bytes of a GLB: the character, by default the first; with a motion, animated by it.

    `viewer`: for the page's own viewer, which computes normals itself: morph targets without normals, and `_SURFACE`
    (see gltf_surface).
    """
    person = find(character)
    if motion is not None:
        check(motion)
    file, buffer = gltf.GLTF2(), Buffer()
    file.asset = gltf.Asset(generator="TalkDemo", copyright="Apache-2.0; MakeHuman's meshes and images CC0")
    file.samplers = [
        gltf.Sampler(
            magFilter=gltf.LINEAR,
            minFilter=gltf.LINEAR_MIPMAP_LINEAR,
            wrapS=gltf.CLAMP_TO_EDGE,
            wrapT=gltf.CLAMP_TO_EDGE,
        )
    ]
    _add_joints(file, buffer, face, person)
    _add_meshes(file, buffer, face, person, viewer)
    if motion is not None:
        _add_animation(file, buffer, motion)
    roots = [node for node in range(len(file.nodes)) if node != HEAD]  # skinned meshes stand at the root
    file.scenes, file.scene = [gltf.Scene(name=person.name, nodes=roots)], 0
    data, file.bufferViews = buffer.finish()
    file.accessors, file.buffers = buffer.accessors, [gltf.Buffer(byteLength=len(data))]
    file.set_binary_blob(data)
    return b"".join(file.save_to_bytes())


def part_vertices(part: Part) -> np.ndarray:
    """Which of the FaceModel's vertices a part's primitive holds, in the file's order."""
    return np.unique(part.faces)


def check(motion: Motion) -> None:
    """Raises ValueError, in one sentence, for a motion without frames, of other shapes or with NaN in it."""
    frames = len(motion)
    wanted = f"({frames}, {len(NAMES)}) and ({frames}, {HEAD_CHANNELS}) are wanted"
    if not frames:
        raise ValueError("a motion of 0 frames was given; at least one is wanted")
    if motion.coefficients.shape != (frames, len(NAMES)) or motion.head.shape != (frames, HEAD_CHANNELS):
        shapes = f"{motion.coefficients.shape} and {motion.head.shape}"
        raise ValueError(f"a motion of shapes {shapes} was given; {wanted}")
    if not (np.isfinite(motion.coefficients).all() and np.isfinite(motion.head).all()):
        raise ValueError("a motion with values that are not finite was given; finite numbers are wanted")
    if not (np.isfinite(motion.fps) and motion.fps > 0):
        raise ValueError(f"a motion of {motion.fps:g} frames per second was given; more than 0 are wanted")


def _add_joints(file: gltf.GLTF2, buffer: Buffer, face: FaceModel, person: Character) -> None:
    """Nodes 0 and 1, and the skin. Skinning does not depend on where the neck's root is; a rig shows it there."""
    weight = face.turn[:, 0]
    around = (weight > NECK_ROOT[0]) & (weight < NECK_ROOT[1])
    root = face.neutral(person)[around].mean(0).tolist()
    root[0] = 0.0
    back = [-value for value in root]
    file.nodes = [
        gltf.Node(name="neck", translation=root, children=[HEAD]),
        gltf.Node(name="head", translation=back),
    ]
    inverse = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))  # columns first: row 3 is the translation
    inverse[NECK, 3, :3] = back
    matrices = buffer.array(inverse.reshape(2, 16), "inverse bind matrices")
    file.skins = [gltf.Skin(name=person.name, joints=[NECK, HEAD], skeleton=NECK, inverseBindMatrices=matrices)]


def _add_meshes(file: gltf.GLTF2, buffer: Buffer, face: FaceModel, person: Character, viewer: bool) -> None:
    """One skinned mesh of the parts that coefficients move, one for each other kind of part."""
    drawable, deltas = face.drawable(person), face.displacements(person).cpu().numpy()  # (52, V, 3)
    normals, normal_deltas = _normals(drawable, deltas[:0] if viewer else deltas)
    head_weights = face.turn[:, 0].cpu().numpy()
    occlusion = gltf_surface.occlusion(drawable)
    surface = gltf_surface.surface(drawable, face.masks["lips"].numpy()) if viewer else None
    meshes: dict[str, gltf.Mesh] = {}
    for part in drawable.parts:
        rows = part_vertices(part)
        morphs = bool(deltas[:, rows].any())
        name = "face" if morphs else part.name.split("/")[0]
        mesh = meshes.setdefault(name, gltf.Mesh(name=name))
        primitive = _primitive(buffer, part, rows, drawable, normals[rows], head_weights[rows])
        primitive.material = gltf_material.add(file, buffer, part)
        if occlusion is not None:
            primitive.attributes.COLOR_0 = buffer.attribute(occlusion[rows], normalized=True)
        if surface is not None:
            primitive.attributes._SURFACE = buffer.attribute(surface[rows])
        if morphs:
            primitive.targets = _targets(buffer, deltas[:, rows], None if viewer else normal_deltas[:, rows])
            mesh.extras, mesh.weights = {"targetNames": list(NAMES)}, [0.0] * len(NAMES)
        mesh.primitives.append(primitive)
    for name in sorted(meshes, key="face".__ne__):  # the face first
        file.meshes.append(meshes[name])
        file.nodes.append(gltf.Node(name=name, mesh=len(file.meshes) - 1, skin=0))


def _primitive(
    buffer: Buffer, part: Part, rows: np.ndarray, drawable: Face, normals: np.ndarray, head_weights: np.ndarray
) -> gltf.Primitive:
    head = np.round(head_weights * FULL).astype(np.uint16)
    joints, weights = np.zeros((len(rows), 4), np.uint8), np.zeros((len(rows), 4), np.uint16)
    joints[:, 1] = np.where(head > 0, HEAD, NECK)
    weights[:, 0], weights[:, 1] = FULL - head, head
    uv = drawable.uv[rows] * np.array([1, -1], np.float32) + np.array([0, 1], np.float32)  # glTF's v runs down
    return gltf.Primitive(
        attributes=gltf.Attributes(
            POSITION=buffer.attribute(drawable.neutral[rows], bounds=True),
            NORMAL=buffer.attribute(normals),
            TEXCOORD_0=buffer.attribute(uv),
            JOINTS_0=buffer.attribute(joints),
            WEIGHTS_0=buffer.attribute(weights, normalized=True),
        ),
        indices=buffer.array(
            np.searchsorted(rows, part.faces.ravel()).astype(np.uint16), "corners", target=gltf.ELEMENT_ARRAY_BUFFER
        ),
    )


def _targets(buffer: Buffer, deltas: np.ndarray, normal_deltas: np.ndarray | None) -> list[gltf.Attributes]:
    """Displacements and changes of normals (52, N, 3) → the morph targets; those that do nothing share one."""

    def target(i: int) -> gltf.Attributes:
        normal = None if normal_deltas is None else buffer.sparse(normal_deltas[i])
        return gltf.Attributes(POSITION=buffer.sparse(deltas[i], bounds=True), NORMAL=normal)

    targets: list[gltf.Attributes] = []
    nothing: gltf.Attributes | None = None
    for i, delta in enumerate(deltas):
        if delta.any() or (normal_deltas is not None and normal_deltas[i].any()):
            targets.append(target(i))
        else:
            nothing = nothing or target(i)
            targets.append(nothing)
    return targets


def _normals(drawable: Face, deltas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normals (V, 3) at rest, as the renderer has them, and what each coefficient at 1 adds to them (52, V, 3)."""
    normals = Normals(np.concatenate([part.faces for part in drawable.parts]), drawable.weld)
    neutral = np.ascontiguousarray(drawable.neutral, np.float32)
    rest = normals(neutral)
    changes = np.array([normals(neutral + delta) - rest for delta in deltas]).reshape(len(deltas), *rest.shape)
    changes[np.linalg.norm(changes, axis=2) < FLAT] = 0
    return rest, changes


def _add_animation(file: gltf.GLTF2, buffer: Buffer, motion: Motion) -> None:
    times = (np.arange(len(motion)) / motion.fps).astype(np.float32)
    keyframes = buffer.array(times, "times", bounds=True)
    quaternions = _continuous(Rotation.from_rotvec(motion.head).as_quat()).astype(np.float32)
    weights = np.ascontiguousarray(motion.coefficients, np.float32).ravel()
    tracks = (
        ([node.name for node in file.nodes].index("face"), "weights", buffer.array(weights, "weights")),
        (HEAD, "rotation", buffer.array(quaternions, "rotations")),
    )
    animation = gltf.Animation(name="speech")
    for place, (node, kind, values) in enumerate(tracks):
        animation.samplers.append(gltf.AnimationSampler(input=keyframes, output=values, interpolation="LINEAR"))
        target = gltf.AnimationChannelTarget(node=node, path=kind)
        animation.channels.append(gltf.AnimationChannel(sampler=place, target=target))
    file.animations = [animation]


def _continuous(quaternions: np.ndarray) -> np.ndarray:
    """(T, 4) with signs chosen so that neighbours lie on one side: interpolation takes the short way."""
    flips = np.sum(quaternions[1:] * quaternions[:-1], axis=1) < 0
    signs = np.concatenate([[1.0], np.where(np.cumsum(flips) % 2, -1.0, 1.0)])
    return quaternions * signs[:, None]
