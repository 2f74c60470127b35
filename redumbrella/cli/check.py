"""`umbrella check`: what would be read, and every problem; nothing is written."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from redumbrella.cli.sources_text import (
    column_lines,
    link_lines,
    note_lines,
    outcome_lines,
    rejected_lines,
)
from redumbrella.cli.terminal import (
    json_option,
    print_error,
    print_json,
    progress,
    say,
    workspace_option,
)
from redumbrella.figures import counted
from redumbrella.reports.wording import HOLD_OUT
from redumbrella.settings.section import FILE_NAME
from redumbrella.settings.settings import load_settings
from redumbrella.sources.guessing.questions import left_open
from redumbrella.workflows.ingest import CheckResult, check


@click.command("check")
@workspace_option
@json_option
def command(workspace: Path, *, as_json: bool) -> None:
    """Report what would be read, and every problem, without writing anything."""
    settings = load_settings(workspace)
    with progress(quiet=as_json) as report:
        result = check(settings, report)
    if as_json:
        print_json(asdict(result))
    else:
        _print(result)
        for line in left_open((workspace / FILE_NAME).read_text("utf-8")):
            say(f"Still open in {FILE_NAME}: {line}")
    if result.problems:
        sys.exit(2)


def _print(result: CheckResult) -> None:
    if _is_nothing_open(result):
        say(f"No lead is open, so there is nobody to rank. {HOLD_OUT}")
    for source in result.sources:
        rejected = sum(source.rejected.values())
        files = ", ".join(file.name for file in source.files)
        rows = counted(source.rows, "row")
        say(f"{source.table}: {rows} in {files}, {rejected:,} to set aside.")
        for lines in (column_lines, outcome_lines, note_lines, rejected_lines):
            for line in lines(source):
                say(line)
    for line in link_lines(result.links):
        say(line)
    for problem, reason in zip(result.problems, result.reasons, strict=True):
        print_error(problem, reason=reason)
    if not result.problems:
        say(f"{_readable(result)} Next: umbrella run")


def _readable(result: CheckResult) -> str:
    aside = sum(sum(source.rejected.values()) for source in result.sources)
    if not aside:
        return "All of it can be read."
    are = "is" if aside == 1 else "are"
    return f"{counted(aside, 'row')} {are} set aside; the rest can be read."


def _is_nothing_open(result: CheckResult) -> bool:
    """Whether the leads are all won or lost."""
    outcomes = [source.outcome for source in result.sources if source.outcome is not None]
    return bool(outcomes) and not any(outcome.totals[2] for outcome in outcomes)
