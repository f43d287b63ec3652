"""Titles of sections in, talkdemo/assets/scores.md with these sections measured anew out.

    python -m talkdemo.evaluate.scores --list
    python -m talkdemo.evaluate.scores "Real speakers" "DiffPoseTalk: head motion"
    python -m talkdemo.evaluate.scores --starting DiffPoseTalk

A section of the file is a title, the command that printed it, and what was printed; the file itself says what there is
to run. Sections of NEW that the file does not have yet are put at its end. The file is written after every section, so
a run that was stopped keeps what it had; a command that fails leaves its section as it was.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from talkdemo.evaluate.systems import POSE
from talkdemo.files import ASSETS

FILE = ASSETS / "scores.md"
EVALUATE, STYLE = "python -m talkdemo evaluate", "python -m talkdemo.evaluate.style.report"
BESIDE = "student-8 pose-full-8 pose-student-8"  # DiffusionTalker's student first
NEW: dict[str, str] = {
    "DiffPoseTalk: real speakers": f"{EVALUATE} --sets grid ljspeech --systems truth {BESIDE} pose-student-8-raw "
    "--clips 16",
    "DiffPoseTalk: synthetic speech, other languages, Mandarin, silence": f"{EVALUATE} --sets synthetic voices "
    f"facegood languages silence --systems truth teacher {BESIDE} --clips 12",
    "DiffPoseTalk: 512 steps": f"{EVALUATE} --sets synthetic grid --systems pose-full-8 pose-student-8 pose-full-512 "
    "--clips 8",
    "DiffPoseTalk: steps, quality, time": f"python -m talkdemo.evaluate.steps --model {POSE} --full 8 32 512 --clips 8 "
    "--rounds 1",
    "DiffPoseTalk: style encoder": f"{STYLE} --parts encoder",
    "DiffPoseTalk: style of generated motion": f"{STYLE} --parts generated",
    "DiffPoseTalk: head motion": f"{STYLE} --parts head --systems pose-student-8 pose-full-8",
    "DiffPoseTalk: diversity": f"{STYLE} --parts diversity --systems pose-student-8 pose-full-8",
    "DiffPoseTalk: ten minutes of speech": "python -m talkdemo.bench.long --minutes 10",
}
COMMAND = re.compile(r"`(python -m talkdemo[^`]*)`\s*\Z")


@dataclass(frozen=True)
class Section:
    """`command` is None where the line beneath the title is not one command that can be run again."""

    title: str
    command: str | None
    body: str  # all beneath the title, the command included

    def text(self) -> str:
        return f"## {self.title}\n\n{self.body.strip()}\n"


def read(text: str) -> tuple[str, list[Section]]:
    """What stands before the first section, and the sections in order."""
    head, *parts = re.split(r"^## ", text, flags=re.M)
    sections = []
    for part in parts:
        title, _, body = part.partition("\n")
        first = body.strip().split("\n", 1)[0]
        found = COMMAND.match(first)
        sections.append(Section(title.strip(), found[1] if found else None, body))
    return head, sections


def measured(section: Section, printed: str) -> Section:
    """The section with what its command printed; figures that are no Markdown stand as code."""
    printed = printed.strip()
    if printed.startswith("{"):
        printed = f"```json\n{printed}\n```"
    return replace(section, body=f"`{section.command}`\n\n{printed}\n")


def execute(command: str) -> str:
    """What a command prints; its words about progress go on to stderr. Raises ValueError when it fails."""
    words = shlex.split(command)
    done = subprocess.run([sys.executable, *words[1:]], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ValueError(f"`{command}` ended with status {done.returncode}")
    return done.stdout


def renew(path: Path, titles: Sequence[str], run: Callable[[str], str] = execute) -> list[str]:
    """Measure the sections `titles` anew, writing the file after each; the sentences of those that failed."""
    head, sections = read(path.read_text(encoding="utf-8"))
    have = {section.title for section in sections}
    sections += [Section(title, NEW[title], "") for title in titles if title not in have and title in NEW]
    failed = []
    for title in titles:
        at = next(i for i, section in enumerate(sections) if section.title == title)
        begin = time.perf_counter()
        try:
            sections[at] = measured(sections[at], run(sections[at].command or ""))
        except ValueError as error:
            failed.append(f"{title}: {error}")
            continue
        print(f"evaluate_scores: {title}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
        part = path.with_name(path.name + ".part")
        whole = "\n".join(section.text() for section in sections if section.body)
        part.write_text(f"{head.rstrip()}\n\n{whole}", encoding="utf-8")
        part.replace(path)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="talkdemo.evaluate.scores", description=__doc__.splitlines()[0])
    parser.add_argument("titles", nargs="*", metavar="TITLE", help="of the sections to be measured")
    parser.add_argument("--starting", default="", metavar="WORDS", help="all sections whose title starts so")
    parser.add_argument("--list", action="store_true", help="the titles and their commands")
    parser.add_argument("--file", type=Path, default=FILE)
    args = parser.parse_args(arguments)
    _, sections = read(args.file.read_text(encoding="utf-8"))
    known = NEW | {section.title: section.command for section in sections}
    if args.list:
        for title, command in known.items():
            print(f"{title}\n    {command or '(by hand)'}")
        return 0
    wanted = [*args.titles, *(title for title in known if args.starting and title.startswith(args.starting))]
    unknown = [title for title in wanted if not known.get(title)]
    if unknown or not wanted:
        given = f"section {unknown[0]!r} has no command to run" if unknown else "no section was asked for"
        print(f"evaluate_scores: {given}; --list tells which there are", file=sys.stderr)
        return 2
    failed = renew(args.file, wanted)
    for sentence in failed:
        print(f"evaluate_scores: {sentence}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
