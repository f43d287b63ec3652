"""espeak-ng: speech in a hundred languages with phone times, through libespeak-ng in this process.

Debian packages `espeak-ng libespeak-ng1`. Phone times come from the library's phoneme events, stress from its
phonetic transcription.
"""

import ctypes as c
import difflib

import numpy as np

from talkdemo.audio import ipa
from talkdemo.audio.phones import SILENCE, VOWELS
from talkdemo.data.speech.timed_speech import STOPS, EngineMissing, TimedSpeech, cover

MISSING = "libespeak-ng is not installed; wanted: apt-get install espeak-ng libespeak-ng1"
SYNCHRONOUS, PHONEME_EVENTS, PHONEME_IPA = 2, 1, 2
RATE, PITCH, RANGE = 1, 3, 4  # espeak_PARAMETER
END, SENTENCE_END, WORD, PHONEME = 0, 5, 1, 7  # espeak_EVENT_TYPE
UTF8, IPA_SEPARATED = 1, 0x02 | (ord("_") << 8)
WORDS_PER_MINUTE = 165
SILENT = 1e-3  # of full scale: espeak's closures are nearly digital silence
LONGEST_CLOSURE = 0.12  # seconds


class _Id(c.Union):
    _fields_ = (("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8))


class _Event(c.Structure):
    _fields_ = (("type", c.c_int), ("identifier", c.c_uint), ("text", c.c_int), ("length", c.c_int),
                ("milliseconds", c.c_int), ("sample", c.c_int), ("user", c.c_void_p), ("id", _Id))  # fmt: skip


_Callback = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(_Event))


def _labels(symbol: str) -> tuple[str, ...]:
    """Labels of a symbol, or itself where it has none (the transcription has symbols that the events lack)."""
    try:
        return ipa.labels(symbol)
    except ValueError:
        return (symbol,)


class Espeak:
    """Voices by espeak's own names, "en-us+Michael", "de", "fr-fr+f3". One object per process."""

    def __init__(self) -> None:
        try:
            self._library = c.CDLL("libespeak-ng.so.1")
        except OSError as error:
            raise EngineMissing(MISSING) from error
        self.rate = self._library.espeak_Initialize(SYNCHRONOUS, 0, None, PHONEME_EVENTS | PHONEME_IPA)
        if self.rate <= 0:
            raise EngineMissing("espeak-ng's data is not installed; wanted: apt-get install espeak-ng-data")
        self._library.espeak_TextToPhonemes.restype = c.c_char_p
        self._sound: list[np.ndarray] = []
        self._events: list[tuple[int, int, str]] = []
        self._callback = _Callback(self._receive)  # kept: the library calls it
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, sound, count: int, events) -> int:
        if count > 0 and sound:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        i = 0
        while events[i].type != END:
            event = events[i]
            name = bytes(event.id.string).decode("utf-8", "ignore") if event.type == PHONEME else ""
            self._events.append((event.type, event.sample, name))
            i += 1
        return 0

    def _stresses(self, text: str) -> list[tuple[tuple[str, ...], int]]:
        """The transcription as (labels, stress) of each sound."""
        data = c.c_char_p(text.encode())
        pointer, parts = c.pointer(data), []
        while data.value:
            parts.append(self._library.espeak_TextToPhonemes(pointer, UTF8, IPA_SEPARATED).decode())
        symbols = " ".join(parts).replace(" ", "_").split("_")
        stress = [1 if "ˈ" in s else 2 if "ˌ" in s else 0 for s in symbols]
        return [(_labels(s), k) for s, k in zip(symbols, stress, strict=True) if s.strip("ˈˌ") and "(" not in s]

    def say(self, text: str, base: str, pitch: float, spread: float = 1.0, stretch: float = 1.0) -> TimedSpeech:
        """Speak at espeak's pitch setting `pitch` (0–99, 50 = its own), moves × `spread`, durations × `stretch`."""
        if self._library.espeak_SetVoiceByName(base.encode()) != 0:
            raise ValueError(f"espeak voice {base!r} given, one of `espeak-ng --voices` (+variant) wanted")
        for parameter, value in ((RATE, WORDS_PER_MINUTE / stretch), (PITCH, pitch), (RANGE, 50 * spread)):
            self._library.espeak_SetParameter(parameter, round(float(np.clip(value, 0, 450))), 0)
        self._sound.clear()
        self._events.clear()
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, 1, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        if not self._sound:
            raise ValueError(f"{text!r} given to espeak, a text with something to pronounce wanted")
        samples = np.concatenate(self._sound).astype(np.float32) / 32768
        return TimedSpeech(samples, self.rate, cover(self._marks(text, samples), len(samples) / self.rate))

    def _closure(self, samples: np.ndarray, burst: int, before: int) -> int:
        """Where the silence that leads up to `burst` begins: at most LONGEST_CLOSURE back, after the sound `before`."""
        first = max(burst - round(LONGEST_CLOSURE * self.rate), before + (burst - before) // 3)
        loud = np.flatnonzero(np.abs(samples[first:burst]) > SILENT)
        return first + int(loud[-1]) + 1 if len(loud) else first

    def _marks(self, text: str, samples: np.ndarray) -> list[tuple[float, str, int]]:
        """Events → (end, label, stress). Events mark a stop's burst; its closure begins where the sound before ends."""
        starts: list[tuple[int, str]] = []  # (sample, symbol); "" = silence
        boundary = None  # where the word before ended
        for kind, sample, name in self._events:
            if kind in (WORD, SENTENCE_END):
                boundary = sample
            elif kind == PHONEME and not name.startswith("("):  # "(en)" tells a change of language
                labels = ipa.labels(name)
                if not labels and starts:
                    continue  # a palatal release: part of the sound before
                start = sample
                if labels and labels[0] in STOPS and starts:
                    start = self._closure(samples, sample if boundary is None else boundary, starts[-1][0])
                starts.append((start, name))
                boundary = None
        ends = [s for s, _ in starts[1:]] + [len(samples)]
        spoken = [i for i, (_, name) in enumerate(starts) if ipa.labels(name) != (SILENCE,)]
        written = self._stresses(text)
        stress = [0] * len(starts)
        matcher = difflib.SequenceMatcher(None, [s for s, _ in written], [_labels(starts[i][1]) for i in spoken], False)
        for block in matcher.get_matching_blocks():
            for k in range(block.size):
                stress[spoken[block.b + k]] = written[block.a + k][1]
        # A short silence inside a word is the breath after a stop and belongs to it.
        keep = [
            i for i, ((start, name), end) in enumerate(zip(starts, ends, strict=True))
            if i == 0 or ipa.labels(name) != (SILENCE,) or end - start >= 0.08 * self.rate
        ]  # fmt: skip
        starts, stress = [starts[i] for i in keep], [stress[i] for i in keep]
        ends = [s for s, _ in starts[1:]] + [len(samples)]
        marks: list[tuple[float, str, int]] = []
        if starts and starts[0][0] > 0:
            marks.append((starts[0][0] / self.rate, SILENCE, 0))
        for (start, name), end, mark in zip(starts, ends, stress, strict=True):
            labels = ipa.labels(name) or (SILENCE,)
            weight = np.cumsum([2.0 if label in VOWELS else 1.0 for label in labels])
            for label, share in zip(labels, weight / weight[-1], strict=True):
                marks.append(((start + (end - start) * share) / self.rate, label, mark if label in VOWELS else 0))
        return marks
