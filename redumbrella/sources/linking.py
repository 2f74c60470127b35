# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Ids that two tables write differently, linked where it is safe: 00123 and 123, ab12 and AB12.

The typed tables of one reading and the lake come in; the ids of a table that hardly meet those of
the table they belong to (its home) are rewritten as the home writes them, and a note says it.
Promise: only where nearly nothing matches as it stands, most does without leading zeros or
capitals, and no two ids of either table become one by it. Everything else is left as it is: `links`
says how much was found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted
from redumbrella.sources.staging import BAD
from redumbrella.sources.validation import TypedRows

# Where the ids of a column are at home: (table, column). The first table that is there decides what
# they look like, except that people are known by leads and by people.
HOMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "person_id": (("leads", "person_id"), ("people", "person_id")),
    "lead_id": (("leads", "lead_id"),),
    "product_id": (("products", "product_id"),),
    "campaign_id": (("campaigns", "campaign_id"),),
    "rep_id": (("reps", "rep_id"),),
    "account_id": (("accounts", "account_id"),),
    "anonymous_id": (("identities", "anonymous_id"),),
}
# A looser rule is taken when less than the first share of rows matches without it, and more than
# the second one with it.
HARDLY, MOSTLY = 0.05, 0.5


@dataclass(frozen=True)
class Looser:
    """A looser way to compare ids: in words, and as SQL with {} for an id."""

    words: str
    form: str

    def sql(self, text: str) -> str:
        """What two ids have in common that are one by this rule."""
        return self.form.format(text)


ZEROS = Looser("leading zeros", "regexp_replace({}, '^0+([0-9]+)$', '\\1')")
CAPITALS = Looser("capital letters", "lower({})")
_SAFE = (ZEROS, CAPITALS)


@dataclass(frozen=True)
class _Found:
    """How many rows of a column match its home: as they stand, and by a looser rule."""

    total: int
    matched: int
    looser: int
    is_one_to_one: bool
    example: str | None
    home_example: str | None


def link_ids(
    typed: Sequence[TypedRows], lake: Lake | None, afresh: Collection[str] = ()
) -> dict[str, list[str]]:
    """Rewrites ids as their home writes them where that is safe; notes by table.

    typed: what was read, all in one DuckDB connection; lake: what was read before, without the
    tables `afresh` that are replaced.
    """
    notes: dict[str, list[str]] = {}
    if not typed:
        return notes
    connection = typed[0].staging.connection
    with ExitStack() as stack:
        sources: dict[str, list[str]] = {one.table.name: [_good(one)] for one in typed}
        if lake is not None:
            known = {table for homes in HOMES.values() for table, _ in homes}
            for table in sorted(known - set(afresh)):
                if lake.exists(table):
                    view = stack.enter_context(lake.attached(connection, table))
                    sources.setdefault(table, []).append(view)
        for rows in typed:
            for column, homes in _linked(rows):
                found = [
                    f"SELECT {quoted(name)} AS id FROM {source}"
                    for table, name in homes
                    for source in sources.get(table, [])
                ]
                if found:
                    said = _link(rows, column, " UNION ".join(found), homes[0][0])
                    notes.setdefault(rows.table.name, []).extend(said)
    return notes


def _good(rows: TypedRows) -> str:
    return f"(SELECT * FROM {rows.name} WHERE {BAD} IS NULL)"


def _linked(rows: TypedRows) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """The id columns of a table that have values and a home elsewhere."""
    present = {one.name for one in rows.read if one.kind == "id" and one.present}
    for column, homes in HOMES.items():
        others = homes
        if rows.table.name in {table for table, _ in homes}:
            # Of two homes the first one stays as it is.
            others = homes[: [table for table, _ in homes].index(rows.table.name)]
        if column in present and others:
            yield column, others


def _link(rows: TypedRows, column: str, home: str, home_table: str) -> list[str]:
    for rule in _SAFE:
        found = _compare(rows, column, home, rule)
        if not found.total or found.matched >= HARDLY * found.total:
            return []
        if found.looser > MOSTLY * found.total and found.is_one_to_one:
            _rewrite(rows, column, home, rule)
            return [
                f"{column}: {found.matched:,} of {found.total:,} rows have an id of {home_table} "
                f"as it stands, {found.looser:,} without regard to {rule.words} "
                f'("{found.example}" here, "{found.home_example}" there): they are linked so, and '
                f"stored as {home_table} has them."
            ]
    return []


def _compare(rows: TypedRows, column: str, home: str, rule: Looser) -> _Found:
    mine, theirs = rule.sql("f.id"), rule.sql("h.id")
    row = rows.staging.one(
        f"WITH f AS (SELECT {column} AS id, count(*) AS n FROM {rows.name} WHERE {BAD} IS NULL "
        f"AND {column} IS NOT NULL GROUP BY ALL), h AS (SELECT DISTINCT id FROM ({home}) "
        f"WHERE id IS NOT NULL), l AS (SELECT {theirs} AS loose, min(id) AS id FROM h GROUP BY 1) "
        f"SELECT sum(f.n), sum(f.n) FILTER (f.id IN (SELECT id FROM h)), "
        f"sum(f.n) FILTER (l.id IS NOT NULL), count(*) = count(DISTINCT {mine}) "
        f"AND (SELECT count(*) FROM h) = (SELECT count(*) FROM l), "
        f"min(f.id) FILTER (l.id IS NOT NULL), arg_min(l.id, f.id) FILTER (l.id IS NOT NULL) "
        f"FROM f LEFT JOIN l ON {mine} = l.loose"
    )
    total, matched, looser, is_one_to_one, example, home_example = row
    counts = (int(total or 0), int(matched or 0), int(looser or 0))
    return _Found(*counts, bool(is_one_to_one), example, home_example)


def _rewrite(rows: TypedRows, column: str, home: str, rule: Looser) -> None:
    """Ids as the home writes them; those that it does not have, as it would write them."""
    otherwise = _as_home(rows, home, rule)
    rows.staging.connection.execute(
        f"UPDATE {rows.name} SET {column} = r.stored FROM (SELECT f.id, coalesce(h.id, "
        f"{otherwise}) AS stored FROM (SELECT DISTINCT {column} AS id FROM {rows.name}) f "
        f"LEFT JOIN ({home}) h ON {rule.sql('f.id')} = {rule.sql('h.id')}) r "
        f"WHERE {rows.name}.{column} = r.id AND r.stored <> r.id"
    )


def _as_home(rows: TypedRows, home: str, rule: Looser) -> str:
    """SQL: an id f.id that the home does not have, in the home's spelling, where it has one."""
    plain = rule.sql("f.id")
    are_plain, shortest, longest, are_upper = rows.staging.one(
        f"SELECT bool_and({rule.sql('id')} = id), min(length(id)), max(length(id)), "
        f"bool_and(upper(id) = id) FROM ({home})"
    )
    if are_plain:
        return plain
    if rule is CAPITALS:
        return "upper(f.id)" if are_upper else "f.id"
    if shortest == longest:
        digits = f"regexp_full_match({plain}, {literal('[0-9]+')})"
        padded = f"lpad({plain}, {shortest}, '0')"
        return f"CASE WHEN {digits} AND length({plain}) <= {shortest} THEN {padded} ELSE f.id END"
    return "f.id"
