"""Works on pieces in threads, each of which computes alone, and hands the results on in order.

Two threads that each compute an image of their own keep two processors busy; two that share every operation wait for
each other after each of a thousand small ones, and far longer where another program runs: a single image, too, comes
sooner from one thread (111 against 142 ms on two processors).
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import torch

MOST = 4  # threads

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def in_order(work: Callable[[Piece], Result], pieces: Iterable[Piece], threads: int) -> Iterator[Result]:
    """`work` of every piece, as many at a time as `threads`, one more being ready at most. Raises what the work raises,
    in its place; closed, it begins no other piece."""
    pieces = iter(pieces)
    first = list(islice(pieces, 2))
    pieces = chain(first, pieces)
    pool = alone(min(threads, max(len(first), 1)))
    under_way: deque[Future[Result]] = deque()
    try:
        for piece in pieces:
            under_way.append(pool.submit(work, piece))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def once(work: Callable[[], Result]) -> Result:
    """`work` in a thread that computes alone."""
    with alone(1) as pool:
        return pool.submit(work).result()


def alone(threads: int) -> ThreadPoolExecutor:
    """Threads in which torch splits no operation. Torch knows the number by thread, and gives threads to come the last
    one set by anybody: once all of these are there it is set back."""
    before, ready = torch.get_num_threads(), threading.Barrier(threads + 1)

    def begin() -> None:
        torch.get_num_threads()  # a new thread takes the number of all; then its own holds
        torch.set_num_threads(1)
        ready.wait()

    pool = ThreadPoolExecutor(threads, "talkdemo-portrait", begin)
    for _ in range(threads):
        pool.submit(int)
    ready.wait()
    torch.set_num_threads(before)
    return pool
