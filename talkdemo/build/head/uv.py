"""Lays the UV charts of the bust out in one square, and rasterises vertex values over that square."""

import numpy as np
from scipy.ndimage import distance_transform_edt

# Chart → (low corner, high corner) in the new square; the head lies on its side in the old one and is turned upright.
PLACES = {
    "head": ((0.004, 0.385), (0.996, 0.996)),
    "shoulders": ((0.004, 0.004), (0.62, 0.378)),
    "mouth": ((0.64, 0.12), (0.996, 0.375)),
    "socketLeft": ((0.64, 0.004), (0.75, 0.11)),
    "socketRight": ((0.77, 0.004), (0.88, 0.11)),
}


def name_charts(polygons: np.ndarray, chart: np.ndarray, rest: np.ndarray) -> dict[str, list[int]]:
    """Which charts are which, from where their polygons lie: polygons (f, 4, 2), chart (f,), rest (N, 3)."""
    names: dict[str, list[int]] = {name: [] for name in PLACES}
    for number in np.unique(chart):
        vertices = np.unique(polygons[chart == number][:, :, 0])
        middle, size = rest[vertices].mean(0), len(vertices)
        if size < 320 and abs(middle[0]) > 0.02 and middle[1] > 0:
            kind = "socketLeft" if middle[0] > 0 else "socketRight"
        elif size < 600 and middle[1] > -0.06:
            kind = "mouth"
        else:
            kind = "head" if size > 2000 else "shoulders"
        names[kind].append(number)
    if not all(names.values()):
        raise ValueError(f"found UV charts {names}, expected some of each")
    return names


class Layout:
    """The affine map of every chart from the source's UVs to ours."""

    def __init__(self, polygons: np.ndarray, chart: np.ndarray, rest: np.ndarray, uv: np.ndarray) -> None:
        self.uv = uv.copy()
        self.boxes: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # bounds in the source square
        for name, numbers in name_charts(polygons, chart, rest).items():
            used = np.unique(polygons[np.isin(chart, numbers)][:, :, 1])
            low, high = uv[used].min(0), uv[used].max(0)
            self.boxes[name] = (low, high)
            share = (uv[used] - low) / (high - low)
            if name == "head":  # turned by a quarter
                share = np.stack([share[..., 1], 1 - share[..., 0]], -1)
            a, b = (np.array(corner) for corner in PLACES[name])
            self.uv[used] = a + share * (b - a)

    def unplace(self, size: int) -> np.ndarray:
        """For each texel (row 0 on top) its UV in the source square: (size, size, 2)."""
        centre = (np.arange(size) + 0.5) / size
        u, v = np.meshgrid(centre, 1 - centre)
        out, covered = np.zeros((size, size, 2)), np.zeros((size, size), bool)
        for name, (a, b) in PLACES.items():
            pad = 0.006
            inside = (u > a[0] - pad) & (u < b[0] + pad) & (v > a[1] - pad) & (v < b[1] + pad) & ~covered
            share = np.stack([(u - a[0]) / (b[0] - a[0]), (v - a[1]) / (b[1] - a[1])], -1)
            if name == "head":
                share = np.stack([1 - share[..., 1], share[..., 0]], -1)
            low, high = self.boxes[name]
            out[inside] = (low + share * (high - low))[inside]
            covered |= inside
        return out


def rasterise(uv: np.ndarray, faces: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Vertex values (n, d) drawn over the UV square: (size, size, d), NaN where no triangle lies; row 0 on top."""
    image = np.full((size, size, values.shape[1]), np.nan, np.float32)
    points = np.stack([uv[:, 0] * size - 0.5, (1 - uv[:, 1]) * size - 0.5], -1)
    for face in faces:
        (ax, ay), (bx, by), (cx, cy) = points[face]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        x0, x1 = int(max(min(ax, bx, cx) - 1, 0)), int(min(max(ax, bx, cx) + 2, size - 1))
        y0, y1 = int(max(min(ay, by, cy) - 1, 0)), int(min(max(ay, by, cy) + 2, size - 1))
        xs, ys = np.meshgrid(np.arange(x0, x1 + 1), np.arange(y0, y1 + 1))
        b = ((xs - ax) * (cy - ay) - (ys - ay) * (cx - ax)) / area
        c = ((bx - ax) * (ys - ay) - (by - ay) * (xs - ax)) / area
        a = 1 - b - c
        slack = -0.6 / max(abs(area) ** 0.5, 1.0)  # half a texel over the edge, so that no seam stays bare
        inside = (a >= slack) & (b >= slack) & (c >= slack)
        weights = np.stack([a, b, c], -1)[inside]
        image[ys[inside], xs[inside]] = weights @ values[face]
    return image


def fill(image: np.ndarray) -> np.ndarray:
    """NaN texels take the value of the nearest one drawn, so that filtering across a chart's border is harmless."""
    empty = np.isnan(image[..., 0])
    index = distance_transform_edt(empty, return_distances=False, return_indices=True)
    return image[tuple(index)]
