"""Segments of profiles, and what they say about people without a history."""

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from redumbrella.recommenders.segments import PRIOR, profile_segments, segment_rates


def test_rates_are_drawn_to_the_whole() -> None:
    taught = sp.csr_matrix(np.array([[1, 0]] * 30 + [[0, 1]] * 70, np.float32))
    fields = pa.table({"person.job": ["clerk"] * 30 + ["boss"] * 70, "person.same": ["x"] * 100})
    segments = profile_segments(fields, np.ones(100, bool))
    assert segments.names == ("job is boss", "job is clerk")
    linear = segment_rates(segments, taught)
    rate = np.array([30.5, 70.5]) / 101
    clerk = (np.array([30, 0]) + PRIOR * rate) / (30 + PRIOR)
    np.testing.assert_allclose(linear.W.toarray()[1], np.log(clerk / rate), rtol=1e-5)
    allowed, own = np.ones(2, bool), sp.csr_matrix((100, 2), dtype=np.int32)
    shown = linear.best(np.array([0, 99]), 2, allowed, own, "all").products
    assert shown.tolist() == [[0, 1], [1, 0]]
    told = linear.reasons(0, 0)
    assert [(term.what, term.product) for term in told.terms] == [("job is clerk", -1)]


def test_numbers_are_cut_in_fifths_and_rare_values_are_none() -> None:
    fields = pa.table(
        {
            "person.age": pa.array([*range(100), None], pa.float64()),
            "person.town": [*(["A"] * 50), *(["B"] * 45), *(["C"] * 5), None],
        }
    )
    segments = profile_segments(fields, np.ones(101, bool))
    member = segments.member.toarray()
    assert len(segments.names) == 7
    assert segments.names[0].startswith("age is below")
    assert segments.names[5:] == ("town is A", "town is B")
    assert member[:100, :5].sum(axis=0).tolist() == [20] * 5
    assert member[100].sum() == 0
    assert member[97, 5:].sum() == 0


def test_without_profiles_nothing_is_said() -> None:
    fields = pa.table({"person.day": pa.array([1, 2], pa.timestamp("us", "UTC"))})
    assert profile_segments(fields, np.ones(2, bool)).names == ()
