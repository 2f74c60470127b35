import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from redumbrella.errors import DataError
from redumbrella.features.kernel import screen as screen_module
from redumbrella.features.kernel.screen import screen_columns


def matrix_of(dense):
    return sp.csr_matrix(np.asarray(dense, np.float32))


def test_a_column_that_tells_all_by_hand():
    """Four rows, two yes: the column equal to the outcome has ln 2, less (2 - 1) / (2 x 4)."""
    outcome = np.array([True, True, False, False])
    screen = screen_columns(matrix_of([[1, 0, 3], [1, 5, 3], [0, 5, 3], [0, 0, 3]]), outcome)
    assert screen.information == pytest.approx([math.log(2) - 1 / 8, -1 / 8, 0])
    assert screen.order.tolist() == [0]


def test_zero_stored_or_not_and_minus_zero_are_one_value_and_negatives_another():
    outcome = np.array([True, False, True, False])
    stored = sp.csr_matrix(
        (np.array([0.0, -0.0, -1.0, -9.0], np.float32), ([0, 1, 2, 3], [0, 0, 1, 1])), (4, 2)
    )
    screen = screen_columns(stored, outcome)
    assert screen.information == pytest.approx([0, -1 / 8])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0, -1, 1, 1.4, 1.5, 2, 1e-9, 1e30]), st.booleans()),
        min_size=2,
        max_size=40,
    ).filter(lambda rows: len({outcome for _, outcome in rows}) == 2)
)
def test_information_equals_that_of_another_implementation(given_rows):
    value, outcome = np.array(given_rows).T
    bins = [bin_of(v) for v in value]
    expected = mutual_info_score(bins, outcome) - (len(set(bins)) - 1) / 2 / len(bins)
    screen = screen_columns(matrix_of(value[:, None]), outcome.astype(bool))
    assert screen.information[0] == pytest.approx(expected, abs=1e-12)


def bin_of(value):
    """Twice the exponent of 2, one more from the middle of the power on, within limits."""
    mantissa, exponent = math.frexp(float(np.float32(value)))
    if value <= 0:
        return -1000 if value else 1000
    return min(max(2 * (exponent - 1) + (mantissa >= 0.75), -24), 38)


def test_an_informative_column_is_found_among_noise():
    random = np.random.default_rng(0)
    outcome = random.random(3_000) < 0.2
    dense = random.poisson(1, (3_000, 300))
    dense[:, 123] += 2 * outcome
    dense[:, 45] += outcome
    screen = screen_columns(matrix_of(dense), outcome, top=2)
    assert screen.order.tolist() == [123, 45]
    noise = np.delete(screen.information, [123, 45])
    assert abs(noise.mean()) < 3 * noise.std() / math.sqrt(len(noise))


def test_threads_and_passes_change_nothing(monkeypatch):
    random = np.random.default_rng(1)
    matrix = sp.random(2_000, 1_500, 0.8, "csr", np.float32, random)
    outcome = random.random(2_000) < 0.5
    whole = screen_columns(matrix, outcome, threads=1)
    monkeypatch.setattr(screen_module, "_COLUMNS_PER_PASS", 400)
    assert np.array_equal(screen_columns(matrix, outcome, threads=2).information, whole.information)


@pytest.mark.parametrize("outcome", [[True, True], [True, False, True]])
def test_outcomes_that_say_nothing_are_refused(outcome):
    with pytest.raises(DataError, match="both yes and no"):
        screen_columns(matrix_of([[1], [2]]), np.array(outcome))


def test_half_are_the_best_and_half_the_best_of_every_group() -> None:
    rng = np.random.default_rng(6)
    said = rng.random(2_000) < 0.5
    strong = said + rng.normal(0, 0.4, 2_000)
    weak = said + rng.normal(0, 1.2, 2_000)
    echoes = [strong + rng.normal(0, 0.01, 2_000) + 2 for _ in range(4)]
    matrix = sp.csr_matrix(np.column_stack([*echoes, weak + 5]).astype(np.float32))
    assert 4 not in screen_columns(matrix, said, top=4).order
    mixed = screen_columns(matrix, said, top=4, alike=np.array([0, 0, 0, 0, 1])).order
    assert len(set(mixed)) == 4
    assert 4 in mixed
    assert set(mixed[:2]) < {0, 1, 2, 3}
