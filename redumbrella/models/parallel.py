"""Fitting several models at once: independent tasks, one thread each, as many as there are cores.

Two fits side by side on one thread each finish sooner than one after the other on two: the
threads of a small fit mostly wait for each other.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from redumbrella.features.kernel.threads import available_threads

Result = TypeVar("Result")

# Of every call to LightGBM, without exception. It has one number of threads for the whole process:
# a call that sets another while a model is prepared elsewhere makes that write beyond its memory.
THREADS = 1


def run_all(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Results of the tasks, in their order. The first error is raised."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=available_threads()) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
