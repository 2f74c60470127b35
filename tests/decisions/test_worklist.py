"""Today's list: who is on it in which order, and what its lines say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from redumbrella.decisions.contacts import LastContact
from redumbrella.decisions.exploration import Trial
from redumbrella.decisions.next_steps import Calendar, SeenSince, is_unreached, next_step, why_now
from redumbrella.decisions.worklist import Candidates, draw_worklist, work_minutes, worth_and_doubt

NOTHING = Trial(0.0, 0.0)
TODAY = Calendar(date(2026, 5, 10), "Europe/Berlin")
NOW = datetime(2026, 5, 10, 8, tzinfo=UTC)
UNKNOWN = float("nan")


def candidates(**given: Any) -> Candidates:
    count = max(len(values) for values in given.values())
    base = {"probability": [0.2] * count, "low": [UNKNOWN] * count, "high": [UNKNOWN] * count,
            "value": [UNKNOWN] * count, "minutes": [UNKNOWN] * count,
            "contacts": [UNKNOWN] * count}  # fmt: skip
    numbers = {name: np.array(values, np.float64)
               for name, values in (base | given).items() if name != "blocked"}  # fmt: skip
    return Candidates(**numbers, blocked=np.array(given.get("blocked", [""] * count), np.str_))


def test_by_probability_the_likeliest_come_first() -> None:
    made = draw_worklist(
        candidates(probability=[0.1, 0.9, 0.5, 0.3]), "probability", 3, NOTHING, [1]
    )
    assert made.listed.tolist() == [1, 2, 3]
    assert not made.is_trial[made.listed].any()


def test_by_value_a_minute_counts_and_one_contact_is_the_least_work() -> None:
    found = candidates(value=[100.0, 90.0, 100.0, 10.0], minutes=[100.0, 10.0, 10.0, 0.1],
                       contacts=[10.0, 1.0, 1.0, 1.0])  # fmt: skip
    worth, _ = worth_and_doubt(found, "value")
    assert np.argsort(-worth).tolist() == [2, 1, 0, 3]
    assert worth[3] == pytest.approx(10.0 / 10.0)  # nobody is done in a tenth of a minute


def test_the_length_of_contacts_on_record_is_the_least_work() -> None:
    few = candidates(value=[100.0, 80.0], minutes=[8.0, 5.0], contacts=[2.0, 1.0])
    assert draw_worklist(few, "value", 2, NOTHING, [1]).listed.tolist() == [1, 0]
    long = replace(few, contact_minutes=9.0)
    assert work_minutes(long).tolist() == [9.0, 9.0]
    assert draw_worklist(long, "value", 2, NOTHING, [1]).listed.tolist() == [0, 1]


def test_who_may_not_be_contacted_or_has_no_value_is_never_listed() -> None:
    found = candidates(value=[9.0, 8.0, UNKNOWN, 7.0], blocked=["why not", "", "", ""])
    made = draw_worklist(found, "value", 10, Trial(0.5, 0.5), [1])
    assert set(made.listed.tolist()) == {1, 3}
    assert np.isnan(made.chance[[0, 2]]).all()
    assert made.chance[[1, 3]].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("places", [0, 5])
def test_no_place_or_nobody_makes_an_empty_list(places: int) -> None:
    nobody = candidates(probability=[0.5, 0.5], blocked=["x", "x"])
    one = nobody if places else candidates(probability=[0.5, 0.5])
    made = draw_worklist(one, "probability", places, Trial(), [1])
    assert made.listed.size == 0
    assert np.isnan(made.chance).all()


def test_the_same_seed_draws_the_same_and_another_one_another() -> None:
    found = candidates(probability=np.linspace(0.01, 0.9, 100), low=np.linspace(0.005, 0.8, 100),
                       high=np.linspace(0.1, 0.95, 100))  # fmt: skip
    lists = [draw_worklist(found, "probability", 20, Trial(0.4, 0.1), seed).listed.tolist()
             for seed in ([1, 2], [1, 2], [1, 3])]  # fmt: skip
    assert lists[0] == lists[1] != lists[2]


def test_those_tried_out_stand_anywhere_between_the_best() -> None:
    found = candidates(probability=np.linspace(0.01, 0.9, 300), low=np.linspace(0.005, 0.8, 300),
                       high=np.linspace(0.1, 0.95, 300))  # fmt: skip
    places = []
    for seed in range(60):
        made = draw_worklist(found, "probability", 20, Trial(0.3, 0.0), [seed])
        tried = made.is_trial[made.listed]
        places += np.flatnonzero(tried).tolist()
        best = made.listed[~tried]
        assert (np.diff(found.probability[best]) < 0).all()
    assert np.mean(places) == pytest.approx(9.5, abs=1.2)


def contact(days: float, outcome: str = "", times: int = 1, kind: str = "call") -> LastContact:
    return LastContact(NOW - timedelta(days=days), kind, outcome, "R-1", times)


@pytest.mark.parametrize(
    ("created", "last", "seen", "words"),
    [
        (None, None, None, "nobody has contacted it yet"),
        (0.1, None, None, "came today, nobody has contacted it yet"),
        (5, None, SeenSince(1, NOW - timedelta(days=1), "prices"),
         "came 5 days ago, nobody has contacted it yet; active once since, yesterday (prices)"),
        (30, contact(8, "no_answer"), None, "nothing new since the call 2 May (no answer)"),
        (30, contact(3, "interested"), SeenSince(4, NOW - timedelta(days=2), ""),
         "active 4 times since the call 3 days ago (interested), last 2 days ago"),
        (600, contact(400), None, "nothing new since the call 5 April 2025"),
    ],
)  # fmt: skip
def test_a_line_says_why_now(
    created: float | None, last: LastContact | None, seen: SeenSince | None, words: str
) -> None:
    came = None if created is None else NOW - timedelta(days=created)
    assert why_now(came, last, seen, TODAY) == words


@pytest.mark.parametrize(
    ("last", "stage", "words"),
    [
        (None, "New", "First contact"),
        (contact(2, "No Answer"), "Offer", "Try again (2nd try)"),
        (contact(2, "voicemail", 2), "", "Try again (3rd try)"),
        (contact(2, "missed", 10), "", "Try again (11th try)"),
        (contact(2, "interested"), "", "Follow up the call"),
        (contact(2, "", kind="site_visit"), "Offer", "Follow up the site visit, stage Offer"),
    ],
)
def test_a_line_says_what_to_do(last: LastContact | None, stage: str, words: str) -> None:
    assert next_step(last, stage) == words


def test_who_was_spoken_to_was_reached() -> None:
    assert not is_unreached(contact(1, "interested"))
    assert not is_unreached(contact(1))
    assert is_unreached(contact(1, "NO-ANSWER"))
