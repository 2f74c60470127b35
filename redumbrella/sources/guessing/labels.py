"""[labels] for a new workspace: what names and values of fields say by themselves.

In: the columns of a file that become fields. Out: labels of names that are no plain words
(camelCase, dots), units that names end in, and a word for a number that stands apart from all
others, such as 999 days. Promise: abbreviations are not guessed at, and a value gets a word only
where the data say that it is no number: many rows have it, and all others are far from it.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from types import MappingProxyType

from redumbrella.settings.labels import Labels, name_in_words
from redumbrella.sources.guessing.looking import Seen

LEAST_SHARE = 0.02  # of the values, so that it is no slip of the pen
LEAST_OTHERS = 3  # different values beside it
FAR = 2.0  # times the largest other value
_STANDS_APART = re.compile(r"-1|-?99+")
_TIMES = {
    "days", "day", "since", "ago", "last", "recency", "months", "weeks", "hours", "tage", "seit",
    "jours", "depuis", "dias", "desde", "giorni",
}  # fmt: skip
_AMOUNTS = {"age", "alter", "edad", "eta", "years", "employees", "children", "income", "score"}


def guess_labels(columns: Sequence[Seen], mapped: Collection[str]) -> Labels:
    """Labels of the columns that are not mapped and not left out, where something is guessed."""
    fields: dict[str, str] = {}
    values: dict[str, MappingProxyType[str, str]] = {}
    units: dict[str, str] = {}
    plain = Labels()
    for column in columns:
        if column.name in mapped:
            continue
        is_number = column.read.type == "number"
        if name_in_words(column.name) != " ".join(column.name.replace("_", " ").split()):
            fields[column.name] = plain.field(column.name)
        if is_number and (unit := plain.unit(column.name)):
            units[column.name] = unit
        if is_number and (found := _apart(column)) is not None:
            values[column.name] = MappingProxyType({f"{found[0]:g}": found[1]})
    return Labels(MappingProxyType(fields), MappingProxyType(values), MappingProxyType(units))


def _apart(column: Seen) -> tuple[float, str] | None:
    """A value that stands for "never" or "not known", and which of the two."""
    word = _word(column.name)
    counts = Counter(dict(column.values)) if column.values else Counter(column.sample)
    numbers = {number: n for text, n in counts.items() if (number := _number(text)) is not None}
    if not word or len(numbers) <= LEAST_OTHERS:
        return None
    for number in (max(numbers), min(numbers)):
        others = [one for one in numbers if one != number]
        is_marked = _STANDS_APART.fullmatch(f"{number:g}") is not None
        is_frequent = numbers[number] >= LEAST_SHARE * sum(numbers.values())
        is_far = number >= FAR * max(others) if number > 0 else min(others) >= 0
        if is_marked and is_frequent and is_far:
            return number, word
    return None


def _word(name: str) -> str:
    words = name_in_words(name).lower().split()
    if any(word in _TIMES or word.endswith("days") for word in words):
        return "never"
    return "not known" if set(words) & _AMOUNTS else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
