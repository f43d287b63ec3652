"""The real speech that the speech encoder learns from and is measured on, corpus by corpus."""

from collections.abc import Callable, Iterator
from functools import partial

from talkdemo.data.corpora import grid, ljspeech, speechocean, voices
from talkdemo.records import Clip

LEARNT = ("voices-nathalie", "voices-kathleen", "voices-kerstin", "speechocean762", "grid_s1")
SOURCES: dict[str, Callable[[], Iterator[Clip]]] = {
    **{f"voices-{speaker}": partial(voices.clips, (speaker,)) for speaker in voices.LANGUAGES},
    "speechocean762": partial(speechocean.clips, "train"),
    "grid_s1": grid.clips,
    "ljspeech": ljspeech.clips,
}


def path_of(clip: Clip) -> str:
    """Where a clip's sound lies below the shared data."""
    if clip.corpus.startswith("voices-"):
        return str(voices.sound(clip.identity, clip.name))
    if clip.corpus == "speechocean762":
        return f"{clip.corpus}/audio/{clip.identity.split('-')[1]}/{clip.name}.ogg"
    if clip.corpus == "ljspeech":
        return f"{clip.corpus}/{clip.name}.flac"
    return f"{clip.corpus}/audio/{clip.name}.ogg"
