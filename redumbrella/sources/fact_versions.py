# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What is new among facts: events, activities and purchases, by their own id or by what they say.

Typed rows and the facts that the lake has come in; SQL for a table with a mark for each row goes
out. All rows of an id are one fact: they are compared with those that the lake has of it. Of
several files the one that reaches furthest in time is the newest; a file that ends before what the
lake knows, or tells what an earlier one told, adds facts but changes none. Promise: no fact counts
twice, however often it is exported, in whatever order the files are read.
"""

from collections.abc import Collection
from dataclasses import dataclass

from redumbrella.columns import INGESTED_AT, ROW_HASH
from redumbrella.errors import DataError
from redumbrella.lake.quoting import quoted
from redumbrella.sources.staging import BAD, FILE, ROW
from redumbrella.sources.validation import TypedRows

STATUS = "_status"
POSITION = "_id"  # of a row among the typed rows, which stand in the order of reading
# In a file of orders so few rows come to an id that those of one id are versions, not items.
MOST_ROWS_PER_ORDER = 1.2
# Of ids that repeat more than this, for one person, none is the id of a single fact.
MOST_ROWS_PER_FACT = 2.0


@dataclass(frozen=True)
class KnownFacts:
    """The facts of the lake in the connection: SQL of those that count, and the view of all.

    has_versions: whether any was ever replaced. again: positions of the files that were read before
    under their name: they tell the newest, whatever they reach to.
    """

    current: str
    view: str
    has_versions: bool
    again: Collection[int]


def compare_facts(typed: TypedRows, name: str, known: KnownFacts | None) -> str:
    """SQL that makes the table `name`: file, position and mark (added, changed, unchanged,
    identical, older) of each good row.

    Raises DataError where the own id of facts is that of a kind of fact.
    """
    if _have_ids(typed):
        return _by_ids(typed, name, known)
    return _by_contents(typed, name, known.current if known else None)


def _have_ids(typed: TypedRows) -> bool:
    """Whether facts have an id of their own."""
    own = typed.table.own_id
    column = next((column for column in typed.read if column.kind and column.name == own), None)
    if column is None or typed.table.name == "purchases":
        return column is not None
    who = [name for name in ("person_id", "anonymous_id", "lead_id") if typed.table.column(name)]
    rows, ids = typed.staging.one(
        f"SELECT count(*), count(DISTINCT hash({quoted(own)}, {', '.join(who)})) "
        f"FROM {typed.name} WHERE {BAD} IS NULL AND {quoted(own)} IS NOT NULL"
    )
    if rows > MOST_ROWS_PER_FACT * ids:
        message = (
            f'[tables.{typed.table.name}] {own} = "{column.column}": {rows:,} rows share {ids:,} '
            "ids, so it is not the id of a single row. Map the column that is, or add "
            f'"{column.column}" to ignore.'
        )
        raise DataError(message, reason="bad_mapping")
    return True


def _by_contents(typed: TypedRows, name: str, view: str | None) -> str:
    """SQL: a fact is new once, when no fact with the same content is known."""
    known = _contents(view, "TRUE")
    return f"CREATE TABLE {name} AS WITH known AS ({known}) {_marks_by_content(typed, 'TRUE')}"


def _contents(view: str | None, which: str) -> str:
    """SELECT of the contents that the lake has, and how often."""
    if view is None:
        return f"SELECT 0 AS {ROW_HASH}, 0 AS size LIMIT 0"
    return f"SELECT {ROW_HASH}, count(*) AS size FROM {view} WHERE {which} GROUP BY 1"


def _marks_by_content(typed: TypedRows, which: str) -> str:
    """SELECT of the marks of facts that are told by their content alone; known: contents.

    Two rows of one content are one fact, but where only the day is known: on a day the same may
    happen several times. Then a file has as many facts as rows, and a later file that has them
    again adds what is more.
    """
    at = next((column for column in typed.read if column.name == "at" and column.kind), None)
    nth = "1"
    if at is not None and at.is_day:
        nth = f"row_number() OVER (PARTITION BY t.{FILE}, t.{ROW_HASH} ORDER BY t.rowid)"
    return (
        f"SELECT n.{FILE}, n.{POSITION}, CASE WHEN n.nth <= k.size THEN 'unchanged' "
        f"WHEN row_number() OVER (PARTITION BY n.{ROW_HASH}, n.nth ORDER BY n.{POSITION}) = 1 "
        f"THEN 'added' ELSE 'identical' END AS {STATUS} FROM (SELECT t.{FILE}, "
        f"t.rowid AS {POSITION}, t.{ROW_HASH}, {nth} AS nth FROM {typed.name} t "
        f"WHERE t.{BAD} IS NULL AND {which}) n LEFT JOIN known k ON n.{ROW_HASH} = k.{ROW_HASH}"
    )


def _by_ids(typed: TypedRows, name: str, known: KnownFacts | None) -> str:
    """SQL: all rows of an id are compared with those that the lake has of it.

    Ids are joined by their 64-bit hash: half the time and memory of the texts.
    """
    own = quoted(typed.table.own_id)
    if known is None and _stands_once(typed, own):
        return (
            f"CREATE TABLE {name} AS WITH known AS ({_contents(None, '')}) SELECT t.{FILE}, "
            f"t.rowid AS {POSITION}, 'added' AS {STATUS} FROM {typed.name} t WHERE t.{BAD} IS NULL "
            f"AND t.{own} IS NOT NULL UNION ALL {_marks_by_content(typed, f't.{own} IS NULL')}"
        )
    contents = _contents(known.current if known else None, f"{own} IS NULL")
    versions = "SELECT 0::UBIGINT AS id, 0::HUGEINT AS hashes, 0 AS size, 0 AS read_at LIMIT 0"
    earlier, late = versions, "NULL"
    if known is not None:
        versions = _versions_of(known.current, own, typed.name)
        if known.has_versions:
            earlier = _versions_of(quoted(known.view), own, typed.name)
        late = f"(SELECT max({_reaches(typed)}) FROM {known.current})"
    files = ", ".join(str(file) for file in known.again) if known and known.again else "-1"
    # A file of another name that ends earlier is an older export.
    is_old = f"a.reaches < {late} OR o.id IS NOT NULL"
    return (
        f"CREATE TABLE {name} AS WITH known AS ({contents}), versions AS ({versions}), "
        f"earlier AS ({earlier}), ages AS (SELECT {FILE}, max({_reaches(typed)}) AS reaches FROM "
        f"{typed.name} WHERE {BAD} IS NULL GROUP BY 1), {_marked(typed, own)}, kept AS ("
        f"SELECT f.*, m.mark FROM facts f LEFT JOIN marked m ON m.{POSITION} = f.{POSITION}), "
        f"told AS (SELECT id, sum({ROW_HASH}::HUGEINT) AS hashes, count(*) AS size, "
        f"any_value({FILE}) AS {FILE} FROM kept WHERE mark IS NULL GROUP BY 1), "
        f"decided AS (SELECT n.id, CASE WHEN v.id IS NULL THEN 'added' "
        "WHEN v.hashes = n.hashes AND v.size = n.size THEN 'unchanged' "
        f"WHEN n.{FILE} NOT IN ({files}) AND ({is_old}) THEN 'older' ELSE 'changed' END AS mark "
        f"FROM told n JOIN ages a ON a.{FILE} = n.{FILE} LEFT JOIN versions v ON v.id = n.id "
        "LEFT JOIN (SELECT DISTINCT id, hashes, size FROM earlier) o "
        "ON o.id = n.id AND o.hashes = n.hashes AND o.size = n.size) "
        f"SELECT f.{FILE}, f.{POSITION}, coalesce(f.mark, d.mark) AS {STATUS} "
        f"FROM kept f JOIN decided d ON d.id = f.id UNION ALL "
        f"{_marks_by_content(typed, f't.{own} IS NULL')}"
    )


def _versions_of(facts: str, own: str, typed: str) -> str:
    """SELECT of the versions of the typed ids among facts of the lake."""
    return (
        f"SELECT hash({own}) AS id, sum({ROW_HASH}::HUGEINT) AS hashes, count(*) AS size, "
        f"{INGESTED_AT} AS read_at FROM {facts} WHERE {own} IN (SELECT {own} FROM {typed}) "
        "GROUP BY ALL"
    )


def _reaches(typed: TypedRows) -> str:
    """SQL: the latest instant that a row tells of."""
    at = quoted("at")
    return f"greatest({at}, cancelled_at)" if typed.table.column("cancelled_at") else at


def _marked(typed: TypedRows, own: str) -> str:
    """Tables `facts`, all rows with an id, and `marked`: why a row of an id does not count.

    Of several files the newest one that has the id counts. Rows of one content and id are one, but
    for equal items of an order, which stand together. Other rows of one id are its versions, the
    last one counts, where they are about the same people; rows of an order are its items.
    """
    who = [name for name in ("person_id", "anonymous_id", "lead_id") if typed.table.column(name)]
    block, version = "0", f"PARTITION BY {FILE}, id, {', '.join(who)} ORDER BY {ROW} DESC"
    if typed.table.name == "purchases" and not _has_one_row_each(typed, own):
        block = f"{ROW} - row_number() OVER (PARTITION BY {FILE}, id ORDER BY {ROW})"
        version = f"PARTITION BY {POSITION}"
    repeats = f"row_number() OVER (PARTITION BY {FILE}, id, {ROW_HASH}, nth ORDER BY {ROW} DESC)"
    nth = f"row_number() OVER (PARTITION BY {FILE}, id, {ROW_HASH}, block ORDER BY {ROW})"
    return (
        f"facts AS (SELECT t.{FILE}, t.{ROW}, t.rowid AS {POSITION}, hash(t.{own}) AS id, "
        f"t.{ROW_HASH}, {', '.join(who)} FROM {typed.name} t "
        f"WHERE t.{BAD} IS NULL AND t.{own} IS NOT NULL), "
        # Most ids stand once: only the others are numbered.
        "repeated AS (SELECT id FROM facts GROUP BY 1 HAVING count(*) > 1), "
        f"placed AS (SELECT f.*, arg_max({FILE}, (a.reaches, {FILE})) OVER (PARTITION BY id) "
        f"AS newest, {block} AS block "
        f"FROM facts f SEMI JOIN repeated USING (id) JOIN ages a USING ({FILE})), "
        f"counted AS (SELECT *, {nth if block != '0' else '1'} AS nth FROM placed), "
        f"marked AS (SELECT {POSITION}, CASE WHEN {FILE} <> newest THEN 'older' "
        f"WHEN {repeats} > 1 THEN 'identical' "
        f"WHEN row_number() OVER ({version}) > 1 THEN 'older' END AS mark FROM counted)"
    )


def _stands_once(typed: TypedRows, own: str) -> bool:
    """Whether no id stands in two rows."""
    rows, ids = typed.staging.one(
        f"SELECT count({own}), count(DISTINCT hash({own})) FROM {typed.name} WHERE {BAD} IS NULL "
        f"AND {own} IS NOT NULL"
    )
    return bool(rows == ids)


def _has_one_row_each(typed: TypedRows, own: str) -> bool:
    """Whether rows of orders are orders, not their items: no product is named, few ids repeat."""
    if any(column.name == "product_id" and column.present for column in typed.read):
        return False
    rows, ids = typed.staging.one(
        f"SELECT count(*), count(DISTINCT ({FILE}, hash({own}))) FROM {typed.name} "
        f"WHERE {BAD} IS NULL AND {own} IS NOT NULL"
    )
    return bool(rows <= MOST_ROWS_PER_ORDER * ids)
