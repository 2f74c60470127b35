"""Twelve simulated lead tables, each the story of a business whose leads have hidden traits.

In: nothing. Out: makers of `LeadTable` by name. The fields only hint at the traits (each standard
normal) and show nothing of some shocks; effects bend, interact, end at cliffs and move with time.
The stories were written without knowledge of the models. Promise: seeds are fixed, so that the same
tables come every time; the order of the draws and of the sums belongs to them. The truth of a table
is the chance given everything, hidden traits and shocks included: no model can reach it.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tables import OPEN_SHARE, SETTINGS, LeadTable, last, typed

Array = NDArray[np.generic]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


# ---- what stories are told with ---------------------------------------------------------------


def curve(x: Floats) -> Floats:
    """From log-odds to a probability; also a soft step at 0."""
    return 1.0 / (1.0 + np.exp(-np.clip(x, -40, 40)))


def bump(x: Floats, middle: float, width: float) -> Floats:
    """A hill of height 1."""
    return np.exp(-(((x - middle) / width) ** 2))


def zipf(size: int, power: float = 1.0) -> Floats:
    """Shares of levels of which the first are frequent and the last are rare."""
    weight = 1 / (np.arange(size) + 2.0) ** power
    return weight / weight.sum()


def stepped(values: Floats, step: Floats | float) -> Floats:
    """Numbers as people round them."""
    return np.round(values / step) * step


def text(names: str | Sequence[str], code: Array) -> Array:
    """A column of names; the names as a sequence or in one text with commas."""
    words = names.split(", ") if isinstance(names, str) else names
    return np.array(words, object)[np.asarray(code, int)]


def labels(form: str, code: Codes) -> Array:
    """A column of names that differ by a number."""
    return np.array([form.format(k) for k in code], object)


def read_levels(levels: str) -> tuple[list[str], Floats]:
    """Names, and a row of numbers for each, out of "name: numbers, name: numbers, ..."."""
    pairs = [level.partition(":") for level in levels.split(",")]
    table = np.array([row.split() for _, _, row in pairs], float)
    return [name.strip() for name, _, _ in pairs], table


class Kind:
    """A category of every lead; its levels may carry numbers, the last of which is its effect."""

    def __init__(self, levels: str, code: Codes) -> None:
        self.names, self.table = read_levels(levels)
        self.code = code

    @property
    def effect(self) -> Floats:
        """The last number of each lead's level."""
        return self.number(-1)

    def number(self, which: int) -> Floats:
        """This number of each lead's level."""
        return self.table[self.code, which]

    def of(self, *names: str) -> Flags:
        """Which leads have one of these levels."""
        return np.isin(self.code, [self.names.index(name) for name in names])


class Story:
    """Draws what happens to the leads; effects are on the log-odds scale.

    words: what a field says for no and yes.
    """

    words = "false, true"

    def __init__(self, seed: int, rows: int) -> None:
        self.rng, self.rows = np.random.default_rng(seed), rows
        self.terms: list[Floats] = []
        self.columns: dict[str, Array] = {}

    def traits(self, count: int) -> list[Floats]:
        """Hidden traits, to be drawn first."""
        self.hidden = [self.rng.standard_normal(self.rows) for _ in range(count)]
        return self.hidden

    def arrive(
        self,
        start: str,
        days: int,
        week: tuple[float, float, float],
        year: Sequence[float],
        hours: Sequence[int] = (9, 12, 15, 20),
        change: Callable[[Floats, Floats], Floats] | None = None,
    ) -> Floats:
        """Moments in order, around these hours of the days; the share of the period passed.

        week: weights of a workday, Saturday and Sunday; year: of the months. change: the weights
        out of what these give and that share.
        """
        first, day = np.datetime64(start, "D"), np.arange(days)
        month = (first + day).astype("datetime64[M]").astype(int) % 12 + 1
        weekday = ((first + day).astype(int) + 3) % 7
        weight = np.array([*week[:1] * 5, *week[1:]])[weekday] * np.array(year)[month - 1]
        weight = weight if change is None else change(weight, day / days)
        drawn = self.rng.choice(days, self.rows, p=weight / weight.sum())
        around = np.array(hours)[self.rng.integers(0, len(hours), self.rows)]
        seconds = (np.clip(self.rng.normal(around, 1.8), 0, 23.98) * 3600).astype(int)
        order = np.lexsort((seconds, drawn))
        drawn, seconds = drawn[order], seconds[order]
        self.moment = (first + drawn).astype("datetime64[s]") + seconds
        self.month, self.weekday, self.hour = month[drawn], weekday[drawn], seconds // 3600
        return drawn / days

    def time(self, unit: str = "D", days_later: Codes | int = 0) -> Array:
        """The moments as text, in full days if moved."""
        moment = self.moment if unit != "D" else self.moment.astype("datetime64[D]") + days_later
        return np.datetime_as_string(moment.astype(f"datetime64[{unit}]"), unit=unit).astype(object)

    def season(self, peak: Floats | float) -> Floats:
        """A wave over the year, from 1 in the month of its peak to -1."""
        return np.cos(2 * np.pi * (self.month - peak) / 12)

    def shock(self, spread: float) -> Floats:
        """What no field shows."""
        return self.rng.normal(0, spread, self.rows)

    def some(self, share: Floats | float) -> Flags:
        """Leads chosen with this probability."""
        return self.rng.random(self.rows) < share

    def draw(self, shares: Sequence[float] | Floats) -> Codes:
        """Codes with these probabilities."""
        return self.rng.choice(len(shares), self.rows, p=shares)

    def kind(self, levels: str, shares: Floats | None = None) -> Kind:
        """A category that nothing explains; without shares they are its first number."""
        return Kind(levels, self.draw(read_levels(levels)[1][:, 0] if shares is None else shares))

    def choose(self, levels: str, **more: Floats) -> Kind:
        """A category that leads choose: its numbers begin with its pull and what traits add to it.

        more: what is added to the pull of one level.
        """
        names, table = read_levels(levels)
        pull = table[:, [0]]
        for column, trait in enumerate(self.hidden, start=1):
            pull = pull + table[:, [column]] * trait
        for name, added in more.items():
            pull[names.index(name)] += added
        chance = self.rng.gumbel(0, 1, (self.rows, len(names)))
        return Kind(levels, (pull.T + chance).argmax(1))

    def grade(self, levels: str, mean: Floats, *cuts: float) -> Kind:
        """A category whose levels have an order."""
        noise = self.rng.logistic(0, 1, self.rows)
        return Kind(levels, np.searchsorted(np.array(cuts), mean + noise))

    def flag(self, log_odds: Floats) -> Flags:
        """Yes or no."""
        return self.some(curve(log_odds))

    def count(self, log_mean: Floats, shape: float | None = None) -> Floats:
        """How often; a gamma of this shape spreads it more than chance alone."""
        mean = np.exp(log_mean)
        if shape is not None:
            mean = mean * self.rng.gamma(shape, 1 / shape, self.rows)
        return self.rng.poisson(mean).astype(float)

    def measure(self, mean: Floats, spread: float) -> Floats:
        """A number with noise."""
        return mean + spread * self.rng.standard_normal(self.rows)

    def add(self, *terms: Floats) -> None:
        """Terms of the log-odds of winning."""
        self.terms += terms

    def win(self, rate: float, gate: Floats | float = 1.0) -> None:
        """Outcomes of which this share is won; gate: what the chance is multiplied by."""
        low, high = -15.0, 15.0
        for _ in range(50):
            middle = (low + high) / 2
            self.truth = gate * curve(sum(self.terms, middle))
            low, high = (middle, high) if self.truth.mean() < rate else (low, middle)
        self.won = self.some(self.truth).astype(float)

    def put(self, **columns: Kind | Array | tuple) -> None:
        """Columns, or tuples of a column, its gaps (their share or where they are) and digits.

        Shares of gaps are drawn last, so what is drawn later stands in a call of its own.
        """
        for name, column in columns.items():
            given = column if isinstance(column, tuple) else (column,)
            values, gaps, digits = given + (None, None, 0)[len(given) :]
            missing = self.some(gaps) if isinstance(gaps, float) else gaps
            self.columns[name] = self._shown(values, missing, digits)

    def _shown(self, values: Kind | Array, missing: Flags | None, digits: int) -> Array:
        if isinstance(values, Kind):
            values = text(values.names, values.code)
        elif values.dtype == bool:
            values = text(self.words, values)
        hidden = np.zeros(self.rows, bool) if missing is None else missing
        if values.dtype == object:
            return np.where(hidden, None, values)
        return np.where(hidden, np.nan, np.round(values.astype(float), digits))

    def opened(self, how: str) -> Flags:
        """The open leads: the last ones, or some at random out of the story's own draws."""
        if how == "last":
            return last(self.rows)
        is_open = np.zeros(self.rows, bool)
        is_open[self.rng.choice(self.rows, round(self.rows * OPEN_SHARE), replace=False)] = True
        return is_open


# ---- the stories ------------------------------------------------------------------------------


def b2b_trials(s: Story) -> None:
    """Sign-ups for a trial of software for teams.

    Intent, fit and size decide. Use in the first week shows intent up to a point; invited
    colleagues count against the size, and companies of middle size buy most. Partners are good for
    the plan Business, social media bad. A plan becomes dearer at half time, budgets open in the
    last quarter, a new source comes at 58 %. Hidden: politics in the company.
    """
    r, n = s.rng, s.rows
    intent, fit = s.traits(2)
    year = (1, 1, 1, 1, 1, 1, 1, 0.75, 1, 1, 1, 0.75)
    x = s.arrive(
        *("2022-01-10", 760, (1, 0.3, 0.3), year),
        change=lambda weight, x: weight * (1 + 0.7 * x),
    )
    levels = """US: 0 0.3, United Kingdom: 0 0.3, Germany: 1 0.35, France: 2 0, Canada: 0 0.2,
        India: 0 -0.8, Netherlands: 0 0.3, Brazil: 4 -0.5, Australia: 0 0.25, Spain: 3 -0.2,
        Italy: 0 -0.2, Poland: 0 0, Sweden: 0 0.3, Mexico: 3 -0.5, Singapore: 0 0.2, Israel: 0 0.2,
        Denmark: 0 0.3, Nigeria: 0 -1.1, South Africa: 0 -0.3, Turkey: 0 -0.6, Japan: 0 0,
        Philippines: 0 -0.9, Indonesia: 0 -0.9, Ireland: 0 0.2, Portugal: 4 -0.1, Czechia: 0 0.1"""
    country = s.kind(levels, zipf(26, 1.1))  # numbers: language of the sign-up, effect
    levels = """Software: 0.2, Marketing agency: 0.5, Construction: -0.3, Healthcare: -0.1,
        Education: -0.6, Manufacturing: 0.1, Retail: -0.3, Consulting: 0.45, Finance: 0,
        Non-profit: -0.4, Logistics: 0.1, Media: 0.2, Legal: 0, Hospitality: -0.7, Government: -0.9,
        Energy: 0, Real estate: -0.2, Other: -0.3"""
    trade = s.kind(levels, zipf(18, 0.9))
    size = r.gamma(3.2, 1.15, n) + 0.5 * trade.of("Finance") - 0.4 * trade.of("Marketing agency")
    size = np.clip(size, 0, 11)
    levels = """CEO: 0 0 0 0.2, VP: -0.9 0 0.6 0.3, Head of: 0.1 0 0.7 0.4, Director: 0 0 0.6 0.3,
        Manager: 1.3 0 0.3 0.2, Lead: 0.4 0 0.2 0.1, Specialist: 1.2 0 -0.2 -0.1,
        Assistant: 0.1 0 -0.5 -0.3, Intern: -0.8 0 -0.8 -0.6, Student: -0.6 0 -1 -1.6"""
    rank = s.choose(levels, CEO=-0.35 * np.maximum(size - 3, 0))
    levels = """Operations: 0.4, Marketing: 0.1, Sales: 0, IT: 0.1, Engineering: -0.2, Product: 0.2,
        Finance: -0.1, HR: -0.2, Customer Success: 0.1, Projects: 0.6, Procurement: -0.1,
        Research: -0.4, Design: 0, Legal: -0.3"""
    job = s.kind(levels, zipf(14, 0.8))
    spelling = s.draw((0.5, 0.2, 0.12, 0.1, 0.08))
    titles = map(_job_title, text(rank.names, rank.code), text(job.names, job.code), spelling)
    titles = np.where(s.some(0.11), None, np.array(list(titles), object))
    levels = """organic search: 1.2 0.1 0 0, google ads: 0.9 -0.05 0 -0.1,
        review site: 0.1 0.4 0 0.35, partner: -0.3 0.2 0.2 0.2, webinar: -0.2 0.2 0 -0.1,
        outbound: -0.5 -0.3 0 -0.5, referral: -0.1 0.35 0 0.5, paid social: 0.6 -0.5 0 -0.6,
        marketplace: 0 0.2 0 0.5"""
    source = s.choose(levels, marketplace=np.where(x > 0.58, -0.6 + 3.2 * (x - 0.58), -30))
    levels, by_size = "Starter: 0.6 0 0, Team: 0.7 0 0, Business: -0.5 0 0.2", size - 4
    plan = s.choose(levels, Starter=-0.2 * by_size, Business=0.25 * by_size)
    starter, business = plan.of("Starter"), plan.of("Business")
    plan_effect = 0.9 * (source.of("partner") & business)
    plan_effect = plan_effect - 0.7 * (source.of("paid social") & business)
    plan_effect = plan_effect + 0.3 * (source.of("review site") & starter)
    plan_effect = plan_effect - 0.35 * (starter & (x > 0.5))
    free = s.flag(-0.6 - 0.35 * (size - 3.7) - 0.5 * fit)
    logins, projects = s.count(1.15 + 0.6 * intent, 1.5), s.count(-0.1 + 0.5 * intent, 1.2)
    invited = s.count(-0.7 + 0.45 * intent + 0.35 * fit + 0.16 * (size - 3.7), 0.9)
    linked, pages = s.count(-1.5 + 0.35 * intent + 0.5 * fit), s.count(0.6 + 0.35 * intent, 0.7)
    api_calls = s.count(-2 + 4.5 * job.of("IT", "Engineering") + 0.3 * fit, 0.25)
    session = np.exp(s.measure(1.9 + 0.35 * intent, 0.9))
    demo = s.flag(-2.6 + 0.6 * intent + 0.5 * fit + 0.1 * (size - 3.7))
    phone, tickets = s.flag(-0.6 + 0.4 * intent), s.count(-1.6 + 0.3 * intent)
    levels = """A. Keller: 0.5, J. Moreau: 0.2, S. Patel: 0, L. Novak: -0.3, M. Okafor: 0.1,
        T. Lind: -0.5, C. Brandt: 0.2"""
    seller = Kind(levels, r.integers(0, 7, n))
    looked_after = business | demo
    use = 1 - np.exp(-logins / 4)
    share = np.minimum(1, (1 + invited) / (1 + 0.12 * np.exp(size)))
    s.add(0.75 * intent, 0.6 * fit, 1.3 * use, 1.1 * share, 0.45 * np.minimum(linked, 3))
    s.add(0.7 * demo, -0.13 * (size - 4.2) ** 2, -0.8 * free, country.effect, trade.effect)
    s.add(rank.effect + job.effect, source.effect, plan_effect, 0.3 * (s.month >= 10), -0.3 * x)
    s.add(looked_after * seller.effect, s.shock(0.6))
    s.win(0.115)
    people = np.exp(size)
    band = np.searchsorted([1.5, 10.5, 50.5, 200.5, 1000.5, 5000.5], people)
    bands = text("1, 2-10, 11-50, 51-200, 201-1000, 1001-5000, 5000+", band)
    s.put(created_at=s.time("s"), country=country, industry=(trade, 0.14))
    s.put(company_size=(bands, 0.06), employees=(np.maximum(people, 1), 0.4), job_title=titles)
    s.put(source=source, trial_plan=plan, free_email=free, logins_first_7_days=logins)
    s.put(projects_created=projects, colleagues_invited=invited, integrations=linked)
    s.put(help_pages_read=pages, api_calls=api_calls, first_session_minutes=(session, 0.03, 1))
    s.put(demo_requested=demo, phone_given=phone, support_tickets=tickets)
    s.put(browser=s.kind("Chrome: 0.6, Safari: 0.2, Edge: 0.13, Firefox: 0.07"))
    s.put(newsletter_opt_in=s.some(0.4), owner=(seller, ~looked_after))
    s.put(signup_language=text("en, de, fr, es, pt", country.number(0)))


def _job_title(level: str, function: str, spelling: int) -> str:
    """As people write it."""
    if level == "Student":
        return level
    if level == "CEO":
        return ("CEO", "Founder & CEO", "Owner", "Managing Director", "ceo")[spelling]
    head, of = level == "Head of", level in {"VP", "Director"}
    return (
        f"{level} {function}" if head else f"{function} {level}",
        f"{level} of {function}" if of else f"{level}, {function}",
        f"Global Head of {function}" if head else f"Senior {function} {level}",
        f"{function} {level}".lower(),
        f"{level} - {function}",
    )[spelling]


def car_dealership(s: Story) -> None:
    """Enquiries to a group of 32 car dealers.

    Buyers have urgency and a budget that fewer than half of them state. The price must fit the
    budget (a soft cliff), the dealer must be near, and slow answers cost urgent buyers most.
    Convertibles sell in spring, SUVs in autumn, electric ones while there is a grant. Trading in
    helps with new cars; the ends of quarters are pushed. Hidden: a competing offer.
    """
    r, n = s.rng, s.rows
    s.words = "no, yes"
    urgency, means = s.traits(2)
    year = (1, 1, 1.2, 1.2, 1, 1, 1, 1, 1.2, 1.2, 1, 1)
    x = s.arrive("2021-03-01", 1100, (1, 1.4, 0.8), year, (10, 13, 18, 20))
    brands = {"Volta": 1.25, "Rhein": 1.1, "Castell": 0.9, "Minami": 0.8, "Dacor": 0.55}
    by_body = np.array([-0.3, 0.05, 0.25, 0.3, 0.15, 0.1])
    models, prices, bodies = [], [], []
    for brand, price_level in (brands | {"Nordan": 1.2, "Piazza": 0.7}).items():
        for letter in "ABCEGKLTX":
            bodies.append(r.choice(6, p=[0.28, 0.16, 0.3, 0.07, 0.09, 0.1]))
            digit, ending = r.integers(1, 9), ["", "0", " GT", " Cross"][r.integers(0, 4)]
            models.append(f"{brand} {letter}{digit}{ending}")
            prices.append(np.log(24000 * price_level) + by_body[bodies[-1]] + r.normal(0, 0.15))
    model = s.draw(zipf(63, 0.8)[r.permutation(63)])
    model_effect = r.normal(0, 0.25, 63)[model]
    body = Kind("hatchback, estate, SUV, convertible, van, saloon", np.array(bodies)[model])
    fuel = s.kind("petrol: 0.48, diesel: 0.24, hybrid: 0.16, electric: 0.12")
    new = s.some(0.38)
    age = np.where(new, 0, np.minimum(r.gamma(2.2, 2.1, n), 16))
    price = np.array(prices)[model] - 0.13 * age + r.normal(0, 0.1, n) + 0.12 * (fuel.code >= 2)
    km = np.where(new, r.integers(5, 60, n), np.exp(r.normal(9.6, 0.4, n)) * (age + 0.4))
    towns = ["Altona", "Birkfeld", "Coburg", "Dornach", "Elmau", "Freital", "Grafing", "Husum"]
    dealers = [f"{town} {part}" for town in towns for part in ("Nord", "Mitte", "Park", "West")]
    dealer = s.draw(zipf(32, 0.5))
    dealer_effect, slowness = r.normal(0, 0.3, 32)[dealer], r.normal(0, 0.5, 32)[dealer]
    seller = dealer * 4 + r.integers(0, 4, n)
    seller_effect = r.normal(0, 0.35, 128)[seller]
    first = ["Jan", "Ute", "Kai", "Ina", "Leo", "Mia", "Tom", "Eva", "Max", "Lea", "Ben", "Ida"]
    family = ["Adler", "Busch", "Conrad", "Dietz", "Ernst", "Falk", "Gruber", "Hahn", "Imhof"]
    sellers = [f"{a} {b}" for a in first for b in (*family, "Jung", "Kranz")]
    channel = s.choose("""own website: 0.8 0 0 0.1, AutoPortal24: 1 -0.1 0 -0.15,
        MobileMarkt: 0.9 -0.1 0 -0.2, phone: 0.1 0.45 0 0.2, walk-in: -0.3 0.65 0 0.5,
        manufacturer: -0.4 0 0.1 0.1, facebook: -0.3 -0.6 0 -0.5""")
    portal, spoken = channel.of("AutoPortal24", "MobileMarkt"), channel.of("phone", "walk-in")
    distance = np.exp(r.normal(2.7 + 0.5 * portal - 0.5 * channel.of("walk-in"), 0.9, n))
    closed = (s.hour >= 18) | (s.weekday == 6)
    answered = ~spoken * np.exp(r.normal(4 + 0.6 * closed, 1.1, n) + slowness)  # in minutes
    trade_in, finance = s.flag(-0.9 + 0.45 * urgency), s.flag(-0.5 * means + 0.2 * urgency)
    stated, log_budget = s.flag(-0.3 + 0.3 * urgency), 0.45 * 9.9 + 0.55 * price + 0.33 * means
    budget = np.exp(s.measure(log_budget, 0.15))
    length, enquiries = s.count(4.0 + 0.25 * urgency, 1.2), s.count(-0.6 - 0.3 * urgency)
    test_drive, phone = s.flag(-1.5 + 0.8 * urgency), s.flag(0.3 + 0.5 * urgency)
    unknown = ~s.some(0.7)
    horizons = "this month, 1-3 months, 3-6 months, just looking"
    horizon = s.grade(horizons, -1.1 * urgency, -1.2, 0.2, 1.5)
    sells = 0.8 * body.of("convertible") * s.season(4.5) + 0.35 * body.of("SUV") * s.season(10.5)
    sells = sells + fuel.of("electric") * np.where(x < 0.62, 0.5, -0.7)
    late = s.moment.astype("datetime64[D]").astype(int) % 30 > 15
    pushed = (np.isin(s.month, [3, 6, 9, 12]) & late) * np.where(new, 0.35, 0.1)
    worn = np.where(new, 0, np.log(np.maximum(km, 1000) / (15000 * (age + 0.4))))
    wait = np.log1p(answered / 60) * (0.22 + 0.25 * curve(2 * urgency))
    s.add(0.9 * urgency, 0.5 * test_drive, -wait, -0.9 * np.maximum(0, np.log(distance / 30)))
    s.add(channel.effect, dealer_effect, seller_effect, model_effect)
    s.add(trade_in * np.where(new, 0.6, 0.05), sells, pushed, -0.35 * worn, s.shock(0.5))
    s.win(0.165, gate=0.06 + 0.94 * curve(-(price - log_budget - 0.22) / 0.1))
    s.put(enquiry_time=s.time("m"), channel=channel, dealer=text(dealers, dealer))
    s.put(seller=(text(sellers, seller), 0.05), model=text(models, model), body=body)
    s.put(fuel=(fuel, 0.02), condition=text("used, new", new), price=stepped(np.exp(price), 10))
    s.put(first_registration_year=(2021 + x * 3 - age, new), mileage_km=(km, 0.02))
    s.put(distance_km=(distance, 0.12, 1), budget=(stepped(budget, 500), ~stated))
    s.put(trade_in=trade_in, finance_wanted=(finance, 0.08), test_drive_asked=test_drive)
    s.put(purchase_horizon=(horizon, unknown), message_length=(length, spoken))
    s.put(other_enquiries_90d=enquiries, phone_known=phone, first_response_minutes=answered)


def insurance_comparison(s: Story) -> None:
    """Quotes of a direct insurer for motor, home and pet.

    People buy when the premium is below what they pay now, which half of them say; visitors from
    sites that compare look at it most. The policy should start soon but not at once. Care shows:
    the quote is saved, its details opened. Premiums rise faster than the market's, and a new site
    comes at 45 %. Traits: sensitivity to price, loyalty. Hidden: the best rival quote.
    """
    r, n = s.rng, s.rows
    thrift, loyal = s.traits(2)
    year = (1.2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.5, 1)
    x = s.arrive("2022-05-01", 900, (1, 0.6, 0.6), year)
    # Numbers: share, logs of the usual value and premium, effect.
    product = s.kind("""motor: 0.56 9.3 6.25 0, home: 0.26 12.2 5.4 0.15, pet: 0.11 6.6 5.6 0.35,
        motorcycle: 0.07 8.6 5.5 -0.2""")
    motor, home, pet = (product.of(name) for name in ("motor", "home", "pet"))
    driven = product.of("motor", "motorcycle")
    levels = """direct: 0.9 -0.4 0 0.35, comparo: 1.2 0.5 0 0, search ad: 0.7 0.1 0 -0.1,
        broker link: -0.5 -0.1 0 0.2, app: -0.2 -0.3 0 0.5, display: -0.3 0 0 -0.8,
        quotewise: 0 0.5 0 -0.1"""
    source = s.choose(levels, quotewise=np.where(x > 0.45, 0.2 + 1.2 * (x - 0.45), -30))
    compared = source.of("comparo", "quotewise")
    age = np.clip(r.gamma(7, 6, n) + 8, 18, 88)
    licence = np.where(age > 19, np.minimum(r.gamma(2, 8, n), age - 18), 0)
    no_claims = np.minimum(np.floor(licence * r.beta(4, 1.5, n)), 15)
    claims, value = r.poisson(0.22 + 0.2 * (age < 26), n), r.normal(product.number(1), 0.55, n)
    value, region = np.exp(value), s.draw(zipf(40, 0.7))
    region_premium, region_effect = r.normal(0, 0.18, 40)[region], r.normal(0, 0.2, 40)[region]
    base = product.number(2) + 0.18 * (np.log(value) - product.number(1)) + region_premium
    risk = 0.55 * np.exp(-(age - 18) / 9) - 0.035 * no_claims + 0.22 * claims
    base += np.where(driven, risk, 0.1 * claims)
    market, ours = base + 0.08 * x, base + 0.17 * x + r.normal(0, 0.13, n)
    ours = ours + 0.15 * (motor & (age < 25)) - 0.1 * (home & (value > 3e5))
    now, stated = market + r.normal(0.03, 0.17, n), s.flag(0.1 + 0.35 * thrift)
    days = np.where(s.some(0.12), 0, r.gamma(1.3, 22, n))
    start = np.select([days > 60, days > 30, days < 5], [1.8, 0.7, 0.25], 0)
    cover = s.choose("basic: 0.2 0.5 0 0, standard: 0.7 0 0 0.1, full: -0.1 -0.45 0 0.3")
    excess = s.grade("A: 100, B: 150, C: 250, D: 500, E: 750", 0.8 * thrift, -1.5, -0.3, 1, 2.2)
    versions, pages = 1 + s.count(-0.7 + 0.45 * thrift - 0.1 * loyal), s.count(1.2 - 0.3 * loyal)
    saved, details = s.flag(-0.9 - 0.6 * loyal), s.flag(-0.2 - 0.5 * loyal)
    unknown, years = ~s.some(0.75), np.exp(s.measure(1.1 + 0.45 * loyal - 0.15 * thrift, 0.6))
    monthly = s.flag(-0.3 + 0.3 * thrift)
    suits = 0.7 * (source.of("broker link") & home) + 0.5 * (source.of("display") & pet)
    suits = suits + 0.3 * (source.of("app") & motor) + source.effect + product.effect
    gap = (ours - market - 0.03) - (now - market - 0.03)
    price = -((3.0 + 3.5 * compared) * np.exp(0.3 * thrift)) * gap
    s.add(2.6 * np.tanh(price / 2.6), -0.6 * loyal, 0.6 * saved, 0.45 * details, -start, suits)
    s.add(region_effect, -0.45 * (claims >= 2), cover.effect, s.shock(0.7), -0.2 * compared)
    s.win(0.21)
    young = np.where(s.some(0.5), 3, 0)
    occupation = r.choice([0, 1, 2, 5, 6], n, p=[0.68, 0.13, 0.09, 0.06, 0.04])
    occupation = np.where(age > 66, 4, np.where(age < 23, young, occupation))
    names = "employee, self-employed, civil servant, student, retired, homemaker, unemployed"
    insurers = "Allsure, Beacon, Castle Mutual, Direct One, Everest, Foxley, none"
    s.put(quote_time=s.time("s"), product=product, source=source)
    s.put(region=labels("R{:02d}", region + 1), birth_year=2022.3 + 2.4 * x - age)
    s.put(occupation=(text(names, occupation), 0.05), licence_years=(licence, ~driven))
    s.put(no_claims_years=(no_claims, ~driven), claims_5y=claims, insured_value=stepped(value, 100))
    s.put(premium_offered=(np.exp(ours), None, 2), premium_now=(stepped(np.exp(now), 5), ~stated))
    s.put(current_insurer=(Kind(insurers, s.draw(zipf(7))), 0.35))
    s.put(years_with_insurer=(np.minimum(years, 40), unknown))
    s.put(policy_start=s.time(days_later=days.astype(int)), cover=cover, excess=excess.effect)
    s.put(quote_versions=versions, pages_viewed=pages, quote_saved=saved, details_opened=details)
    s.put(monthly_payment=monthly, device=s.kind("mobile: 0.55, desktop: 0.38, tablet: 0.07"))
    s.put(garage=(s.some(0.4), ~driven))
    s.put(annual_mileage=(stepped(np.exp(r.normal(9.2, 0.5, n)), 1000), ~driven))
    s.put(building_year=(np.clip(2022 - r.gamma(2, 20, n), 1850, 2022), ~home))
    s.put(animal=(s.kind("dog: 0.62, cat: 0.35, rabbit: 0.03"), ~pet))
    s.put(marketing_consent=s.some(0.35))


def solar_panels(s: Story) -> None:
    """Leads for solar panels, partly bought.

    Gates: the contact owns the house, the roof suits, and the yield pays for the system, with
    subsidies that come and go in each state. Then seriousness decides. The same vendor is good in
    one state and bad in another. The end of a subsidy pulls decisions forward and leaves a hole;
    dear energy lifts all. Hidden: the partner and the bank; 6 % are wrong about owning the house.
    """
    r, n = s.rng, s.rows
    s.words = "No, Yes"
    serious, means = s.traits(2)
    year, hours = (1, 1, 1.3, 1.3, 1.3, 1.3, 1, 1, 1, 1, 1, 1), (11, 16, 19, 21)
    x = s.arrive(
        *("2021-01-04", 1050, (1, 1, 1), year, hours),
        change=lambda weight, x: weight + 0.5 * bump(x, 0.58, 0.12),
    )
    # Numbers: share, sun, begin and end of the subsidy.
    state = s.kind("""Arden: 0.22 1 0.1 0.45, Bellmark: 0.18 0.9 0.3 0.7, Corvin: 0.15 1.15 0 0.6,
        Delmere: 0.12 0.8 0.5 0.85, Eastmoor: 0.11 0.95 0.2 0.5, Fallow: 0.09 1.25 0.4 0.9,
        Glenrock: 0.08 0.85 0 0.3, Harrow: 0.05 1.05 0.6 0.95""")
    place = state.code * 40 + np.minimum(r.gamma(1.2, 9, n).astype(int), 39)
    place_effect = r.normal(0, 0.3, 320)[place]
    # Numbers: pull, what the traits add, share of owners, effect.
    vendor = s.choose("""own site: 0.5 0.35 0 0.88 0.3, google: 0.6 0.15 0 0.82 0.1,
        facebook: 0.4 -0.35 0 0.66 -0.5, LeadHub: 0.7 -0.25 0 0.7 -0.4, SunMatch: 0.4 -0.1 0 0.8 0,
        EcoQuotes: 0.2 -0.4 0 0.62 -0.7, door-to-door: -0.5 0 0 0.92 0.1,
        referral: -0.5 0.6 0 0.96 0.9""")
    by_state = r.normal(0, 0.1, (8, 8))
    by_state[3:6] += r.normal(0, 0.6, (3, 8))  # those who sell leads
    owner = s.some(vendor.number(3))
    said_owner = owner ^ s.some(0.06)
    roof = s.kind("""S: 0.25 1, SE: 0.15 0.95, SW: 0.15 0.95, E: 0.13 0.82, W: 0.13 0.82,
        N: 0.09 0.5, flat: 0.1 0.88""")
    shade = s.kind("none: 0.45 1, some: 0.3 0.86, much: 0.17 0.62, full: 0.08 0.3")
    light = roof.effect * shade.effect * state.number(1)
    area, roof_age = np.exp(r.normal(3.85, 0.4, n)), np.minimum(r.gamma(2, 11, n), 90)
    bill = np.exp(s.measure(4.95 + 0.3 * means, 0.35))
    energy = 1 + 0.9 * bump(x, 0.58, 0.13) * (np.abs(x - 0.58) < 0.3)
    begin, end = state.number(2), state.number(3)
    subsidy, hole = (x >= begin) & (x < end), (x >= end) & (x < end + 0.08)
    rush = 0.7 * (subsidy & (x > end - 0.06)) - 0.7 * hole
    used = np.minimum(area, 70)
    cost = (1500 + 210 * used) * np.where(subsidy, 0.75, 1)
    saved = 12 * bill * np.minimum(1, 0.09 * used * light / (bill / 40)) * 0.7 * energy
    years = np.log(cost / saved)  # log of those after which the system has paid for itself
    suits = curve((30 - roof_age) / 4) * curve((area - 17) / 3)
    decision = s.grade("now, 3 months, 6 months, later", -1.0 * serious, -1.0, 0.6, 1.8)
    phone, photos = s.flag(1.2 + 0.8 * serious), s.flag(-1.5 + 0.8 * serious)
    filled = s.grade("25%, 50%, 75%, 100%", 0.9 * serious, -1.5, -0.3, 0.8)
    others, unknown = s.count(0.3 - 0.1 * serious), ~s.some(0.55)
    income = s.grade("<30k, 30-60k, 60-100k, >100k", 1.3 * means, -1.6, -0.2, 1.3)
    battery, electric_car = s.flag(-0.6 + 0.3 * serious + 0.4 * means), s.some(0.1 + 0.1 * x)
    s.add(1.0 * serious, 0.35 * means, 1.8 * np.tanh(-(years - 2.2) / 0.8))
    s.add(vendor.effect + by_state[vendor.code, state.code], place_effect, rush)
    s.add(0.4 * electric_car + 0.35 * photos + 0.5 * phone - 0.12 * others, s.shock(0.6))
    s.win(0.078, gate=(0.02 + 0.98 * owner) * (0.1 + 0.9 * suits))
    s.put(created=s.time("m"), vendor=vendor, state=state)
    s.put(zip3=text([f"{1 + k // 40}{k % 40:02d}" for k in range(320)], place))
    s.put(home_owner=said_owner, roof_direction=(roof, 0.15), shading=(shade, 0.12))
    s.put(roof_area_m2=(area * np.exp(r.normal(0, 0.05, n)), 0.2))
    s.put(roof_year=(2021 + 2.9 * x - roof_age, 0.25), monthly_bill=(stepped(bill, 5), 0.08))
    s.put(decision_time=decision, phone_valid=phone, photos_sent=photos, form_completeness=filled)
    s.put(other_quotes=others, income_band=(income, unknown), battery_interest=battery)
    s.put(electric_car=(electric_car, 0.1))
    s.put(heating=s.kind("gas: 0.5, oil: 0.2, heat pump: 0.14, district: 0.1, wood: 0.06"))
    s.put(subsidy_open=subsidy)


def university_applicants(s: Story) -> None:
    """Admitted applicants of a private university enrol; 63 columns, most of which tell little.

    Interest shows in visits and mails. Ability works backwards: the best go to better places unless
    the scholarship is large. What is left to pay against the family's income is a soft cliff.
    Locals come, those from the middle distance do not, those from afar do if they ask for housing.
    Agents abroad differ; each year has its level. Hidden: the place on the applicant's own list.
    """
    r, n = s.rng, s.rows
    s.words = "N, Y"
    interest, ability, means = s.traits(3)
    year = (2.2, 1.8, 1.2, 0.7, 0.3, 0.15, 0.1, 0.1, 0.2, 0.9, 1.4, 1.8)
    x = s.arrive("2019-10-01", 1461, (1, 1, 1), year, (10, 15, 19, 22))
    cycle = np.minimum((x * 4).astype(int), 3)
    cycle_effect = np.array([0.1, -0.18, 0.12, -0.05])[cycle]
    # Numbers: share, trend, what the tuition is more than usual.
    faculty = s.kind("""Business: 0.25 -0.4 1500, Engineering: 0.13 0 1500, Health: 0.14 0 3000,
        Law: 0.08 0 1000, Arts: 0.09 -0.3 -1000, Computing: 0.16 0.8 1000, Education: 0.06 0 -2000,
        Social Science: 0.09 0 0""")
    degrees = ["BSc {} General", "BA {} International", "BSc {} Applied", "BA {} Management"]
    degrees += ["MSc {} Advanced", "MSc {} Research", "MA {} Leadership", "BSc {} Digital"]
    programs = [degree.format(name) for name in faculty.names for degree in degrees]
    degree = s.draw(zipf(8, 0.7))
    program, master = faculty.code * 8 + degree, np.isin(degree, [4, 5, 6])
    program_effect = r.normal(0, 0.3, 64)[program] + faculty.number(1) * (x - 0.5)
    levels = """home: 0.4, India: -0.2, China: -0.1, Nigeria: -1, Vietnam: 0.2, Pakistan: -0.7,
        Germany: 0.3, USA: 0.3, Nepal: -0.3, Brazil: -0.2, Kenya: -0.8, Turkey: -0.4"""
    country = s.kind(levels, np.r_[0.62, 0.38 * zipf(11)])
    abroad = ~country.of("home")
    agent = np.where(abroad & s.some(0.65), 1 + s.draw(zipf(45, 0.8)), 0)
    agent_effect = np.r_[0, r.normal(0, 0.7, 45)][agent]
    far, near = np.exp(r.normal(8.6, 0.4, n)), np.exp(r.normal(4.1, 1.2, n))
    distance, school = np.where(abroad, far, near), s.draw(zipf(900, 0.8))
    log_km, school_effect = np.log10(np.maximum(distance, 1)), r.normal(0, 1, 900)[school]
    gpa, grades = np.clip(s.measure(3.05 + 0.32 * ability, 0.22), 1.5, 4.0), {}
    levels = """math: 7 9 0.1, language: 6 9 0.1, science: 6.5 10 0.35, history: 5 10 0.5,
        art: 2 12 0.7"""
    for subject, (slope, spread, gaps) in zip(*read_levels(levels), strict=True):
        missing, mark = s.some(gaps), s.measure(70 + slope * ability, spread)
        grades[f"grade_{subject}"] = np.clip(mark, 30, 100), missing
    untested = ~s.some(0.6)
    test = np.clip(s.measure(1080 + 125 * ability + 40 * means, 80), 500, 1600)
    ielts_known, ielts = abroad & s.some(0.85), s.measure(6.3 + 0.3 * ability, 0.5)
    unknown, log_income = ~s.some(0.55), 10.95 - 0.5 * abroad + 0.45 * means
    income = np.exp(s.measure(log_income, 0.25))
    tuition = np.where(master, 16500, 14000) + faculty.effect + 3500 * abroad + 500 * cycle
    offered = s.some(curve(-1.6 + 2.4 * (gpa - 3.05) / 0.3 - 0.4 * abroad))
    for_marks = np.array([0.1, 0.2, 0.3, 0.5])[np.searchsorted([3.2, 3.45, 3.7], gpa)]
    scholarship = np.where(s.some(0.06), 0.2, offered * for_marks)
    aid = ~abroad * stepped(r.gamma(1.5, 1500, n), 500) * s.some(0.35)
    to_pay = np.log(np.maximum(tuition * (1 - scholarship) - aid, 1500))
    parents = s.grade("school, vocational, degree", 0.8 * means, -0.5, 0.8)
    private, fee_waiver = s.flag(-1.6 + 0.9 * means), s.flag(-2.0 - 1.0 * means)
    open_day = s.flag(-1.0 + 0.8 * interest - 0.9 * abroad)
    tour = s.flag(-1.9 + 0.8 * interest - 1.2 * abroad)
    fair, webinars = s.flag(-1.5 + 0.2 * interest), s.count(-0.9 + 0.4 * interest + 0.5 * abroad)
    opened, clicked = s.count(1.5 + 0.35 * interest, 2), s.count(-0.2 + 0.45 * interest, 1.2)
    logins, views = s.count(1.2 + 0.5 * interest, 1.5), {}
    levels = """housing: -0.3 0.5, fees: 0.2 0.1, programmes: 1 0.15, campus_life: -0.2 0.4,
        careers: -0.4 0.2, scholarships: 0 0"""
    for page, (base, slope) in zip(*read_levels(levels), strict=True):
        views[f"views_{page}"] = s.count(base + slope * interest, 0.8)
    calls, chat = s.count(-1.3 + 0.5 * interest), s.count(-0.8 + 0.3 * interest)
    housing = s.flag(-1.2 + 0.9 * interest + 0.3 * abroad)
    way = (log_km > 2.3) * (0.9 * housing + 0.2)
    way = way - 0.55 * np.maximum(log_km - 1.2, 0) * (log_km <= 2.6) - 0.77 * (log_km > 2.6)
    documents = s.grade("0 of 3, 1 of 3, 2 of 3, 3 of 3", 0.7 * interest, -1.8, -0.8, 0.2)
    sibling, alumni = s.some(0.06), s.some(0.05)
    essay = s.count(6.1 + 0.08 * interest + 0.05 * ability, 9)
    days, others_unknown = np.exp(s.measure(2.1 - 0.25 * interest, 0.9)), ~s.some(0.4)
    others, gap_year = s.count(0.9 + 0.2 * ability - 0.25 * interest), s.some(0.1)
    age = np.where(master, 22 + r.gamma(1.3, 2.5, n), 17.6 + r.gamma(1.0, 1.0, n)) + gap_year
    counsellor = r.integers(0, 14, n)
    counsellor_effect = r.normal(0, 0.2, 14)[counsellor]
    contact = 0.6 * sibling + 0.5 * alumni + 0.45 * open_day + 0.5 * tour
    contact = contact + 0.2 * np.minimum(calls, 3) - 0.2 * gap_year
    lost = np.maximum(ability - 0.4, 0) * np.maximum(0, 1.3 - 3.2 * scholarship)
    s.add(0.95 * interest, -lost, 1.4 * scholarship, program_effect, country.effect, agent_effect)
    s.add(0.25 * school_effect * ~abroad, way, 0.5 * ((x * 4) % 1), -0.4 * (x - 0.5))
    s.add(counsellor_effect, contact, s.shock(0.8), cycle_effect)
    s.win(0.31, gate=0.12 + 0.88 * curve(-(to_pay - log_income + 0.85) / 0.22))
    district = np.minimum((log_km * 8).astype(int), 29)
    s.put(application_date=s.time(), cycle=labels("{}", 2020 + cycle))
    s.put(programme=text(programs, program), faculty=faculty)
    s.put(level=text("bachelor, master", master), country=country)
    s.put(agent=(labels("Agent {:02d}", agent), agent == 0))
    s.put(home_district=(labels("District {}", district + 1), abroad), distance_km=(distance, 0.03))
    s.put(school=(labels("School {:03d}", r.permutation(900)[school]), abroad | s.some(0.05)))
    s.put(gpa=(gpa, None, 2), **grades, test_score=(stepped(test, 10), untested))
    s.put(ielts=(np.clip(np.round(2 * ielts) / 2, 4.5, 9), ~ielts_known, 1))
    s.put(family_income=(stepped(income, 1000), unknown), tuition=tuition)
    s.put(scholarship_pct=scholarship * 100, aid_offered=(aid, aid == 0))
    s.put(parents_education=(parents, 0.3), first_generation=(parents.of("school"), 0.2))
    s.put(private_school=(private, abroad), fee_waiver=fee_waiver, open_day=open_day)
    s.put(campus_tour=tour, met_at_fair=fair, webinars=webinars, emails_opened=opened)
    s.put(emails_clicked=clicked, portal_logins=logins, **views, calls=calls, chat_messages=chat)
    s.put(housing_requested=housing, documents=documents, sibling_here=sibling)
    s.put(alumni_parent=alumni, essay_words=essay, days_to_complete=days)
    s.put(other_applications=(others, others_unknown), gap_year=gap_year, age=(age, None, 1))
    s.put(gender=s.kind("f: 0.54, m: 0.44, x: 0.02"), counsellor=labels("C-{}", counsellor))
    s.put(device=s.kind("mobile: 0.6, desktop: 0.4"), sports=s.some(0.4), music=s.some(0.25))
    s.put(volunteer=s.some(0.35), work_experience_months=r.gamma(0.6, 9, n) * (1 + 2 * master))
    s.put(recommendations=r.integers(0, 4, n))
    s.put(language=s.kind("en: 0.7, es: 0.1, zh: 0.07, hi: 0.06, other: 0.07"))
    channels = Kind("google, ucas, instagram, tiktok, fair, school visit", s.draw(zipf(6)))
    s.put(utm_source=(channels, 0.3), hour_applied=s.hour)
    s.put(postal_opt_in=s.some(0.5), disability_support=(s.some(0.05), 0.4))


def mortgage_leads(s: Story) -> None:
    """A loan is signed with an online broker of mortgages.

    Two ratios have cliffs: the loan against the value, and the monthly cost against the income;
    the cost follows the rate of the month, which climbs from 1.1 to 4 %. People who change their
    loan sign only below their old rate, buyers when they have found the object. Credit is hidden
    behind what people say of it. A bad source stops at 70 %. Hidden: the bank and the household.
    """
    r, n = s.rng, s.rows
    s.words = "no, yes"
    serious, credit = s.traits(2)
    year = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.7)
    x = s.arrive(
        *("2021-01-01", 1095, (1, 0.8, 0.8), year, (10, 14, 20, 21)),
        change=lambda weight, x: weight * (1.3 - 0.7 * x),
    )
    rate = 1.1 + 2.9 * curve((x - 0.48) / 0.07) + 0.15 * np.sin(9 * x)
    purpose = s.kind("purchase: 0.52, refinance: 0.25, new build: 0.14, renovation: 0.09")
    purchase, refinance, new_build, renovation = (purpose.of(name) for name in purpose.names)
    levels = """seo: 0.7 0.1 0 0.1, property portal: 0.8 0 0 0, affiliate: 0.5 -0.7 -0.4 -0.9,
        bank referral: -0.8 0.4 0.3 0.6, tv: -0.4 -0.1 0 -0.2, calculator: 0.6 -0.2 0 -0.2"""
    source = s.choose(levels, affiliate=np.where(x < 0.7, 0, -30))
    source_effect = source.effect + 0.45 * (source.of("property portal") & purchase)
    source_effect = source_effect + 0.5 * (source.of("calculator") & refinance)
    region = s.kind("""north: 0.18 0, south: 0.2 0.25, east: 0.14 -0.35, west: 0.22 0.05,
        capital: 0.18 0.5, coast: 0.08 0.2""")
    value = 12.45 + region.effect + r.normal(0, 0.38, n)
    income = s.measure(8.2 + 0.18 * credit, 0.32) + 0.25 * (value - 12.45)
    changed, renovated = r.normal(0.52, 0.18, n), r.normal(0.2, 0.1, n)
    bought = 1.06 - r.gamma(1.8, 0.14, n) - 0.04 * credit
    to_value = np.select([refinance, renovation], [changed, renovated], bought)
    to_value = np.clip(to_value, 0.04, 1.25)
    value_effect = -1.1 * curve((to_value - 0.82) / 0.02) - 2.6 * curve((to_value - 0.96) / 0.02)
    loan, debts = to_value * np.exp(value), s.some(0.35) * np.exp(r.normal(5.3, 0.6, n))
    burden = (loan * (rate / 100 + 0.025) / 12 + debts) / np.exp(income)
    old_rate = np.clip(r.normal(2.3, 0.8, n), 0.7, 5)
    rate_effect = refinance * 1.7 * np.tanh((old_rate - rate - 0.2) / 0.6)
    found = s.flag(-0.5 + 0.7 * serious)
    object_effect = 1.3 * (purchase & found) + 0.2 * new_build + 0.1 * renovation
    unknown = ~s.some(0.8)
    rating = s.grade("poor, fair, good, excellent", 1.2 * credit, -2.5, -1, 0.8)
    job = s.choose("""permanent: 1.6 0 0.2 0.1, civil servant: -0.3 0 0.5 0.5,
        self-employed: 0.1 0 -0.1 -0.4, fixed-term: -0.2 0 -0.5 -0.8, retired: -1 0 0 -0.3,
        other: -1.2 0 -0.6 -1""")
    years, applicants = np.exp(s.measure(1.5 + 0.3 * credit, 0.7)), s.draw((0.45, 0.55)) + 1
    age, uploaded = np.clip(r.normal(40, 9, n), 20, 75), s.count(-0.4 + 0.6 * serious, 1.5)
    runs = s.count(0.7 + 0.25 * serious, 1.0)
    horizon = s.grade("at once, 3 months, 6 months, open", -1.0 * serious, -1.3, 0.3, 1.5)
    callback, phone = s.flag(-0.7 + 0.5 * serious), s.flag(1.6 + 0.5 * serious)
    adviser = r.integers(0, 24, n)
    adviser_effect = r.normal(0, 0.3, 24)[adviser]
    signs = 0.25 * np.minimum(uploaded, 4) + 0.4 * phone
    signs = signs + 0.2 * (applicants == 2) - 0.5 * (age + 25 > 80)
    s.add(1.0 * serious, value_effect, rate_effect, object_effect, source_effect, adviser_effect)
    s.add(signs, s.shock(0.5))
    granted = curve((credit + 1.1 + job.effect) / 0.45)
    bearable = curve((np.where(job.of("self-employed"), 0.36, 0.42) - burden) / 0.025)
    s.win(0.058, gate=(0.03 + 0.97 * granted) * (0.04 + 0.96 * bearable))
    s.put(lead_time=s.time("m"), purpose=purpose, source=source, region=region)
    s.put(property_value=stepped(np.exp(value), 5000), loan_amount=stepped(loan, 1000))
    s.put(net_income_month=(stepped(np.exp(income), 50), 0.07))
    s.put(other_debts_month=(debts, debts == 0), interest_rate_month=(rate, None, 2))
    s.put(old_rate=(old_rate, ~refinance, 2), object_found=(found, ~purchase))
    s.put(credit_self_rating=(rating, unknown), employment=job, years_in_job=(years, 0.2, 1))
    s.put(applicants=applicants, age=age, documents_uploaded=uploaded, calculator_runs=runs)
    s.put(horizon=(horizon, 0.1), callback_wanted=callback, phone_valid=phone)
    s.put(adviser=labels("Adviser {:02d}", adviser + 1))
    s.put(property_type=s.kind("flat: 0.42, house: 0.42, two-family: 0.1, plot: 0.06"))
    s.put(children=(r.poisson(0.8, n), 0.3))
    s.put(term_fixed_years=r.choice([5, 10, 15, 20], n, p=[0.1, 0.5, 0.25, 0.15]))
    s.put(energy_class=(Kind("A, B, C, D, E, F, G", r.choice(7, n)), 0.6))


def recruiting_agency(s: Story) -> None:
    """A candidate for a vacancy is placed by an agency.

    Two sides must match: experience against what is asked (too little is fatal), the wish against
    the budget (a steep flank), skills, the way to work, which does not matter with work from home
    (frequent from 40 % on). Clients (600) are easy or hard. The market tightens: wishes rise, the
    notice matters less. Traits: quality, wish to move. Hidden: the competition for the post.
    """
    r, n = s.rng, s.rows
    quality, will = s.traits(2)
    year = (1.4, 1.4, 1, 1, 1, 1, 1, 1, 1.4, 1, 1, 0.5)
    x = s.arrive("2019-06-03", 1300, (1, 0.1, 0.1), year)
    levels = """accountant: 3.9, controller: 4.2, payroll clerk: 3.7, java developer: 4.25,
        data analyst: 4.1, it support: 3.75, project manager: 4.25, buyer: 4, sales rep: 3.95,
        key account manager: 4.3, hr partner: 4.05, office manager: 3.7, mechanical engineer: 4.2,
        electrician: 3.8, qa engineer: 4.1, logistics planner: 3.85, nurse: 3.8, care manager: 4,
        marketing manager: 4.1, ux designer: 4.1"""
    role = s.kind(levels, zipf(20, 0.6))  # number: log of the usual salary
    pay, role_effect, client = role.effect, r.normal(0, 0.3, 20)[role.code], s.draw(zipf(600, 0.85))
    client_effect, client_level = r.normal(0, 0.55, 600)[client], r.normal(0, 0.12, 600)[client]
    asked = r.choice([0, 1, 2, 3, 5, 8, 10], n, p=[0.08, 0.1, 0.2, 0.25, 0.22, 0.1, 0.05])
    years = np.maximum(0, asked * np.exp(r.normal(0.15, 0.45, n)) + r.normal(0.6, 1.2, n))
    too_little = np.maximum(0, (asked - years) / (asked + 1))
    too_much = np.maximum(0, np.log((years + 1) / (asked + 1)) - 0.9)
    skills = 3 + r.poisson(4, n)
    matched = np.round(np.clip(s.measure(0.62 + 0.12 * quality, 0.17), 0, 1) * skills)
    budget = pay + 0.05 * np.log1p(asked) * 2 + client_level + r.normal(0, 0.08, n) + 0.06 * x
    wish = s.measure(budget - 0.02 + 0.06 * (x > 0.6) + 0.05 * quality - 0.05 * will, 0.11)
    wish_effect = -1.9 * curve((wish - budget - 0.09) / 0.03) - 2.0 * np.maximum(0, wish - budget)
    on_site = role.of("mechanical engineer", "electrician", "logistics planner")
    on_site |= role.of("nurse", "care manager")
    remote = s.some(np.where(on_site, 0.02, np.where(x > 0.4, 0.45, 0.06)))
    km = np.exp(r.normal(2.9, 0.9, n))
    way = np.where(remote, 0.25, -1.1 * curve((km - 38) / 7))
    source = s.choose("""job board: 1 -0.2 0.3 -0.2, linkedin: 0.7 0.1 0 0,
        own database: 0.4 0 0 0.1, referral: -0.4 0.3 0.2 0.5, headhunt: -0.1 0.4 -0.7 0.1,
        career site: 0.1 0 0.3 0.1, job fair: -1.2 -0.1 0 -0.4""")
    source_effect = source.effect + 0.6 * (source.of("headhunt") & (pay > 4.15))
    work = s.choose("employed: 1.2 0 -0.4, unemployed: -0.2 0 0.6, freelance: -0.9 0 0.3")
    notice = r.choice([2, 4, 8, 12, 26], n, p=[0.1, 0.3, 0.25, 0.28, 0.07])
    notice = notice * ~work.of("unemployed")
    interviewed, mark = s.some(0.8), s.measure(3.2 + 0.65 * quality, 0.7)
    education = s.grade("none, vocational, bachelor, master", 0.6 * quality, -1, 0.7, 2.2)
    unknown, jobs = ~s.some(0.9), s.count(0.6 - 0.1 * quality)
    reply, cv_pages = np.exp(s.measure(2.3 - 0.6 * will, 0.9)), r.poisson(2.5, n) + 1
    would_move = s.flag(-1.3 + 0.6 * will)
    open_days = r.gamma(1.5, 18 * np.exp(-0.25 * client_effect), n)
    earlier, recruiter = r.poisson(np.exp(0.5 - 0.2 * client_effect)), r.integers(0, 18, n)
    recruiter_effect = r.normal(0, 0.3, 18)[recruiter]
    language = s.grade("A2: -1.2, B1: -0.3, B2: 0.1, C1: 0.2", 0.5 * quality, -2, -0.8, 0.9)
    s.add(1.0 * quality, -3.2 * too_little - 0.8 * too_much)
    s.add(2.8 * np.minimum(matched / skills, 0.85), wish_effect, -0.05 * notice * (1.2 - 0.9 * x))
    s.add(client_effect, role_effect, source_effect, recruiter_effect)
    s.add(language.effect - 0.006 * np.minimum(open_days, 120), 0.2 * (x - 0.5), s.shock(0.7))
    s.win(0.14, gate=curve(1.0 + 1.1 * will + way))  # the candidate says yes, too
    start = ["Al", "Ber", "Cor", "Dan", "El", "Fin", "Gar", "Hol", "In", "Jor", "Kel", "Lor", "Mar"]
    start += ["Nor", "Os", "Pal", "Quin", "Ros", "Sol", "Tor"]
    end = ["tech", "werk", "med", "log", "bank", "soft", "bau", "food", "pharm", "net"]
    clients = [f"{a}{b} {c}" for a in start for b in end for c in ("GmbH", "AG", "& Co")]
    s.put(date=s.time(), role=role, client=text(clients, r.permutation(600)[client]))
    s.put(recruiter=labels("R{:02d}", recruiter), source=source, years_required=asked)
    s.put(years_experience=(years, 0.03, 1), skills_asked=skills, skills_matched=matched)
    s.put(salary_budget=stepped(np.exp(budget) * 1000, 100))
    s.put(salary_wish=(stepped(np.exp(wish) * 1000, 100), 0.08), remote_possible=remote)
    s.put(commute_km=(km, 0.1), employment_now=work, notice_weeks=notice)
    s.put(interview_mark=(np.clip(np.round(mark * 2) / 2, 1, 5), ~interviewed, 1))
    s.put(education=(education, 0.06), jobs_last_5_years=(jobs, unknown))
    s.put(hours_to_reply=(reply, None, 1), cv_pages=cv_pages, willing_to_move=(would_move, 0.15))
    s.put(vacancy_open_days=open_days, earlier_candidates=earlier, language_level=language)


def gym_memberships(s: Story) -> None:
    """People who try a gym, with three columns: the date, the way they came, the distance.

    The date carries the season (January brings many that do not stay), campaigns in May and October
    that help most with friends, weekends, and a rival that opens at 55 % and takes those from
    beyond 2 km. Where the distance becomes too far depends on the channel. Hidden: motive, money.
    """
    (motive,) = s.traits(1)
    year = (2.6, 1.5, 1.1, 1, 0.9, 0.7, 0.6, 0.8, 1.3, 1.1, 0.9, 0.5)
    x = s.arrive("2021-02-01", 1000, (1, 1.3, 1.3), year, (10, 17, 18, 19))
    # Numbers: pull, what the motive adds, kilometres that are too far, effect.
    channel = s.choose("""walk-in: 0.5 0.4 4 0.5, instagram: 0.6 -0.2 4.5 -0.4,
        google maps: 0.7 0.1 5 0.1, friend: 0.4 0.3 6.5 0.7, company deal: -0.2 0 14 0.8,
        flyer: -0.1 -0.2 3.5 -0.2, trial voucher: 0.3 -0.6 4.5 -0.8""")
    usual = 0.9 + 0.5 * channel.of("company deal") - 0.4 * channel.of("walk-in")
    km = np.exp(s.rng.normal(usual, 0.8, s.rows))
    day = (s.moment.astype("datetime64[D]") - s.moment.astype("datetime64[M]")).astype(int)
    campaign = np.isin(s.month, [5, 10]) & (day < 21)
    by_month = np.array([-0.6, -0.3, 0.05, 0.1, 0.1, 0, -0.1, 0.35, 0.45, 0.15, 0, -0.2])
    date = by_month[s.month - 1] + campaign * np.where(channel.of("friend"), 1.1, 0.35)
    s.add(0.9 * motive, channel.effect, -2.1 * curve((km - channel.number(2)) / 0.9))
    s.add(-0.8 * (x > 0.55) * (km > 2), date - 0.25 * (s.weekday >= 5), s.shock(0.5))
    s.win(0.41)
    s.put(visit_date=s.time(), came_by=channel, home_distance_km=(km, 0.06, 1))


def newsletter_eshop(s: Story) -> None:
    """Readers of an outdoor shop's newsletter order for the first time.

    Interest shows in mails opened and clicked against those sent. Clicks say more, and opened mails
    say nothing where the mail program opens them itself (from 30 % on). A visit counts while it is
    fresh, a basket left behind counts a lot, a voucher while it is valid. Addresses out of prize
    draws hardly ever buy. Categories have seasons. Traits: interest, hunt for deals. Hidden: taste.
    """
    r, n = s.rng, s.rows
    s.words = "0, 1"
    interest, deals = s.traits(2)
    year = (1, 1, 1, 1.3, 1.3, 1, 1, 1, 1, 1.3, 1.3, 1)
    x = s.arrive("2021-06-01", 870, (1, 1, 1), year)
    levels = """footer form: 0.2 0.4 0 0.2, pop-up: 0.9 0 0.2 0, prize draw: 0.8 -0.7 0.5 -1.6,
        checkout abort: -1.2 0.8 0 1.1, store till: -0.5 0.2 0 0.4, blog: -0.3 0.3 0 0.1,
        partner shop: -0.1 0 0 -0.3, instagram: -0.3 -0.1 0 -0.3"""
    source = s.choose(levels, instagram=0.2 * (x > 0.4))
    icloud = s.some(0.1 + 0.16 * x)
    provider = r.choice([0, 1, 3, 4, 5, 6], n, p=[0.42, 0.18, 0.14, 0.1, 0.08, 0.08])
    provider, tenure = np.where(icloud, 2, provider), np.exp(r.normal(4.2, 1.1, n))
    mails = 1 + r.poisson(np.minimum(tenure, 90) / 6)
    attention = np.minimum(-1.5 + 0.55 * interest + 0.1 * deals, -0.05)
    opened = s.count(np.log(mails) + np.where(icloud & (x > 0.3), -0.35, attention), 4)
    clicked = s.count(np.log(mails) - 3.6 + 0.75 * interest + 0.15 * deals, 1.5)
    opened, clicked = np.minimum(opened, mails), np.minimum(clicked, mails)
    visits, basket = s.count(-0.5 + 0.7 * interest, 0.8), s.flag(-3.6 + 0.9 * interest)
    last_visit, voucher = r.exponential(25, n), s.flag(-1.0 + 0.6 * deals)
    recent = (visits > 0) * 1.1 * np.exp(-last_visit / 12)
    click_rate = np.minimum(1.3, 0.9 * np.sqrt(clicked * 12 / (mails + 6)))
    voucher_days = np.round(r.uniform(-60, 90, n)).astype(int)
    # Numbers: share, peak of the season, its height.
    category = s.kind("""hiking: 0.3 5 0.35, ski: 0.17 11.5 1, climbing: 0.1 5 0.3,
        camping: 0.17 6 0.7, running: 0.16 4 0.3, bike: 0.1 5 0.5""")
    season = category.effect * s.season(category.number(1) - 0.5)
    unknown, salutation = ~s.flag(-0.2 + 0.4 * interest), s.kind("Ms: 0.4, Mr: 0.35, none: 0.25")
    country = s.kind("DE: 0.6 0.1, AT: 0.13 0.1, CH: 0.1 0.3, NL: 0.1 -0.3, FR: 0.07 -0.6")
    taste = s.shock(0.7)
    s.add(0.75 * interest, click_rate, recent, 1.3 * basket, source.effect)
    s.add((voucher & (voucher_days >= 0)) * (0.3 + 0.8 * curve(1.5 * deals)), -0.25 * deals, season)
    s.add(0.6 * np.exp(-tenure / 20), country.effect, -0.3 * x, taste)
    s.win(0.031)
    s.put(snapshot=s.time(), signup_date=s.time(days_later=-tenure.astype(int)))
    providers = "gmail, outlook, icloud, gmx, yahoo, company, other"
    s.put(signup_source=source, mail_provider=text(providers, provider), mails_sent=mails)
    s.put(mails_opened=opened, mails_clicked=clicked, shop_visits_30d=visits)
    s.put(days_since_visit=(last_visit, visits == 0), basket_left=basket)
    s.put(voucher_valid_until=(s.time(days_later=voucher_days), ~voucher))
    s.put(category=(category, unknown), salutation=(salutation, salutation.of("none")))
    s.put(country=country)


def telemarketing(s: Story) -> None:
    """Calls of a telecom company in 34 campaigns.

    A campaign has a product, an offer, some weeks, and wears out. Fibre suits where it is laid,
    mobile those without it, TV the old. The hour of the call meets the occupation. Each attempt
    loses; a warm talk helps while it is fresh, and so does the end of a contract. Agents differ
    and tire. Traits: openness to calls, demand. Hidden: the mood of the moment, and of the week.
    """
    r, n = s.rng, s.rows
    s.words = "n, y"
    open_to, demand = s.traits(2)
    begin, length = np.sort(r.uniform(0, 0.93, 34)), r.uniform(0.03, 0.1, 34)
    product = r.choice(4, 34, p=[0.35, 0.3, 0.2, 0.15])
    offer = r.normal(0, 0.45, 34) + np.array([0.1, 0, -0.1, -0.4])[product]
    year = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.6)
    x = s.arrive("2022-01-03", 720, (1, 0.35, 0), year, (10, 12, 15, 18))
    hour = np.clip(s.hour, 9, 20)
    moment = s.moment.astype("datetime64[D]").astype("datetime64[s]") + hour * 3600
    moment = moment + r.integers(0, 3600, n)
    order = np.argsort(moment, kind="stable")
    s.moment, x, hour, weekday = moment[order], x[order], hour[order], s.weekday[order]
    live = (x[:, None] >= begin) & (x[:, None] < begin + length)
    campaign = np.where(live, r.random((n, 34)), -1).argmax(1)
    evergreen = ~live.any(1) | s.some(0.08)
    campaign = np.where(evergreen, 34, campaign)
    words = ["Spring", "Summer", "Flash", "Fresh", "Switch", "Plus", "Family"]
    products = ["fibre", "mobile bundle", "tv", "energy"]
    names = [f"{words[k % 7]} {products[product[k]]}" for k in range(34)]
    names = [f"{names[k]} {22 + int(begin[k] * 2)}-{k + 1:02d}" for k in range(34)]
    days = np.where(evergreen, 0, (x - np.r_[begin, 0][campaign]) * 720)
    campaign_effect = np.r_[offer, -0.4][campaign] - 0.35 * np.log1p(days / 10)
    product = np.r_[product, 1][campaign]
    fibre, mobile, tv, energy = (product == k for k in range(4))
    origin = s.choose("""own customers: 0.8 0 0 0.3, lapsed: 0.3 0 -0.1 0.1,
        lottery list: -0.1 -0.3 0 -0.6, address broker: 0.2 -0.2 0 -0.5,
        web leads: -0.5 0.3 0.5 0.6""")
    known = origin.of("own customers", "lapsed")
    age, old = np.clip(r.normal(50, 16, n), 18, 92), np.where(s.some(0.9), 4, 3)
    young = r.choice([0, 2, 5], n, p=[0.3, 0.3, 0.4])
    shares = [0.3, 0.1, 0.2, 0.1, 0.08, 0.05, 0.09, 0.08]
    occupation = r.choice([0, 1, 2, 3, 6, 7, 8, 9], n, p=shares)
    occupation = np.where(age > 65, old, np.where(age < 25, young, occupation))
    evening, morning, works = hour >= 17, hour < 12, np.isin(occupation, [0, 1, 2, 8])
    hour_effect = works * (0.5 * evening - 0.3 * morning) + 0.15 * (weekday == 5)
    hour_effect = hour_effect + (occupation == 4) * (0.45 * morning - 0.35 * evening)
    area = s.draw(zipf(60, 0.6))
    laid, use = r.uniform(-0.6, 1.3, 60)[area] < x, np.exp(s.measure(4.6 + 0.5 * demand, 0.6))
    has_mobile = s.flag(0.3 - 0.4 * demand)
    suits = fibre * np.where(laid, 0.9, -1.1) + tv * 0.03 * (age - 50) - 0.2 * energy
    attempt, talked = np.minimum(1 + r.geometric(0.5, n) - 1, 9), s.flag(-0.5 + 0.1 * open_to)
    talk_days = r.gamma(1.2, 60, n)
    talk_seconds = np.exp(s.measure(4.2 + 0.5 * open_to + 0.25 * demand, 0.8))
    levels = "refused: -0.9, undecided: -0.1, call again: 0.4, interested: 1.1"
    talk = s.grade(levels, 1.0 * open_to + 0.6 * demand, -0.6, 0.9, 2.2)
    warmth = talked * talk.effect * np.exp(-talk_days / 120)
    contract_end = np.round(r.uniform(-30, 720, n))
    contract_effect = known * np.select([contract_end < 90, contract_end > 360], [0.8, -0.4], 0)
    agent = r.integers(0, 60, n)
    agent_effect = r.normal(0, 0.35, 60)[agent] - 0.04 * (hour - 9) * (agent % 3 == 0)
    since, week = np.round(2022 - r.gamma(2, 3.5, n)), (x * 720 // 7).astype(int)
    week_effect = r.normal(0, 0.2, week.max() + 1)[week]
    s.add(0.7 * open_to, 0.6 * demand, 0.35 * demand * fibre, -1.0 * (has_mobile - 0.5) * mobile)
    s.add(campaign_effect, origin.effect, hour_effect, suits)
    s.add(-0.45 * np.log(attempt) - 0.3 * (attempt > 5), warmth, contract_effect, agent_effect)
    s.add(week_effect, s.shock(0.8))
    s.win(0.088)
    occupations = "employee, manager, worker, self-employed, retired, student, homemaker, "
    occupations += "unemployed, civil servant, unknown"
    s.put(call_time=s.time("m"), campaign=text([*names, "Evergreen"], campaign))
    s.put(product=text(products, product), list=origin, agent=labels("AG{}", agent + 100))
    s.put(attempt=attempt, age=(age, 0.12), occupation=text(occupations, occupation))
    s.put(area=labels("Area {:02d}", area), fibre_expanded=laid, data_use_gb=(use, ~known))
    s.put(mobile_contract=(has_mobile, ~known), contract_end_days=(contract_end, ~known))
    s.put(customer_since=(since, ~known), days_since_last_talk=(talk_days, ~talked))
    s.put(last_talk_seconds=(talk_seconds, ~talked), last_talk_result=(talk, ~talked))
    s.put(weekday=text("Mon, Tue, Wed, Thu, Fri, Sat, Sun", weekday))


def real_estate_portal(s: Story) -> None:
    """Enquiries at a property portal end in a rent or a sale.

    The price against what is usual in the postcode decides, and the means against the price. Most
    of the 3,000 postcodes are seen less than 15 times; they are hot or cold by district. Renters
    decide in days, buyers need cash or a letter of the bank. The more people ask, the smaller the
    chance. Interest rates press sales from half time on; the app comes at 35 %. Hidden: sympathy.
    """
    r, n = s.rng, s.rows
    serious, means = s.traits(2)
    year = (1.2, 1.1, 1.1, 1, 1, 0.9, 0.8, 0.8, 1.1, 1, 0.9, 0.6)
    x = s.arrive("2021-02-01", 1060, (1, 1, 1.4), year, (8, 12, 18, 21))
    east, north = r.random(3000), r.random(3000)
    centre, heat = r.random((9, 2)), r.normal(0, 0.8, 9)
    squared = [(east - p) ** 2 + (north - q) ** 2 for p, q in centre]
    hot = sum(heat[k] * np.exp(-squared[k] / 0.03) for k in range(9)) + r.normal(0, 0.3, 3000)
    urban = sum(np.exp(-squared[k] / 0.008) for k in range(5))
    rank = np.lexsort((north, (east * 30).astype(int))).argsort()  # codes run in strips
    codes = np.array([f"{10000 + 29 * k + 7 * (k % 3):05d}" for k in range(3000)])[rank]
    place = r.choice(3000, n, p=(0.12 + urban) / (0.12 + urban).sum())
    usual, hot = (7.75 + 0.45 * urban + 0.12 * hot)[place], hot[place]  # log of price per m2
    rent = s.some(0.58)
    kind = r.choice(4, n, p=[0.68, 0.1, 0.19, 0.03])
    kind = np.where(rent, kind, s.draw((0.5, 0.35, 0.05, 0.03, 0.07)))
    kind = Kind("flat: 4.25, house: 4.9, studio: 3.4, penthouse: 4.8, plot: 6.1", kind)
    area, dear = np.exp(kind.effect + r.normal(0, 0.28, n)), r.normal(0, 0.17, n)
    plot = kind.of("plot")
    price = usual + dear + np.log(area) - 2.0 * plot - 5.75 * rent
    levels = """portal: 1.5 -0.2 0 -0.2, own site: 0.2 0.15 0 0.2, search agent mail: 0.2 0.1 0 0.1,
        app: 0 -0.1 0 0, phone: -0.6 0.6 0 0.5, social: -0.5 -0.5 0 -0.7,
        sign at house: -1.6 0.4 0 0.5"""
    app = np.where(x > 0.35, np.minimum(1.2 * (x - 0.35) * 3, 1.2) - 0.6, -30)
    channel = s.choose(levels, app=app)
    channel_effect = channel.effect + 0.4 * (channel.of("app") & rent)
    channel_effect = channel_effect + 0.4 * (channel.of("search agent mail") & ~rent)
    busy = np.where(rent, 2.1, 1.2) + 0.3 * np.clip(hot, -2, 2) - 1.4 * dear
    asking, furnished = r.poisson(np.exp(busy + r.normal(0, 0.4, n))), s.some(0.5)
    unknown = ~s.flag(-0.7 + 0.5 * serious + 0.9 * rent)
    log_income = 8.05 + 0.3 * means + 0.22 * (price - np.where(rent, 6.6, 12.4))
    income = s.measure(log_income, 0.15)
    levels = "none: -0.6, in progress: 0.1, bank letter: 0.7, cash: 1.2"
    financing = s.grade(levels, 0.6 * serious + 0.7 * means, 0.2, 1.5, 2.8)
    length, views = s.count(4.6 + 0.3 * serious, 1.1), s.count(0.5 + 0.4 * serious, 1.0)
    saved, searching = s.flag(-0.8 + 0.6 * serious), np.exp(r.normal(3.5, 1.0, n))
    phone = s.flag(0.4 + 0.5 * serious)
    move_in = s.grade("at once, 3 months, 6 months, flexible", -0.9 * serious, -1.0, 0.5, 1.6)
    persons, pet, smoker = 1 + r.poisson(0.9, n), s.some(0.2), s.some(0.15)
    tenant = rent * (-0.35 * pet - 0.3 * smoker - 0.2 * np.maximum(persons - area / 25, 0))
    office = rank[place] * 40 // 3000
    office_effect, hours = r.normal(0, 0.25, 40)[office], np.exp(r.normal(2.5, 1.2, n))
    rates = np.where(rent, 0.15 * (x - 0.5), -1.1 * curve((x - 0.5) / 0.05))
    s.add(0.95 * serious, -2.4 * dear - 1.2 * np.maximum(dear - 0.2, 0), hot * 0.55, channel_effect)
    s.add(-np.log(1 + 0.22 * asking), ~rent * financing.effect, tenant, office_effect)
    s.add(-np.where(rent, 0.3, 0.1) * np.log1p(hours / 6), rates, 0.4 * saved, s.shock(0.6))
    ratio = np.where(rent, log_income - price - np.log(3.0), log_income - price + 4.5)
    s.win(0.052, gate=0.05 + 0.95 * curve(ratio / 0.14))
    s.put(enquired_at=s.time("m"), channel=channel, deal=text("sale, rent", rent))
    s.put(property_type=kind, postcode=text(codes, place))
    s.put(price=stepped(np.exp(price), np.where(rent, 5, 1000)), area_m2=area)
    s.put(rooms=(np.maximum(1, area / 26), plot | s.some(0.05)), enquiries_same_object=asking)
    s.put(household_income=(stepped(np.exp(income), 50), unknown), financing=(financing, rent))
    s.put(message_length=length, object_views=views, saved=saved)
    s.put(searching_since_days=(searching, 0.4), phone_given=phone, move_in=(move_in, 0.15))
    s.put(persons=(persons, 0.2), pets=(pet, ~rent), smoker=(smoker, ~rent))
    s.put(office=labels("Office {}", office + 1), hours_to_answer=(hours, None, 1))
    s.put(furnished=furnished & rent & kind.of("studio"))


# Columns that machines of some kinds have, which stand here by their initials; H is a combine.
KINDS = "EWFTHLMRC"
# Wear: kinds, mean, what the condition adds, spread, gaps.
WEAR = """undercarriage_pct: E 58 16 13 0.15, tyres_pct: WTH 55 15 17 0.15,
    battery_health_pct: F 70 11 9 0.5, spindle_runout_um: LM 9 -2.5 2.5 0.35,
    drum_wear_mm: R 4 -1.1 1.2 0.3, rope_condition_pct: C 62 14 14 0.3"""
# Technical data: kinds, mean, spread, digits, gaps.
TECHNICAL = """operating_weight_t: EWRC 16 5 1 0.2, bucket_m3: EW 1.4 0.5 2 0.2,
    dig_depth_m: E 5.9 0.8 1 0.2, boom_m: EC 6 1.4 1 0.4, track_width_mm: E 600 70 0 0.5,
    lift_capacity_kg: FC 2800 700 0 0.2, lift_height_mm: F 4500 700 0 0.2,
    fork_length_mm: F 1200 120 0 0.4, side_shift_mm: F 100 15 0 0.7, power_hp: EWTHRC 150 45 0 0.2,
    pto_rpm: T 850 120 0 0.3, hydraulic_l_min: EWT 110 30 0 0.5, top_speed_kmh: TW 42 6 0 0.4,
    header_width_m: H 6.8 0.9 1 0.2, grain_tank_l: H 9000 1400 0 0.2, swing_mm: L 500 120 0 0.2,
    bed_length_mm: L 1500 500 0 0.2, travel_x_mm: M 900 250 0 0.2, travel_y_mm: M 550 120 0 0.2,
    travel_z_mm: M 550 110 0 0.2, tool_places: M 36 14 0 0.2, spindle_rpm: LM 7000 2500 0 0.2,
    drum_width_mm: R 1600 300 0 0.2, max_load_t: C 45 15 0 0.2"""


def used_machinery(s: Story) -> None:
    """Enquiries for used machines at a dealer; nine kinds, each with technical columns of its own.

    The price against a fair value decides; the condition is hidden behind marks of wear. Strict
    countries do not take old engines, others look for them. Freight counts against the price. End
    users buy more often, traders below the fair value only, farmers before their season. The
    buyer's earnestness shows in how he writes. Hidden: a rival's offer.
    """
    r, n = s.rng, s.rows
    condition, earnest = s.traits(2)
    year = (1, 1.2, 1.4, 1.2, 1, 0.9, 0.8, 0.7, 1, 1, 0.9, 0.6)
    x = s.arrive("2019-09-02", 1500, (1, 0.3, 0.3), year)
    # Numbers: share, logs of the usual hours a year and of the price when new.
    kind = s.kind("""excavator: 0.22 6.8 11.7, wheel loader: 0.14 6.8 11.5, forklift: 0.18 6.9 10.2,
        tractor: 0.16 6.3 11.4, combine: 0.05 5.6 12.4, lathe: 0.08 7.3 10.9,
        machining centre: 0.07 7.7 12, roller: 0.06 6.2 11, crane: 0.04 6.6 12.7""")
    metal, forklift = kind.of("lathe", "machining centre"), kind.of("forklift")
    makes = "Kobaru, Lindner, Caton, Volmer, Hitano, Jungfels, Stillberg, Fendal, Deerfield, "
    makes += "Claasen, Mazaro, Okumi, Bomaq, Terrax"
    make = (kind.code * 3 + s.draw((0.35, 0.25, 0.18, 0.12, 0.1))) % 14
    make_effect = r.normal(0, 0.3, 14)[make]
    age = np.clip(r.gamma(3, 3.3, n), 0.5, 35)
    built = 2019.7 + 4.1 * x - age
    per_year = np.exp(r.normal(kind.number(1), 0.45, n))
    price_new = kind.effect + r.normal(0, 0.35, n)
    fair = price_new - 0.085 * age - 0.14 * (np.log(per_year) - kind.number(1))
    unrated = ~s.some(0.82)
    rating = s.grade("1, 2, 3, 4, 5", 1.5 * condition, -2.2, -0.7, 0.9, 2.6)
    price = s.measure(fair + 0.03 + 0.1 * condition, 0.17)
    own = {}
    for column, kinds, (mean, slope, spread, gaps) in _own_columns(WEAR):
        missing = ~(np.isin(kind.code, kinds) & (r.random(n) > gaps))
        own[column] = s.measure(mean + slope * condition, spread), missing, 1
    for column, kinds, (mean, spread, digits, gaps) in _own_columns(TECHNICAL):
        missing = ~(np.isin(kind.code, kinds) & (r.random(n) > gaps))
        size = 0.7 * (price_new - price_new.mean()) + 0.6 * r.normal(0, 1, n)
        own[column] = mean + spread * size, missing, int(digits)
    control = Kind("Siemax, Fanto, Heidenfeld", r.integers(0, 3, n)), ~metal | s.some(0.1)
    # Numbers: share, kilometres, effect.
    country = s.kind("""DE: 0.3 300 0.3, PL: 0.1 800 0.1, NL: 0.07 450 0.1, FR: 0.07 800 -0.1,
        IT: 0.06 900 -0.1, RO: 0.07 1500 0, UA: 0.05 1700 -0.2, TR: 0.05 2500 -0.2,
        EG: 0.04 5500 -0.5, NG: 0.04 7500 -0.9, AE: 0.03 7000 0, VN: 0.03 11000 -0.4,
        ES: 0.03 1700 -0.1, CZ: 0.03 500 0.2, GB: 0.02 900 -0.2, KE: 0.01 10000 -0.7""")
    strict = country.of("DE", "NL", "FR", "IT", "ES", "CZ", "GB")
    lax = country.of("UA", "EG", "NG", "VN", "KE")
    stage = np.searchsorted([2002, 2007, 2012, 2016, 2019.5], built)
    engine = ~metal & ~(forklift & s.some(0.55))
    allowed = -0.9 * (strict & (stage <= 2)) + lax * (0.35 * (stage <= 2) - 0.7 * (stage >= 4))
    km = country.number(1) * np.exp(r.normal(0, 0.3, n))
    freight = 350 + 1.1 * np.minimum(km, 2500) + 0.35 * np.maximum(km - 2500, 0)
    buyer = s.choose("""end user: 1 0 0.3 0.5, trader: 0.7 0 0 0.2, rental: -0.5 0 0.2 0.4,
        broker: -0.4 0 -0.6 -0.6, unknown: 0.3 0 -0.4 -0.3""")
    trader = buyer.of("trader", "broker")
    source = s.choose("""MachineryMart: 1.5 0 -0.3 -0.2, own site: 0.7 0 0.1 0.1,
        phone: 0.2 0 0.4 0.2, trade fair: -0.9 0 0 0.3, repeat customer: -0.5 0 0.6 0.9,
        auction list: -0.4 0 -0.2 -0.3, mail shot: -0.4 0 0 -0.2""")
    source_effect = source.effect + 0.6 * (source.of("auction list") & trader)
    length, questions = s.count(4.2 + 0.35 * earnest, 1.2), s.count(0.3 + 0.4 * earnest)
    visit, vat_id = s.flag(-1.3 + 0.9 * earnest), s.flag(0.1 + 0.7 * earnest)
    financing, countered = s.flag(-1.2 + 0.2 * earnest), s.flag(-1.0 + 0.1 * earnest)
    offer = np.exp(s.measure(price - 0.2 + 0.07 * earnest, 0.1))
    season = 0.4 * kind.of("tractor") * s.season(3) + 0.9 * kind.of("combine") * s.season(5.5)
    season = season + 0.25 * kind.of("excavator", "wheel loader", "roller") * s.season(4)
    levels = """Anders: 0.4, Bauer: 0.1, Celik: -0.2, Drost: 0, Egger: 0.3, Ferri: -0.4, Groen: 0.2,
        Huber: -0.1, Ilic: -0.3"""
    stock, seller = r.exponential(90, n), Kind(levels, r.integers(0, 9, n))
    photos, inspected = r.poisson(14, n), s.some(0.25)
    signs = 0.35 * inspected + 0.02 * np.minimum(photos, 20)
    signs = signs + 0.5 * visit + 0.2 * np.minimum(questions, 3)
    above = price - (fair + 0.2 * condition)
    value = -4.0 * above - 3.0 * np.maximum(above - 0.15, 0)
    value = value - trader * 4.0 * np.maximum(above + 0.05, 0)
    s.add(value, 0.85 * earnest, engine * allowed, country.effect)
    s.add(-1.6 * (1 - np.exp(-4 * freight / np.exp(price))), buyer.effect, source_effect, season)
    s.add(-0.25 * np.log1p(stock / 60), seller.effect, make_effect, signs)
    s.add(0.5 * bump(x, 0.62, 0.12), s.shock(0.6))
    s.win(0.23)
    s.put(enquiry_date=s.time(), kind=kind, make=text(makes, make), year_built=built)
    s.put(hours=(per_year * age, 0.08), price_new=(stepped(np.exp(price_new), 1000), 0.1))
    s.put(price=stepped(np.exp(price), 100), condition=(rating.code + 1, unrated))
    s.put(emission_stage=(text("0, I, II, IIIA, IV, V", stage), ~engine))
    s.put(drive=text("electric/mains, diesel", engine), **own, control=control)
    s.put(buyer_country=country, distance_km=km, freight_estimate=stepped(freight, 10))
    s.put(buyer_type=buyer, source=source, message_length=length, questions_asked=questions)
    s.put(inspection_visit_wanted=visit, vat_id_given=vat_id, financing_wanted=financing)
    s.put(counter_offer=(stepped(offer, 100), ~countered), days_in_stock=stock, sales_rep=seller)
    s.put(photos=photos, inspection_report=inspected)
    places = "Hall A: 0.3, Hall B: 0.25, Yard Nord: 0.2, Yard Sued: 0.15, at customer: 0.1"
    s.put(location=s.kind(places))
    s.put(colour=(Kind("yellow, green, red, blue, grey, orange", s.draw(zipf(6))), 0.3))
    s.put(ce_marked=(built > 1995, 0.2))
    s.put(manual_available=s.some(0.7), service_book=(s.some(0.55), 0.25))
    s.put(warranty_months=r.choice([0, 3, 6, 12], n, p=[0.6, 0.2, 0.12, 0.08]))
    s.put(attachments=(r.poisson(1.1, n), metal), air_condition=(s.some(0.5), metal | forklift))
    s.put(central_lube=(s.some(0.2), 0.5))


def _own_columns(table: str) -> Iterator[tuple[str, list[int], list[float]]]:
    """Name, codes of the kinds that have it, numbers."""
    for row in table.split(","):
        name, kinds, *values = row.replace(":", "").split()
        yield name, [KINDS.index(kind) for kind in kinds], [float(value) for value in values]


# ---- all of them by name ----------------------------------------------------------------------


# Name: the story, its seed, its rows, how the open leads are chosen.
STORIES: dict[str, tuple[Callable[[Story], None], int, int, str]] = {
    "b2b trials": (b2b_trials, 101, 18_000, "last"),
    "car dealership": (car_dealership, 202, 22_000, "random"),
    "insurance comparison": (insurance_comparison, 303, 60_000, "last"),
    "solar panels": (solar_panels, 404, 14_000, "random"),
    "university applicants": (university_applicants, 505, 26_000, "last"),
    "mortgage leads": (mortgage_leads, 606, 16_000, "random"),
    "recruiting agency": (recruiting_agency, 707, 11_000, "last"),
    "gym memberships": (gym_memberships, 808, 9_500, "random"),
    "newsletter eshop": (newsletter_eshop, 909, 120_000, "last"),
    "telemarketing": (telemarketing, 1010, 40_000, "random"),
    "real estate portal": (real_estate_portal, 1111, 34_000, "last"),
    "used machinery": (used_machinery, 1212, 9_000, "random"),
}


def catalogue() -> dict[str, Callable[[], LeadTable]]:
    """Every table by name."""
    return {name: _maker(name) for name in STORIES}


def _maker(name: str) -> Callable[[], LeadTable]:
    tell, seed, rows, how = STORIES[name]

    def make() -> LeadTable:
        story = Story(seed, rows)
        tell(story)
        fields, is_open = typed(pd.DataFrame(story.columns)), story.opened(how)
        return LeadTable(name, SETTINGS[how], fields, story.won, is_open, story.truth)

    return make
