"""Work on many rows split over threads, in chunks whose borders never change a result.

In: a task on a range of rows that releases the interpreter lock. Out: nothing; the task writes
its own rows. Promise: any number of threads gives the same outcome, and several callers may work
at the same time (which the parallel loops of numba do not allow on every platform).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def available_threads() -> int:
    """Number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The same memory, contiguous and not to be written.

    Code is compiled anew for arrays that may not be written, such as Arrow's. Inputs that always
    come that way need one compilation, which `compilation.warm` makes beforehand.
    """
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def in_chunks(
    task: Callable[[int, int], object], n_rows: int, *, chunk: int, threads: int | None = None
) -> None:
    """Call task(first, end) for the rows 0 … n_rows - 1 in pieces of at most `chunk` rows.

    `threads` defaults to all cores. An exception of a task is raised here.
    """
    ranges = [(first, min(first + chunk, n_rows)) for first in range(0, n_rows, chunk)]
    threads = min(threads or available_threads(), len(ranges))
    if threads <= 1:
        for first, end in ranges:
            task(first, end)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(task, first, end) for first, end in ranges]:
            done.result()
