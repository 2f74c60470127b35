"""`umbrella export`: any list as CSV, Parquet or JSON lines, or what its filters leave of it."""

from pathlib import Path
from typing import Any, cast

import click

from redumbrella.cli.list_text import sum_of
from redumbrella.cli.lists import list_options, query_of
from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.cli.text import trust_line
from redumbrella.destinations.files import FORMATS, Format, format_of
from redumbrella.views.catalogue import SUMMARIES, VIEWS
from redumbrella.views.listing import what_is_said
from redumbrella.views.table import View
from redumbrella.views.trust import trusts_among
from redumbrella.workflows.export import export
from redumbrella.workspace import open_workspace


@click.group("export")
def command() -> None:
    """Write a list to CSV, Parquet or JSON lines and print the path."""


def _export_command(view: View) -> click.Command:
    @click.command(view.file_name, help=f"{SUMMARIES[view.name]}, as a file.")
    @workspace_option
    @click.option("--format", "form", type=click.Choice(FORMATS),
                  help="Default: by the name of the file, else csv.")  # fmt: skip
    @click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
                  help="File to write; default: a new one in exports/.")  # fmt: skip
    @click.option("--raw", is_flag=True,
                  help="CSV without the apostrophe before texts that a spreadsheet would run as "
                  "formulas. Risky: do not open such a file in a spreadsheet.")  # fmt: skip
    @list_options(view)
    @json_option
    def write(
        workspace: Path,
        *,
        form: str | None,
        output: Path | None,
        raw: bool,
        as_json: bool,
        **given: Any,
    ) -> None:
        chosen = cast("Format", form or (format_of(output) if output else "csv"))
        opened = open_workspace(workspace)
        query = query_of(view, given)
        result = export(opened, view, query, chosen, output, raw=raw)
        said = what_is_said(opened, view, query)
        trusts = trusts_among(said)
        if as_json:
            written = {"path": str(result.path), "format": result.format, "rows": result.rows}
            print_json({**written, "trust": trusts})
            return
        say(result.path)
        say(f"{result.rows:,} {view.noun[1]} written.", err=True)
        for trust in trusts:
            say(trust_line(trust), err=True)
        if words := sum_of(said, opened.settings.currency):
            say(words, err=True)

    return write


for _view in VIEWS.values():
    command.add_command(_export_command(_view))
