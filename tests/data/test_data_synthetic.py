"""Sentences cover the phones; engines give exact phone times; warps keep them; the corpus resumes and repeats."""

from __future__ import annotations

import ctypes
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from talkdemo.audio import ipa
from talkdemo.audio.phones import CONSONANTS, PHONES, SILENCE, VOWELS
from talkdemo.audio.prosody import energy, pitch
from talkdemo.data.corpora.synthetic import clips
from talkdemo.data.speech import synthetic, tts_festival, tts_flite
from talkdemo.data.speech.engines import Engines, change_speed
from talkdemo.data.speech.psola import repitch
from talkdemo.data.speech.sentences import COUNT, LANGUAGES, sentences, split
from talkdemo.data.speech.synthetic import build, targets
from talkdemo.data.speech.timed_speech import EngineMissing, arpabet, cover
from talkdemo.data.speech.utterances import MOODS, concatenate, plan, speak
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES
from talkdemo.records import SAMPLE_RATE, Phone, Speech


def installed(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


FLITE, ESPEAK = installed("libflite.so.1"), installed("libespeak-ng.so.1")
FESTIVAL = shutil.which("festival") is not None
needs_flite = pytest.mark.skipif(not FLITE, reason="needs Debian's flite (build-time only)")
needs_festival = pytest.mark.skipif(not FESTIVAL, reason="needs Debian's festival and its voices (build-time only)")
needs_espeak = pytest.mark.skipif(not ESPEAK, reason="needs Debian's espeak-ng (build-time only)")
HAVE = {"flite": FLITE, "festival": FESTIVAL, "espeak": ESPEAK}


@pytest.fixture(scope="module")
def engines():
    opened = Engines()
    yield opened
    opened.close()


# -- text ------------------------------------------------------------------------------------------------------------


def test_sentences_are_many_different_and_fixed() -> None:
    texts = sentences()
    assert len(texts) == COUNT >= 2000 and len(set(texts)) == COUNT
    assert all(10 <= len(text) <= 140 or text.count(" ") >= 1 for text in texts)
    assert not any("{" in text or "  " in text for text in texts)
    assert texts[0].startswith("Good morning") and sentences.__wrapped__() == texts
    assert sum(split(i) == "held-out" for i in range(COUNT)) == COUNT // 20
    for language in LANGUAGES:
        assert len(sentences(language)) >= 16
    with pytest.raises(ValueError, match="xx"):
        sentences("xx")


@needs_flite
def test_sentences_cover_all_phones_and_most_pairs() -> None:
    flite = tts_flite.Flite()
    phones, pairs = set(), set()
    for text in sentences()[::2]:
        labels = [p.label for p in flite.say(text, "kal16", 100).phones]
        phones |= set(labels)
        pairs |= set(itertools.pairwise(labels))
    assert phones == set(PHONES)
    possible = [(a, b) for a in PHONES for b in PHONES if a != b]
    share = len(pairs & set(possible)) / len(possible)
    print(f"{len(phones)} of {len(PHONES)} phones, {len(pairs)} pairs ({share:.0%} of all ordered pairs)")
    assert share > 0.6
    lips = {(a, b) for a in "PBMFV" for b in VOWELS} | {(b, a) for a in "PBMFV" for b in VOWELS}
    assert len(lips & pairs) / len(lips) > 0.8


# -- phones ----------------------------------------------------------------------------------------------------------


def test_us_radio_names_become_arpabet() -> None:
    assert [arpabet(n) for n in ("ax", "dx", "pau", "hh", "axr", "OY")] == ["AH", "T", SILENCE, "HH", "ER", "OY"]
    with pytest.raises(ValueError, match="xyz"):
        arpabet("xyz")


def test_cover_joins_silences_and_ends_with_the_sound() -> None:
    phones = cover([(0.1, SILENCE, 0), (0.2, SILENCE, 0), (0.5, "AA", 1), (0.5, "T", 0), (0.9, "B", 0)], 0.8)
    assert phones == (Phone(0.0, 0.2, SILENCE), Phone(0.2, 0.5, "AA", 1), Phone(0.5, 0.8, "B"))
    assert cover([(0.3, "AA", 1)], 0.8)[-1] == Phone(0.3, 0.8, SILENCE)


@pytest.mark.parametrize(
    ("symbol", "labels"),
    [("tʃ", ["CH"]), ("øː", ["UH"]), ("y", ["UW"]), ("aɪ", ["AY"]), ("əl", ["AH", "L"]), ("pf", ["P", "F"]),
     ("bʰ", ["B"]), ("ɔ̃", ["AO"]), ("tsʲ", ["T", "S"]), ("", [SILENCE]), ("ʲ", []), ("x", ["HH"]), ("m̩", ["M"])],
)  # fmt: skip
def test_ipa(symbol: str, labels: list[str]) -> None:
    assert list(ipa.labels(symbol)) == labels


def test_ipa_keeps_the_lips() -> None:
    assert all(label in PHONES for found in ipa.TABLE.values() for label in found)
    rounded = {"UW", "UH", "OW", "AO"}
    assert all(set(ipa.labels(v)) <= rounded for v in "uoɔyøœʏʊ")
    assert not any(set(ipa.labels(v)) & rounded for v in "ieɛæaəʌ")
    with pytest.raises(ValueError, match="Ω"):
        ipa.labels("Ω")


# -- voices ----------------------------------------------------------------------------------------------------------


def test_voices() -> None:
    assert len(IDENTITY_VOICES) == 24
    assert all(0.85 <= VOICES[name].formant <= 1.25 for name in VOICES)
    assert sum(name.startswith("heldout-") for name in VOICES) == 3
    assert len({(v.engine, v.base, v.pitch, v.formant, v.tempo) for v in VOICES.values()}) == len(VOICES)
    used = {VOICES[name].base for name in VOICES if not name.startswith("heldout-")}
    assert {"ked", "en-gb-x-gbclan+Alicia"}.isdisjoint(used), "base voices that only held-out voices have"
    assert sum(targets(10)[name] for name in IDENTITY_VOICES) == pytest.approx(36_000)


def check(samples: np.ndarray, phones: list[Phone]) -> None:
    """In order, without gap or overlap, from 0 to the end; sound where phones are, none where silence is."""
    assert phones[0].start == 0 and phones[-1].end == pytest.approx(len(samples) / SAMPLE_RATE, abs=2e-3)
    assert all(p.end > p.start for p in phones)
    assert all(a.end == pytest.approx(b.start, abs=1e-3) for a, b in itertools.pairwise(phones))
    assert sum(p.end - p.start for p in phones) == pytest.approx(len(samples) / SAMPLE_RATE, abs=0.01)
    assert {p.label for p in phones} <= set(PHONES)
    assert all(p.stress == 0 for p in phones if p.label not in VOWELS)
    speech = Speech(samples.astype(np.float32))
    loud, voice = energy(speech), pitch(speech)
    at = [next((p.label for p in phones if p.start <= (i + 0.5) / 25 < p.end), SILENCE) for i in range(speech.frames)]
    vowel = np.array([label in VOWELS for label in at])
    inner = np.array([a == b == c == SILENCE for a, b, c in zip(at[:-2], at[1:-1], at[2:], strict=True)])
    assert loud[1:-1][inner].mean() < 0.2
    assert loud[vowel].mean() > 0.7
    assert (voice[vowel] > 0).mean() > 0.65


@pytest.mark.parametrize("name", ["Ada", "Nadia", "Omar", "Viktor", "Priya", "Rajan", "Hugo", "Freya", "heldout-ked",
                                  "aug-de-f", "aug-zh-f"])  # fmt: skip
def test_phones_fit_the_sound(engines: Engines, name: str) -> None:
    if not HAVE[VOICES[name].engine]:
        pytest.skip(f"needs Debian's {VOICES[name].engine} (build-time only)")
    for k in range(3):
        samples, entry = speak(engines, name, plan(name, k))
        check(samples, [Phone(*row) for row in entry["phones"]])
        assert any(row[3] == 1 for row in entry["phones"])
        assert 0.05 < np.abs(samples).max() <= 0.98
        assert set(entry) == {"utt", "text", "language", "emotion", "seconds", "phones", "split"}


@needs_flite
def test_the_warp_moves_pitch_and_tempo_and_keeps_times(engines: Engines) -> None:
    voice, text = VOICES["Ewan"], "My mother bought a big umbrella for the boy."
    plain = engines.say(text, voice, 120, 1.0, 1.0, 1.0)
    wide = engines.say(text, voice, 120, 1.0, 1.0, 1.2)
    fast = engines.say(text, voice, 120, 1.0, 1.25, 1.0)
    high = engines.say(text, voice, 160, 1.0, 1.0, 1.0)
    assert wide.seconds == pytest.approx(plain.seconds, rel=0.03)
    assert [p.start for p in wide.phones] == pytest.approx([p.start for p in plain.phones], abs=0.06)
    assert fast.seconds == pytest.approx(plain.seconds / 1.25, rel=0.03)
    heard = [np.median((t := pitch(Speech(s.samples)))[t > 0]) for s in (plain, wide, high)]
    assert heard == pytest.approx([120, 120, 160], rel=0.1)
    assert [p.label for p in wide.phones] == [p.label for p in plain.phones]


def test_resampled_factor_is_exact() -> None:
    click = np.zeros(20_000, np.float32)
    click[12_345] = 1
    for rate, formant in ((16_000, 1.1), (22_050, 0.93), (32_000, 1.25)):
        out, factor = change_speed(click, rate, formant)
        assert factor == pytest.approx(1 / formant, rel=2e-4)
        assert np.argmax(np.abs(out)) / SAMPLE_RATE == pytest.approx(12_345 / rate * factor, abs=1.1 / SAMPLE_RATE)


def test_psola_moves_pitch_and_nothing_else() -> None:
    clock = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 120 * k * clock) / (1 + ((120 * k - 700) / 250) ** 2) for k in range(1, 30))
    tone = (0.2 * tone * (clock > 0.5)).astype(np.float32)
    for shift in (0.8, 1.0, 1.4):
        out = repitch(tone, shift)
        assert len(out) == len(tone) and np.abs(out[: SAMPLE_RATE // 2 - 400]).max() < 1e-3
        assert np.median(pitch(Speech(out))[15:]) == pytest.approx(120 * shift, rel=0.03)
    assert not repitch(np.zeros(8000, np.float32), 1.3).any()


def test_joined_parts_follow_one_another() -> None:
    part = (np.ones(1600, np.float32), [Phone(0, 0.02, SILENCE), Phone(0.02, 0.08, "M"), Phone(0.08, 0.1, SILENCE)])
    samples, phones = concatenate([part, part], [0.5, 0.3, 0.2])
    assert len(samples) == 1.2 * SAMPLE_RATE
    assert [(round(p.start, 3), round(p.end, 3), p.label) for p in phones] == [
        (0, 0.52, SILENCE), (0.52, 0.58, "M"), (0.58, 0.92, SILENCE), (0.92, 0.98, "M"), (0.98, 1.2, SILENCE),
    ]  # fmt: skip


def test_moods_are_audible(engines: Engines) -> None:
    plans = [plan("Ada", k) for k in range(600)]
    share = np.mean([p.emotion == "neutral" for p in plans])
    assert 0.5 < share < 0.7 and {p.emotion for p in plans} == set(MOODS)
    assert all(split(i) == split(p.indices[0]) for p in plans for i in p.indices)
    assert 0.02 < np.mean([split(p.indices[0]) == "held-out" for p in plans]) < 0.12


# -- the corpus ------------------------------------------------------------------------------------------------------


@needs_flite
def test_build_is_deterministic_and_resumes(tmp_path: Path) -> None:
    def quiet(_: str) -> None:
        pass

    build(tmp_path / "a", {"Ewan": 20.0, "Diego": 20.0}, rounds=2, report=quiet)
    build(tmp_path / "b", {"Ewan": 8.0, "Diego": 8.0}, rounds=1, report=quiet)
    made = build(tmp_path / "b", {"Ewan": 20.0, "Diego": 20.0}, rounds=2, report=quiet)
    assert 0 < made < 40
    assert build(tmp_path / "b", {"Ewan": 20.0, "Diego": 20.0}, report=quiet) == 0
    for name in ("Ewan", "Diego"):
        first, second = (tmp_path / run / name for run in "ab")
        assert sorted(p.name for p in first.iterdir()) == sorted(p.name for p in second.iterdir())
        assert (first / "utterances.json").read_text() == (second / "utterances.json").read_text()
        assert (first / "00000.flac").read_bytes() == (second / "00000.flac").read_bytes()
        assert not list(first.glob("*.part"))
    found = list(clips(tmp_path / "a"))
    entries = json.loads((tmp_path / "a/Ewan/utterances.json").read_text())
    assert {c.identity for c in found} == {"Ewan", "Diego"}
    own = [c for c in found if c.identity == "Ewan"]
    assert [c.text for c in own] == [e["text"] for e in entries]
    assert own[0].speech.seconds == pytest.approx(entries[0]["seconds"], abs=1e-3)
    assert own[0].phones[0].label == SILENCE and own[0].motion is None
    assert {c.split for c in clips(tmp_path / "a", split="train")} <= {"train"}
    assert {c.identity for c in clips(tmp_path / "a", voices=["Diego"])} == {"Diego"}


def test_an_empty_folder_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="make corpus"):
        next(clips(tmp_path))


def test_a_missing_engine_names_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object):
        raise OSError("no such file")

    monkeypatch.setattr(tts_flite.c, "CDLL", missing)
    with pytest.raises(EngineMissing, match="apt-get install flite"):
        tts_flite.Flite()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineMissing, match="festvox-us-slt-hts"):
        tts_festival.Festival()


@needs_festival
def test_festival_says_nothing_it_should_not(engines: Engines) -> None:
    spoken = engines.say('A "quoted" back\\slash (and brackets).', VOICES["Rajan"], 120, 1.0, 1.0, 1.0)
    assert {p.label for p in spoken.phones} & set(CONSONANTS)


def test_the_module_has_a_command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["synthetic", "--help"])
    with pytest.raises(SystemExit):
        synthetic.main()
    assert "--hours" in capsys.readouterr().out
