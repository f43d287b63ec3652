"""The score file: its sections are found with their commands, and one of them is replaced while the others stay."""

import shlex

import pytest

from talkdemo.__main__ import main, parser
from talkdemo.evaluate import scores
from talkdemo.evaluate.names import SCORES
from talkdemo.evaluate.scores import NEW, read, renew

TEXT = """# Scores

All of it.

## One

`python -m talkdemo evaluate --sets grid`

### grid

| a |

## Two, by hand

`python -m talkdemo train distill --minutes 12`, then `--report`

old
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "scores.md"
    path.write_text(TEXT)
    return path


def test_sections_and_their_commands():
    head, (one, two) = read(TEXT)
    assert head.startswith("# Scores") and one.title == "One" and "### grid" in one.body
    assert one.command == "python -m talkdemo evaluate --sets grid" and two.command is None


def test_one_section_is_replaced_and_a_new_one_added(file):
    title = "DiffPoseTalk: head motion"
    assert renew(file, ["One", title], lambda command: f"printed by {command}\n") == []
    text = file.read_text()
    assert text.startswith("# Scores\n\nAll of it.\n\n## One\n\n`python") and "### grid\n" not in text
    assert "printed by python -m talkdemo evaluate --sets grid\n\n## Two, by hand" in text and "\nold\n" in text
    assert text.endswith(f"## {title}\n\n`{NEW[title]}`\n\nprinted by {NEW[title]}\n")
    assert [path.name for path in file.parent.iterdir()] == ["scores.md"]
    assert renew(file, ["One"], lambda command: '{"x": 1}') == [] and '```json\n{"x": 1}\n```' in file.read_text()


def test_a_command_that_fails_leaves_its_section(file):
    def fails(command: str) -> str:
        raise ValueError("no such set")

    (sentence,) = renew(file, ["One"], fails)
    assert sentence == "One: no such set" and file.read_text() == TEXT


def test_what_cannot_be_run_is_told(file, capsys):
    renew_scores = ["evaluate", "scores", "--file", str(file)]
    assert main([*renew_scores, "Two, by hand"]) == 2
    assert main([*renew_scores, "Three"]) == 2 and main(renew_scores) == 2
    output = capsys.readouterr().err
    assert (
        "'Two, by hand' has no command" in output and "'Three' has no command" in output and "no section was" in output
    )
    assert main([*renew_scores, "--list"]) == 0
    listed = capsys.readouterr().out
    assert "Two, by hand\n    (by hand)" in listed and all(title in listed for title in NEW)


def test_the_shipped_file_reads_and_commands_parse():
    _, sections = read(SCORES.read_text(encoding="utf-8"))
    commands = [section.command for section in sections if section.command is not None]
    assert len(sections) > 5 and len(commands) > 4
    for command in (*commands, *NEW.values()):
        python, m, module, *words = shlex.split(command)
        assert (python, m, module) == ("python", "-m", "talkdemo")
        assert parser().parse_args(words).verb == words[0]  # raises ValueError for what cannot be parsed


def test_commands_are_run_by_this_python():
    assert scores.execute('python -c "print(2)"').strip() == "2"
    with pytest.raises(ValueError, match="status 3"):
        scores.execute('python -c "raise SystemExit(3)"')
