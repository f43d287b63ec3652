"""Nothing in; the shipped reference clips, whose manner diffposetalk follows, one a line, out.

With --make they are made anew from the corpus of `make corpus`: the teacher performs every design of
build/references/designs.py and every talking identity; motions, previews with sound, stills and the index go to
assets/references, the example CSV files to examples/reference.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from talkdemo import files
from talkdemo.records import Motion, Speech

if TYPE_CHECKING:
    from talkdemo.build.references.designs import Design
    from talkdemo.build.references.takes import Take
    from talkdemo.face.head import FaceModel

CORPUS = Path("runs/corpus/speech")
EXAMPLES = files.EXAMPLES / "reference"
SIDE, STILL_SIDE = 240, 192  # pixels of a preview and of its still
CLOSER = 0.74  # the camera's field of view against a portrait's
CRF, SOUND_BITS = 27, 32_000  # of a preview: all together are to stay small
EXAMPLE_SECONDS = 7.0  # of sound at least
FINENESS = 8192  # steps between 0 and 1 (of an angle: a radian) that are kept; a leaning jaw has 0.01
LICENCE = "Apache-2.0; made by the project's own programs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--make", action="store_true", help="make all of them anew (some minutes)")
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="FOLDER", help=f"for --make ({CORPUS})")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.reference import gallery

    if arguments.make:
        make(arguments.corpus, arguments.progress)
        gallery.cache_clear()
    items = gallery().values()
    width = max((len(item.name) for item in items), default=0)
    for item in items:
        print(f"{item.name:{width}}  {item.about}".rstrip())
    return 0


def make(corpus: Path, shown: bool) -> None:
    """Fill assets/references and examples/reference; what belongs to no reference any more is deleted."""
    import json

    from talkdemo.build.references.designs import EXAMPLES as DESIGNED
    from talkdemo.build.references.designs import REFERENCES, TALKING
    from talkdemo.build.references.takes import perform
    from talkdemo.cli.identities import FOLDER as SHEETS
    from talkdemo.cli.progress import progress_line
    from talkdemo.export import livelink
    from talkdemo.face.head import FaceModel
    from talkdemo.files import replacing
    from talkdemo.metrics import style_summary
    from talkdemo.reference import FOLDER, INDEX_FILE
    from talkdemo.render import raster

    if not corpus.is_dir():
        raise ValueError(f"{corpus}: the spoken corpus is not there; `make corpus` speaks it")
    raster.check()
    FOLDER.mkdir(parents=True, exist_ok=True)
    EXAMPLES.mkdir(parents=True, exist_ok=True)
    known = style_summary.read(SHEETS / "styles.json") if (SHEETS / "styles.json").is_file() else {}
    said: set[str] = set()
    takes = {design: perform(design, corpus, said) for design in (*REFERENCES, *TALKING)}
    rows = []
    for design, take in takes.items():
        kind = "reference" if design in REFERENCES else "identity"
        about = known[design.name].line if kind == "identity" and design.name in known else design.about
        row = {"name": design.name, "title": design.title, "about": about, "kind": kind, "emotion": design.emotion}
        rows.append(row | {"voice": design.voice, "text": take.text, "seconds": take.speech.seconds})
        write(FOLDER / f"{design.name}.npz", design, take)
    for design in DESIGNED:
        livelink.write(EXAMPLES / f"{design.name}.csv", perform(design, corpus, said, EXAMPLE_SECONDS).motion)
    with replacing(FOLDER / INDEX_FILE) as temporary:
        temporary.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    names = {row["name"] for row in rows} | {Path(INDEX_FILE).stem}
    for path in FOLDER.iterdir():
        if path.is_file() and path.stem not in names:
            path.unlink()
    with progress_line(shown) as report:
        face = FaceModel.load()
        for done, design in enumerate(REFERENCES):
            report("previews", done / len(REFERENCES))
            show(face, design, takes[design], FOLDER / f"{design.name}.mp4", FOLDER / f"{design.name}.webp")
        report("previews", 1.0)


def write(path: Path, design: Design, take: Take) -> None:
    """The motion with what it was made of, in steps of 1 / FINENESS, which compress well."""
    from dataclasses import asdict

    import numpy as np

    from talkdemo.export import npz

    meta = {
        "made_by": "the corpus's teacher (data/articulation/model.py)",
        "reference": design.name,
        "style": asdict(design.style),
        "emotion": design.emotion,
        "voice": design.voice,
        "text": take.text,
        "licence": LICENCE,
    }
    rounded = [np.round(x * FINENESS) / FINENESS for x in (take.motion.coefficients, take.motion.head)]
    npz.write(path, [Motion(*rounded, take.motion.fps, meta)])


def show(face: FaceModel, design: Design, take: Take, film: Path, still: Path) -> None:
    """The first utterance as a video with sound, and one typical picture of it."""
    from dataclasses import replace

    import numpy as np
    import torch
    from PIL import Image

    from talkdemo.face.arkit import indices
    from talkdemo.files import replacing
    from talkdemo.records import SAMPLES_PER_FRAME
    from talkdemo.render import video
    from talkdemo.render.camera import portrait
    from talkdemo.render.raster import Renderer

    coefficients, head = take.motion.coefficients[: take.first], take.motion.head[: take.first]
    with torch.no_grad():
        vertices = face(torch.from_numpy(coefficients), torch.from_numpy(head), design.character).numpy()
    drawable = face.drawable(design.character)
    camera = portrait(drawable, SIDE, SIDE)
    renderer = Renderer(drawable, SIDE, camera=replace(camera, fov=CLOSER * camera.fov))
    pictures = list(renderer.frames(vertices))
    speech = Speech(take.speech.samples[: take.first * SAMPLES_PER_FRAME], design.name)
    video.write(film, pictures, speech, quality=CRF, sound_bits=SOUND_BITS)
    awake = coefficients[:, indices("eyeBlink")].mean(axis=1) < 0.35
    far = np.linalg.norm(coefficients - coefficients.mean(axis=0), axis=1) + 9.0 * ~awake
    with replacing(still) as temporary:
        typical = Image.fromarray(pictures[int(far.argmin())])
        typical.resize((STILL_SIDE, STILL_SIDE), Image.Resampling.LANCZOS).save(temporary, "webp", quality=72, method=6)
