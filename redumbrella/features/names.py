"""Names of the window variables.

In: a stream and a feature set. Out: `events.pricing_view.count.7d`. Promise: names are unique, and
a name can be taken apart again whatever characters the codes contain.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.kernel.blocks import SCOPES, Scope
from redumbrella.features.kernel.streams import Stream
from redumbrella.features.kernel.windows import (
    FAMILIES,
    FAMILY_NAMES,
    FeatureSet,
    layout,
)

ANY = "any"  # the code of variables about a stream as a whole


class FeatureName(NamedTuple):
    """A variable's name taken apart; `window` of a trend is the pair, as in `7d/14d`."""

    stream: str
    code: str
    family: str
    scope: str
    window: str

    def __str__(self) -> str:
        parts = (self.stream, self.code, self.family, self.scope, self.window)
        return ".".join(part for part in parts if part)


def column_names(stream: Stream, feature_set: FeatureSet, scope: Scope = "") -> list[str]:
    """The name of every column of a stream, in the order of the kernel's matrix."""
    plan = layout(
        feature_set,
        len(stream.codes),
        has_duration=stream.has_duration,
        has_value=stream.has_value,
    )
    tail = f".{scope}" if scope else ""
    of_code = _variables(plan.of_code, feature_set.window_names, tail)
    of_stream = _variables(plan.of_stream, feature_set.window_names, tail)
    named = [f"{stream.name}.{code}.{rest}" for code in stream.codes for rest in of_code]
    return named + [f"{stream.name}.{ANY}.{rest}" for rest in of_stream]


def groups_alike(names: Sequence[str]) -> NDArray[np.int64]:
    """Numbers (n,) that are equal for one variable in different windows."""
    stems = [name.rpartition(".")[0] for name in names]
    numbers = {stem: number for number, stem in enumerate(dict.fromkeys(stems))}
    return np.array([numbers[stem] for stem in stems], np.int64)


def _variables(block: NDArray[np.int32], windows: tuple[str, ...], tail: str) -> list[str]:
    """The names within one block without stream and code, such as `count.7d`."""
    names = []
    for number, _, first, end in block.tolist():
        family = FAMILIES[number]
        for w in range(first, end):
            pair = f"/{windows[w + 1]}" if family.windows == "pairs" else ""
            names.append(f"{family.name}{tail}.{windows[w]}{pair}")
    return names


def parse_name(name: str) -> FeatureName:
    """Take a name apart, from the right: codes may contain dots.

    Raises:
        DataError: the name is not one of a window variable.
    """
    stream, _, rest = name.partition(".")
    parts = rest.split(".")
    scope = parts.pop(-2) if len(parts) > 3 and parts[-2] in SCOPES else ""
    if len(parts) < 3 or parts[-2] not in FAMILY_NAMES:
        raise DataError(
            f'"{name}" is not the name of a window variable. Expected stream.code.family.window, '
            "such as events.pricing_view.count.7d.",
            reason="unknown_variable",
        )
    return FeatureName(stream, ".".join(parts[:-2]), parts[-2], scope, parts[-1])
