"""Effort: contacts, minutes and cost of leads whose true effort is known."""

import numpy as np
import orjson
import pytest
from lead_worlds import make_design

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design
from redumbrella.models.base import Parts, Vector
from redumbrella.models.worth.effort import Effort, fit_effort

MINUTES_EACH = 12.0


def true_contacts(design: Design) -> Vector:
    return np.asarray(3.0 * np.exp(0.6 * np.nan_to_num(design.profile[:, 0])))


def closed(rows: int, seed: int = 0) -> tuple[Design, Vector, Vector]:
    """A third of the leads needs no contact; the others a Poisson number of about 12 minutes."""
    design, rng = make_design(rows, seed), np.random.default_rng(seed + 3)
    contacts = rng.poisson(1.5 * true_contacts(design)) * (rng.random(rows) < 2 / 3)
    minutes = rng.gamma(np.maximum(contacts, 1e-9), MINUTES_EACH)
    return design, contacts.astype(float), np.where(contacts > 0, minutes, 0.0)


def test_means_and_intervals_against_the_truth() -> None:
    model = fit_effort(*closed(1_500))
    asked, contacts, minutes = closed(1_500, 40)
    said = model.estimate(asked, 30.0)
    true = true_contacts(asked)
    assert np.abs(np.log(said.contacts.value / true)).mean() < 0.15
    assert np.abs(np.log(said.minutes.value / (MINUTES_EACH * true))).mean() < 0.15
    for estimate, happened in ((said.contacts, contacts), (said.minutes, minutes)):
        inside = (estimate.low <= happened) & (happened <= estimate.high)
        assert 0.74 < inside.mean() < 0.93
        assert (estimate.low <= estimate.high).all()


def test_cost_is_time_and_contacts_at_their_rates() -> None:
    model = fit_effort(*closed(60))
    asked = make_design(20, 9)
    said = model.estimate(asked, 45.0, 2.0)
    for cost, minutes, contacts in zip(said.cost, said.minutes, said.contacts, strict=True):
        np.testing.assert_allclose(cost, minutes * 45.0 / 60.0 + contacts * 2.0)
    rates = np.linspace(0.0, 80.0, 20)
    each = model.estimate(asked, rates).cost.value
    np.testing.assert_allclose(each, said.minutes.value * rates / 60.0)


@pytest.mark.parametrize("rows", [1, 39])
def test_few_closed_leads_give_everybody_the_mean(rows: int) -> None:
    design, contacts, minutes = closed(rows, 2)
    contacts[0], minutes[0] = 4.0, 50.0
    said = fit_effort(design, contacts, minutes).estimate(make_design(8), 60.0)
    np.testing.assert_allclose(said.contacts.value, contacts.mean())
    np.testing.assert_allclose(said.cost.value, minutes.mean())
    assert np.ptp(said.minutes.high) == 0


def test_from_forty_on_the_record_counts() -> None:
    model = fit_effort(*closed(120))
    assert model.minutes.regime == model.contacts.regime == "model"
    part, asked = model.minutes.contributions(make_design(30)), make_design(30)
    total = np.exp(part.base + part.values.sum(axis=1))
    np.testing.assert_allclose(total, model.estimate(asked, 1.0).minutes.value)


def test_parts_through_json_and_repetition() -> None:
    design, contacts, minutes = closed(450)
    model = fit_effort(design, contacts, minutes)
    parts = model.to_parts()
    facts = orjson.loads(orjson.dumps(parts.facts))
    asked = make_design(25, 6)
    first = model.estimate(asked, 20.0)
    for other in (
        Effort.from_parts(Parts(facts, parts.arrays), design.features),
        fit_effort(design, contacts, minutes),
    ):
        again = other.estimate(asked, 20.0)
        np.testing.assert_array_equal(np.array(again.cost), np.array(first.cost))
        np.testing.assert_array_equal(np.array(again.contacts), np.array(first.contacts))


def test_impossible_input_is_refused() -> None:
    design, contacts, minutes = closed(10)
    with pytest.raises(DataError, match="3 of 10 minutes of contacts are below zero, such as -1"):
        fit_effort(design, contacts, np.where(np.arange(10) < 3, -1.0, minutes))
    with pytest.raises(DataError, match="All 10 numbers of contacts are zero"):
        fit_effort(design, np.zeros(10), minutes)
    with pytest.raises(DataError, match="no numbers of contacts to learn from"):
        fit_effort(design.take(slice(0, 0)), np.empty(0), np.empty(0))
    model = fit_effort(*closed(60))
    with pytest.raises(DataError, match="cost per hour must be 0 or more, but is -5"):
        model.estimate(design, -5.0)
    with pytest.raises(DataError, match="cost per contact must be 0 or more, but is -1"):
        model.estimate(design, 1.0, np.array([1.0, -1.0]))
