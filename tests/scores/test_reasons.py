"""Reasons in words: which fields are named, in which order, and what is left, on made values."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import TIME

from redumbrella.columns import RANKS, RHYTHM
from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.models.base import Contributions
from redumbrella.reports.reasons import BEHAVIOUR, HISTORY, PROFILE, THEMES, TIMES, TIMING
from redumbrella.scores.reasons import lead_reasons
from redumbrella.scores.telling import Speech, label_of, label_of_history, usual_values
from redumbrella.settings.labels import Labels
from redumbrella.training.arrival import ARRIVAL_NAME
from redumbrella.views.explanation import all_reasons, in_one_cell, strongest

LEADS = pa.table(
    {
        "age": pa.array([30.0, None, 1250.0]),
        "job": pa.array(["cook", "clerk", None]),
        "met": pa.array([True, False, None]),
        "called_on": pa.array([datetime(2026, 11, 21, 8, tzinfo=UTC)] * 3, TIME),
        "index": pa.array([4.9, 4.9, 4.8]),
    }
)
FEATURES = (
    Feature("age", "age", "number"),
    Feature("job", "job", "category", (OTHER, "clerk", "cook")),
    Feature("called_on.month", "called_on", "number"),
    Feature("called_on.weekday", "called_on", "number"),
    Feature(ARRIVAL_NAME, "created_at", "number"),
    Feature("index", "index", "number"),
)


def blank(features: Sequence[Feature]) -> Design:
    """A design of the three leads, whose values do not matter."""
    return Design(tuple(features), np.zeros((3, len(features))))


def test_reasons_are_sorted_grouped_and_in_words() -> None:
    values = np.array(
        [
            [0.5, -0.2, 0.3, 0.4, -0.001, 0.9],
            [-1.0, 0.0, 0.0, 0.0, 0.3, 0.0],
            [0.1, 0.2, 0.0, 0.0, -0.4, -0.004],
        ]
    )
    usual = {"age": 40.0, "job": "clerk"}
    speech = Speech(times=frozenset({"index"}))
    why = lead_reasons(LEADS, blank(FEATURES), Contributions(-1.5, values), usual, speech=speech)
    first = why[0]
    assert first["base"] == -1.5
    assert first["total"] == pytest.approx(-1.5 + 1.899)
    # Dates, arrival and the index of the market are one reason, the last, however large it is.
    assert [r["feature"] for r in first["raises"]] == ["age", TIMES]
    assert [r["contribution"] for r in first["raises"]] == pytest.approx([0.5, 1.599])
    assert first["raises"][0]["text"] == "the age is 30 (usually 40)"
    assert first["raises"][0]["value"] == "30"
    assert first["raises"][0]["usual"] == "40"
    assert (
        first["raises"][1]["text"]
        == "the times: leads that came in the same weeks convert more often"
    )
    assert [r["text"] for r in first["lowers"]] == ["the job is cook (most: clerk)"]
    assert first["rest"] == pytest.approx(0.0)
    second = why[1]
    assert second["lowers"][0]["text"] == "the age is not known (usually 40)"
    third = why[2]
    assert [r["text"] for r in third["raises"]] == [
        "the job is not known (most: clerk)",
        "the age is 1,250 (usually 40)",
    ]
    assert (
        third["lowers"][0]["text"]
        == "the times: leads that came in the same weeks convert less often"
    )


def test_people_are_not_called_leads() -> None:
    values = np.full((3, 1), 0.3)
    design = blank([Feature("called_on.month", "called_on", "number")])
    speech = Speech(about_leads=False)
    why = lead_reasons(LEADS, design, Contributions(0.0, values), {}, speech=speech)
    assert why[0]["raises"][0]["text"] == "the times: it happens in these weeks more often"


def test_the_strongest_reason_is_one_of_the_lead_itself() -> None:
    values = np.array([[0.2, -0.1, 2.0, 0.0, 0.0, 0.0]] * 3)
    why = lead_reasons(LEADS, blank(FEATURES), Contributions(0.0, values), {})
    stored = json.dumps(why[0])
    found = strongest(stored)
    assert found is not None
    assert found.feature == "age"
    assert [reason.feature for reason in all_reasons(stored)] == ["age", "job", TIMES]
    assert in_one_cell(all_reasons(stored)).endswith("| lowers: the job is cook")
    only = lead_reasons(LEADS, blank(FEATURES), Contributions(0.0, values * [0, 0, 1, 0, 0, 0]), {})
    alone = strongest(json.dumps(only[0]))
    assert alone is not None
    assert alone.feature == TIMES


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 999), st.integers(0, 40))
def test_the_sum_is_kept_and_the_rest_is_never_the_largest(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    sources = [f"s{k // 2}" if k % 3 else f"events.s{k}" for k in range(width)]
    features = [Feature(f"f{k}", source, "number") for k, source in enumerate(sources)]
    values = rng.normal(rng.choice([0.0, 0.1]), 0.3, (3, width)) * (rng.random((3, width)) < 0.7)
    reasons = lead_reasons(LEADS, blank(features), Contributions(0.2, values), {})
    for n, why in enumerate(reasons):
        lines = why["raises"] + why["lowers"]
        told = sum(reason["contribution"] for reason in lines)
        assert why["base"] + told + why["rest"] == pytest.approx(0.2 + values[n].sum())
        assert why["total"] == pytest.approx(0.2 + values[n].sum())
        assert abs(why["rest"]) <= max([abs(r["contribution"]) for r in lines], default=0.0) + 0.021
        for side, sign in (("raises", 1), ("lowers", -1)):
            sizes = [r["contribution"] * sign for r in why[side] if r["feature"] not in THEMES]  # type: ignore[literal-required]
            assert len(sizes) <= 10
            assert sizes == sorted(sizes, reverse=True)
            assert all(size > 0.005 for size in sizes)


def test_what_is_left_is_told_by_theme() -> None:
    """Thirty fields of equal weight: ten are named, the others come together by theme."""
    names = [f"{stream}.x{k}" for stream in ("events", "calls") for k in range(14)]
    features = [Feature(name, name, "number") for name in (*names, "events.latest", "activities.y")]
    why = lead_reasons(LEADS, blank(features), Contributions(0.0, np.full((3, 30), 0.1)), {})[0]
    groups = [line for line in why["raises"] if line["feature"] in THEMES]
    assert len(why["raises"]) == 10 + len(groups)
    assert {line["feature"] for line in groups} == {BEHAVIOUR, PROFILE, HISTORY, TIMING}
    assert why["raises"][-len(groups) :] == groups
    assert sum(line["contribution"] for line in groups) == pytest.approx(2.0)
    assert why["rest"] == pytest.approx(0.0)


def test_a_reason_from_a_history_is_the_sentence_that_weighs_most() -> None:
    names = ("events.visit.count.7d", "events.visit.count.all", "age")
    features = (
        Feature("age", "age", "number"),
        Feature(names[0], "events.visit", "history"),
        Feature(names[1], "events.visit", "history"),
    )
    counts = sp.csr_matrix(np.array([[0.0, 4.0], [2.0, 4.0], [0.0, 0.0]], np.float32))
    design = Design(features, np.array([[30.5], [40.0], [0.2]]), counts)
    values = np.array([[0.1, 0.2, 0.5], [0.1, 0.6, 0.5], [0.1, -0.3, -0.4]])
    bare = LEADS.select(["called_on"])
    usual = usual_values(bare, ["age"], design)
    assert usual == {"age": 30.5, names[0]: 0.0, names[1]: 4.0}
    why = lead_reasons(bare, design, Contributions(0.0, values), usual)
    assert [w["raises"][0]["text"] for w in why[:2]] == [
        "visited 4 times so far",
        "visited twice in the last 7 days (usually not)",
    ]
    assert why[2]["lowers"][0]["text"] == "has never visited (usually 4 times)"
    assert why[0]["raises"][0]["contribution"] == pytest.approx(0.7)
    # A dense column that stands in no record is told from the design.
    assert why[1]["raises"][1]["text"] == "the lead is 40 days old (usually 30 days)"
    assert why[2]["raises"][0]["text"] == "the lead is less than a day old (usually 30 days)"


def test_the_only_kind_of_a_stream_is_the_stream() -> None:
    names = ("purchases.any.count.7d", "purchases.purchase.count.30d")
    features = [Feature(name, name.rsplit(".", 2)[0], "history") for name in names]
    features.insert(0, Feature("age", "age", "number"))
    counts = sp.csr_matrix(np.array([[1.0, 2.0], [0.0, 1.0], [0.0, 0.0]], np.float32))
    design = Design(tuple(features), np.full((3, 1), 30.0), counts)
    values = np.array([[0.4, 0.2, 0.3]] * 3)
    why = lead_reasons(LEADS, design, Contributions(0.0, values), {})
    assert [(r["text"], pytest.approx(r["contribution"])) for r in why[0]["raises"]] == [
        ("bought twice in the last 30 days", 0.5),
        ("the age is 30", 0.4),
    ]


def test_what_is_said_twice_is_said_once() -> None:
    """All purchases, and those of the kind that most are of: the same words, one reason."""
    names = ("purchases.any.count.7d", "purchases.purchase.count.7d", "purchases.refund.count.7d")
    features = [Feature(name, name.rsplit(".", 2)[0], "history") for name in names]
    features.insert(0, Feature("age", "age", "number"))
    counts = sp.csr_matrix(np.array([[2, 2, 0], [2, 1, 1], [0, 0, 0]], np.float32))
    design = Design(tuple(features), np.full((3, 1), 30.0), counts)
    values = np.array([[0.4, 0.3, 0.2, 0.0]] * 3)
    why = lead_reasons(LEADS, design, Contributions(0.0, values), {})
    assert [(r["text"], pytest.approx(r["contribution"])) for r in why[0]["raises"]] == [
        ("bought twice in the last 7 days", 0.5),
        ("the age is 30", 0.4),
    ]
    assert len(why[1]["raises"]) == 3
    assert why[0]["rest"] == pytest.approx(0.0)


def test_the_latest_fact_of_a_stream() -> None:
    feature = Feature("events.latest", "events.latest", "category", (OTHER, "pricing_view"))
    design = Design((feature,), np.array([[1.0], [np.nan], [1.0]]))
    usual = usual_values(LEADS, ["events.latest"], design)
    why = lead_reasons(LEADS, design, Contributions(0.0, np.full((3, 1), 0.3)), usual)
    assert [w["raises"][0]["text"] for w in why[:2]] == [
        "the latest event was “pricing view”",
        "no event yet",
    ]


def test_words_of_a_text_are_quoted() -> None:
    table = pa.table({"notes": pa.array(["wants pricing", "dog", None])})
    feature = Feature("notes words", "notes", "number")
    words = {"notes": (["pricing", "", ""], ["", "", ""])}
    values = np.array([[0.4], [-0.3], [-0.1]])
    why = lead_reasons(table, blank([feature]), Contributions(0.0, values), {}, words)
    assert why[0]["raises"][0]["text"] == "the notes say “pricing”"
    assert why[0]["raises"][0]["value"] == "pricing"
    assert why[1]["lowers"][0]["text"] == "no word of the notes raises the chance"
    assert why[2]["lowers"][0]["text"] == "the notes are not known"


def test_a_rhythm_is_a_chance_and_a_rank_a_comparison() -> None:
    customers = pa.table({RHYTHM: [0.0, -1.1, None], RANKS[0]: [0.1234, 0.9, None]})
    features = [Feature(name, name, "number") for name in (RHYTHM, RANKS[0])]
    values = np.array([[0.4, 0.2]] * 3)
    usual = usual_values(customers, [RHYTHM])
    why = lead_reasons(customers, blank(features), Contributions(0.0, values), usual)
    assert [r["text"] for r in why[0]["raises"]] == [
        "of customers who bought this often and this lately 50\u00a0% buy again "
        "(usually 25\u00a0%)",
        "88\u00a0% of the customers have bought more recently",
    ]
    assert why[0]["raises"][0]["usual"] == "25\u00a0%"
    assert why[1]["raises"][1]["text"] == "bought more recently than 90\u00a0% of the customers"
    assert why[2]["raises"][0]["text"] == "there is no rhythm of purchases yet"
    assert why[2]["raises"][1]["text"] == "has not bought yet"


def test_labels_stand_in_reasons() -> None:
    labels = Labels({"job": "occupation"}, {"job": {"cook": "a chef"}}, {"age": "years"})
    values = np.array([[0.2, 0.1, 0, 0, 0, 0]] * 3)
    usual = {"job": "cook", "age": 40.0}
    speech = Speech(labels)
    why = lead_reasons(LEADS, blank(FEATURES), Contributions(0.0, values), usual, speech=speech)
    assert [r["text"] for r in why[0]["raises"]] == [
        "the age is 30\u00a0years (usually 40\u00a0years)",
        "the occupation is a chef",
    ]
    assert why[1]["raises"][1]["text"] == "the occupation is clerk (most: a chef)"
    assert why[1]["raises"][1]["usual"] == "a chef"


def test_labels_usual_values_and_missing_fields() -> None:
    assert label_of("last_contact.channel", Labels()) == "last contact channel"
    assert label_of(ARRIVAL_NAME, Labels()) == "time of arrival"
    assert label_of("pages.latest", Labels()) == "latest page visit"
    assert label_of_history("activities.call.count.7d") == "calls"
    usual = usual_values(LEADS, ["age", "job", "met", "called_on", "gone"])
    assert set(usual) == {"age", "job", "met"}
    assert usual["met"] in (True, False)
    assert usual_values(pa.table({"x": pa.nulls(3)}), ["x"]) == {}
    gone = Design((Feature("gone", "gone", "number"),), np.full((3, 1), np.nan))
    why = lead_reasons(LEADS, gone, Contributions(0.0, np.full((3, 1), -0.2)), {})
    assert why[0]["lowers"][0]["text"] == "the gone is not known"
