"""A first idea of what files hold: which table, which column is what.

Files come in; a `TableGuess` for each goes out, every choice with the reason for it. A guess rests
on values (unique, two-valued, times, numbers) and on names only to choose among columns whose
values fit. Nothing here is used unless a person leaves it in umbrella.toml.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redumbrella.sources.files import FileInput
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.columns import fact_choices
from redumbrella.sources.guessing.kin import Kin, are_the_same, shared_ids
from redumbrella.sources.guessing.leads import lead_choices, lead_id_of
from redumbrella.sources.guessing.looking import FileLook, look_at
from redumbrella.sources.guessing.outcomes import guess_outcome
from redumbrella.sources.guessing.place import guess_currency, guess_timezone
from redumbrella.sources.guessing.tables import is_order_book, which_table


@dataclass(frozen=True)
class TableGuess:
    """What a file seems to hold.

    `ignore` are columns proposed to be left out with the reason, `leaks` names that sound as if
    they were only known after the outcome. `more` are further files of the same table. `currency`
    and `timezone` are what the files say of themselves, each with the reason, or None.
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
    currency: tuple[str | None, str | None] = (None, None)
    timezone: tuple[str | None, str | None] = (None, None)


def guess_files(paths: Sequence[str], root: Path) -> list[TableGuess]:
    """Looks at files and proposes a mapping for each; ids that files share tell who is who.

    Files of the same table with the same columns become one. Raises DataError when a file cannot
    be read.
    """
    looks = [look_at(path, root) for path in paths]
    alone = [which_table(look, Kin({}))[0] for look in looks]
    guesses: list[TableGuess] = []
    headers: list[frozenset[str]] = []
    for look in looks:
        header = frozenset(column.name.casefold() for column in look.columns)
        guess = _guess(look, _kin(look, looks, alone))
        same = next((place for place, one in enumerate(guesses)
                     if one.table == guess.table and headers[place] == header), None)  # fmt: skip
        if same is None:
            guesses.append(guess)
            headers.append(header)
        else:
            one = guesses[same]
            guesses[same] = replace(
                one, more=(*one.more, look.file), rows=one.rows + guess.rows,
                notes=tuple(dict.fromkeys((*one.notes, *guess.notes))),
            )  # fmt: skip
    return guesses


def _guess(look: FileLook, kin: Kin) -> TableGuess:
    table, why = which_table(look, kin)
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
        currency=guess_currency(look.columns, choices),
        timezone=guess_timezone(look.columns),
    )


def _kin(look: FileLook, looks: Sequence[FileLook], alone: Sequence[str]) -> Kin:
    """What a file has to do with the others; alone: the table of each when seen by itself."""
    here = frozenset(column.name.casefold() for column in look.columns)
    others = [
        (other, table)
        for other, table in zip(looks, alone, strict=True)
        if other is not look and frozenset(c.name.casefold() for c in other.columns) != here
    ]
    leads = [
        other for other, table in others
        if table == "leads" and guess_outcome(other.columns).origin is not None
    ]  # fmt: skip
    ids = [column for other in leads if (column := lead_id_of(other.columns)[1]) is not None]
    lead_ids = frozenset(
        column.name for column in look.columns if any(are_the_same(column, one) for one in ids)
    )
    return Kin(
        shared_ids(look, [look, *(other for other, _ in others)]),
        lead_ids,
        bool(leads),
        any(table == "purchases" or is_order_book(other.columns) for other, table in others),
    )
