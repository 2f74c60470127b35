"""What every model family promises, asked of each one that is registered."""

import numpy as np
import orjson
import pytest
import scipy.sparse as sp
from lead_worlds import FEATURES, draw, make_design, truth

from redumbrella.features.matrix import Design
from redumbrella.models.base import Family, Parts, Vector
from redumbrella.models.registry import FAMILIES

ROWS = 400
Case = tuple[Design, Vector, Vector]


def cases() -> dict[str, Case]:
    """Training data of every shape that a family must be able to learn from."""
    plain, past = make_design(ROWS), make_design(ROWS, history=True)
    won, weight = draw(truth(plain)), np.ones(ROWS)
    few = plain.take(slice(0, 12))
    return {
        "plain": (plain, won, weight),
        "history": (past, draw(truth(past)), weight),
        "weighted": (plain, won, np.linspace(0.1, 1.0, ROWS)),
        "one_feature": (plain.only(np.array([0])), won, weight),
        "one_category": (plain.only(np.array([4])), won, weight),
        "one_constant": (plain.only(np.array([2])), won, weight),
        "no_feature": (plain.only(np.array([], np.intp)), won, weight),
        "all_won": (plain, np.ones(ROWS), weight),
        "all_lost": (plain, np.zeros(ROWS), weight),
        "one_win": (plain, np.eye(1, ROWS, 200).ravel(), weight),
        "twelve_leads": (few, won[:12], weight[:12]),
        "one_lead": (plain.take(slice(0, 1)), won[:1], weight[:1]),
        "all_missing": (Design(FEATURES, np.full((ROWS, 5), np.nan)), won, weight),
    }


CASES = cases()


@pytest.fixture(scope="module")
def fitted() -> dict[tuple[str, str], Family]:
    """Each family fitted once on each case, when it is first asked for."""
    return {}


def fit(fitted: dict[tuple[str, str], Family], family: str, case: str) -> Family:
    if (family, case) not in fitted:
        fitted[family, case] = FAMILIES[family]().fit(*CASES[case])
    return fitted[family, case]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_contributions_sum_to_finite_log_odds(
    fitted: dict[tuple[str, str], Family], family: str, case: str
) -> None:
    model = fit(fitted, family, case)
    design = CASES[case][0]
    z = model.log_odds(design)
    assert z.shape == (design.rows,)
    assert z.dtype == np.float64
    assert np.isfinite(z).all()
    part = model.contributions(design)
    assert part.values.shape == (design.rows, len(design.features))
    np.testing.assert_allclose(part.base + part.values.sum(axis=1), z, rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_parts_through_json_give_the_same_log_odds(
    fitted: dict[tuple[str, str], Family], family: str, case: str
) -> None:
    model = fit(fitted, family, case)
    design = CASES[case][0]
    parts = model.to_parts()
    assert all(isinstance(array, np.ndarray) for array in parts.arrays.values())
    assert not any(array.dtype.hasobject for array in parts.arrays.values())
    facts = orjson.loads(orjson.dumps(parts.facts, option=orjson.OPT_SERIALIZE_NUMPY))
    again = FAMILIES[family].from_parts(Parts(facts, parts.arrays), design.features)
    np.testing.assert_array_equal(again.log_odds(design), model.log_odds(design))
    first, second = again.contributions(design), model.contributions(design)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.base == second.base


@pytest.mark.parametrize("family", FAMILIES)
def test_leads_unlike_any_before_get_a_finite_score(
    fitted: dict[tuple[str, str], Family], family: str
) -> None:
    model = fit(fitted, family, "history")
    features = CASES["history"][0].features
    odd = np.array(
        [
            [np.nan] * 5,
            [1e12, -1e12, 0.0, np.nan, 0.0],
            [-1e300, 1e300, 4.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0],
        ]
    )
    past = sp.csr_matrix(np.array([[0, 0], [1e9, 0], [0, 3], [0, 0]], np.float32))
    design = Design(features, odd, past)
    z = model.log_odds(design)
    assert np.isfinite(z).all()
    part = model.contributions(design)
    np.testing.assert_allclose(part.base + part.values.sum(axis=1), z, rtol=0, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_lead_to_score_is_no_error(fitted: dict[tuple[str, str], Family], family: str) -> None:
    for case in ("plain", "history"):
        model = fit(fitted, family, case)
        nobody = CASES[case][0].take(slice(0, 0))
        assert model.log_odds(nobody).shape == (0,)
        assert model.contributions(nobody).values.shape == (0, len(nobody.features))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_lead_is_scored_alone_as_in_company(
    fitted: dict[tuple[str, str], Family], family: str
) -> None:
    model = fit(fitted, family, "history")
    design = CASES["history"][0]
    order = np.random.default_rng(5).permutation(design.rows)
    z, part = model.log_odds(design), model.contributions(design)
    np.testing.assert_allclose(model.log_odds(design.take(order)), z[order], rtol=0, atol=1e-9)
    mixed = model.contributions(design.take(order)).values
    np.testing.assert_allclose(mixed, part.values[order], rtol=0, atol=1e-9)
    one = design.take(slice(7, 8))
    np.testing.assert_allclose(model.log_odds(one), z[7:8], rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.contributions(one).values, part.values[7:8], atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_leads_teach_the_same(fitted: dict[tuple[str, str], Family], family: str) -> None:
    model = fit(fitted, family, "plain")
    design, won, weight = CASES["plain"]
    copies = design.profile.copy(), won.copy(), weight.copy()
    again = FAMILIES[family]().fit(design, won, weight)
    np.testing.assert_array_equal(again.log_odds(design), model.log_odds(design))
    for array, copy in zip((design.profile, won, weight), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_matter(family: str) -> None:
    design = make_design(ROWS)
    won = (np.arange(ROWS) % 2).astype(np.float64)
    z = {}
    for favoured in (0.0, 1.0):
        weight = np.where(won == favoured, 1.0, 0.02)
        z[favoured] = FAMILIES[family]().fit(design, won, weight).log_odds(design).mean()
    assert z[1.0] - z[0.0] > 0.5


# The rhythm looks at its own columns alone, see tests/models/test_rhythm.py.
@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in {"prior", "rhythm"}])
def test_a_strong_signal_is_found(fitted: dict[tuple[str, str], Family], family: str) -> None:
    model = fit(fitted, family, "plain")
    unseen = make_design(1_000, seed=9)
    z = model.log_odds(unseen)
    assert np.corrcoef(z, truth(unseen))[0, 1] > 0.7


@pytest.mark.parametrize("family", FAMILIES)
def test_a_quick_copy_is_a_fresh_family_of_the_same_kind(
    fitted: dict[tuple[str, str], Family], family: str
) -> None:
    model = fit(fitted, family, "plain")
    design, won, weight = CASES["plain"]
    before = model.log_odds(design)
    copy = model.quick()
    assert type(copy) is FAMILIES[family]
    other = copy.fit(design, 1.0 - won, weight).log_odds(design)
    np.testing.assert_array_equal(model.log_odds(design), before)
    assert other.mean() > before.mean() + 0.1


def test_names_and_order_of_the_families() -> None:
    complexity = [family.complexity for family in FAMILIES.values()]
    assert complexity == sorted(set(complexity))
    assert [family.name for family in FAMILIES.values()] == list(FAMILIES)
    assert all(family.label for family in FAMILIES.values())
