"""`umbrella run`: ingest, train, score and value customers, only what is stale."""

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
from redumbrella.errors import SettingsError
from redumbrella.figures import counted, percent
from redumbrella.workflows.run import RunResult, run
from redumbrella.workflows.score import HeldOut, ScoreResult
from redumbrella.workspace import Workspace, open_workspace


@click.command("run")
@workspace_option
@json_option
@click.option("--fresh", is_flag=True, help="Train and score even when nothing has changed.")
@click.option("--hold-out", metavar="SHARE",
              help="Learn without the newest closed leads and list them as if they were open, with "
              "what came of each: a share such as 10% or 0.1, or a number of leads. The next run "
              "without it goes back.")  # fmt: skip
def command(workspace: Path, *, as_json: bool, fresh: bool, hold_out: str | None) -> None:
    """Ingest, train, score, value customers, recommend, list whom to contact: what is stale."""
    opened = open_workspace(workspace)
    share = 0.0 if hold_out is None else _share(hold_out)
    with progress(quiet=as_json) as report:
        result = run(opened, report, fresh=fresh, hold_out=share)
    if as_json:
        print_json(asdict(result))
        return
    tell(opened, result)
    skipped = {one.target for one in result.skipped}
    _tell_trust(opened, skipped)
    has_list = bool(result.others) or not _is_nobody_open(opened)
    _tell_where(opened, has_list=has_list and len(skipped) < len(opened.settings.targets))


def _share(text: str) -> float:
    """'10%' and '0.1' are a share; a whole number from 1 on is so many leads.

    Raises SettingsError for anything else.
    """
    typed = text.strip().replace(",", ".")
    number = typed.removesuffix("%").strip()
    try:
        value = float(number) / (100.0 if typed.endswith("%") else 1.0)
    except ValueError:
        value = 0.0
    if 0.0 < value < 1.0 or (number == typed and value >= 1.0 and value.is_integer()):
        return value
    message = f'--hold-out must be a share such as 10% or 0.1, or a number of leads, not "{text}".'
    raise SettingsError(message, reason="bad_share")


def tell(workspace: Workspace, result: RunResult) -> None:
    """Says what each step did."""
    from redumbrella.cli.report_text import print_report
    from redumbrella.views.leads import LEADS
    from redumbrella.views.models import report_of

    if result.trained is None and _is_nobody_open(workspace):
        say(LEADS.nothing(workspace, None))
    _tell_sources(result)
    main = workspace.settings.main_target
    skipped = {one.target for one in result.skipped}
    if main is not None and main.name not in skipped:
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
    if result.recommended is not None:
        say(
            f"Recommended products to {counted(result.recommended.people, 'person', 'people')}: "
            "umbrella recommendations"
        )
    if result.listed is not None and result.listed.lines:
        say(f"{counted(result.listed.lines, 'lead')} to contact today: umbrella today")
    for one in result.skipped:
        say(f'Skipped "{one.target}" [{one.reason}]: {one.message}')


def _tell_trust(workspace: Workspace, skipped: set[str]) -> None:
    """The last word on each list: whether it may be relied on, and what follows."""
    from redumbrella.cli.text import print_trust
    from redumbrella.views.trust import trust_in_list

    names = [target.name for target in workspace.settings.targets if target.name not in skipped]
    for name in names:
        with workspace.state.reading() as connection:
            trust = trust_in_list(connection, name)
        print_trust(trust, named=len(names) > 1)


def _tell_where(workspace: Workspace, *, has_list: bool) -> None:
    """Where the lists are."""
    lists = ["leads"] * has_list + ["customers"] * workspace.lake.exists("purchases")
    commands = " and ".join(f"umbrella {name}" for name in lists)
    if commands:
        say(f"See them: {commands}, or in the browser: umbrella serve")


def _tell_sources(result: RunResult) -> None:
    for source in result.ingested.sources:
        say(summary(source))
        for lines in (outcome_lines, note_lines, rejected_lines):
            for line in lines(source):
                say(line)
    for line in link_lines(result.ingested.links):
        say(line)


def _is_nobody_open(workspace: Workspace) -> bool:
    """Whether the list of leads has no rows."""
    from redumbrella.views.leads import LEADS
    from redumbrella.views.listing import is_empty

    main = workspace.settings.main_target
    about_leads = main is not None and main.from_ is not None
    return about_leads and is_empty(workspace, LEADS, LEADS.query({}))


def _scored(workspace: Workspace, scored: ScoreResult) -> str:
    if workspace.settings.target(scored.target).from_ is not None:
        if not scored.leads:
            return "No lead is open, so none was scored: one is open while its outcome is empty."
        if scored.held_out is not None:
            return _held_out(scored.leads, scored.held_out)
        return f"Scored {counted(scored.leads, 'open lead')}."
    return (
        f'Scored {scored.leads:,} people for "{scored.target}": '
        f"umbrella leads --target {scored.target}"
    )


def _held_out(leads: int, held: HeldOut) -> str:
    best, every = held.best_won / held.best, held.won / held.leads
    others = leads - held.leads
    beside = f" and {counted(others, 'open lead')}" if others else ""
    return (
        f"Scored {counted(held.leads, 'lead')} held out{beside}. Of the {held.best:,} most "
        f"probable ones held out {percent(best)} were won, against {percent(every)} of all."
    )


def _tell_customers(workspace: Workspace, result: RunResult) -> None:
    from redumbrella.reports.wording import base_total

    if result.customers is not None:
        say(base_total(result.customers.lifetime, workspace.settings.currency))
    elif workspace.lake.exists("purchases"):
        say("The list of customers is up to date.")
