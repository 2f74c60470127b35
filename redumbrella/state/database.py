"""What people set and what pages read: the state database, SQLite or PostgreSQL.

A URL comes in; runs, sources, rejected rows, models and scores go in and out as plain mappings.
Promise: every change is one transaction; readers never wait for a writer (WAL in SQLite).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError

from redumbrella.errors import EngineError, NotFoundError
from redumbrella.state.metadata import (
    customers,
    models,
    rejected_rows,
    runs,
    scores,
    sources,
    weightings,
)
from redumbrella.state.schema import ensure_schema

Row = Mapping[str, Any]

RAW_CHARACTERS = 2_000
_BUSY_SECONDS = 30
_SCORE_COLUMNS = tuple(column.name for column in scores.columns)
_CARD_KEY = (scores.c.target, scores.c.lead_id, scores.c.product_id)
_CUSTOMER_COLUMNS = tuple(column.name for column in customers.columns)
_REQUIRED_SCORES = tuple(
    column.name
    for column in scores.columns
    if not column.nullable and column.name not in {"target", "product_id", "search"}
)


class State:
    """An opened state database whose schema is up to date.

    Raises EngineError when the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        # SQLite: a transaction that will write takes its lock at once, else two could deadlock.
        self._writer = self.engine.execution_options(writes=True)
        try:
            ensure_schema(self._writer)
        except DBAPIError as problem:
            place = self.engine.url.render_as_string(hide_password=True)
            message = (
                f"The state database {place} cannot be opened: {problem.orig}. "
                "Check [workspace] state in umbrella.toml and that the server or folder is there."
            )
            raise EngineError(message, reason="state_unreachable") from None

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes; rolled back when the block raises."""
        with self._writer.begin() as connection:
            yield connection

    # Runs

    def record_run(self, verb: str, started_at: int) -> int:
        """Notes that a command has begun; returns the id of the run."""
        with self.writing() as connection:
            row = insert(runs).values(verb=verb, started_at=started_at, status="running")
            return int(connection.execute(row).inserted_primary_key[0])  # type: ignore[index]

    def finish_run(
        self,
        run_id: int,
        ended_at: int,
        *,
        status: str = "done",
        message: str = "",
        detail: Row | None = None,
    ) -> None:
        """Notes how a run ended: status 'done' or 'failed', a message, any detail as JSON."""
        ended = {"ended_at": ended_at, "status": status, "message": message}
        with self.writing() as connection:
            connection.execute(
                update(runs).where(runs.c.id == run_id).values(**ended, detail=_json(detail or {}))
            )

    def close_stale_runs(self, verb: str, ended_at: int) -> int:
        """Marks runs of a verb that never ended as interrupted; only under the workspace lock."""
        with self.writing() as connection:
            return connection.execute(
                update(runs)
                .where(runs.c.verb == verb, runs.c.status == "running")
                .values(status="interrupted", ended_at=ended_at, message="The command was killed.")
            ).rowcount

    def last_done(self, verb: str) -> int | None:
        """When the last finished run of a verb began, in UTC microseconds; None for never."""
        done = (runs.c.verb == verb) & (runs.c.status == "done")
        query = select(func.max(runs.c.started_at)).where(done)
        with self.engine.connect() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def recent_runs(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest runs, newest first, `detail` as a mapping."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        return [row | {"detail": orjson.loads(row["detail"])} for row in self._rows(query)]

    def newest_run(self, verb: str) -> dict[str, Any] | None:
        """The last finished run of a verb, `detail` as a mapping; None for never."""
        done = (runs.c.verb == verb) & (runs.c.status == "done")
        found = self._rows(select(runs).where(done).order_by(runs.c.id.desc()).limit(1))
        return found[0] | {"detail": orjson.loads(found[0]["detail"])} if found else None

    # Sources and rejected rows

    def source_seen(self, table: str, path: str) -> dict[str, Any] | None:
        """What is known of a source from when it was last read, or None."""
        found = self._rows(select(sources).where(_is_source(table, path)))
        return found[0] if found else None

    def sources_of(self, table: str | None = None) -> list[dict[str, Any]]:
        """All sources ever read, by table and path."""
        query = select(sources).order_by(sources.c.table_name, sources.c.path)
        return self._rows(query if table is None else query.where(sources.c.table_name == table))

    def record_source(self, source: Row, rejected: Sequence[Row], *, run_id: int) -> None:
        """Notes that a source was read, and replaces its rejected rows, in one transaction.

        `source` has the columns of `sources`; each rejected row has line, reason, message, raw.
        """
        table, path = source["table_name"], source["path"]
        is_old = (rejected_rows.c.table_name == table) & (rejected_rows.c.file == path)
        with self.writing() as connection:
            connection.execute(delete(sources).where(_is_source(table, path)))
            connection.execute(insert(sources).values(**source))
            connection.execute(delete(rejected_rows).where(is_old))
            if rejected:
                common = {"run_id": run_id, "table_name": table, "file": path}
                rows = [{**row, **common, "raw": row["raw"][:RAW_CHARACTERS]} for row in rejected]
                connection.execute(insert(rejected_rows), rows)

    def forget_sources(self, table: str) -> None:
        """Forgets that the sources of a table were read, and which of their rows were rejected."""
        with self.writing() as connection:
            connection.execute(delete(sources).where(sources.c.table_name == table))
            connection.execute(delete(rejected_rows).where(rejected_rows.c.table_name == table))

    def rejected(
        self,
        *,
        table: str | None = None,
        reason: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many rows are set aside, and one page of them in the order of reading."""
        wanted = []
        if table is not None:
            wanted.append(rejected_rows.c.table_name == table)
        if reason is not None:
            wanted.append(rejected_rows.c.reason == reason)
        query = select(rejected_rows).where(*wanted).order_by(rejected_rows.c.id)
        with self.engine.connect() as connection:
            count = select(func.count()).select_from(rejected_rows).where(*wanted)
            total = connection.execute(count).scalar_one()
        return total, self._rows(query.limit(limit).offset(offset))

    # Models

    def save_model(self, model: Row, *, current: bool = True) -> None:
        """Stores a model (columns of `models`; `report` as a mapping) and makes it current."""
        row = {**model, "is_current": current, "report": _json(model["report"])}
        with self.writing() as connection:
            if current:
                others = models.c.target == model["target"]
                connection.execute(update(models).where(others).values(is_current=False))
            connection.execute(delete(models).where(models.c.version == model["version"]))
            connection.execute(insert(models).values(**row))

    def current_model(self, target: str | None = None) -> dict[str, Any] | None:
        """The current model of a target (of any target: the newest), `report` as a mapping."""
        query = select(models).where(models.c.is_current).order_by(models.c.trained_at.desc())
        if target is not None:
            query = query.where(models.c.target == target)
        return _with_report(self._rows(query.limit(1)))

    def newest_model(self, target: str) -> dict[str, Any] | None:
        """The model of a target that was trained last, in use or not; `report` as a mapping."""
        query = select(models).where(models.c.target == target)
        return _with_report(self._rows(query.order_by(models.c.trained_at.desc()).limit(1)))

    def model(self, version: str) -> dict[str, Any]:
        """The model of this version, `report` as a mapping. Raises NotFoundError."""
        found = _with_report(self._rows(select(models).where(models.c.version == version)))
        if found is None:
            message = f'There is no model "{version}". `umbrella report` shows the current one.'
            raise NotFoundError(message, reason="no_model")
        return found

    # Scores

    def replace_scores(self, target: str, rows: Iterable[Row]) -> int:
        """Replaces all scores of a target in one transaction; returns how many there are now.

        A row has the columns of `scores` but target and search; absent ones are empty, `reasons`
        may be a mapping. Readers see the old scores until the new ones are complete.
        """
        values = [_score_values(target, row) for row in rows]
        with self.writing() as connection, _without_indexes(connection, scores):
            connection.execute(delete(scores).where(scores.c.target == target))
            _bulk_insert(connection, scores, values)
        return len(values)

    # Customers

    def replace_customers(self, rows: Iterable[Row]) -> int:
        """Replaces the list of customers in one transaction; returns how many there are now.

        A row has the columns of `customers` but search; absent ones are empty, `details` may be a
        mapping. Readers see the old list until the new one is complete.
        """
        values = [_customer_values(row) for row in rows]
        with self.writing() as connection, _without_indexes(connection, customers):
            connection.execute(delete(customers))
            _bulk_insert(connection, customers, values)
        return len(values)

    # Weights of the qualification card

    def newest_weighting(self) -> dict[str, Any] | None:
        """The newest weights, `weights` as a mapping; None when nobody set any."""
        found = self._rows(select(weightings).order_by(weightings.c.id.desc()).limit(1))
        return found[0] | {"weights": orjson.loads(found[0]["weights"])} if found else None

    def weightings(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest weights first, `weights` as mappings."""
        found = self._rows(select(weightings).order_by(weightings.c.id.desc()).limit(limit))
        return [row | {"weights": orjson.loads(row["weights"])} for row in found]

    @contextmanager
    def weighing(self) -> Iterator[Connection]:
        """A transaction of `writing` in which nobody else replaces scores or sets weights.

        Readers are not kept waiting.
        """
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE scores IN SHARE ROW EXCLUSIVE MODE")
            yield connection

    def add_weighting(
        self, connection: Connection, *, set_at: int, set_by: str, weights: Row, note: str
    ) -> int:
        """Adds weights within a transaction of `weighing`; returns their version."""
        row = {"set_at": set_at, "set_by": set_by, "weights": _json(weights), "note": note}
        done = connection.execute(insert(weightings).values(**row))
        return int(done.inserted_primary_key[0])  # type: ignore[index]

    def cards(self, connection: Connection, size: int = 5_000) -> Iterator[list[dict[str, Any]]]:
        """All scores that have a qualification card, in batches that may be replaced meanwhile.

        A row has target, lead_id, product_id, label, qualification and details (JSON text).
        """
        key = tuple_(scores.c.target, scores.c.lead_id, scores.c.product_id)
        columns = (*_CARD_KEY, scores.c.label, scores.c.qualification, scores.c.details)
        query = select(*columns).where(scores.c.qualification.is_not(None))
        query = query.order_by(*_CARD_KEY).limit(size)
        last: tuple[str, ...] | None = None
        while True:
            wanted = query if last is None else query.where(key > tuple_(*last))
            batch = [dict(row) for row in connection.execute(wanted).mappings()]
            if not batch:
                return
            last = tuple(batch[-1][column.name] for column in _CARD_KEY)
            yield batch

    def replace_cards(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Replaces qualification and details of scores: target, lead_id, product_id and those."""
        if not rows:
            return
        new, same = ("qualification", "details"), tuple(column.name for column in _CARD_KEY)
        values = [tuple(row[name] for name in (*new, *same)) for row in rows]
        driver: Any = connection.connection.driver_connection
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        changes = ", ".join(f"{name} = {mark}" for name in new)
        where = " AND ".join(f"{name} = {mark}" for name in same)
        with closing(driver.cursor()) as cursor:
            cursor.executemany(f"UPDATE scores SET {changes} WHERE {where}", values)  # noqa: S608

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _engine(url: str) -> Engine:
    if url.startswith("sqlite:"):
        return _sqlite_engine(url)
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10},
    )


def _sqlite_engine(url: str) -> Engine:
    path = Path(url.removeprefix("sqlite:///"))
    if not path.parent.is_dir():
        message = f"The folder of the state database does not exist: {path.parent}. Make it first."
        raise EngineError(message, reason="state_unreachable")
    # Not from the text: a folder may have ? or % in its name.
    address = URL.create("sqlite", database=str(path))
    engine = create_engine(address, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the BEGIN below, not the driver's own
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # Kibibytes; with the default of 2 MB, replacing 120,000 scores takes several times as long.
        connection.execute("PRAGMA cache_size = -65536")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _is_source(table: str, path: str) -> Any:
    return (sources.c.table_name == table) & (sources.c.path == path)


def _json(document: Any) -> str:
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return document if isinstance(document, str) else orjson.dumps(document, option=option).decode()


def _with_report(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    return found[0] | {"report": orjson.loads(found[0]["report"])} if found else None


def _score_values(target: str, row: Row) -> tuple[Any, ...]:
    unknown = row.keys() - set(_SCORE_COLUMNS)
    if unknown:
        raise KeyError(f"scores has no column {sorted(unknown)}")
    label = row.get("label") or row["lead_id"]
    full = {
        **row,
        "target": target,
        "product_id": row.get("product_id") or "",
        "label": label,
        "search": f"{row['lead_id']} {label}".lower(),
        "reasons": _json(row.get("reasons") or {}),
        "details": _json(row.get("details") or {}),
    }
    return tuple(full.get(name) for name in _SCORE_COLUMNS)


def _customer_values(row: Row) -> tuple[Any, ...]:
    unknown = row.keys() - set(_CUSTOMER_COLUMNS)
    if unknown:
        raise KeyError(f"customers has no column {sorted(unknown)}")
    label = row.get("label") or row["person_id"]
    full = {
        **row,
        "label": label,
        "search": f"{row['person_id']} {label}".lower(),
        "details": _json(row.get("details") or {}),
    }
    return tuple(full.get(name) for name in _CUSTOMER_COLUMNS)


@contextmanager
def _without_indexes(connection: Connection, table: Table) -> Iterator[None]:
    """SQLite builds an index in a fraction of the time that it takes to keep it row by row.

    PostgreSQL would shut out its readers meanwhile, so there the indexes stay.
    """
    indexes = table.indexes if connection.dialect.name == "sqlite" else set()
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


def _bulk_insert(connection: Connection, table: Table, values: list[tuple[Any, ...]]) -> None:
    """Inserts rows by the driver's fastest way; an ORM would take many times as long."""
    columns = ", ".join(column.name for column in table.columns)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with driver.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(table.columns))
        insertion = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608
        driver.executemany(insertion, values)
