"""Smooth vertex normals, fast enough for every frame."""

import numpy as np
from trimesh import geometry, triangles


class Normals:
    """Area-weighted vertex normals of a fixed topology; vertices that share a `weld` value share one normal."""

    def __init__(self, faces: np.ndarray, weld: np.ndarray) -> None:
        """`faces` (F, 3) integers into the vertices, `weld` (V,) integers (see records.Face)."""
        _, first, self.group = np.unique(weld, return_index=True, return_inverse=True)
        corners = self.group[faces]  # (F, 3) into the welded vertices; a face that welding collapses has no area
        self.faces, self.count = first[corners], len(first)
        self.incidence = geometry.index_sparse(self.count, corners, dtype=np.float32).tocsr()

    def __call__(self, vertices: np.ndarray) -> np.ndarray:
        """(V, 3) float32 → (V, 3) float32; a vertex in no face gets a zero normal."""
        crosses = triangles.cross(vertices[self.faces])
        normals = geometry.mean_vertex_normals(self.count, self.faces, crosses, sparse=self.incidence)
        return normals[self.group].astype(np.float32)
