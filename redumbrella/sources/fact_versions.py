# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What is new among facts: events, activities and purchases, by their own id or by what they say.

Typed rows and the facts that the lake has come in; SQL for a table with a mark for each row goes
out. All rows of an id are one fact: they are compared with those that the lake has of it. Promise:
no fact counts twice, however often it is exported.
"""

from redumbrella.columns import ROW_HASH
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


def compare_facts(typed: TypedRows, name: str, view: str | None) -> str:
    """SQL that makes the table `name`: file, position and mark (added, changed, unchanged,
    identical, older) of each good row. view: the facts of the lake that count, None for none.

    Raises DataError where the own id of facts is that of a kind of fact.
    """
    return _by_ids(typed, name, view) if _have_ids(typed) else _by_contents(typed, name, view)


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
    known = f"SELECT DISTINCT {ROW_HASH} FROM {view}" if view else f"SELECT 0 AS {ROW_HASH} LIMIT 0"
    return f"CREATE TABLE {name} AS WITH known AS ({known}) {_marks_by_content(typed, 'TRUE')}"


def _marks_by_content(typed: TypedRows, which: str) -> str:
    """SELECT of the marks of facts that are told by their content alone; known: contents."""
    return (
        f"SELECT t.{FILE}, t.rowid AS {POSITION}, "
        f"CASE WHEN k.{ROW_HASH} IS NOT NULL THEN 'unchanged' WHEN row_number() OVER ("
        f"PARTITION BY t.{ROW_HASH} ORDER BY t.rowid) = 1 "
        f"THEN 'added' ELSE 'identical' END AS {STATUS} FROM {typed.name} t "
        f"LEFT JOIN known k ON t.{ROW_HASH} = k.{ROW_HASH} WHERE t.{BAD} IS NULL AND {which}"
    )


def _by_ids(typed: TypedRows, name: str, view: str | None) -> str:
    """SQL: all rows of an id are compared with those that the lake has of it.

    Ids are joined by their 64-bit hash: half the time and memory of the texts.
    """
    own = quoted(typed.table.own_id)
    read = f"(SELECT * FROM {view} f WHERE f.{own} IN (SELECT {own} FROM {typed.name}))"
    known = f"SELECT {ROW_HASH}, {own} FROM {view} WHERE {own} IS NULL" if view else (
        f"SELECT 0 AS {ROW_HASH} LIMIT 0"
    )  # fmt: skip
    versions = "SELECT 0::UBIGINT AS id, 0::HUGEINT AS hashes, 0 AS size LIMIT 0"
    if view is not None:
        versions = (
            f"SELECT hash({own}) AS id, sum({ROW_HASH}::HUGEINT) AS hashes, count(*) AS size "
            f"FROM {read} GROUP BY 1"
        )
    return (
        f"CREATE TABLE {name} AS WITH known AS ({known}), versions AS ({versions}), "
        f"{_marked(typed, own)}, kept AS (SELECT f.*, m.mark FROM facts f LEFT JOIN marked m "
        f"ON m.{POSITION} = f.{POSITION}), told AS (SELECT id, sum({ROW_HASH}::HUGEINT) AS hashes, "
        "count(*) AS size FROM kept WHERE mark IS NULL GROUP BY 1) "
        f"SELECT f.{FILE}, f.{POSITION}, CASE WHEN f.mark IS NOT NULL THEN f.mark "
        "WHEN v.id IS NULL THEN 'added' "
        f"WHEN v.hashes = n.hashes AND v.size = n.size THEN 'unchanged' ELSE 'changed' "
        f"END AS {STATUS} FROM kept f JOIN told n ON n.id = f.id "
        "LEFT JOIN versions v ON v.id = f.id UNION ALL "
        f"{_marks_by_content(typed, f't.{own} IS NULL')}"
    )


def _marked(typed: TypedRows, own: str) -> str:
    """Tables `facts`, all rows with an id, and `marked`: why a row of an id does not count.

    Of several files the last one that has the id counts. Rows of one content and id are one, but
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
        f"placed AS (SELECT f.*, max({FILE}) OVER (PARTITION BY id) AS newest, {block} AS block "
        "FROM facts f SEMI JOIN repeated USING (id)), "
        f"counted AS (SELECT *, {nth if block != '0' else '1'} AS nth FROM placed), "
        f"marked AS (SELECT {POSITION}, CASE WHEN {FILE} < newest THEN 'older' "
        f"WHEN {repeats} > 1 THEN 'identical' "
        f"WHEN row_number() OVER ({version}) > 1 THEN 'older' END AS mark FROM counted)"
    )


def _has_one_row_each(typed: TypedRows, own: str) -> bool:
    """Whether rows of orders are orders, not their items: no product is named, few ids repeat."""
    if any(column.name == "product_id" and column.present for column in typed.read):
        return False
    rows, ids = typed.staging.one(
        f"SELECT count(*), count(DISTINCT ({FILE}, hash({own}))) FROM {typed.name} "
        f"WHERE {BAD} IS NULL AND {own} IS NOT NULL"
    )
    return bool(rows <= MOST_ROWS_PER_ORDER * ids)
