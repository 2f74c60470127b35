"""Living on: each next day as it follows from what was decided, written beside the days before."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redumbrella.errors import ModelError
from redumbrella.simulation.days import Day, is_working_day, live
from redumbrella.simulation.decisions import Decisions, has_contacts, read_decisions
from redumbrella.simulation.files import write_day
from redumbrella.simulation.policies import POLICIES, PRODUCT, Order, arrival
from redumbrella.simulation.product import has_model, product_order
from redumbrella.simulation.rows import day_rows
from redumbrella.simulation.world import World

NO_MODEL = "arrival, as no model is in use"
TOLD = "decisions/contacts.csv"


@dataclass(frozen=True)
class Lived:
    """What is said of a day: order_of names who decided the order of calls."""

    date: str
    order_of: str
    new_leads: int
    calls: int
    talks: int
    won: int
    profit: float
    passed_over: str  # which decisions of the files could not be carried out, "" for none


def live_on(folder: Path, world: World, days: int, policy: str | None) -> Iterator[Lived]:
    """Lives days of the company in a workspace, and writes each. policy: None for the product's
    list where a model is in use, else the order of arrival.
    """
    is_known = policy not in (None, PRODUCT) or has_model(folder)
    if policy == PRODUCT and not is_known:
        raise ModelError(
            f"Red Umbrella has no model of leads in use in {folder}, so it has no list to call by. "
            f"Learn one: umbrella run -w {folder}. Or choose another order: --policy arrival",
            reason="no_model",
        )
    own = policy or (PRODUCT if is_known else NO_MODEL)
    for _ in range(days):
        today = world.today
        told = has_contacts(folder, today)
        order = arrival(world) if told else _order(folder, world, own)
        before = len(world.leads)
        decisions = read_decisions(folder, world, order)
        day = live(world, decisions)
        write_day(folder, world, day_rows(world, day))
        left = _passed_over(decisions, day, told=told)
        yield _said(str(today), TOLD if told else own, len(world.leads) - before, day, left)


def _order(folder: Path, world: World, policy: str) -> Order:
    """In which order to call today."""
    if policy == PRODUCT and is_working_day(world):
        return product_order(folder, world.today, len(world.leads))
    return POLICIES.get(policy, arrival)(world)


def _passed_over(decisions: Decisions, day: Day, *, told: bool) -> str:
    """What the files decided and the day could not do: rules, time and partners set limits."""
    parts = []
    if told and day.calls.lead.size < decisions.order.size:
        parts.append(f"{day.calls.lead.size} of {decisions.order.size} named leads were called")
    if decisions.offered is not None and day.bought.lead.size < decisions.offered.lead.size:
        parts.append(f"{day.bought.lead.size} of {decisions.offered.lead.size} leads were sold")
    if day.mailing.refused:
        sent = day.mailing.people.size
        parts.append(f"{sent} of {sent + day.mailing.refused} mails went out")
    return "; ".join(parts)


def _said(date: str, order_of: str, new_leads: int, day: Day, passed_over: str) -> Lived:
    talks = int((day.calls.outcome > 0).sum())
    return Lived(date, order_of, new_leads, day.calls.lead.size, talks, day.won.size,
                 round(day.money.profit, 2), passed_over)  # fmt: skip
