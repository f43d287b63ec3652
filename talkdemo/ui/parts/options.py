"""What several tabs hand to gradio: keyword arguments of components and events."""

from typing import Any

PLAIN: dict[str, Any] = {"apply_default_css": False, "padding": False}  # of gr.HTML
PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}  # of events
QUICK: dict[str, Any] = {**PRIVATE, "queue": False}
ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": "sampler", "concurrency_limit": 1}

Page = dict[Any, Any]  # component → its new value: what a handler changes
