"""Which canonical table a file holds: what its columns and values say, its name only at last.

The look at a file and what it shares with other files come in; the table and the reason go out.
"""

from collections.abc import Callable, Sequence

from redumbrella.columns import TABLES
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.columns import (
    Fits,
    columns_named,
    is_key,
    is_number,
    is_order_number,
)
from redumbrella.sources.guessing.kin import Kin
from redumbrella.sources.guessing.lead_ids import lead_id_of
from redumbrella.sources.guessing.leads import has_lead_names, says_won_or_lost
from redumbrella.sources.guessing.looking import FileLook, Seen
from redumbrella.sources.guessing.names import rank_of
from redumbrella.sources.guessing.outcomes import guess_outcome, is_told_for_some
from redumbrella.sources.guessing.times import is_plain_time
from redumbrella.sources.guessing.vocabulary import CONTACT_WORDS, TABLE_WORDS, bag, words

Rule = Callable[[Sequence[Seen], Kin], tuple[str, str] | None]

# What the status of an order says, and that of a lead does not.
ORDER_WORDS = bag(
    "paid unpaid refunded refund shipped fulfilled unfulfilled delivered dispatched backordered "
    "chargeback authorized voided processing bezahlt erstattet versendet versandt geliefert "
    "zugestellt storniert paye payee rembourse remboursee expedie expediee livre livree pagado "
    "pagada reembolsado reembolsada enviado enviada entregado entregada pagato rimborsato "
    "spedito consegnato pago paga entregue reembolso betaald terugbetaald verzonden geleverd "
    "oplacone oplacony zwrocone wyslane dostarczone wyslano"
)
# What is sent to a lead before anything is bought: "Propuesta enviada" is no status of an order.
_OFFERS = bag(
    "proposal proposals quote quotes quotation offer contract angebot offerte vertrag muster devis "
    "proposition offre contrat propuesta presupuesto cotizacion oferta contrato proposta "
    "orcamento preventivo offerta contratto offerte contract voorstel umowa email mail correo info"
)
_ARMS = bag("control treatment treated holdout placebo test kontrolle kontrollgruppe temoin")
_OF_REPS = bag(
    "quota capacity territory region team commission seniority target hired hire kapazitat "
    "gebiet provision zone objectif cuota comision territorio quotum"
)
_FEW_PEOPLE = 2_000


def which_table(look: FileLook, kin: Kin) -> tuple[str, str]:
    """The canonical table that a file holds, and why."""
    for rule in _RULES:
        found = rule(look.columns, kin)
        if found is not None:
            return found
    stem = words(look.file.path.name.split(".")[0])
    for name, names in TABLE_WORDS.items():
        if set(names) & set(stem):
            said = f'the file name says "{look.file.path.name}"; nothing in the file says more'
            return name, said
    return "leads", "nothing says otherwise"


def is_order_book(columns: Sequence[Seen]) -> bool:
    """Whether a file without leads has purchases: an amount, a time, and orders or buyers."""
    return _purchases(columns, Kin({})) is not None


def _first(name: str, table: str, columns: Sequence[Seen], fits: Fits) -> Seen | None:
    found = columns_named(name, table, columns, fits)
    return found[0] if found else None


def _has_status_of_orders(columns: Sequence[Seen]) -> Seen | None:
    for column in columns:
        said = [set(words(text)) for text, _ in column.values]
        if any(one & ORDER_WORDS and not one & _OFFERS for one in said):
            return column
    return None


def _sure_leads(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    """Won or lost in words, with an id: leads, whatever the file is called."""
    outcome = guess_outcome(columns).origin
    told = outcome.column if outcome is not None else ""
    if not any(says_won_or_lost(column) for column in columns if column.name == told):
        return None
    lead_id, column = lead_id_of(columns)
    if column is None or lead_id.origin is None or _are_facts_of_leads(columns, column, kin):
        return None
    if column.is_key:
        return "leads", f'"{told}" says won or lost, and "{column.name}" is an id'
    return "leads", (
        f'"{told}" says won or lost, and "{column.name}" comes again: the history of leads'
    )


def _are_facts_of_leads(columns: Sequence[Seen], lead_id: Seen, kin: Kin) -> bool:
    """Whether the leads stand in another file, to which these rows only point."""
    if kin.is_lead_id(lead_id) and not lead_id.is_key:
        return True
    return any(kin.is_lead_id(column) and not column.is_key for column in columns)


def _canonical(columns: Sequence[Seen], _: Kin) -> tuple[str, str] | None:
    """The very columns of a table, by name; of two that need the same, the one with more of them:
    events and activities both have at and kind."""
    canonical = {column.name.casefold() for column in columns}
    needs = {
        name: {column.name for column in table.columns if column.required}
        for name, table in TABLES.items()
    }
    fits = [n for n, own in needs.items() if n != "leads" and len(own) > 1 and own <= canonical]
    if not fits:
        return None
    name = max(fits, key=lambda name: len(canonical & set(TABLES[name].names)))
    return name, f"it has the columns {', '.join(sorted(needs[name]))}"


def _spend(columns: Sequence[Seen], _: Kin) -> tuple[str, str] | None:
    cost = _first("cost", "spend", columns, is_number)
    campaign = _first("campaign_id", "spend", columns, is_key) or _first(
        "source", "leads", columns, is_key
    )
    day = _first("date", "spend", columns, is_plain_time)
    people = _first("person_id", "purchases", columns, is_key)
    if cost is None or campaign is None or day is None or people is not None:
        return None
    return "spend", f'it has "{campaign.name}", "{day.name}" and "{cost.name}", and no people'


def _treatments(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    arm = next(
        (c for c in columns if any(set(words(text)) & _ARMS for text, _ in c.values)
         and rank_of(c.name, "arm", "treatments") is not None),
        None,
    )  # fmt: skip
    person = _person(columns, kin, "treatments")
    if arm is None or person is None or not any(is_plain_time(c) for c in columns):
        return None
    return "treatments", f'"{arm.name}" says who was treated and who was not'


def _identities(columns: Sequence[Seen], _: Kin) -> tuple[str, str] | None:
    anonymous = _first("anonymous_id", "identities", columns, is_key)
    person = _first("person_id", "identities", [c for c in columns if c is not anonymous], is_key)
    if anonymous is None or person is None or len(columns) > 5:
        return None
    said = {column.name for column in (anonymous, person)}
    others = [column for column in columns if not column.is_time and column.name not in said]
    if any(column.read.type == "text" and not column.is_key for column in others):
        return None  # what happened stands there too
    return "identities", f'it says which "{person.name}" is which "{anonymous.name}"'


def _reps(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    named_there = [column for column in columns if column.is_key and kin.is_rep(column)]
    if named_there:
        return "reps", f'every row is a "{named_there[0].name}", to whom others give their leads'
    said = {word for column in columns for word in words(column.name)}
    who = _first("rep_id", "reps", [c for c in columns if c.is_key], is_key)
    marks = sorted(said & _OF_REPS)
    is_few = bool(columns) and columns[0].rows <= _FEW_PEOPLE
    clear = bool(set(marks) - {"region", "team", "target", "zone", "territory"})
    names_reps = who is not None and rank_of(who.name, "rep_id", "leads") is not None
    if who is None or not is_few or not marks or not (clear or names_reps):
        return None
    return "reps", f'every row is a "{who.name}", with {", ".join(marks)}: people who sell'


def _products(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    product = _first("product_id", "products", [c for c in columns if c.is_key], is_key)
    price = _first("price", "products", columns, is_number)
    # Products have names of their own, so a name alone is nobody's.
    who = kin.who([column for column in columns if is_key(column)])
    who = who or _first("person_id", "purchases", columns, is_key)
    who = who or _first("email", "purchases", columns, is_key)
    if product is None or price is None or who is not None:
        return None
    if _first("quantity", "purchases", columns, is_number) is not None:
        return None
    return "products", f'every row is a "{product.name}" with "{price.name}", and no people'


def _campaigns(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    keys = [column for column in columns if column.is_key]
    campaign = next((c for c in keys if {"campaign", "kampagne", "campagne"} & set(words(c.name))),
                    None)  # fmt: skip
    if campaign is None or _person(columns, kin, "purchases") is not None:
        return None
    return "campaigns", f'every row is a "{campaign.name}"'


def _person(columns: Sequence[Seen], kin: Kin, table: str) -> Seen | None:
    """The column that says whose fact a row is."""
    who = kin.who([column for column in columns if is_key(column)])
    for role in ("person_id", "email", "person_name"):
        who = who or _first(role, table, columns, is_key)
    return who


def _events(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    at = next((column for column in columns if is_plain_time(column)), None)
    kind = _kind("events", columns)
    who = _person(columns, kin, "events") or _first("anonymous_id", "events", columns, is_key)
    if at is None or kind is None or who is None or who.is_key:
        return None
    if _purchases(columns, kin) is not None and not {
        "event",
        "ereignis",
        "evento",
        "evenement",
    } & set(words(kind.name)):
        return None
    # Only activities can be those of a lead and not of a person.
    if _are_contacts(kind) or kin.is_lead_id(who):
        return "activities", f'"{who.name}" comes again and again, each time with "{kind.name}"'
    return "events", f'"{who.name}" comes again and again, each time with "{kind.name}"'


def _are_contacts(kind: Seen) -> bool:
    """Whether at least half of what happened is what a sales person does: calls, e-mails."""
    contacts = [n for text, n in kind.values if words(text) and set(words(text)) <= CONTACT_WORDS]
    return 2 * sum(contacts) >= kind.read.present > 0


def _kind(table: str, columns: Sequence[Seen]) -> Seen | None:
    """What happened: one of a few words for each row, most rows having one."""

    def fits(seen: Seen) -> bool:
        is_word = seen.read.type == "text" and not seen.is_time
        return is_word and 4 * seen.distinct <= max(seen.rows, 8)

    return _first("kind", table, columns, fits)


def _activities(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    at = next((column for column in columns if is_plain_time(column)), None)
    who = next((c for c in columns if kin.is_lead_id(c) and not c.is_key), None)
    who = who or _first("lead_id", "activities", [c for c in columns if not c.is_key], is_key)
    kind = _kind("activities", columns)
    if at is None or who is None or kind is None or who is kind:
        return None
    return "activities", f'"{who.name}" comes again and again, each time with "{kind.name}"'


def _purchases(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    amount = _first("amount", "purchases", columns, is_number)
    price = _first("unit_price", "purchases", columns, is_number)
    at = _first("at", "purchases", columns, is_plain_time)
    at = at or next((column for column in columns if is_plain_time(column)), None)
    who = _person(columns, kin, "purchases")
    money = amount or price
    if money is None or at is None or who is None:
        return None
    order = _first(
        "purchase_id", "purchases", [c for c in columns if c is not who], is_order_number
    )
    status = _has_status_of_orders(columns)
    says_order = order is not None and bool(
        set(words(order.name)) - {"id", "name", "number", "num"}
    )
    if not who.is_key:
        return (
            "purchases",
            f'"{who.name}" comes again and again, with "{at.name}" and "{money.name}"',
        )
    if status is not None:
        return "purchases", f'"{status.name}" is the status of an order, with "{money.name}"'
    if says_order and order is not None:
        return "purchases", f'"{order.name}" is an order, with "{money.name}"'
    return None


def _order_status_first(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    """An order book whose status says paid, refunded, shipped: no leads, whatever else it has."""
    status = _has_status_of_orders(columns)
    found = _purchases(columns, kin) if status is not None else None
    if found is None or status is None:
        return None
    return "purchases", f'{found[1]}, and "{status.name}" is the status of an order'


def _by_lead_names(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    why = has_lead_names(columns)
    return ("leads", why) if why is not None and not kin.leads else None


def _likely_leads(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    """An outcome that is only yes or no."""
    outcome: Choice = guess_outcome(columns)
    if outcome.origin is None:
        return None
    column = next(c for c in columns if c.name == outcome.origin.column)
    if _facts(columns, kin) and not _has_id(columns):
        return None
    if is_told_for_some(column):
        return "leads", f'"{column.name}" says yes or no for some rows and nothing for the others'
    return "leads", f'"{column.name}" looks like an outcome'


def _has_id(columns: Sequence[Seen]) -> bool:
    return lead_id_of(columns)[1] is not None


def _facts(columns: Sequence[Seen], kin: Kin) -> bool:
    who = _person(columns, kin, "events")
    return who is not None and not who.is_key and any(is_plain_time(c) for c in columns)


def _people(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    """One row for each person, of whom other files speak."""
    who = kin.who([column for column in columns if is_key(column)])
    if who is not None and who.is_key and (kin.leads or kin.buys):
        return "people", f'every row has a "{who.name}" of its own, which others speak of'
    return None


def _accounts(columns: Sequence[Seen], kin: Kin) -> tuple[str, str] | None:
    keys = [column for column in columns if column.is_key]
    company = _first("account_id", "accounts", keys, is_key)
    size = _first("employees", "accounts", columns, is_number)
    domain = _first("domain", "accounts", columns, is_key)
    if company is None or (size is None and domain is None) or not (kin.leads or kin.buys):
        return None
    return "accounts", f'every row is a "{company.name}", with its size or domain'


_RULES: tuple[Rule, ...] = (
    _spend,
    _order_status_first,
    _sure_leads,
    _canonical,
    _treatments,
    _identities,
    _reps,
    _by_lead_names,
    _events,
    _activities,
    _purchases,
    _accounts,
    _people,
    _likely_leads,
    _products,
    _campaigns,
)
