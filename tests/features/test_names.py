import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.features.kernel.blocks import SCOPES
from redumbrella.features.kernel.streams import Stream
from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet
from redumbrella.features.names import (
    column_names,
    parse_name,
    phrase_of,
    sentence,
    value_in_words,
)

EVERYTHING = FeatureSet(families=FAMILY_NAMES)


def ago(hours):
    return 24 / (24 + hours)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("events.pricing_view.count.7d", 4, "viewed pricing 4 times in the last 7 days"),
        ("events.pricing_view.count.1d", 1, "viewed pricing 1 time in the last 24 hours"),
        ("events.pricing_view.count.all", 1200, "viewed pricing 1,200 times so far"),
        ("events.pricing_view.count.7d", 0, "has not viewed pricing in the last 7 days"),
        ("events.pricing_view.count.all", 0, "has never viewed pricing"),
        ("events.pricing_view.active_days.30d", 1, "viewed pricing on 1 day in the last 30 days"),
        ("events.pricing_view.last_seen.all", ago(75), "last viewed pricing 3 days ago"),
        ("events.pricing_view.last_seen.all", ago(1), "last viewed pricing 1 hour ago"),
        ("events.pricing_view.last_seen.7d", ago(0), "last viewed pricing within the last hour"),
        ("events.pricing_view.first_seen.all", ago(49), "first viewed pricing 2 days ago"),
        (
            "events.pricing_view.first_seen.30d",
            ago(240),
            "first viewed pricing 10 days ago, counting the last 30 days",
        ),
        ("events.pricing_view.seen.all", 1, "has viewed pricing"),
        (
            "events.pricing_view.duration_total.7d",
            5400,
            "viewed pricing for 1.5 hours in total in the last 7 days",
        ),
        (
            "events.pricing_view.duration_mean.all",
            60,
            "viewed pricing for 1 minute on average so far",
        ),
        (
            "events.demo_request.share.90d",
            0.25,
            "requested demo: 25\u00a0% of all events in the last 90 days",
        ),
        (
            "events.demo_request.count_trend.7d/14d",
            0.75,
            "requested demo: 75\u00a0% of the times of the last 14 days were in the last 7 days",
        ),
        (
            "events.demo_request.count_trend.365d/all",
            0.5,
            "requested demo: 50\u00a0% of the times of the whole history were in the last 365 days",
        ),
        (
            "events.demo_request.share_trend.7d/14d",
            2,
            "requested demo: its share of all events in the last 7 days is 2.0 times that of the "
            "last 14 days",
        ),
        (
            "activities.call/refused.share.this_product.all",
            0.5,
            "had a call (refused) about this product: 50\u00a0% of all activities so far",
        ),
        (
            "activities.email.count.this_product_type.30d",
            2,
            "had an email about this type of product 2 times in the last 30 days",
        ),
        (
            "activities.call.long_share.all",
            0,
            "had a call: 0\u00a0% of them long so far",
        ),
        (
            "purchases.summer_sale.value_max.all",
            99.5,
            "bought summer sale for 99.50 at most so far",
        ),
        ("pages.blog.count.3d", 2, "visited blog pages 2 times in the last 3 days"),
        ("pages.any.distinct.7d", 3, "visited pages of 3 different kinds in the last 7 days"),
        (
            "pages.any.spread.7d",
            2.5,
            "visited pages as varied as 2.5 equally frequent kinds in the last 7 days",
        ),
        ("events.any.active_days.7d", 2, "was active on 2 days in the last 7 days"),
        ("events.any.count.7d", 0, "has not been active in the last 7 days"),
        ("events.Signed Up.seen.all", 1, "has signed up"),
        ("events.webinar.v2.count.all", 2, "had “webinar.v2” 2 times so far"),
    ],
)
def test_sentences(name, value, expected):
    assert sentence(name, value) == expected


def test_phrases_of_the_user_come_first():
    phrases = {"webinar_42": "attended the spring webinar"}
    said = sentence("events.webinar_42.count.7d", 1, phrases)
    assert said == "attended the spring webinar 1 time in the last 7 days"


@given(st.text(min_size=1), st.sampled_from(["", *SCOPES]))
def test_names_are_unique_and_come_apart_again_whatever_the_code(code, scope):
    stream = Stream("events", (code, code + ".count.7d"), has_duration=True, has_value=True)
    names = column_names(stream, FeatureSet((7, 30), FAMILY_NAMES), scope)
    assert len(names) == len(set(names)) or "any" in stream.codes
    for name in names:
        parts = parse_name(name)
        assert str(parts) == name
        assert parts.code in (*stream.codes, "any")
        assert parts.scope == scope


@pytest.mark.parametrize("value", [0.0, 1.0, 0.4, 7.0])
def test_every_variable_has_a_sentence(value):
    stream = Stream("activities", ("call/won", "visit"), has_duration=True, has_value=True)
    for scope in ("", *SCOPES):
        for name in column_names(stream, EVERYTHING, scope):
            said = sentence(name, value)
            assert said
            assert "{" not in said
            assert not said.endswith(" ")


def test_past_tense_of_codes():
    assert phrase_of("events", "view_pricing") == "viewed pricing"
    assert phrase_of("events", "form_submitted") == "submitted form"
    assert phrase_of("events", "login") == "logged in"
    assert phrase_of("events", "heartbeat") == "had “heartbeat”"


@pytest.mark.parametrize("name", ["", "age", "events.count.7d", "events.a.number.7d"])
def test_other_names_are_refused(name):
    with pytest.raises(DataError, match="not the name of a window variable"):
        parse_name(name)


def test_values_carry_their_unit() -> None:
    said = {
        "events.visit.last_seen.all": (24 / (24 + 24 * 14), "14 days ago"),
        "events.visit.first_seen.30d": (0.0, "never"),
        "events.visit.share.30d": (0.25, "25\u00a0%"),
        "events.visit.duration_total.7d": (90.0, "2 minutes"),
        "events.visit.count.7d": (1234.0, "1,234"),
        "events.visit.value_total.all": (12.5, "12.5"),
        "events.visit.count_trend.30d/90d": (1.0, "100\u00a0%"),
        "events.visit.share_trend.30d/90d": (1.234, "1.2 times"),
    }
    for name, (value, words) in said.items():
        assert value_in_words(name, value) == words
