"""How far long work is: a function that is told each step and the share done, from 0 to 1."""

from collections.abc import Callable

Progress = Callable[[str, float], None]


def silent(_step: str, _share: float) -> None:
    """Progress that nobody watches."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """The progress of a part, as shares of the whole between `start` and `end`."""
    return lambda step, share: progress(step, start + (end - start) * share)
