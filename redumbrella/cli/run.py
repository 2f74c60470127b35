"""`umbrella run`: ingest, train, score and value customers, only what is stale."""

from dataclasses import asdict
from pathlib import Path

import click

from redumbrella.cli.sources_text import link_lines, note_lines, rejected_lines, summary
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.workflows.run import RunResult, run
from redumbrella.workflows.score import ScoreResult
from redumbrella.workspace import Workspace, open_workspace


@click.command("run")
@workspace_option
@json_option
@click.option("--fresh", is_flag=True, help="Train and score even when nothing has changed.")
def command(workspace: Path, *, as_json: bool, fresh: bool) -> None:
    """Ingest, train, score and value customers: only what is stale."""
    opened = open_workspace(workspace)
    with progress(quiet=as_json) as report:
        result = run(opened, report, fresh=fresh)
    if as_json:
        print_json(asdict(result))
        return
    tell(opened, result)


def tell(workspace: Workspace, result: RunResult) -> None:
    """Says what each step did, and what to look at next."""
    from redumbrella.cli.report_text import print_report
    from redumbrella.views.models import report_of

    _tell_sources(result)
    if workspace.settings.targets:
        if result.trained is None:
            say("The model in use rests on these leads already; nothing to train.")
        else:
            report = report_of(workspace, result.trained.version)
            print_report(report, workspace.settings.timezone)
        if result.scored is None:
            say("The list is up to date.")
        else:
            say(_scored(workspace, result.scored))
        for other in result.others:
            if other.trained is not None:
                say(f'Trained "{other.target}" too: umbrella report --target {other.target}')
            if other.scored is not None:
                say(_scored(workspace, other.scored))
    _tell_customers(workspace, result)
    nobody = result.scored is not None and not result.scored.leads and not result.others
    lists = ["leads"] * (bool(workspace.settings.targets) and not nobody)
    lists += ["customers"] * workspace.lake.exists("purchases")
    commands = " and ".join(f"umbrella {name}" for name in lists)
    if commands:
        say(f"See them: {commands}, or in the browser: umbrella serve")


def _tell_sources(result: RunResult) -> None:
    for source in result.ingested.sources:
        say(summary(source))
        for lines in (note_lines, rejected_lines):
            for line in lines(source):
                say(line)
    for line in link_lines(result.ingested.links):
        say(line)


def _scored(workspace: Workspace, scored: ScoreResult) -> str:
    if workspace.settings.target(scored.target).from_ is not None:
        if not scored.leads:
            return "No lead is open, so none was scored: one is open while its outcome is empty."
        return f"Scored {scored.leads:,} open leads."
    return (
        f'Scored {scored.leads:,} people for "{scored.target}": '
        f"umbrella leads --target {scored.target}"
    )


def _tell_customers(workspace: Workspace, result: RunResult) -> None:
    from redumbrella.reports.wording import base_total

    if result.customers is not None:
        say(base_total(result.customers.lifetime, workspace.settings.currency))
    elif workspace.lake.exists("purchases"):
        say("The list of customers is up to date.")
