"""pyrender's renderer with the shaders of this room, and what it lacks for a face that moves.

For the render thread only (see context).
"""

from collections.abc import Callable

import numpy as np
import pyrender
from OpenGL import GL
from pyrender.constants import ProgramFlags, RenderFlags
from pyrender.shader_program import ShaderProgram, ShaderProgramCache

from talkdemo.render.light import SHADOW_SIZE
from talkdemo.render.shader import FOLDER

FLAGS = RenderFlags.OFFSCREEN | RenderFlags.SHADOWS_DIRECTIONAL
SHADOW_UNIT, ROOM_UNIT = 1, 2  # of textures, as in face.frag
TO_TEXTURE = np.array([[0.5, 0, 0, 0.5], [0, 0.5, 0, 0.5], [0, 0, 0.5, 0.5], [0, 0, 0, 1]])  # from clip space


class Look(pyrender.MetallicRoughnessMaterial):
    """A material with its shaders and its shadow."""

    def __init__(self, shader: str, defines: dict[str, str], shadow: bool, **properties: object) -> None:
        """`shader`: a pair of files in shaders/; `defines`: what stands in them for a name; `shadow`: it casts one."""
        super().__init__(metallicFactor=0.0, **properties)
        self.shader, self.defines, self.shadow = shader, defines, shadow
        self.programs: dict[int, ShaderProgram] = {}  # by pyrender's ProgramFlags


class _Changes:
    """Sets a uniform only when it changes: pyrender sets a dozen for each primitive and frame, nearly all the same."""

    def __init__(self, set_uniform: Callable[..., None]) -> None:
        self.set_uniform = set_uniform
        self.values: dict[str, bytes | float] = {}

    def __call__(self, name: str, value: float | np.ndarray) -> None:
        state = value.tobytes() if isinstance(value, np.ndarray) else value
        if self.values.get(name) != state:
            self.set_uniform(name, value)
            self.values[name] = state


class FaceRenderer(pyrender.Renderer):
    """Draws one mesh, its primitives in their order, with the shadow of one light. What is overridden says why."""

    def __init__(self, width: int, height: int, smooth: bool, room: pyrender.Texture, shadow: np.ndarray) -> None:
        """`smooth`: pyrender's four samples per pixel, else one; `room`: the background's image, of the same size;
        `shadow`: (4, 4) world → clip space of the light."""
        super().__init__(width, height)
        self._program_cache = ShaderProgramCache(str(FOLDER))
        self.smooth, self.room, self.shadow = smooth, room, shadow
        self.pixels = np.empty((height, width, 4), np.uint8)
        self.shadow_at = TO_TEXTURE @ shadow

    def move(self, primitive: pyrender.Primitive, data: np.ndarray) -> None:
        """New float32 vertex attributes, interleaved, where pyrender would make a new mesh."""
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, primitive._buffers[0])
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, data.nbytes, data)

    def depths(self, scene: pyrender.Scene, clip: np.ndarray, size: int) -> np.ndarray:
        """(size, size) float32 depths of the solid parts, seen by a light with this (4, 4) world → clip space."""
        self.clip, self.size, self.strands = clip, size, False
        self._update_context(scene, FLAGS)
        self._shadow_mapping_pass(scene, next(iter(scene.light_nodes)), FLAGS)
        depths = np.empty((size, size), np.float32)
        GL.glReadPixels(0, 0, size, size, GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT, depths)
        return depths

    def image(self, scene: pyrender.Scene) -> np.ndarray:
        """(H, W, 3) uint8."""
        self.clip, self.size, self.strands = self.shadow, SHADOW_SIZE, True
        return self.render(scene, FLAGS)

    def _get_light_cam_matrices(self, scene, light_node, flags):  # of a light on the whole scene
        return np.eye(4), self.clip

    def _configure_shadow_mapping_viewport(self, light, flags):  # of 2048² texels, unfiltered
        super()._configure_shadow_mapping_viewport(light, flags)
        GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_COMPARE_MODE, GL.GL_COMPARE_REF_TO_TEXTURE)
        GL.glViewport(0, 0, self.size, self.size)
        GL.glEnable(GL.GL_POLYGON_OFFSET_FILL)  # keeps a lit surface out of its own shadow
        GL.glPolygonOffset(2.5, 4.0)

    def _configure_forward_pass_viewport(self, flags):  # always of four samples
        super()._configure_forward_pass_viewport(flags)
        GL.glDisable(GL.GL_POLYGON_OFFSET_FILL)
        if not self.smooth:
            GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, self._main_fb)
        (shadow,) = self._shadow_textures
        for unit, texture in ((SHADOW_UNIT, shadow), (ROOM_UNIT, self.room)):
            GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
            texture._bind()

    def _get_primitive_program(self, primitive, flags, program_flags):  # one of its own
        look = primitive.material
        if program_flags not in look.programs:
            if program_flags & ProgramFlags.USE_MATERIAL:
                name, defines = look.shader, look.defines
            else:
                name, defines = "depth", {} if look.alphaMode == "OPAQUE" else {"STRANDS": "1"}
            program = self._program_cache.get_program(f"{name}.vert", f"{name}.frag", defines=defines)
            if not program._in_context():
                program._add_to_context()
                program.set_uniform = _Changes(program.set_uniform)
            look.programs[program_flags] = program
        return look.programs[program_flags]

    def _bind_lighting(self, scene, program, node, flags):  # the lights are constants in the shaders: faster
        program.set_uniform("shadow_clip", self.shadow_at)

    def _bind_and_draw_primitive(self, primitive, pose, program, flags):  # knows neither strands nor soft edges
        look = primitive.material
        if flags & RenderFlags.DEPTH_ONLY:
            solid = look.alphaMode == "OPAQUE"
            if look.shadow and (solid or self.strands):
                super()._bind_and_draw_primitive(primitive, pose, program, flags if solid else RenderFlags.NONE)
            return
        if "CUTOFF" in look.defines:  # the cut-out's edge, one pixel wide, is spread over the samples
            GL.glEnable(GL.GL_SAMPLE_ALPHA_TO_COVERAGE)
        GL.glDepthMask(GL.GL_FALSE if look.alphaMode == "BLEND" else GL.GL_TRUE)
        super()._bind_and_draw_primitive(primitive, pose, program, flags)
        GL.glDepthMask(GL.GL_TRUE)
        GL.glDisable(GL.GL_SAMPLE_ALPHA_TO_COVERAGE)

    def _read_main_framebuffer(self, scene, flags):  # reads the depths too, which takes longer than the colours
        if self.smooth:
            GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self._main_fb_ms)
            GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, self._main_fb)
            box = (0, 0, self.viewport_width, self.viewport_height)
            GL.glBlitFramebuffer(*box, *box, GL.GL_COLOR_BUFFER_BIT, GL.GL_NEAREST)
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self._main_fb)
        size = self.viewport_width, self.viewport_height
        GL.glReadPixels(0, 0, *size, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, self.pixels)
        return self.pixels[::-1, :, :3].copy()

    def __del__(self) -> None:  # deletes, on any thread and in any context; Scene.delete has done it
        pass
