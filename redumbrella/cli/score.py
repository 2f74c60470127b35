"""`umbrella score`: gives every open lead a probability, an interval and reasons."""

from dataclasses import asdict
from pathlib import Path

import click

from redumbrella.cli.instants import as_of_option, instant, tell_past
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.errors import SettingsError
from redumbrella.figures import count
from redumbrella.workflows.rescore_changed import RescoreResult, rescore_changed
from redumbrella.workflows.score import score
from redumbrella.workspace import Workspace, open_workspace


@click.command("score")
@workspace_option
@json_option
@as_of_option
@click.option("--target", help="Which target of umbrella.toml. Default: the first one of leads.")
@click.option(
    "--changed",
    is_flag=True,
    help="Only the leads about whose people something was read since they were scored, of every "
    "target that is about leads.",
)
def command(
    workspace: Path, *, as_json: bool, as_of: str | None, target: str | None, changed: bool
) -> None:
    """Give every open lead a probability, an interval and reasons."""
    opened = open_workspace(workspace)
    if changed:
        _changed(opened, as_json=as_json, other=as_of or target)
        return
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


def _changed(workspace: Workspace, *, as_json: bool, other: str | None) -> None:
    if other:
        raise SettingsError(
            "--changed scores the leads of every target as of now, so it takes neither --target "
            "nor --as-of.",
            reason="bad_parameter",
        )
    with progress(quiet=as_json) as report:
        result = rescore_changed(workspace, report)
    if as_json:
        print_json(asdict(result))
        return
    for line in rescored_lines(result):
        say(line)


def rescored_lines(result: RescoreResult) -> list[str]:
    """What was scored again, in sentences."""
    if not result.leads:
        said = ["Nothing was read about an open lead since it was scored."]
        return [*result.said] or said
    gone = f"; {count(result.left)} left the list" if result.left else ""
    gone += f", {count(result.closed)} of them closed" if result.closed else ""
    seconds = sum(result.seconds.values())
    leads = "1 open lead" if result.scored == 1 else f"{count(result.scored)} open leads"
    again = f"Scored {leads} again{gone}, in {seconds:.1f} seconds."
    return [again, *result.said, "See them: umbrella leads"]
