"""How numbers and amounts are written, and that each spelling is read back as it was meant."""

from collections.abc import Callable
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.sources.spellings.numbers import (
    currency_sql,
    doubtful,
    is_beyond_reason,
    is_grouped_throughout,
    is_number,
    number_sql,
)

CONNECTION = duckdb.connect()


def asked(sql: str, *texts: str) -> list[object]:
    rows = pa.table({"t": pa.array(texts, pa.string())})
    assert rows.num_rows
    return [value for (value,) in CONNECTION.execute(f"SELECT {sql} FROM rows").fetchall()]


def read(mark: str, *texts: str) -> list[object]:
    return asked(number_sql("t", mark), *texts)


def swapped(text: str, thousands: str) -> str:
    """1,234.50 with a decimal comma."""
    return text.replace(",", "#").replace(".", ",").replace("#", thousands)


def lakh(amount: Decimal) -> str:
    digits, _, cents = f"{amount:.2f}".partition(".")
    head, tail = digits[:-3], digits[-3:]
    groups = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*groups, tail]) + "." + cents


def signed(form: str, minus: str) -> Callable[[Decimal, str], str]:
    """form: {} is the amount; minus: {} is what stands without it."""
    return lambda amount, text: (minus if amount < 0 else "{}").format(form.format(text))


# Decimal mark, how the absolute amount is written, how its sign is.
SPELLINGS = {
    "plain": (".", lambda a: f"{a:.2f}", signed("{}", "-{}")),
    "English": (".", lambda a: f"{a:,.2f}", signed("${}", "-{}")),
    "accounting": (".", lambda a: f"{a:,.2f}", signed("${}", "({})")),
    "accounting, code after": (".", lambda a: f"{a:,.2f}", signed("{} USD", "({})")),
    "brackets inside": (".", lambda a: f"{a:,.2f}", lambda a, t: f"$({t})" if a < 0 else f"${t}"),
    "German": (",", lambda a: swapped(f"{a:,.2f}", "."), signed("{} €", "-{}")),
    "trailing minus": (",", lambda a: swapped(f"{a:,.2f}", "."), signed("{}", "{}-")),
    "Unicode minus": (".", lambda a: f"{a:,.2f}", signed("{}", "\u2212{}")),
    "spreadsheet apostrophe": (".", lambda a: f"{a:,.2f}", signed("{}", "'-{}")),
    "Swiss": (".", lambda a: f"{a:,.2f}".replace(",", "'"), signed("CHF {}", "-{}")),
    "Swiss typographic": (
        ".", lambda a: f"{a:,.2f}".replace(",", "\u2019"), lambda a, t: f"CHF {'-' * (a < 0)}{t}",
    ),
    "French": (",", lambda a: swapped(f"{a:,.2f}", "\u202f"), signed("{}\u00a0€", "-{}")),
    "Swedish": (",", lambda a: swapped(f"{a:,.2f}", "\u00a0"), signed("{} kr", "-{}")),
    "Polish": (",", lambda a: swapped(f"{a:,.2f}", " "), signed("{} zł", "-{}")),
    "Brazilian": (",", lambda a: swapped(f"{a:,.2f}", "."), signed("R$ {}", "-{}")),
    "Indian": (".", lakh, signed("₹{}", "-{}")),
    "Indian, Rs.": (".", lakh, signed("Rs. {}", "-{}")),
    "code": (".", lambda a: f"{a:,.2f}", signed("USD {}", "-{}")),
    "Australian": (".", lambda a: f"{a:,.2f}", signed("A$ {}", "-{}")),
    "per cent": (".", lambda a: f"{a:.2f}", signed("{} %", "-{}")),
}  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(st.decimals(-99_999_999, 99_999_999, places=2), min_size=1, max_size=20))
@pytest.mark.parametrize("name", SPELLINGS)
def test_what_is_written_is_read_back(name: str, amounts: list[Decimal]) -> None:
    mark, write, sign = SPELLINGS[name]
    texts = [sign(amount, write(abs(amount))) for amount in amounts]
    assert read(mark, *texts) == [float(amount) for amount in amounts]
    assert all(is_number(text, mark) for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        *("", "--5", "-5-", "(5", "5)", "12 34", "0151 234567", "1,23,4", "1.2.3", "5 apples"),
        *("EUR", "inf", "1/2", "10+", "< 5", "5k", "12:30", "1'23", "€€5"),
    ],
)
@pytest.mark.parametrize("mark", [".", ","])
def test_what_is_no_number(text: str, mark: str) -> None:
    assert read(mark, text) == [None]
    assert not is_number(text, mark)


@pytest.mark.parametrize("text", ["1e15", "-1e300", "€ 1000000000000000", "1,000,000,000,000,000"])
def test_what_is_beyond_reason(text: str) -> None:
    assert read(".", text) == [None]
    assert is_beyond_reason(text, ".")
    assert not is_beyond_reason("999999999999999", ".")
    assert not is_beyond_reason("a lot", ".")


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.50", None),
        ("12 %", None),
        ("$12", "USD"),
        ("US$ 12", "USD"),
        ("R$ 12,50", "BRL"),
        ("A$12", "AUD"),
        ("12,50 €", "EUR"),
        ("eur 12", "EUR"),
        ("12 EUR", "EUR"),
        ("£12", "GBP"),
        ("¥1200", "JPY"),
        ("₹1,14,504.00", "INR"),
        ("Rs. 12", "INR"),
        ("12 kr", "KR"),
        ("12 SEK", "SEK"),
        ("12 zł", "PLN"),
        ("CHF 1'234.00", "CHF"),
        ("(12.50) USD", "USD"),
        ("unknown", None),
    ],
)
def test_the_currency_of_an_amount(text: str, currency: str | None) -> None:
    assert asked(currency_sql("t"), text) == [currency]


def test_marks_that_may_be_either() -> None:
    assert doubtful(["1", "39.737"]) == "39.737"
    assert doubtful(["€ 1,234"]) == "€ 1,234"
    assert doubtful(["39.73", "0.737", "1.234.567", "1.234,5", "1234.567"]) is None
    assert is_grouped_throughout(["850", "39.737"], ".")
    assert not is_grouped_throughout(["8500", "39.737"], ".")
    assert not is_grouped_throughout(["39.737", "40.100"], ".")
