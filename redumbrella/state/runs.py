"""Every command that changed something: when it ran and how it ended. Only people read it."""

from __future__ import annotations

import os
import socket

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from redumbrella.state.metadata import metadata

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verb", String, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    # running | done | failed (said why) | crashed (a fault of ours) | stopped (Ctrl-C) | killed
    Column("status", String, nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("host", String, nullable=False, default=""),
    Column("process", Integer, nullable=False, default=0),
    Index("runs_by_start", "started_at"),
)


def start_run(connection: Connection, verb: str, at: int) -> int:
    """Notes that a command has begun, in this process; returns the id of the run."""
    row = insert(runs).values(
        verb=verb, started_at=at, status="running", host=socket.gethostname(), process=os.getpid()
    )
    return int(connection.execute(row).inserted_primary_key[0])  # type: ignore[index]


def end_run(connection: Connection, run: int, at: int, status: str, message: str) -> None:
    """Notes how a run ended: done, failed, crashed or stopped, and a message."""
    ended = {"ended_at": at, "status": status, "message": message}
    connection.execute(update(runs).where(runs.c.id == run).values(**ended))


def close_killed_runs(connection: Connection, at: int) -> int:
    """Marks the runs whose process is gone as killed; returns how many there were.

    Processes of other machines cannot be seen and are left as they are.
    """
    query = select(runs.c.id, runs.c.host, runs.c.process).where(runs.c.status == "running")
    gone = [run for run, host, process in connection.execute(query) if was_killed(host, process)]
    if gone:
        killed = {"status": "killed", "ended_at": at, "message": "The command was killed."}
        connection.execute(update(runs).where(runs.c.id.in_(gone)).values(**killed))
    return len(gone)


def was_killed(host: str, process: int) -> bool:
    """Whether a run that never ended belongs to a process of this machine that is no more."""
    if host != socket.gethostname() or process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, so it is there
        return False
    return False
