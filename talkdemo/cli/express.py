"""A portrait and an expression in, the same person with that expression out: a picture, or a film of a whole motion.

FACE is a photograph of one face from the front, or a name of the gallery (examples/faces). The expression is given by
68 landmarks of FACE itself (as `talkdemo track FACE --landmarks` writes them, then edited), by another photograph, by
name, or by a motion: one frame of it gives a picture, all of it a film.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from talkdemo.cli.arguments import choose, ending, share, whole

if TYPE_CHECKING:
    import numpy as np

    from talkdemo.film.portrait import Progress
    from talkdemo.gcgan.edit import Expresser
    from talkdemo.gcgan.portrait import Portrait
    from talkdemo.records import Motion

MOST_AMOUNT = 1.5  # as gcgan.edit has it, which is slow to import
MOST_FRAME = 10**6
OUTSIDE = 0.5  # shares of the picture's size by which a landmark may lie beyond its edge
ELSEWHERE = 0.35  # outer eye distances between the steady points of FACE and of landmarks said to be FACE's
TARGETS = ("landmarks", "from", "preset", "npz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("face", nargs="?", metavar="FACE", help="a photograph, or a name of the gallery")
    given = "68 landmarks of FACE as they shall be, in the pixels of FACE"
    parser.add_argument("--landmarks", type=Path, metavar="X.json", help=given)
    parser.add_argument("--from", metavar="PHOTO", help="a photograph (or a name of the gallery) to take it from")
    parser.add_argument("--preset", metavar="NAME", help="an expression by name (see --presets)")
    parser.add_argument("--npz", type=Path, metavar="MOTION", help="a motion as animate and track write it")
    parser.add_argument("--frame", type=whole(0, MOST_FRAME), metavar="I", help="which frame of the motion, from 0")
    parser.add_argument("--audio", type=Path, metavar="SPEECH", help="the sound of a film, as long as the motion")
    much = f"0 (FACE as it is) to {MOST_AMOUNT:g} (exaggerated) (1)"
    parser.add_argument("--amount", type=share(0, MOST_AMOUNT), default=1.0, metavar="A", help=much)
    out = "the picture, or the film of a motion"
    parser.add_argument("--out", type=picture_or_film, metavar="X.png|X.mp4", help=out)
    parser.add_argument("--presets", action="store_true", help="only list the names of the expressions")
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")
    parser.add_argument("--make-gallery", action="store_true", help=argparse.SUPPRESS)


def picture_or_film(text: str) -> Path:
    """An argparse type."""
    if Path(text).suffix.lower() not in (".png", ".mp4"):
        raise argparse.ArgumentTypeError(f"{text!r} given; a name ending in .png, or .mp4 for a film, is wanted")
    return ending(Path(text).suffix.lower())(text)


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.cli.progress import progress_line

    if arguments.make_gallery:
        from talkdemo.build.faces import make

        with progress_line(arguments.progress) as report:
            names = make(report)
        print("\n".join(names))
        return 0
    if not arguments.presets:
        check(arguments)

    from talkdemo.gcgan.edit import Expresser

    if arguments.presets:
        print("\n".join(Expresser.load().presets))
        return 0
    begin = time.perf_counter()
    motion = read_motion(arguments.npz, arguments.frame) if arguments.npz else None
    expresser = Expresser.load()
    if arguments.preset is not None:
        choose("expression", arguments.preset, expresser.presets)
    portrait = open_face(arguments.face)
    loaded = time.perf_counter()
    if arguments.out.suffix.lower() == ".mp4":
        with progress_line(arguments.progress) as report:
            size = write_film(arguments, expresser, portrait, motion, report)
    else:
        size = write_picture(arguments, expresser, portrait, motion)
    done = time.perf_counter()
    given = {name: getattr(arguments, name) for name in (*TARGETS, "frame", "audio")}
    told = {
        "face": arguments.face,
        **{name: value if isinstance(value, int) else str(value) for name, value in given.items() if value is not None},
        "amount": arguments.amount,
        "width": size[0],
        "height": size[1],
        **({"frames": len(motion), "fps": float(motion.fps)} if motion and arguments.frame is None else {}),
        "seconds": {"load": round(loaded - begin, 3), "express": round(done - loaded, 3)},
        "out": str(arguments.out),
    }
    print(json.dumps(told))
    return 0


def check(arguments: argparse.Namespace) -> None:
    """All that can be known before any work is done."""
    from talkdemo.files import check_writable
    from talkdemo.gcgan.gallery import gallery

    if arguments.face is None:
        raise ValueError(f"no FACE given; a photograph or one of the gallery ({', '.join(gallery())}) is wanted")
    if arguments.out is None:
        raise ValueError("no --out given; a name ending in .png, or .mp4 for a film, is wanted")
    targets = [f"--{name}" for name in TARGETS if getattr(arguments, name) is not None]
    if len(targets) != 1:
        wanted = "one of --landmarks, --from, --preset and --npz is wanted"
        raise ValueError(f"{' and '.join(targets) or 'no expression'} given; {wanted}")
    film, moving = arguments.out.suffix.lower() == ".mp4", arguments.npz is not None
    if film and not moving:
        raise ValueError(f"{arguments.out} given with {targets[0]}, which is one picture; a .png or --npz is wanted")
    if arguments.frame is not None and (film or not moving):
        raise ValueError(f"--frame given with {arguments.out if film else targets[0]}; --npz and a .png are wanted")
    if moving and not film and arguments.frame is None:
        raise ValueError(f"{arguments.out} given with a whole motion; --frame I, or a name ending in .mp4, is wanted")
    if arguments.audio is not None and not film:
        raise ValueError(f"--audio given with {arguments.out}, a picture; a name ending in .mp4 is wanted")
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
        if path.resolve() == arguments.out.resolve():
            raise ValueError(f"{path}: the source itself was given as output; another name is wanted")
    check_writable(arguments.out)


def open_face(face: str) -> Portrait:
    """A file, or else a name of the gallery."""
    from talkdemo.gcgan.gallery import open_gallery
    from talkdemo.gcgan.portrait import open_portrait

    return open_portrait(face) if Path(face).exists() else open_gallery(face)


def write_picture(
    arguments: argparse.Namespace, expresser: Expresser, portrait: Portrait, motion: Motion | None
) -> tuple[int, int]:
    """Its width and height."""
    from PIL import Image

    from talkdemo.files import replacing

    if motion is not None:
        target = expresser.follow(portrait, motion.coefficients)[0]
    elif arguments.landmarks is not None:
        target = read_landmarks(arguments.landmarks, arguments.face, portrait)
    elif arguments.preset is not None:
        target = expresser.preset(portrait, arguments.preset)
    else:
        target = expresser.transfer(portrait, open_face(getattr(arguments, "from")).landmarks)
    picture = Image.fromarray(expresser.express(portrait, target, arguments.amount))
    with replacing(arguments.out) as temporary:
        picture.save(temporary, "png")
    return picture.size


def write_film(
    arguments: argparse.Namespace, expresser: Expresser, portrait: Portrait, motion: Motion, report: Progress
) -> tuple[int, int]:
    """Its width and height."""
    from talkdemo.audio.decode import decode
    from talkdemo.film import portrait as portrait_film

    speech = decode(arguments.audio) if arguments.audio is not None else None
    if speech is not None and abs(speech.seconds - len(motion) / motion.fps) > 1 / motion.fps + 1e-6:
        raise ValueError(
            f"{arguments.audio} lasts {speech.seconds:.2f} s and {arguments.npz} {len(motion) / motion.fps:.2f} s; "
            "the speech that the motion was made of is wanted"
        )
    portrait_film.film(expresser, portrait, motion, arguments.out, speech, amount=arguments.amount, progress=report)
    return portrait_film.frame(portrait).picture.shape[1::-1]


def read_motion(path: Path, frame: int | None) -> Motion:
    """The first motion of a file, or one frame of it."""
    from dataclasses import replace

    from talkdemo.export import npz

    motion = npz.read(path)[0]
    if frame is None:
        return motion
    if frame >= len(motion):
        raise ValueError(f"{path}: frame {frame} asked for of {len(motion)}; 0 to {len(motion) - 1} is wanted")
    one = slice(frame, frame + 1)
    return replace(motion, coefficients=motion.coefficients[one], head=motion.head[one])


def read_landmarks(path: Path, face: str, portrait: Portrait) -> np.ndarray:
    """(68, 2) in pixels of the portrait's picture. ValueError for what is not FACE's."""
    import numpy as np

    from talkdemo.gcgan.crop import STEADY

    wanted = "a JSON as `talkdemo track FACE --landmarks` writes it is wanted"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        points = np.array(held["landmarks"], np.float64)
        size = int(held["width"]), int(held["height"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path}: no landmarks could be read ({type(error).__name__}); {wanted}") from error
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise ValueError(f"{path}: landmarks of shape {points.shape} given; 68 points of finite x and y are wanted")
    own = picture_size(face, portrait)
    if size != own:
        raise ValueError(
            f"{path}: landmarks of a picture of {size[0]}×{size[1]} pixels given, {face} has {own[0]}×{own[1]}; "
            "those of FACE are wanted (--from takes the expression of another photograph)"
        )
    if (points < -OUTSIDE * np.array(size)).any() or (points > (1 + OUTSIDE) * np.array(size)).any():
        raise ValueError(f"{path}: landmarks far outside of the picture of {size[0]}×{size[1]} pixels given; {wanted}")
    height, width = portrait.picture.shape[:2]
    points = (points * (width / size[0], height / size[1])).astype(np.float32)
    steady, there = list(STEADY), portrait.landmarks
    across = float(np.linalg.norm(there[36] - there[45]))
    away = float(np.linalg.norm((points - there)[steady].mean(0))) / across
    if away > ELSEWHERE:
        raise ValueError(
            f"{path}: landmarks {away:.1f} eye distances away from the face of {face} given; "
            "those of FACE are wanted (--from takes the expression of another photograph)"
        )
    return points


def picture_size(face: str, portrait: Portrait) -> tuple[int, int]:
    """Width and height of FACE as it is shown, before it was made smaller."""
    from talkdemo.face.track.photo import photo_size

    return photo_size(face) if Path(face).exists() else portrait.picture.shape[1::-1]
