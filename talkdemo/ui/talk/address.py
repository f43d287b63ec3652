"""The settings of the tab "Talk" in the page's address: which names it may hold, and what their values have to be.

static/address.js writes the address and copies it; here it is read. It holds names and numbers, never a file.
"""

from collections.abc import Callable, Collection, Mapping
from html import escape
from typing import Any

from talkdemo.records import AUTO, MAX_SEED, MAX_STEPS, MIN_STEPS

OTHERS = ("_", "utm_", "fbclid", "gclid")  # how what a host or a referrer adds begins: not worth a word


def read(query: Mapping[str, str], known: Mapping[str, Collection[str]]) -> tuple[dict[str, Any], list[str]]:
    """The address's parameters → values that can be used, and the names of those that cannot.

    `known`: what may be named as model, identity, reference, blend, emotion and character.
    """
    readers: dict[str, Callable[[str], Any]] = {
        **{name: _one_of(values) for name, values in known.items()},
        "share": _number(float, 0, 1),
        "steps": _number(int, MIN_STEPS, MAX_STEPS),
        "seed": _number(int, 0, MAX_SEED),
        "full": lambda text: bool(_number(int, 0, 1)(text)),
    }
    values, bad = {}, []
    for name, text in query.items():
        try:
            values[name] = readers[name](text)
        except (KeyError, ValueError):
            if not name.startswith(OTHERS):
                bad.append(name)
    if values.get("identity") == AUTO and "blend" in values:
        bad.append("blend")
        del values["blend"]
    return values, bad


def sentence(bad: list[str]) -> str:
    """HTML: what of the address was ignored."""
    names = ", ".join(escape(name[:24]) for name in bad[:5]) + (" …" if len(bad) > 5 else "")
    return f"Ignored in the page's address, as unknown or out of range: {names}."


def _one_of(values: Collection[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return read


def _number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        if len(text) > 12 or not text.isascii() or not least <= (value := kind(text)) <= most:
            raise ValueError(text)
        return value

    return read
