"""Pronounces transcripts: text to the phones of our alphabet, by dictionary where there is one, else by espeak-ng.

English: the CMU dictionary that PyPI's `pocketsphinx` 5.1.1 brings, words it lacks by espeak-ng (its G2P). German and
Dutch: espeak-ng's IPA, read with the rules of each language below. Build time only: Debian's `espeak-ng`.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from talkdemo.audio import ipa
from talkdemo.audio.phones import SILENCE, VOWELS
from talkdemo.data.speech.timed_speech import EngineMissing

VOICES = {"en": "en-us", "de": "de", "nl": "nl"}
# Where a language says a sign differently from ipa.TABLE. A German r is uvular before a vowel and a vowel after one.
SOUNDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {"ɚ": ("ER",), "ɜː": ("ER",), "əl": ("AH", "L"), "ɾ": ("T",), "ɐ": ("AH",)},
    "de": {"r": ("HH",), "ɾ": ("HH",), "ɜ": ("AH",), "??": ("UH",), "ɔ̃": ("AO",), "ɑ̃": ("AA",), "œ̃": ("UH",)},
    "nl": {"ʌʊ": ("AW",), "œy": ("OY",), "yʊ": ("UW",), "eʊ": ("EY", "UH"), "tʲ": ("T",)},
}
AFTER_VOWEL: Mapping[str, Mapping[str, tuple[str, ...]]] = {"de": {"ɾ": ("AH",)}}


def espeak(text: str, language: str) -> list[list[str]]:
    """Words of IPA signs, stress marks kept; espeak-ng joins some words."""
    if shutil.which("espeak-ng") is None:
        raise EngineMissing("espeak-ng is not installed; wanted: apt-get install espeak-ng")
    command = ["espeak-ng", "-v", VOICES[language], "-q", "--ipa", "--sep=_"]
    said = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout.decode()
    words = [[sign for sign in word.split("_") if sign.strip("ˈˌ")] for word in said.split()]
    return [[sign for sign in word if not sign.startswith("(")] for word in words if word]


def labels_of(signs: Sequence[str], language: str) -> list[str]:
    """IPA signs of a word → labels, vowels with their stress digit."""
    out: list[str] = []
    for sign in signs:
        stress = "1" if "ˈ" in sign else "2" if "ˌ" in sign else "0"
        plain = sign.strip("ˈˌ")
        after_vowel = bool(out) and out[-1][:2] in VOWELS
        own = AFTER_VOWEL.get(language, {}) if after_vowel else {}
        found = own.get(plain) or SOUNDS[language].get(plain) or ipa.labels(plain)
        out += [label + stress if label in VOWELS else label for label in found]
    return out


@cache
def dictionary() -> dict[str, list[str]]:
    """Word in lower case → phones without stress, each word's first entry of the CMU dictionary."""
    file = resources.files("pocketsphinx") / "model" / "en-us" / "cmudict-en-us.dict"
    found: dict[str, list[str]] = {}
    for line in file.read_text("utf-8").splitlines():
        word, *phones = line.split()
        found.setdefault(re.sub(r"\(\d+\)$", "", word), phones)
    return found


@cache
def spelled(word: str) -> tuple[str, ...]:
    """Phones of an English word without stress: the dictionary's, else espeak-ng's."""
    if word in dictionary():
        return tuple(dictionary()[word])
    signs = [sign for part in espeak(word, "en") for sign in part]
    labels = [label.rstrip("012") for label in labels_of(signs, "en")]
    return tuple(b for a, b in zip([None, *labels], labels, strict=False) if not (a == "ER" and b == "R"))


def words_of(text: str) -> list[str]:
    """English words in lower case."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower().replace("’", "'"))


def pronounced(text: str, language: str) -> list[list[str]]:
    """Words of labels; vowels carry a stress digit where the source tells it."""
    if language == "en":
        return [list(spelled(word)) for word in words_of(text)]
    return [labels_of(word, language) for word in espeak(text, language)]


def transcript(words: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Labels in order with SILENCE at each word's edge, where a pause may be."""
    return (SILENCE, *(label for word in words for label in (*word, SILENCE)))
