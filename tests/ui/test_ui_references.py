"""The reference chooser: cards, map, blend; a clip of one's own is read, shown, private, and goes when it should."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from talkdemo.export import npz
from talkdemo.reference import gallery, open_reference
from talkdemo.ui.parts.blend import in_words, mix
from talkdemo.ui.parts.visits import Visits
from talkdemo.ui.reference import gallery as references
from talkdemo.ui.reference import own_clip
from talkdemo.ui.reference.chooser import UPLOAD, ReferenceChooser
from talkdemo.ui.reference.own_clip import OWN


def visitor(name: str = "me") -> SimpleNamespace:
    return SimpleNamespace(session_hash=name)


@pytest.fixture
def chooser(small_gallery, follower, tmp_path: Path) -> ReferenceChooser:
    made = ReferenceChooser(follower, Visits(tmp_path))
    with gr.Blocks():
        made.build()
    return made


def give(chooser: ReferenceChooser, path: Path | None, who: str = "me", former=None, **how: object) -> list[dict]:
    given = {"mirrored": False, "character": "ada", "other": "none", "share": 0.5} | how
    return list(chooser.analyse(str(path) if path else None, *given.values(), former, visitor(who)))


def own(chooser: ReferenceChooser, path: Path, who: str = "me", former=None):
    return give(chooser, path, who, former)[-1][chooser.own]


def test_names_become_titles(small_gallery) -> None:
    assert references.title("loud") == "Loud & proud" and references.title(OWN) == "My clip"
    assert references.title("grid_s1") == "GRID s1" and references.title("unknown") == "unknown"
    assert in_words("calm", references.title) == in_words({"calm": 1.0}, references.title) == "Calm reader"
    assert in_words({"calm": 3, OWN: 1}, references.title) == "Calm reader 75 %, My clip 25 %"


def test_shares_of_nothing_are_left_out() -> None:
    assert mix("calm", "none", 0.5) == mix("calm", "calm", 0.5) == {"calm": 1.0}
    assert mix("calm", "loud", 0) == {"calm": 1.0} and mix("calm", "loud", 1) == {"loud": 1.0}
    assert mix(OWN, "loud", 0.3) == {OWN: 0.7, "loud": 0.3}


def test_every_reference_has_a_card(small_gallery) -> None:
    made = references.cards()
    assert made.count('type="radio"') == 1 + len(gallery()) and made.index(OWN) < made.index('value="calm"')
    assert "Loud &amp; proud" in made and made.index("Merry") < made.index("Learned identities") < made.index("Ada")


def test_another_choice_changes_card_map_and_share(chooser: ReferenceChooser) -> None:
    card, share, shown, delete = chooser.chosen("calm", "loud", 0.25, None).values()
    assert card.count("<section>") == 2 and "75 %" in card and "Loud &amp; proud" in card
    assert share.interactive and not delete.visible
    assert shown == {"chosen": {"calm": 0.75, "loud": 0.25}, "own": None}
    card, share, shown, _ = chooser.chosen("calm", "calm", 0.25, None).values()
    assert card.count("<section>") == 1 and not share.interactive and shown["chosen"] == {"calm": 1.0}


def test_the_map_chooses_what_is_known(chooser: ReferenceChooser) -> None:
    def click(**data: str) -> tuple[str, str]:
        return chooser.picked("calm", "none", SimpleNamespace(_data=data))

    assert click(name="Ada", pick="first") == ("Ada", "none") and click(name="Ada", pick="second") == ("calm", "Ada")
    assert click(name="../../etc", pick="first") == click() == ("calm", "none")


def test_who_has_no_clip_is_led_to_the_upload(chooser: ReferenceChooser, capture) -> None:
    assert chooser.source(OWN, None).selected == UPLOAD
    assert not isinstance(chooser.source("calm", None), gr.Tabs)
    assert not isinstance(chooser.source(OWN, own(chooser, capture())), gr.Tabs)
    assert references.NO_CLIP in chooser.chosen(OWN, "none", 0.5, None)[chooser.card]


def test_a_capture_is_understood(chooser: ReferenceChooser, capture, follower) -> None:
    path = capture("me", 4.0)
    mask = open_reference(path).mask
    first, *_, last = give(chooser, path)
    assert "Reading your clip" in first[chooser.status].value
    mine = last[chooser.own]
    assert mine.seconds == pytest.approx(4.0, abs=0.1) and mine.seen is None and mine.head
    assert mine.channels == mask[:52].sum() < 52 and mine.nearest[0] == "loud"  # a jaw that opens wide, no smile
    assert last[chooser.reference] == OWN and last[chooser.upload] is None and last[chooser.delete].visible
    card = last[chooser.card]
    assert "4.0 s" in card and f"{mine.channels} of 52" in card and "Closest styles: Loud &amp; proud" in card
    assert "data:video/mp4;base64," in card and str(mine.motion.parent) not in card
    assert last[chooser.map]["own"] == list(mine.point)
    kept = open_reference(mine.motion)
    assert kept.mask.tolist() == mask.tolist()
    assert chooser.read(OWN, "calm", 0.5, mine) == [(mine.motion, 0.5), ("calm", 0.5)]


def test_the_upload_goes_and_the_clip_is_private(chooser: ReferenceChooser, capture) -> None:
    path = capture()
    mine = own(chooser, path)
    assert not path.exists() and mine.motion.parent.stat().st_mode & 0o077 == 0
    assert sorted(file.name for file in mine.motion.parent.iterdir()) == ["my-clip.mp4", "my-clip.npz"]
    assert "source" not in npz.read(mine.motion)[0].meta


def test_two_visitors_have_each_their_own(chooser: ReferenceChooser, capture) -> None:
    mine, yours = own(chooser, capture("a", jaw=0.9), "me"), own(chooser, capture("b", jaw=0.2), "you")
    assert mine.motion.parent != yours.motion.parent and mine.point != yours.point
    chooser.deleted("calm", "none", 0.5, visitor("me"))
    assert not mine.motion.exists() and yours.motion.is_file()
    chooser.visits.leave("you")
    assert not yours.motion.parent.exists()


def test_a_new_clip_takes_the_place_of_the_former(chooser: ReferenceChooser, capture) -> None:
    first = own(chooser, capture("a"))
    bad = capture("b")
    bad.write_text("no capture")
    assert (
        chooser.own not in give(chooser, bad, former=first)[-1] and first.motion.is_file()
    )  # kept: nothing better came
    second = own(chooser, capture("c"), former=first)
    assert not first.motion.exists() and second.motion.is_file()


def test_deleting_puts_the_choice_back(chooser: ReferenceChooser, capture) -> None:
    mine = own(chooser, capture())
    page = chooser.deleted(OWN, OWN, 0.5, visitor())
    assert page[chooser.reference] == "calm" and page[chooser.other] == "none" and page[chooser.own] is None
    assert not page[chooser.delete].visible and page[chooser.map]["own"] is None
    with pytest.raises(ValueError, match="deleted"):
        chooser.read(OWN, "none", 0.5, mine)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("<img src=x>.mp4", b"no video at all" * 40, "This clip"),
        ("secret.csv", b"a,b,c\n1,2,3\n", "Live Link Face CSV"),
        ("secret.npz", b"PK nothing", "npz"),
        ("secret.txt", b"", "This clip"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(
    chooser: ReferenceChooser, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / "uploads" / name
    path.parent.mkdir()
    path.write_bytes(content)
    last = give(chooser, path)[-1]
    said = last[chooser.status].value
    assert 'role="alert"' in said and words in said and "secret" not in said and "<img" not in said
    assert str(tmp_path) not in said and last[chooser.upload] is None and chooser.own not in last
    assert not path.exists() and not list(chooser.visits.jobs.iterdir())


def test_too_short_is_told_with_both_numbers(chooser: ReferenceChooser, capture) -> None:
    said = give(chooser, capture("short", 0.5))[-1][chooser.status].value
    assert "0.5 s" in said and "1 s" in said


def test_nothing_given_changes_nothing(chooser: ReferenceChooser) -> None:
    assert give(chooser, None) == []


def test_a_failure_of_ours_is_not_shown(chooser: ReferenceChooser, capture, monkeypatch, caplog) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(own_clip, "read", fail)
    said = give(chooser, capture())[-1][chooser.status].value
    assert "Something went wrong" in said and "secret" not in said and "/secret/path" in caplog.text


def test_files_elsewhere_are_never_deleted(tmp_path: Path) -> None:
    visits = Visits(tmp_path / "files")
    ours, theirs = tmp_path / "files" / "upload.csv", tmp_path / "notes.csv"
    ours.parent.mkdir()
    for path in (ours, theirs):
        path.write_text("x")
    link = tmp_path / "files" / "link.csv"
    os.symlink(theirs, link)
    for path in (ours, theirs, link):
        visits.discard(path)
    assert not ours.exists() and theirs.exists()
    visits.drop("me", tmp_path)
    assert theirs.exists()
