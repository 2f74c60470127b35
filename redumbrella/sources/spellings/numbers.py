"""How people and programs write a number or an amount of money, and how such a text is read.

A text comes in; SQL for DuckDB that gives the number goes out, and tests of single texts in Python.
Promises: what is no number is NULL, and so is a number of BEYOND_REASON or more; a minus is seen
wherever bookkeepers write it; digits that are grouped in no known way are no number.
"""

import re
from collections.abc import Sequence
from functools import cache

from redumbrella.lake.quoting import literal

# No amount, length or count is so large, and the sums of those below it stay exact enough.
BEYOND_REASON = 10**15
# Codes, not quantities: a leading zero, or more digits than a float64 can hold.
CODE = r"[+-]?0\d+|[+-]?\d{16,}"

# As programs write numbers: the quick way for most files.
_PLAIN = {
    ".": r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?",
    ",": r"[+-]?(?:(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?",
}

_SPACE = "[\\s\u00a0\u2007\u2009\u202f]"
_SPACES = _SPACE + "*"
_QUOTE = "['\u2019`\u00b4\u02bc]"
_MINUS = "[-\u2212\u2013\u2012\uff0d]"
# What stands before or after an amount, and the currency that it means.
_SIGNS = {
    "US$": "USD",
    "$": "USD",
    "R$": "BRL",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "MX$": "MXN",
    "NT$": "TWD",
    "€": "EUR",
    "EURO": "EUR",
    "EUROS": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "RS": "INR",
    "RS.": "INR",
    "ZŁ": "PLN",
    "ZL": "PLN",
    "KČ": "CZK",
    "FT": "HUF",
    "LEI": "RON",
    "₽": "RUB",
    "РУБ": "RUB",
    "РУБ.": "RUB",
    "₺": "TRY",
    "TL": "TRY",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "₴": "UAH",
    "฿": "THB",
    "₱": "PHP",
    "₦": "NGN",
    "FR.": "CHF",
    "SFR.": "CHF",
    "KR.": "KR",
    "KR": "KR",
}
_CODES = (
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "BRL", "SEK", "NOK", "DKK", "ISK", "PLN"),
    *("CZK", "HUF", "RON", "BGN", "TRY", "RUB", "UAH", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN"),
    *("ARS", "CLP", "COP", "PEN", "ZAR", "NGN", "KES", "EGP", "ILS", "AED", "SAR", "QAR", "KWD"),
    *("KRW", "TWD", "THB", "VND", "IDR", "MYR", "PHP", "PKR", "BDT", "LKR", "MAD", "TND"),
)
_CURRENCY = (
    "(?:"
    + "|".join(re.escape(text) for text in sorted((*_SIGNS, *_CODES), key=len, reverse=True))
    + ")"
)
# Where these stand, a comma marks decimals and a point thousands.
COMMA_CURRENCIES = re.compile(
    f"€|R\\$|zł|zl|kr|Kč|Ft|lei|₺|TL|₽|{'|'.join(('EUR', 'BRL', 'SEK', 'NOK', 'DKK', 'PLN'))}"
    "|CZK|HUF|RON|TRY|RUB|ISK|ARS|CLP|COP|VND|IDR",
    re.IGNORECASE,
)
# One mark with three digits after it, nothing before that says more: 39.737 may be either.
_DOUBTFUL = {mark: rf"[^\d.,]*[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}[^\d.,]*" for mark in ".,"}


def _digits(mark: str) -> str:
    """The pattern of digits with this decimal mark, thousands grouped in one of the known ways."""
    thousands = r"\." if mark == "," else ","
    groups = "|".join(f"(?:{one}\\d{{3}})+" for one in (thousands, _SPACE, _QUOTE))
    lakh = "" if mark == "," else r"|[1-9]\d?(?:,\d{2})+,\d{3}"
    point = re.escape(mark)
    return f"(?:(?:[1-9]\\d{{0,2}}(?:{groups}){lakh}|\\d+)(?:{point}\\d*)?|{point}\\d+)"


def _written(mark: str) -> str:
    """The pattern of an amount as people write it; one of its groups holds the digits."""
    digits = f"({_digits(mark)})"
    sign = f"(?:{_CURRENCY}{_SPACES})?"
    after = f"(?:{_SPACES}(?:%|{_CURRENCY}))?"
    minus = f"(?:[+]|{_MINUS})"
    # Spreadsheets write an apostrophe before what they must not run: '-5.
    return (
        "(?i:'?(?:"
        + "|".join(
            (
                f"{minus}?{_SPACES}{sign}{digits}{after}",
                f"{_CURRENCY}{_SPACES}{minus}{_SPACES}{digits}{after}",
                f"{sign}{digits}{_SPACES}{_MINUS}{after}",
                f"{sign}{digits}{after}{_SPACES}{_MINUS}",
                f"{sign}\\({_SPACES}{sign}{digits}{after}{_SPACES}\\){after}",
            )
        )
        + "))"
    )


_WRITTEN = {mark: _written(mark) for mark in ".,"}


@cache  # compiled when first needed: commands that read nothing start at once
def _compiled(mark: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_PLAIN[mark]), re.compile(_WRITTEN[mark])


def number_sql(column: str, mark: str, *, is_plain: bool = False) -> str:
    """The number that an SQL text says with this decimal mark, DOUBLE, NULL where it is none.

    Per cent and currencies are dropped: "12 %" is 12. A minus may stand before, between, after, or
    be two brackets. is_plain: only digits, marks, a minus before them and exponents are read, which
    is quicker.
    """
    plain = f"replace({column}, ',', '')"
    if mark == ",":
        plain = f"replace(replace({column}, '.', ''), ',', '.')"
    number = f"TRY_CAST({plain} AS DOUBLE)"
    matches = f"regexp_full_match({column}, {literal(_PLAIN[mark])})"
    if is_plain:
        return f"CASE WHEN {matches} AND abs({number}) < {BEYOND_REASON} THEN {number} END"
    written = f"TRY_CAST({_written_digits(column, mark)} AS DOUBLE)"
    is_negative = f"regexp_matches({column}, {literal(f'{_MINUS}|[(]')})"
    return (
        f"CASE WHEN {matches} THEN CASE WHEN abs({number}) < {BEYOND_REASON} THEN {number} END "
        f"WHEN regexp_full_match({column}, {literal(_WRITTEN[mark])}) "
        f"AND {written} < {BEYOND_REASON} "
        f"THEN {written} * CASE WHEN {is_negative} THEN -1 ELSE 1 END END"
    )


def is_number(text: str, mark: str) -> bool:
    """Whether a text is a number with this decimal mark, however large."""
    plain, written = _compiled(mark)
    return plain.fullmatch(text) is not None or written.fullmatch(text) is not None


def is_beyond_reason(text: str, mark: str) -> bool:
    """Whether a text would be a number, were it not so large."""
    if not is_number(text, mark):
        return False
    kept = re.sub(r"[^0-9eE.,+-]" if "e" in text.lower() else "[^0-9.,]", "", text)
    plain_pattern, written = _compiled(mark)
    if not plain_pattern.fullmatch(text):
        found = written.fullmatch(text)
        digits = next(group for group in found.groups() if group) if found else ""
        kept = re.sub("[^0-9.,]", "", digits)
    plain = kept.replace(",", "") if mark == "." else kept.replace(".", "").replace(",", ".")
    return abs(float(plain)) >= BEYOND_REASON


def doubtful(texts: Sequence[str]) -> str | None:
    """A text such as 39.737, whose mark may be one of decimals or of thousands; None: no such."""
    patterns = [re.compile(pattern) for pattern in _DOUBTFUL.values()]
    return next((text for text in texts if any(p.fullmatch(text) for p in patterns)), None)


def is_grouped_throughout(texts: Sequence[str], mark: str) -> bool:
    """Whether numbers from 1,000 have this mark before their last three digits and smaller ones
    have none, as thousands would: three decimals would be cut to fewer, or stand everywhere.
    """
    bare = [text for text in texts if mark not in text]
    small = [text for text in bare if len(re.sub(r"\D", "", text)) <= 3]
    return bool(bare) and len(bare) == len(small)


def currency_sql(column: str) -> str:
    """The currency that an SQL text of an amount names, NULL where it names none.

    An ISO 4217 code where the sign has one meaning ("€" is EUR, "R$" BRL, "zł" PLN; a bare "$" is
    taken for USD, "¥" for JPY); "KR" for kronor of a country that is not said.
    """
    pattern = f"(?i)(?:^|[^\\pL]){_CURRENCY}(?:$|[^\\pL])"
    found = f"upper(trim(regexp_extract({column}, {literal(f'(?i)({_CURRENCY})')}, 1)))"
    known = ", ".join(f"{literal(sign)}: {literal(code)}" for sign, code in _SIGNS.items())
    named = f"coalesce(map_extract_value(MAP {{{known}}}, {found}), {found})"
    # Most amounts are plain digits, which a short pattern tells.
    is_plain = f"regexp_full_match({column}, '[0-9.,+-]*')"
    is_named = f"regexp_matches({column}, {literal(pattern)})"
    return f"CASE WHEN {is_plain} THEN NULL WHEN {is_named} THEN {named} END"


def _written_digits(column: str, mark: str) -> str:
    """SQL: the digits of an amount as people write it, with a decimal point."""
    pattern = f"^{_WRITTEN[mark]}$"
    digits = f"regexp_replace({column}, {literal(pattern)}, '\\1\\2\\3\\4\\5')"
    if mark == ",":
        return f"replace(regexp_replace({digits}, '[^0-9,]', '', 'g'), ',', '.')"
    return f"regexp_replace({digits}, '[^0-9.]', '', 'g')"
