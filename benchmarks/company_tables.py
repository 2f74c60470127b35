"""Fourteen simulated tables of companies, such as a check from outside would ask.

They were written without knowledge of the models, so that they favour none. In: nothing. Out:
makers of `LeadTable` by name. Each function fills in the fields of one company and gives the true
probabilities; `TABLES` says its seed, its rows and how the open leads are chosen: the last ones
where the rows are in order of creation, or some at random. Truth depends on what the fields said
before they were rounded or emptied, on the time where a table drifts, and in wide survey, trial to
paid and telecom upgrade also on traits that the fields show only with noise: no model can reach the
log loss of the truth there. Promise: seeds are fixed, every call gives the same table.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from tables import SETTINGS, LeadTable, last, typed

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

COUNTRIES = (
    "US|GB|DE|FR|CA|AU|NL|IN|ES|IT|SE|BR|CH|BE|PL|DK|NO|IE|SG|MX|AT|FI|PT|NZ|ZA|JP|AE|IL|CZ|RO"
)
INDUSTRIES = (
    "Software|Manufacturing|Retail|Healthcare|Finance|Education|Consulting|Construction|Logistics|"
    "Media|Hospitality|Energy|Real Estate|Government|Non-profit|Telecom|Agriculture|Legal|"
    "Insurance|Automotive|Chemicals|Other"
)
STATES = (
    "CA|TX|FL|NY|PA|IL|OH|GA|NC|MI|NJ|VA|WA|AZ|MA|TN|IN|MO|MD|WI|CO|MN|SC|AL|LA|KY|OR|OK|CT|UT|IA|"
    "NV|AR|MS|KS|NM|NE|ID|WV|HI|NH|ME|MT|RI|DE|SD|ND|AK"
)
RANKS = ("intern", "specialist", "manager", "head", "director", "VP", "C-level", "owner")
DEPARTMENTS = ("Marketing", "Sales", "IT", "Operations", "Finance", "")


class Maker:
    """The leads of one company while they are made; every draw moves the one source of chance.

    rows: number of leads. time: (rows,) from 0 to 1. fields: columns so far. log_odds: (rows,) sum
    of the effects so far. The order of the calls is part of the table. Calls that add columns
    return the maker, so that short ones share a line.
    """

    def __init__(self, seed: int, rows: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        self.rows = rows
        self.normal, self.uniform = partial(rng.normal, size=rows), partial(rng.uniform, size=rows)
        self.gamma, self.poisson = partial(rng.gamma, size=rows), partial(rng.poisson, size=rows)
        self.exponential = partial(rng.exponential, size=rows)
        self.geometric = partial(rng.geometric, size=rows)
        self.time = (np.arange(rows) + 0.5) / rows
        self.fields: dict[str, NDArray[Any]] = {}
        self.log_odds = np.zeros(rows)

    # ---- what is drawn ----

    def days(self, span: float) -> Vector:
        """Times of creation in days from the first one, in order."""
        return np.sort(self.uniform(0, span))

    def coin(self, chance: ArrayLike) -> Codes:
        """1 with this chance, else 0."""
        return (self.rng.random(self.rows) < chance).astype(int)

    def pick(self, *weights: float, size: int | None = None) -> Codes:
        """Codes from 0 with these weights."""
        share = np.asarray(weights, float)
        return self.rng.choice(share.size, size or self.rows, p=share / share.sum())

    def zipf(self, levels: int, power: float, shift: float = 2.0, size: int | None = None) -> Codes:
        """Codes from 0 that grow rare: level r weighs (r + shift) ** -power."""
        return self.pick(*(np.arange(levels) + shift) ** -power, size=size)

    def levels(self, levels: int, sd: float, mean: float = 0.0) -> Vector:
        """A normal number for every level of a category."""
        return self.rng.normal(mean, sd, levels)

    def group(
        self, count: int, power: float, sd: float, shift: float = 2.0
    ) -> tuple[Codes, Vector]:
        """Codes of a category and the effect of its level, both one per lead."""
        codes = self.zipf(count, power, shift)
        return codes, self.levels(count, sd)[codes]

    # ---- what is known ----

    def put(self, missing: ArrayLike = 0, digits: int | None = None, /, **columns: Vector) -> Self:
        """Columns of numbers; `missing` is the chance of an empty cell, one for all or one each."""
        for name, values in columns.items():
            rounded = values if digits is None else np.round(values.astype(float), digits)
            self.fields[name] = np.where(self._gaps(missing), np.nan, rounded)
        return self

    def words(self, names: str, missing: ArrayLike = 0, /, **columns: Codes) -> Self:
        """Columns of text: codes into names between bars; "A..120" stands for A001 to A120."""
        texts = np.array([text for part in names.split("|") for text in _run(part)], dtype=object)
        for name, codes in columns.items():
            self.fields[name] = np.where(self._gaps(missing), None, texts[codes])
        return self

    def dates(self, start: str, missing: ArrayLike = 0, /, **columns: Vector) -> Self:
        """Columns of dates as text, out of days from the start."""
        for name, days in columns.items():
            dates = np.datetime64(start) + np.floor(days).astype("timedelta64[D]")
            texts = np.datetime_as_string(dates, unit="D").astype(object)
            self.fields[name] = np.where(self._gaps(missing), None, texts)
        return self

    def _gaps(self, missing: ArrayLike) -> NDArray[np.bool_]:
        """The cells that stay empty; drawn also where none does, as the order of draws asks."""
        return self.rng.random(self.rows) < missing

    # ---- what comes of it ----

    def add(self, *effects: Vector) -> None:
        """Effects on the log-odds, before they are scaled."""
        for effect in effects:
            self.log_odds = self.log_odds + effect

    def chances(self, sd: float, rate: float, drift: ArrayLike = 0.0) -> Vector:
        """Probabilities whose mean is the rate; effects have this sd on the log-odds scale."""
        log_odds = standard(self.log_odds) * sd + drift
        low, high = -20.0, 20.0
        for _ in range(80):
            middle = (low + high) / 2
            too_low = sigmoid(log_odds + middle).mean() < rate
            low, high = (middle, high) if too_low else (low, middle)
        return sigmoid(log_odds + low)


def _run(names: str) -> list[str]:
    """A name as it is, or all those that an ellipsis stands for."""
    prefix, several, count = names.partition("..")
    if not several:
        return [names]
    return [f"{prefix}{i:0{len(count)}d}" for i in range(1, int(count) + 1)]


def sigmoid(x: Vector) -> Vector:
    """Probability of log-odds."""
    return 1.0 / (1.0 + np.exp(-x))


def standard(x: Vector) -> Vector:
    """Numbers with mean 0 and sd 1."""
    return (x - x.mean()) / (x.std() + 1e-12)


def hill(x: Vector, top: float, width: float) -> Vector:
    """1 at the top and less on both sides."""
    return np.exp(-0.5 * ((x - top) / width) ** 2)


def whole(x: Vector, low: float, high: float) -> Vector:
    """Rounded numbers within bounds."""
    return np.clip(np.round(x), low, high)


def by(codes: Codes, *values: float) -> NDArray[Any]:
    """The value that belongs to each code."""
    return np.array(values)[codes]


def b2b_software(m: Maker) -> Vector:
    """A seller of software to firms: who fills in the form buys, by day."""
    days = m.days(730)
    source = m.pick(22, 18, 9, 8, 14, 10, 5, 5, 6, 4, 12)
    industry, industry_effect = m.group(22, 0.8, 0.35)
    country, country_effect = m.group(30, 1.3, 0.3)
    size = m.normal(4.0, 1.7) + 0.4 * (source == 5)
    revenue = np.exp(size + 11.6 + m.normal(0, 0.7))
    rank = whole(m.normal(3.0 - 0.15 * (size - 4), 1.8), 0, 7).astype(int)
    department = m.pick(25, 20, 16, 12, 10, 17)
    free_mail = m.coin(sigmoid(-1.2 - 0.5 * (size - 4)))
    visits = m.rng.negative_binomial(1.2, 0.18, m.rows) + 1
    pricing = m.rng.binomial(visits, 0.12)
    downloads, lag = m.poisson(0.5 + 1.0 * (source == 4)), np.exp(m.normal(1.5, 1.5))
    campaign, campaign_effect = m.group(180, 0.9, 0.25)
    m.add(by(source, 0.0, -0.2, 0.9, 0.3, -0.3, -0.6, 0.1, 0.7, -0.6, 0.6, 0.2), industry_effect)
    m.add(country_effect, 1.1 * hill(size, 4.8, 1.3))
    m.add(by(rank, -1.2, -0.5, 0.1, 0.35, 0.5, 0.5, 0.3, 0.25), -0.6 * free_mail)
    m.add(0.45 * np.log1p(visits), 0.6 * (pricing > 0), 0.15 * np.minimum(pricing, 4))
    m.add(0.12 * np.minimum(downloads, 4), campaign_effect, -0.15 * np.log(lag))
    m.add(0.5 * (source == 7) * (size > 5.5), 0.2 * np.isin(department, [0, 1]))
    sources = "organic|paid search|referral|webinar|content|outbound|event|partner|social"
    titles = [f"{r[0].upper()}{r[1:]} {d}" if d else r for r in RANKS for d in DEPARTMENTS]
    m.dates("2022-03-01", created=days).words(f"{sources}|review site|direct", 0.02, source=source)
    m.words("CMP-..180", 0.25 * (source != 1), campaign=campaign)
    by_hand = industry + 22 * m.coin(0.05)  # a few are typed in, in lower case
    m.words(f"{INDUSTRIES}|{INDUSTRIES.lower()}", 0.12, industry=by_hand)
    m.words(COUNTRIES, 0.01, country=country)
    m.put(0.2 + 0.25 * free_mail, employees=np.maximum(1, np.round(np.exp(size))))
    m.put(0.45, -3, annual_revenue=revenue)
    m.words("|".join(titles), 0.08, job_title=rank * len(DEPARTMENTS) + department)
    m.words("false|true", free_email=free_mail)
    m.put(visits=visits, pricing_page_views=pricing, downloads=downloads)
    m.put(0.1, 1, days_first_visit_to_form=lag).words("no|yes", newsletter=m.coin(0.3))
    m.words("Chrome|Safari|Edge|Firefox|Other", browser=m.pick(60, 18, 12, 8, 2))
    m.words("rep..14", owner=m.zipf(14, 0.4))
    return m.chances(1.35, 0.12)


def insurance_quotes(m: Maker) -> Vector:
    """An insurer of cars: a quote becomes a policy, above all where it is the cheaper one."""
    age = whole(18 + m.gamma(2.6, 10.5), 18, 92)
    state_effects = m.levels(48, 0.25)
    zip_code = m.zipf(900, 0.6)
    state, zip_effect = m.zipf(48, 0.9, size=900)[zip_code], m.levels(900, 0.15)[zip_code]
    licensed = np.maximum(age - 17 - m.exponential(3), 0)
    make, make_effect = m.group(42, 0.9, 0.15)
    make_value = m.levels(42, 0.15)[make]
    car_age = np.round(m.gamma(1.8, 4.0))
    value = np.exp(m.normal(9.9, 0.5) - 0.09 * car_age + make_value)
    credit = whole(m.normal(660 + 0.9 * (age - 40), 75), 350, 850)
    claims, cover = m.poisson(0.25 + 0.4 * (age < 25)), m.pick(30, 45, 25)
    price = 6.5 + 0.35 * np.log(value / 15000) + 0.5 * hill(age, 18, 7) - 0.0012 * (credit - 660)
    price = price + 0.2 * claims + np.log(by(cover, 0.75, 1.0, 1.4)) + state_effects[state] * 0.5
    premium = np.exp(price + m.normal(0, 0.2))
    insured = m.coin(0.68)
    current = premium * np.exp(m.normal(0.04, 0.25))
    saving = np.log(current / premium)
    channel = m.pick(45, 25, 18, 12)
    children = np.minimum(m.poisson(0.8 * hill(age, 42, 14) * 1.6), 5)
    married = m.coin(sigmoid(-2.0 + 0.06 * np.minimum(age, 60)))
    owner = m.coin(sigmoid(-2.4 + 0.045 * age + 0.5 * married))
    miles = np.exp(m.normal(9.2, 0.5) - 0.008 * np.maximum(age - 60, 0))
    start_in, prior = np.round(m.exponential(18)), np.minimum(m.geometric(0.7) - 1, 8)
    m.add(by(channel, -0.3, 0.15, 0.75, 0.3), insured * (2.2 * np.tanh(1.8 * saving)))
    m.add(-0.25 * insured, 0.25 * state_effects[state], zip_effect, make_effect)
    m.add(-0.55 * standard(np.log(premium)), 0.35 * standard(credit) * (age < 60), 0.35 * owner)
    m.add(0.25 * married, 0.5 * hill(start_in, 5, 6), -0.012 * start_in, -0.2 * claims)
    m.add(0.18 * prior, -0.5 * (channel == 0) * (age > 65), 0.3 * (cover == 1))
    m.put(0.01, age=age).words("F|M|X", 0.02, gender=m.pick(49, 48, 3)).words(STATES, state=state)
    m.words("..00900", 0.03, zip=zip_code).put(0.05, 0, years_licensed=licensed)
    m.words("make_..42", vehicle_make=make).put(vehicle_year=2024 - car_age)
    m.put(0.15, -2, vehicle_value=value).put(0.22, credit_score=credit).put(claims_5y=claims)
    m.words("liability|standard|full", cover=cover)
    m.put(0, 2, quoted_premium=premium, monthly_premium=premium / 12)
    m.words("no|yes", currently_insured=insured)
    m.put(np.where(insured == 1, 0.12, 1.0), 0, current_premium=current)
    m.words("aggregator|web|agent|phone", channel=channel).put(0.05, children=children)
    m.words("N|Y", 0.04, married=married).words("N|Y", 0.06, home_owner=owner)
    m.put(0.08, -2, annual_miles=miles).put(days_to_start=start_in, previous_quotes=prior)
    m.words("mobile|desktop|tablet", device=m.pick(50, 42, 8))
    m.put(hour=np.round(np.clip(m.normal(14, 4.5), 0, 23)))
    return m.chances(1.3, 0.22)


def bank_calls(m: Maker) -> Vector:
    """A bank sells deposits by telephone, by day; the rate of interest and the mood move."""
    days = m.days(900)
    day = np.datetime64("2021-06-01") + days.astype("timedelta64[D]")
    month = day.astype("datetime64[M]").astype(int) % 12
    rate = 1.2 + 1.4 * m.time + 0.25 * np.sin(days / 140) + 0.02 * m.normal()
    age = whole(m.normal(42, 12) + 22 * m.coin(0.06), 18, 95)
    job = m.pick(25, 22, 16, 10, 7, 3, 4, 4, 3, 3, 2, 1)
    student = (age < 24) & (m.uniform() < 0.5)
    job = np.where(age > 66, 5, np.where(student, 10, job))
    schooling = 2.2 + 0.8 * np.isin(job, [0, 4]) - 0.9 * (job == 1)
    education = whole(m.normal(schooling, 1.0), 0, 4).astype(int)
    balance = np.sign(m.normal(0.9)) * np.exp(m.normal(6.3, 1.4))
    housing, loan, contact = m.coin(0.52), m.coin(0.15), m.coin(0.63)
    previous = m.coin(0.14) * m.geometric(0.6)
    success = (previous > 0) * m.coin(0.25)
    since, calls = np.round(m.gamma(3, 40)), m.geometric(0.42)
    weekday = (day.astype(int) + 3) % 7  # what falls on a weekend counts as Monday's
    agent, agent_effect = m.group(120, 0.5, 0.25)
    branch, branch_effect = m.group(60, 0.8, 0.2)
    m.add(by(job, 0.15, -0.35, 0.0, -0.2, 0.15, 0.6, -0.2, -0.1, 0.0, 0.2, 0.8, 0.0))
    m.add(0.12 * education, 1.4 * hill(age, 18, 8), 0.9 * sigmoid((age - 62) / 2), -0.3 * housing)
    m.add(-0.4 * loan, 0.45 * contact, 1.9 * success, 0.15 * np.minimum(previous, 3))
    m.add(-0.2 * np.minimum(calls, 8), 0.16 * np.sign(balance) * np.log1p(np.abs(balance)) / 2)
    m.add(by(month, 0, 0.1, 0.6, 0.3, -0.35, -0.1, -0.2, -0.1, 0.5, 0.55, -0.1, 0.3), agent_effect)
    m.add(branch_effect, 0.5 * (since < 60) * (previous > 0))
    jobs = "admin|blue-collar|technician|services|management|retired|entrepreneur|self-employed"
    m.dates("2021-06-01", first_call=days)
    m.words("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec", month=month)
    m.words("mon|tue|wed|thu|fri", weekday=np.where(weekday > 4, 0, weekday)).put(age=age)
    m.words(f"{jobs}|housemaid|unemployed|student|unknown", job=job)
    m.words("basic|secondary|high school|university|postgraduate", 0.05, education=education)
    m.words("married|single|divorced", marital=m.pick(60, 28, 12)).put(0.02, 0, balance=balance)
    m.words("no|yes", 0.03, housing_loan=housing, personal_loan=loan)
    m.words("telephone|cellular", contact=contact)
    m.put(calls_planned=calls, previous_contacts=previous)
    m.put(previous == 0, days_since_previous=since)
    m.words("none|failure|success", previous_outcome=np.where(previous == 0, 0, 1 + success))
    m.put(0, 3, rate_3m=rate).words("A..120", agent=agent).words("branch ..60", branch=branch)
    mood = 0.12 * np.sin(days / 100 + 1)
    return m.chances(1.15, 0.11, -0.35 * m.time + 0.35 * (rate - 1.2) / 1.4 + mood)


def course_enquiries(m: Maker) -> Vector:
    """A school of online courses: who asks enrols; many columns say little or stay empty."""
    origin, occupation = m.pick(5, 30, 26, 20, 6, 8, 5), m.pick(48, 26, 12, 8, 6)
    working = occupation == 1
    field, field_effect = m.group(19, 0.6, 0.2)
    city, city_effect = m.group(140, 1.1, 0.25)
    visits = np.where(m.coin(0.18), 0, m.rng.negative_binomial(2, 0.38, m.rows) + 1)
    seconds = np.minimum(np.where(visits == 0, 0, np.exp(m.normal(5.6, 1.3))), 2500)
    pages = np.where(visits == 0, 0, 1 + m.exponential(1.7))
    no_mail, no_call = m.coin(0.08), m.coin(0.02)
    activity = m.pick(28, 25, 18, 9, 8, 7, 5)
    guess = 2 + 0.5 * working + 0.4 * (seconds > 700)
    quality = whole(m.normal(guess, 1.0), 0, 4).astype(int)
    active = m.normal(14 + 1.0 * (seconds > 600), 1.6)
    profile, gpa = m.normal(16 + 1.2 * working, 1.8), np.clip(m.normal(3.0, 0.45), 1.5, 4.0)
    years = np.round(np.where(occupation == 2, m.exponential(0.6), m.gamma(1.8, 3.2)))
    income = np.exp(m.normal(10.2, 0.5) + 0.03 * years + 0.2 * working)
    course = m.pick(20, 30, 25, 15, 10)
    fee = by(course, 900, 1500, 2200, 3400, 5200)
    m.add(by(origin, -0.2, 0.0, -0.3, 1.2, 0.2, 0.6, 0.1))
    m.add(by(occupation, -0.2, 1.1, -0.1, 0.4, 0.2), field_effect, city_effect)
    m.add(by(activity, 0.1, 0.9, -0.7, -0.1, -0.4, -1.2, 0.0), 0.5 * np.log1p(seconds) / 2)
    m.add(1.0 * (seconds > 900), -0.08 * np.minimum(visits, 10), -1.0 * no_mail)
    m.add(0.3 * (quality - 2), -0.35 * standard(np.log(fee / income)), 0.15 * standard(active))
    m.add(0.5 * working * (fee > 3000), 0.3 * hill(years, 5, 3), 0.1 * np.minimum(pages, 5))
    m.words("Import|Landing page|API|Add form|Chat|Referral site|Fair", lead_origin=origin)
    occupations = "Unemployed|Working professional|Student|Housewife|Businessman"
    m.words(occupations, 0.25, occupation=occupation).words("Field ..19", 0.3, specialisation=field)
    m.words("City..140", 0.2, city=city)
    m.words("IN|AE|US|GB|SG|SA|QA|AU", 0.2, country=np.where(city < 100, 0, 1 + city % 7))
    m.put(0.015, total_visits=visits).put(0, 0, seconds_on_site=seconds)
    m.put(0.015, 2, pages_per_visit=pages)
    m.words("No|Yes", do_not_email=no_mail, do_not_call=no_call)
    activities = "Email opened|SMS sent|Chat|Page visited|Converted to lead|Email bounced|Form"
    m.words(activities, 0.01, last_activity=activity)
    m.words("Worst|Low|Not sure|Might be|High", 0.35 - 0.1 * working, lead_quality=quality)
    m.put(0.4, 0, activity_score=active)
    m.put(np.isnan(m.fields["activity_score"]), 0, profile_score=profile).put(0.35, 2, gpa=gpa)
    m.put(0.1, years_experience=years).put(0.4, -2, income=income).put(course_fee=fee)
    m.words("Intro|Basic|Pro|Expert|Master", course=course)
    heard = m.pick(55, 15, 10, 8, 6, 6)
    m.words("Select|Online search|Word of mouth|Student|Advert|Other", 0.25, how_heard=heard)
    m.words("Better career|Flexibility|Other", 0.3, main_reason=m.pick(90, 7, 3))
    for name, chance in (
        *(("search_ad", 0.01), ("newspaper", 0.003), ("forum", 0.002), ("billboard", 0.01)),
        *(("tv", 0.02), ("recommended", 0.04), ("wants_updates", 0.2), ("pay_by_cheque", 0.03)),
        ("free_copy", 0.31),
    ):
        m.words("No|Yes", **{name: m.coin(chance)})
    m.words("+05:30|+04:00|-05:00|+00:00", time_zone=m.pick(80, 8, 6, 6))
    m.put(hour=m.rng.integers(0, 24, m.rows)).words("mail..60", mail_host=m.zipf(60, 1.5))
    m.put(0.3, birth_year=np.round(2001 - years - m.gamma(2, 2)))
    m.words("en|hi|ta", language=m.pick(70, 20, 10))
    return m.chances(1.6, 0.38)


def three_columns(m: Maker) -> Vector:
    """A web shop knows no more of a visitor than campaign, device and hour."""
    campaign = m.zipf(2000, 0.95)  # fifty each are alike
    campaign_effects = m.levels(2000, 0.7) + np.repeat(m.levels(40, 0.4), 50)
    hour = whole(np.where(m.coin(0.6), m.normal(13, 3), m.normal(20, 2.5)), 0, 23)
    device = m.pick(55, 38, 7)
    m.add(campaign_effects[campaign], by(device, -0.35, 0.45, 0.1), 0.7 * hill(hour, 11, 3))
    m.add(-0.3 * (hour > 21))
    m.words("c..2000", landing_campaign=campaign)
    m.words("mobile|desktop|tablet", 0.02, device=device).put(hour=hour)
    return m.chances(1.05, 0.06)


def marketplace_requests(m: Maker) -> Vector:
    """A marketplace with thousands of sellers: a request ends in an order, rarely, by day."""
    days = np.sort(365 * m.uniform() ** 0.8)
    seller, seller_quality = m.group(4000, 0.85, 0.55, shift=5)
    category = (seller * 7919) % 160  # a seller has one category
    category_effect = m.levels(160, 0.45)[category]
    city, city_effect = m.group(1200, 0.9, 0.15, shift=4)
    price = np.exp(m.normal(3.8, 1.1) + 0.8 * m.levels(160, 1)[category])
    rating = np.clip(4.3 + 0.35 * seller_quality + m.normal(0, 0.15), 1, 5)
    reviews = np.round(np.exp(m.levels(4000, 1.2, 2.5)))[seller]
    words = np.round(np.exp(m.normal(2.8, 0.9)))
    photos, distance, returning = m.poisson(1.2), np.exp(m.normal(2.3, 1.2)), m.coin(0.27)
    urgency = m.pick(20, 45, 35)
    weekend = np.floor(days).astype(int) % 7 > 4
    m.add(seller_quality, category_effect, city_effect, -0.3 * standard(np.log(price)))
    m.add(0.7 * returning, 0.35 * np.log1p(words) / 1.2)
    m.add(-0.35 * np.maximum(np.log(distance) - 2, 0), by(urgency, 0.6, 0.1, -0.3))
    m.add(0.12 * np.log1p(reviews), 0.1 * np.minimum(photos, 4))
    m.add(-0.3 * (urgency == 0) * (distance > 25), -0.15 * weekend)
    m.dates("2023-01-09", requested_on=days).words("S..4000", seller=seller)
    m.words("cat-..160", category=category)
    m.words("town_..1200", 0.02, city=city).put(0.06, 2, price=price)
    m.put(0.04, 1, seller_rating=rating)
    m.put(seller_reviews=reviews, message_words=words, photos=photos)
    m.put(0.08, 1, distance_km=distance).words("false|true", returning_buyer=returning)
    m.words("now|this month|just looking", 0.1, urgency=urgency)
    return m.chances(1.2, 0.03, 0.15 * np.sin(2 * np.pi * days / 365 - 1) - 0.1 * m.time)


def wide_survey(m: Maker) -> Vector:
    """A supplier asks firms eighty questions; five hidden traits are behind the answers."""
    traits = m.rng.normal(size=(m.rows, 5)).T
    fit, need, means, digital, size = traits
    m.add(0.5 * fit, 0.6 * need, 0.45 * np.minimum(means, 0.8), 0.25 * digital, -0.2 * size**2)
    for i in range(24):  # answers on a scale from 1 to 5
        answer = 3 + 0.8 * traits[i % 5] * (1 if i % 3 else -1) + m.normal(0, 0.8)
        answer = np.clip(np.round(answer), 1, 5)
        if i in {3, 6, 11, 17}:
            m.add(0.16 * (answer - 3) * (1 if i != 6 else -1))
        m.put(0.03 + 0.04 * (i > 15), **{f"q{i + 1:02d}": answer})
    sector, region = m.zipf(18, 0.7), m.zipf(26, 0.6)
    m.add(m.levels(18, 0.35)[sector], m.levels(26, 0.25)[region])
    employees = np.round(np.exp(3.5 + 1.2 * size + m.normal(0, 0.5))) + 1
    turnover = np.exp(np.log(employees) + 11.3 + m.normal(0, 0.6))
    budget = np.exp(9 + 0.9 * means + 0.3 * size + m.normal(0, 0.4))
    told = sigmoid(0.6 + 0.7 * need)  # who is in need tells the budget
    m.words("sector ..18", 0.03, sector=sector).words("R..26", region=region)
    m.words("North|South|East|West|Centre", zone=region % 5).put(0.1, employees=employees)
    m.put(0.3, -3, turnover=turnover).put(1 - told, -2, budget=budget)
    band = np.digitize(employees, [10, 50, 250, 1000])
    m.words("1-9|10-49|50-249|250-999|1000+", size_band=band)
    role = m.pick(28, 24, 20, 16, 12)
    m.add(by(role, 0.4, 0.2, 0.0, -0.2, -0.5))
    m.words("owner|director|manager|engineer|assistant", 0.06, role=role)
    supplier, supplier_effect = m.group(12, 0.6, 0.4)
    m.add(supplier_effect, 0.5 * (supplier == 1) * (need > 0.3))
    m.words("none|vendor ..11", 0.12, current_supplier=supplier)
    contract_end = np.round(m.gamma(2, 8))
    m.add(0.8 * hill(contract_end, 3, 4))
    m.put(0.3, months_to_contract_end=contract_end)
    for i in range(14):  # answers yes or no, of which three matter
        has = m.coin(sigmoid(-0.5 + 0.5 * traits[i % 5] + 0.1 * i))
        if i in {1, 4, 9}:
            m.add(0.3 * has)
        m.words("no|yes", 0.05, **{f"has_{i + 1:02d}": has})
    for i in range(12):  # measurements, mostly noise
        measured = np.exp(m.normal(0, 0.6 + 0.05 * i) + (0.5 * digital if i < 3 else 0))
        m.put(0.02 * i, 3, **{f"metric_{i + 1:02d}": measured})
    for i in range(10):  # categories that are noise
        codes = {f"group_{i + 1:02d}": m.zipf(4 + 5 * i, 0.7)}
        m.words(f"g{i + 1}_..{4 + 5 * i}", 0.02 * i, **codes)
    m.dates("2023-09-01", answered_on=m.days(240)).words("int..45", interviewer=m.zipf(45, 0.4))
    m.put(0.02, 1, minutes=np.exp(m.normal(2.6, 0.4)))
    m.words("web|phone|fair", channel=m.pick(60, 25, 15)).put(0, 4, weight=np.exp(m.normal(0, 0.3)))
    m.put(0.7, 0, employees_parent=employees * np.exp(m.normal(0.6, 0.8)))
    m.put(0.1, year_founded=np.round(2020 - m.gamma(1.7, 12)))
    m.words("no|yes", exporter=m.coin(sigmoid(-1 + 0.6 * size)))
    m.words("Ltd|Sole trader|PLC|Other", legal_form=m.pick(50, 25, 15, 10))
    m.put(sites=1 + m.poisson(np.exp(0.5 * size - 0.5)))
    return m.chances(1.3, 0.25)


def property_buyers(m: Maker) -> Vector:
    """An agency for houses: an enquiry ends in a sale, by day, while mortgages grow dearer."""
    days = m.days(1095)
    postcode = m.zipf(1500, 0.7, 6)
    town = postcode // 15 * 7 % 100
    town_price, town_effect = m.levels(100, 0.35)[town], m.levels(100, 0.3)[town]
    postcode_effect = m.levels(1500, 0.2)[postcode]
    kind = m.pick(42, 30, 16, 7, 5)
    area = np.exp(m.normal(4.5, 0.4) + by(kind, -0.3, 0.2, 0.4, 0.0, 0.6))
    worth = 8.0 + 0.9 * np.log(area) + town_price + 0.15 * m.time
    asking = np.exp(worth + m.normal(0, 0.2))
    rooms = whole(area / 26 + m.normal(0, 0.7), 1, 9)
    budget = asking * np.exp(m.normal(-0.02, 0.28))
    gap = np.log(budget / asking)
    approved, to_sell = m.coin(0.34), m.coin(0.31)
    viewings, portal = m.poisson(0.9 + 0.8 * approved), m.pick(38, 26, 14, 12, 10)
    hours = np.exp(m.normal(1.6, 1.4))
    agent, agent_effect = m.group(65, 0.5, 0.3)
    horizon = m.pick(25, 35, 25, 15)
    m.add(by(portal, -0.3, -0.1, 0.3, 0.7, 0.2), 0.9 * approved, -0.35 * to_sell)
    m.add(1.6 * np.minimum(gap, 0.1) / 0.3 * 0.6, 0.4 * np.log1p(viewings), town_effect)
    m.add(postcode_effect, agent_effect, -0.18 * np.log(hours), by(horizon, 0.5, 0.2, -0.2, -0.7))
    m.add(-0.25 * standard(np.log(asking)), 0.4 * (kind == 0) * (area < 60))
    m.add(0.35 * approved * (horizon == 0))
    m.dates("2021-01-04", enquiry_date=days).words("PC..1500", 0.02, postcode=postcode)
    m.words("Town ..100", town=town)
    m.words("flat|terrace|detached|plot|farm", property_type=kind).put(0.12, 0, floor_area=area)
    m.put(0.05, rooms=rooms).put(0.01, -3, asking_price=asking)
    m.put(0.4 - 0.2 * approved, -4, budget=budget).words("no|yes", 0.1, mortgage_approved=approved)
    m.words("no|yes", 0.15, needs_to_sell=to_sell).put(viewings_booked=viewings)
    m.words("portal A|portal B|own site|referral|walk-in", portal=portal)
    m.put(0.03, 1, response_hours=hours).words("agent-..65", agent=agent)
    m.words("now|3 months|6 months|no hurry", 0.2, horizon=horizon)
    m.put(0.35, age=whole(m.normal(41, 12), 19, 88))
    m.put(listing_age_days=np.round(m.exponential(45))).put(photos=m.poisson(14))
    m.words("A|B|C|D|E|F|G", 0.2, energy_class=m.pick(3, 8, 22, 30, 22, 10, 5))
    dearer = sigmoid((m.time - 0.55) * 12)
    m.put(0, 2, market_rate=1.8 + 2.6 * dearer + 0.03 * m.normal())
    season = 0.2 * np.cos(2 * np.pi * (days - 120) / 365)
    return m.chances(1.3, 0.08, season - 0.2 * dearer)


def solar_installs(m: Maker) -> Vector:
    """A builder of solar roofs: a quote is signed where the roof pays itself back soon."""
    county = m.zipf(75, 0.7)
    sun = 1050 + 110 * m.levels(75, 1)[county] + m.normal(0, 25)
    county_effect = m.levels(75, 0.2)[county]
    bill = np.exp(m.normal(4.9, 0.5))
    kwh = bill * 38 * np.exp(m.normal(0, 0.15))
    roof, orientation = np.exp(m.normal(4.1, 0.5)), m.pick(30, 16, 16, 14, 12, 12)
    facing = by(orientation, 1.0, 0.8, 0.8, 0.75, 0.5, 0.65)
    shade, own, built = m.pick(50, 33, 17), m.coin(0.83), whole(m.normal(1978, 24), 1880, 2023)
    household = np.clip(m.poisson(2.6), 1, 8)
    income = np.exp(m.normal(10.8, 0.5) + 0.05 * household)
    electric_car = m.coin(sigmoid(-2.6 + 0.9 * standard(np.log(income))))
    pump = m.coin(0.12)
    source, source_effect = m.group(16, 0.7, 0.4)
    size = 0.15 * np.minimum(roof, kwh / 60) * facing + 0.5
    price = 1900 * size**0.9 + 2600 * np.exp(m.normal(0, 0.15))
    payback = price / (0.00022 * sun * size * 1000 * by(shade, 1, 0.85, 0.6) * facing)
    finance = m.pick(45, 35, 20)
    m.add(-1.2 * (1 - own), -0.9 * standard(np.log(payback)), 0.5 * standard(np.log(bill)))
    m.add(-0.25 * (shade == 2), source_effect, county_effect, 0.55 * electric_car, 0.3 * pump)
    m.add(0.5 * hill(np.log(income), 11.1, 0.5), 0.4 * (finance == 1) * (income < 45000))
    m.add(0.25 * (built > 1960), 0.4 * electric_car * (roof > 60))
    m.words("County ..75", county=county).put(0, 0, sun_hours=sun)
    m.put(0.1, 0, monthly_bill=bill).put(0.35, 0, annual_kwh=kwh).put(0.15, 0, roof_m2=roof)
    m.words("S|SE|SW|E-W|N|flat", 0.1, orientation=orientation)
    m.words("none|some|heavy", 0.12, shading=shade).words("false|true", 0.03, owns_home=own)
    m.put(0.2, year_built=built).put(0.05, household=household).put(0.3, -3, income=income)
    m.words("false|true", 0.1, electric_car=electric_car, heat_pump=pump)
    m.words("source ..16", source=source).put(0, 1, system_kwp=size)
    m.put(0, 0, quote=price).put(0.25, 1, payback_years=payback)
    m.words("cash|loan|lease", 0.08, finance=finance)
    m.words("tile|metal|slate|bitumen", 0.1, roof_material=m.pick(55, 20, 15, 10))
    m.put(0.1, storeys=1 + m.pick(35, 50, 15)).words("Utility ..13", utility=(county * 5) % 13)
    m.dates("2022-09-01", requested=m.days(500))
    m.words("morning|afternoon|evening", 0.3, contact_time=m.pick(30, 40, 30))
    m.put(0.25, age=whole(m.normal(51, 13), 20, 90)).words("sv..22", surveyor=m.zipf(22, 0.3))
    m.words("false|true", battery_interest=m.coin(0.4)).put(0.3, competing_quotes=m.poisson(1.0))
    m.words("en|es|other", browser_lang=m.pick(85, 10, 5))
    return m.chances(1.5, 0.18)


def telecom_upgrade(m: Maker) -> Vector:
    """A telephone company: a customer takes the larger plan, above all who runs out of data."""
    use, data, risk = m.normal(), m.normal(), m.normal()  # hidden traits
    tenure = np.round(np.minimum(m.exponential(30) + 1, 160))
    plan = whole(3 + 1.3 * (0.6 * use + 0.6 * data) + m.normal(0, 0.7), 0, 7).astype(int)
    fee = by(plan, 8, 12, 15, 20, 26, 33, 42, 60.0)
    included = by(plan, 1, 3, 6, 12, 25, 50, 100, 250.0)
    used = np.exp(1.6 + 1.1 * data + 0.35 * (plan - 3) + m.normal(0, 0.4))
    share = used / included
    handset, handset_effect = m.group(210, 0.8, 0.25)
    handset_age = np.round(np.clip(m.gamma(2.2, 9), 0, 90))
    shop, shop_effect = m.group(320, 0.8, 0.2)
    complaints, contract = m.poisson(np.exp(-1.5 + 0.5 * risk)), m.pick(52, 33, 15)
    months_left = np.where(contract == 0, np.round(m.uniform(0, 24)), 0)
    late = m.poisson(np.exp(-1.2 + 0.6 * risk))
    m.add(0.9 * np.tanh(np.log(share)), 0.7 * sigmoid((handset_age - 24) / 4))
    m.add(-0.06 * np.maximum(handset_age - 45, 0), handset_effect, shop_effect)
    m.add(-0.35 * np.minimum(complaints, 3), -0.2 * np.minimum(late, 4), -0.04 * months_left)
    m.add(0.35 * np.log(tenure) * 0.5, -0.12 * (plan - 3), 0.5 * (contract == 2) * (share > 0.8))
    m.add(0.15 * use)
    m.put(tenure_months=tenure).words("XS|S|S+|M|M+|L|XL|Max", plan=plan)
    m.put(plan_fee=fee, gb_included=included)
    for i in range(6):  # there is no past before the contract
        m.put(tenure <= i, 2, **{f"gb_m{i + 1}": used * np.exp(m.normal(0, 0.15 + 0.05 * i))})
    minutes = np.exp(4.6 + 0.8 * use + m.normal(0, 0.3))
    for i in range(3):
        m.put(tenure <= i, 0, **{f"minutes_m{i + 1}": minutes * np.exp(m.normal(0, 0.2))})
    messages = np.exp(2.2 + 0.3 * use + m.normal(0, 0.9))
    for i in range(3):
        m.put(**{f"sms_m{i + 1}": m.poisson(messages)})
    m.put(0, 0, roaming_mb=m.coin(0.2) * np.exp(m.normal(4, 1.5)))
    for i, missing in enumerate((0.01, 0.01, 0.02)):
        bill = fee * np.exp(np.maximum(m.normal(0.02, 0.12), 0))
        m.put(missing, 2, **{f"bill_m{i + 1}": bill})
    m.put(0, 2, out_of_bundle=np.maximum(share - 1, 0) * 4 * m.uniform(0.5, 1.5))
    m.words("model-..210", 0.05, handset=handset)
    m.words("brand..11", 0.05, handset_brand=handset % 11)
    m.put(0.12, handset_age=handset_age).words("SH..320", 0.15, shop=shop)
    m.words("reg..16", region=shop % 16).put(complaints_12m=complaints, late_payments=late)
    m.put(0.08, credit_class=whole(3 - 0.9 * risk + m.normal(0, 0.8), 1, 5))
    m.words("24 months|rolling|prepaid", contract=contract).put(months_left=months_left)
    m.put(0.1, age=whole(44 - 6 * data + m.normal(0, 12), 16, 95))
    m.words("f|m|-", 0.1, gender=m.pick(49, 47, 4)).words("0|1", paperless=m.coin(0.7))
    m.words("0|1", app_user=m.coin(sigmoid(0.3 + 0.8 * data)))
    m.put(app_logins=m.poisson(np.exp(0.5 + 0.6 * data))).words("0|1", family_bundle=m.coin(0.25))
    m.words("0|1", broadband=m.coin(0.35))
    m.put(0.05, 0, signal_score=np.clip(m.normal(72, 12), 5, 100)).put(drops_m1=m.poisson(0.8))
    m.put(care_calls=m.poisson(np.exp(-0.6 + 0.4 * risk)))
    m.put(0.72, nps=whole(7 - risk + m.normal(0, 1.8), 0, 10))
    m.words("debit|card|cash", payment=m.pick(60, 30, 10)).put(lines=1 + m.poisson(0.5))
    m.dates("2009-01-01", activated=2000 - tenure * 30.4 - m.uniform(0, 30) + 3600)
    return m.chances(1.1, 0.15)


def car_dealers(m: Maker) -> Vector:
    """Dealers of one brand of cars: an enquiry ends in a sale, by time; models come and go."""
    dealer, dealer_effect = m.group(90, 0.5, 0.3)
    seller = dealer * 6 + m.rng.integers(0, 6, m.rows)  # six salespeople at every dealer
    seller_effect = m.levels(540, 0.45)[seller]
    model, model_effect = m.group(55, 0.8, 0.25)
    fashion = m.levels(55, 0.35)[model]
    used = m.coin(sigmoid(0.3 - 0.5 * m.levels(55, 1)[model]))
    price = np.exp(10.1 + m.levels(55, 0.35)[model] - 0.55 * used + m.normal(0, 0.15))
    trade, trade_value = m.coin(0.43), np.exp(m.normal(8.6, 0.8))
    response, source = np.exp(m.normal(3.2, 1.6)), m.pick(28, 22, 18, 14, 10, 8)
    test = m.coin(sigmoid(-0.6 + 0.6 * np.isin(source, [2, 3])))
    finance, distance = m.pick(40, 38, 22), np.exp(m.normal(2.6, 0.9))
    m.add(dealer_effect, seller_effect, model_effect, fashion * (m.time - 0.5) * 2)
    m.add(by(source, -0.5, -0.2, 0.5, 0.9, 0.1, 0.3), 0.9 * test)
    m.add(-0.22 * np.maximum(np.log(response) - 2, 0), 0.3 * trade * np.log(trade_value / 5000))
    m.add(0.25 * trade, -0.3 * standard(np.log(price)) * (finance == 0))
    m.add(-0.3 * np.maximum(np.log(distance) - 3, 0), 0.2 * used)
    m.words("D..90", dealer=dealer).words("sp_..540", 0.03, salesperson=seller)
    m.words("Model ..55", model=model).words("new|used", condition=used)
    m.put(0.02, -1, price=price).words("N|Y", trade_in=trade)
    m.put(np.where(trade == 1, 0.15, 1.0), -1, trade_in_value=trade_value)
    m.put(0.05, 0, minutes_to_response=response)
    m.words("classifieds|brand site|phone|showroom|social|own site", source=source)
    m.words("N|Y", test_drive_booked=test).words("cash|loan|lease", 0.15, finance=finance)
    m.put(0.12, 1, distance_km=distance)
    colours = "grey|black|white|blue|red|silver|green|brown|orange|beige|yellow|other"
    m.words(colours, 0.08, colour=m.zipf(12, 0.7))
    m.put(0.04, -1, mileage=np.where(used == 1, np.exp(m.normal(10.6, 0.6)), m.uniform(5, 60)))
    drift = 0.3 * (m.time - 0.5) + 0.15 * np.sin(2 * np.pi * m.time * 3)
    return m.chances(1.25, 0.30, drift)


def donor_appeal(m: Maker) -> Vector:
    """A charity writes to its donors: who gives again, by time."""
    years = m.gamma(1.6, 4)
    gifts, average = m.poisson(0.6 + 0.45 * years), np.exp(m.normal(3.4, 0.9))
    months = np.round(np.where(gifts > 0, m.exponential(11), 0))
    region, appeal, event = m.zipf(21, 0.6), m.pick(30, 25, 20, 15, 10), m.coin(0.16)
    m.add(0.55 * np.log1p(gifts), -0.035 * np.minimum(months, 40) * (gifts > 0))
    m.add(0.2 * standard(np.log(average)), m.levels(21, 0.25)[region])
    m.add(by(appeal, 0.3, 0.1, 0.0, -0.3, -0.4), 0.5 * event)
    m.put(gifts_before=gifts).put(np.where(gifts == 0, 1.0, 0.02), 2, average_gift=average)
    m.put(gifts == 0, months_since_gift=months).put(0.03, 1, years_on_file=years)
    m.words("Region ..21", 0.02, region=region)
    m.words("winter|children|relief|schools|general", appeal=appeal)
    m.words("false|true", attended_event=event).put(0.4, age=whole(m.normal(58, 15), 18, 98))
    m.words("Mrs|Mr|Ms|Dr", 0.05, title=m.pick(40, 38, 15, 7))
    return m.chances(0.95, 0.40)


def freight_quotes(m: Maker) -> Vector:
    """A forwarder of freight: a quote is taken, by day; 85 hubs and 2500 customers."""
    days = m.days(540)
    origin, destination = m.zipf(85, 0.8), m.zipf(85, 0.8)
    place = m.rng.uniform(0, 1200, (85, 2))
    km = np.hypot(*(place[origin] - place[destination]).T) * 1.25 + 25
    lane_effect = m.rng.normal(0, 0.25, (85, 85))[origin, destination]
    customer, customer_effect = m.group(2500, 0.85, 0.6, shift=4)
    employees = (np.round(np.exp(m.levels(2500, 1.4, 3.6))) + 1)[customer]
    segment = m.pick(0.4, 0.3, 0.2, 0.1, size=2500)[customer]
    weight = np.exp(m.normal(7.2, 1.2))
    pallets = np.maximum(1, np.round(weight / 420 * np.exp(m.normal(0, 0.3))))
    equipment = m.pick(52, 20, 16, 12)
    market = 0.9 * km**0.85 * (weight / 1500) ** 0.25 * by(equipment, 1, 1.15, 1.3, 1.1)
    level = np.exp(0.08 * np.sin(2 * np.pi * days / 365) + 0.06 * m.time)
    market = market * level
    quote = market * np.exp(m.normal(0.0, 0.16))
    wanted = market * np.exp(m.normal(-0.05, 0.12))
    hours = np.exp(m.normal(3.3, 1.0))
    desk, desk_effect = m.group(30, 0.4, 0.2)
    incoterm = m.zipf(7, 0.6)
    dearer = np.log(quote / wanted)
    m.add(customer_effect, lane_effect, desk_effect, -1.1 * np.tanh(3.0 * dearer))
    m.add(-0.4 * np.maximum(dearer, 0) / 0.2, 0.7 * hill(np.log(hours), 2.6, 0.8))
    m.add(by(equipment, 0, -0.2, 0.3, 0.1), by(segment, 0.1, 0.0, -0.2, 0.3))
    m.add(-0.15 * standard(np.log(km)), 0.5 * (hours < 12) * (equipment == 2))
    m.dates("2022-11-01", quoted_on=days).words("CU..2500", customer=customer)
    m.words("retail|industry|food|forwarder", 0.03, segment=segment)
    m.put(0.2, customer_employees=employees)
    m.words("HUB..85", origin=origin, destination=destination).put(0, 0, distance_km=km)
    m.put(0.02, 0, weight_kg=weight).put(0.1, pallets=pallets)
    m.words("box|tautliner|reefer|flatbed", equipment=equipment).put(0, 2, quote=quote)
    m.put(0, 3, price_per_km=quote / km).put(0.35, 0, customer_target=wanted)
    m.put(0, 1, market_index=100 * level + m.normal(0, 0.5)).put(0.04, 0, hours_to_pickup=hours)
    m.words("desk-..30", desk=desk).words("EXW|DAP|FCA|DDP|CPT|FOB|CIF", 0.2, incoterm=incoterm)
    m.words("no|yes", hazardous=m.coin(0.06)).words("no|yes", 0.1, insurance=m.coin(0.2))
    m.dates("2022-11-01", 0.05, pickup_date=days + hours / 24)
    m.words("email|portal|phone", received_by=m.pick(55, 30, 15)).put(line_items=1 + m.poisson(1.5))
    return m.chances(1.35, 0.35, 0.25 * (0.5 - m.time))


def trial_to_paid(m: Maker) -> Vector:
    """A seller of software by subscription: a trial is paid for, as its first week foretells."""
    keen = m.normal()  # a hidden trait
    plan = m.pick(60, 28, 12)
    seats = 1 + m.poisson(np.exp(0.1 + 0.5 * keen + 0.3 * plan))
    active = np.minimum(m.poisson(np.exp(0.9 + 0.6 * keen)), 14)
    idle = active == 0
    sessions = active + m.poisson(active * 1.2)
    projects = np.where(idle, 0, m.poisson(np.exp(0.2 + 0.5 * keen)))
    invites = np.where(idle, 0, m.poisson(np.exp(-1.0 + 0.6 * keen)))
    integrations = np.where(idle, 0, m.rng.binomial(6, sigmoid(-2.6 + 0.7 * keen)))
    exports = np.where(idle, 0, m.poisson(np.exp(-0.8 + 0.4 * keen)))
    files = np.round(np.where(projects == 0, 0, np.exp(m.normal(2.2, 1.3) + 0.4 * keen)))
    domain, domain_effect = m.group(3500, 1.1, 0.3, shift=1)
    free = domain < 8  # the first domains are hosts of free mail
    country, country_effect = m.group(30, 1.0, 0.45)
    campaign, campaign_effect = m.group(90, 1.0, 0.35)
    use_case = m.pick(26, 20, 18, 14, 12, 10)
    untold = 1 - sigmoid(-0.3 + 0.9 * keen)  # who is keen fills in the profile
    company = np.round(np.exp(m.normal(2.8, 1.5))) + 1
    phone, tickets = m.coin(0.5 * (1 - untold)), m.poisson(np.exp(-1.6 + 0.4 * keen))
    m.add(0.28 * active, -0.012 * active**2, 0.5 * np.log1p(projects))
    m.add(0.45 * np.minimum(invites, 3), 0.35 * integrations, 0.12 * np.log1p(files), -0.7 * free)
    m.add(np.where(free, 0, domain_effect), country_effect, campaign_effect)
    m.add(by(use_case, 0.3, 0.1, -0.3, 0.5, -0.5, 0.0), 0.5 * phone, 0.3 * (plan == 1))
    m.add(0.2 * (plan == 2), 0.25 * keen, 0.5 * (invites > 0) * (company > 20))
    m.add(0.35 * hill(np.log(company), 3.5, 1.0))
    m.words("basic|team|business", trial_plan=plan)
    m.put(seats=seats, active_days_week1=active, sessions_week1=sessions)
    m.put(0, 1, minutes_week1=sessions * np.exp(m.normal(2.2, 0.6)))
    m.put(projects=projects, invites=invites, integrations=integrations, exports=exports)
    m.put(files=files).put(0, 2, storage_mb=files * np.exp(m.normal(0.8, 1.0)))
    hosts = "a.com|mail-b.com|mail-c.com|mail-d.net|mail-e.com|mail-f.org|mail-g.com|mail-h.com"
    firms = "|".join(f"firm{i:04d}.com" for i in range(3492))
    m.words(f"mail-{hosts}|{firms}", email_domain=domain).words(COUNTRIES, 0.02, country=country)
    m.words("utm_..90", 0.3, utm_campaign=campaign)
    m.words("planning|reports|personal|client work|school|other", untold, use_case=use_case)
    m.put(untold, company_size=company).words(INDUSTRIES, untold, industry=m.zipf(22, 0.7))
    m.words("false|true", phone_given=phone)
    m.words("windows|mac|ios|android", os=m.pick(52, 30, 10, 8))
    m.words("en|de|fr|es|pt|nl", language=np.where(country < 2, 0, country % 6))
    m.put(tickets=tickets).put(idle, last_login_hour=m.rng.integers(0, 24, m.rows))
    m.put(projects == 0, 1, days_to_first_project=m.exponential(1.5))
    m.dates("2023-02-01", signed_up=m.days(365))
    m.put(0.03, 0, page_load_ms=np.exp(m.normal(6.8, 0.5)))
    m.words("false|true", newsletter=m.coin(0.42)).words("A|B|C", ab_variant=m.pick(1, 1, 1))
    m.put(emails_opened=m.rng.binomial(5, sigmoid(-0.6 + 0.4 * keen))).put(referrals=m.coin(0.04))
    m.words("tz..14", timezone=(country * 3) % 14)
    return m.chances(1.65, 0.05)


# Name: the function, its seed, its rows, how the open leads are chosen.
TABLES: dict[str, tuple[Callable[[Maker], Vector], int, int, str]] = {
    "b2b software": (b2b_software, 4101, 18_000, "last"),
    "insurance quotes": (insurance_quotes, 4202, 60_000, "random"),
    "bank calls": (bank_calls, 4303, 40_000, "last"),
    "course enquiries": (course_enquiries, 4404, 9_000, "random"),
    "three columns": (three_columns, 4505, 30_000, "random"),
    "marketplace requests": (marketplace_requests, 4606, 120_000, "last"),
    "wide survey": (wide_survey, 4707, 12_000, "random"),
    "property buyers": (property_buyers, 4808, 22_000, "last"),
    "solar installs": (solar_installs, 4909, 15_000, "random"),
    "telecom upgrade": (telecom_upgrade, 5010, 35_000, "random"),
    "car dealers": (car_dealers, 5111, 25_000, "last"),
    "donor appeal": (donor_appeal, 5212, 10_000, "last"),
    "freight quotes": (freight_quotes, 5313, 50_000, "last"),
    "trial to paid": (trial_to_paid, 5414, 28_000, "random"),
}


def catalogue() -> dict[str, Callable[[], LeadTable]]:
    """Every table by name."""
    return {name: _maker(name) for name in TABLES}


def _maker(name: str) -> Callable[[], LeadTable]:
    """What makes the table of this name."""
    company, seed, rows, how = TABLES[name]

    def make() -> LeadTable:
        """Fields first, then outcomes, then the open leads: all of one source of chance."""
        leads = Maker(seed, rows)
        truth = company(leads)
        won = (leads.rng.random(rows) < truth).astype(float)
        is_open = last(rows)
        if how == "random":
            is_open = np.isin(np.arange(rows), leads.rng.choice(rows, rows // 5, replace=False))
        fields = typed(pd.DataFrame(leads.fields))
        return LeadTable(name, SETTINGS[how], fields, won, is_open, truth)

    return make
