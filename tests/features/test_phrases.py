"""Sentences of fields: numbers, yes and no, missing values, units, labels, several languages."""

from datetime import UTC, datetime

import pytest

from redumbrella.features.matrix import OTHER, Feature
from redumbrella.features.phrases import field_sentence, rank_sentence, rule_sentence, shown
from redumbrella.settings.labels import Labels

LABELS = Labels(
    fields={"pdays": "days since the last contact", "Herkunft": "source"},
    values={"pdays": {"999": "never"}, "newsletter": {"yes": "subscribed"}},
    units={"income": "EUR"},
    currency="USD",
)


@pytest.mark.parametrize(
    ("field", "value", "usual", "expected"),
    [
        ("source", "Fair", "Web", "the source is Fair (most: Web)"),
        ("source", "Web", "Web", "the source is Web"),
        ("source", None, "Web", "the source is not known (most: Web)"),
        ("leadSource", "Fair", None, "the lead source is Fair"),
        ("Herkunft", "Messe Köln", "Web", "the source is Messe Köln (most: Web)"),
        ("phone_number", None, None, "the phone number is not known"),
        ("total_visits", None, 3.0, "the total visits are not known (usually 3)"),
        ("total_visits", 0.0, 3.0, "no total visits (usually 3)"),
        ("total_visits", 1.0, 3.0, "1 total visit (usually 3)"),
        ("total_visits", 3.0, 0.0, "3 total visits (usually none)"),
        ("total_visits", 1250.0, 3.0, "1,250 total visits (usually 3)"),
        ("Page Views Per Visit", 2.5, 3.0, "2.5 Page Views Per Visit (usually 3)"),
        ("pdays", 999.0, 6.0, "days since the last contact: never (usually 6)"),
        ("pdays", 6.0, 999.0, "6 days since the last contact (usually never)"),
        ("pdays", 1.0, 999.0, "1 day since the last contact (usually never)"),
        ("pdays", 0.0, 999.0, "0 days since the last contact (usually never)"),
        ("has_newsletter", True, False, "has newsletter: yes (usually no)"),
        ("default", "no", "no", "default: no"),
        ("newsletter", True, False, "newsletter: subscribed (usually no)"),
        ("age", 40.75, 38.0, "the age is 41 (usually 38)"),
        ("size", 0.12345, 2.0, "the size is 0.123 (usually 2)"),
        ("year_founded", 2015.0, 1999.0, "the year founded is 2015 (usually 1999)"),
        ("income", 1250.0, 900.0, "the income is 1,250\u00a0EUR (usually 900\u00a0EUR)"),
        ("budget_eur", 1250.0, None, "the budget is 1,250\u00a0EUR"),
        ("amount", 99.0, None, "the amount is 99\u00a0USD"),
        ("costs_eur", 5.0, None, "costs: 5\u00a0EUR"),
        ("share_pct", 5.0, 7.0, "the share is 5\u00a0% (usually 7\u00a0%)"),
        ("tags", "Busy", "Ringing", "tags: Busy (most: Ringing)"),
        ("by_shares", 5.0, 3.0, "by shares: 5 (usually 3)"),
        (
            "What is your occupation?",
            "Student",
            "Employed",
            "What is your occupation: Student (most: Employed)",
        ),
        ("note", "Ruft nächste Woche zurück", None, "the note is “Ruft nächste Woche zurück”"),
        ("job", "admin.", "cook", "the job is admin. (most: cook)"),
        ("person.country", "FR", None, "the country is FR"),
        ("size", 5.0, "40", "the size is 5 (usually 40)"),
    ],
)
def test_fields_in_sentences(field, value, usual, expected):
    assert field_sentence(field, value, usual, LABELS) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not known"),
        (float("nan"), "not known"),
        (True, "yes"),
        (False, "no"),
        (1250.0, "1,250"),
        (0.35, "0.35"),
        (3, "3"),
        (-2.5, "-2.5"),
        ("cook", "cook"),
        (datetime(2026, 11, 21, 8, tzinfo=UTC), "2026-11-21 08:00"),
        ("x" * 80, "x" * 57 + "…"),
        (float("inf"), "inf"),
        ("two\nlines", "two lines"),
    ],
)
def test_values_as_people_write_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_places_among_customers() -> None:
    assert rank_sentence("recency_rank", 0.84) == (
        "bought more recently than 84\u00a0% of the customers"
    )
    assert rank_sentence("money_rank", 0.999) == "spent more than nearly all of the customers"
    assert rank_sentence("money_rank", 0.1) == "90\u00a0% of the customers spent more"
    assert rank_sentence("recency_rank", 0.25) == (
        "75\u00a0% of the customers have bought more recently"
    )


@pytest.mark.parametrize(
    ("feature", "sign", "threshold", "expected"),
    [
        (Feature("age", "age", "number"), ">=", 60.0, "the age is at least 60"),
        (Feature("visits", "visits", "number"), "<=", 1.0, "at most 1 visit"),
        (
            Feature("budget_eur", "budget_eur", "number"),
            ">=",
            500.0,
            "the budget is at least 500\u00a0EUR",
        ),
        (Feature("pdays", "pdays", "number"), ">=", 999.0, "days since the last contact: never"),
        (
            Feature("pdays", "pdays", "number"),
            "missing",
            0.0,
            "the days since the last contact are not known",
        ),
        (Feature("vip", "vip", "flag"), ">=", 1.0, "vip: yes"),
        (Feature("vip", "vip", "flag"), "<=", 0.0, "vip: no"),
        (Feature("job", "job", "category", (OTHER, "cook")), "is", 1.0, "the job is cook"),
        (Feature("job", "job", "category", (OTHER, "cook")), "is", 0.0, "the job is a rare one"),
        (Feature("met.month", "met", "number"), ">=", 5.5, "the month of the met is June or later"),
        (
            Feature("met.weekday", "met", "number"),
            "<=",
            4.0,
            "the weekday of the met is Friday or earlier",
        ),
        (
            Feature("met.days_from_creation", "met", "number"),
            "<=",
            3.0,
            "the met is at most 3 days after the creation",
        ),
    ],
)
def test_rules_in_sentences(feature, sign, threshold, expected):
    assert rule_sentence(feature, sign, threshold, LABELS) == expected
