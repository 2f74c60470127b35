"""Why a family is in use, in words that fit what was measured."""

import pytest

from redumbrella.evaluation.comparison import ComparedFamily, Comparison
from redumbrella.learning.report import why_chosen


def comparison(
    best: str,
    chosen: str,
    lead: tuple[float, float] = (0.004, 0.003),
    families: tuple[str, ...] = ("prior", "logistic", "blend"),
) -> Comparison:
    """Families of which only the best is not behind."""
    rows = [
        ComparedFamily(
            name,
            rank,
            {"log_loss": (0.3, 0.01)},
            [0.3],
            (0.0 if name == best else 0.0012, 0.002),
            1.0,
        )
        for rank, name in enumerate(families)
    ]
    return Comparison(rows, best, chosen, lead)


@pytest.mark.parametrize(
    ("best", "chosen", "said"),
    [
        ("blend", "blend", "0.0040 ± 0.0030 lower than that of the base rate on later periods"),
        ("blend", "blend", "but its order holds there, and no family alone is better."),
        ("logistic", "blend", "Logistic regression alone is 0.0012 better there, but"),
        ("logistic", "prior", "weighted mean of all families over the base rate is not clear of"),
        ("prior", "prior", "It has the lowest log loss on later periods (0.3000)."),
    ],
)
def test_why_the_blend_or_the_base_rate_is_in_use(best: str, chosen: str, said: str) -> None:
    assert said in why_chosen(comparison(best, chosen), True)


@pytest.mark.parametrize(
    ("best", "chosen", "said"),
    [
        ("logistic", "logistic", "lowest log loss on later periods (0.3000)"),
        ("logistic", "points", "the simpler hand-made points is only 0.0012 behind"),
        (
            "points",
            "prior",
            "The lead of hand-made points over the base rate is not clear of chance",
        ),
    ],
)
def test_why_a_family_is_in_use_without_a_blend(best: str, chosen: str, said: str) -> None:
    families = ("prior", "points", "logistic")
    assert said in why_chosen(comparison(best, chosen, families=families), True)


def test_a_blend_behind_the_base_rate_has_no_lead() -> None:
    said = why_chosen(comparison("logistic", "prior", lead=(-0.001, 0.003)), True)
    assert (
        said
        == "On later periods the weighted mean of all families is no better than the base rate."
    )


def test_shuffled_folds_are_not_called_later_periods() -> None:
    assert "leads it had not seen" in why_chosen(comparison("logistic", "logistic"), False)
