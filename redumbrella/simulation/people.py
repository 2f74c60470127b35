"""People: what they are like inside, and what the record may know of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.arrays import Arrays
from redumbrella.simulation.chance import Floats, beta, gamma, normal, pick, shares, uniform
from redumbrella.simulation.offers import Employers, Offers
from redumbrella.simulation.parameters import Company

BUYER, READER, JOB_SEEKER, COMPETITOR, ROBOT = range(5)
NEVER = -1
TITLES_TELL = 0.8  # how far the job title tells of the taste


@dataclass
class People(Arrays):
    """Everyone who ever came. Days count from 0, the first day; -1 means never or nothing.

    Hidden: persona, intent, taste (n, types), price_sensitivity, effect (what a talk adds to the
    log-odds), jump_day and jump (a life event and what it does to the intent), rate and fade
    (visits a day, and in how many days they fade), reached (chance to answer a call), mail_taste,
    buy_rate (purchases a day), leave (chance to leave after a purchase), left. Others are recorded;
    `seen` sums up what hand-made points give for the pages that were looked at, fading.
    """

    arrived: NDArray[Any]
    campaign: NDArray[Any]
    message: NDArray[Any]
    persona: NDArray[Any]
    account: NDArray[Any]
    region: NDArray[Any]
    title: NDArray[Any]
    seniority: NDArray[Any]
    age: NDArray[Any]
    prefers_mail: NDArray[Any]
    taste: NDArray[Any]
    price_sensitivity: NDArray[Any]
    intent: NDArray[Any]
    effect: NDArray[Any]
    jump_day: NDArray[Any]
    jump: NDArray[Any]
    rate: NDArray[Any]
    fade: NDArray[Any]
    reached: NDArray[Any]
    mail_taste: NDArray[Any]
    wants: NDArray[Any]
    device: NDArray[Any]
    double_of: NDArray[Any]
    signed_up: NDArray[Any]
    signed_up_second: NDArray[Any]
    seen: NDArray[Any]
    mailed: NDArray[Any]
    mails: NDArray[Any]
    unsubscribed: NDArray[Any]
    buy_rate: NDArray[Any]
    leave: NDArray[Any]
    customer_since: NDArray[Any]
    left: NDArray[Any]
    bought: NDArray[Any]
    purchases: NDArray[Any]

    def intent_on(self, day: int | NDArray[Any]) -> Floats:
        """The hidden intent on a day, one for all or one each: a life event that was counts."""
        return np.asarray(self.intent + self.jump * (self.jump_day <= day), np.float64)


@dataclass(frozen=True)
class Arrivals:
    """Who comes on a day: for each person the campaign (-1: none) and the message."""

    campaign: NDArray[np.int64]
    message: NDArray[np.int64]


def new_people(
    company: Company, seed: int, day: int, arrivals: Arrivals, first: int,
    offers: Offers, employers: Employers,
) -> People:  # fmt: skip
    """People who come on a day, numbered from `first` on."""
    who = first + np.arange(arrivals.campaign.size)
    crowd, visits, contact = company.people, company.visits, company.contact
    buying = company.purchases
    persona = _personas(company, seed, who, arrivals)
    is_buyer = persona == BUYER
    works = uniform(seed, "works", who) < crowd.at_a_company
    account = np.where(works, pick(employers.share, uniform(seed, "account", who)), -1)
    seniority = pick(shares(np.array([0.3, 0.35, 0.25, 0.1])), uniform(seed, "seniority", who))
    title = (uniform(seed, "title", who) * len(company.titles)).astype(np.int64)
    taste = _taste(company, seed, who, title)
    intent = _mean_intent(company, arrivals) + normal(seed, "intent", who)
    intent = np.where(is_buyer, intent, -1.0 + 0.7 * normal(seed, "intent of others", who))
    disturbed = uniform(seed, "disturbed", who) < contact.disturbed
    effect = contact.effect + contact.effect_junior * (1.25 - seniority)
    effect = effect + contact.effect_spread * normal(seed, "effect", who)
    hazard = crowd.life_event_a_year / 365.0
    waits = -np.log(uniform(seed, "life event", who)) / hazard if hazard else np.full(who.size, 1e9)
    region = pick(shares(np.array(company.regions.shares)), uniform(seed, "region", who))
    reached = beta(seed, "reached", 4 * contact.reached, 4 * (1 - contact.reached), who)
    nothing = np.full(who.size, NEVER, np.int32)
    return People(
        arrived=np.full(who.size, day, np.int32),
        campaign=arrivals.campaign.astype(np.int16),
        message=arrivals.message.astype(np.int8),
        persona=persona.astype(np.int8),
        account=account.astype(np.int32),
        region=region.astype(np.int8),
        title=title.astype(np.int8),
        seniority=seniority.astype(np.int8),
        age=np.clip(24 + 7 * seniority + 8 * normal(seed, "age", who), 18, 75).astype(np.int8),
        prefers_mail=uniform(seed, "prefers mail", who) < np.where(disturbed, 0.7, 0.2),
        taste=taste.astype(np.float32),
        price_sensitivity=np.exp(0.5 * normal(seed, "price sensitivity", who)).astype(np.float32),
        intent=intent.astype(np.float32),
        effect=np.where(disturbed, contact.disturbed_effect, effect).astype(np.float32),
        jump_day=np.minimum(day + 1 + waits, 1e6).astype(np.int32),
        jump=(crowd.life_event_effect * normal(seed, "jump", who) * is_buyer).astype(np.float32),
        rate=(visits.first_rate * gamma(seed, "visits", 1.5, who)).astype(np.float32),
        fade=(visits.fade_days * np.exp(0.5 * normal(seed, "fade", who))).astype(np.float32),
        reached=reached.astype(np.float32),
        mail_taste=normal(seed, "mail taste", who).astype(np.float32),
        wants=_wants(company, seed, who, taste, offers).astype(np.int32),
        device=_devices(company, seed, who).astype(np.int32),
        double_of=nothing.copy(), signed_up=nothing.copy(), signed_up_second=nothing.copy(),
        seen=np.zeros(who.size, np.float32),
        mailed=np.full(who.size, -1000, np.int32), mails=np.zeros(who.size, np.int16),
        unsubscribed=nothing.copy(),
        buy_rate=(buying.rate_a_year / 365.0 * gamma(seed, "rate", buying.rate_shape, who)).astype(
            np.float32),
        leave=beta(seed, "leave", buying.leave_a, buying.leave_b, who).astype(np.float32),
        customer_since=nothing.copy(), left=nothing.copy(), bought=nothing.copy(),
        purchases=np.zeros(who.size, np.int16),
    )  # fmt: skip


def doubled(people: People, rows: NDArray[np.int64], day: int) -> People:
    """The same persons entered a second time: records that do nothing of their own."""
    copies = people.at(rows)
    copies.double_of[:] = rows
    copies.rate[:] = 0.0
    copies.buy_rate[:] = 0.0
    copies.signed_up[:] = day
    return copies


def _personas(
    company: Company, seed: int, who: NDArray[np.int64], arrivals: Arrivals
) -> NDArray[np.int64]:
    buyers = np.array([one.buyers for one in company.campaigns] + [company.organic.buyers])
    is_buyer = uniform(seed, "buyer", who) < buyers[arrivals.campaign]
    other = 1 + pick(shares(np.array(company.people.others)), uniform(seed, "persona", who))
    return np.where(is_buyer, BUYER, other)


def _mean_intent(company: Company, arrivals: Arrivals) -> Floats:
    """What the campaign and its message attract; -1 stands for no campaign, the last place."""
    campaign = np.array([one.intent for one in company.campaigns] + [company.organic.intent])
    message = np.array([*company.messages.intent, 0.0])
    return np.asarray(campaign[arrivals.campaign] + message[arrivals.message])


def _taste(company: Company, seed: int, who: NDArray[np.int64], title: NDArray[np.int64]) -> Floats:
    types = np.arange(len(company.types))[None, :]
    told = normal(seed, "taste of a title", title[:, None], types)
    own = normal(seed, "taste", who[:, None], types)
    return np.asarray(TITLES_TELL * told + np.sqrt(1.0 - TITLES_TELL**2) * own)


def _wants(
    company: Company, seed: int, who: NDArray[np.int64], taste: Floats, offers: Offers
) -> NDArray[np.int64]:
    """The product that a person would ask for."""
    asked = np.array([one.lead for one in company.products])
    types = pick(shares(asked * np.exp(0.5 * taste)), uniform(seed, "wanted type", who))
    return offers.of_type(types, uniform(seed, "wanted product", who))


def _devices(company: Company, seed: int, who: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each person has a device of its own, but some use that of somebody who came before."""
    before = 1 + (uniform(seed, "whose device", who) * 40).astype(np.int64)
    shared = uniform(seed, "shared device", who) < company.people.shared_device
    return np.where(shared & (who >= before), who - before, who)
