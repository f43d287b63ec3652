"""speechocean762: phones in order with the places where a pause may be."""

import pytest

from talkdemo.audio.phones import INDEX, SILENCE
from talkdemo.data.corpora import shared, speechocean

here = pytest.mark.skipif(
    shared.root() is None or not (shared.root() / "speechocean762").exists(), reason="speechocean762 is not here"
)


def test_words_become_phones_with_stress_and_pauses_between():
    assert speechocean.transcript_of([["W_B", "IY0_E"], ["AO0_S"]]) == ("SIL", "W", "IY0", "SIL", "AO0", "SIL")


def test_an_unknown_phone_is_named():
    with pytest.raises(ValueError, match="'QQ'.*40"):
        speechocean.transcript_of([["QQ_B"]])


@here
def test_speakers_are_split_and_every_clip_has_its_phones():
    seen: dict[str, set[str]] = {"train": set(), "held-out": set()}
    for i, clip in enumerate(speechocean.clips("held-out")):
        seen["held-out"].add(clip.identity)
        assert clip.speech.seconds > 0.5 and clip.phones is None
        assert {label.rstrip("012") for label in clip.transcript} <= set(INDEX) and clip.transcript[0] == SILENCE
        if i == 60:
            break
    for i, clip in enumerate(speechocean.clips("train")):
        seen["train"].add(clip.identity)
        if i == 60:
            break
    assert not seen["train"] & seen["held-out"] and min(map(len, seen.values())) >= 3
