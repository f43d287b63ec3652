"""Another kind of a pipeline or an expresser that works with the same weights."""

from typing import TypeVar

T = TypeVar("T")


def twin(kind: type[T], one: T) -> T:
    """`one` as a `kind`, a class below its own; both share all that it holds."""
    other = kind.__new__(kind)
    vars(other).update(vars(one))
    return other
