"""What an action brings: intervals that hold, words that say no more than is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from redumbrella.evaluation.uplift import LEAST_BUYERS, LEAST_PEOPLE, Uplift, uplift

MINUS = "\N{MINUS SIGN}"


def yes_no(yes: int, people: int) -> np.ndarray:
    return np.r_[np.ones(yes), np.zeros(people - yes)]


def of_shares(yes: int, people: int, yes_alone: int, alone: int) -> Uplift:
    return uplift(yes_no(yes, people), yes_no(yes_alone, alone))


def amounts(seed: int, people: int, buying: float, tail: float = 1.0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return np.where(chance.random(people) < buying, np.exp(tail * chance.normal(size=people)), 0.0)


def test_the_interval_is_that_of_agresti_and_caffo() -> None:
    """8 and 4 of 23, with one yes and one no more: 9 and 5 of 25."""
    found = uplift(yes_no(8, 23), yes_no(4, 23))
    p, q = 9 / 25, 5 / 25
    half = 1.6448536 * np.sqrt(p * (1 - p) / 25 + q * (1 - q) / 25)
    assert (found.low, found.high) == pytest.approx((p - q - half, p - q + half), abs=1e-6)
    assert found.difference == pytest.approx(4 / 23)
    assert (found.acted, found.control) == (23, 23)
    assert (found.rate_acted, found.rate_control) == pytest.approx((8 / 23, 4 / 23))


@pytest.mark.parametrize(("people", "alone"), [(20, 20), (90, 20), (270, 30), (100, 100)])
def test_of_shares_it_holds_exactly_with_few_people_and_rare_outcomes(
    people: int, alone: int
) -> None:
    ends = np.array([[(one.low, one.high) for one in (of_shares(x, people, y, alone)
                      for y in range(alone + 1))] for x in range(people + 1)])  # fmt: skip
    for share in (0.005, 0.02, 0.1, 0.3, 0.5):
        for effect in (-0.1, -0.02, 0.0, 0.01, 0.05, 0.2):
            if share + effect < 0.0:
                continue
            chance = np.outer(binom.pmf(np.arange(people + 1), people, share + effect),
                              binom.pmf(np.arange(alone + 1), alone, share))  # fmt: skip
            held = (ends[..., 0] <= effect) & (effect <= ends[..., 1])
            assert (chance * held).sum() >= 0.88


@pytest.mark.parametrize(("alone", "times", "buying", "tail", "factor"), [
    (400, 9, 0.1, 1.5, 1.0), (400, 9, 0.1, 1.5, 0.7), (400, 1, 0.1, 1.5, 1.3), (100, 9, 1.0, 1, 1),
])  # fmt: skip
def test_of_money_it_holds_with_heavy_tails_on_both_sides(
    alone: int, times: int, buying: float, tail: float, factor: float
) -> None:
    truth = np.exp(tail * tail / 2) * (factor - 1) * buying
    above = below = 0
    for seed in range(400):
        acted = amounts(2 * seed, alone * times, buying * factor, tail)
        found = uplift(acted, amounts(2 * seed + 1, alone, buying, tail), currency="EUR")
        above, below = above + (found.low > truth), below + (found.high < truth)
    assert 400 * 0.01 <= above + below <= 400 * 0.12
    assert max(above, below) <= 400 * 0.09


def test_of_money_it_is_students_interval_where_both_spend_alike() -> None:
    """Of the same spread the larger of both variances is the common one."""
    one = amounts(1, 200, 0.5)
    found = uplift(one + 3.0, one, currency="EUR")
    half = 1.6487 * np.sqrt(one.var(ddof=1) * 2 / 200)  # Student's 95 % point at 398
    assert (found.low, found.high) == pytest.approx((3.0 - half, 3.0 + half), abs=1e-4)
    # The few left alone happened to spend alike: what all spend counts.
    calm = uplift(one, np.full(30, 1.0), currency="EUR")
    assert calm.high - calm.low > 3.2 * np.sqrt(one.var(ddof=1) * (1 / 200 + 0.8 / 30))


def test_what_it_says() -> None:
    brings = of_shares(1100, 9000, 80, 1000)
    assert brings.says == "brings +4.2 points (2.6 to 5.7)"
    takes = of_shares(700, 9000, 120, 1000)
    assert takes.says == "takes away 4.2 points (2.5 to 6.0)"
    nothing = of_shares(18_000, 90_000, 2000, 10_000)
    assert nothing.is_nothing
    assert nothing.says == f"does nothing that can be seen ({MINUS}0.7 to +0.7 points)"
    unknown = of_shares(95, 900, 10, 100)
    assert unknown.says.startswith(f"cannot tell yet ({MINUS}5.5 to +5.2 points): about ")
    assert unknown.says.endswith(" more people are needed")
    assert [one.is_clear for one in (brings, takes, nothing, unknown)] == [True, True, False, False]
    assert not unknown.is_nothing
    never = of_shares(0, 900, 0, 100)
    assert never.says.endswith("points): nobody has done it yet")


def test_it_says_money_in_its_currency() -> None:
    one = amounts(1, 9000, 0.3)
    assert uplift(one + 1.0, one, currency="EUR").says == (
        "brings +1.00 EUR a person (0.97 to 1.03)"
    )
    more = uplift(700 * one, 690 * one, currency="EUR").says
    assert more.startswith(f"does nothing that can be seen ({MINUS}")
    assert more.endswith(" EUR a person)")


def test_it_refuses_below_a_floor() -> None:
    for acted, control in ((yes_no(5, LEAST_PEOPLE - 1), yes_no(5, 900)),
                           (yes_no(5, 900), yes_no(0, LEAST_PEOPLE - 1)),
                           (yes_no(0, 0), yes_no(0, 0))):  # fmt: skip
        found = uplift(acted, control)
        assert f"at least {LEAST_PEOPLE} of each are needed" in found.refused
        assert found.says == found.refused
        assert np.isnan([found.difference, found.low, found.high]).all()
        assert not found.is_clear
        assert not found.is_nothing
    rare = yes_no(LEAST_BUYERS - 1, 5000) * 70.0
    found = uplift(yes_no(500, 45_000) * 80.0, rare, currency="EUR")
    assert f"at least {LEAST_BUYERS} of each are needed" in found.refused


def test_groups_that_do_not_fit_the_draw_are_refused() -> None:
    acted, control = yes_no(90, 900), yes_no(10, 100)
    assert not uplift(acted, control, control_share=0.1).refused
    lost = uplift(acted[:500], control, control_share=0.1)
    assert "people got lost" in lost.refused
    assert "16.7" in lost.says
    assert not uplift(acted[:500], control).refused
    # A fair draw is refused less than once in ten thousand times.
    chance = np.random.default_rng(3)
    drawn = chance.binomial(1000, 0.1, size=2000)
    bad = [m for m in drawn if "lost" in uplift(yes_no(0, 1000 - m), yes_no(0, m),
                                               control_share=0.1).refused]  # fmt: skip
    assert len(bad) <= 1


def test_with_as_many_more_people_as_it_says_it_can_tell() -> None:
    """The same shares among so many people have an interval that is small enough."""
    for yes, yes_alone in ((95, 10), (130, 10), (90, 12)):
        found = of_shares(yes, 900, yes_alone, 100)
        assert found.more_people
        factor = 1 + found.more_people / 1000
        later = of_shares(round(yes * factor), round(900 * factor), round(yes_alone * factor),
                          round(100 * factor))  # fmt: skip
        assert later.is_clear or later.is_nothing
        half_way = 1 + 0.2 * found.more_people / 1000
        before = of_shares(round(yes * half_way), round(900 * half_way),
                           round(yes_alone * half_way), round(100 * half_way))  # fmt: skip
        assert before.more_people


def test_everybody_spending_the_same_tells_nothing() -> None:
    found = uplift(np.full(100, 5.0), np.full(50, 6.0), currency="EUR")
    assert found.refused.startswith("cannot tell yet: all spent the same")


@settings(max_examples=200, deadline=None)
@given(
    people=st.integers(0, 400), alone=st.integers(0, 400), share=st.floats(0.0, 1.0),
    share_alone=st.floats(0.0, 1.0),
)  # fmt: skip
def test_any_groups_have_an_answer(
    people: int, alone: int, share: float, share_alone: float
) -> None:
    found = of_shares(int(people * share), people, int(alone * share_alone), alone)
    assert found.says
    if not found.refused:
        assert -1.0 <= found.low < found.high <= 1.0
        assert sum([found.is_clear, found.is_nothing, "cannot tell" in found.says]) == 1
        other = of_shares(int(alone * share_alone), alone, int(people * share), people)
        assert (other.low, other.high) == pytest.approx((-found.high, -found.low))
