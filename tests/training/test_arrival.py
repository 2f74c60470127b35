"""Forgetting by half-lives, and the arrival that tells a lead's place in the record."""

import numpy as np
import orjson
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.features.matrix import Design, Feature
from redumbrella.scores.telling import label_of
from redumbrella.settings.labels import Labels
from redumbrella.training.arrival import (
    ARRIVAL_NAME,
    ArrivalTime,
    arrival_stopped_at,
    fit_arrival_time,
)
from redumbrella.training.decay import Decay


def test_weights_by_hand() -> None:
    np.testing.assert_array_equal(Decay().weights(3), [1.0, 1.0, 1.0])
    # Four leads, half-life a quarter of the record: each lead counts half of the next one.
    np.testing.assert_allclose(Decay(0.25).weights(4), [0.125, 0.25, 0.5, 1.0])
    assert Decay(0.5).weights(0).shape == (0,)


@given(st.floats(0.05, 2.0), st.integers(1, 300))
def test_weights_grow_to_one(half_life: float, rows: int) -> None:
    weights = Decay(half_life).weights(rows)
    assert weights[-1] == 1.0
    assert (weights > 0).all()
    assert (np.diff(weights) > 0).all()


def test_the_clock_runs_from_zero_to_one() -> None:
    arrival = fit_arrival_time(np.array([10.0, 20.0, 30.0, 50.0, 90.0]), "created_at")
    asked = np.array([10.0, 20.0, 25.0, 30.0, 70.0, 90.0, 1e9, -5.0])
    np.testing.assert_allclose(arrival.read(asked), [0.0, 0.25, 0.375, 0.5, 0.875, 1.0, 1.0, 0.0])


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=700))
def test_arrival_never_runs_back(at: list[int]) -> None:
    position = np.sort(np.array(at, np.float64))
    arrival = fit_arrival_time(position, "created_at")
    shares = arrival.read(position)
    assert ((shares >= 0.0) & (shares <= 1.0)).all()
    assert (np.diff(shares) >= 0).all()
    again = ArrivalTime.from_json(orjson.loads(orjson.dumps(arrival.to_json())))
    np.testing.assert_array_equal(again.read(position), shares)
    assert again.source == "created_at"


def test_arrival_stands_beside_the_profile_and_can_be_stopped() -> None:
    features = (Feature("x", "x", "number"), Feature("seen", "events", "history"))
    past = sp.csr_matrix(np.array([[1.0], [0.0], [2.0]], np.float32))
    design = Design(features, np.array([[5.0], [6.0], [7.0]]), past)
    position = np.array([0.0, 50.0, 100.0])
    beside = fit_arrival_time(position, "created_at").beside(design, position)
    assert [f.name for f in beside.features] == ["x", ARRIVAL_NAME, "seen"]
    np.testing.assert_allclose(beside.profile, [[5.0, 0.0], [6.0, 0.5], [7.0, 1.0]])
    assert beside.history is past
    stopped = arrival_stopped_at(beside, 0.5)
    np.testing.assert_allclose(stopped.profile[:, 1], [0.0, 0.5, 0.5])
    assert beside.profile[2, 1] == pytest.approx(1.0)
    assert arrival_stopped_at(design, 0.5) is design


def test_a_field_called_arrival_is_a_field_of_its_own() -> None:
    """It was once taken for the time of arrival: clipped at the latest that was known."""
    own = Feature("arrival", "arrival", "number")
    design = Design((own,), np.array([[5.0], [90.0]]))
    np.testing.assert_array_equal(arrival_stopped_at(design, 7.0).profile, [[5.0], [90.0]])
    assert label_of("arrival", Labels()) == "arrival"
