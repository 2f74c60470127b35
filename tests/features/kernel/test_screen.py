import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from redumbrella.errors import DataError
from redumbrella.features.kernel import screen as screen_module
from redumbrella.features.kernel.screen import screen_columns, screen_columns_of_many


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
    three = np.column_stack([outcome, ~outcome, random.random(2_000) < 0.01])
    many = screen_columns_of_many(matrix, three, [9, 9, 9], threads=2)
    assert np.array_equal(many[0].information, whole.information)


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


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 120),
    columns=st.integers(0, 60),
    density=st.sampled_from([0.02, 0.3, 0.9]),
    grouped=st.booleans(),
)
def test_many_outcomes_at_once_equal_a_look_at_all_rows_for_each(
    seed: int, n: int, columns: int, density: float, grouped: bool
) -> None:
    """Ties, empty columns and outcomes of one row included: same digits, same order."""
    random = np.random.default_rng(seed)
    values = random.choice([-2, 0.5, 1, 1, 1, 3, 900], (n, columns))
    dense = values * (random.random((n, columns)) < density)
    if columns:
        copied = random.integers(columns, size=columns // 2)
        dense[:, random.integers(columns, size=columns // 2)] = dense[:, copied]
        dense[:, random.integers(columns)] = 0
    outcomes = random.random((n, 9)) < np.array([0.001, 0.02, 0.02, 0.1, 0.3, 0.5, 0.5, 0.9, 0.99])
    outcomes[0], outcomes[1] = True, False
    outcomes[0, 4:7], outcomes[1, 4:7] = False, True
    alike = random.integers(5, size=columns) if grouped else None
    tops = random.integers(1, 12, size=9).tolist()
    screens = screen_columns_of_many(matrix_of(dense), outcomes, tops, alike=alike)
    assert len(screens) == 9
    for screen, outcome, top in zip(screens, outcomes.T, tops, strict=True):
        information = information_of_all_rows(dense, outcome)
        assert screen.information.tobytes() == information.tobytes()
        assert screen.order.tolist() == best_of(information, top, alike)
        alone = screen_columns(matrix_of(dense), outcome, top=top, alike=alike)
        assert alone.order.tolist() == screen.order.tolist()


def information_of_all_rows(dense, outcome):
    """By a full histogram for this one outcome."""
    histogram = np.zeros((dense.shape[1], 65, 2), np.int64)
    for row, column in np.ndindex(*dense.shape):
        bin_ = bin_of(dense[row, column])
        place = {-1000: 0, 1000: 64}.get(bin_, bin_ + 25)
        histogram[column, place, int(outcome[row])] += 1
    of_bin = histogram.sum(axis=2, keepdims=True)
    rate = np.array([1 - outcome.mean(), outcome.mean()])
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(histogram > 0, histogram * np.log(histogram / (of_bin * rate)), 0.0)
    filled = (of_bin[:, :, 0] > 0).sum(axis=1)
    return (gain.sum(axis=(1, 2)) - (filled - 1) / 2) / len(outcome)


def best_of(information, top, alike):
    """Falling, earlier first among equals; then in turns of the groups."""
    order = [j for j in sorted(range(len(information)), key=lambda j: (-information[j], j))
             if information[j] > 0]  # fmt: skip
    if alike is not None:
        first = min(top // 2, 400)
        seen, turns = {}, []
        for j in order[first:]:
            turns.append(seen.setdefault(alike[j], 0))
            seen[alike[j]] += 1
        later = sorted(range(len(turns)), key=lambda i: (turns[i], i))
        order = order[:first] + [order[first:][i] for i in later]
    return order[:top]


def test_an_outcome_among_many_that_says_nothing_is_refused() -> None:
    outcomes = np.array([[True, True], [False, True]])
    with pytest.raises(DataError, match="both yes and no"):
        screen_columns_of_many(matrix_of([[1], [2]]), outcomes, [1, 1])
