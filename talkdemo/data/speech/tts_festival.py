"""festival: speech with phone times, through one festival process that keeps running.

Debian packages `festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k`.
"""

import subprocess
import tempfile
from pathlib import Path

import soundfile

from talkdemo.audio.phones import VOWELS
from talkdemo.data.speech.timed_speech import EngineMissing, TimedSpeech, arpabet, cover

MISSING = (
    "festival or its voice {} is not installed; wanted: "
    "apt-get install festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k"
)
VOICE = {"slt-hts": "voice_cmu_us_slt_arctic_hts", "kal": "voice_kal_diphone", "ked": "voice_ked_diphone"}
SPREAD = {"kal": 14.0, "ked": 14.0}  # Hz, standard deviation at 105 Hz
DEFINITIONS = """
(define (say_one text path)
  (let ((u (utt.synth (eval (list 'Utterance 'Text text)))))
    (utt.save.wave u path)
    (mapcar
      (lambda (s) (format t "PHONE %f %s %s\\n" (item.feat s "end") (item.name s)
                          (item.feat s "R:SylStructure.parent.stress")))
      (utt.relation.items u 'Segment))
    (format t "DONE\\n")
    (fflush nil)))
"""


class Festival:
    """Voices slt-hts (f), kal, ked (m). One object is one festival process; close it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="festival-")
        try:
            self._process = subprocess.Popen(
                ["festival", "--pipe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True, encoding="latin-1",
            )  # fmt: skip
        except FileNotFoundError as error:
            raise EngineMissing(MISSING.format("slt-hts")) from error
        self._send(DEFINITIONS)
        self._base = ""

    def _send(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def say(self, text: str, base: str, pitch: float, spread: float = 1.0, stretch: float = 1.0) -> TimedSpeech:
        """Speak at a mean of `pitch` Hz, pitch moves × `spread`, durations × `stretch` (slt-hts keeps its pitch)."""
        if base not in VOICE:
            raise ValueError(f"festival voice {base!r} given, one of {', '.join(VOICE)} wanted")
        if base != self._base:
            self._send(f"({VOICE[base]})")
            self._base = base
        if base == "slt-hts":
            rate = f'(list \'("-r" {1 / stretch:.4f}))'
            self._send(f"(set! hts_engine_params (append cmu_us_slt_arctic_hts::hts_engine_params {rate}))")
        else:
            self._send(
                f"(set! int_lr_params '((target_f0_mean {pitch:.2f})"
                f" (target_f0_std {pitch / 105 * SPREAD[base] * spread:.2f}) (model_f0_mean 170) (model_f0_std 34)))"
            )
            self._send(f"(Parameter.set 'Duration_Stretch {stretch:.4f})")
        path = Path(self._folder.name) / "out.wav"
        path.unlink(missing_ok=True)
        plain = text.encode("ascii", "ignore").decode().replace("\\", " ").replace('"', " ")
        self._send(f'(say_one "{plain}" "{path}")')
        marks = []
        for line in self._process.stdout or ():
            words = line.split()
            if words[:1] == ["DONE"]:
                break
            if words[:1] == ["PHONE"]:
                label = arpabet(words[2])
                marks.append((float(words[1]), label, int(words[3] == "1" and label in VOWELS)))
        else:
            raise EngineMissing(MISSING.format(base))
        samples, rate = soundfile.read(path, dtype="float32")
        return TimedSpeech(samples, rate, cover(marks, len(samples) / rate))

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.communicate(timeout=10)  # closes its input, which ends it
        self._folder.cleanup()
