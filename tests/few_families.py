"""Fewer families of models to compare, for tests of what is done with a model, not of learning.

A training takes a quarter of the time. Which families there are is asked by `test_train`,
`test_backtests`, the contracts of families and the wheel.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from redumbrella.models.registry import FAMILIES

BASELINES = ("prior", "points", "logistic")


@contextmanager
def few_families(*more: str) -> Iterator[None]:
    """While it is open, trainings compare the baselines and these."""
    whole = dict(FAMILIES)
    for name in whole.keys() - {*BASELINES, *more}:
        del FAMILIES[name]
    try:
        yield
    finally:
        # All anew: their order counts.
        FAMILIES.clear()
        FAMILIES.update(whole)
