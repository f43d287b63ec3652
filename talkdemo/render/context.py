"""Runs functions on the one thread of this process that owns an OpenGL context."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

PACKAGES = ("libegl1", "libgl1", "libopengl0", "libgl1-mesa-dri")
MISSING = f"no OpenGL to render with: install the Debian packages {' '.join(PACKAGES)} (apt-get install)"

# EGL contexts belong to one thread, and creating or deleting them in parallel fails; so all images
# are rendered here, job by job, in the order of their requests. A pool with one worker is a thread with a queue.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")
_context: Any = None  # touched by the render thread only


def _open() -> Any:
    """The context of pyrender's EGL platform, made current on this thread (Mesa in software where there is no GPU).

    The first device that works is taken: a GPU that only computes comes before Mesa's software device and fails.
    """
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")  # read when OpenGL is first imported
    # PyOpenGL and pyrender raise ImportError, AttributeError, EGLError, AssertionError … for the same cause
    try:
        from pyrender.platforms import egl

        chosen = os.environ.get("EGL_DEVICE_ID")
        devices = [egl.get_device_by_index(int(chosen))] if chosen else egl.query_devices() or [egl.EGLDevice(None)]
    except Exception as error:
        raise RuntimeError(MISSING) from error
    cause: Exception | None = None
    for device in devices:
        try:
            platform = egl.EGLPlatform(16, 16, device=device)
            platform.init_context()
            from OpenGL.GL import GL_VERSION, glGetString

            if glGetString(GL_VERSION):
                return platform
        except Exception as error:
            cause = error
    raise RuntimeError(MISSING) from cause


def submit(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Runs `function` on the render thread with the context current; the future raises RuntimeError without OpenGL."""

    def job() -> Any:
        global _context
        if _context is None:
            _context = _open()
        _context.make_current()  # pyrender's own renderer, run on this thread, may have left another one current
        return function(*arguments)

    return _thread.submit(job)


def check() -> None:
    """Raises RuntimeError with one sentence that names the packages if nothing can be rendered on this machine."""
    submit(lambda: None).result()
