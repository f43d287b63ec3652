"""Resolves what a request says about style into the tensors that the talker is conditioned on.

An identity and an emotion become weights over the learned tables, a reference (or several, blended) a style vector.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from talkdemo.condition.identity import IdentityLibrary
from talkdemo.condition.style import StyleEncoder, StyleLibrary, blend
from talkdemo.records import AUTO, Progress, ReferenceSource, Request
from talkdemo.reference import check, gallery, open_reference

TOP = 5  # matches listed in the meta

Condition = tuple[torch.Tensor, ...]  # one row for each input of the talker's library


def check_condition(library: IdentityLibrary | StyleLibrary, request: Request, model: str) -> None:
    """Raises ValueError for an identity, an emotion or a reference that the model called `model` cannot take: not its
    kind of condition, not in its library, or, by a quick look that tracks no video, no reference."""
    if isinstance(library, StyleLibrary):
        if request.identity is not None or request.emotion is not None:
            given = "an identity" if request.identity is not None else "an emotion"
            raise ValueError(f"{given} was given to {model}; a reference clip is wanted")
        for source, _ in weighted_references(request.reference):
            check(source)
        return
    if request.reference is not None:
        raise ValueError(f"a reference clip was given to {model}; an identity is wanted")
    if (mix := identity_mix(request)) is not None:
        library.weights(mix)
    if request.emotion is not None:
        library.emotion_weights({request.emotion: 1.0})


def needs_voice(request: Request) -> bool:
    """Whether the identity is matched to the voice."""
    return identity_mix(request) is None


def resolve_identity(
    library: IdentityLibrary, request: Request, voice: torch.Tensor | None
) -> tuple[Condition, dict[str, Any]]:
    """Weights (I,) and (E,) over identities and emotions, and the meta that names them; `voice`: frames (T, voice) of
    the speech where it is needed."""
    mix = identity_mix(request)
    meta: dict[str, Any]
    if mix is None:
        assert voice is not None
        mix = library.match(voice)
        meta = {"identity": AUTO, "matches": dict(list(mix.items())[:TOP])}
    else:
        meta = {"identity": next(iter(mix)) if len(mix) == 1 else mix}
    emotion = request.emotion or library.config.emotions[0]
    return (library.weights(mix), library.emotion_weights({emotion: 1.0})), {**meta, "emotion": emotion}


def identity_mix(request: Request) -> dict[str, float] | None:
    """Names with weights; None: to be matched to the voice."""
    if request.identity is None or request.identity == AUTO:
        return None
    return {request.identity: 1.0} if isinstance(request.identity, str) else dict(request.identity)


def resolve_style(
    encoder: StyleEncoder, reference: object, progress: Progress, stop: threading.Event | None = None
) -> tuple[torch.Tensor, dict[str, Any]]:
    """The style vector (128,) of a request's reference, and the meta that names it. `progress` gets "reference".

    Raises ValueError for a reference that cannot be used, Stopped once `stop` is set.
    """
    sources = weighted_references(reference)
    total = sum(weight for _, weight in sources)
    styles: list[tuple[torch.Tensor, float]] = []
    names: dict[str, float] = {}
    warnings: list[str] = []
    for index, (source, weight) in enumerate(sources):

        def report(_: str, fraction: float, index: int = index) -> None:
            progress("reference", (index + fraction) / len(sources))

        opened = open_reference(source, progress=report, stop=stop)
        styles.append((encoder.embed(opened), weight))
        names[opened.name] = round(names.get(opened.name, 0.0) + weight / (total or 1.0), 4)
        warnings += [f"{opened.name}: {warning}" for warning in opened.motion.meta.get("warnings", ())]
    meta = {"reference": next(iter(names)) if len(names) == 1 else names}
    return blend(styles), {**meta, "warnings": warnings} if warnings else meta


def weighted_references(reference: object) -> list[tuple[ReferenceSource, float]]:
    """Sources with weights of all that a request may hold; the gallery's first where it holds none."""
    if reference is None:
        reference = next(iter(gallery()))
    if isinstance(reference, Mapping):
        return [(name, float(weight)) for name, weight in reference.items()]
    if isinstance(reference, Sequence) and not isinstance(reference, str):
        return [(source, float(weight)) for source, weight in reference]
    return [(reference, 1.0)]  # type: ignore[list-item]  # a ReferenceSource
