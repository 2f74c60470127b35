"""Why a family is in use, in words that fit what was measured."""

import pytest

from redumbrella.evaluation.comparison import ComparedFamily, Comparison
from redumbrella.learning.report import why_chosen


def comparison(best: str, chosen: str) -> Comparison:
    """Three families, of which only the best is not behind."""
    rows = [
        ComparedFamily(
            name,
            rank,
            {"log_loss": (0.3, 0.01)},
            [0.3],
            (0.0 if name == best else 0.0012, 0.002),
            1.0,
        )
        for rank, name in enumerate(("prior", "logistic", "blend"))
    ]
    return Comparison(rows, best, chosen)


@pytest.mark.parametrize(
    ("best", "chosen", "said"),
    [
        ("logistic", "logistic", "lowest log loss on later periods (0.3000)"),
        ("logistic", "prior", "not clear of chance"),
        ("blend", "logistic", "the simpler logistic regression is only 0.0012 behind"),
        ("logistic", "blend", "a mean of several is safer"),
    ],
)
def test_why_a_family_is_in_use(best: str, chosen: str, said: str) -> None:
    assert said in why_chosen(comparison(best, chosen), True)


def test_shuffled_folds_are_not_called_later_periods() -> None:
    assert "leads it had not seen" in why_chosen(comparison("logistic", "logistic"), False)
