"""The frame of every verb that changes something: alone in the workspace, and in the log of runs.

    with recorded(workspace, "train") as run:
        …
        run.message = "model 20261121-0800"

A run that ends well is done; one that says why it cannot is failed; Ctrl-C makes it stopped; any
other exception is a fault of ours and makes it crashed, with its reason; one whose process is gone
is marked as killed by the next command.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.errors import EngineError, UmbrellaError
from redumbrella.masking import masked
from redumbrella.state.audit import note
from redumbrella.state.runs import close_killed_runs, end_run, start_run
from redumbrella.workspace import Workspace

MOST_CHARACTERS = 2_000


@dataclass
class Run:
    """One run while it goes on: its number, when it began, and what the log will say of it."""

    id: int
    started_at: int
    message: str = ""


@contextmanager
def recorded(
    workspace: Workspace, verb: str, *, alone: bool = True, detail: str = ""
) -> Iterator[Run]:
    """Notes that the verb began and how it ended.

    detail: what is asked for, for the audit; whether it was done stands in the log of runs.
    alone: whether it holds the right to write the lake, models and lists; others wait for it.
    """
    with workspace.lock() if alone else nullcontext():
        started = now()
        with workspace.state.writing() as connection:
            close_killed_runs(connection, started)
            run = Run(start_run(connection, verb, started), started)
            note(connection, started, acting(), verb, f"run {run.id}", detail)
        try:
            yield run
        except UmbrellaError as problem:
            _end(workspace, run, "failed", problem.message)
            raise
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            _end(workspace, run, "stopped", "The command was stopped.")
            raise
        except BaseException as problem:  # a panic of a library in Rust is no Exception
            _end(workspace, run, "crashed", _said(workspace, problem))
            raise
        _end(workspace, run, "done", run.message)


def _said(workspace: Workspace, problem: BaseException) -> str:
    """What an exception says, which may quote an address of a database."""
    return masked(f"{type(problem).__name__}: {problem}", *workspace.settings.addresses)


def _end(workspace: Workspace, run: Run, status: str, message: str) -> None:
    # Where the database is gone, what stopped the verb is the better message.
    ignored = nullcontext() if status == "done" else suppress(EngineError)
    with ignored, workspace.state.writing() as connection:
        end_run(connection, run.id, now(), status, message[:MOST_CHARACTERS])
