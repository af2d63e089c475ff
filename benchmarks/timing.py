"""Interleaved measurements. What is compared is measured in turn, so that a busy moment falls on all of it.

Times are processor time of this process, on one thread: what the clock would say on a quiet machine. Others' work on
the machine hardly counts, and helpers in other threads cannot hide.
"""

import gc
from collections.abc import Callable
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np

SHORTEST = 1e-3  # seconds; what is faster is repeated within one measurement


class Spread(NamedTuple):
    """Seconds: the median of all repeats, the quartiles around it, the least, and how many repeats there were."""

    median: float
    lower: float
    upper: float
    least: float
    repeats: int


def interleaved(
    functions: dict[str, Callable[[], object]], seconds: float, least_repeats: int = 5
) -> dict[str, Spread]:
    """The times of the functions, called in turn for so many seconds altogether, after a warm-up."""
    inner = {}
    for name, function in functions.items():
        function()
        function()  # what is made at the first call, and what is measured at it, is there now
        start = process_time()
        function()
        inner[name] = max(1, min(200, int(SHORTEST / max(process_time() - start, 1e-7))))
    times: dict[str, list[float]] = {name: [] for name in functions}
    end, collecting = perf_counter() + seconds, gc.isenabled()
    gc.disable()
    try:
        while perf_counter() < end or len(next(iter(times.values()))) < least_repeats:
            for name, function in functions.items():
                start = process_time()
                for _ in range(inner[name]):
                    function()
                times[name].append((process_time() - start) / inner[name])
    finally:
        if collecting:
            gc.enable()
    return {name: _spread(found) for name, found in times.items()}


def ratios(times: dict[str, Spread], reference: str) -> dict[str, float]:
    """Every median divided by that of `reference`."""
    return {name: spread.median / times[reference].median for name, spread in times.items()}


def _spread(times: list[float]) -> Spread:
    lower, median, upper = np.quantile(times, [0.25, 0.5, 0.75]).tolist()
    return Spread(median, lower, upper, min(times), len(times))
