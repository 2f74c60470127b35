"""Which currency the amounts are in and which timezone the times belong to, as the files say.

Columns come in; a code or the name of a zone with the reason goes out, None where nothing says it.
"""

import re
from collections import Counter
from collections.abc import Sequence

from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.vocabulary import words

_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "zł": "PLN", "R$": "BRL", "Fr.": "CHF", "CHF": "CHF",
    "EUR": "EUR", "USD": "USD", "US$": "USD", "GBP": "GBP", "$": "USD", "PLN": "PLN", "BRL": "BRL",
}  # fmt: skip
_CODES = frozenset(
    ("eur", "usd", "gbp", "chf", "pln", "brl", "inr", "jpy", "aud", "cad", "sek", "nok", "dkk")
)
_LEAST = 0.5  # of the amounts must have a sign
_OFFSET = re.compile(r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?([+-]\d{2}):?(\d{2})$")
# Offsets in winter and summer -> a zone that has them.
_ZONES = {
    ("+0100", "+0200"): "Europe/Berlin",
    ("+0000", "+0100"): "Europe/London",
    ("+0200", "+0300"): "Europe/Helsinki",
    ("-0500", "-0400"): "America/New_York",
    ("-0600", "-0500"): "America/Chicago",
    ("-0700", "-0600"): "America/Denver",
    ("-0800", "-0700"): "America/Los_Angeles",
    ("+1000", "+1100"): "Australia/Sydney",
    ("+0530",): "Asia/Kolkata",
    ("+0900",): "Asia/Tokyo",
    ("+0800",): "Asia/Singapore",
}


def guess_currency(
    columns: Sequence[Seen], choices: Sequence[Choice]
) -> tuple[str | None, str | None]:
    """The currency of the amounts, and why: a currency column, signs beside numbers, a name."""
    origin = next((c.origin for c in choices if c.name in {"amount", "cost"} and c.origin), None)
    if origin is None:
        return None, None
    named = {column.name: column for column in columns}
    if origin.currency is not None and (values := named[origin.currency].values):
        code = _SIGNS.get(values[0][0].strip(), values[0][0].strip().upper())
        total = sum(count for _, count in values)
        rest = f", the others are {_listed(values[1:])}" if len(values) > 1 else ""
        if re.fullmatch("[A-Z]{3}", code):
            return code, f'"{origin.currency}" says so in {values[0][1]:,} of {total:,} rows{rest}'
    amount = named.get(origin.column)
    if amount is None:
        return None, None
    for sign, code in _SIGNS.items():
        found = sum(sign in text for text in amount.sample)
        if found and found >= _LEAST * len(amount.sample):
            return code, f'"{amount.name}" has "{sign}" beside its numbers'
    for word in words(amount.name):
        if word in _CODES:
            return word.upper(), f'the name "{amount.name}" says so'
    return None, None


def named_currencies(columns: Sequence[Seen], choices: Sequence[Choice]) -> tuple[str, ...]:
    """The codes that stand beside the amounts, the most frequent first."""
    named = {c.origin.currency for c in choices if c.origin is not None and c.origin.currency}
    found = [
        _SIGNS.get(text.strip(), text.strip().upper())
        for column in columns
        if column.name in named
        for text, _ in column.values
    ]
    return tuple(dict.fromkeys(found))


def _listed(values: Sequence[tuple[str, int]]) -> str:
    return ", ".join(text for text, _ in values[:5])


def guess_timezone(columns: Sequence[Seen]) -> tuple[str | None, str | None]:
    """The zone whose offsets in winter and summer the times carry, and why."""
    offsets: Counter[str] = Counter()
    for column in columns:
        for text in column.sample if column.is_time else ():
            if found := _OFFSET.search(text):
                offsets["".join(found.groups())] += 1
    seen = tuple(sorted(offsets, key=int))
    zone = _ZONES.get(seen)
    if zone is None:
        return None, None
    return zone, f"the times carry {' and '.join(seen)}, as in {zone}"
