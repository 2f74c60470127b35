"""`umbrella report`: the model report as a screen of text, a self-contained page, or JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from redumbrella.cli.lifetime_text import print_lifetime
from redumbrella.cli.report_text import print_report
from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.destinations.files import write_whole
from redumbrella.reports.model import FORMAT
from redumbrella.reports.wording import base_total
from redumbrella.views.lifetime import lifetime_of
from redumbrella.views.models import ModelReport, current_report, report_of
from redumbrella.workspace import Workspace, open_workspace


@click.command("report")
@workspace_option
@click.option("--format", "form", type=click.Choice(["html", "json"]),
              help="Write a page with charts, or JSON; default: a summary here.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write; default: exports/ for html, the terminal for json.")  # fmt: skip
@click.option("--target", default=None, help="Which target; default: the first one.")
@click.option("--model", "version", default=None, help="An earlier model's version.")
@json_option
def command(
    workspace: Path,
    *,
    form: str | None,
    output: Path | None,
    target: str | None,
    version: str | None,
    as_json: bool,
) -> None:
    """Show what the model rests on and whether its scores can be trusted."""
    opened = open_workspace(workspace)
    if not opened.settings.targets and target is None and version is None:
        _show_lifetime(opened, output, as_json=as_json or form == "json")
        return
    report = current_report(opened, target) if version is None else report_of(opened, version)
    if form is None and output is not None and not as_json:
        form = "json" if output.suffix.lower() == ".json" else "html"
    if form == "html" and not as_json:
        _write_page(opened, report, output)
    elif as_json or form == "json":
        _write_json(report.document, output)
    else:
        print_report(report, opened.settings.timezone)
        if report.document["lifetime"] is not None:
            say(base_total(report.document["lifetime"], opened.settings.currency))


def _write_page(workspace: Workspace, report: ModelReport, output: Path | None) -> None:
    from redumbrella.server.web.report_view import report_html

    path = output or workspace.root / "exports" / f"report-{report.facts.version}.html"
    html = report_html(workspace, report).encode()
    _write(path, html)


def _show_lifetime(workspace: Workspace, output: Path | None, *, as_json: bool) -> None:
    """The report of a workspace without targets: what its customers are worth.

    Raises SettingsError where not even that is known.
    """
    lifetime = lifetime_of(workspace)
    if lifetime is None:
        workspace.settings.target()  # says what to add to umbrella.toml
        return
    if as_json or output is not None:
        settings = workspace.settings
        whole = {"format": FORMAT, "workspace": settings.name, "currency": settings.currency}
        _write_json({**whole, "lifetime": lifetime}, output)
    else:
        print_lifetime(lifetime, workspace.settings.currency)


def _write_json(document: Mapping[str, Any], output: Path | None) -> None:
    if output is None:
        print_json(document)
        return
    import orjson

    _write(output, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def _write(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(content))
    say(path)
