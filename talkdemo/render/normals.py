"""Smooth vertex normals, fast enough for every frame."""

import numpy as np
from scipy import sparse


class Normals:
    """Area-weighted vertex normals of a fixed topology; vertices that share a `weld` value share one normal."""

    def __init__(self, faces: np.ndarray, weld: np.ndarray) -> None:
        """`faces` (F, 3) integers into the vertices, `weld` (V,) integers (see records.Face)."""
        _, first, self.group = np.unique(weld, return_index=True, return_inverse=True)
        corners = self.group[faces]  # (F, 3) into the welded vertices
        corners = corners[(corners != np.roll(corners, 1, axis=1)).all(axis=1)]  # welding may collapse a face
        self.corners = np.ascontiguousarray(first[corners].T)  # (3, F) into the vertices
        rows, columns = corners.ravel(), np.repeat(np.arange(len(corners)), 3)
        ones = np.ones(len(rows), dtype=np.float32)
        self.incidence = sparse.csr_matrix((ones, (rows, columns)), shape=(len(first), len(corners)))

    def __call__(self, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) float32 → (V, 3) float32; a vertex in no face gets a zero normal."""
        a, b, c = (vertices.take(i, axis=0) for i in self.corners)
        b -= a
        c -= a
        cross = np.empty_like(a)  # np.cross is several times slower
        cross[:, 0] = b[:, 1] * c[:, 2] - b[:, 2] * c[:, 1]
        cross[:, 1] = b[:, 2] * c[:, 0] - b[:, 0] * c[:, 2]
        cross[:, 2] = b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]
        normals = self.incidence @ cross
        length = np.sqrt(np.einsum("ij,ij->i", normals, normals))
        normals /= np.maximum(length, 1e-20)[:, None]
        return normals.take(self.group, axis=0)
