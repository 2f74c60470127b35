"""What all commands share on the terminal: the workspace option, tables, progress, errors, JSON."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from math import inf
from pathlib import Path
from threading import Lock, Timer
from time import monotonic
from typing import Any, TextIO, TypeVar

import click

from redumbrella.logs import is_logging, log_event
from redumbrella.progress import Progress

Command = TypeVar("Command", bound=Callable[..., Any])


def workspace_option(function: Command) -> Command:
    """Adds `-w/--workspace DIR` (default: $UMBRELLA_WORKSPACE, else the current folder)."""
    return click.option(
        "-w",
        "--workspace",
        type=click.Path(path_type=Path),
        envvar="UMBRELLA_WORKSPACE",
        default=Path("."),
        help="Folder with umbrella.toml. Default: $UMBRELLA_WORKSPACE, else the current folder.",
    )(function)


def json_option(function: Command) -> Command:
    """Adds `--json`: print one JSON document for machines instead of text."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
    )(function)


def print_json(document: Any) -> None:
    """Writes one JSON document to standard output."""
    import orjson

    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    sys.stdout.buffer.write(orjson.dumps(document, option=option) + b"\n")


def print_error(message: str, *, reason: str = "") -> None:
    """Writes an error for a person to standard error; no traceback."""
    label = click.style("Error", fg="red", bold=True)
    code = f" [{reason}]" if reason else ""
    click.echo(f"{label}{code}: {message}", err=True)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """How far a command is, on standard error: a bar on a terminal, lines of text elsewhere.

    Yields a function `report(step, share_done)`; share_done runs from 0 to 1. Silent when quiet.
    Where logging is on, what is logged of the steps takes the place of all that.
    """
    if is_logging():
        with _logged() as report:
            yield report
    elif quiet:
        yield lambda _step, _share: None
    elif sys.stderr.isatty():
        with _bar() as report:
            yield report
    else:
        lines = ProgressLines(sys.stderr)
        try:
            yield lines.report
        finally:
            lines.close()


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda step, share: bar.update(task, description=step, completed=share)


@contextmanager
def _logged() -> Iterator[Progress]:
    """Logs when each step starts and, with how long it took, ends."""
    current: tuple[str, float] | None = None
    lock = Lock()

    def end(*, failed: bool = False) -> None:
        if current is not None:
            step, started = current
            seconds = round(monotonic() - started, 3)
            log_event("steps", "step ended", failed=failed, step=step, seconds=seconds)

    def report(step: str, share: float) -> None:
        nonlocal current
        with lock:  # families are compared on several threads at once
            if current is None or step != current[0]:
                end()
                current = (step, monotonic())
                log_event("steps", "step started", step=step, percent=round(100 * share))

    try:
        yield report
    except BaseException:
        end(failed=True)
        raise
    end()


class ProgressLines:
    """One line for each step, such as `0:39:02   62 %  Training on all closed leads`.

    For output that goes into a file. Steps that follow each other fast share a line, that of the
    last one; a step that lasts gets a line a minute while it says how far it is.
    """

    def __init__(
        self, out: TextIO, *, next_step_seconds: float = 1.0, same_step_seconds: float = 60.0
    ) -> None:
        self._out = out
        self._next_step_seconds = next_step_seconds
        self._same_step_seconds = same_step_seconds
        self._started = monotonic()
        self._lock = Lock()
        self._timer: Timer | None = None
        self._waiting: tuple[str, float] | None = None
        self._shown = ""
        self._shown_at = -inf

    def report(self, step: str, share: float) -> None:
        """Writes the line of a step, at once or, right after another line, a moment later."""
        with self._lock:
            is_new = step != self._shown
            gap = self._next_step_seconds if is_new else self._same_step_seconds
            wait = self._shown_at + gap - monotonic()
            self._waiting = (step, share) if is_new else None
            if wait <= 0:
                self._write(step, share)
            elif is_new and self._timer is None:
                # A step may take an hour and report nothing meanwhile: it is shown all the same.
                self._timer = Timer(wait, self._write_waiting)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Nothing is written any more; what waits would come after the command's own words."""
        with self._lock:
            self._waiting = None
            if self._timer is not None:
                self._timer.cancel()

    def _write_waiting(self) -> None:
        with self._lock:
            self._timer = None
            if self._waiting is not None:
                self._write(*self._waiting)

    def _write(self, step: str, share: float) -> None:
        self._waiting = None
        self._shown, self._shown_at = step, monotonic()
        elapsed = timedelta(seconds=int(self._shown_at - self._started))
        # A reader that has gone away, or a full disk, must not stop the work.
        with suppress(OSError, ValueError):
            self._out.write(f"{elapsed}  {100 * share:3.0f} %  {step}\n")
            self._out.flush()
