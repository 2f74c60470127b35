"""How much of the disk a workspace takes, and what of it."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from redumbrella.figures import size_words
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class DiskUse:
    """Bytes. lake: what was read. snapshots: the scores and lists of every day. models: their
    files. state: the database of lists, where it is a file of the workspace; None elsewhere.
    free: what is left on the disk.
    """

    lake: int
    snapshots: int
    models: int
    state: int | None
    free: int

    @property
    def words(self) -> str:
        """In one sentence."""
        parts = [
            f"what was read {size_words(self.lake)}",
            f"scores of every day {size_words(self.snapshots)}",
            f"models {size_words(self.models)}",
        ]
        if self.state is not None:
            parts.append(f"lists {size_words(self.state)}")
        return f"On the disk: {', '.join(parts)}; {size_words(self.free)} are free."


def disk_use(workspace: Workspace) -> DiskUse:
    """What the folders of a workspace take now."""
    room = os.statvfs(workspace.root)
    return DiskUse(
        lake=_size(workspace.lake.root),
        snapshots=_size(workspace.snapshots.root),
        models=_size(workspace.models),
        state=_state(workspace.settings.state_url),
        free=room.f_bavail * room.f_frsize,
    )


def _state(url: str) -> int | None:
    """Bytes of the database and of what lies beside it; None where it is no file."""
    found = make_url(url)
    if found.get_backend_name() != "sqlite" or not found.database:
        return None
    path = Path(found.database)
    beside = path.parent.glob(f"{path.name}*")
    return sum(_size(one) if one.is_dir() else one.stat().st_size for one in beside)


def _size(folder: Path) -> int:
    """Bytes of all files below a folder; those that go while they are counted count nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue
    return total
