"""What words speak for is learned from a lead's past and from other leads, never from itself."""

import numpy as np
import pyarrow as pa

from redumbrella.features.records import fit_records
from redumbrella.learning.word_lessons import WordLessons, word_lessons
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Fold, walk_forward

ROWS = 3_000
EFFECT = {"director": 1.5, "student": -2.0, "engineer": 0.0, "analyst": 0.0, "buyer": 0.5}


def world(seed: int = 1, *, telling: bool = True) -> tuple[pa.Table, Observations, np.ndarray]:
    """Leads whose titles hold one of five words among thousands of spellings, and the truth."""
    rng = np.random.default_rng(seed)
    said = rng.choice(list(EFFECT), ROWS)
    titles = [
        f"{word} of unit {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}x{n}"
        for n, word in enumerate(said)
    ]
    z = np.array([EFFECT[word] for word in said]) * telling
    won = (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(np.float64)
    table = pa.table({"lead_id": [str(n) for n in range(ROWS)], "title": titles})
    position = np.arange(ROWS, dtype=np.float64)
    return (
        table,
        Observations(table, won, position, table.slice(0, 0), np.empty(0), "created_at", False),
        z,
    )


def lessons(table: pa.Table, observed: Observations) -> WordLessons:
    found = word_lessons(fit_records(table, ["title"], None), table, observed)
    assert found is not None
    return found


def test_the_truth_is_found_for_leads_that_were_not_seen() -> None:
    table, observed, z = world()
    fold = walk_forward(ROWS, 1, first_share=0.7)[0]
    values = lessons(table, observed).values(fold)[:, 0]
    for rows in (fold.train, fold.test):
        slope, _ = np.polyfit(values[rows], z[rows], 1)
        assert np.corrcoef(values[rows], z[rows])[0, 1] > 0.97
        assert 0.85 < slope < 1.3


def test_rows_learn_nothing_from_their_own_outcome() -> None:
    """With words that say nothing, values of the rows that teach must not follow their outcomes."""
    table, observed, _ = world(telling=False)
    rows = np.arange(ROWS)
    values = lessons(table, observed).values(Fold(rows, rows[:0]))[:, 0]
    assert abs(np.corrcoef(values, observed.won)[0, 1]) < 3.0 / np.sqrt(ROWS)


def test_a_fold_sees_nothing_of_its_future() -> None:
    table, observed, _ = world()
    fold = walk_forward(ROWS, 2)[0]
    before = lessons(table, observed).values(fold)
    turned = observed.won.copy()
    turned[fold.test] = 1.0 - turned[fold.test]
    other = Observations(
        table, turned, observed.position, table.slice(0, 0), np.empty(0), "created_at", False
    )
    np.testing.assert_array_equal(lessons(table, other).values(fold), before)


def test_too_few_outcomes_teach_no_words() -> None:
    table, observed, _ = world()
    won = np.zeros(ROWS)
    won[:10] = 1.0
    few = Observations(
        table, won, observed.position, table.slice(0, 0), np.empty(0), "created_at", False
    )
    assert not np.any(lessons(table, few).weights()[0])


def test_the_doubt_about_words_is_of_the_size_of_their_error() -> None:
    table, observed, z = world()
    taught = lessons(table, observed)
    rows = np.arange(ROWS)
    said = taught.texts[0].values(taught.weights()[0], rows)
    error = float(np.var(said - z))
    assert 0.2 < taught.variance() / error < 2.0
