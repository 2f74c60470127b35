"""What happened on a day as rows of the canonical tables: the only thing that is ever shown."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.simulation.chance import normal, uniform
from redumbrella.simulation.contacts import OUTCOMES
from redumbrella.simulation.days import (
    CLICKS_A_VISITOR,
    IMPRESSIONS_A_CLICK,
    Day,
    lead_margins,
)
from redumbrella.simulation.leads import LOST, OPEN, SOLD, WON
from redumbrella.simulation.people import JOB_SEEKER
from redumbrella.simulation.texts import emails, enquiries, full_names, titles
from redumbrella.simulation.world import World

SECOND = pa.timestamp("s", "UTC")
STAGES = {WON: "Won", LOST: "Lost", SOLD: "Sold to a partner"}
WEEKLY_MAIL = "C-mail"
_DAY_SECONDS = 86_400


def lead_names(rows: NDArray[Any]) -> pa.Array:
    """Ids of leads by their position."""
    return _named("L-", rows)


def person_names(rows: NDArray[Any]) -> pa.Array:
    """Ids of people by their position."""
    return _named("P-", rows)


def day_rows(world: World, day: Day) -> dict[str, pa.Table]:
    """The rows that are written on a day that was just lived, by canonical table.

    Some facts are written late, and some again the day after: those wait in the world.
    """
    tables = {
        "people": _people(world, day),
        "identities": _identities(world, day),
        "events": _events(world, day),
        "activities": _activities(world, day),
        "purchases": _purchases(world, day),
        "leads": lead_rows(world, day.touched),
        "spend": _spend(world, day),
        "treatments": _treatments(world, day),
        "feedback": _feedback(world, day),
    }
    for table in ("events", "activities", "purchases"):
        tables[table] = _with_waiting(world, day, table, tables[table])
    return {name: rows for name, rows in tables.items() if rows.num_rows}


def fixed_rows(world: World) -> dict[str, pa.Table]:
    """Tables that stay as they are: products, campaigns, reps, accounts; clients and partners."""
    company, offers, staff, employers = world.company, world.offers, world.staff, world.employers
    types = np.array(company.types)
    campaigns = range(len(company.campaigns))
    reps = np.arange(staff.skill.size)
    accounts = np.arange(employers.fit.size)
    return {
        "products": pa.table({
            "product_id": _product_names(world),
            "name": [f"{company.types[kind].capitalize()} {number + 1}" for number, kind in
                     enumerate(offers.type.tolist())],
            "product_type": types[offers.type], "price": offers.price, "margin": offers.margin,
        }),
        "campaigns": pa.table({
            "campaign_id": [*(f"C-{number + 1}" for number in campaigns), WEEKLY_MAIL],
            "name": [*(one.name for one in company.campaigns), "Weekly mail"],
            "channel": [*(one.channel for one in company.campaigns), "mail"],
        }),
        "reps": pa.table({
            "rep_id": _rep_names(reps), "name": full_names(world.seed + 1, reps),
            "minutes_per_day": np.full(reps.size, company.reps.minutes_per_day),
            "cost_per_hour": np.full(reps.size, company.reps.cost_per_hour),
            "product_types": [", ".join(types[row]) for row in staff.knows],
        }),
        "accounts": pa.table({
            "account_id": _named("A-", accounts),
            "name": [f"Company {number + 1}" for number in accounts.tolist()],
            "domain": [f"company-{number + 1}.example" for number in accounts.tolist()],
            "industry": np.array(company.accounts.industries)[employers.industry],
            "employees": employers.employees, "budget": np.round(employers.budget, -2),
        }),
        "clients": pa.table({
            "client": [one.name for one in company.clients],
            "product_type": [one.type for one in company.clients],
            "least_seniority": [one.least_seniority for one in company.clients],
            "region": [one.region for one in company.clients],
        }),
        "partners": pa.table({
            "partner": [one.name for one in company.partners],
            "product_types": [", ".join(one.types) for one in company.partners],
            "leads_a_day": [one.a_day for one in company.partners],
        }),
    }  # fmt: skip


def lead_rows(world: World, rows: NDArray[np.int64]) -> pa.Table:
    """Leads as the company's CRM shows them in the evening of the last day that was lived."""
    leads = world.leads.at(rows)
    people = world.people.at(leads.person)
    closed = leads.state != OPEN
    stage = np.where(leads.offered >= 0, "Offer", np.where(leads.talks > 0, "Talked to", "New"))
    for state, words in STAGES.items():
        stage = np.where(leads.state == state, words, stage)
    # What they wrote on the day they asked: a life event that comes later changes no word of it.
    intent = people.intent_on(leads.created)
    types = np.array(world.company.types)[world.offers.type[leads.product]]
    written = enquiries(world.seed, leads.person.astype(np.int64), intent.tolist(),
                        (people.persona == JOB_SEEKER).tolist(), types.tolist())  # fmt: skip
    campaigns = np.array([one.channel for one in world.company.campaigns] + ["direct"])
    last = np.maximum(np.maximum(leads.created, leads.last_try), leads.closed)
    return pa.table({
        "lead_id": lead_names(rows),
        "person_id": person_names(leads.person),
        "created_at": _at(world, leads.created, leads.second),
        "updated_at": _at(world, last, np.full(len(leads), _DAY_SECONDS - 1)),
        "product_id": _product_names(world).take(pa.array(leads.product)),
        "campaign_id": _maybe(_named("C-", people.campaign + np.int64(1), 1), people.campaign < 0),
        "source": campaigns[people.campaign],
        "rep_id": _maybe(_rep_names(np.maximum(leads.rep, 0)), leads.rep < 0),
        "stage": stage,
        "closed_at": _maybe(_at(world, leads.closed, leads.closed_second), ~closed),
        "amount": leads.amount,
        "message": _maybe(_messages(world, people.message), people.campaign < 0),
        "enquiry": _maybe(pa.array(written), _missing(world, "enquiry", leads.person)),
    })  # fmt: skip


def _people(world: World, day: Day) -> pa.Table:
    who = day.signed
    people = world.people.at(who)
    origin = np.where(people.double_of >= 0, people.double_of, who)
    own = full_names(world.seed, origin)
    accounts = np.where(people.account >= 0, people.account, 0)
    domains = [
        f"company-{number + 1}.example" if works >= 0 else "mail.example"
        for number, works in zip(accounts.tolist(), people.account.tolist(), strict=True)
    ]
    # The second time the same person's name is written in capitals, and its title anew.
    spelled = [name.upper() if twice >= 0 else name
               for name, twice in zip(own, people.double_of.tolist(), strict=True)]  # fmt: skip
    written = titles(world.seed, world.company.titles, who, people.title.tolist(),
                     people.seniority.tolist())  # fmt: skip
    regions = np.array(world.company.regions.names)[people.region]
    return pa.table({
        "person_id": person_names(who),
        "known_at": _at(world, np.full(who.size, day.number), people.signed_up_second),
        "account_id": _maybe(_named("A-", accounts), people.account < 0),
        "email": emails(spelled, origin.tolist(), domains),
        "name": spelled,
        "region": _maybe(pa.array(regions), _missing(world, "region", origin)),
        "job_title": _maybe(pa.array(written), _missing(world, "title", origin)),
        "age": _maybe(pa.array(people.age), _missing(world, "age", origin)),
        "prefers": _maybe(pa.array(np.where(people.prefers_mail, "mail", "phone")),
                          _missing(world, "prefers", origin)),
    })  # fmt: skip


def _identities(world: World, day: Day) -> pa.Table:
    who = day.signed[world.people.double_of[day.signed] < 0]
    return pa.table({
        "anonymous_id": _named("V-", world.people.device[who]),
        "person_id": person_names(who),
        "at": _at(world, np.full(who.size, day.number), world.people.signed_up_second[who]),
    })  # fmt: skip


def _events(world: World, day: Day) -> pa.Table:
    views, people, site = day.visiting.views, world.people, world.site
    who = views.person
    # Known from the day after they signed up; before that only their device is.
    is_known = (people.signed_up[who] >= 0) & (people.signed_up[who] < day.number)
    kinds = np.array(site.kinds)
    change = world.company.change
    if change.day and day.number >= change.day:
        kinds = np.where(kinds == change.renamed, change.new_name, kinds)
    referrers = np.array([one.channel for one in world.company.campaigns] + ["direct"])
    here = pa.array(views.look)
    return pa.table({
        "event_id": day.number * 1_000_000 + np.arange(who.size),
        "person_id": _maybe(person_names(who), ~is_known),
        "anonymous_id": _maybe(_named("V-", people.device[who]), is_known),
        "at": _at(world, np.full(who.size, day.number), views.second),
        "kind": pa.DictionaryArray.from_arrays(here.cast(pa.int32()), kinds.tolist()),
        "page_category": pa.DictionaryArray.from_arrays(here.cast(pa.int32()), list(site.pages)),
        "referrer_kind": pa.array(referrers[people.campaign[who]]),
        "product_id": _maybe(_product_names(world).take(pa.array(np.maximum(views.product, 0))),
                             views.product < 0),
        "duration_s": views.seconds,
        "ip": _addresses(world, who),
    })  # fmt: skip


def _addresses(world: World, who: NDArray[np.int64]) -> pa.Array:
    """Each company has its own sixteen addresses of the block for tests of networks (RFC 2544), as
    long as there are at most 4,096; who is at home has one of the other half, which tells nothing.
    """
    account = world.people.account[who].astype(np.int64)
    works, host = account >= 0, uniform(world.seed, "host", who)
    home = (uniform(world.seed, "home", who) * 250).astype(np.int64)
    block = np.where(works, account // 16 % 256, home)
    own = account % 16 * 16 + 1 + (host * 14).astype(np.int64)
    host = np.where(works, own, 10 + (host * 200).astype(np.int64))
    second = np.where(works, 18, 19)
    return pc.binary_join_element_wise(
        "198", pa.array(second).cast(pa.string()), pa.array(block).cast(pa.string()),
        pa.array(host).cast(pa.string()), ".",
    )  # fmt: skip


def _activities(world: World, day: Day) -> pa.Table:
    calls, leads = day.calls, world.leads
    mailed = day.mailing.people
    count = calls.lead.size
    parts = [
        pa.table({
            "activity_id": pa.array([f"K-{day.number}-{number}" for number in range(count)],
                                    pa.string()),
            "person_id": person_names(leads.person[calls.lead]),
            "lead_id": lead_names(calls.lead),
            "at": _at(world, np.full(count, day.number), calls.second),
            "kind": pa.array(["call"] * count, pa.string()),
            "product_id": _product_names(world).take(pa.array(leads.product[calls.lead])),
            "rep_id": _rep_names(calls.rep),
            "outcome": np.array(OUTCOMES)[calls.outcome],
            "duration_s": calls.seconds,
        }),
        pa.table({
            "activity_id": pa.array([f"M-{day.number}-{number}" for number in range(mailed.size)],
                                    pa.string()),
            "person_id": person_names(mailed),
            "at": _at(world, np.full(mailed.size, day.number), np.full(mailed.size, 8 * 3600)),
            "kind": pa.array(["mail"] * mailed.size, pa.string()),
        }),
    ]  # fmt: skip
    return pa.concat_tables(parts, promote_options="default")


def _purchases(world: World, day: Day) -> pa.Table:
    """Won leads pay on the day they close; sales of the shop beside them."""
    won, sales, leads = world.leads.at(day.won), day.sales, world.leads
    products = np.concatenate([won.product, sales.product]).astype(np.int64)
    seconds = np.concatenate([won.closed_second, sales.second])
    margins = np.concatenate([lead_margins(world, leads.at(day.won)), sales.margin])
    ids = [f"S-{name}" for name in lead_names(day.won).to_pylist()]
    ids += [f"S-{day.number}-{number}" for number in range(sales.person.size)]
    return pa.table({
        "purchase_id": pa.array(ids, pa.string()),
        "person_id": person_names(np.concatenate([won.person, sales.person])),
        "at": _at(world, np.full(products.size, day.number), seconds),
        "amount": np.concatenate([won.amount, sales.amount]),
        "product_id": _product_names(world).take(pa.array(products)),
        "quantity": np.ones(products.size, np.int64),
        "margin": margins,
        "cancelled_at": pa.nulls(products.size, SECOND),
    })  # fmt: skip


def _spend(world: World, day: Day) -> pa.Table:
    """One row a campaign and message: the cost is shared by what the messages brought."""
    visitors = day.spending.visitors
    campaigns, messages = visitors.shape
    part = np.array(world.company.messages.shares) / sum(world.company.messages.shares)
    cells = np.arange(campaigns * messages)
    noise = np.exp(0.1 * normal(world.seed, "clicks", cells, day.number))
    clicks = np.rint(visitors.ravel() * CLICKS_A_VISITOR * noise).astype(np.int64)
    cost = (day.spending.cost[:, None] * part[None, :]).ravel()
    return pa.table({
        "campaign_id": _named("C-", cells // messages + 1, 1),
        "date": pa.array([world.date_of(day.number)] * cells.size),
        "cost": np.round(cost, 6),
        "impressions": np.rint(clicks * IMPRESSIONS_A_CLICK).astype(np.int64),
        "clicks": clicks,
        "message": np.tile(np.array(world.company.messages.names), campaigns),
    })  # fmt: skip


def _treatments(world: World, day: Day) -> pa.Table:
    mailing = day.mailing
    mailed = np.isin(mailing.eligible, mailing.people)
    count = mailing.eligible.size
    return pa.table({
        "person_id": person_names(mailing.eligible),
        "at": _at(world, np.full(count, day.number), np.full(count, 8 * 3600)),
        "campaign_id": pa.array([WEEKLY_MAIL] * count, pa.string()),
        "arm": pa.array(np.where(mailed, "mail", "none").tolist(), pa.string()),
        "propensity": np.where(mailed, mailing.chance, 1.0 - mailing.chance),
    })  # fmt: skip


def _feedback(world: World, day: Day) -> pa.Table:
    given = day.ratings
    clients = [world.company.clients[number].name for number in given.client.tolist()]
    return pa.table({
        "lead_id": lead_names(given.lead),
        "at": _at(world, np.full(given.lead.size, day.number), np.full(given.lead.size, 86_000)),
        "rating": given.rating,
        "by": pa.array(clients, pa.string()),
    })  # fmt: skip


def _with_waiting(world: World, day: Day, table: str, rows: pa.Table) -> pa.Table:
    """Holds back what is written late and what is written twice; adds what is due today."""
    count = rows.num_rows
    late = uniform(world.seed, f"late {table}", np.arange(count), day.number)
    again = uniform(world.seed, f"twice {table}", np.arange(count), day.number)
    is_late = late < world.company.record.late
    is_twice = (again < world.company.record.twice) & ~is_late
    waits = 1 + (late / max(world.company.record.late, 1e-12) * 3).astype(np.int64)
    held = [
        _due(rows.filter(pa.array(is_late)), day.number + waits[is_late]),
        _due(rows.filter(pa.array(is_twice)), np.full(is_twice.sum(), day.number + 1)),
    ]
    if table == "purchases":
        held.append(_cancellations(world, day, rows, np.where(is_late, waits, 0)))
    if table in world.waiting:
        held.insert(0, world.waiting[table])
    waiting = pa.concat_tables(held, promote_options="permissive").unify_dictionaries()
    due = pc.less_equal(waiting["_write"], day.number)
    # As they would be without having waited on disk, which keeps milliseconds.
    waiting = waiting.cast(rows.schema.append(pa.field("_write", pa.int64())))
    world.waiting[table] = waiting.filter(pc.invert(due)).combine_chunks()
    now = waiting.filter(due).drop_columns(["_write"])
    return pa.concat_tables([rows.filter(pa.array(~is_late)), now], promote_options="permissive")


def _cancellations(world: World, day: Day, rows: pa.Table, waits: NDArray[np.int64]) -> pa.Table:
    """Purchases of the shop that will come back, as they are written on that day: never before
    the purchase itself, which waits so many days.
    """
    own = rows.slice(day.won.size)
    back = day.sales.returned_on >= 0
    due = day.sales.returned_on[back]
    at = _at(world, due, np.full(due.size, 12 * 3600))
    cancelled = own.filter(pa.array(back)).drop_columns(["cancelled_at"])
    written = np.maximum(due, day.number + waits[day.won.size :][back])
    return _due(cancelled.append_column("cancelled_at", at), written)


def _due(rows: pa.Table, days: NDArray[np.int64]) -> pa.Table:
    return rows.append_column("_write", pa.array(days, pa.int64()))


def _at(world: World, days: NDArray[Any], seconds: NDArray[Any]) -> pa.Array:
    """Instants of seconds within days, in UTC."""
    origin = np.datetime64(world.start, "s").astype(np.int64)
    whole = origin + days.astype(np.int64) * _DAY_SECONDS + seconds.astype(np.int64)
    return pa.array(whole, pa.int64()).cast(SECOND)


def _named(prefix: str, numbers: NDArray[Any], width: int = 6) -> pa.Array:
    text = pa.array(np.asarray(numbers, np.int64)).cast(pa.string())
    padded = pc.utf8_lpad(text, width, "0") if width > 1 else text
    return pc.binary_join_element_wise(prefix, padded, "")


def _rep_names(numbers: NDArray[Any]) -> pa.Array:
    return _named("R-", np.asarray(numbers) + 1, 2)


def _product_names(world: World) -> pa.Array:
    return pa.array(world.product_names)


def _messages(world: World, message: NDArray[Any]) -> pa.Array:
    return pa.array(np.array(world.company.messages.names)[message])


def _maybe(values: pa.Array, is_missing: NDArray[np.bool_]) -> pa.Array:
    """The values, with nothing where it is missing."""
    return pc.if_else(pa.array(is_missing), pa.scalar(None, values.type), values)


def _missing(world: World, what: str, who: NDArray[Any]) -> NDArray[np.bool_]:
    return uniform(world.seed, f"missing {what}", who) < world.company.people.missing
