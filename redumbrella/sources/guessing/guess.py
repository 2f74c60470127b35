"""A first idea of what files hold: which table, which column is what.

Files come in; a `TableGuess` for each goes out, every choice with the reason for it. A guess rests
on values (unique, two-valued, times, numbers) and on names only to choose among columns whose
values fit. Nothing here is used unless a person leaves it in umbrella.toml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from redumbrella.settings.labels import Labels
from redumbrella.sources.formats.files import FileInput
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.columns import columns_named, fact_choices
from redumbrella.sources.guessing.joins import Proposed, propose_joins, with_joined
from redumbrella.sources.guessing.kin import Kin, are_the_same, named_reps, shared_ids
from redumbrella.sources.guessing.labels import guess_labels
from redumbrella.sources.guessing.lead_ids import lead_id_of
from redumbrella.sources.guessing.leads import is_shared, lead_choices
from redumbrella.sources.guessing.looking import MOST_ROWS, FileLook, look_at
from redumbrella.sources.guessing.outcomes import guess_outcome
from redumbrella.sources.guessing.place import guess_currency, guess_timezone, named_currencies
from redumbrella.sources.guessing.tables import is_order_book, which_table


@dataclass(frozen=True)
class TableGuess:
    """What a file seems to hold.

    `ignore` are columns proposed to be left out with the reason, `leaks` names that sound as if
    they were only known after the outcome. `more` are further files of the same table, `joins`
    those that tell more about its rows. `currency` and `timezone` are what the file says of
    itself, each with the reason, or None; `currencies` are the codes beside its amounts. `span`
    are the first and last time of its facts, days since 1970, None where that is not known.
    `labels` are words for names and values of its fields.
    """

    file: FileInput
    table: str
    why: str
    rows: int
    choices: tuple[Choice, ...]
    ignore: dict[str, str]
    leaks: tuple[str, ...]
    notes: tuple[str, ...]
    more: tuple[FileInput, ...] = ()
    joins: tuple[Proposed, ...] = ()
    currency: tuple[str | None, str | None] = (None, None)
    timezone: tuple[str | None, str | None] = (None, None)
    currencies: tuple[str, ...] = ()
    span: tuple[float, float] | None = None
    labels: Labels = field(default_factory=Labels)


def guess_files(paths: Sequence[str], root: Path) -> list[TableGuess]:
    """Looks at files and proposes a mapping for each; ids that files share tell who is who.

    Files of the same table with the same columns become one. Raises DataError when a file cannot
    be read.
    """
    looks = [look_at(path, root) for path in paths]
    alone = [which_table(look, Kin({}))[0] for look in looks]
    joins = propose_joins(looks, alone)
    joined = [one.look for found in joins.values() for one in found]
    guesses: list[TableGuess] = []
    for place, look in enumerate(looks):
        if look in joined:
            continue
        kin = _kin(look, [one for one in looks if one not in joined], looks, alone)
        guesses.append(_guess(look, kin, joins.get(place, ())))
    return _together(guesses, {look.file: look for look in looks})


def _together(
    guesses: Sequence[TableGuess], looks: Mapping[FileInput, FileLook]
) -> list[TableGuess]:
    """One guess for files of the same table with the same columns."""
    found: dict[tuple[str, frozenset[str]], TableGuess] = {}
    for guess in guesses:
        key = (guess.table, _header(looks[guess.file]))
        one = found.get(key)
        found[key] = (
            guess
            if one is None
            else replace(
                one,
                more=(*one.more, guess.file),
                rows=one.rows + guess.rows,
                notes=tuple(dict.fromkeys((*one.notes, *guess.notes))),
                span=_both(one.span, guess.span),
            )
        )
    return list(found.values())


def _header(look: FileLook) -> frozenset[str]:
    return frozenset(column.name.casefold() for column in look.columns)


def _guess(look: FileLook, kin: Kin, joins: Sequence[Proposed]) -> TableGuess:
    table, why = which_table(look, kin)
    look = with_joined(look, joins)
    ignore: dict[str, str] = {}
    leaks: list[str] = []
    if table == "leads":
        choices, ignore, leaks = lead_choices(look.columns, kin)
    else:
        choices = fact_choices(table, look.columns, kin)
    return TableGuess(
        file=look.file,
        table=table,
        why=why,
        rows=look.rows,
        choices=tuple(choices),
        ignore=ignore,
        leaks=tuple(leaks),
        notes=look.notes,
        joins=tuple(joins),
        currency=guess_currency(look.columns, choices),
        timezone=guess_timezone(look.columns),
        currencies=named_currencies(look.columns, choices),
        span=_span(look, choices),
        labels=_labels(look, table, choices, ignore),
    )


def _labels(
    look: FileLook, table: str, choices: Sequence[Choice], ignore: Mapping[str, str]
) -> Labels:
    """Words for the fields of leads and people; facts have none that are told."""
    if table not in {"leads", "people"}:
        return Labels()
    mapped = {one.origin.column for one in choices if one.origin is not None}
    return guess_labels(look.columns, mapped | set(ignore))


def _span(look: FileLook, choices: Sequence[Choice]) -> tuple[float, float] | None:
    """When the facts of a file begin and end; None where only its first rows were looked at."""
    at = next((one.origin for one in choices if one.name == "at" and one.origin is not None), None)
    if at is None or look.rows >= MOST_ROWS:
        return None
    return next(((one.began, one.ended) for one in look.columns if one.name == at.column), None)


def _both(
    one: tuple[float, float] | None, other: tuple[float, float] | None
) -> tuple[float, float] | None:
    if one is None or other is None:
        return None
    return min(one[0], other[0]), max(one[1], other[1])


def _kin(
    look: FileLook, linked: Sequence[FileLook], looks: Sequence[FileLook], alone: Sequence[str]
) -> Kin:
    """What a file has to do with the others; alone: the table of each when seen by itself."""
    tables = [
        (other, table)
        for other, table in zip(looks, alone, strict=True)
        if other in linked and other is not look and _header(other) != _header(look)
    ]
    leads = [
        other
        for other, table in tables
        if table == "leads" and guess_outcome(other.columns).origin is not None
    ]
    ids = [column for other in leads if (column := lead_id_of(other.columns)[1]) is not None]
    sellers = [
        one for other in leads for one in columns_named("rep_id", "leads", other.columns, is_shared)
    ]
    return Kin(
        shared_ids(look, [look, *(other for other, _ in tables)]),
        frozenset(
            column.name for column in look.columns if any(are_the_same(column, one) for one in ids)
        ),
        bool(leads),
        any(table == "purchases" or is_order_book(other.columns) for other, table in tables),
        named_reps(look.columns, sellers),
    )
