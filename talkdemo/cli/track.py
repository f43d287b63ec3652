"""Tracks a talking person in a video: ARKit-52 and head rotation at 25 fps, as Live Link Face CSV and npz.

Of a photograph, it writes the 68 landmarks of its face as JSON: --landmarks. A summary goes to standard output.
"""

import argparse
import json
import time
from pathlib import Path

from talkdemo.cli.arguments import check_outputs, check_source, number, output_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="VIDEO|PHOTO", help="1 s to 10 min of one person, or a photograph")
    parser.add_argument("--csv", type=output_path(".csv"), metavar="X.csv", help="Live Link Face CSV")
    parser.add_argument("--npz", type=output_path(".npz"), metavar="X.npz", help="coefficients and head rotation")
    parser.add_argument("--landmarks", type=output_path(".json"), metavar="X.json", help="68 landmarks of a photograph")
    parser.add_argument(
        "--fps", type=number(1, 240), default=25, metavar="F", help="frame rate of the CSV, such as 29.97 (25)"
    )
    mirrored = "the video is a mirror image (text in it reads backwards): left and right are swapped back"
    parser.add_argument("--mirrored", action="store_true", help=mirrored)
    parser.add_argument("--progress", action="store_true", help="show progress even when stderr is not a terminal")


def run(arguments: argparse.Namespace) -> int:
    from talkdemo.face.track.photo import is_photo

    source = check_source(arguments.source, "a video or a photograph is wanted")
    check_outputs((arguments.csv, arguments.npz, arguments.landmarks), source=[source])
    summary = photo(source, arguments) if is_photo(source) else video(source, arguments)
    print(json.dumps(summary))
    return 0


def photo(source: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Write the landmarks; returns the summary."""
    from talkdemo.export import summary
    from talkdemo.face.track.photo import photo_landmarks

    option = "--csv" if arguments.csv else "--npz" if arguments.npz else "--mirrored" if arguments.mirrored else None
    if option:
        raise ValueError(f"{source}: {option} was given for a photograph, which does not move; --landmarks is wanted")
    begin = time.perf_counter()
    landmarks = photo_landmarks(source).as_dict()
    if arguments.landmarks:
        summary.write(arguments.landmarks, landmarks)
        del landmarks["landmarks"]
    return {"source": str(source), **landmarks, "seconds": round(time.perf_counter() - begin, 3)}


def video(source: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Track and write the motion; returns the summary."""
    from talkdemo.cli.terminal import progress_line
    from talkdemo.export import livelink, npz
    from talkdemo.face.track.video import track

    if arguments.landmarks:
        raise ValueError(f"{source}: --landmarks was given for a video; a photograph is wanted, or --csv and --npz")
    begin = time.perf_counter()
    with progress_line(arguments.progress) as report:
        tracked = track(source, mirrored=arguments.mirrored, progress=report)
    seconds = time.perf_counter() - begin
    if arguments.csv:
        livelink.write(arguments.csv, tracked.motion, fps=arguments.fps)
    if arguments.npz:
        npz.write(arguments.npz, [tracked.motion])
    length = len(tracked.motion) / tracked.motion.fps
    measured = {"seconds": round(seconds, 3), "times_real_time": round(length / seconds, 2)}
    return {"source": str(source), **tracked.figures(), **measured}
