"""The studio: directions and colours of the lights (linear RGB), and the background."""

from dataclasses import dataclass

import numpy as np

SHADOW_SIZE = 384  # texels of the key light's shadow map
SHADOW_REACH = 0.24  # metres around the camera's target
SHADOW_SOFTNESS = 0.004  # metres, half the width of a shadow's edge


@dataclass(frozen=True)
class Light:
    """A light at infinity."""

    direction: tuple[float, float, float]  # from the head to the light; normalised when used
    colour: tuple[float, float, float]  # linear RGB


@dataclass(frozen=True)
class Studio:
    """Soft key from the upper left of the image, cool fill from the right, two rims from behind, a grey room."""

    key: Light = Light((-0.55, 0.60, 0.75), (1.04, 1.00, 0.945))
    fill: Light = Light((0.80, 0.05, 0.70), (0.26, 0.28, 0.33))
    rim: Light = Light((0.85, 0.45, -0.75), (1.10, 1.15, 1.25))
    rim_left: Light = Light((-0.90, 0.35, -0.80), (0.55, 0.55, 0.60))
    sky: tuple[float, float, float] = (0.37, 0.39, 0.42)  # light from above
    ground: tuple[float, float, float] = (0.20, 0.18, 0.165)  # and from below
    centre: tuple[int, int, int] = (208, 211, 216)  # background behind the head, sRGB
    edge: tuple[int, int, int] = (146, 151, 160)  # and in the corners

    def background(self, width: int, height: int) -> np.ndarray:
        """(H, W, 3) uint8: a round, soft gradient, dithered so that the video shows no bands."""
        y, x = np.mgrid[0:height, 0:width]
        scale = max(width, height)
        radius = np.hypot((x - width / 2 + 0.5) / scale, (y - 0.45 * height + 0.5) / scale) / 0.72
        radius = np.clip(radius, 0, 1)[..., None]
        fade = radius**2 * (3 - 2 * radius)
        image = np.asarray(self.centre) * (1 - fade) + np.asarray(self.edge) * fade
        noise = np.random.default_rng(0).random((height, width, 1))  # one value for all colours: no coloured grain
        return np.floor(image + noise).clip(0, 255).astype(np.uint8)


STUDIO = Studio()


def unit(direction: tuple[float, float, float]) -> np.ndarray:
    """(3,) → (3,) of length one."""
    return np.asarray(direction, dtype=np.float32) / np.float32(np.linalg.norm(direction))
