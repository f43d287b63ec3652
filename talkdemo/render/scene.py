"""One face at one size as a pyrender scene whose vertices move.

Everything here runs on the render thread (see context). The scene is made once; a frame only rewrites positions and
normals in place, draws the key light's shadow map and the image, and reads it back.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyrender
from OpenGL import GL

from talkdemo.records import Face, Part
from talkdemo.render import shader
from talkdemo.render.camera import Camera
from talkdemo.render.draw import FaceRenderer, Look
from talkdemo.render.light import SHADOW_REACH, SHADOW_SIZE, Studio, unit
from talkdemo.render.occlusion import open_sky, orthographic, solidity

SKY_SIZE = 192  # texels of the maps that open_sky looks into
ORDER = ("opaque", "mask", "blend")


class Scene:
    """Constructed, drawn and deleted on the render thread; keeps nothing of a frame but its buffers."""

    def __init__(self, face: Face, normals: np.ndarray, camera: Camera, studio: Studio, smooth: bool) -> None:
        """`normals` (V, 3) of the resting face; `smooth`: its edges are."""
        room = _texture(studio.background(camera.width, camera.height), GL.GL_NEAREST)
        self.pieces: list[tuple[pyrender.Primitive, np.ndarray, np.ndarray]] = []  # vertices, their attributes
        for part in sorted(face.parts, key=lambda part: ORDER.index(part.material.alpha)):
            used, corners = np.unique(part.faces, return_inverse=True)
            arrays = {"positions": face.neutral[used], "normals": normals[used], "texcoord_0": face.uv[used]}
            arrays["color_0"] = np.zeros((len(used), 4))  # filled below
            for look in _looks(part, studio, smooth):
                piece = pyrender.Primitive(**arrays, indices=corners.reshape(-1, 3), material=look)
                self.pieces.append((piece, used, np.concatenate(list(arrays.values()), axis=1, dtype=np.float32)))
        self.scene = pyrender.Scene()
        self.scene.add(pyrender.Mesh([_backdrop(room), *(piece for piece, *_ in self.pieces)]))
        lens = pyrender.PerspectiveCamera(camera.fov, camera.near, camera.far, camera.width / camera.height)
        self.scene.add(lens, pose=np.linalg.inv(camera.view))
        self.scene.add(_key_light())
        shadow = orthographic(unit(studio.key.direction), np.asarray(camera.target), SHADOW_REACH)
        self.renderer = FaceRenderer(camera.width, camera.height, smooth, room, shadow)
        self.open_sky = open_sky(face, normals, partial(self.renderer.depths, self.scene, size=SKY_SIZE))
        colours = np.column_stack([self.open_sky, solidity(face)])
        for _, used, attributes in self.pieces:
            attributes[:, 8:10] = colours[used]

    def draw(self, moving: np.ndarray) -> np.ndarray:
        """(V, 6) float32 positions and normals → (H, W, 3) uint8, a fresh array."""
        for piece, used, attributes in self.pieces:
            attributes[:, :6] = moving[used]
            self.renderer.move(piece, attributes)
        return self.renderer.image(self.scene)

    def delete(self) -> None:
        """Frees everything; the scene is of no use afterwards."""
        self.renderer.delete()


def _looks(part: Part, studio: Studio, smooth: bool) -> Iterator[Look]:
    """The materials with which a part is drawn, one after the other."""
    given, kind = part.material, shader.kind(part.name)
    texture = _texture(given.texture, GL.GL_LINEAR, GL.GL_LINEAR_MIPMAP_NEAREST)

    def look(mode: str, shadow: bool, **defines: float) -> Look:
        words = shader.defines(kind, studio) | {name: str(float(value)) for name, value in defines.items()}
        properties = {"alphaMode": mode, "doubleSided": given.double_sided, "roughnessFactor": given.roughness}
        return Look("face", words, shadow, baseColorTexture=texture, **properties)

    strands = "hair" in part.name  # lashes and brows would only make grain
    if given.alpha == "opaque":
        yield look("OPAQUE", True)
    elif given.alpha == "mask" and smooth:
        yield look("MASK", strands, CUTOFF=given.cutoff, LEAST=shader.THIN, BELOW=2)
    elif given.alpha == "mask":
        yield look("MASK", strands, LEAST=given.cutoff, BELOW=2)
    else:  # the dense middle of the strands first, for the depth buffer; then the rest blends
        yield look("MASK", strands, LEAST=shader.DENSE, BELOW=2)
        yield look("BLEND", False, LEAST=shader.THIN, BELOW=shader.DENSE)


def _texture(image: np.ndarray, near: int, far: int | None = None) -> pyrender.Texture:
    """(H, W, 3 or 4) uint8, row 0 on top; `near`, `far`: filters of OpenGL."""
    sampler = pyrender.Sampler(magFilter=near, minFilter=far or near)
    return pyrender.Texture(source=image, source_channels="RGBA", sampler=sampler)  # RGB would need widths of 4 n


def _backdrop(room: pyrender.Texture) -> pyrender.Primitive:
    """A triangle that covers the image."""
    corners = np.array([[-1, -1, 0], [3, -1, 0], [-1, 3, 0]])
    uv = corners[:, :2] / 2 + 0.5
    look = Look("room", {}, False, baseColorTexture=room)
    return pyrender.Primitive(corners, np.zeros_like(corners), texcoord_0=uv, material=look)


def _key_light() -> pyrender.DirectionalLight:
    """The light that casts shadows, with a small map that is filtered; what lies outside of it counts as lit."""
    light = pyrender.DirectionalLight()
    sampler = pyrender.Sampler(None, GL.GL_LINEAR, GL.GL_LINEAR, GL.GL_CLAMP_TO_BORDER, GL.GL_CLAMP_TO_BORDER)
    size = {"width": SHADOW_SIZE, "height": SHADOW_SIZE}
    light.shadow_texture = pyrender.Texture(sampler=sampler, source_channels="D", data_format=GL.GL_FLOAT, **size)
    return light
