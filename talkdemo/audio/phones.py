"""The phone alphabet: silence and the 39 ARPABET phones, with the classes that articulation depends on."""

SILENCE = "SIL"
VOWELS: tuple[str, ...] = (
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
)  # fmt: skip
CONSONANTS: tuple[str, ...] = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W",
    "Y", "Z", "ZH",
)  # fmt: skip
PHONES: tuple[str, ...] = (SILENCE, *VOWELS, *CONSONANTS)  # 40 labels
INDEX: dict[str, int] = {label: i for i, label in enumerate(PHONES)}

BILABIAL = frozenset({"P", "B", "M"})  # the lips must meet
LABIODENTAL = frozenset({"F", "V"})  # lower lip to upper teeth
