"""The truth: what only the world knows, for judging what others believe."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.simulation.buying import purchase_rates
from redumbrella.simulation.chance import Floats, chance_of
from redumbrella.simulation.contacts import may_be_called, mean_talk_effect
from redumbrella.simulation.days import lead_margins
from redumbrella.simulation.leads import LOST, OPEN, SOLD, WON, log_odds
from redumbrella.simulation.people import BUYER
from redumbrella.simulation.policies import call_gains
from redumbrella.simulation.rows import lead_names, person_names
from redumbrella.simulation.world import World

STATES = {OPEN: "open", WON: "won", LOST: "lost", SOLD: "sold"}
_WORTHWHILE = 0.05  # of the chance: what makes somebody persuadable


def true_leads(world: World) -> pa.Table:
    """One row a lead: its true chances, what it is worth, and what a call today would add.

    chance_without: if nobody talks to it any more; chance_with: if somebody talks to it today;
    both as of the morning of the world's next day, or of the day on which it was decided.
    chance_final: of decided ones, the chance with which it was drawn, with the talks it had.
    """
    leads, people = world.leads, world.people
    without, with_talk = true_chances(world)
    talk = with_talk - without
    decided = leads.refused | (leads.state != OPEN)
    kind = np.select(
        [talk < -0.01, talk >= _WORTHWHILE, without >= 0.5],
        ["do not disturb", "persuadable", "sure thing"], "lost cause",
    )  # fmt: skip
    margin = lead_margins(world, leads)
    return pa.table({
        "lead_id": lead_names(np.arange(len(leads))),
        "person_id": person_names(leads.person),
        "state": np.array([STATES[n] for n in range(len(STATES))])[leads.state],
        "is_decided": decided,
        "chance_without": without,
        "chance_with": with_talk,
        "chance_final": pa.array(final_chances(world), mask=~decided),
        "chance_reached": people.reached[leads.person].astype(np.float64),
        "kind": kind,
        "margin": margin,
        "value": without * margin,
        "gain_of_a_call": np.where(decided, 0.0, call_gains(world)),
        "may_be_called": may_be_called(world.company, leads, world.day),
        "tries": leads.tries.astype(np.int64),
        "talks": leads.talks.astype(np.int64),
    })  # fmt: skip


def true_chances(world: World) -> tuple[Floats, Floats]:
    """The chance of each lead to be won without and with a talk today, given all that is hidden but
    what the future brings: a life event that may come before the decision is averaged over.
    """
    talked, now = world.leads.talked, _last_day_to_ask(world)
    effect = mean_talk_effect(world.company, world.people, world.leads, world.offers, world.staff,
                              now)  # fmt: skip
    return _mean_chances(world, now, talked), _mean_chances(world, now, talked + effect)


def _last_day_to_ask(world: World) -> NDArray[np.int64]:
    """The world's next day, or the day on which the lead was decided."""
    leads = world.leads
    decided = np.where(leads.state == OPEN, leads.decides, leads.closed)
    return np.asarray(np.minimum(world.day, np.minimum(decided, leads.decides)), np.int64)


def _mean_chances(world: World, now: NDArray[np.int64], added: Floats | float) -> Floats:
    """The chance of each lead as of a day each, if talks add so much, over life events to come."""
    company, people, leads = world.company, world.people, world.leads
    odds = log_odds(company, people, leads, world.offers, world.employers, now) + added
    jump = company.conversion.intent * people.jump[leads.person].astype(np.float64)
    hazard = company.people.life_event_a_year / 365.0
    ahead = np.maximum(0, leads.decides - now)
    moves = np.where(people.jump_day[leads.person] <= now, 0.0, -np.expm1(-hazard * ahead))
    return np.asarray((1.0 - moves) * chance_of(odds) + moves * chance_of(odds + jump))


def final_chances(world: World) -> Floats:
    """The chance with which each decided lead was won: with the talks it had, on its day."""
    day = np.minimum(world.leads.decides, world.day).astype(np.int64)
    odds = log_odds(world.company, world.people, world.leads, world.offers, world.employers, day)
    return chance_of(odds + world.leads.talked)


def true_people(world: World) -> pa.Table:
    """One row a known person: hidden intent, effect of a talk, purchases a year."""
    people = world.people
    rows = np.flatnonzero((people.signed_up >= 0) & (people.double_of < 0))
    some = people.at(rows)
    rate = purchase_rates(world.company, people, world.day)[rows] * 365.0
    left = some.left >= 0
    personas = np.array(["buyer", "reader", "job seeker", "competitor", "robot"])
    margin = world.offers.price * world.offers.margin
    shop = float(margin[world.offers.in_shop].mean()) if world.offers.in_shop.any() else 0.0
    return pa.table({
        "person_id": person_names(rows),
        "persona": personas[some.persona],
        "intent": some.intent_on(world.day),
        "effect_of_a_talk": some.effect.astype(np.float64),
        "effect_of_a_mail": world.company.mail.more_purchases * some.mail_taste.astype(np.float64),
        "is_customer": some.customer_since >= 0,
        "has_left": left,
        "purchases_a_year": rate,
        "margin_a_year": rate * shop,
    } | {f"taste_{name}": some.taste[:, number].astype(np.float64)
         for number, name in enumerate(world.company.types)})  # fmt: skip


def true_campaigns(world: World) -> pa.Table:
    """One row a campaign and message: spend, people, buyers, leads, and what a lead that nobody
    talks to is truly worth.
    """
    company, people, leads = world.company, world.people, world.leads
    value = _mean_chances(world, _last_day_to_ask(world), 0.0) * lead_margins(world, leads)
    scale = company.sizes[world.size].visitors / 100.0
    part = np.array(company.messages.shares) / sum(company.messages.shares)
    rows = []
    for number, one in enumerate(company.campaigns):
        for place, message in enumerate(company.messages.names):
            mine = (people.campaign == number) & (people.message == place) & (people.double_of < 0)
            own = mine[leads.person] & (leads.double_of < 0)
            cost = float(world.spent[number] * part[place])
            total = float(value[own].sum())
            rows.append({
                "campaign_id": f"C-{number + 1}", "name": one.name, "message": message,
                "mean_intent": one.intent + company.messages.intent[place],
                "share_of_buyers": one.buyers, "half_saturation": one.half * scale,
                "spent": cost, "people": int(mine.sum()),
                "buyers": int((mine & (people.persona == BUYER)).sum()),
                "leads": int(own.sum()), "value_of_leads": total,
                "value_per_lead": total / max(1, int(own.sum())),
                "value_per_money": total / cost if cost else None,
            })  # fmt: skip
    return pa.Table.from_pylist(rows)


TRUTHS: Mapping[str, Callable[[World], pa.Table]] = {
    "leads": true_leads,
    "people": true_people,
    "campaigns": true_campaigns,
}
