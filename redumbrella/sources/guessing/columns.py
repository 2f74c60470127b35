"""Which column of a file is which canonical column of a table.

The columns of a file and the table it holds come in; `Choice`s go out, each with its reason, and
the columns that are better left out. Values decide what may fit; names choose among what fits.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from redumbrella.columns import TABLES
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.kin import Kin
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.names import AT_THE_END, rank_of
from redumbrella.sources.guessing.times import is_plain_time, time_choice
from redumbrella.sources.guessing.vocabulary import words
from redumbrella.sources.order_states import meaning

Fits = Callable[[Seen], bool]

# Such a share of the rows has a value where a column is the id of its rows.
LEAST_PRESENT = 0.9
_ORDER_NUMBER = re.compile(r"\W?[A-Za-z]{0,6}[-_ /]?\d[\w/-]*")
_CURRENCY = re.compile(r"[A-Za-z]{3}|[€$£¥]")
_MANY_CURRENCIES = 60
# A column named so tells rows of money from rows of money given back.
_KINDS = {"type", "kind", "transaction", "art", "typ", "tipo", "rodzaj", "soort", "vorgang"}
_CENTS = {"cent", "cents", "minor", "pence", "centimes", "centimos", "centesimi", "centavos"}
_STRIPE = {"charge", "payment_intent", "refund", "balance_transaction"}


@dataclass
class Open:
    """The columns that are still free, and the choices made so far."""

    table: str
    columns: list[Seen]
    choices: list[Choice] = field(default_factory=list)

    def take(self, choice: Choice, *used: Seen) -> None:
        """Keeps a choice; the columns it uses are free no more."""
        self.choices.append(choice)
        self.columns = [column for column in self.columns if column not in used]

    def named(self, name: str, fits: Fits) -> list[Seen]:
        """The free columns that mean a canonical column or role, the surest first."""
        return columns_named(name, self.table, self.columns, fits)

    def has(self, name: str) -> bool:
        """Whether a canonical column is chosen already."""
        return any(choice.name == name for choice in self.choices)


def columns_named(name: str, table: str, columns: Iterable[Seen], fits: Fits) -> list[Seen]:
    """Columns whose name means a canonical column or role and whose values fit, surest first."""
    found = []
    for place, column in enumerate(columns):
        rank = rank_of(column.name, name, table)
        if rank is not None and fits(column):
            found.append((column.read.present < column.rows / 2, rank, place, column))
    return [column for *_, column in sorted(found, key=lambda one: one[:3])]


def fits_kind(name: str, table: str) -> Fits:
    """A test whether the values of a column may be those of a canonical column."""
    column = TABLES[table].column(name)
    assert column is not None
    if column.kind == "number":
        return is_number
    if column.kind == "time":
        return is_plain_time if name != "cancelled_at" else _is_time_or_empty
    if column.kind == "id" and name == "campaign_id":
        return _is_name  # there may be a single one
    if column.kind == "id":
        return is_key
    return _is_name


def _is_time_or_empty(seen: Seen) -> bool:
    """Times, or nothing yet: in a young export no order may have been cancelled."""
    return is_plain_time(seen) or seen.read.type == "empty"


def _is_name(seen: Seen) -> bool:
    return not seen.is_time and seen.read.type not in {"flag", "empty"}


def is_number(seen: Seen) -> bool:
    """Whether a column holds numbers."""
    return seen.read.type == "number" and not seen.is_time


def is_key(seen: Seen) -> bool:
    """Whether the values may be ids: no times, no yes and no, not all the same."""
    return not is_plain_time(seen) and seen.read.type not in {"flag", "empty"} and seen.distinct > 1


def is_currency(seen: Seen) -> bool:
    """Whether the values are codes or signs of currencies."""
    if seen.read.type != "text" or seen.distinct > _MANY_CURRENCIES:
        return False
    return all(_CURRENCY.fullmatch(text.strip()) for text, _ in seen.values)


def is_order_number(seen: Seen) -> bool:
    """Whether a column can hold the ids of orders: nearly always there, not all the same."""
    if not is_key(seen) or seen.read.present < LEAST_PRESENT * seen.rows:
        return False
    if words(seen.name) != ("name",):
        return True
    return all(_ORDER_NUMBER.fullmatch(text) for text in seen.sample)


def choose(name: str, free: Open, fits: Fits | None = None) -> bool:
    """Takes the best column for a canonical column, if there is one; says whether."""
    found = free.named(name, fits or fits_kind(name, free.table))
    if not found:
        return False
    chosen = found[0]
    others = tuple(column.name for column in found[1:6])
    if is_plain_time(chosen):
        free.take(time_choice(name, chosen, other=others), chosen)
        return True
    unit = "; it has to be in seconds" if name == "duration_s" else ""
    free.take(Choice(name, ColumnSource(chosen.name), f"by its name{unit}", others), chosen)
    return True


def fact_choices(table: str, columns: Sequence[Seen], kin: Kin) -> list[Choice]:
    """Choices for a table other than leads; required columns without a guess stay open."""
    free = Open(table, list(columns))
    _who_is_meant(free, kin)
    if table == "reps":
        for seen in [column for column in free.columns if kin.is_rep(column)][:1]:
            why = "the leads of another file name them so"
            free.take(Choice("rep_id", ColumnSource(seen.name), why), seen)
    if table == "purchases":
        choose("purchase_id", free, is_order_number)
        _money(free)
    for column in TABLES[table].columns:
        if free.has(column.name) or choose(column.name, free):
            continue
        told = {choice.name for choice in free.choices if choice.origin is not None}
        one_of = TABLES[table].one_of
        if column.required or (column.name in one_of[:1] and not told & set(one_of)):
            fits = fits_kind(column.name, table)
            others = tuple(seen.name for seen in free.columns if fits(seen))[:8]
            why = "required, and no column looks like it"
            free.choices.append(Choice(column.name, None, why, others))
    order = {name: place for place, name in enumerate(TABLES[table].names)}
    return sorted(free.choices, key=lambda choice: order[choice.name])


def _who_is_meant(free: Open, kin: Kin) -> None:
    """The person (or lead) that the facts are of: shared ids first, then names, then e-mails."""
    table = TABLES[free.table]
    if table.column("person_id") is None:
        return
    who = kin.who([column for column in free.columns if is_key(column)])
    if who is not None:
        is_lead = rank_of(who.name, "lead_id", free.table) is not None or kin.is_lead_id(who)
        name = "lead_id" if is_lead and table.column("lead_id") is not None else "person_id"
        why = f"the same ids stand in {', '.join(kin.of(who))}"
        free.take(Choice(name, ColumnSource(who.name), why), who)
        return
    if table.column("lead_id") is not None and free.table == "activities":
        choose("lead_id", free)
    if choose("person_id", free):
        return
    for role, why in (("email", "e-mails, as nothing else says who it is"),
                      ("person_name", "names, as nothing else says who it is: two people of one "
                       "name are taken for one")):  # fmt: skip
        found = [] if free.has("lead_id") else free.named(role, is_key)
        if found:
            free.take(Choice("person_id", ColumnSource(found[0].name), why), found[0])
            return


def _money(free: Open) -> None:
    """The amount of a purchase: a total before a price, less refunds, with its currency."""
    totals = free.named("amount", is_number)
    prices = [seen for seen in free.named("unit_price", is_number) if seen not in totals]
    counts = free.named("quantity", is_number)
    if totals:
        chosen = totals[0]
        origin, why = ColumnSource(chosen.name), "by its name"
        used = [chosen]
    elif prices and counts:
        chosen = prices[0]
        origin = ColumnSource(chosen.name, times=counts[0].name)
        why = (
            "a price for one, so times the quantity; if it is that of the whole line, remove times"
        )
        used = [chosen]
    elif prices:
        chosen, used = prices[0], [prices[0]]
        origin, why = ColumnSource(chosen.name), "the only price, and no column says how many"
    else:
        return
    returned = [seen for seen in free.named("less", is_number) if seen is not chosen]
    if totals and returned:
        origin = with_options(origin, less=returned[0].name)
        why += f", less what was given back ({returned[0].name})"
        used.append(returned[0])
    origin, said, column = in_currency(origin, free)
    used += [column] if column is not None else []
    origin, of_status = _with_status(origin, free)
    origin, of_cents = _in_cents(origin, free)
    said += of_status + of_cents
    others = tuple(seen.name for seen in (*totals, *prices) if seen not in used)[:5]
    free.take(Choice("amount", origin, why + said, others), *used)


def _with_status(origin: ColumnSource, free: Open) -> tuple[ColumnSource, str]:
    """An amount with the column that says that no money came, or that it was given back."""
    found = [
        (rows, seen, meant) for seen in free.columns for rows, meant in [_states(seen)] if rows
    ]
    if not found:
        return origin, ""
    _, seen, meant = max(found, key=lambda one: one[0])
    void, returned = meant["void"], meant["returned"]
    is_kind = bool(set(words(seen.name)) & _KINDS)
    if not is_kind and not _has_negatives(origin, free):
        # A status says it of a whole order, a kind of a row of its own, as a negative amount does.
        void, returned = [*void, *returned], []
    said = f'; "{seen.name}" says'
    said += f" that no money came: {', '.join(void)}" if void else ""
    said += f" that it was given back: {', '.join(returned)}" if returned else ""
    if meant["unknown"]:
        said += f"; not sure, counted as paid: {', '.join(meant['unknown'])}"
    return replace(origin, status=seen.name, void=tuple(void), returned=tuple(returned)), said


def _states(seen: Seen) -> tuple[int, dict[str, list[str]]]:
    """How many rows say that no money came or that it was given back, and the values by meaning."""
    meant: dict[str, list[str]] = {"paid": [], "void": [], "returned": [], "unknown": []}
    rows = 0
    for text, count in seen.values:
        found = meaning(text)
        meant[found or "unknown"].append(text)
        rows += count if found in ("void", "returned") else 0
    is_status = seen.read.type == "text" and bool(meant["paid"])
    return (rows if is_status else 0), meant


def _has_negatives(origin: ColumnSource, free: Open) -> bool:
    """Whether amounts or quantities below 0 stand for what was given back."""
    numbers = [seen for seen in free.columns if seen.name in (origin.column, origin.times)]
    numbers += free.named("quantity", is_number)
    return any(
        text.lstrip(" '")[:1] in "-\u2212(" for seen in numbers for text in seen.sample if text
    )


def _in_cents(origin: ColumnSource, free: Open) -> tuple[ColumnSource, str]:
    """An amount in hundredths: by its name, or as Stripe's interface writes charges."""
    names = {seen.name.casefold() for seen in free.columns} | {origin.column.casefold()}
    is_charge = any(
        seen.name.casefold() == "object" and {text for text, _ in seen.values} <= _STRIPE
        for seen in free.columns
    )
    by_name = set(words(origin.column)) & _CENTS
    if not by_name and not (is_charge and "amount" in names):
        return origin, ""
    why = "by its name" if by_name else "as Stripe writes it"
    return replace(origin, cents=True), f"; in cents, {why}"


def in_currency(origin: ColumnSource, free: Open) -> tuple[ColumnSource, str, Seen | None]:
    """An amount with the column that names its currency, if there is one."""
    found = free.named("currency", is_currency)
    if not found:
        return origin, "", None
    seen = found[0]
    codes = ", ".join(text for text, _ in seen.values[:4])
    said = f'; in the currency that "{seen.name}" names ({codes})' if codes else ""
    return with_options(origin, currency=seen.name), said, seen


def with_options(origin: ColumnSource, **options: str) -> ColumnSource:
    """The same origin with more options set."""
    return replace(origin, **options)  # type: ignore[arg-type]


def is_weak(column: Seen, name: str, table: str) -> bool:
    """Whether a name only ends like one that means the canonical column."""
    rank = rank_of(column.name, name, table)
    return rank is None or rank >= AT_THE_END
