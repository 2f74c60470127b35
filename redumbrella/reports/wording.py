"""What findings are called: figures come in, whole sentences go out.

Pages, reports and the terminal use the same words, so that nobody meets two versions of one
finding.
"""

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
}


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


def one_in(probability: float, whom: str = "leads") -> str:
    """A probability as people count: 'about 4 in 10 leads', 'about 1 in 40 leads'."""
    if probability >= 0.95:
        return f"nearly all {whom}"
    if probability >= 0.15:
        return f"about {round(10 * probability)} in 10 {whom}"
    if probability < 0.0005:
        return f"fewer than 1 in 2,000 {whom}"
    step = 1.0 / probability
    unit = 1 if step < 20 else 10 if step < 200 else 100
    return f"about 1 in {unit * round(step / unit):,} {whom}"


def expectation(probability: float, *, about_leads: bool, product: str = "") -> str:
    """A probability as a sentence: 'About 4 in 10 leads like this one convert.'"""
    if about_leads:
        said = f"{one_in(probability)} like this one convert"
    else:
        said = f"{one_in(probability, 'people')} like this one {'buy it' if product else 'do it'}"
    return f"{said[0].upper()}{said[1:]}."


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
