"""In this room every new database is made by the migrations."""

from collections.abc import Callable

import pytest

from redumbrella.state import schema


@pytest.fixture(autouse=True)
def _every_migration(migrations: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_upgrade", migrations)
