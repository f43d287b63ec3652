"""The voices of the synthetic speech: an engine's voice, changed in pitch, formants and tempo.

Each of the 24 identity voices belongs to a talking identity, which matching recognises by it.
`formant` f resamples the waveform by f, which multiplies formants (a vocal tract 1/f as long) and pitch by f and phone
times by 1/f exactly; the engine gets the pitch and tempo that compensate for it, so that the three vary independently.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """One speaker. `pitch` is the mean F0 of the result; `tempo` 1 is the engine's own speaking rate."""

    engine: str  # "flite" | "festival" | "espeak"
    base: str  # the engine's name for its voice; espeak: "language" or "language+variant"
    pitch: float  # Hz
    formant: float  # 1 = the base voice's vocal tract
    tempo: float
    language: str = "en"
    range: float = 1.0  # how far pitch moves, as a factor of the engine's own


VOICES: dict[str, Voice] = {
    # identity voices
    "Ada": Voice("flite", "slt", 178, 1.00, 1.00),
    "Mei": Voice("flite", "slt", 228, 1.09, 1.08, range=1.2),
    "Ingrid": Voice("flite", "slt", 152, 0.93, 0.92),
    "Zola": Voice("flite", "slt", 272, 1.19, 1.02, range=1.3),
    "Carmen": Voice("flite", "slt", 200, 0.97, 1.15, range=1.4),
    "Priya": Voice("festival", "slt-hts", 210, 1.04, 1.06),
    "Sofia": Voice("festival", "slt-hts", 168, 0.95, 0.97),
    "Yuki": Voice("festival", "slt-hts", 250, 1.14, 1.00, range=1.2),
    "Amara": Voice("festival", "slt-hts", 186, 1.00, 0.90, range=1.3),
    "Leila": Voice("festival", "slt-hts", 222, 0.99, 1.14),
    "Ewan": Voice("flite", "awb", 124, 1.00, 1.00),
    "Bruno": Voice("flite", "awb", 98, 0.90, 0.95),
    "Nadia": Voice("flite", "awb", 196, 1.17, 1.05, range=1.3),
    "Kofi": Voice("flite", "awb", 140, 1.05, 1.12, range=1.2),
    "Lucas": Voice("flite", "rms", 103, 1.00, 1.02),
    "Omar": Voice("flite", "rms", 91, 0.88, 0.94),
    "Tomas": Voice("flite", "rms", 116, 1.13, 1.10),
    "Viktor": Voice("flite", "kal16", 112, 0.94, 0.96, range=1.2),
    "Diego": Voice("flite", "kal16", 134, 1.06, 1.08),
    "Rajan": Voice("festival", "kal", 118, 0.98, 1.00),
    "Chidi": Voice("festival", "kal", 150, 1.10, 1.04, range=1.3),
    "Hugo": Voice("espeak", "en-us+Michael", 108, 0.96, 1.00),
    "Freya": Voice("espeak", "en+Annie", 205, 1.02, 1.00, range=1.2),
    "Aroha": Voice("espeak", "en-gb-x-rp+f2", 236, 1.10, 0.95, range=1.2),
    # never trained on: no other voice has this base voice, these changes or both
    "heldout-ked": Voice("festival", "ked", 106, 1.00, 1.00),
    "heldout-slt": Voice("flite", "slt", 128, 0.87, 1.04),
    "heldout-lancaster": Voice("espeak", "en-gb-x-gbclan+Alicia", 188, 1.05, 1.00),
    # for the audio encoder only: further speakers and other languages
    "aug-child": Voice("flite", "slt", 300, 1.24, 0.95, range=1.2),
    "aug-deep": Voice("flite", "awb", 86, 0.85, 0.98),
    "aug-bright": Voice("flite", "rms", 150, 1.22, 1.06),
    "aug-alto": Voice("festival", "slt-hts", 140, 0.88, 1.02),
    "aug-kid": Voice("festival", "slt-hts", 286, 1.22, 1.10, range=1.3),
    "aug-flat": Voice("flite", "kal16", 100, 0.90, 1.12, range=0.6),
    "aug-fast": Voice("flite", "awb", 132, 0.98, 1.35),
    "aug-slow": Voice("flite", "slt", 170, 1.04, 0.75),
    "aug-andy": Voice("espeak", "en-us+Andy", 120, 1.00, 1.05),
    "aug-f4": Voice("espeak", "en-us+f4", 215, 1.05, 1.10),
    "aug-scot": Voice("espeak", "en-gb-scotland+m3", 112, 0.95, 1.00),
    "aug-carib": Voice("espeak", "en-029+m7", 126, 1.08, 1.00),
    "aug-de-m": Voice("espeak", "de+m3", 110, 0.97, 1.00, "de"),
    "aug-de-f": Voice("espeak", "de+f3", 200, 1.06, 1.05, "de"),
    "aug-fr-m": Voice("espeak", "fr+Michel", 118, 1.00, 1.00, "fr"),
    "aug-fr-f": Voice("espeak", "fr+f2", 210, 1.08, 1.08, "fr"),
    "aug-es-m": Voice("espeak", "es+Diogo", 115, 1.00, 1.10, "es"),
    "aug-es-f": Voice("espeak", "es-419+Alicia", 205, 1.04, 1.12, "es"),
    "aug-it-m": Voice("espeak", "it+Marco", 122, 0.98, 1.08, "it"),
    "aug-it-f": Voice("espeak", "it+f4", 220, 1.07, 1.05, "it"),
    "aug-pt-f": Voice("espeak", "pt-br+Andrea", 196, 1.02, 1.05, "pt"),
    "aug-ru-m": Voice("espeak", "ru+Boris", 106, 0.94, 1.00, "ru"),
    "aug-ru-f": Voice("espeak", "ru+anika", 208, 1.05, 1.00, "ru"),
    "aug-hi-m": Voice("espeak", "hi+m5", 124, 1.00, 1.00, "hi"),
    "aug-ja-f": Voice("espeak", "ja+f2", 225, 1.08, 1.05, "ja"),
    "aug-tr-m": Voice("espeak", "tr+m1", 116, 1.02, 1.05, "tr"),
    "aug-zh-f": Voice("espeak", "cmn-latn-pinyin+f5", 215, 1.06, 1.00, "zh"),
}
IDENTITY_VOICES: tuple[str, ...] = tuple(name for name in VOICES if "-" not in name)
