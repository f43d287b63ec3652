"""The shaders in shaders/ and what is written into them: the kind of surface, the studio's lights as constants."""

from pathlib import Path

import numpy as np

from talkdemo.render.light import SHADOW_REACH, SHADOW_SOFTNESS, Studio, unit

FOLDER = Path(__file__).parent / "shaders"
KINDS = ("skin", "eye", "mouth", "hair", "cloth")
DENSE = 0.75  # opacity from which blended hair hides what lies behind it
THIN = 0.02  # opacity below which nothing is drawn
_WORDS = {
    "hair": ("hair", "lash", "brow", "beard", "stubble", "moustache"),
    "eye": ("eye", "iris", "sclera", "cornea"),
    "mouth": ("teeth", "tooth", "tongue", "gum"),
    "cloth": ("cloth", "shirt", "collar", "sweater", "glasses", "cap"),
}


def kind(part: str) -> str:
    """The kind of surface of a part, by its name: "eyes" → eye; lashes, brows, hair, beard → hair; teeth → mouth …"""
    return next((k for k, found in _WORDS.items() if any(w in part.lower() for w in found)), "skin")


def defines(kind: str, studio: Studio) -> dict[str, str]:
    """What the preprocessor puts into face.frag for a kind of surface. A name that is within another comes after it."""
    lights = {"KEY": studio.key, "FILL": studio.fill, "RIM": studio.rim, "LEFT": studio.rim_left}
    return {
        kind.upper(): "1",
        **{f"COLOUR_{name}": _vec3(light.colour) for name, light in lights.items()},
        **{name: _vec3(unit(light.direction)) for name, light in lights.items()},
        "GROUND": _vec3(studio.ground),
        "SKY": _vec3(studio.sky),
        "SOFT": f"{SHADOW_SOFTNESS / (2 * SHADOW_REACH):.6f}",  # half-width of the shadow's edge, fraction of its map
    }


def _vec3(values: tuple[float, ...] | np.ndarray) -> str:
    return f"vec3({', '.join(f'{float(v):.5f}' for v in values)})"
