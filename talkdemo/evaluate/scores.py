"""Renews sections of talkdemo/assets/scores.md by running their commands again.

    python -m talkdemo evaluate scores --list
    python -m talkdemo evaluate scores "Real speakers" "DiffPoseTalk: head motion"
    python -m talkdemo evaluate scores --starting DiffPoseTalk

A section of the file is a title, a command, and what it printed; the file itself thus says what can be run. Sections of
NEW that the file does not have yet are appended. The file is written after every section, so a run that was stopped
keeps what it had; a command that fails leaves its section as it was.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from talkdemo.evaluate.reporting import note, write_text
from talkdemo.records import DIFFPOSETALK

EVALUATE = "python -m talkdemo evaluate"
STUDENT_AND_POSE = "student-8 pose-full-8 pose-student-8"
NEW: dict[str, str] = {
    "DiffPoseTalk: real speakers": f"{EVALUATE} --sets grid ljspeech --systems truth {STUDENT_AND_POSE} "
    "pose-student-8-raw --clips 16",
    "DiffPoseTalk: synthetic speech, other languages, Mandarin, silence": f"{EVALUATE} --sets synthetic voices "
    f"facegood languages silence --systems truth articulation {STUDENT_AND_POSE} --clips 12",
    "DiffPoseTalk: 512 steps": f"{EVALUATE} --sets synthetic grid --systems pose-full-8 pose-student-8 pose-full-512 "
    "--clips 8",
    "DiffPoseTalk: steps, quality, time": f"{EVALUATE} steps --model {DIFFPOSETALK} --full 8 32 512 --clips 8 "
    "--rounds 1",
    "DiffPoseTalk: style encoder": f"{EVALUATE} style --parts encoder",
    "DiffPoseTalk: style of generated motion": f"{EVALUATE} style --parts generated",
    "DiffPoseTalk: head motion": f"{EVALUATE} style --parts head --systems pose-student-8 pose-full-8",
    "DiffPoseTalk: diversity": f"{EVALUATE} style --parts diversity --systems pose-student-8 pose-full-8",
    "DiffPoseTalk: ten minutes of speech": "python -m talkdemo bench long --json",
}
COMMAND = re.compile(r"`(python -m talkdemo[^`]*)`\s*\Z")


@dataclass(frozen=True)
class Section:
    """`command` is None where the line beneath the title is not one command that can be run again."""

    title: str
    command: str | None
    body: str  # all beneath the title, the command included

    @classmethod
    def printed(cls, title: str, command: str, output: str) -> Section:
        """A command and its output; JSON stands as code."""
        output = output.strip()
        if output.startswith("{"):
            output = f"```json\n{output}\n```"
        return cls(title, command, f"`{command}`\n\n{output}\n")

    def text(self) -> str:
        return f"## {self.title}\n\n{self.body.strip()}\n"


def read(text: str) -> tuple[str, list[Section]]:
    """What stands before the first section, and the sections in order."""
    head, *parts = re.split(r"^## ", text, flags=re.M)
    sections = []
    for part in parts:
        title, _, body = part.partition("\n")
        found = COMMAND.match(body.strip().split("\n", 1)[0])
        sections.append(Section(title.strip(), found[1] if found else None, body))
    return head, sections


def replace_section(path: Path, section: Section) -> None:
    """Write the file with one section added, or in the place of the one of that title."""
    head, sections = read(path.read_text(encoding="utf-8") if path.exists() else "# Scores\n")
    titles = [old.title for old in sections]
    place = titles.index(section.title) if section.title in titles else len(titles)
    sections[place : place + 1] = [section]
    write_text(path, "\n".join([f"{head.rstrip()}\n", *(one.text() for one in sections)]))


def execute(command: str) -> str:
    """What a command prints; its notes go on to stderr. Raises ValueError when it fails."""
    words = shlex.split(command)
    done = subprocess.run([sys.executable, *words[1:]], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ValueError(f"`{command}` ended with status {done.returncode}")
    return done.stdout


def commands(path: Path) -> dict[str, str | None]:
    """Title → command, of the file's sections and of NEW; None: by hand."""
    _, sections = read(path.read_text(encoding="utf-8"))
    return NEW | {section.title: section.command for section in sections}


def renew(path: Path, titles: Sequence[str], execute: Callable[[str], str] = execute) -> list[str]:
    """Renew the sections `titles`, writing the file after each; returns the sentences of those that failed."""
    known, failed = commands(path), []
    for title in titles:
        command, begin = known[title] or "", time.perf_counter()
        try:
            replace_section(path, Section.printed(title, command, execute(command)))
        except ValueError as error:
            failed.append(f"{title}: {error}")
            continue
        note(f"{title}: {time.perf_counter() - begin:.0f} s")
    return failed


def run(args: argparse.Namespace) -> int:
    """List the commands, or renew sections; status 1 when one of them failed."""
    known = commands(args.file)
    if args.list:
        for title, command in known.items():
            print(f"{title}\n    {command or '(by hand)'}")
        return 0
    titles = [*args.titles, *(title for title in known if args.starting and title.startswith(args.starting))]
    unknown = [title for title in titles if not known.get(title)]
    if unknown or not titles:
        given = f"section {unknown[0]!r} has no command to run" if unknown else "no section was asked for"
        raise ValueError(f"{given}; --list prints those that can be run")
    failed = renew(args.file, titles)
    for sentence in failed:
        note(sentence)
    return 1 if failed else 0
