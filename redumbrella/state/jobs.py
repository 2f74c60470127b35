"""The worker's jobs, their schedule, and which workers there are.

A job stands once under its key, such as "run at 1764388800000000", so that two workers that both
look at the clock make one job of an instant. A worker holds what it claimed for as long as its
heart beats: a row of `workers` that it renews. What a dead one held is given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from redumbrella.state.bulk import insert_new, mappings
from redumbrella.state.metadata import metadata
from redumbrella.state.outbox import give_back
from redumbrella.state.runs import was_killed

BEAT_MICROSECONDS = 10 * 1_000_000
LEASE_MICROSECONDS = 60 * 1_000_000  # without a beat for so long, a worker counts as dead
JOBS_KEPT = 1_000
MOST_TRIES = 5
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("worker", String, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("message", Text, nullable=False),
    Index("jobs_by_key", "key", unique=True),
    Index("jobs_by_state", "state", "due_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("process", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("beat_at", BigInteger, nullable=False),
    Column("doing", String, nullable=False),
)


def add_job(connection: Connection, kind: str, due_at: int, key: str = "") -> bool:
    """Adds a job; False where one of this key is there. key: by default its kind and instant."""
    row = {"key": key or f"{kind} at {due_at}", "kind": kind, "due_at": due_at, "state": WAITING,
           "tries": 0, "worker": "", "message": ""}  # fmt: skip
    return bool(insert_new(connection, jobs, [row], "key"))


def claim_job(connection: Connection, worker: str, at: int) -> dict[str, Any] | None:
    """Gives a worker the job that is due longest; jobs of one kind run one after the other."""
    running = select(jobs.c.kind).where(jobs.c.state == RUNNING)
    due = jobs.c.state == WAITING, jobs.c.due_at <= at, jobs.c.kind.not_in(running)
    first = select(jobs.c.id).where(*due).order_by(jobs.c.due_at, jobs.c.id).limit(1)
    number = connection.execute(first.with_for_update(skip_locked=True)).scalar()
    if number is None:
        return None
    begun = {"state": RUNNING, "worker": worker, "started_at": at, "tries": jobs.c.tries + 1}
    connection.execute(update(jobs).where(jobs.c.id == number).values(**begun))
    return mappings(connection, select(jobs).where(jobs.c.id == number))[0]


def end_job(connection: Connection, number: int, worker: str, at: int, message: str) -> None:
    """Notes that a job is done."""
    _end(connection, number, worker, {"state": DONE, "ended_at": at, "message": message[:500]})


def fail_job(
    connection: Connection, number: int, worker: str, at: int, message: str, again_at: int | None
) -> None:
    """Notes that a job did not work, and when to try again; None: not any more."""
    failed: dict[str, Any] = {"message": message[:500], "ended_at": at, "state": FAILED}
    if again_at is not None:
        failed |= {"state": WAITING, "due_at": again_at}
    _end(connection, number, worker, failed)


def _end(connection: Connection, number: int, worker: str, values: dict[str, Any]) -> None:
    own = jobs.c.id == number, jobs.c.worker == worker
    connection.execute(update(jobs).where(*own).values(**values, worker=""))
    newest = select(func.max(jobs.c.id)).scalar_subquery()
    old = jobs.c.state.in_((DONE, FAILED)), jobs.c.id < newest - JOBS_KEPT
    connection.execute(delete(jobs).where(*old))


def drop_jobs(connection: Connection, kind: str, at: int, keep: int | None = None) -> None:
    """Removes jobs of a kind that wait for an instant after `at`, but the one due at `keep`.

    So a changed schedule leaves nothing of the old one; what is due already is still done.
    """
    own = [jobs.c.kind == kind, jobs.c.state == WAITING, jobs.c.tries == 0, jobs.c.due_at > at]
    own += [jobs.c.due_at != keep] if keep is not None else []
    connection.execute(delete(jobs).where(*own))


def waiting_jobs(connection: Connection) -> list[dict[str, Any]]:
    """The jobs that are still to be done or run, the next one first."""
    query = select(jobs).where(jobs.c.state.in_((WAITING, RUNNING)))
    return mappings(connection, query.order_by(jobs.c.due_at, jobs.c.id))


def last_jobs(connection: Connection, most: int) -> list[dict[str, Any]]:
    """The jobs that ended last, newest first."""
    query = select(jobs).where(jobs.c.state.in_((DONE, FAILED)))
    return mappings(connection, query.order_by(jobs.c.ended_at.desc()).limit(most))


def start_worker(connection: Connection, name: str, host: str, process: int, at: int) -> None:
    """Notes that a worker has begun."""
    row = {"name": name, "host": host, "process": process, "started_at": at, "beat_at": at}
    connection.execute(insert(workers).values(**row, doing=""))


def beat(connection: Connection, name: str, at: int, doing: str | None = None) -> bool:
    """Renews what a worker holds; False where it was taken for dead meanwhile."""
    values: dict[str, Any] = {"beat_at": at} | ({} if doing is None else {"doing": doing})
    own = update(workers).where(workers.c.name == name).values(**values)
    return bool(connection.execute(own).rowcount)


def stop_worker(connection: Connection, name: str) -> None:
    """Notes that a worker has stopped; what it still held is given back."""
    _release(connection, [name])


def bury_dead_workers(connection: Connection, at: int) -> int:
    """Gives back what dead workers held; returns how many workers those were.

    A worker of this machine is dead when its process is gone, another when its heart was silent.
    """
    query = select(workers.c.name, workers.c.host, workers.c.process, workers.c.beat_at)
    dead = [
        name
        for name, host, process, last in connection.execute(query)
        if was_killed(host, process) or at - last > LEASE_MICROSECONDS
    ]
    if dead:
        _release(connection, dead)
    return len(dead)


def _release(connection: Connection, names: Sequence[str]) -> None:
    give_back(connection, names)
    own = jobs.c.worker.in_(names), jobs.c.state == RUNNING
    given_up = (*own, jobs.c.tries >= MOST_TRIES)
    failed = {"state": FAILED, "worker": "", "message": "Its workers were killed again and again."}
    connection.execute(update(jobs).where(*given_up).values(**failed))
    connection.execute(update(jobs).where(*own).values(state=WAITING, worker=""))
    connection.execute(delete(workers).where(workers.c.name.in_(names)))


def living_workers(connection: Connection) -> list[dict[str, Any]]:
    """The workers that there are, the oldest first."""
    return mappings(connection, select(workers).order_by(workers.c.started_at))
