"""The characters: each a mix of head shapes, a skin, an iris and a haircut; mixing two gives a third."""

from collections.abc import Mapping
from dataclasses import dataclass

Weights = tuple[tuple[str, float], ...]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Character:
    """Everything that distinguishes one person from another; all weights are over names in head.npz."""

    name: str
    shape: Weights  # identity components
    skin: Weights  # skin textures, summing to 1
    iris: Weights  # iris textures, summing to 1
    hair: str  # name of a haircut, or "none"
    hair_colour: Colour  # sRGB in 0..1, multiplies the grey strands
    shirt: Colour = (0.35, 0.40, 0.48)  # sRGB in 0..1
    about: str = ""


def person(
    name: str,
    about: str,
    corners: Mapping[str, float],
    changes: Mapping[str, float],
    iris: str,
    hair: str,
    hair_colour: Colour,
    shirt: Colour,
) -> Character:
    """A named character with a skin of that name; `corners` are weights over gender-age-origin heads, normalised to
    sum 1, `changes` those of further head shapes."""
    total = sum(corners.values())
    shape = {corner: weight / total for corner, weight in corners.items()} | dict(changes)
    return Character(
        name, tuple(sorted(shape.items())), ((name, 1.0),), ((iris, 1.0),), hair, hair_colour, shirt, about
    )


def mix(a: Character, b: Character, t: float) -> Character:
    """A character between two: t = 0 gives a's face, 1 gives b's; the haircut is that of the nearer one."""
    if not 0 <= t <= 1:
        raise ValueError(f"mixing weight {t} is outside 0..1")
    near = a if t < 0.5 else b

    def colour(x: Colour, y: Colour) -> Colour:
        red, green, blue = ((1 - t) * p + t * q for p, q in zip(x, y, strict=True))
        return red, green, blue

    return Character(
        f"{a.name}+{b.name}@{t:g}",
        _blend(a.shape, b.shape, t),
        _blend(a.skin, b.skin, t),
        _blend(a.iris, b.iris, t),
        near.hair,
        colour(a.hair_colour, b.hair_colour),
        colour(a.shirt, b.shirt),
        f"{1 - t:.0%} {a.name}, {t:.0%} {b.name}",
    )


def _blend(a: Weights, b: Weights, t: float) -> Weights:
    out = {name: (1 - t) * weight for name, weight in a}
    for name, weight in b:
        out[name] = out.get(name, 0.0) + t * weight
    return tuple(sorted((name, weight) for name, weight in out.items() if weight))


_PEOPLE = (
    person("maya", "woman of 27, olive skin, brown eyes, dark bob",
           {"female-young-caucasian": 0.75, "female-young-asian": 0.15, "female-young-african": 0.1},
           {"mouth-upperlip-volume-incr": 0.3, "mouth-lowerlip-volume-incr": 0.2, "cheek-bones-incr": 0.3},
           "brown", "bob", (0.24, 0.15, 0.1), (0.22, 0.36, 0.44)),
    person("leo", "man of 30, fair skin, blue eyes, short blond hair",
           {"male-young-caucasian": 0.9, "male-old-caucasian": 0.1},
           {"chin-width-incr": 0.2, "nose-hump-incr": 0.2, "eyebrows-trans-forward": 0.2},
           "blue", "short", (0.62, 0.46, 0.28), (0.3, 0.33, 0.38)),
    person("amara", "woman of 33, dark skin, dark brown eyes, curls",
           {"female-young-african": 0.95, "female-young-caucasian": 0.05},
           {"cheek-bones-incr": 0.4, "head-scale-vert-incr": 0.15, "mouth-scale-horiz-incr": 0.35},
           "darkbrown", "curly", (0.15, 0.11, 0.09), (0.72, 0.5, 0.2)),
    person("kenji", "man of 24, light skin, dark eyes, short black hair",
           {"male-young-asian": 1},
           {"head-scale-horiz-incr": 0.1, "mouth-scale-horiz-incr": 0.6, "mouth-upperlip-volume-incr": -0.3},
           "darkbrown", "short", (0.13, 0.115, 0.11), (0.24, 0.25, 0.3)),
    person("ingrid", "woman of 68, fair skin, grey eyes, grey bob",
           {"female-old-caucasian": 0.8, "female-young-caucasian": 0.2},
           {"neck-double-incr": 0.2, "mouth-laugh-lines-out": 0.3},
           "grey", "bob", (0.7, 0.69, 0.68), (0.42, 0.3, 0.42)),
    person("kwame", "man of 52, dark skin, brown eyes, close-cropped hair",
           {"male-young-african": 0.5, "male-old-african": 0.5},
           {"head-fat-incr": 0.2, "chin-width-incr": 0.3},
           "darkbrown", "cropped", (0.12, 0.11, 0.1), (0.62, 0.6, 0.55)),
    person("mei", "woman of 45, light skin, brown eyes, long black hair",
           {"female-young-asian": 0.7, "female-old-asian": 0.3},
           {"cheek-volume-incr": 0.2, "mouth-scale-horiz-incr": 0.45},
           "brown", "long", (0.15, 0.12, 0.11), (0.6, 0.22, 0.24)),
    person("tomas", "man of 70, tanned skin, green eyes, thin grey hair",
           {"male-old-caucasian": 0.75, "male-young-caucasian": 0.2, "male-old-african": 0.05},
           {"nose-scale-vert-incr": 0.3, "nose-hump-incr": 0.4, "ear-scale-incr": 0.4, "eye-bag-incr": 0.4},
           "green", "none", (0.62, 0.61, 0.6), (0.25, 0.34, 0.28)),
    person("nora", "girl of 11, fair freckled skin, green eyes, long red hair",
           {"female-child-caucasian": 0.7, "female-young-caucasian": 0.3},
           {},
           "green", "long", (0.52, 0.24, 0.11), (0.34, 0.5, 0.58)),
    person("ravi", "man of 38, brown skin, hazel eyes, short black hair, stubble",
           {"male-young-caucasian": 0.55, "male-young-asian": 0.15, "male-young-african": 0.3},
           {"nose-scale-depth-incr": 0.2, "nose-hump-incr": 0.2, "eye-scale-incr": 0.1},
           "hazel", "short", (0.13, 0.11, 0.1), (0.5, 0.48, 0.46)),
)  # fmt: skip
CHARACTERS: dict[str, Character] = {character.name: character for character in _PEOPLE}
DEFAULT = _PEOPLE[0].name


def find(character: str | Character | None) -> Character:
    """The character of that name; None stands for the first."""
    if isinstance(character, Character):
        return character
    name = DEFAULT if character is None else character
    if name not in CHARACTERS:
        raise ValueError(f"there is no character {name!r}; there are {', '.join(CHARACTERS)}")
    return CHARACTERS[name]
