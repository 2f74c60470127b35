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
    for source in result.sources:
        rejected = sum(source.rejected.values())
        files = ", ".join(file.name for file in source.files)
        say(f"{source.table}: {source.rows:,} rows in {files}, {rejected:,} to set aside.")
        for lines in (column_lines, outcome_lines, note_lines, rejected_lines):
            for line in lines(source):
                say(line)
    for line in link_lines(result.links):
        say(line)
    for problem in result.problems:
        print_error(problem)
    if not result.problems:
        say("All of it can be read. Next: umbrella run")
