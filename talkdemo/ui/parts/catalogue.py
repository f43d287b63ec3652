"""The endpoint /models for programs: what can be chosen, and the checkpoints behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from talkdemo import checkpoint
from talkdemo.gcgan.edit import Expresser
from talkdemo.gcgan.gallery import gallery
from talkdemo.pipeline import SpeechToFace
from talkdemo.records import MODEL_TITLES
from talkdemo.ui.parts.endpoint import coded, open_endpoint


class Catalogue:
    """Answers from what the app was opened with."""

    def __init__(
        self, pipelines: Mapping[str, SpeechToFace], characters: Sequence[str], expresser: Expresser | None
    ) -> None:
        self.pipelines, self.characters, self.expresser = pipelines, list(characters), expresser

    def build(self) -> None:
        """To be called inside gr.Blocks."""
        open_endpoint(self.models, [], [gr.JSON(label="catalogue", visible=False)])

    def models(self) -> dict[str, Any]:
        """List what the other tools can be asked for: models with the identities, emotions, references and students of
        each, characters, portraits and expressions by name, and the checkpoints with their licence.

        Returns:
            models, characters, portraits, expressions, checkpoints
        """
        with coded():
            chosen = ("identities", "emotions", "references", "students")
            return {
                "models": {
                    name: {"title": MODEL_TITLES[name], **{what: list(getattr(one, what)) for what in chosen}}
                    for name, one in self.pipelines.items()
                },
                "characters": self.characters,
                "portraits": list(gallery()),
                "expressions": list(self.expresser.presets) if self.expresser else [],
                "checkpoints": [_card(name) for name in checkpoint.installed()],
            }


def _card(name: str) -> dict[str, Any]:
    card = checkpoint.describe(checkpoint.find(name))
    provenance = card.pop("provenance")
    return {key: card[key] for key in ("name", "kind", "parameters", "bytes")} | {"licence": provenance.get("licence")}
