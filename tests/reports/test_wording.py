"""Chances in words, hand-checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.reports import wording


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.97, "nearly all leads"),
        (0.41, "about 4 in 10 leads"),
        (0.11, "about 1 in 9 leads"),
        (0.013, "about 1 in 80 leads"),
        (0.0011, "about 1 in 900 leads"),
        (0.0001, "fewer than 1 in 2,000 leads"),
    ],
)
def test_one_in(probability: float, words: str) -> None:
    assert wording.one_in(probability) == words


@given(st.floats(0.0005, 0.95, exclude_max=True))
def test_one_in_is_within_a_third_of_the_truth(probability: float) -> None:
    part, whole = (
        wording.one_in(probability).removesuffix(" leads").removeprefix("about ").split(" in ")
    )
    assert float(part) / float(whole.replace(",", "")) == pytest.approx(probability, rel=0.34)
