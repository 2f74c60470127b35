"""Sentences of window variables: numbers 0, 1, 2 and many, money, shares, times, windows."""

import pytest

from redumbrella.features.kernel.blocks import SCOPES
from redumbrella.features.kernel.streams import Stream
from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet
from redumbrella.features.names import column_names
from redumbrella.features.sentences import (
    act_of,
    latest_of,
    seen_sentence,
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
        ("events.pricing_view.count.1d", 1, "viewed pricing once in the last 24 hours"),
        ("events.pricing_view.count.7d", 2, "viewed pricing twice in the last 7 days"),
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
            "events.pricing_view.duration_total.all",
            3590,
            "viewed pricing for 1 hour in total so far",
        ),
        (
            "events.demo_request.share.90d",
            0.25,
            "25\u00a0% of all events in the last 90 days were “demo request” events",
        ),
        (
            "events.demo_request.count_trend.7d/14d",
            0.75,
            "75\u00a0% of the “demo request” events of the last 14 days came in the last 7 days",
        ),
        (
            "activities.call.count_trend.365d/all",
            0.5,
            "50\u00a0% of the calls of the whole history came in the last 365 days",
        ),
        ("activities.call.count_trend.365d/all", 0, "no call in the last 365 days"),
        (
            "events.demo_request.share_trend.7d/14d",
            2,
            "the share of “demo request” events among all events was 2 times as high in the last 7 "
            "days as in the last 14 days",
        ),
        (
            "activities.call/refused.share.this_product.all",
            0.5,
            "50\u00a0% of all contacts so far were calls with “refused” about this product",
        ),
        ("activities.call/no_answer.count.30d", 2, "2 calls with “no answer” in the last 30 days"),
        ("activities.call/no_answer.count.all", 1, "1 call with “no answer” so far"),
        ("activities.call/no_answer.count.7d", 0, "no call with “no answer” in the last 7 days"),
        ("activities.rückruf.count.all", 2, "2 “rückruf” so far"),
        (
            "activities.email.count.this_product_type.30d",
            2,
            "2 emails about this type of product in the last 30 days",
        ),
        ("activities.call.last_seen.all", ago(75), "the last call was 3 days ago"),
        (
            "activities.call.first_seen.30d",
            ago(75),
            "the first call in the last 30 days was 3 days ago",
        ),
        ("activities.call.duration_mean.all", 180, "calls lasted 3 minutes on average so far"),
        ("activities.call.seen.all", 1, "had calls"),
        ("activities.call.long_share.all", 0, "no long call so far"),
        ("activities.call.long_share.all", 0.5, "50\u00a0% of the calls so far were long"),
        ("activities.call.duration_total.7d", 0, "calls: no time on record in the last 7 days"),
        ("activities.any.count.7d", 0, "no contact in the last 7 days"),
        ("reps.Anna B.count.all", 3, "was in contact with Anna B 3 times so far"),
        ("reps.Anna B.count.all", 0, "has never been in contact with Anna B"),
        ("reps.Anna B.last_seen.all", ago(75), "was last in contact with Anna B 3 days ago"),
        (
            "purchases.SUMMER.value_max.all",
            99.5,
            "bought “SUMMER” for 99.50\u00a0EUR at most so far",
        ),
        (
            "purchases.any.value_total.30d",
            1250,
            "bought for 1,250\u00a0EUR in total in the last 30 days",
        ),
        ("purchases.any.value_total.30d", 0, "has not bought anything in the last 30 days"),
        ("purchases.purchase.count.all", 2, "bought twice so far"),
        (
            "purchases.purchase.share.all",
            1.0,
            "100\u00a0% of all purchases so far were without a product on record",
        ),
        (
            "events.signup.value_total.7d",
            2,
            "“signup” events worth 2.00\u00a0EUR in total in the last 7 days",
        ),
        ("pages.blog.count.3d", 2, "visited blog pages twice in the last 3 days"),
        ("pages.any.distinct.7d", 1, "1 kind of page visits in the last 7 days"),
        ("pages.any.spread.7d", 2.5, "a mix of about 2 kinds of page visits in the last 7 days"),
        ("events.any.active_days.7d", 2, "was active on 2 days in the last 7 days"),
        ("events.any.last_seen.all", ago(75), "was last active 3 days ago"),
        ("events.any.count.7d", 0, "has not been active in the last 7 days"),
        ("events.Signed Up.seen.all", 1, "has signed up"),
        ("events.webinar.v2.count.all", 2, "had “webinar.v2” twice so far"),
        ("bought.Card A.count.all", 1, "bought “Card A” once so far"),
        (
            "discussed.Card A.count.30d",
            0,
            "has not talked with us about “Card A” in the last 30 days",
        ),
    ],
)
def test_sentences(name, value, expected):
    assert sentence(name, value, None, "EUR") == expected


@pytest.mark.parametrize(
    ("name", "value", "usual", "expected"),
    [
        ("events.visit.count.30d", 0, 3, "has not visited in the last 30 days (usually 3 times)"),
        ("events.visit.count.30d", 3, 0, "visited 3 times in the last 30 days (usually not)"),
        ("events.visit.count.all", 3, 0, "visited 3 times so far (usually never)"),
        ("events.visit.count.all", 3, 3, "visited 3 times so far"),
        ("activities.call.count.30d", 0, 3, "no call in the last 30 days (usually 3)"),
        ("activities.call.count.30d", 1, 0, "1 call in the last 30 days (usually none)"),
        ("events.visit.active_days.all", 0, 1, "has never visited (usually on 1 day)"),
        ("events.visit.share.all", 0, 0.5, "has never visited"),
        (
            "events.visit.last_seen.all",
            ago(48),
            ago(480),
            "last visited 2 days ago (usually 20 days ago)",
        ),
        (
            "purchases.any.value_total.all",
            0,
            50,
            "has never bought anything (usually for 50.00\u00a0EUR)",
        ),
    ],
)
def test_the_usual_value_stands_beside_it_in_the_same_words(name, value, usual, expected):
    assert sentence(name, value, usual, "EUR") == expected


@pytest.mark.parametrize("value", [0.0, 1.0, 0.4, 7.0])
@pytest.mark.parametrize("name", ["activities", "events", "purchases", "pages", "reps", "bought"])
def test_every_variable_has_a_sentence(name, value):
    stream = Stream(name, ("call/won", "visit", "other"), has_duration=True, has_value=True)
    for scope in ("", *SCOPES):
        for variable in column_names(stream, EVERYTHING, scope):
            said = sentence(variable, value, 2.0)
            assert said == " ".join(said.split(" ")).strip()
            assert not any(mark in said for mark in ("{", "  ", " 1 times", "was was", "has was"))


def test_past_tense_of_codes():
    assert act_of("events", "view_pricing").past == "viewed pricing"
    assert act_of("events", "form_submitted").past == "submitted form"
    assert act_of("events", "login").past == "logged in"
    assert act_of("events", "heartbeat").past == "had “heartbeat”"
    assert act_of("activities", "email").past == "had an email"


def test_the_latest_fact_after_was() -> None:
    assert latest_of("activities", "call/no_answer") == "a call with “no answer”"
    assert latest_of("reps", "Anna B") == "with Anna B"
    assert latest_of("pages", "pricing") == "to pricing pages"
    assert latest_of("purchases", "refund") == "a refund"
    assert latest_of("purchases", "Tea") == "“Tea”"
    assert latest_of("events", "pricing_view") == "“pricing view”"


def test_that_something_happened() -> None:
    assert seen_sentence("events.any.count.7d") == "has been active in the last 7 days"
    assert seen_sentence("activities.call.count.30d") == "at least one call in the last 30 days"
    assert seen_sentence("purchases.any.count.all") == "has bought something so far"


def test_values_carry_their_unit() -> None:
    said = {
        "events.visit.last_seen.all": (24 / (24 + 24 * 14), "14 days ago"),
        "events.visit.first_seen.30d": (0.0, "never"),
        "events.visit.share.30d": (0.25, "25\u00a0%"),
        "events.visit.duration_total.7d": (90.0, "2 minutes"),
        "events.visit.count.7d": (1234.0, "1,234"),
        "events.visit.value_total.all": (12.5, "12.50\u00a0EUR"),
        "events.visit.count_trend.30d/90d": (1.0, "100\u00a0%"),
        "events.visit.share_trend.30d/90d": (1.234, "1.2 times"),
        "events.visit.seen.all": (1.0, "yes"),
    }
    for name, (value, words) in said.items():
        assert value_in_words(name, value, "EUR") == words
