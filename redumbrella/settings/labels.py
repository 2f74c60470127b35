"""[labels]: how fields, their values and their units are called in every text that people read.

In: the section of umbrella.toml. Out: `Labels`, which has a word for every field: the one that the
user gave, else the field's own name in words. Promise: labels change texts only; models see names
and values as they are in the source.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from redumbrella.settings.section import Section, as_written

PERSON = "person."  # in front of a field of the person's profile
# What a last part of a name says about the unit of the values.
UNIT_ENDINGS = {
    "days": "days", "weeks": "weeks", "months": "months", "years": "years", "hours": "hours",
    "hrs": "hours", "minutes": "minutes", "mins": "minutes", "min": "minutes",
    "seconds": "seconds", "secs": "seconds", "s": "seconds", "ms": "ms",
    "eur": "EUR", "usd": "USD", "gbp": "GBP", "chf": "CHF",
    "pct": "%", "percent": "%", "km": "km", "kg": "kg", "sqm": "m²",
}  # fmt: skip
_HUMP = re.compile(r"(?<=[^\W\d_A-ZÀ-Þ])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zß-ÿ])")
_LONGEST_ACRONYM = 5

Texts = Mapping[str, str]
T = TypeVar("T")


def _nothing() -> Texts:
    return MappingProxyType({})


@dataclass(frozen=True)
class Labels:
    """Labels of fields, of values by field, and units by field; the workspace's currency."""

    fields: Texts = field(default_factory=_nothing)
    values: Mapping[str, Texts] = field(default_factory=lambda: MappingProxyType({}))
    units: Texts = field(default_factory=_nothing)
    currency: str = ""

    def field(self, name: str) -> str:
        """A field as people call it: the label given, else its name in words without the unit."""
        given = _of_field(self.fields, name)
        return given or name_in_words(_parted(name.removeprefix(PERSON))[0])

    def unit(self, name: str) -> str:
        """The unit of a field's numbers, "" where none is known."""
        given = _of_field(self.units, name)
        return _parted(name.removeprefix(PERSON))[1] if given is None else given

    def value(self, name: str, value: object) -> str | None:
        """The label of a value, None where it has none. A number is also found as 999 or 999.0."""
        labels = _of_field(self.values, name)
        if not labels:
            return None
        if isinstance(value, bool):
            return labels.get("yes" if value else "no") or labels.get(str(value).lower())
        found = labels.get(str(value))
        if found is None and isinstance(value, float) and value.is_integer():
            found = labels.get(str(int(value)))
        return found

    @property
    def named(self) -> tuple[str, ...]:
        """Every field that the section names, in order, once."""
        return tuple(dict.fromkeys((*self.fields, *self.values, *self.units)))


def read_labels(section: Section, currency: str) -> Labels:
    """The section [labels]; its problems are noted in the section."""
    values = section.section("values")
    found = Labels(
        fields=_texts(section.section("fields")),
        values=MappingProxyType({name: _texts(values.section(name)) for name in values.content}),
        units=_texts(section.section("units"), may_be_empty=True),
        currency=currency,
    )
    section.finish()
    return found


@lru_cache(maxsize=10_000)
def name_in_words(name: str) -> str:
    """A name in words: 'lastContact.channel' becomes 'last contact channel'."""
    text = " ".join(re.sub(r"[_.]+", " ", name).split())
    if text.isupper() and (" " in text or len(text) > _LONGEST_ACRONYM):
        return text.lower()
    parts = _HUMP.split(text)
    if len(parts) == 1:
        return text
    return " ".join(
        word if word.isupper() and len(word) > 1 else word.lower()
        for word in " ".join(parts).split()
    )


@lru_cache(maxsize=10_000)
def _parted(name: str) -> tuple[str, str]:
    """A name without the unit at its end, and that unit: 'budget_eur' is ('budget', 'EUR')."""
    head, mark, last = name.rpartition("_")
    unit = UNIT_ENDINGS.get(last.lower(), "") if mark and head.strip("_. ") else ""
    # The canonical columns of seconds end in _s; another name with that ending may mean anything.
    if not unit or (last == "s" and head != "duration"):
        return name, ""
    return head, unit


def _of_field(labels: Mapping[str, T], name: str) -> T | None:
    found = labels.get(name)
    return labels.get(name.removeprefix(PERSON)) if found is None else found


def _texts(section: Section, *, may_be_empty: bool = False) -> Texts:
    found = {}
    for key, value in section.content.items():
        if isinstance(value, dict):
            section.problem(
                f"{key} = {as_written(value)}: expected text. A name with dots stands in quotes: "
                f'"{key}.{next(iter(value), "")}" = "…".'
            )
        elif may_be_empty and value == "":
            found[key] = ""  # the values have no unit, whatever the name ends in
        elif (text := section.text(key)) is not None:
            found[key] = text
    return MappingProxyType(found)
