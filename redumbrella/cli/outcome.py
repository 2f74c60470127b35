"""`umbrella outcome ID WHAT`: log what came of a contact with a lead, or undo it."""

from pathlib import Path
from typing import Any

import click

from redumbrella.cli.instants import instant
from redumbrella.cli.terminal import json_option, pasted, print_json, workspace_option
from redumbrella.cli.text import console
from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.figures import moment, percent
from redumbrella.outcomes import OUTCOMES, OutcomeRequest, amount_of, day_of_text
from redumbrella.reports.outcomes import LoggedOutcome
from redumbrella.workflows.log_outcome import (
    log_outcome,
    newest_number,
    undo_outcome,
)
from redumbrella.workspace import Workspace, open_workspace

_MEANINGS = "\n\n".join(f"{one.name}: {one.means}" for one in OUTCOMES.values())


@click.command("outcome", epilog=_MEANINGS)
@click.argument("lead_id", metavar="ID")
@click.argument("what", metavar="WHAT", default="")
@workspace_option
@click.option("--amount", default="", help="Of the sale, for won: 1200 or 1200.50.")
@click.option("--date", "date", default="", metavar="DAY",
              help="When to contact the lead again, for later: 2026-12-24.")  # fmt: skip
@click.option("--reason", default="", help="Why it was lost.")
@click.option("--minutes", default="", help="How long the contact took.")
@click.option("--note", default="", help="Anything else.")
@click.option("--rep", default="", help="Who had the contact, by id.")
@click.option("--kind", default="call", show_default=True, help="Of the contact: call, email ...")
@click.option("--at", default=None, metavar="T", help="When it was. Default: now.")
@click.option("--key", default="", help="Sent again with the same key, it is logged once.")
@click.option("--seen", type=int, default=None,
              help="Number of the lead's newest outcome that you know of, 0 for none.")  # fmt: skip
@click.option("--undo", is_flag=True, help="Take back the newest outcome of the lead.")
@json_option
def command(
    workspace: Path, *, lead_id: str, what: str, undo: bool, as_json: bool, **given: Any
) -> None:
    """Log what came of a contact with a lead: it becomes a fact, and the lead is scored again.

    WHAT is one of the outcomes below. won, lost, wrong_person and bad_fit close the lead. Within a
    day --undo takes it back.
    """
    opened = open_workspace(workspace)
    if undo:
        result = _undone(opened, lead_id, what, given["rep"])
    else:
        asked = OutcomeRequest(
            lead_id,
            what,
            amount=amount_of(given["amount"]),
            date=day_of_text(given["date"]),
            reason=given["reason"],
            minutes=amount_of(given["minutes"], "number of minutes"),
            note=given["note"],
            rep=given["rep"],
            kind=given["kind"],
            at=instant(given["at"], opened.settings.timezone, "--at"),
            seen=given["seen"],
        )
        result = log_outcome(opened, asked, given["key"])
    if as_json:
        print_json(result)
    else:
        _print(opened, result)


def _undone(opened: Workspace, lead_id: str, what: str, by: str) -> LoggedOutcome:
    if what:
        message = f'--undo takes back the newest outcome whatever it is: leave "{what}" out.'
        raise SettingsError(message, reason="undo_and_outcome")
    number = newest_number(opened, lead_id)
    if not number:
        message = f'Nothing that stands was logged for a lead "{lead_id}", so nothing is undone.'
        raise NotFoundError(message, reason="unknown_outcome")
    return undo_outcome(opened, number, by, lead_id)


def _print(opened: Workspace, result: LoggedOutcome) -> None:
    output = console()
    head = "On record already: " if result.again else ""
    output.print(f"{head}lead {result.lead_id}: {result.said}.", soft_wrap=True, markup=False)
    for move in result.moves:
        before, after = (None if p is None else percent(p) for p in (move.before, move.after))
        if before is None and after is None:
            continue
        told = f'"{move.target}": {before or "not on the list"}, now {after or "off the list"}.'
        output.print(told, soft_wrap=True, markup=False)
    if result.waiting:
        output.print(pasted(result.waiting), soft_wrap=True, markup=False)
    if not result.undone:
        until = moment(result.undo_until, opened.settings.timezone)
        undo = pasted(f"umbrella outcome {result.lead_id} --undo")
        output.print(f"To take it back until {until}: {undo}", soft_wrap=True, markup=False)
