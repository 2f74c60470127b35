"""A PostgreSQL server of our own on this machine, for tests that also need it to be away."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest


@dataclass
class PostgresqlServer:
    """Its programs, its folder and its port."""

    binaries: Path
    folder: Path
    port: int
    user: dict[str, Any] = field(default_factory=dict)

    def database(self, name: str) -> str:
        """The URL of a new, empty database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://umbrella@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._control("-w", "-l", self.folder / "log", "-o", options, "start", check=True)

    def stop(self) -> None:
        self._control("-m", "immediate", "stop", check=False)

    def _control(self, *words: str | Path, check: bool) -> None:
        command = [self.binaries / "pg_ctl", "-D", self.folder / "data", "-s", *words]
        subprocess.run(command, check=check, cwd=self.folder, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, **self.user)  # fmt: skip


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A running server; a skip (a failure when nothing may be left out) where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        say = pytest.fail if os.environ.get("UMBRELLA_REQUIRE") == "all" else pytest.skip
        say("PostgreSQL is not installed: apt-get install postgresql")
    binaries = found[-1].parent if found else Path(str(on_path)).parent
    folder = Path(tempfile.mkdtemp(prefix="umbrella-postgresql-"))
    # The server refuses to run as root.
    user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = PostgresqlServer(binaries, folder, port, user)
    try:
        initdb = [binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", "umbrella",
                  "--no-sync"]  # fmt: skip
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **user)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
