"""The encoding, checked against each column worked out by itself."""

import numpy as np
import pytest

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.linear import encoding
from redumbrella.models.linear.encoding import BINS, fit_encoding

ROWS = 500


@pytest.fixture(params=["together", "in blocks"])
def design(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Design:
    if request.param == "in blocks":
        monkeypatch.setattr(encoding, "VALUES_AT_ONCE", 70)
    rng = np.random.default_rng(3)
    columns = {
        "plain": rng.normal(size=ROWS),
        "skewed": np.exp(3.0 * rng.normal(size=ROWS)),
        "flag": rng.integers(0, 2, ROWS).astype(np.float64),
        "empty": np.full(ROWS, np.nan),
        "kind": rng.integers(0, 4, ROWS).astype(np.float64),
    }
    profile = np.column_stack(list(columns.values()))
    profile[rng.random(profile.shape) < 0.2] = np.nan
    features = tuple(
        Feature(name, name, "category", ("(other)", "a", "b", "c"))
        if name == "kind"
        else Feature(name, name, "flag" if name == "flag" else "number")
        for name in columns
    )
    return Design(features, profile)


def test_each_number_has_its_scaled_value_its_bin_and_its_knots(design: Design) -> None:
    learned = fit_encoding(design, (1, 3, 5))
    assert learned.skewed.tolist() == [False, True, False, False, False]
    X = learned.transform(design).toarray()
    for j in range(4):
        x, found = design.profile[:, j], X[:, learned.owner == j]
        shown = np.sign(x) * np.log1p(np.abs(x)) if learned.skewed[j] else x
        straight = (shown - learned.center[j]) / learned.scale[j]
        missing = np.isnan(x)
        edges = learned.edges[j][~np.isnan(learned.edges[j])]
        expected = np.zeros((ROWS, 2 + BINS + 3))
        expected[:, 0] = np.where(missing, 0.0, np.clip(straight, -5.0, 5.0))
        expected[:, 1] = missing
        for row in np.flatnonzero(~missing) if edges.size else []:
            expected[row, 2 + np.searchsorted(edges, x[row])] = 1.0
        for k, knot in enumerate(learned.knots[j]):
            above = np.clip((shown - knot) / learned.scale[j], 0.0, 5.0)
            expected[:, 2 + BINS + k] = np.nan_to_num(above)
        np.testing.assert_array_equal(found, expected)


def test_each_category_has_a_column_per_level_and_one_for_missing(design: Design) -> None:
    learned = fit_encoding(design)
    found = learned.transform(design).toarray()[:, learned.owner == 4]
    code = np.nan_to_num(design.profile[:, 4], nan=4.0).astype(int)
    np.testing.assert_array_equal(found, np.eye(5)[code])


def test_what_is_zero_is_not_stored_and_columns_ascend(design: Design) -> None:
    X = fit_encoding(design, (1, 3, 5)).transform(design)
    assert np.all(X.data != 0.0)
    assert X.has_canonical_format


def test_columns_at_knots_are_those_that_an_encoding_without_knots_lacks(design: Design) -> None:
    bent, plain = fit_encoding(design, (1, 3, 5)), fit_encoding(design)
    kept = bent.transform(design)[:, ~bent.at_knots]
    np.testing.assert_array_equal(kept.toarray(), plain.transform(design).toarray())


def test_a_design_without_rows_or_columns_has_as_many_encoded(design: Design) -> None:
    learned = fit_encoding(design)
    nobody = learned.transform(design.take(np.empty(0, np.intp)))
    assert nobody.shape == (0, learned.owner.size)
    nothing = Design((), np.empty((3, 0)))
    assert fit_encoding(nothing).transform(nothing).shape == (3, 0)
