"""`umbrella ingest`: reads the sources into the lake and says what changed."""

from dataclasses import asdict
from pathlib import Path

import click

from redumbrella.cli.sources_text import (
    link_lines,
    note_lines,
    outcome_lines,
    rejected_lines,
    summary,
)
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.columns import TABLES
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace


@click.command("ingest")
@workspace_option
@json_option
@click.option(
    "--reread",
    multiple=True,
    metavar="TABLE",
    type=click.Choice(list(TABLES)),
    help="Forget what the lake has of TABLE and read its sources again.",
)
def command(workspace: Path, *, as_json: bool, reread: tuple[str, ...]) -> None:
    """Read the sources into the lake; the same input twice changes nothing."""
    opened = open_workspace(workspace)
    with progress(quiet=as_json) as report:
        result = ingest(opened, report, reread=reread)
    if as_json:
        print_json(asdict(result))
        return
    for source in result.sources:
        say(summary(source))
        for lines in (outcome_lines, note_lines, rejected_lines):
            for line in lines(source):
                say(line)
    for line in link_lines(result.links):
        say(line)
