# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Which row of a record is the newest, where several rows have one id: a lead, person, product.

Typed rows come in. Those that do not count are marked: IDENTICAL (an exact copy), OLDER (an earlier
state of the record, no mistake), or set aside as `two_outcomes` (won and lost, and no time says
which came later) or `duplicate_id` (most rows share their id, so it hardly is one). Notes say how
the newest was told. Promise: with `updated_at` the order of rows and files does not matter.

The newest row is the one with the latest `updated_at`, across all files. Without that, within each
file: the one with the latest value of another time that differs between the rows of a record;
without that, the last one, or the first one of a file whose newest rows stand first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redumbrella.columns import ROW_HASH
from redumbrella.lake.quoting import literal, quoted
from redumbrella.sources.file_direction import Direction, file_directions
from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.staging import BAD, FILE, ROW
from redumbrella.sources.validation import IDENTICAL, OLDER, TypedRows

# A time tells the newest row when it differs in so many of the records with several rows.
_DIFFERS = 0.9
_DUPLICATE = "duplicate_id"
# Tables whose rows of one key are parts of a whole rather than versions.
_NO_VERSIONS = ("spend",)


@dataclass(frozen=True)
class _Newest:
    """What tells the newest row: the SQL column `time`, `called` so in the source, or the file."""

    time: str | None
    called: str


def mark_versions(rows: TypedRows, files: Sequence[str]) -> list[str]:
    """Marks all good rows but the newest of each record; says how it was told.

    Also gives a lead the earliest creation that its rows name. files: their names, by position.
    """
    named = {column.name: column for column in rows.read if column.kind is not None}
    if not rows.table.key or any(k in named and named[k].here == ROW for k in rows.table.key):
        return []
    notes = _derive_creation(rows, named) if derives_creation(rows) else []
    has_update = rows.table.column("updated_at") is not None and "updated_at" in named
    keys = [quoted(name) for name in rows.table.key]
    by = keys if has_update else [FILE, *keys]
    if not _make_repeated(rows, by):
        return notes
    newest = _Newest("updated_at", named["updated_at"].column) if has_update else None
    newest = newest or _other_time(rows, named, by)
    directions = file_directions(rows, _repeated(rows))
    counts = _mark(rows, by, newest, directions)
    if counts[OLDER]:
        notes.append(_note(rows, counts[OLDER], newest, directions, files))
    return notes


def derives_creation(rows: TypedRows) -> bool:
    """Whether leads count as created when they were first changed, as no column says it better."""
    present = {column.name for column in rows.read if column.kind is not None and column.present}
    return (
        rows.table.column("updated_at") is not None
        and "updated_at" in present
        and "created_at" not in present
    )


def _derive_creation(rows: TypedRows, named: Mapping[str, ColumnRead]) -> list[str]:
    rows.staging.connection.execute(f"UPDATE {rows.name} SET created_at = updated_at")
    return [
        "No column says when a lead was created: the earliest "
        f'"{named["updated_at"].column}" of its rows is taken. If a column says it, map created_at.'
    ]


def keep_known_creation(rows: TypedRows, view: str) -> None:
    """A lead that the lake (`view`) knows stays created when it was first seen."""
    key = quoted(rows.table.key[0])
    rows.staging.connection.execute(
        f"UPDATE {rows.name} SET created_at = v.earliest FROM (SELECT {key} AS id, "
        f"min(created_at) AS earliest FROM {view} GROUP BY ALL) v "
        f"WHERE {rows.name}.{key} = v.id AND v.earliest < {rows.name}.created_at"
    )


def _repeated(rows: TypedRows) -> str:
    return f"repeated_{rows.table.name}"


def _field_times(rows: TypedRows) -> dict[str, str]:
    """The fields that are times: name in the source -> SQL column."""
    return {
        column.column: quoted(rows.columns[column.name])
        for column in rows.read
        if column.type == "time" and column.kind is None
    }


def _make_repeated(rows: TypedRows, by: Sequence[str]) -> int:
    """Makes a table of the good rows whose record has several of them; how many there are."""
    wanted = [FILE, ROW, ROW_HASH, *(quoted(name) for name in rows.table.key)]
    wanted += [n for n in ("won", "created_at", "updated_at") if rows.table.column(n) is not None]
    listed = ", ".join(f"t.{name}" for name in (*wanted, *_field_times(rows).values()))
    same = " AND ".join(f"t.{key} IS NOT DISTINCT FROM k.{key}" for key in by)
    connection = rows.staging.connection
    connection.execute(
        f"CREATE TABLE {_repeated(rows)} AS SELECT t.rowid AS _id, {listed} FROM {rows.name} t "
        f"SEMI JOIN (SELECT {', '.join(by)} FROM {rows.name} WHERE {BAD} IS NULL "
        f"GROUP BY {', '.join(by)} HAVING count(*) > 1) k ON {same} WHERE t.{BAD} IS NULL"
    )
    return int(rows.staging.one(f"SELECT count(*) FROM {_repeated(rows)}")[0])


def _other_time(rows: TypedRows, named: Mapping[str, ColumnRead], by: Sequence[str]) -> _Newest:
    """Which time tells the newest row where no column says when it was changed."""
    times = _field_times(rows)
    if "created_at" in named:
        times[named["created_at"].column] = "created_at"
    for called, time in times.items():
        if _differs(rows, by, time) >= _DIFFERS:
            return _Newest(time, called)
    return _Newest(None, "")


def _differs(rows: TypedRows, by: Sequence[str], time: str) -> float:
    """In which share of the records a time differs between all rows that differ at all."""
    share = rows.staging.one(
        f"SELECT avg(differs::INTEGER) FROM (SELECT count({time}) = count(*) AND "
        f"count(DISTINCT {time}) = count(DISTINCT {ROW_HASH}) AS differs FROM {_repeated(rows)} "
        f"GROUP BY {', '.join(by)} HAVING count(DISTINCT {ROW_HASH}) > 1)"
    )[0]
    return 0.0 if share is None else float(share)


def _mark(
    rows: TypedRows, by: Sequence[str], newest: _Newest, directions: Mapping[int, Direction]
) -> Counter[str]:
    """Marks the rows that do not count, and gives the others the earliest creation of theirs."""
    connection, marks = rows.staging.connection, f"marked_{rows.table.name}"
    signs = " ".join(
        f"WHEN {file} THEN {1 if direction.newest_last else -1}"
        for file, direction in directions.items()
    )
    time = newest.time or "NULL::BIGINT"
    won = "won" if rows.table.column("won") else "NULL::BOOLEAN"
    over = (
        f"OVER (PARTITION BY {', '.join(by)} ORDER BY {time} DESC NULLS LAST, {FILE} DESC, "
        f"(CASE {FILE} {signs} END) * {ROW} DESC)"
    )
    counts = f"first_value({ROW} + 0) {over}"
    connection.execute(
        f"CREATE TABLE {marks} AS SELECT _id, row_number() {over} = 1 AS newest, CASE "
        f"WHEN {ROW_HASH} = first_value({ROW_HASH}) {over} THEN {literal(IDENTICAL)} "
        f"WHEN {won} <> first_value({won}) {over} AND "
        f"{time} IS NOT DISTINCT FROM first_value({time}) {over} THEN 'two_outcomes:' || {counts} "
        f"ELSE '{_DUPLICATE}:' || {counts} END AS why FROM {_repeated(rows)}"
    )
    if not _is_no_id(rows, by, newest):
        connection.execute(
            f"UPDATE {marks} SET why = {literal(OLDER)} WHERE starts_with(why, '{_DUPLICATE}')"
        )
        _keep_creation(rows, by)
    connection.execute(
        f"UPDATE {rows.name} SET {BAD} = m.why FROM {marks} m "
        f"WHERE {rows.name}.rowid = m._id AND NOT m.newest"
    )
    found = connection.execute(
        f"SELECT split_part(why, ':', 1), count(*) FROM {marks} WHERE NOT newest GROUP BY ALL"
    ).fetchall()
    return Counter(dict(found))


def _is_no_id(rows: TypedRows, by: Sequence[str], newest: _Newest) -> bool:
    """Whether what most rows share is no id: nothing says that they are versions of a record."""
    if rows.table.name in _NO_VERSIONS:
        return True
    if newest.time == "updated_at":
        return False
    good, older = rows.staging.one(
        f"SELECT (SELECT count(*) FROM {rows.name} WHERE {BAD} IS NULL), count(*) "
        f"FROM marked_{rows.table.name} WHERE starts_with(why, '{_DUPLICATE}')"
    )
    has_field = newest.time not in {None, "created_at"}
    is_created_anew = (
        rows.table.column("created_at") is not None and _differs(rows, by, "created_at") > 0.5
    )
    return bool(2 * older > good and (is_created_anew or not has_field))


def _keep_creation(rows: TypedRows, by: Sequence[str]) -> None:
    """A lead was created when the earliest of its rows says so."""
    if rows.table.column("created_at") is None:
        return
    rows.staging.connection.execute(
        f"UPDATE {rows.name} SET created_at = r.earliest FROM (SELECT _id, min(created_at) OVER ("
        f"PARTITION BY {', '.join(by)}) AS earliest FROM {_repeated(rows)}) r "
        f"WHERE {rows.name}.rowid = r._id AND r.earliest IS DISTINCT FROM created_at"
    )


def _note(
    rows: TypedRows,
    older: int,
    newest: _Newest,
    directions: Mapping[int, Direction],
    files: Sequence[str],
) -> str:
    key = " and ".join(rows.table.key)
    said = f"Older rows of the same {key}: {older:,}. The newest one counts: "
    if newest.time is not None:
        said += f'the one with the latest "{newest.called}".'
    else:
        said += "; ".join(_told(files[n], directions[n]) for n in sorted(directions)[:3]) + "."
    if newest.time != "updated_at" and rows.table.column("updated_at") is not None:
        said += (
            " If another column says when a row was changed, map updated_at; if these are "
            f"different {rows.table.name}, map another column as {rows.table.key[0]}."
        )
    return said


def _told(file: str, direction: Direction) -> str:
    which = "last" if direction.newest_last else "first"
    why = direction.evidence or "nothing in it says which is newer"
    return f"of {file} the {which} one ({why})"
