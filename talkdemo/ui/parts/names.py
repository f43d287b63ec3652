"""Titles of names: characters, people, expressions, examples."""

from collections.abc import Iterable

VISEMES = ("aa", "ee", "oo", "oh", "ff", "mm", "th", "ch")  # expressions that are sounds: written in quotes


def title(name: str) -> str:
    """brows_up → Brows up; ada-happy → Ada happy; aa → “aa”"""
    return f"“{name}”" if name in VISEMES else name.replace("-", " ").replace("_", " ").capitalize()


def choices(names: Iterable[str]) -> list[tuple[str, str]]:
    """Titles and names, as gradio's choices."""
    return [(title(name), name) for name in names]
