"""Brings the schema of a state database up to date.

Promise: one plain query when it is already; otherwise the missing migrations run in one
transaction, and a second process that starts meanwhile waits for them.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from redumbrella.errors import EngineError
from redumbrella.state.metadata import SCHEMA_VERSION

# Any fixed number: PostgreSQL's name for the lock that migrating processes take.
_ADVISORY_LOCK = 7_242_001


def ensure_schema(engine: Engine) -> None:
    """Runs the migrations that the database lacks. Raises EngineError when it is newer than us.

    engine: whose transactions may write.
    """
    with engine.execution_options(writes=False).connect() as connection:
        if version_of(connection) == SCHEMA_VERSION:
            return
    with engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE, see state.State
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        version = version_of(connection)
        refuse_newer(version)
        if version != SCHEMA_VERSION:
            _upgrade(connection)


def refuse_newer(version: str | None) -> None:
    """Raises EngineError for a schema that only a newer Red Umbrella knows."""
    if version is not None and version > SCHEMA_VERSION:
        message = (
            f"The state database has schema {version}, newer than {SCHEMA_VERSION} of this "
            "Red Umbrella. Update Red Umbrella."
        )
        raise EngineError(message, reason="state_newer")


def version_of(connection: Connection) -> str | None:
    """The number of the schema that the database has; None for none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(connection: Connection, revision: str = "head") -> None:
    # Alembic is slow to import and needed only here.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
