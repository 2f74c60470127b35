"""How numbers read: a number comes in, short text with its unit goes out.

Pages, reports and the terminal use the same words, so that nobody meets two versions of one figure.
"""

from datetime import datetime
from math import exp, isfinite
from zoneinfo import ZoneInfo

from redumbrella.errors import SettingsError
from redumbrella.workflows.report_document import Lifetime, ProductsReport

MISSING = "—"
NO_BREAK = "\u00a0"
TO = "\u2013"  # between the two ends of an interval
TIMES, DIVIDED = "\u00d7", "\u00f7"

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


def percent(share: float | None, digits: int = 1) -> str:
    """A share between 0 and 1 as per cent: 0.4123 → '41.2 %'; never rounds to a false 0 or 100."""
    if share is None or not isfinite(share):
        return MISSING
    smallest = 10.0**-digits
    value = 100.0 * share
    if 0.0 < value < smallest / 2:
        return f"<{smallest:.{digits}f}{NO_BREAK}%"
    if 100.0 - smallest / 2 <= value < 100.0:
        return f">{100.0 - smallest:.{digits}f}{NO_BREAK}%"
    return f"{value:.{digits}f}{NO_BREAK}%"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Two shares as one interval, joined by a dash; a lone dash when a bound is unknown."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return MISSING
    return f"{100.0 * low:.{digits}f}{TO}{100.0 * high:.{digits}f}{NO_BREAK}%"


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


def count(number: float | None) -> str:
    """A whole number with thousands separators: 41188 → '41,188'."""
    return MISSING if number is None or not isfinite(number) else f"{round(number):,}"


def decimal(number: float | None, digits: int = 4) -> str:
    """A measure with a fixed number of decimals: 0.28414 → '0.2841'."""
    return MISSING if number is None or not isfinite(number) else f"{number:.{digits}f}"


def money(amount: float | None, currency: str) -> str:
    """An amount with its currency: 1234.5 → '1,234 EUR' ; small amounts keep two decimals."""
    if amount is None or not isfinite(amount):
        return MISSING
    text = f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:,.2f}"
    return f"{text}{NO_BREAK}{currency}" if currency else text


def money_interval(low: float | None, high: float | None, currency: str) -> str:
    """Two amounts as one interval with the currency; a lone dash when a bound is unknown."""
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return MISSING
    digits = 0 if abs(high) >= 100 else 2
    text = f"{low:,.{digits}f}{TO}{high:,.{digits}f}"
    return f"{text}{NO_BREAK}{currency}" if currency else text


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


def moment(instant: datetime | None, timezone: str = "UTC") -> str:
    """An instant in the workspace's time zone: '2010-11-21 08:00'; midnight shows the day only."""
    if instant is None:
        return MISSING
    local = instant.astimezone(ZoneInfo(timezone))
    return f"{local:%Y-%m-%d}" if local.hour == local.minute == 0 else f"{local:%Y-%m-%d %H:%M}"


def iso_day(text: str | None) -> str:
    """The day of an ISO 8601 instant, for periods: '2010-11-21T08:00:00+00:00' → '2010-11-21'."""
    return MISSING if not text else text[:10]


def factor(contribution: float) -> str:
    """A log-odds contribution as what it does to the odds: 0.69 doubles, -0.69 halves them."""
    size = exp(min(abs(contribution), 20.0))
    digits = 2 if size < 1.05 else 1 if size < 100 else 0  # "÷1.0" would say that nothing is done
    return f"{TIMES if contribution >= 0 else DIVIDED}{size:.{digits}f}"


def parse_share(text: str, name: str) -> float:
    """A share typed by a person: '0.3', '30 %', '30%' and '30' all mean 0.3.

    Raises SettingsError when it is no number or lies outside 0 … 100 %.
    """
    plain = text.strip().replace(NO_BREAK, "").replace(" ", "").replace(",", ".")
    try:
        value = float(plain.removesuffix("%"))
    except ValueError:
        value = -1.0
    if plain.endswith("%") or value > 1.0:
        value /= 100.0
    if not 0.0 <= value <= 1.0:
        message = f'{name} must be a share such as 0.3 or "30 %", not "{text}".'
        raise SettingsError(message, reason="bad_share")
    return value


def plain(value: object, timezone: str = "UTC") -> str:
    """A value of a record as a person would write it: yes, 12, 0.25, 2010-11-21, free text."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value, timezone)
    if isinstance(value, float):
        return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.6g}"
    return str(value)


def chance_from_log_odds(log_odds: float) -> float:
    """The probability whose log-odds are given: logistic(x) = 1 / (1 + exp(-x))."""
    size = exp(-abs(log_odds))
    return 1.0 / (1.0 + size) if log_odds >= 0 else size / (1.0 + size)
