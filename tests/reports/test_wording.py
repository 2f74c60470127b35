"""Chances in words, hand-checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.reports import wording


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((0.41, 0.37, 0.46), "41 of 100 leads like it would convert; likely 37 to 46."),
        ((0.013, 0.009, 0.02), "13 of 1,000 leads like it would convert; likely 9 to 20."),
        ((0.0011, 0.00002, 0.004), "11 of 10,000 leads like it would convert; likely fewer than 1 "
         "to 40."),
        ((0.996, 0.97, 0.9999), "996 of 1,000 leads like it would convert; likely 970 to more than "
         "999."),
        ((0.2, None, None), "20 of 100 leads like it would convert."),
    ],
)  # fmt: skip
def test_a_probability_is_said_as_people_count(
    figures: tuple[float, float | None, float | None], words: str
) -> None:
    said = wording.expectation(*figures, about_leads=True)
    assert said == f"On lists like this one, {words}"


def test_people_buy_or_do_it() -> None:
    assert "20 of 100 people like it would do it." in wording.expectation(0.2, about_leads=False)
    bought = wording.expectation(0.2, about_leads=False, product="tea")
    assert "20 of 100 people like it would buy it." in bought


@given(st.floats(0.0, 1.0))
def test_what_is_said_is_within_a_unit_of_the_truth(probability: float) -> None:
    said = wording.expectation(probability, about_leads=True)
    part, whole = said.removeprefix("On lists like this one, ").split(" leads")[0].split(" of ")
    base = float(whole.replace(",", ""))
    number = float(part.replace(",", "").rpartition(" ")[2])
    assert abs(number - probability * base) <= 1.0
    assert probability < 0.005 or number >= 5  # two figures at least, but for the rarest


@pytest.mark.parametrize(
    ("reason", "plain"),
    [
        ("Its lead (0.0012 in log loss, ± 0.002) may be chance. More will show.",
         "Its lead may be chance. More will show."),
        ("Another sample gives another model: AUC varies by ± 0.05.",
         "Another sample gives another model."),
        ("It misses your gate min_auc = 0.7: measured 0.61.",
         "It misses your gate min_auc = 0.7: measured 0.61."),
        ("12 won (few) and 30 lost.", "12 won (few) and 30 lost."),
        ("AUC is low.", "AUC is low."),
    ],
)  # fmt: skip
def test_reasons_lose_the_measures_of_analysts_and_nothing_else(reason: str, plain: str) -> None:
    assert wording.in_plain_words(reason) == plain
