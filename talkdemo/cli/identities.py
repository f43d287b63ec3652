"""Nothing in; the learned talking identities and their manners, one a line, out.

With --pictures the app's library is made anew by the installed model: every identity says the example clips,
styles.json holds how it moves meanwhile, a preview shows it; and the opening film of the app is drawn.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from talkdemo.files import ASSETS, EXAMPLES
from talkdemo.records import Motion, Request, Speech

if TYPE_CHECKING:
    from PIL.Image import Image

    from talkdemo.pipeline import SpeechToFace
    from talkdemo.render.raster import Renderer

FOLDER, FILMS = ASSETS / "identities", ASSETS / "previews"
CLIPS = EXAMPLES / "speech"
SENTENCE = CLIPS / "welcome.flac"
SEED = 0
SAMPLES = 2  # performances of each clip: blinks are too few to be counted in one
FRAMES, EVERY = 25, 2  # of a preview: each second frame of the first two seconds
SIDE, CLOSER = 144, 0.66  # pixels of a preview; its camera's field of view against the portrait's
FACE = "nora"  # whose head shows all manners: brows, lids and lips are plain to see on it
FILM_SIDE = 448


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--emotions", action="store_true", help="list the emotions instead")
    parser.add_argument("--pictures", action="store_true", help="make the app's library anew (some minutes)")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.metrics import style_summary
    from talkdemo.pipeline import SpeechToFace

    talker = SpeechToFace.load()
    if arguments.emotions:
        print("\n".join(talker.emotions))
        return 0
    if arguments.pictures:
        make_library(talker, arguments.progress)
    known = style_summary.read(FOLDER / "styles.json") if (FOLDER / "styles.json").is_file() else {}
    width = max(map(len, talker.identities))
    for name in talker.identities:
        print(f"{name:{width}}  {known[name].line if name in known else ''}".rstrip())
    return 0


def make_library(talker: SpeechToFace, shown: bool) -> None:
    """Measure every identity, draw its preview and the opening film; what is no identity any more is deleted."""
    from talkdemo.audio.decode import decode
    from talkdemo.cli.progress import progress_line
    from talkdemo.data.articulation.identities import IDENTITIES
    from talkdemo.face.characters import CHARACTERS
    from talkdemo.files import replacing
    from talkdemo.metrics import style_summary
    from talkdemo.render import raster

    if not SENTENCE.is_file():
        raise ValueError(f"{CLIPS}: the example clips are not there; --pictures works in the repository")
    raster.check()
    for folder in (FOLDER, FILMS):
        folder.mkdir(parents=True, exist_ok=True)
    clips = {path: decode(path) for path in sorted(CLIPS.glob("*.flac"))}
    renderer = close_up(talker)
    manners = {}
    with progress_line(shown) as report:
        for done, name in enumerate(talker.identities):
            report("identities", done / len(talker.identities))
            performed = perform(talker, name, clips)
            manners[name] = style_summary.measure([motion for motions in performed.values() for motion in motions])
            with replacing(FOLDER / f"{name}.webp") as temporary:
                sheet(talker, performed[SENTENCE][0], renderer).save(temporary, "webp", quality=62, method=6)
        real = [name for name in talker.identities if name not in IDENTITIES]
        with replacing(FOLDER / "styles.json") as temporary:
            temporary.write_text(style_summary.dumps(style_summary.library(manners, real)), encoding="utf-8")
        for path in FOLDER.glob("*.webp"):
            if path.stem not in talker.identities:
                path.unlink()
        (motion,) = talker.animate(Request(clips[SENTENCE], seed=SEED))
        first = next(iter(CHARACTERS))
        film = FILMS / f"{first}.mp4"
        talker.video(motion, clips[SENTENCE], film, character=first, size=FILM_SIDE, progress=report)


def perform(talker: SpeechToFace, name: str, clips: Mapping[Path, Speech]) -> dict[Path, list[Motion]]:
    """SAMPLES performances of every clip by one identity, as the app makes them at first: neutral, DEFAULT_STEPS."""
    return {
        path: talker.animate(Request(clip, identity=name, seed=SEED, samples=SAMPLES)) for path, clip in clips.items()
    }


def close_up(talker: SpeechToFace) -> Renderer:
    """Draws FACE nearer than a portrait does, at twice the size of a preview."""
    from talkdemo.render.camera import portrait
    from talkdemo.render.raster import Renderer

    face = talker.face.drawable(FACE)
    camera = portrait(face, 2 * SIDE, 2 * SIDE)
    return Renderer(face, 2 * SIDE, camera=replace(camera, fov=CLOSER * camera.fov))


def sheet(talker: SpeechToFace, motion: Motion, renderer: Renderer) -> Image:
    """The preview: FRAMES pictures of SIDE pixels side by side."""
    import numpy as np
    from PIL import Image

    moments = EVERY * np.arange(FRAMES)
    vertices = talker.vertices(Motion(motion.coefficients[moments], motion.head[moments]), FACE)
    whole = Image.new("RGB", (FRAMES * SIDE, SIDE))
    for k, frame in enumerate(renderer.frames(vertices)):
        whole.paste(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (k * SIDE, 0))
    return whole
