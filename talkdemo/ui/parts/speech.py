"""The speech input that the tabs share: microphone, upload, or one of the shipped examples."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from talkdemo.ui.parts.names import title

NO_SPEECH = "There is no speech yet: record some, upload a file or pick an example."


def speech_input(examples: Sequence[Path], elem_id: str) -> tuple[gr.Audio, gr.Dataset | None]:
    """The component and the examples beneath, if any; to be called inside gr.Blocks.

    The examples' folders are static paths: gradio serves files there in place. Otherwise it would serve copies, which
    it deletes with the visitors' uploads after an hour.
    """
    gr.set_static_paths(sorted({path.parent for path in examples}))
    speech = gr.Audio(
        label="Speech", sources=["microphone", "upload"], type="filepath", elem_id=elem_id, buttons=[],
        waveform_options=gr.WaveformOptions(waveform_color="#b9b3a6", waveform_progress_color="#d9532c"),
    )  # fmt: skip
    if not examples:
        return speech, None
    offered = gr.Examples(
        [[str(path)] for path in examples], [speech], label="Or pick an example",
        example_labels=[title(path.stem) for path in examples], api_visibility="private",
    )  # fmt: skip
    return speech, offered.dataset
