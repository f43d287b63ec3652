"""The binary buffer of a GLB: arrays and images appended to buffer views, and the accessors that describe them."""

import numpy as np
import pygltflib as gltf

COMPONENTS = {
    np.dtype(np.float32): gltf.FLOAT,
    np.dtype(np.uint8): gltf.UNSIGNED_BYTE,
    np.dtype(np.uint16): gltf.UNSIGNED_SHORT,
}
TYPES = {1: gltf.SCALAR, 2: gltf.VEC2, 3: gltf.VEC3, 4: gltf.VEC4, 16: gltf.MAT4}


class Buffer:
    """Collects the arrays of one file. Arrays of one `view` name lie one behind the other in one buffer view."""

    def __init__(self) -> None:
        self.accessors: list[gltf.Accessor] = []
        self._views: list[gltf.BufferView] = []
        self._bytes: list[bytearray] = []
        self._index: dict[str, int] = {}

    def array(
        self,
        values: np.ndarray,
        view: str,
        *,
        target: int | None = None,
        bounds: bool = False,
        normalized: bool = False,
    ) -> int:
        """Append (N,) scalars or (N, 2 … 16) vectors; returns the accessor. `bounds`: with minimum and maximum."""
        offset = self._append(values, view, target)
        accessor = _accessor(values, bounds)
        accessor.bufferView, accessor.byteOffset = self._index[view], offset
        accessor.normalized = normalized
        return self._add(accessor)

    def attribute(self, values: np.ndarray, *, bounds: bool = False, normalized: bool = False) -> int:
        """Append what vertices have, (N, 2 … 4); returns the accessor."""
        values = np.ascontiguousarray(values)
        view = f"{values.dtype}×{values.shape[1]}"
        return self.array(values, view, target=gltf.ARRAY_BUFFER, bounds=bounds, normalized=normalized)

    def sparse(self, values: np.ndarray, *, bounds: bool = False) -> int:
        """Append float32 vectors (N, 3), most of them zero, as an accessor that stores only the others."""
        rows = np.flatnonzero(values.any(axis=1))
        if not len(rows):  # three.js takes an accessor without any data for a missing one
            rows = np.array([0])
        accessor = _accessor(values, bounds)
        accessor.sparse = gltf.Sparse(
            count=len(rows),
            indices=gltf.AccessorSparseIndices(
                byteOffset=self._append(rows.astype(np.uint16), "sparse rows"),
                bufferView=self._index["sparse rows"],
                componentType=gltf.UNSIGNED_SHORT,
            ),
            values=gltf.AccessorSparseValues(
                byteOffset=self._append(values[rows], "sparse values"), bufferView=self._index["sparse values"]
            ),
        )
        return self._add(accessor)

    def blob(self, data: bytes, view: str) -> int:
        """Append the bytes of an image; returns the buffer view."""
        self._append(np.frombuffer(data, np.uint8), view)
        return self._index[view]

    def finish(self) -> tuple[bytes, list[gltf.BufferView]]:
        """The whole buffer, and its views."""
        out = bytearray()
        for view, data in zip(self._views, self._bytes, strict=True):
            view.byteOffset, view.byteLength = len(out), len(data)
            out += data + bytes(-len(data) % 4)
        return bytes(out), self._views

    def _append(self, values: np.ndarray, view: str, target: int | None = None) -> int:
        if view not in self._index:
            self._index[view] = len(self._views)
            stride = values.itemsize * values.shape[1] if target == gltf.ARRAY_BUFFER else None
            self._views.append(gltf.BufferView(buffer=0, target=target, byteStride=stride))
            self._bytes.append(bytearray())
        data = self._bytes[self._index[view]]
        offset = len(data)
        data += np.ascontiguousarray(values).tobytes()
        return offset

    def _add(self, accessor: gltf.Accessor) -> int:
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def _accessor(values: np.ndarray, bounds: bool) -> gltf.Accessor:
    rows = values.reshape(len(values), -1)
    accessor = gltf.Accessor(
        componentType=COMPONENTS[values.dtype], count=len(values), type=TYPES[rows.shape[1]], byteOffset=None
    )
    accessor.min = rows.min(axis=0).tolist() if bounds else None
    accessor.max = rows.max(axis=0).tolist() if bounds else None
    return accessor
