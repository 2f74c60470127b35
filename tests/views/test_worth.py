"""What a lead is worth, in words: nothing that was not learned, nothing twice."""

from typing import Any

import pytest

from redumbrella.figures import TIMES
from redumbrella.views.worth import NO_AMOUNTS, days_in_words, parts_of, sentences_about, worth_of


def told(details: dict[str, Any]) -> dict[str, str]:
    """The figures by their names, without no-break spaces."""
    parts = parts_of(worth_of(details), "EUR")
    return {
        f.name: f"{f.figure} | {f.note}".replace("\u00a0", " ") for p in parts for f in p.figures
    }


def around(value: float, spread: float = 0.2) -> dict[str, float]:
    return {"value": value, "low": (1 - spread) * value, "high": (1 + spread) * value}


def money_of(repeats: float = 0.0, margin: float = 1.0) -> dict[str, Any]:
    value = 120.0 * (1 + repeats)
    return {
        "amount": {**around(300.0), "basis": "model"},
        "ltv": {**around(value), "repeats": repeats},
        "expected_value": around(margin * value),
        "profit": around(300.0 * margin * (1 + repeats)),
    }


def test_a_value_that_says_the_same_stands_once() -> None:
    found = told(money_of())
    assert list(found) == ["Amount", "Expected value"]
    assert found["Expected value"] == f"120 EUR, likely 96 to 144 | probability {TIMES} amount"


def test_what_differs_is_shown_apart() -> None:
    found = told(money_of(repeats=1.5, margin=0.5))
    assert list(found) == ["Amount", "Potential lifetime value", "Expected value", "If it converts"]
    assert found["Potential lifetime value"].endswith("(1 + 1.5 further purchases within a year)")
    assert found["Expected value"].endswith(
        "margin of the lifetime value, less the cost of the work"
    )


def test_zeros_with_zero_intervals_were_not_learned() -> None:
    nothing = around(0.0)
    details = {
        **money_of(),
        "expected_value": nothing,
        "profit": nothing,
        "effort": {"contacts": nothing, "minutes": nothing, "cost": nothing},
    }
    assert not {"Expected value", "If it converts", "Contacts to go", "Minutes to go"} & set(
        told(details)
    )


def test_without_amounts_it_says_what_to_map() -> None:
    details = {"timing": {"days": around(12.0), "within": {}, "curve": []}}
    assert told(details)["Amount"] == f"not known | {NO_AMOUNTS}"
    assert told({}) == {}


@pytest.mark.parametrize(
    ("days", "by_day", "words"),
    [
        (1 / 1440, False, "1 minute"), (1 / 1440, True, "the same day"),
        (0.9999, True, "the same day"), (1.0, True, "the same day"), (1.4, True, "1 day"),
        (2.0, True, "1 day"), (5.5, True, "5 days"), (5.5, False, "5.5 days"),
    ],
)  # fmt: skip
def test_days_are_not_told_to_the_minute(days: float, by_day: bool, words: str) -> None:
    assert days_in_words(days, by_day=by_day) == words


def test_half_convert_the_same_day() -> None:
    days = {"value": 0.4, "low": 0.1, "high": 0.9}
    timing = {"days": days, "within": {}, "curve": [], "by_day": True}
    found = told({"timing": timing})["Half convert within"]
    assert found == "the same day | of those like it that convert; 8 in 10 take the same day"


def test_sentences_about_a_model_say_what_is_missing() -> None:
    values = {"amount": None, "repeats": {"purchases": 0.0, "within_days": 365.0}, "timing": None}
    assert sentences_about(values) == [NO_AMOUNTS]
    both = sentences_about({**values, "amount": {"sales": 90}, "closed_at_once": True})
    assert both[0] == "The amount is learned from 90 sales."
    assert "created and closed in the same minute" in both[1]
    assert not any("times more" in sentence for sentence in both)
    repeats = {"purchases": 1.26, "within_days": 365.0}
    assert "buys 1.3 times more" in sentences_about({**values, "amount": {"sales": 9},
                                                     "repeats": repeats})[1]  # fmt: skip
