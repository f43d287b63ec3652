"""The corpora by name. A new corpus is one loader file and one line here.

A loader needs no argument, yields Clips in a fixed order and reads a sound when its clip is reached; it raises
FileNotFoundError or ValueError with one sentence where the data is not on this machine.
"""

from collections.abc import Callable, Iterator

from talkdemo.data.corpora import beat, facegood, grid, live_link, ljspeech, speechocean, synthetic
from talkdemo.records import Clip

CORPORA: dict[str, Callable[..., Iterator[Clip]]] = {
    "synthetic": synthetic.clips,  # takes root=, voices=, split=; speech and phones, no motion
    "grid_s1": grid.clips,
    "facegood": facegood.clips,
    "speechocean762": speechocean.clips,  # takes split=; phones in order without times, no motion
    "beat": beat.clips,  # takes root= (else $TALKDEMO_BEAT), speakers=, split=
    "live_link_face": live_link.clips,
    "ljspeech": ljspeech.clips,
}
