"""Draws one face at one size: its buffers, textures and programs in OpenGL.

Everything here runs on the render thread (see context). Buffers are made once; a frame only rewrites the positions and
normals in place, draws the key light's shadow map and the image, and reads it back.
"""

import numpy as np
from OpenGL import GL

from talkdemo.records import Face
from talkdemo.render import gl, shader
from talkdemo.render.camera import Camera
from talkdemo.render.light import SHADOW_REACH, SHADOW_SIZE, SHADOW_SOFTNESS, Studio, unit
from talkdemo.render.occlusion import open_sky, orthographic, solidity

SKY_SIZE = 192  # texels of the maps that open_sky looks into


class Scene:
    """Constructed, drawn and deleted on the render thread; keeps nothing of a frame but its buffers."""

    def __init__(self, face: Face, normals: np.ndarray, camera: Camera, studio: Studio, samples: int) -> None:
        """`normals` (V, 3) of the resting face; `samples` per pixel for smooth edges, 0 = none."""
        samples = min(samples, int(GL.glGetIntegerv(GL.GL_MAX_SAMPLES)))
        self.size, self.samples = (camera.width, camera.height), samples
        self.pixels = np.empty((camera.height, camera.width, 4), dtype=np.uint8)
        self.textures: list[int] = []
        self.programs: dict[str, gl.Program] = {}
        self.stores: list[int] = []
        self.frames: list[int] = []
        for count in (samples, 0) if samples else (0,):
            frame, stores = gl.colour_framebuffer(*self.size, count)
            self.frames.append(frame)
            self.stores += stores
        self._shadow(camera, studio)
        self._surfaces(face, camera, studio)
        self._buffers(face, normals)

    def _shadow(self, camera: Camera, studio: Studio) -> None:
        self.shadow = self._keep(gl.depth_texture(SHADOW_SIZE))
        self.shadow_frame = gl.depth_framebuffer(self.shadow)
        self.frames.append(self.shadow_frame)
        self.shadow_clip = orthographic(unit(studio.key.direction), np.asarray(camera.target), SHADOW_REACH)
        self.programs["solid"] = gl.Program(shader.SHADOW_VERTEX, shader.SHADOW_FRAGMENT)
        self.programs["strands"] = gl.Program(shader.SHADOW_VERTEX, shader.SHADOW_HAIR_FRAGMENT)

    def _surfaces(self, face: Face, camera: Camera, studio: Studio) -> None:
        flip = np.diag([1.0, -1.0, 1.0, 1.0])  # row 0 of the image read back is then its top
        clip = flip @ camera.projection @ camera.view
        half = np.diag([0.5, 0.5, 0.5, 1.0])  # clip space −1..1 → texture space 0..1
        half[:3, 3] = 0.5
        softness = SHADOW_SOFTNESS / (2 * SHADOW_REACH)
        for kind in {shader.kind(part.name) for part in face.parts}:
            program = self.programs[kind] = gl.Program(shader.VERTEX, shader.fragment(kind, studio, softness))
            program.use(
                image=0, shadow=1, room=2, viewer=camera.position, clip=clip, shadow_clip=half @ self.shadow_clip
            )
        self.programs["background"] = gl.Program(shader.BACKGROUND_VERTEX, shader.BACKGROUND_FRAGMENT)
        self.backdrop = self._keep(gl.texture(studio.background(*self.size), smooth=False))
        order = {"opaque": 0, "mask": 1, "blend": 2}
        first = np.cumsum([0] + [part.faces.size for part in face.parts]) * gl.FLOAT
        parts = sorted(zip(face.parts, first, strict=False), key=lambda p: order[p[0].material.alpha])
        self.draws = [
            (part, self._keep(gl.texture(part.material.texture[::-1], smooth=True)), part.faces.size, int(offset))
            for part, offset in parts
        ]

    def _buffers(self, face: Face, normals: np.ndarray) -> None:
        self.array = GL.glGenVertexArrays(1)
        GL.glBindVertexArray(self.array)
        self.buffers = self.moving, fixed, indices = [int(name) for name in GL.glGenBuffers(3)]
        gl.attributes(self.moving, {0: 3, 1: 3})
        moving = np.concatenate([face.neutral, normals], axis=1).astype(np.float32)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, moving.nbytes, moving, GL.GL_STREAM_DRAW)
        corners = np.concatenate([part.faces.ravel() for part in face.parts]).astype(np.uint32)
        GL.glBindBuffer(GL.GL_ELEMENT_ARRAY_BUFFER, indices)
        GL.glBufferData(GL.GL_ELEMENT_ARRAY_BUFFER, corners.nbytes, corners, GL.GL_STATIC_DRAW)
        gl.attributes(fixed, {2: 2, 3: 1, 4: 1})
        self.open_sky = open_sky(face, normals, self._depth_map)
        still = np.column_stack([face.uv, self.open_sky, solidity(face)]).astype(np.float32)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, still.nbytes, still, GL.GL_STATIC_DRAW)

    def _keep(self, texture: int) -> int:
        self.textures.append(texture)
        return texture

    def _depth_map(self, matrix: np.ndarray) -> np.ndarray:
        """(4, 4) → (S, S) depths of the solid parts."""
        self._draw_depth(matrix, SKY_SIZE, strands=False)
        depth = np.empty((SKY_SIZE, SKY_SIZE), dtype=np.float32)
        GL.glReadPixels(0, 0, SKY_SIZE, SKY_SIZE, GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT, depth)
        return depth

    def _draw_depth(self, matrix: np.ndarray, size: int, strands: bool) -> None:
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.shadow_frame)
        GL.glViewport(0, 0, size, size)
        GL.glDepthMask(GL.GL_TRUE)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glFrontFace(GL.GL_CCW)
        GL.glClear(GL.GL_DEPTH_BUFFER_BIT)
        GL.glEnable(GL.GL_POLYGON_OFFSET_FILL)  # keeps a lit surface out of its own shadow
        GL.glPolygonOffset(2.5, 4.0)
        for part, texture, count, offset in self.draws:
            if part.material.alpha == "opaque":
                self.programs["solid"].use(clip=matrix)
                GL.glEnable(GL.GL_CULL_FACE)
            elif strands and "hair" in part.name:  # lashes and brows would only make grain
                self.programs["strands"].use(clip=matrix, image=0)
                GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
                GL.glDisable(GL.GL_CULL_FACE)
            else:
                continue
            gl.triangles(count, offset)
        GL.glDisable(GL.GL_POLYGON_OFFSET_FILL)

    def draw(self, moving: np.ndarray) -> np.ndarray:
        """(V, 6) float32 positions and normals → (H, W, 3) uint8, a fresh array."""
        GL.glBindVertexArray(self.array)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self.moving)
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, moving.nbytes, moving)
        GL.glActiveTexture(GL.GL_TEXTURE0)
        GL.glDisable(GL.GL_BLEND)
        self._draw_depth(self.shadow_clip, SHADOW_SIZE, strands=True)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.frames[0])
        GL.glViewport(0, 0, *self.size)
        GL.glClear(GL.GL_DEPTH_BUFFER_BIT)
        GL.glDisable(GL.GL_DEPTH_TEST)
        self.programs["background"].use(image=0)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.backdrop)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glFrontFace(GL.GL_CW)  # the image is drawn upside down
        GL.glActiveTexture(GL.GL_TEXTURE1)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.shadow)
        GL.glActiveTexture(GL.GL_TEXTURE2)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.backdrop)
        GL.glActiveTexture(GL.GL_TEXTURE0)
        for draw in self.draws:
            self._draw_part(*draw)
        return self._read()

    def _draw_part(self, part, texture: int, count: int, offset: int) -> None:
        material, program = part.material, self.programs[shader.kind(part.name)]
        GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
        (GL.glDisable if material.double_sided else GL.glEnable)(GL.GL_CULL_FACE)
        least = {"opaque": -1.0, "mask": material.cutoff, "blend": shader.DENSE}[material.alpha]
        program.use(roughness=float(material.roughness), alpha=(least, 2.0))
        soft_mask = material.alpha == "mask" and self.samples
        if soft_mask:  # the cut-out's edge, one pixel wide, is spread over the samples
            program.use(alpha=(0.02, 2.0), cutoff=float(material.cutoff))
            GL.glEnable(GL.GL_SAMPLE_ALPHA_TO_COVERAGE)
        gl.triangles(count, offset)
        if soft_mask:
            program.use(cutoff=0.0)
            GL.glDisable(GL.GL_SAMPLE_ALPHA_TO_COVERAGE)
        if material.alpha == "blend":  # the dense middle of the strands now stands in the depth buffer; the rest blends
            program.use(alpha=(0.02, shader.DENSE))
            GL.glEnable(GL.GL_BLEND)
            GL.glBlendFunc(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA)
            GL.glDepthMask(GL.GL_FALSE)
            gl.triangles(count, offset)
            GL.glDepthMask(GL.GL_TRUE)
            GL.glDisable(GL.GL_BLEND)

    def _read(self) -> np.ndarray:
        if self.samples:
            GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self.frames[0])
            GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, self.frames[1])
            box = (0, 0, *self.size)
            GL.glBlitFramebuffer(*box, *box, GL.GL_COLOR_BUFFER_BIT, GL.GL_NEAREST)
            GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.frames[1])
        GL.glReadPixels(0, 0, *self.size, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, self.pixels)
        return self.pixels[..., :3].copy()

    def delete(self) -> None:
        """Frees everything; the scene is of no use afterwards."""
        GL.glUseProgram(0)  # a program in use would outlive its deletion
        GL.glDeleteVertexArrays(1, [self.array])
        GL.glDeleteBuffers(len(self.buffers), self.buffers)
        GL.glDeleteFramebuffers(len(self.frames), self.frames)
        GL.glDeleteRenderbuffers(len(self.stores), self.stores)
        GL.glDeleteTextures(self.textures)
        for program in self.programs.values():
            GL.glDeleteProgram(program.name)
