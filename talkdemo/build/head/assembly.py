"""Assembles the pieces of the head into the arrays of head.npz."""

import numpy as np
from scipy.spatial import cKDTree

from talkdemo.build.head.mesh import Piece, join


def assemble(pieces: list[Piece], identity_names: list[str]) -> dict[str, np.ndarray]:
    """Concatenate vertices and make the action displacements sparse."""
    whole = join("head", pieces)
    vertices, values, starts = [], [], [0]
    for delta in whole.actions:
        moved = np.flatnonzero(np.abs(delta).max(1) > 2e-5)
        vertices.append(moved)
        values.append(delta[moved])
        starts.append(starts[-1] + len(moved))
    return {
        "rest": whole.rest.astype(np.float32),
        "uv": whole.uv.astype(np.float32),
        "turn": whole.turn.astype(np.float32),
        "weld": whole.weld,
        "part_of": np.concatenate([np.full(len(p.rest), n) for n, p in enumerate(pieces)]),
        "action/vertices": np.concatenate(vertices).astype(np.int32),
        "action/values": np.concatenate(values).astype(np.float32),
        "action/starts": np.array(starts),
        "identity/names": np.array(identity_names),
        "identity/values": whole.identities.astype(np.float16),
    }


def part_faces(pieces: list[Piece], start: dict[str, int]) -> dict[str, np.ndarray]:
    faces = {p.name: (p.faces + start[p.name]).astype(np.int32) for p in pieces}
    faces["eyes"] = np.concatenate([faces.pop("eyeLeft"), faces.pop("eyeRight")])
    return faces


def mirror_rows(rest: np.ndarray, uv: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(V,) the vertex on the other side: nearest to the mirrored place (twins may swap; they lie in one place)."""
    key = np.c_[rest * [-1, 1, 1], np.where(np.isin(part, (1, 2)), 0, part) * 0.05]
    return cKDTree(np.c_[rest, key[:, 3]]).query(key)[1]


def moving_first(out: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Renumber vertices into three runs: moved by actions and turning fully with the head, moved, not moved."""
    moved = np.zeros(len(out["rest"]), bool)
    moved[out["action/vertices"]] = True
    moved[np.concatenate([v.ravel() for k, v in out.items() if k.startswith(("anatomy/lids", "anatomy/lash"))])] = True
    moved[np.concatenate([v for k, v in out.items() if k.startswith("anatomy/eyeball")])] = True
    moved |= np.isin(out["weld"], out["weld"][moved])
    run = np.where(moved, np.where(out["turn"] >= 1, 0, 1), 2)
    order = np.argsort(run, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    keep_values = ("anatomy/look", "anatomy/lidFade", "anatomy/lidEdge", "anatomy/upperLid", "anatomy/lowerLid")
    result = {}
    for key, value in out.items():
        if key in ("rest", "uv", "turn", "weld", "part_of"):
            result[key] = value[order]
        elif key == "identity/values":
            result[key] = value[:, order]
        elif key in ("mirror", "anatomy/twin"):
            result[key] = rank[value[order]].astype(np.int32)
        elif key.startswith(("action/vertices", "part/", "mask/", "inner_lip", "anatomy/", "landmarks/vertices")):
            result[key] = value if key.startswith(keep_values) else rank[value].astype(np.int32)
        else:
            result[key] = value
    result["weld"] = np.unique(result["weld"], return_inverse=True)[1].astype(np.int32)
    result["part_of"] = result["part_of"].astype(np.uint8)
    result["rigid"], result["moving"] = np.array(int((run == 0).sum())), np.array(int(moved.sum()))
    return result


def twins(weld: np.ndarray) -> np.ndarray:
    """(V,) the first vertex of each welded group, so that twins on a UV seam never part."""
    _, first, inverse = np.unique(weld, return_index=True, return_inverse=True)
    return first[inverse]
