"""Real photographs: the person and the expression on each; held-out people by name.

GRID: frames of one man's videos (Cooke et al. 2006; CC BY 4.0), 256×256, whose mouth is closed, half and wide open in
each; the last clips are held out. London: DeBruine & Jones, Face Research Lab London Set (2017): 102 people, neutral
and smiling. 3DSK and Canada: the sets of webmorphR.stim, neutral only. All CC BY 4.0, 512×512.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from talkdemo.data.corpora.shared import need

HELD_OUT = 0.2  # of the people of every corpus
# corpus: folder, expression
FOLDERS: tuple[tuple[str, str, str], ...] = (
    ("london", "neutral_front", "neutral"),
    ("london", "smiling_front", "smiling"),
    ("3dsk", "3dsk", "neutral"),
    ("canada", "canada", "neutral"),
)
TALKING, TALKED_LAST = (
    "grid_s1",
    "sw",
)  # the folder of the frames; first letter of the clips from which they are held out


@dataclass(frozen=True)
class Photo:
    """One photograph of the collection."""

    path: Path
    person: str  # "london-001", "3dsk-female-agata"
    expression: str  # "neutral" or "smiling"
    corpus: str
    split: str  # "train" or "test", the same for all photographs of a person
    view: str = ""  # what is the same camera, light and pose of a person, by name


def photos(folder: Path | None = None) -> list[Photo]:
    """All photographs, sorted; FileNotFoundError where the collection is not on this machine."""
    talking = [] if folder else sorted((need(TALKING) / "frames").glob("*.jpg"))
    folder = need("faces") if folder is None else folder
    rows = []
    for corpus, name, expression in FOLDERS:
        for path in sorted((folder / name).rglob("*.jpg")):
            words = path.relative_to(folder / name).with_suffix("").parts
            rows.append((path, "-".join((corpus, *words)).split("_")[0], expression, corpus))  # 001_03, 001_08
    if not rows:
        patterns = ", ".join(f"{name}/*.jpg" for _, name, _ in FOLDERS)
        raise FileNotFoundError(f"{folder} holds no photographs; wanted: {patterns}")
    corpora = {corpus for corpus, _, _ in FOLDERS}
    held_out = {name for corpus in corpora for name in _held_out({row[1] for row in rows if row[3] == corpus})}
    found = [Photo(*row, "test" if row[1] in held_out else "train") for row in rows]
    for path in talking:  # clip_frame.jpg
        split = "test" if path.name >= TALKED_LAST else "train"
        found.append(Photo(path, "grid-s1", "", "grid", split, path.stem.split("_")[0]))
    return found


def _held_out(people: set[str]) -> list[str]:
    """The share HELD_OUT of the people whose names hash lowest."""
    ordered = sorted(people, key=lambda person: hashlib.sha256(person.encode()).hexdigest())
    return ordered[: round(HELD_OUT * len(ordered))]
