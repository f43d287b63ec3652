"""What a clip of real speech says: its words as phones of our alphabet."""

from collections.abc import Iterable

from talkdemo.audio.phones import SILENCE
from talkdemo.data.corpora import grid
from talkdemo.data.speech.pronounce import pronounced
from talkdemo.records import Clip


def parts(transcript: Iterable[str]) -> list[list[str]]:
    """A transcript split at its silences: words of labels."""
    words: list[list[str]] = [[]]
    for label in transcript:
        if label != SILENCE:
            words[-1].append(label)
        elif words[-1]:
            words.append([])
    return words if words[-1] else words[:-1]


def words_of(clip: Clip) -> list[list[str]]:
    """The corpus's own phones where it has them (speechocean762, GRID's lexicon), else those of the pronounced text."""
    if clip.transcript is not None:
        return parts(clip.transcript)
    if clip.corpus == "grid_s1":
        return [grid.LEXICON[word].split() for _, _, word in grid.words(clip.name) if word not in ("sil", "sp")]
    if clip.text is None:
        raise ValueError(f"{clip.name} has neither text nor transcript")
    return pronounced(clip.text, clip.language)
