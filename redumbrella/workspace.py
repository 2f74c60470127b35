"""An opened workspace: settings, lake and state database of one folder. Handles, no verbs."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from threading import RLock

from redumbrella.errors import EngineError
from redumbrella.lake.lake import Lake
from redumbrella.settings.settings import Settings, load_settings
from redumbrella.state.database import State


class _FileLock:
    """A lock file that processes wait for; re-entrant within one thread, freed when killed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.threads = RLock()
        self.depth = 0

    @contextmanager
    def hold(self, on_wait: Callable[[str], None]) -> Iterator[None]:
        with self.threads:
            if self.depth:
                yield
                return
            # The kernel frees an flock when its process ends, however it ends.
            with self._open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    holder = os.pread(file.fileno(), 20, 0).decode("ascii", "replace").strip()
                    named = holder if holder.isdigit() else "?"
                    on_wait(
                        f"Another command (process {named}) is writing to this workspace; "
                        "waiting until it is done …"
                    )
                    fcntl.flock(file, fcntl.LOCK_EX)
                os.ftruncate(file.fileno(), 0)
                file.write(str(os.getpid()).encode())
                self.depth += 1
                try:
                    yield
                finally:
                    self.depth -= 1

    def _open(self) -> FileIO:
        try:
            return FileIO(self.path, "a+")
        except OSError as problem:
            message = f"{self.path} cannot be written: {problem.strerror}. Check the folder."
            raise EngineError(message, reason="workspace_not_writable") from None


@dataclass(frozen=True)
class Workspace:
    """The opened handles of one workspace folder."""

    settings: Settings
    lake: Lake
    state: State
    root: Path
    snapshots: Lake  # every score of every day; apart, so that facts do not change with beliefs
    _lock: _FileLock = field(repr=False)

    @property
    def models(self) -> Path:
        """The folder of all models, one folder each, named by its version."""
        return self.root / "models"

    @contextmanager
    def lock(self, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
        """Holds the right to write: a second writing command waits until this one is done.

        `on_wait` is told when waiting begins; by default the message goes to standard error.
        A command that holds the lock may call others that ask for it.
        """
        with self._lock.hold(on_wait or _tell):
            yield


def open_workspace(root: Path) -> Workspace:
    """Opens the workspace in a folder.

    Raises SettingsError for a missing or wrong umbrella.toml, EngineError for an unreachable store.
    """
    settings = load_settings(root)
    return Workspace(
        settings=settings,
        lake=Lake(root / "lake"),
        state=State(settings.state_url),
        root=root,
        # Many figures of few digits: less than half the size, in the same time.
        snapshots=Lake(root / "snapshots", "ZSTD"),
        _lock=_FileLock(root / ".lock"),
    )


def _tell(message: str) -> None:
    sys.stderr.write(message + "\n")
