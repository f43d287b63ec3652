"""What several tabs hand to gradio: keyword arguments of components and events."""

from typing import Any

PLAIN: dict[str, Any] = {"apply_default_css": False, "padding": False}  # of gr.HTML
PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}  # of events
QUICK: dict[str, Any] = {**PRIVATE, "queue": False}
# Of jobs: as many as may be under way, working or waiting for their turn (parts/turns.py: one works at a time).
JOBS: dict[str, Any] = {"concurrency_id": "jobs", "concurrency_limit": 64}

Page = dict[Any, Any]  # component → its new value: what a handler changes
