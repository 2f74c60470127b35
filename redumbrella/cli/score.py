"""`umbrella score`: gives every open lead a probability, an interval and reasons."""

from dataclasses import asdict
from pathlib import Path

import click

from redumbrella.cli.instants import as_of_option, instant, tell_past
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.workflows.score import score
from redumbrella.workspace import open_workspace


@click.command("score")
@workspace_option
@json_option
@as_of_option
@click.option("--target", help="Which target of umbrella.toml. Default: the first one of leads.")
def command(workspace: Path, *, as_json: bool, as_of: str | None, target: str | None) -> None:
    """Give every open lead a probability, an interval and reasons."""
    opened = open_workspace(workspace)
    moment = instant(as_of, opened.settings.timezone)
    with progress(quiet=as_json) as report:
        result = score(opened, report, target_name=target, as_of=moment)
    if as_json:
        print_json(asdict(result))
        return
    say(f"Scored {result.leads:,} open leads with model {result.model_version}.")
    if result.said:
        say(result.said, lines=True)
    say("See them: umbrella leads")
    tell_past(moment, opened.settings.timezone, "the list that everyone sees")
