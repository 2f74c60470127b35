# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""How many rows of each table found the lead, person, product … that they belong to.

Tables of ids that DuckDB can read come in, from the lake or from a reading; one `Link` for each id
column and each table in which it is at home goes out, with a sentence for people. Promise: every
row with an id is counted, and where nothing was found, examples of both sides say why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redumbrella.columns import TABLES
from redumbrella.lake.lake import Lake
from redumbrella.sources.linking import CAPITALS, HOMES, ZEROS, Looser
from redumbrella.sources.staging import BAD
from redumbrella.sources.validation import TypedRows

# Below this share of rows that found what they belong to, it is worth a warning.
FEW = 0.5
_BELONGING = {
    "leads": "to a lead",
    "people": "to a person of people",
    "products": "to a known product",
    "campaigns": "to a known campaign",
    "reps": "to a known rep",
    "accounts": "to a known account",
    "identities": "to a known visitor",
}
# What might be in the way, when ids do not meet. Each is only said: another one may be meant.
_HINTS = (
    ZEROS,
    CAPITALS,
    Looser("hyphens, blanks and capital letters", "lower(regexp_replace({}, '[\\s_.-]', '', 'g'))"),
    Looser(
        "what stands before their number", "regexp_extract({}, '^[A-Za-z]*[-_#: ]*0*([0-9]+)$', 1)"
    ),
)
Ask = Callable[[str], Sequence[Any]]


@dataclass(frozen=True)
class Link:
    """How the ids in a column of a table meet those of their home table.

    `matched` of `total` rows with an id found it there; `reached` of `homes` ids of the home table
    have such rows. `example` is an id that was not found, `home_example` one of the home; `hint`
    says what would make them meet.
    """

    table: str
    column: str
    home: str
    matched: int
    total: int
    reached: int
    homes: int
    example: str | None = None
    home_example: str | None = None
    hint: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether nothing was found."""
        return not self.matched

    @property
    def is_weak(self) -> bool:
        """Whether less than half was found."""
        return self.matched < FEW * self.total

    @property
    def sentence(self) -> str:
        """What was found, with examples and a hint where it is little."""
        belongs = _BELONGING[self.home]
        reached = f"{self.reached:,} of {self.homes:,} {self.home} have some"
        if not self.is_weak:
            return f"{self.table}: {self.matched:,} of {self.total:,} belong {belongs} ({reached})."
        examples = (
            f'{self.column} is like "{self.example}" in {self.table}, like "{self.home_example}" '
            f"in {self.home}.{self.hint}"
        )
        if self.is_broken:
            return (
                f"{self.table}: none of {self.total:,} belongs {belongs}, so nothing of them can "
                f"tell about {self.home}. {examples}"
            )
        return (
            f"{self.table}: only {self.matched:,} of {self.total:,} belong {belongs} ({reached}). "
            f"Where not: {examples}"
        )


def lake_links(lake: Lake) -> list[Link]:
    """The links between all tables of the lake, by the newest version of each record and fact."""
    columns = {table: set(lake.schema(table).names) for table in lake.tables() if table in TABLES}
    tables = {table: lake.newest(table) for table in columns}

    def ask(sql: str) -> Sequence[Any]:
        return list(lake.query(sql).to_pylist()[0].values())

    return _links(ask, tables, columns)


def read_links(typed: Sequence[TypedRows]) -> list[Link]:
    """The links between the tables of one reading, all in one DuckDB connection."""
    if not typed:
        return []
    tables = {one.table.name: f"(SELECT * FROM {one.name} WHERE {BAD} IS NULL)" for one in typed}
    columns = {
        one.table.name: {read.name for read in one.read if read.kind == "id" and read.present}
        | ({"person_id"} if one.table.name == "leads" else set())
        for one in typed
    }
    return _links(typed[0].staging.one, tables, columns)


def _links(ask: Ask, tables: Mapping[str, str], columns: Mapping[str, set[str]]) -> list[Link]:
    found = []
    for table in tables:
        for column, homes in HOMES.items():
            for home, name in homes:
                has_both = column in columns[table] and name in columns.get(home, set())
                if table == home or not has_both:
                    continue
                link = _link(ask, (table, column, tables[table]), (home, name, tables[home]))
                found += [link] if link.total else []
    return found


def _link(ask: Ask, mine: tuple[str, str, str], theirs: tuple[str, str, str]) -> Link:
    table, column, source = mine
    home, name, home_source = theirs
    ids = (
        f"WITH f AS (SELECT {column} AS id, count(*) AS n FROM {source} "
        f"WHERE {column} IS NOT NULL GROUP BY ALL), "
        f"h AS (SELECT DISTINCT {name} AS id FROM {home_source} WHERE {name} IS NOT NULL)"
    )
    matched, total, reached, homes, example, home_example = ask(
        f"{ids} SELECT coalesce(sum(f.n) FILTER (h.id IS NOT NULL), 0)::BIGINT, "
        f"coalesce(sum(f.n), 0)::BIGINT, count(h.id), (SELECT count(*) FROM h), "
        f"min(f.id) FILTER (h.id IS NULL), (SELECT min(id) FROM h) "
        f"FROM f LEFT JOIN h ON f.id = h.id"
    )
    link = Link(table, column, home, matched, total, reached, homes, example, home_example)
    if not link.is_weak or not total:
        return link
    return replace(link, hint=_hint(ask, ids, link))


def _hint(ask: Ask, ids: str, link: Link) -> str:
    """What would make most of the rows meet their home, if something simple would."""
    parts = [
        f"(SELECT coalesce(sum(f.n), 0)::BIGINT FROM f WHERE {rule.sql('f.id')} <> '' AND "
        f"{rule.sql('f.id')} IN (SELECT {rule.sql('h.id')} FROM h)) AS r{n}"
        for n, rule in enumerate(_HINTS)
    ]
    counts = ask(f"{ids} SELECT {', '.join(parts)}")
    for rule, count in zip(_HINTS, counts, strict=True):
        if count > max(link.matched, FEW * link.total):
            return (
                f" Without {rule.words} {count:,} would: if these are the same ids, write them "
                f"alike in both sources."
            )
    return ""
