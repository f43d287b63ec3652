"""Makes the gallery of reference clips (assets/references) and the example captures (examples/reference).

    python -m talkdemo.build.references [--corpus runs/corpus/speech]

The articulation model performs every style of build/reference_styles.py and every talking identity on speech of the
corpus of `make corpus`. Takes some minutes.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from talkdemo.build.images import close_up, reduced, remove_others, save
from talkdemo.build.performances import Performance, perform
from talkdemo.build.reference_styles import EXAMPLES, IDENTITIES, REFERENCES, GalleryStyle
from talkdemo.data.corpora.synthetic import FOLDER as CORPUS
from talkdemo.export import livelink, npz
from talkdemo.face.arkit import indices
from talkdemo.face.head import FaceModel
from talkdemo.files import CHECKOUT, IDENTITY_LIBRARY, replacing
from talkdemo.metrics import style_summary
from talkdemo.records import SAMPLES_PER_FRAME, Motion, Speech
from talkdemo.reference import FOLDER, INDEX_FILE
from talkdemo.render import raster, video

SIDE, STILL_SIDE = 240, 192  # pixels of a preview and of its still
ZOOM = 0.74  # field of view against the portrait camera's
CRF, SOUND_BITS = 27, 32_000  # of a preview, to keep the gallery small
EXAMPLE_SECONDS = 7.0  # of sound at least
FINENESS = 8192  # steps per unit (of the head: per radian) that are stored; a leaning jaw has 0.01
LICENCE = "Apache-2.0; made by the project's own programs"


def make(corpus: Path) -> None:
    """Fill both folders; files of other references are deleted. ValueError without the corpus."""
    if not corpus.is_dir():
        raise ValueError(f"{corpus}: the spoken corpus is not there; `make corpus` speaks it")
    raster.check()
    captures = CHECKOUT / "reference"
    for folder in (FOLDER, captures):
        folder.mkdir(parents=True, exist_ok=True)
    summaries = IDENTITY_LIBRARY / style_summary.FILE
    library = style_summary.read(summaries) if summaries.is_file() else {}
    spoken: set[str] = set()
    performances = {style: perform(style, corpus, spoken) for style in (*REFERENCES, *IDENTITIES)}
    rows = []
    for style, performance in performances.items():
        kind = "reference" if style in REFERENCES else "identity"
        about = library[style.name].line if kind == "identity" and style.name in library else style.about
        row = {"name": style.name, "title": style.title, "about": about, "kind": kind, "emotion": style.emotion}
        rows.append(row | {"voice": style.voice, "text": performance.text, "seconds": performance.speech.seconds})
        write_motion(FOLDER / f"{style.name}.npz", style, performance)
    for style in EXAMPLES:
        livelink.write(captures / f"{style.name}.csv", perform(style, corpus, spoken, EXAMPLE_SECONDS).motion)
    with replacing(FOLDER / INDEX_FILE) as temporary:
        temporary.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    remove_others(FOLDER, [*(style.name for style in performances), Path(INDEX_FILE).stem], "*")
    face = FaceModel.load()
    for style in REFERENCES:
        write_preview(face, style, performances[style], FOLDER / f"{style.name}.mp4", FOLDER / f"{style.name}.webp")
        print(style.name, flush=True)


def write_motion(path: Path, style: GalleryStyle, performance: Performance) -> None:
    """The motion and its provenance, rounded to 1 / FINENESS, which compresses well."""
    motion = performance.motion
    meta = {
        "made_by": "the articulation model (data/articulation/model.py)",
        "reference": style.name,
        "style": asdict(style.style),
        "emotion": style.emotion,
        "voice": style.voice,
        "text": performance.text,
        "licence": LICENCE,
    }
    npz.write(path, [Motion.of(np.round(motion.tracks * FINENESS) / FINENESS, motion.fps, meta)])


def write_preview(face: FaceModel, style: GalleryStyle, performance: Performance, path: Path, still: Path) -> None:
    """The first utterance as a video with sound, and a still: the frame nearest to the mean, with open eyes."""
    motion = performance.motion[: performance.first]
    renderer = close_up(face.drawable(style.character), SIDE, ZOOM)
    frames = list(renderer.frames(face.vertices(motion, style.character)))
    speech = Speech(performance.speech.samples[: performance.first * SAMPLES_PER_FRAME], style.name)
    video.write(path, frames, speech, quality=CRF, sound_bits=SOUND_BITS)
    blinking = motion.coefficients[:, indices("eyeBlink")].mean(axis=1) >= 0.35
    distance = np.linalg.norm(motion.coefficients - motion.coefficients.mean(axis=0), axis=1) + 9.0 * blinking
    save(reduced(frames[int(distance.argmin())], STILL_SIDE), still, quality=72)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="FOLDER", help=f"({CORPUS})")
    try:
        make(parser.parse_args().corpus)
    except ValueError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
