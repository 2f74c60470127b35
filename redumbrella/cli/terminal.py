"""What all commands share on the terminal: the workspace option, tables, progress, errors, JSON."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import asdict, is_dataclass
from datetime import timedelta
from math import inf
from pathlib import Path
from threading import Lock, Timer
from time import monotonic
from typing import Any, TextIO, TypeVar

import click

from redumbrella.logs import is_logging, log_event
from redumbrella.masking import masked
from redumbrella.progress import Progress
from redumbrella.visible import escaped_json, visible, visible_line

# The workspace as -w named it, ready for a shell; '' where it was not named.
_GIVEN: ContextVar[str] = ContextVar("workspace", default="")
_LONGEST_PASTED = 1_000  # characters of a folder that nobody would want to read in every line
_COMMAND = re.compile(
    r"\bumbrella (export \w+|check|ingest|train|score|run|explain|outcome|today|assign|assignment"
    r"|weights|report|backtest|serve|leads|changes|pipeline|customers|products|valuations|cohorts"
    r"|recommend|recommendations|models|sources|rejected|runs|audit|outbox|tasks|audiences|work"
    r"|automations(?: (?:list|check|stop|resume))?|user \w+|key \w+)\b(?! -w)"
)
Command = TypeVar("Command", bound=Callable[..., Any])


def workspace_option(function: Command) -> Command:
    """Adds `-w/--workspace DIR` (default: $UMBRELLA_WORKSPACE, else the current folder)."""
    return click.option(
        "-w",
        "--workspace",
        type=click.Path(path_type=Path),
        envvar="UMBRELLA_WORKSPACE",
        default=Path("."),
        callback=_note_workspace,
        help="Folder with umbrella.toml. Default: $UMBRELLA_WORKSPACE, else the current folder.",
    )(function)


def _note_workspace(context: click.Context, parameter: click.Parameter, value: Path) -> Path:
    typed = click.core.ParameterSource.COMMANDLINE
    name, above = str(parameter.name), context.parent
    given = context.get_parameter_source(name) is typed
    if not given and above is not None and above.get_parameter_source(name) is typed:
        return Path(above.params[name])  # named before the verb: umbrella automations -w DIR list
    _GIVEN.set(shlex.quote(str(value)) if given else "")
    return value


def forget_workspace() -> None:
    """No workspace was named: a new command begins."""
    _GIVEN.set("")


def pasted(text: str) -> str:
    """The text, its commands as they can be pasted: with -w DIR where the workspace was named so.

    `umbrella leads` becomes `umbrella leads -w DIR`.
    """
    folder = _GIVEN.get()
    if len(folder) > _LONGEST_PASTED:
        return text
    return _COMMAND.sub(lambda match: f"{match[0]} -w {folder}", text) if folder else text


def json_option(function: Command) -> Command:
    """Adds `--json`: print one JSON document for machines instead of text."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
    )(function)


def print_json(document: Any) -> None:
    """Writes one JSON document to standard output."""
    import orjson

    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    try:
        text = orjson.dumps(document, option=option)
    except TypeError:  # a path that is no UTF-8
        text = orjson.dumps(_without_surrogates(document), option=option)
    # As text, not to the buffer: what another encoding lacks is escaped too.
    click.echo(visible(escaped_json(text).decode()))


def _without_surrogates(document: Any) -> Any:
    if isinstance(document, str):
        return visible(document)
    if is_dataclass(document) and not isinstance(document, type):
        document = asdict(document)
    if isinstance(document, Mapping):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in document.items()}
    if isinstance(document, list | tuple):
        return [_without_surrogates(one) for one in document]
    return document


def say(text: object = "", *, lines: bool = False, err: bool = False) -> None:
    """Writes a line for a person; `lines`: the breaks in the text are meant, else they are data.

    No character of it steers the terminal. What cannot be said on standard error is left unsaid.
    """
    words = pasted(str(text))
    shown = visible(words) if lines else visible_line(words)
    with suppress(OSError, ValueError) if err else nullcontext():
        click.echo(shown, err=err)


def print_error(message: str, *, reason: str = "") -> None:
    """Writes an error for a person to standard error; no traceback."""
    label = click.style("Error", fg="red", bold=True)
    code = f" [{reason}]" if reason else ""
    with suppress(OSError, ValueError):
        click.echo(f"{label}{code}: {visible(masked(pasted(message)))}", err=True)


def print_usage_error(problem: click.ClickException) -> None:
    """Writes what is wrong with the words of a command, and how it is used, to standard error."""
    context = getattr(problem, "ctx", None)
    if context is not None:
        usage = f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n"
        say(usage, lines=True, err=True)
    print_error(problem.format_message())


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
        TextColumn("{task.description:<44}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda step, share: bar.update(task, description=visible_line(step), completed=share)


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
            self._out.write(f"{elapsed}  {100 * share:3.0f} %  {visible_line(step)}\n")
            self._out.flush()
