"""Gives a portrait another expression, as an image, or the expressions of a whole motion, as a video.

FACE is a photograph of one face from the front, or a name of the gallery (examples/faces). The expression comes from 68
landmarks of FACE itself (as `talkdemo track FACE --landmarks` writes them, then edited), from another photograph, by
name, or from a motion: one frame of it gives an image, all of it a video. What is covered in FACE is told on stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from talkdemo.cli.arguments import check_outputs, choose, integer, number, output_path
from talkdemo.records import MAX_AMOUNT

if TYPE_CHECKING:
    from talkdemo.gcgan.edit import Expresser
    from talkdemo.gcgan.portrait import Portrait
    from talkdemo.records import Motion, Progress

MAX_FRAME = 10**6
TARGETS = ("landmarks", "from", "preset", "npz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("face", nargs="?", metavar="FACE", help="a photograph, or a name of the gallery")
    landmarks = "the 68 landmarks that FACE shall have, in pixels of FACE"
    parser.add_argument("--landmarks", type=Path, metavar="X.json", help=landmarks)
    parser.add_argument("--from", metavar="PHOTO", help="a photograph (or a name of the gallery) with the expression")
    parser.add_argument("--preset", metavar="NAME", help="an expression by name (see --presets)")
    parser.add_argument("--npz", type=Path, metavar="MOTION", help="a motion as animate and track write it")
    parser.add_argument("--frame", type=integer(0, MAX_FRAME), metavar="I", help="which frame of the motion, from 0")
    parser.add_argument("--audio", type=Path, metavar="SPEECH", help="the sound of a video, as long as the motion")
    amount = f"0 (FACE as it is) to {MAX_AMOUNT:g} (exaggerated) (1)"
    parser.add_argument("--amount", type=number(0, MAX_AMOUNT), default=1.0, metavar="A", help=amount)
    parser.add_argument("--still", action="store_true", help="the head of a video keeps the pose of FACE")
    parser.add_argument("--out", type=image_or_video, metavar="X.png|X.mp4", help="the image, or a motion's video")
    parser.add_argument("--presets", action="store_true", help="only list the names of the expressions")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def image_or_video(text: str) -> Path:
    """An argparse type."""
    if Path(text).suffix.lower() not in (".png", ".mp4"):
        raise argparse.ArgumentTypeError(f"{text!r} given; a name ending in .png, or .mp4 for a video, is wanted")
    return output_path(Path(text).suffix.lower())(text)


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.terminal import progress_line

    if not arguments.presets:
        check(arguments)

    from talkdemo.gcgan import covered
    from talkdemo.gcgan.edit import Expresser

    if arguments.presets:
        print("\n".join(Expresser.load().presets))
        return 0
    begin = time.perf_counter()
    motion = None if arguments.npz is None else read_motion(arguments.npz, arguments.frame)
    expresser = Expresser.load()
    if arguments.preset is not None:
        choose("preset", arguments.preset, expresser.presets)
    portrait = open_face(arguments.face)
    loaded = time.perf_counter()
    if arguments.out.suffix.lower() == ".mp4":
        assert motion is not None  # see check
        with progress_line(arguments.progress) as report:
            size = write_video(arguments, expresser, portrait, motion, report)
    else:
        size = write_image(arguments, expresser, portrait, motion)
    done = time.perf_counter()
    told = covered.warning(portrait)
    sources = {name: getattr(arguments, name) for name in (*TARGETS, "frame", "audio")}
    summary = {
        "face": arguments.face,
        **{
            name: value if isinstance(value, int) else str(value)
            for name, value in sources.items()
            if value is not None
        },
        "amount": arguments.amount,
        "width": size[0],
        "height": size[1],
        **({"frames": len(motion), "fps": float(motion.fps)} if motion and arguments.frame is None else {}),
        "seconds": {"load": round(loaded - begin, 3), "express": round(done - loaded, 3)},
        "out": str(arguments.out),
        **({"warning": told} if told else {}),
    }
    if told:
        print(f"talkdemo: {told}", file=sys.stderr)
    print(json.dumps(summary))
    return 0


def check(arguments: argparse.Namespace) -> None:
    """All that can be known before any work is done."""
    from talkdemo.gcgan.gallery import gallery

    if arguments.face is None:
        raise ValueError(f"no FACE given; a photograph or one of the gallery ({', '.join(gallery())}) is wanted")
    if arguments.out is None:
        raise ValueError("no --out given; a name ending in .png, or .mp4 for a video, is wanted")
    targets = [f"--{name}" for name in TARGETS if getattr(arguments, name) is not None]
    if len(targets) != 1:
        wanted = "one of --landmarks, --from, --preset and --npz is wanted"
        raise ValueError(f"{' and '.join(targets) or 'no expression'} given; {wanted}")
    video, moving = arguments.out.suffix.lower() == ".mp4", arguments.npz is not None
    if video and not moving:
        raise ValueError(f"{arguments.out} given with {targets[0]}, which is one image; a .png or --npz is wanted")
    if arguments.frame is not None and (video or not moving):
        raise ValueError(f"--frame given with {arguments.out if video else targets[0]}; --npz and a .png are wanted")
    if moving and not video and arguments.frame is None:
        raise ValueError(f"{arguments.out} given with a whole motion; --frame I, or a name ending in .mp4, is wanted")
    if arguments.audio is not None and not video:
        raise ValueError(f"--audio given with {arguments.out}, an image; a name ending in .mp4 is wanted")
    photographs = [path for path in (arguments.face, getattr(arguments, "from")) if path is not None]
    names = [name for name in photographs if not Path(name).exists()]
    for name in names:
        if name not in gallery():
            raise ValueError(f"{name}: there is no such file, nor is it one of the gallery ({', '.join(gallery())})")
    files = [Path(name) for name in photographs if name not in names]
    files += [path for path in (arguments.landmarks, arguments.npz, arguments.audio) if path is not None]
    for path in files:
        if not path.exists():
            raise ValueError(f"{path}: there is no such file")
        if path.is_dir():
            raise ValueError(f"{path}: a folder was given; a file is wanted")
    check_outputs([arguments.out], source=files)


def open_face(face: str) -> Portrait:
    """A file, or else a name of the gallery."""
    from talkdemo.gcgan.gallery import open_gallery
    from talkdemo.gcgan.portrait import open_portrait

    return open_portrait(face) if Path(face).exists() else open_gallery(face)


def write_image(
    arguments: argparse.Namespace, expresser: Expresser, portrait: Portrait, motion: Motion | None
) -> tuple[int, int]:
    """Returns its width and height."""
    from talkdemo.files import replacing
    from talkdemo.gcgan.landmarks import read_own

    if motion is not None:
        target = expresser.follow(portrait, motion.coefficients)[0]
    elif arguments.landmarks is not None:
        target = read_own(arguments.landmarks, portrait)
    elif arguments.preset is not None:
        target = expresser.preset(portrait, arguments.preset)
    else:
        other = open_face(getattr(arguments, "from"))
        target = expresser.transfer(portrait, other.points, other.pupils)
    image = expresser.express(portrait, target, arguments.amount)
    with replacing(arguments.out) as temporary:
        portrait.save(temporary, image)
    return image.shape[1], image.shape[0]


def write_video(
    arguments: argparse.Namespace, expresser: Expresser, portrait: Portrait, motion: Motion, report: Progress
) -> tuple[int, int]:
    """Returns its width and height."""
    from talkdemo.audio.decode import decode
    from talkdemo.film import portrait as portrait_video

    speech = decode(arguments.audio) if arguments.audio is not None else None
    length = len(motion) / motion.fps
    if speech is not None and abs(speech.seconds - length) > 1 / motion.fps + 1e-6:
        raise ValueError(
            f"{arguments.audio} lasts {speech.seconds:.2f} s and {arguments.npz} {length:.2f} s; "
            "the speech that the motion was made of is wanted"
        )
    portrait_video.write(
        arguments.out,
        expresser,
        portrait,
        motion,
        speech,
        amount=arguments.amount,
        turns=not arguments.still,
        progress=report,
    )
    height, width = portrait_video.crop(portrait).image.shape[:2]
    return width, height


def read_motion(path: Path, frame: int | None) -> Motion:
    """The first motion of a file, or one frame of it."""
    from talkdemo.export import npz

    motion = npz.read(path)[0]
    if frame is None:
        return motion
    if frame >= len(motion):
        raise ValueError(f"{path}: frame {frame} asked for of {len(motion)}; 0 to {len(motion) - 1} is wanted")
    return motion[frame : frame + 1]
