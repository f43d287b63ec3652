"""The talking identities: a voice of the synthetic speech and a fixed style of its face, by name."""

from dataclasses import dataclass

import numpy as np

from talkdemo.data.articulation.styles import Style, draw
from talkdemo.data.speech.voices import IDENTITY_VOICES, VOICES, Voice

SEED = 1993


@dataclass(frozen=True)
class TalkingIdentity:
    name: str
    voice: Voice
    style: Style


IDENTITIES: dict[str, TalkingIdentity] = {
    name: TalkingIdentity(name, VOICES[name], style)
    for name, style in zip(
        IDENTITY_VOICES, draw(len(IDENTITY_VOICES), np.random.Generator(np.random.PCG64(SEED))), strict=True
    )
}
