"""ARKit-52: the names in Apple's order, mirror pairs and named groups of channels. No column numbers elsewhere."""

NAMES: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp",
    "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}


def mirror_name(name: str) -> str:
    """The channel that does the same on the other side; a central channel is its own mirror."""
    if "Left" in name:
        return name.replace("Left", "Right")
    return name.replace("Right", "Left")


MIRROR: tuple[int, ...] = tuple(INDEX[mirror_name(name)] for name in NAMES)


def indices(*names: str) -> list[int]:
    """Columns of the channels named; a name without its side ("mouthSmile") stands for both sides."""
    columns: list[int] = []
    for name in names:
        found = [INDEX[n] for n in (name, f"{name}Left", f"{name}Right") if n in INDEX]
        if not found:
            raise ValueError(f"{name!r} is not an ARKit channel; the 52 names stand in face.arkit.NAMES")
        columns += found
    return columns


JAW = indices("jawForward", "jawRight", "jawLeft", "jawOpen")
MOUTH = [i for i, name in enumerate(NAMES) if name.startswith("mouth")]
LIPS = sorted({*JAW, *MOUTH, *indices("tongueOut", "cheekPuff")})
EYES = [i for i, name in enumerate(NAMES) if name.startswith("eye")]
BROWS = [i for i, name in enumerate(NAMES) if name.startswith("brow")]
UPPER_FACE = sorted({*EYES, *BROWS, *indices("cheekSquint", "noseSneer")})
