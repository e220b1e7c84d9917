"""Batches in one process or several: order, laziness, and errors that come through."""

import itertools
import os
from collections.abc import Iterator

import pytest

from skillscope.features.parallel import map_batches


def square(number: int) -> int:
    return number * number


def where(_: int) -> int:
    return os.getpid()


def refuse(number: int) -> int:
    if number == 7:
        raise ValueError("seven")
    return number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order(processes: int) -> None:
    assert list(map_batches(square, range(60), processes)) == [number * number for number in range(60)]


def test_this_process_measures_too() -> None:
    assert os.getpid() in set(map_batches(where, range(40), 2))


def test_few_batches_start_no_process() -> None:
    assert set(map_batches(where, range(3), 4)) == {os.getpid()}


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_comes_through(processes: int) -> None:
    with pytest.raises(ValueError, match="seven"):
        list(map_batches(refuse, range(20), processes))


@pytest.mark.parametrize("processes", [1, 2])
def test_endless_batches_are_drawn_as_they_are_wanted(processes: int) -> None:
    drawn: list[int] = []

    def endless() -> Iterator[int]:
        for number in itertools.count():
            drawn.append(number)
            yield number

    results = map_batches(square, endless(), processes)
    assert list(itertools.islice(results, 5)) == [0, 1, 4, 9, 16]
    assert len(drawn) < 1000
