"""flite: speech with phone times, through libflite in this process (Debian package `flite`)."""

import ctypes as c

import numpy as np

from talkdemo.audio.phones import VOWELS
from talkdemo.data.speech.timed_speech import EngineMissing, TimedSpeech, arpabet, cover

MISSING = "libflite is not installed; wanted: apt-get install flite"
PITCH = {"slt": 163.0, "awb": 120.0, "rms": 101.0, "kal16": 95.0}  # Hz, of the voice as it comes
SPREAD = {"slt": 18.0, "awb": 20.0, "kal16": 11.0}  # Hz, standard deviation of the planned pitch; rms takes none
MEAN = {"slt": 167.0, "awb": 129.0}  # Hz, around which SPREAD is taken


class _Wave(c.Structure):
    _fields_ = (("type", c.c_char_p), ("rate", c.c_int), ("count", c.c_int), ("channels", c.c_int),
                ("samples", c.POINTER(c.c_short)))  # fmt: skip


class _Relation(c.Structure):
    _fields_ = (("name", c.c_char_p), ("features", c.c_void_p), ("utterance", c.c_void_p), ("head", c.c_void_p))


class _Voice(c.Structure):
    _fields_ = (("name", c.c_char_p), ("features", c.c_void_p))


def _function(library: c.CDLL, name: str, result: object, *arguments: object):
    function = getattr(library, name)
    function.restype, function.argtypes = result, list(arguments)
    return function


class Flite:
    """Voices slt (f), awb, rms, kal16 (m). One object per process; not for several threads at once."""

    def __init__(self) -> None:
        try:
            for name in ("libflite.so.1", "libflite_usenglish.so.1", "libflite_cmulex.so.1"):
                library = c.CDLL(name, mode=c.RTLD_GLOBAL)
                if name == "libflite.so.1":
                    self._library = library
        except OSError as error:
            raise EngineMissing(MISSING) from error
        pointer, library = c.c_void_p, self._library
        self._seed = c.CDLL(None).srand
        _function(library, "flite_init", c.c_int)()
        self._say = _function(library, "flite_synth_text", pointer, c.c_char_p, pointer)
        self._wave = _function(library, "utt_wave", pointer, pointer)
        self._delete = _function(library, "delete_utterance", None, pointer)
        self._relation = _function(library, "utt_relation", pointer, pointer, c.c_char_p)
        self._set = _function(library, "feat_set_float", None, pointer, c.c_char_p, c.c_float)
        self._text = _function(library, "ffeature_string", c.c_char_p, pointer, c.c_char_p)
        self._number = _function(library, "ffeature_float", c.c_float, pointer, c.c_char_p)
        self._next = _function(library, "item_next", pointer, pointer)
        self._voices: dict[str, int] = {}
        self._keys: dict[bytes, c.c_char_p] = {}  # flite keeps the pointers

    def _voice(self, base: str) -> int:
        if base not in self._voices:
            if base not in PITCH:
                raise ValueError(f"flite voice {base!r} given, one of {', '.join(PITCH)} wanted")
            library = c.CDLL(f"libflite_cmu_us_{base}.so.1", mode=c.RTLD_GLOBAL)
            self._voices[base] = _function(library, f"register_cmu_us_{base}", c.c_void_p, c.c_char_p)(None)
        return self._voices[base]

    def say(self, text: str, base: str, pitch: float, spread: float = 1.0, stretch: float = 1.0) -> TimedSpeech:
        """Speak at a mean of `pitch` Hz, pitch moves × `spread`, durations × `stretch` (rms keeps its pitch)."""
        voice = self._voice(base)
        features = c.cast(voice, c.POINTER(_Voice)).contents.features
        settings = {b"duration_stretch": stretch * (1.1 if base == "kal16" else 1.0)}  # kal16 comes with 1.1
        if base == "kal16":
            settings |= {b"int_f0_target_mean": pitch, b"int_f0_target_stddev": pitch / PITCH[base] * 11 * spread}
        else:
            settings[b"f0_shift"] = pitch / PITCH[base]
            if base in SPREAD:
                settings |= {b"int_f0_target_mean": MEAN[base], b"int_f0_target_stddev": SPREAD[base] * spread}
        for name, value in settings.items():
            self._set(features, self._keys.setdefault(name, c.c_char_p(name)), value)
        self._seed(1)  # the noise in its excitation is libc's: the same text gives the same sound
        utterance = self._say(text.encode("ascii", "ignore"), voice)
        try:
            wave = c.cast(self._wave(utterance), c.POINTER(_Wave)).contents
            rate = wave.rate
            samples = np.ctypeslib.as_array(wave.samples, (wave.count,)).astype(np.float32) / 32768
            marks = []
            item = c.cast(self._relation(utterance, b"Segment"), c.POINTER(_Relation)).contents.head
            while item:
                label = arpabet(self._text(item, b"name").decode())
                stress = self._text(item, b"R:SylStructure.parent.stress") == b"1" and label in VOWELS
                marks.append((self._number(item, b"end"), label, int(stress)))
                item = self._next(item)
        finally:
            self._delete(utterance)
        return TimedSpeech(samples, rate, cover(marks, len(samples) / rate))
