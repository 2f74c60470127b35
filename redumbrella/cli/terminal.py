"""What all commands share on the terminal: the workspace option, tables, progress, errors, JSON."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

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


Report = Callable[[str, float], None]


@contextmanager
def progress(quiet: bool) -> Iterator[Report]:
    """A progress bar on a terminal; silent when quiet or when nobody is watching.

    Yields a function `report(step, share_done)`; share_done runs from 0 to 1.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda _step, _share: None
        return
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
