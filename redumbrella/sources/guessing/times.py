"""Which times of a lead are which: when it came in, when it last changed, when it was closed."""

from collections.abc import Sequence

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.names import WITHOUT_OWNER, means, rank_of
from redumbrella.sources.guessing.vocabulary import bag, words
from redumbrella.sources.spellings.instants import ORDERS, SPELLED

# From this name of created_at on, any other time may be called so: a date, the start of a policy.
_FIRST_VAGUE = "timestamp"
# Such a time is not when a lead came in.
_NOT_THE_BEGINNING = bag(
    "closed close converted ended end last updated modified birth due expected next abschluss "
    "geschlossen beendet cierre chiusura fechamento cloture won lost geburtsdatum naissance "
    "nacimiento nascita"
)


def is_plain_time(seen: Seen) -> bool:
    """Whether the values are times."""
    return seen.is_time


def time_origin(column: Seen) -> ColumnSource:
    """The column with the order of day and month: a later file may not show it."""
    return ColumnSource(column.name, column.style if column.style in ORDERS else None)


def time_why(column: Seen) -> str:
    """What the times look like, and what is unsure about them."""
    if column.is_open:
        return "times in which day and month cannot be told apart"
    if column.read.is_guess and column.style in ORDERS:
        return f"times, {column.style} as in the other times of the file"
    return {"iso": "ISO 8601 times", "typed": "times", "": "times", SPELLED: "times"}.get(
        column.style, f"times, {column.style}"
    )


def time_choice(
    name: str, column: Seen, why: str | None = None, other: tuple[str, ...] = ()
) -> Choice:
    """A column of times for a canonical column; it asks where day and month are open."""
    question = ""
    if column.is_open:
        orders = " or ".join(f'"{order}"' for order in ORDERS[:2])
        question = (
            f'"{column.name}" may be day first or month first, such as {_example(column)}: say '
            f'{name} = {{ column = "{column.name}", format = … }} with {orders}'
        )
    return Choice(name, time_origin(column), why or time_why(column), other, question=question)


def _example(column: Seen) -> str:
    return f'"{column.sample[0]}"' if column.sample else "01/02/2024"


def lead_times(columns: Sequence[Seen], outcome: Choice, has_versions: bool) -> list[Choice]:
    """Choices for created_at, updated_at and closed_at among the columns of leads.

    has_versions: whether leads have several rows; then a lone time says when its row was written.
    """
    times = [column for column in columns if is_plain_time(column)]
    updated = _named("updated_at", times)
    if has_versions and updated is None:
        sure = _sure(times)
        vague = [column for column in times if column not in sure and not _is_an_end(column)]
        vague = vague or (sure if len(times) == 1 else [])
        updated = vague[0] if vague else None
    rest = [column for column in times if column is not updated]
    created = _created(rest, alone=not has_versions)
    later = [column for column in rest if created is None or not _is(created, column)]
    closed = _filled_with(outcome, later) or _closed(later)
    changed = None
    if updated is not None:
        changed = time_choice("updated_at", updated, _why_updated(updated))
    return [choice for choice in (created, changed, closed) if choice is not None]


def _is(choice: Choice, column: Seen) -> bool:
    return choice.origin is not None and choice.origin.column == column.name


def _why_updated(column: Seen) -> str:
    return f"{time_why(column)}; of several rows of a lead the newest one counts"


def _named(name: str, times: Sequence[Seen]) -> Seen | None:
    ranked = [(rank_of(column.name, name, "leads"), column) for column in times]
    found = [(rank, place, c) for place, (rank, c) in enumerate(ranked) if rank is not None]
    return min(found, key=lambda one: one[:2])[2] if found else None


def _is_an_end(column: Seen) -> bool:
    is_end = means(column.name, "closed_at", "leads")
    return is_end or bool(set(words(column.name)) & _NOT_THE_BEGINNING)


def _sure(times: Sequence[Seen]) -> list[Seen]:
    """Times named as the coming in of a lead and as nothing else, the surest first."""
    vague = rank_of(_FIRST_VAGUE, "created_at", "leads") or 0
    ranked = [(rank_of(column.name, "created_at", "leads"), column) for column in times]
    found = [
        (rank, place, column)
        for place, (rank, column) in enumerate(ranked)
        if rank is not None and (rank < 0 or rank % WITHOUT_OWNER < vague)
    ]
    return [column for *_, column in sorted(found, key=lambda one: one[:2])]


def _created(times: Sequence[Seen], *, alone: bool) -> Choice | None:
    """When a lead came in: by its name, else in the order of the file, else any beginning."""
    sure = _sure(times)
    beginnings = [column for column in times if not _is_an_end(column)]
    if not alone:
        beginnings = []
    ordered = [column for column in beginnings if column.in_order]
    vague = [column for column in beginnings if means(column.name, "created_at", "leads")]
    fitting = [*sure, *ordered, *vague, *beginnings]
    if not fitting:
        return None
    chosen = fitting[0]
    why = "" if sure or not ordered else ", in the order of the file"
    others = tuple(column.name for column in times if column is not chosen)[:5]
    return time_choice("created_at", chosen, time_why(chosen) + why, others)


def _filled_with(outcome: Choice, columns: Sequence[Seen]) -> Choice | None:
    """A time that as many rows have as have an outcome, while others have neither."""
    for column in columns:
        if column.read.present == outcome.known and 0 < outcome.known < column.rows:
            why = f"{time_why(column)}; filled for as many rows as have an outcome"
            return time_choice("closed_at", column, why)
    return None


def _closed(times: Sequence[Seen]) -> Choice | None:
    found = _named("closed_at", times)
    if found is None:
        return None
    why = f"{time_why(found)}; it counts for leads with an outcome only"
    return time_choice("closed_at", found, why)
