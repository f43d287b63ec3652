"""Small OpenGL objects: programs and their uniforms, textures, buffers. For the render thread only."""

import ctypes

import numpy as np
from OpenGL import GL
from OpenGL.GL import shaders

FLOAT = 4  # bytes


class Program:
    """A linked pair of shaders; uniforms that the compiler dropped are ignored."""

    def __init__(self, vertex: str, fragment: str) -> None:
        kinds = {GL.GL_VERTEX_SHADER: vertex, GL.GL_FRAGMENT_SHADER: fragment}
        stages = [shaders.compileShader(text, kind) for kind, text in kinds.items()]
        self.name = shaders.compileProgram(*stages, validate=False)  # valid only once textures and uniforms are set
        self._where: dict[str, int] = {}

    def use(self, **uniforms: int | float | tuple[float, ...] | np.ndarray) -> None:
        """Makes it current and sets uniforms: int (texture unit), float, tuple (vector) or (4, 4) array."""
        GL.glUseProgram(self.name)
        for name, value in uniforms.items():
            if name not in self._where:
                self._where[name] = GL.glGetUniformLocation(self.name, name)
            where = self._where[name]
            if where < 0:
                continue
            if isinstance(value, np.ndarray):
                GL.glUniformMatrix4fv(where, 1, GL.GL_TRUE, np.ascontiguousarray(value, np.float32))
            elif isinstance(value, tuple):
                (GL.glUniform2f if len(value) == 2 else GL.glUniform3f)(where, *value)
            elif isinstance(value, int):
                GL.glUniform1i(where, value)
            else:
                GL.glUniform1f(where, value)


def texture(image: np.ndarray, smooth: bool) -> int:
    """(H, W, 3 or 4) uint8, row 0 at v = 0 → a texture's name; `smooth` filters it with mipmaps."""
    if image.shape[2] == 3:
        image = np.concatenate([image, np.full((*image.shape[:2], 1), 255, np.uint8)], axis=2)
    image = np.ascontiguousarray(image)
    name = GL.glGenTextures(1)
    GL.glBindTexture(GL.GL_TEXTURE_2D, name)
    size = image.shape[1], image.shape[0]
    GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_RGBA8, *size, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, image)
    near, far = (GL.GL_LINEAR, GL.GL_LINEAR_MIPMAP_NEAREST) if smooth else (GL.GL_NEAREST, GL.GL_NEAREST)
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MAG_FILTER, near)
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, far)
    if smooth:
        GL.glGenerateMipmap(GL.GL_TEXTURE_2D)
    return name


def depth_texture(size: int) -> int:
    """A square depth map read by a sampler2DShadow; what lies outside counts as lit."""
    name = GL.glGenTextures(1)
    GL.glBindTexture(GL.GL_TEXTURE_2D, name)
    form = GL.GL_DEPTH_COMPONENT
    GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_DEPTH_COMPONENT32F, size, size, 0, form, GL.GL_FLOAT, None)
    for parameter, value in (
        (GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR),
        (GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR),
        (GL.GL_TEXTURE_WRAP_S, GL.GL_CLAMP_TO_BORDER),
        (GL.GL_TEXTURE_WRAP_T, GL.GL_CLAMP_TO_BORDER),
        (GL.GL_TEXTURE_COMPARE_MODE, GL.GL_COMPARE_REF_TO_TEXTURE),
    ):
        GL.glTexParameteri(GL.GL_TEXTURE_2D, parameter, value)
    GL.glTexParameterfv(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_BORDER_COLOR, np.ones(4, np.float32))
    return name


def depth_framebuffer(depth: int) -> int:
    """A framebuffer with depth alone, in a texture of `depth_texture`."""
    frame = GL.glGenFramebuffers(1)
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, frame)
    GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_TEXTURE_2D, depth, 0)
    GL.glDrawBuffer(GL.GL_NONE)
    GL.glReadBuffer(GL.GL_NONE)
    return frame


def colour_framebuffer(width: int, height: int, samples: int) -> tuple[int, list[int]]:
    """A framebuffer with RGBA8 colour and depth, `samples` per pixel (0 = plain), and its two renderbuffers' names."""
    frame, stores = GL.glGenFramebuffers(1), []
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, frame)
    attachments = {GL.GL_COLOR_ATTACHMENT0: GL.GL_RGBA8, GL.GL_DEPTH_ATTACHMENT: GL.GL_DEPTH_COMPONENT24}
    for point, form in attachments.items():
        store = GL.glGenRenderbuffers(1)
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, store)
        GL.glRenderbufferStorageMultisample(GL.GL_RENDERBUFFER, samples, form, width, height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, point, GL.GL_RENDERBUFFER, store)
        stores.append(store)
    if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
        raise RuntimeError(f"OpenGL cannot draw images of {width}×{height} pixels")
    return frame, stores


def attributes(buffer: int, sizes: dict[int, int]) -> None:
    """Points attributes {location: floats} at an interleaved float32 buffer, within the bound vertex array."""
    GL.glBindBuffer(GL.GL_ARRAY_BUFFER, buffer)
    stride, offset = sum(sizes.values()) * FLOAT, 0
    for location, size in sizes.items():
        GL.glEnableVertexAttribArray(location)
        GL.glVertexAttribPointer(location, size, GL.GL_FLOAT, GL.GL_FALSE, stride, ctypes.c_void_p(offset))
        offset += size * FLOAT


def triangles(count: int, offset: int) -> None:
    """Draws `count` indices from byte `offset` of the bound vertex array's index buffer."""
    GL.glDrawElements(GL.GL_TRIANGLES, count, GL.GL_UNSIGNED_INT, ctypes.c_void_p(offset))
