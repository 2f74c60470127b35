"""`umbrella train`: compares the families, chooses one and says whether it can be trusted."""

from pathlib import Path

import click

from redumbrella.cli.instants import as_of_option, instant, tell_past
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.workflows.train import train
from redumbrella.workspace import open_workspace


@click.command("train")
@workspace_option
@json_option
@as_of_option
@click.option("--target", help="Which target of umbrella.toml. Default: the first one of leads.")
def command(workspace: Path, *, as_json: bool, as_of: str | None, target: str | None) -> None:
    """Compare the model families, choose one, and say whether it can be trusted."""
    from redumbrella.cli.report_text import print_report
    from redumbrella.views.models import report_of

    opened = open_workspace(workspace)
    moment = instant(as_of, opened.settings.timezone)
    with progress(quiet=as_json) as report:
        result = train(opened, report, target_name=target, as_of=moment)
    if as_json:
        print_json(result.report)
        return
    print_report(report_of(opened, result.version), opened.settings.timezone)
    if not result.promoted:
        say("The earlier model stays in use: this one misses a gate of [success].")
        return
    tell_past(moment, opened.settings.timezone, "the model in use")
