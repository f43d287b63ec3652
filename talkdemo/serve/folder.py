"""Animates every clip of a folder: resumable, by one process or by many workers of Ray Data.

A log in the output folder has a line for each clip that was animated or failed; none of them is begun again. Files are
whole or absent, so a clip whose files are all there, but not its line, was finished at the moment of a crash.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from talkdemo.records import DIFFUSIONTALKER, Outputs, Request

LOG = "batch.jsonl"
KINDS = {"npz": ".npz", "csv": ".csv", "glb": ".glb", "json": ".json", "video": ".mp4"}  # of Outputs → ending
Row = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """What is made of every clip, and where. `choices`: fields of a Request, the same for all."""

    folder: Path
    out: Path
    kinds: tuple[str, ...] = ("npz",)
    choices: Mapping[str, Any] = field(default_factory=dict)

    def targets(self, clip: str) -> dict[str, Any]:
        """Kind → file. The clip's own ending stays in it: a.wav and a.mp3 are two clips."""
        return {kind: self.out / f"{clip}{KINDS[kind]}" for kind in self.kinds}

    def clips(self) -> list[str]:
        """Every file of the folder, however deep, by its path in it. ValueError where there is none."""
        found = sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file() and not path.name.startswith(".") and not path.is_relative_to(self.out)
        )
        if not found:
            raise ValueError(f"{self.folder}: there is no file in it; a folder of sound or video files is wanted")
        return found


class Animator:
    """Animates one clip at a time, in a process of its own where Ray Data calls it."""

    def __init__(self, batch: Batch) -> None:
        from talkdemo.pipeline import SpeechToFace

        self.batch = batch
        self.pipeline = SpeechToFace.load(batch.choices.get("model") or DIFFUSIONTALKER)

    def __call__(self, row: Row) -> Row:
        """{"clip"} → the clip's line of the log. Only what this project does not foresee is raised."""
        from talkdemo.pipeline import run

        clip, begin = row["clip"], time.perf_counter()
        targets = self.batch.targets(clip)
        try:
            (self.batch.out / clip).parent.mkdir(parents=True, exist_ok=True)
            request = Request(self.batch.folder / clip, **self.batch.choices)
            result = run(self.pipeline, request, Outputs(**targets))
        except (ValueError, OSError, RuntimeError) as error:
            return {"clip": clip, "error": " ".join(str(error).split()) or type(error).__name__}
        return {"clip": clip, "frames": len(result.motion), "seconds": round(time.perf_counter() - begin, 3)}


def animate(batch: Batch, workers: int | None = None, address: str | None = None, again: bool = False) -> Iterator[Row]:
    """Yields the line of every clip that is not in the log yet, once it is there. `workers` None: this process;
    `address`: of a Ray cluster, which reads and writes the same folders. `again`: what failed is tried again.

    Raises ValueError for an output folder that was begun with other settings.
    """
    clips = batch.clips()
    known = _known(batch, again)
    batch.out.mkdir(parents=True, exist_ok=True)
    torn = (batch.out / LOG).is_file() and not (batch.out / LOG).read_bytes().endswith(b"\n")
    with (batch.out / LOG).open("a", encoding="utf-8") as log:

        def note(row: Row) -> Row:
            log.write(json.dumps(row, ensure_ascii=False) + "\n")
            log.flush()
            os.fsync(log.fileno())
            return row

        log.write("\n" if torn else "")
        if not log.tell():
            note(_settings(batch))
        left = []
        for clip in (clip for clip in clips if clip not in known):
            if all(path.is_file() for path in batch.targets(clip).values()):
                note({"clip": clip, "found": True})
            else:
                left.append({"clip": clip})
        rows = map(Animator(batch), left) if workers is None else _by_ray(batch, left, workers, address)
        yield from map(note, rows if left else ())


def _by_ray(batch: Batch, left: list[Row], workers: int, address: str | None) -> Iterable[Row]:
    import ray

    ray.init(address=address or "local", ignore_reinit_error=True, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    clips = ray.data.from_items(left, override_num_blocks=len(left))  # each result comes as soon as it is there
    pool = ray.data.ActorPoolStrategy(size=min(workers, len(left)))
    done = clips.map(Animator, fn_constructor_args=(batch,), compute=pool, num_cpus=1)
    return ({key: value for key, value in row.items() if value is not None} for row in done.iter_rows())


def _settings(batch: Batch) -> Row:
    return {"kinds": list(batch.kinds), "choices": {key: str(value) for key, value in batch.choices.items()}}


def read_log(out: Path) -> list[Row]:
    """The lines of a log, the settings first; a line that was being written when the machine went down is left out."""
    rows = []
    for line in (out / LOG).read_text("utf-8").splitlines() if (out / LOG).is_file() else ():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def _known(batch: Batch, again: bool) -> set[str]:
    settings, *rows = read_log(batch.out) or [_settings(batch)]
    if settings != _settings(batch):
        raise ValueError(f"{batch.out / LOG} is of a batch with other settings ({settings}); another --out is wanted")
    return {row["clip"] for row in rows if not (again and "error" in row)}
