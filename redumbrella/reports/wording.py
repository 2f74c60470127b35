"""What findings are called: figures come in, whole sentences go out.

Pages, reports and the terminal use the same words, so that nobody meets two versions of one
finding.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from redumbrella.figures import count, decimal, money, money_interval, percent
from redumbrella.reports.customers import Lifetime
from redumbrella.reports.model import ReportDocument
from redumbrella.reports.products import ProductsReport

REGIMES = {
    "prior": ("prior only", "Too few outcomes for a model: every lead gets the average rate."),
    "rules": ("rules only", "Too few outcomes for a model: simple rules shift the average rate."),
    "shrunken": ("cautious model", "Few outcomes: a cautious model that stays near the average."),
    "model": ("model", "Enough outcomes for the full comparison of model families."),
}
VERDICTS = {
    "ready": "Ready to use.",
    "with care": "Usable with care.",
    "not ready": "Not ready: do not rely on these scores.",
    "none": "No model is trained yet.",
}
# What follows for whoever works the list.
FOLLOWS = {
    "ready": "Work the list from the top; the percentages held on outcomes it had not seen.",
    "with care": "Work the list from the top; do not quote the percentages.",
    "not ready": "Percentages, values and grades are hidden: only the order is shown, and it may "
    "be no better than chance.",
    "none": "Run `umbrella run`: it reads the sources, compares models and says whether their "
    "scores can be relied on.",
}
COLOURS = {"ready": "green", "with care": "amber", "not ready": "red", "none": "grey"}
_FIGURES = re.compile(r"\s*\([^()]*(?:log loss|AUC)[^()]*\)")
_JARGON = re.compile(r"log loss|\bAUC\b")

HOLD_OUT = "To see a list now, hold out the newest closed leads: `umbrella run --hold-out 10%`."
OLD_DAYS = 30  # a record whose newest lead is older may have been left behind


def age_of_newest(newest: datetime | None, known: datetime, timezone: str) -> str:
    """What is said of a record that ended long before `known`; '' where it did not."""
    if newest is None:
        return ""
    zone = ZoneInfo(timezone)
    day = newest.astimezone(zone).date()
    days = (known.astimezone(zone).date() - day).days
    if days <= OLD_DAYS:
        return ""
    return f"The newest lead is from {day:%Y-%m-%d}, {count(days)} days before this."


def held_out_words(leads: int) -> str:
    """What is said above a list on which closed leads stand as if they were open."""
    are = "lead was" if leads == 1 else "leads were"
    return (
        f"{count(leads)} closed {are} held out: the model did not learn from them, and they are on "
        "the list as if they were open, with what came of each. `umbrella run` takes them off."
    )


def said_first(document: ReportDocument, timezone: str) -> list[str]:
    """What has to be known of a model's leads before anything else; mostly nothing."""
    counts, newest = document["counts"], document["newest_lead"]
    lines = []
    if counts.get("about") != "people" and not counts["open"] and not document["held_out"]:
        lines.append(f"No lead is open: there is nobody to call. {HOLD_OUT}")
    if document["held_out"]:
        lines.append(held_out_words(document["held_out"]))
    if newest is not None:
        known = datetime.fromisoformat(document["as_of"])
        lines.append(age_of_newest(datetime.fromisoformat(newest), known, timezone))
    return [line for line in lines if line]


def in_plain_words(reason: str) -> str:
    """A reason of a verdict without the measures that only analysts know.

    'Its lead (0.0012 in log loss, ± 0.002) may be chance.' becomes 'Its lead may be chance.' A
    sentence that explains itself with such a measure ends before the colon.
    """
    short = _FIGURES.sub("", reason)
    if not _JARGON.search(short):
        return short
    before, colon, _ = short.partition(":")
    return f"{before}." if colon and not _JARGON.search(before) else reason


def basis(regime: str, *, reliable: bool) -> str:
    """What a model rests on, in a word or two: 'model', 'cautious model', 'model, few outcomes'."""
    few = regime == "model" and not reliable
    return REGIMES[regime][0] + (", few outcomes" if few else "")


def expectation(
    probability: float,
    low: float | None = None,
    high: float | None = None,
    *,
    about_leads: bool,
    product: str = "",
) -> str:
    """A probability and its interval as people count.

    'On lists like this one, 41 of 100 leads like it would convert; likely 37 to 46.'
    """
    base = 10_000  # as many as it takes that figures near none and near all tell something
    if 0.005 <= probability < 0.9985:
        base = 100 if 0.05 <= probability < 0.985 else 1_000
    whom = "leads" if about_leads else "people"
    does = "convert" if about_leads else "buy it" if product else "do it"
    so_many = _of(probability, base)
    said = f"On lists like this one, {so_many} of {base:,} {whom} like it would {does}"
    if low is None or high is None:
        return f"{said}."
    return f"{said}; likely {_of(low, base)} to {_of(high, base)}."


def _of(share: float, base: int) -> str:
    """How many of `base`; never a false none or all."""
    number = round(share * base)
    if number == 0 and share > 0.0:
        return "fewer than 1"
    return f"more than {base - 1:,}" if number == base and share < 1.0 else f"{number:,}"


def foretold_and_came(lifetime: Lifetime, currency: str) -> str:
    """What was foretold of the last part of the record and what came; '' where none was held out.

    Says on which side of the interval it lay.
    """
    held = lifetime["holdout"]
    if held is None:
        return ""
    side = "above" if held["actual"] > held["high"] else "below"
    inside = held["low"] <= held["actual"] <= held["high"]
    return (
        f"For the {count(held['days'])} days from {held['start']}, "
        f"{money_interval(held['low'], held['high'], currency)} were foretold and "
        f"{money(held['actual'], currency)} came: {'within' if inside else side} the interval."
    )


def base_total(lifetime: Lifetime, currency: str) -> str:
    """What all customers together will bring, in one sentence with its interval."""
    base = lifetime["base"]
    kind = "revenue" if lifetime["margin"] == 1.0 else "profit"
    likely = money_interval(base["low"], base["high"], currency)
    discounted = (
        f", discounted at {percent(lifetime['discount'], 0)} a year" if lifetime["discount"] else ""
    )
    return (
        f"{count(lifetime['customers'])} customers are expected to bring "
        f"{money(base['expected'], currency)} of {kind} in the next "
        f"{count(lifetime['horizon_days'])} days ({percent(base['level'], 0)} interval "
        f"{likely}){discounted}."
    )


def products_asked(people: int | None, horizon_days: float) -> str:
    """Whom the expected sales are of, in one sentence."""
    within = f"within {horizon_days:g} days"
    if people is None:
        return f"Nobody was scored yet; sales would be those {within}. Run: umbrella run"
    return (
        f"Expected sales: how many of the {count(people)} people asked about will buy it {within}; "
        "revenue counts one mean sale for each."
    )


def products_examined(figures: ProductsReport) -> str:
    """How good the models of all products were on a later period, in one sentence."""
    ours, prior = figures["log_loss"], figures["prior_log_loss"]
    level = "below" if ours <= prior else "above"
    share = percent(abs(1.0 - ours / prior) if prior > 0 else 0.0)
    return (
        f"On a later period ({count(figures['rows'])} people at an instant) that the models had "
        f"not seen, the mean log loss was {decimal(ours)}, {share} {level} the {decimal(prior)} of "
        "each product's share of buyers."
    )
