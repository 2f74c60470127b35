"""`umbrella export scores`: all scores, or those that match, as CSV, Parquet or JSON lines."""

from pathlib import Path
from typing import cast

import click

from redumbrella.cli.terminal import json_option, print_json, workspace_option
from redumbrella.workflows.export import FORMATS, Format, export_scores
from redumbrella.workflows.lead_list import LeadQuery
from redumbrella.workflows.wording import parse_share
from redumbrella.workspace import open_workspace

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


@click.command("export")
@click.argument("what", type=click.Choice(["scores"]))
@workspace_option
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Default: by the name of the file, else csv.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write; default: a new one in exports/.")  # fmt: skip
@click.option("--grade", default="", help="Only this grade.")
@click.option("--min-probability", default="", metavar="SHARE",
              help='Only leads at or above it: 0.3 or "30 %".')  # fmt: skip
@click.option("--source", default="", help="Only leads from this source.")
@click.option("--search", default="", help="Only leads whose name or id contains this.")
@click.option("--target", default=None, help="Which target; default: the first one.")
@json_option
def command(
    workspace: Path,
    *,
    what: str,  # noqa: ARG001  one kind so far; lists follow
    form: str | None,
    output: Path | None,
    grade: str,
    min_probability: str,
    source: str,
    search: str,
    target: str | None,
    as_json: bool,
) -> None:
    """Write the scores to a file and print its path."""
    query = LeadQuery(
        search=search,
        grade=grade,
        min_probability=parse_share(min_probability, "--min-probability") if min_probability else 0,
        source=source,
        target=target,
    )
    by_name = _SUFFIXES.get(output.suffix.lower(), "csv") if output else "csv"
    chosen = cast("Format", form or by_name)
    result = export_scores(open_workspace(workspace), query, chosen, output)
    if as_json:
        print_json({"path": str(result.path), "format": result.format, "rows": result.rows})
    else:
        click.echo(result.path)
        click.echo(f"{result.rows:,} scores written.", err=True)
