"""Renders a face with moving vertices as images, from any thread."""

import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future

import numpy as np

from talkdemo.records import Face, check_stop
from talkdemo.render import context
from talkdemo.render.camera import Camera, portrait
from talkdemo.render.light import STUDIO, Studio
from talkdemo.render.normals import Normals

AHEAD = 2  # frames one caller may have queued: the drawing of one overlaps with the preparing of the next

check = context.check


class Renderer:
    """Draws one face at one size. Any number may exist at once: frames are queued on the one render thread."""

    def __init__(
        self,
        face: Face,
        size: int | tuple[int, int] = 512,
        *,
        camera: Camera | None = None,
        studio: Studio = STUDIO,
        samples: int = 4,
    ) -> None:
        """`size`: pixels, one number or (width, height), even; `samples` per pixel on edges: 4, or 0 for none.

        Raises ValueError for a size that is odd or not within 16…4096 and for other `samples`, RuntimeError (one
        sentence) without OpenGL.
        """
        width, height = (size, size) if isinstance(size, int) else size
        if width % 2 or height % 2 or not (16 <= width <= 4096 and 16 <= height <= 4096):
            raise ValueError(f"an image of {width}×{height} was asked for; wanted even sides of 16 to 4096 pixels")
        if samples not in (0, 4):
            raise ValueError(f"{samples} samples per pixel were asked for; wanted 4, or 0 for hard edges")
        self.face, self.width, self.height = face, width, height
        self.camera = camera or portrait(face, width, height)
        self.normals = Normals(np.concatenate([part.faces for part in face.parts]), face.weld)
        resting = self.normals(np.ascontiguousarray(face.neutral, dtype=np.float32))
        self._context = context.current()  # what is made here is of no use in another one
        opened = self._context.submit(_open, face, resting, self.camera, studio, samples > 0)
        self._scene = self._context.result(opened)
        # called, too, when the renderer is garbage collected
        self.close = weakref.finalize(self, self._context.submit, self._scene.delete)
        self.close.atexit = False  # the context goes with the process

    @property
    def open_sky(self) -> np.ndarray:
        """(V,) in 0…1: how much of the sky each vertex of the resting face sees (see render.occlusion)."""
        return self._scene.open_sky

    def frames(self, vertices: Iterable[np.ndarray], stop: threading.Event | None = None) -> Iterator[np.ndarray]:
        """(V, 3) metres, one after the other → (H, W, 3) uint8 in the same order. Raises Stopped when `stop` is set,
        RuntimeError (one sentence) when the OpenGL context is lost: another renderer will draw in a new one."""
        queue: deque[Future] = deque()
        try:
            for one in vertices:
                check_stop(stop)
                queue.append(self._submit(one))
                if len(queue) > AHEAD:
                    yield self._context.result(queue.popleft())
            while queue:
                check_stop(stop)
                yield self._context.result(queue.popleft())
        finally:
            for future in queue:
                future.cancel()

    def image(self, vertices: np.ndarray | None = None) -> np.ndarray:
        """One image (H, W, 3) uint8 of (V, 3) vertices; the neutral face by default."""
        return self._context.result(self._submit(self.face.neutral if vertices is None else vertices))

    def _submit(self, vertices: np.ndarray) -> Future:
        vertices = np.ascontiguousarray(vertices, dtype=np.float32)
        if vertices.shape != self.face.neutral.shape:
            raise ValueError(f"vertices are {vertices.shape}; this face has {self.face.neutral.shape}")
        if not np.isfinite(vertices).all():
            raise ValueError("vertices hold NaN or infinity; wanted metres")
        moving = np.concatenate([vertices, self.normals(vertices)], axis=1)
        return self._context.submit(self._scene.draw, moving)


def _open(*arguments):
    from talkdemo.render.scene import Scene  # imports OpenGL, which must happen on the render thread

    return Scene(*arguments)
