"""`umbrella export`: scores or customers, all or some, as CSV, Parquet or JSON lines."""

from pathlib import Path
from typing import cast

import click

from redumbrella.cli.terminal import json_option, print_json, workspace_option
from redumbrella.destinations.files import FORMATS, ExportResult, Format
from redumbrella.figures import parse_share
from redumbrella.views.customers import CustomerQuery
from redumbrella.views.leads import LeadQuery
from redumbrella.workflows.customer_export import export_customers
from redumbrella.workflows.export import export_scores
from redumbrella.workspace import open_workspace

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


@click.command("export")
@click.argument("what", type=click.Choice(["scores", "customers"]))
@workspace_option
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Default: by the name of the file, else csv.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write; default: a new one in exports/.")  # fmt: skip
@click.option("--grade", default="", help="Only this grade.")
@click.option("--min-probability", default="", metavar="SHARE",
              help='Only leads at or above it: 0.3 or "30 %".')  # fmt: skip
@click.option("--source", default="", help="Only leads from this source.")
@click.option("--search", default="", help="Only those whose name or id contains this.")
@click.option("--segment", default="", help="Only customers of this segment.")
@click.option("--target", default=None, help="Which target; default: the first one.")
@json_option
def command(
    workspace: Path,
    *,
    what: str,
    form: str | None,
    output: Path | None,
    grade: str,
    min_probability: str,
    source: str,
    search: str,
    segment: str,
    target: str | None,
    as_json: bool,
) -> None:
    """Write the scores or the customers to a file and print its path."""
    by_name = _SUFFIXES.get(output.suffix.lower(), "csv") if output else "csv"
    chosen = cast("Format", form or by_name)
    opened = open_workspace(workspace)
    if what == "customers":
        wanted = CustomerQuery(search=search, segment=segment)
        _told(export_customers(opened, wanted, chosen, output), what, as_json=as_json)
        return
    query = LeadQuery(
        search=search,
        grade=grade,
        min_probability=parse_share(min_probability, "--min-probability") if min_probability else 0,
        source=source,
        target=target,
    )
    _told(export_scores(opened, query, chosen, output), what, as_json=as_json)


def _told(result: ExportResult, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"path": str(result.path), "format": result.format, "rows": result.rows})
    else:
        click.echo(result.path)
        click.echo(f"{result.rows:,} {what} written.", err=True)
