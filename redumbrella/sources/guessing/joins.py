"""Which files only tell more about the leads of another one, and are to be joined to it.

Looks at files with the table of each come in; which file is joined to which, by which columns,
goes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from redumbrella.sources.guessing.kin import are_the_same
from redumbrella.sources.guessing.lead_ids import lead_id_of
from redumbrella.sources.guessing.looking import FileLook, Seen
from redumbrella.sources.guessing.outcomes import guess_outcome
from redumbrella.sources.guessing.vocabulary import words
from redumbrella.sources.joining import joined_name

_OTHER_STAGE = {"opportunity", "deal", "converted", "chance", "oportunidad", "opportunita"}


@dataclass(frozen=True)
class Proposed:
    """A file that is joined to another: `here` is the column of its id there, `there` in it."""

    look: FileLook
    here: str
    there: str


def propose_joins(
    looks: Sequence[FileLook], tables: Sequence[str]
) -> dict[int, tuple[Proposed, ...]]:
    """Position of a file of leads -> the files to be joined to it.

    A file is joined when each of its rows is one lead of the other, and when it has no outcome of
    its own; or when it has the deals that some of these leads were converted to, one each.
    """
    proposed: dict[int, tuple[Proposed, ...]] = {}
    used: set[int] = set()
    for place, (look, table) in enumerate(zip(looks, tables, strict=True)):
        lead_id = lead_id_of(look.columns)[1]
        has_outcome = guess_outcome(look.columns).origin is not None
        if table != "leads" or not has_outcome or lead_id is None or place in used:
            continue
        for other_place, other in enumerate(looks):
            if other is look or other_place in used or _header(other) == _header(look):
                continue
            found = _details(lead_id, other) or _converted(look, lead_id, other)
            if found is not None:
                proposed[place] = (*proposed.get(place, ()), found)
                used.add(other_place)
    return {place: joins for place, joins in proposed.items() if place not in used}


def _header(look: FileLook) -> frozenset[str]:
    return frozenset(column.name.casefold() for column in look.columns)


def _details(lead_id: Seen, other: FileLook) -> Proposed | None:
    """One row for each lead and no outcome: the rest of what is known of it."""
    if guess_outcome(other.columns).origin is not None:
        return None
    linked = [column for column in other.columns if are_the_same(lead_id, column)]
    if len(linked) != 1 or not linked[0].is_key or _is_counted(lead_id, linked[0]):
        return None
    return Proposed(other, lead_id.name, linked[0].name)


def _is_counted(one: Seen, other: Seen) -> bool:
    """Numbers of rows, which every table counts from 1: the same only under one telling name."""
    is_number = "number" in {one.read.type, other.read.type}
    return is_number and (words(one.name) != words(other.name) or len(words(one.name)) < 2)


def _converted(look: FileLook, lead_id: Seen, other: FileLook) -> Proposed | None:
    """The deal that a lead became, where no two leads became the same one."""
    deal_id = lead_id_of(other.columns)[1]
    if deal_id is None or not deal_id.is_key or guess_outcome(other.columns).origin is None:
        return None
    for column in look.columns:
        is_named = bool(set(words(column.name)) & _OTHER_STAGE)
        is_single = column.distinct == column.read.present < column.rows
        if column is not lead_id and is_named and is_single and are_the_same(column, deal_id):
            return Proposed(other, column.name, deal_id.name)
    return None


def with_joined(look: FileLook, joins: Sequence[Proposed]) -> FileLook:
    """The look at a file with the columns of the files joined to it, as reading will name them."""
    columns = list(look.columns)
    for one in joins:
        for column in one.look.columns:
            if column.name == one.there:
                continue
            name = joined_name(column.name, [c.name for c in columns], one.look.file.path)
            read = replace(column.read, column=name)
            columns.append(replace(column, read=read, rows=look.rows, in_order=False))
    return replace(look, columns=tuple(columns))
