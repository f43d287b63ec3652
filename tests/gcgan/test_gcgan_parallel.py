"""Pieces in threads: results in order, errors in their place, torch's number of threads kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from talkdemo.gcgan.parallel import in_order, once


def test_in_order_however_long_each_takes() -> None:
    before, seen = torch.get_num_threads(), set[int]()

    def work(k: int) -> int:
        seen.add(torch.get_num_threads())
        time.sleep(0.02 if k % 3 == 0 else 0)
        return k * k

    assert list(in_order(work, range(20), 2)) == [k * k for k in range(20)]
    assert seen == {1} and torch.get_num_threads() == before
    counts: list[int] = []
    later = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert counts == [before]  # threads to come are as before


def test_one_piece_is_computed_alone_too() -> None:
    """Two threads that share its operations would wait for each other longer than they help."""
    before = torch.get_num_threads()
    assert list(in_order(lambda _: torch.get_num_threads(), [0], 2)) == [1] == [once(torch.get_num_threads)]
    assert list(in_order(str, [], 2)) == [] and torch.get_num_threads() == before
    with pytest.raises(ZeroDivisionError):
        once(lambda: 1 // 0)


def test_an_error_comes_in_its_place_and_nothing_runs_on() -> None:
    begun: list[int] = []

    def work(k: int) -> int:
        begun.append(k)
        return 6 // (3 - k)

    results = in_order(work, range(1000), 2)
    assert [next(results) for _ in range(3)] == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(begun) < 10


def test_closed_it_takes_no_more_pieces() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[int]:
        for k in range(1000):
            taken.append(k)
            yield k

    results = in_order(lambda k: k, pieces(), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(taken) < 6
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("talkdemo-portrait")]
