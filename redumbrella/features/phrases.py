"""What a field and its value say about a lead, in a sentence that can be said on the phone.

In: a field, its value, the usual value, the labels. Out: "the source is Fair (most: Web)",
"6 days since the last contact (usually never)", "the phone number is not known". Promise: values
are told as they are in the source, in any language; long ones are quoted and shortened.
"""

import re
from datetime import datetime
from functools import lru_cache
from math import ceil, floor, isfinite
from typing import Any

from redumbrella.clock import LAST_OF_DAY
from redumbrella.columns import TABLES
from redumbrella.features.matrix import OTHER, Feature
from redumbrella.figures import NO_BREAK, percent, quantity
from redumbrella.settings.labels import Labels

UNKNOWN = "not known"
_PARTS_OF_DATES: dict[str, tuple[str, ...]] = {
    "month": (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    "weekday": (*("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),),
    "hour": tuple(f"{hour}:00" for hour in range(24)),
    "days_from_creation": (),
}
DIGITS = 3  # of a number in a sentence; whole numbers keep all of theirs
_LONGEST = 60  # characters of a value in a sentence
_MANY_WORDS = 4  # from so many on, a value is quoted
_ANSWERS = {"yes", "no", "true", "false", "y", "n"}
_QUESTION = re.compile(
    r"(what|which|who|where|when|how|why|is|are|has|have|had|was|were|do|does|did|can|wants)\b",
    re.IGNORECASE,
)
_TIED = re.compile(  # what follows belongs to the head of a label: "days since the last contact"
    r"\b(of|since|in|until|till|to|for|on|with|without|at|from|per|by|before|after|about)\b",
    re.IGNORECASE,
)
_SPANS = {"days", "weeks", "months", "years", "hours", "minutes", "seconds", "points", "percent"}
_PLURALS_OF_ONE = {"news", "series", "species"}
_AGE = re.compile(r"\bage\b", re.IGNORECASE)
_NO_SEPARATOR = re.compile(r"\b(year|zip|plz|postcode|postal|code)\b", re.IGNORECASE)
_AMOUNTS = {column.name for table in TABLES.values() for column in table.columns} & {
    "amount", "price", "margin", "value",
}  # fmt: skip


def shown(value: Any, field: str = "", labels: Labels | None = None) -> str:
    """One value as a person writes it: 1,250 EUR; 0.35; yes; 2026-11-21 08:00; its label."""
    if labels is not None and (given := labels.value(field, value)) is not None:
        return given
    if value is None or value != value or value == "":  # noqa: PLR0124  NaN differs from itself
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, field, labels or Labels())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == LAST_OF_DAY else "%Y-%m-%d %H:%M")
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "…"


def field_sentence(field: str, value: Any, usual: Any, labels: Labels) -> str:
    """What a field says about a lead. usual: what most leads have, None where nobody knows."""
    most = None if usual is None else shown(usual, field, labels)
    return told_field(field, value, usual, labels, (shown(value, field, labels), most))


def told_field(
    field: str, value: Any, usual: Any, labels: Labels, texts: tuple[str, str | None]
) -> str:
    """`field_sentence` where value and usual value are texts already, as `shown` gives them."""
    label, (said, most) = labels.field(field), texts
    is_labelled = bool(labels.values) and labels.value(field, value) is not None
    statement = _statement(label, value, said, is_labelled=is_labelled)
    if most is None or most in (said, UNKNOWN):
        return statement
    # Models trained earlier hold the usual number as a text.
    is_word = isinstance(usual, str) and not isinstance(value, int | float)
    is_word = is_word and not _is_answer(usual)
    most = "none" if most == "0" and said != UNKNOWN and _is_counted(label) else _quoted(most)
    return f"{statement} (most: {most})" if is_word else f"{statement} (usually {most})"


def rule_sentence(feature: Feature, sign: str, threshold: float, labels: Labels) -> str:
    """A rule about one feature: 'the age is at least 60', 'the source is Web'.

    sign: ">=" and "<=" compare a number, "is" the code of a category, "missing" asks for no value.
    """
    source = feature.source
    if sign == "missing":
        return field_sentence(source, None, None, labels)
    if sign == "is" and feature.levels[int(threshold)] == OTHER:
        return f"{_the(labels.field(source))} is a rare one"
    if sign == "is":
        return field_sentence(source, feature.levels[int(threshold)], None, labels)
    if feature.kind == "flag":
        return field_sentence(source, sign == ">=", None, labels)
    if feature.kind == "words":
        more = "more" if sign == ">=" else "less"
        return f"the words of {_the(labels.field(source))} promise {more} than most"
    return _number_rule(feature, sign, threshold, labels)


def _number_rule(feature: Feature, sign: str, threshold: float, labels: Labels) -> str:
    source = feature.source
    part = feature.name.removeprefix(f"{source}.")
    if part in _PARTS_OF_DATES:
        return _date_rule(labels.field(source), part, sign, threshold)
    if labels.value(source, threshold) is not None:  # at the edge: "never" is no number of days
        return field_sentence(source, threshold, None, labels)
    label, most = labels.field(source), "at least" if sign == ">=" else "at most"
    said = shown(threshold, source, labels)
    if NO_BREAK in said or not _is_plural(label):
        return f"{_the(label)} is {most} {said}"
    return f"{most} {_so_many(threshold, said, label)}"


def _date_rule(label: str, part: str, sign: str, threshold: float) -> str:
    """A rule about the month, weekday or hour of a date, or the days from the creation to it."""
    if part == "days_from_creation":
        most = "at least" if sign == ">=" else "at most"
        return f"{_the(label)} is {most} {quantity(threshold, 3)} days after the creation"
    step = int(ceil(threshold) if sign == ">=" else floor(threshold))
    names = _PARTS_OF_DATES[part]
    said = names[min(max(step - (part == "month"), 0), len(names) - 1)]
    return f"the {part} of {_the(label)} is {said} or {'later' if sign == '>=' else 'earlier'}"


def _statement(label: str, value: Any, said: str, *, is_labelled: bool) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    many = _is_plural(label)
    if said == UNKNOWN:
        return f"{_the(label)} {'are' if many else 'is'} {UNKNOWN}"
    if is_number and many and not is_labelled and NO_BREAK not in said:
        return _so_many(float(value), said, label)
    has_no_head = _QUESTION.match(label) or _TIED.match(label)
    if isinstance(value, bool) or _is_answer(value) or many or has_no_head:
        return f"{label.rstrip('?')}: {_quoted(said)}"
    return f"{_the(label)} is {_quoted(said)}"


def _so_many(value: float, said: str, label: str) -> str:
    """A count with what is counted: "3 total visits", "1 day since the last contact"."""
    head, rest = _head_and_rest(label)
    if value == 0 and _is_counted(label):
        said = "no"
    if abs(value) == 1:
        head = _singular(head)
    return f"{said} {head}{rest}"


def _singular(words: str) -> str:
    """Words whose last one is plural, of one: "total visits" becomes "total visit"."""
    if words.endswith("ies") and len(words) > 4:
        return words[:-3] + "y"
    if re.search(r"(sses|shes|ches|xes|zzes)$", words):
        return words[:-2]
    return words[:-1] if words.endswith("s") else words


@lru_cache(maxsize=10_000)
def _is_plural(label: str) -> bool:
    word = _head_and_rest(label)[0].rpartition(" ")[2].lower()
    if _TIED.match(label):  # "by channels" has no head that could be counted
        return False
    if word in _SPANS:
        return True
    is_one = word.endswith(("ss", "us", "is", "'s")) or word in _PLURALS_OF_ONE
    return len(word) > 3 and word.endswith("s") and not is_one


def _is_counted(label: str) -> bool:
    """Whether a label names things that can be counted, other than days or hours."""
    return _is_plural(label) and _head_and_rest(label)[0].rpartition(" ")[2].lower() not in _SPANS


def _head_and_rest(label: str) -> tuple[str, str]:
    """A label parted before the first preposition: ("days", " since the last contact")."""
    found = _TIED.search(label)
    if found is None or found.start() == 0:
        return label, ""
    head = label[: found.start()].rstrip()
    return head, label[len(head) :]


def _the(label: str) -> str:
    has_article = label.lower().startswith(("the ", "a ", "an ", "this ", "its ", "their "))
    return label if has_article else f"the {label}"


def _is_answer(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in _ANSWERS


def _quoted(said: str) -> str:
    """A value within a sentence: in quotes where it is a sentence itself."""
    is_long = said.count(" ") >= _MANY_WORDS - 1 or (" " in said and said[-1] in ".!?:;,")
    is_plain = said[:1].isdigit() or said.startswith(UNKNOWN)
    return f"“{said}”" if is_long and not is_plain and "“" not in said else said


def _number(value: float, field: str, labels: Labels) -> str:
    if not isfinite(value):
        return quantity(value)
    is_age, has_separators = _habits_of(labels.field(field) if field else "")
    if is_age:
        value = round(value)
    if not has_separators and value == round(value):
        return f"{value:.0f}"
    text = quantity(value, DIGITS)
    unit = (labels.unit(field) or labels.currency * (field in _AMOUNTS)) if field else ""
    if not unit:
        return text
    if text == "1" and unit.lower() in _SPANS:
        unit = unit[:-1]
    return f"{text}{NO_BREAK}{unit}"


@lru_cache(maxsize=10_000)
def _habits_of(label: str) -> tuple[bool, bool]:
    """Whether the numbers of a field are ages, and whether their thousands are separated."""
    return _AGE.search(label) is not None, _NO_SEPARATOR.search(label) is None


def rank_sentence(rank: str, place: float) -> str:
    """A place among all customers, 0 (lowest) to 1, as what it says about this one."""
    more, less = _RANKS[rank]
    share = percent(place if place >= 0.5 else 1.0 - place, 0)
    share = "nearly all" if share.startswith((">", "100")) else share
    return (more if place >= 0.5 else less).format(share)


_RANKS = {
    "recency_rank": (
        "bought more recently than {} of the customers",
        "{} of the customers have bought more recently",
    ),
    "frequency_rank": (
        "bought more often than {} of the customers",
        "{} of the customers bought more often",
    ),
    "money_rank": ("spent more than {} of the customers", "{} of the customers spent more"),
    "season_rank": (
        "around this date last year bought more than {} of the customers",
        "around this date last year {} of the customers bought more",
    ),
}
