"""Characters as files for the page: made when first needed, named by their content, kept as long as the process."""

import functools
import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from talkdemo.export import gltf
from talkdemo.face.characters import find
from talkdemo.face.head import FaceModel
from talkdemo.files import replacing
from talkdemo.render.camera import portrait
from talkdemo.render.light import SHADOW_REACH, STUDIO, unit
from talkdemo.render.occlusion import orthographic
from talkdemo.ui.parts.library import address
from talkdemo.ui.parts.visits import private_root


class Gallery:
    """The characters in one folder. Any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[str, dict[str, Any]] = {}
        self._paths: dict[str, Path] = {}
        self._lock = threading.Lock()

    def record(self, name: str) -> dict[str, Any]:
        """What the page needs of a character: address of its GLB, the portrait camera, the key light's shadow matrix.

        Makes the file when it is asked for the first time (a second). ValueError for an unknown name.
        """
        if name not in self._records:
            find(name)
            with self._lock:
                if name not in self._records:
                    self._records[name] = self._make(name)
        return self._records[name]

    def path(self, name: str) -> Path:
        """The GLB of a character."""
        self.record(name)
        return self._paths[name]

    def prepare(self, names: Sequence[str]) -> None:
        """Make these in the background, in their order."""
        worker = ThreadPoolExecutor(1, thread_name_prefix="characters")
        for name in names:
            worker.submit(self.record, name)
        worker.shutdown(wait=False)

    def _make(self, name: str) -> dict[str, Any]:
        face = self._face
        data = gltf.encode(face, name, viewer=True)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}.glb"
        with replacing(path) as part:
            part.write_bytes(data)
        self._paths[name] = path
        camera = portrait(face.drawable(name))
        shadow = orthographic(unit(STUDIO.key.direction), np.asarray(camera.target), SHADOW_REACH)
        return {
            "name": name,
            "url": address(path),
            "position": camera.position,
            "target": camera.target,
            "fov": camera.fov,
            "shadow": np.round(shadow, 7).ravel().tolist(),
        }

    @functools.cached_property
    def _face(self) -> FaceModel:
        return FaceModel.load()


@functools.cache
def gallery() -> Gallery:
    """The one of this process, in its private folder."""
    return Gallery(private_root() / "viewer")
