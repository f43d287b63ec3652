"""Runs functions on a thread that owns an OpenGL context; one of the kind is current at a time.

A context that is lost (a driver that was reset, a call that hangs) is given up with its thread and all that was made
in it: whoever drew there is told, and whoever comes next gets a new one.
"""

import atexit
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

PACKAGES = ("libegl1", "libgl1", "libopengl0", "libgl1-mesa-dri")
MISSING = f"no OpenGL to render with: install the Debian packages {' '.join(PACKAGES)} (apt-get install)"
LOST = "OpenGL failed while a picture was drawn; the next one is drawn in a new context, please try again"
PATIENCE = 120.0  # seconds for one picture


class Context:
    """A thread with a queue, and the OpenGL context that is current on it.

    EGL contexts belong to one thread, and creating or deleting them in parallel fails; so all images are rendered here,
    job by job, in the order of their requests.
    """

    def __init__(self) -> None:
        self.lost = False
        self._platform: Any = None  # touched by the thread only
        self._jobs: queue.SimpleQueue[tuple[Future, Callable[..., Any], tuple] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)
        self._thread.start()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Runs `function` on the thread with the context current; the future raises RuntimeError (one sentence) without
        OpenGL, and once the context is lost."""
        future: Future[Any] = Future()
        self._jobs.put((future, function, arguments))
        return future

    def result(self, future: Future[Any]) -> Any:
        """What a job gives. One that takes longer than PATIENCE hangs: the context is lost."""
        try:
            return future.result(PATIENCE)
        except TimeoutError:
            self.lost = True
            raise RuntimeError(LOST) from None

    def close(self) -> None:
        """The thread ends when its jobs are done; one that hangs ends with the process."""
        self._jobs.put(None)
        self._thread.join(0 if self.lost else PATIENCE)

    def _run(self) -> None:
        while job := self._jobs.get():
            future, function, arguments = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if self.lost:
                    raise RuntimeError(LOST)
                future.set_result(self._call(function, arguments))
            except BaseException as error:  # handed to whoever waits for it
                future.set_exception(error)

    def _call(self, function: Callable[..., Any], arguments: tuple) -> Any:
        if self._platform is None:
            self._platform = _open()
        try:
            self._platform.make_current()  # pyrender's own renderer, run on this thread, may have left another one
        except Exception as error:  # an assertion of pyrender, or EGL's own
            self.lost = True
            raise RuntimeError(LOST) from error
        from OpenGL.error import Error

        try:
            return function(*arguments)
        except Error as error:
            self.lost = True
            raise RuntimeError(LOST) from error


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


_lock = threading.Lock()
_current: Context | None = None


def current() -> Context:
    """The context to draw in: a new one when there is none, or it was lost."""
    global _current
    with _lock:
        if _current is None or _current.lost:
            _current = Context()
        return _current


@atexit.register
def _close() -> None:
    if _current is not None:
        _current.close()


def submit(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Runs `function` in the current context."""
    return current().submit(function, *arguments)


def check() -> None:
    """Raises RuntimeError with one sentence that names the packages if nothing can be rendered on this machine."""
    submit(lambda: None).result()
