"""Sends values between two processes: JSON, and the bytes of its arrays. Nothing that is received is ever run."""

import json
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

ARRAY = "array"  # the key that stands for an array: its type and shape
KINDS = "fiub"  # of numbers; an array of objects would hold addresses
MAX_WORDS, MAX_BYTES = 2**23, 2**30  # of the JSON, of one array


def send(connection: Connection, kind: str, value: Any = None) -> None:
    """`value`: what JSON can hold, and arrays of numbers anywhere within. Raises OSError when nobody listens."""
    arrays: list[np.ndarray] = []

    def named(one: object) -> object:
        if not isinstance(one, np.ndarray):
            raise TypeError(f"a {type(one).__name__} cannot be sent")
        arrays.append(np.ascontiguousarray(one))
        return {ARRAY: [one.dtype.str, list(one.shape)]}

    connection.send_bytes(json.dumps([kind, value], default=named).encode())
    for array in arrays:
        connection.send_bytes(array.reshape(-1).view(np.uint8).data)


def receive(connection: Connection) -> tuple[str, Any]:
    """Kind and value. Raises EOFError or OSError when nobody speaks any more, ValueError for what was not sent by
    `send`."""

    def filled(one: dict[str, Any]) -> object:
        if one.keys() != {ARRAY}:
            return one
        kind, shape = one[ARRAY]
        dtype = np.dtype(kind)
        if dtype.kind not in KINDS or np.prod(shape, dtype=float) * dtype.itemsize > MAX_BYTES:
            raise ValueError(f"an array of {kind} of shape {shape} was sent")
        array = np.empty(shape, dtype)
        connection.recv_bytes_into(array.reshape(-1).view(np.uint8))
        return array

    kind, value = json.loads(connection.recv_bytes(MAX_WORDS), object_hook=filled)
    return kind, value
