"""Maps IPA to the 40 phones of audio.phones: to the nearest by articulation, of the lips above all.

Rounded vowels get rounded labels, sounds made with the lips one of P B M F V W, and unrounded ones no rounded label (a
Spanish r is not an English one).
"""

from talkdemo.audio.phones import SILENCE

# Longest match first; a value may be several labels, which then share the time. "??" is espeak's name for the vowel of
# German "durch".
TABLE: dict[str, tuple[str, ...]] = {
    symbol: tuple(labels.split())
    for symbols, labels in (
        # diphthongs
        ("aɪ ai ɑɪ äɪ", "AY"), ("aʊ au äʊ ɑʊ", "AW"), ("eɪ ei ɛɪ", "EY"), ("oʊ əʊ ou ɔʊ", "OW"),
        ("ɔɪ ɔø ɔʏ oɪ ɔy", "OY"), ("ɪə", "IH AH"), ("eə ɛə", "EH AH"), ("ʊə", "UH AH"), ("iə", "IY AH"),
        ("aɪə", "AY AH"), ("aʊə", "AW AH"), ("əl", "AH L"), ("ən", "AH N"), ("əm", "AH M"),
        # vowels
        ("i", "IY"), ("ɪ ᵻ ɨ i.", "IH"), ("eː", "EY"), ("e ɛ", "EH"), ("æ", "AE"), ("a ɑ ä ɶ", "AA"),
        ("ɒ ɔ", "AO"), ("o", "OW"), ("ʊ ʏ ø œ ɵ ɯ ??", "UH"), ("u ʉ y", "UW"), ("ə ɐ ʌ ɤ ɘ", "AH"), ("ɜ ɚ ɝ ɞ", "ER"),
        # consonants
        ("p", "P"), ("b", "B"), ("t ʈ", "T"), ("d ɖ ɾ ɽ", "D"), ("k q c", "K"), ("ɡ g ɢ ɣ ɟ", "G"), ("m ɱ", "M"),
        ("n ɲ ɳ", "N"), ("ŋ ɴ", "NG"), ("f ɸ", "F"), ("v β ʋ", "V"), ("θ", "TH"), ("ð", "DH"), ("s", "S"), ("z", "Z"),
        ("ʃ ʂ ɕ s.", "SH"), ("ʒ ʐ ʑ z.", "ZH"), ("tʃ tʂ tɕ ts.", "CH"), ("dʒ dʐ dʑ", "JH"), ("ts", "T S"),
        ("dz", "D Z"), ("h ɦ x χ ç ʁ ʀ ħ ʔ", "HH"), ("l ɫ ɭ ʎ ɬ r ɺ", "L"), ("ɹ ɻ", "R"), ("j ʝ", "Y"), ("w ɥ ʍ", "W"),
    )
    for symbol in symbols.split()
}  # fmt: skip
IGNORED = frozenset("ːˑˈˌʰʲʷˠ̪̩̯̥̞̝̟̠̬̻̃̆̈͡.'-_0123456789^\"~ ᵝ˥˦˧˨˩†‡ʱ;:")
LONGEST = max(map(len, TABLE))


def labels(symbol: str) -> tuple[str, ...]:
    """Labels of one IPA string, e.g. "tʃ" → ("CH",), "øː" → ("UH",); "" and "_" → (SILENCE,); "ʲ" alone → ().

    ValueError for a sound that the table does not hold.
    """
    phones: list[str] = []
    i = 0
    while i < len(symbol):
        for length in range(min(LONGEST, len(symbol) - i), 0, -1):
            piece = symbol[i : i + length]
            if piece in TABLE:
                phones += TABLE[piece]
                i += length
                break
        else:
            if symbol[i] not in IGNORED:
                raise ValueError(f"IPA symbol {symbol[i]!r} in {symbol!r} given, one of ipa.TABLE is wanted")
            i += 1
    return tuple(phones) if symbol.strip("_: ") else (SILENCE,)
