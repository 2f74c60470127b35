"""What a workspace does not need any more: old models, and what killed commands left.

In: an opened workspace whose lock is held. Out: nothing; files are gone. The rule: of each target
the model in use, the one its scores come from and the last MODELS_KEPT stay. The row and the report
of a model stay in the state database, and say that its files are gone.

The lake tidies its own tables (`Lake.tidy`), and so does that of snapshots.
"""

import socket
from contextlib import suppress

from sqlalchemy import select

from redumbrella.errors import EngineError
from redumbrella.models.model_folder import VERSION, remove_model
from redumbrella.state.models import models
from redumbrella.state.runs import was_killed
from redumbrella.state.scores import scorings
from redumbrella.views.models import MODELS_KEPT
from redumbrella.workspace import Workspace


def tidy_models(workspace: Workspace) -> None:
    """Removes models that are neither in use nor among the last ones, and those nobody knows of.

    Files that are not models are left alone, and so is what cannot be removed.
    """
    kept = _kept(workspace)
    if not workspace.models.is_dir():
        return
    for folder in workspace.models.iterdir():
        if VERSION.fullmatch(folder.name) and folder.name not in kept:
            with suppress(OSError):
                remove_model(folder)


def tidy_snapshots(workspace: Workspace, now: int) -> None:
    """Joins the files of many days; a table that cannot be read is left to the next scoring."""
    lake = workspace.snapshots
    with suppress(EngineError):
        for table in lake.tables():
            lake.settle(table)
            lake.tidy(table, now)


def tidy_exports(workspace: Workspace) -> None:
    """Removes halves of files whose process was killed while it wrote them."""
    for part in (workspace.root / "exports").glob(".*.part"):
        process = part.name.split(".")[-2]
        if process.isdecimal() and was_killed(socket.gethostname(), int(process)):
            with suppress(OSError):
                part.unlink()


def _kept(workspace: Workspace) -> set[str]:
    """Versions of models that stay."""
    with workspace.state.reading() as connection:
        rows = connection.execute(
            select(models.c.target, models.c.version, models.c.is_current).order_by(
                models.c.number.desc()
            )
        ).all()
        kept = set(connection.execute(select(scorings.c.model_version)).scalars())
    seen: dict[str, int] = {}
    for target, version, is_current in rows:
        seen[target] = seen.get(target, 0) + 1
        if is_current or seen[target] <= MODELS_KEPT:
            kept.add(version)
    return kept
