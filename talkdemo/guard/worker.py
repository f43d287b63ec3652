"""The process that reads strangers' files: it does what it is asked for, one file after the other, within limits.

What parses media is native code that any file may crash, hang or swell. Here it takes only this process with it, which
writes no file, holds nothing of another visitor, and imports neither torch nor gradio.
"""

import contextlib
import importlib
import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from talkdemo.guard import wire

COMPUTING = 60  # seconds of all processors until the next piece of a file
MEMORY = 2048  # MB beyond what the process has before it reads anything
PIECE, END, REFUSED, MEMORY_ERROR, FAULT = "piece", "end", "refused", "memory", "fault"  # of answers
# Imported before anything is asked for.
READERS = ("av", "PIL.Image", "talkdemo.audio.read", "talkdemo.face.track.read", "talkdemo.face.track.photo")


def serve(connection: Connection) -> None:
    """Answer until nobody asks any more."""
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    for module in READERS:
        with contextlib.suppress(ImportError):  # told when it is asked for
            importlib.import_module(module)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_AS, used() + MEMORY * 2**20)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            target, arguments = wire.receive(connection)
            answer(connection, target, arguments)


def answer(connection: Connection, target: str, arguments: list[Any]) -> None:
    """Send what "module:function" returns, or everything that it yields; then the end, or why there is no more."""
    allow()
    try:
        module, _, function = target.partition(":")
        made = getattr(importlib.import_module(module), function)(*arguments)
        for piece in made if isinstance(made, Iterator) else [made]:
            wire.send(connection, PIECE, piece)
            allow()
        wire.send(connection, END)
    except ConnectionError:
        raise
    except ValueError as error:
        wire.send(connection, REFUSED, str(error))
    except MemoryError:
        wire.send(connection, MEMORY_ERROR)
    except Exception:
        wire.send(connection, FAULT, traceback.format_exc())


def allow() -> None:
    """COMPUTING seconds from now; then the system ends this process (SIGXCPU)."""
    limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + COMPUTING)


def limit(what: int, most: int) -> None:
    """As far as the system can limit it."""
    hard = resource.getrlimit(what)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def used() -> int:
    """Bytes of addresses that this process has (Linux; 0 elsewhere)."""
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
