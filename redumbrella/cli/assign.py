"""`umbrella assign`: which rep takes how many leads of today's list."""

from pathlib import Path
from typing import Any

import click

from redumbrella.cli.lists import list_options, show_list, top_option
from redumbrella.cli.terminal import json_option, progress, workspace_option
from redumbrella.views.assignment import ASSIGNMENT
from redumbrella.workspace import open_workspace


@click.command("assign")
@workspace_option
@click.option("--new", "anew", is_flag=True, help="Make the list anew, even if today has one.")
@top_option(ASSIGNMENT)
@list_options(ASSIGNMENT)
@json_option
def command(
    workspace: Path, *, anew: bool, top: int, as_json: bool, **given: Any
) -> None:  # fmt: skip
    """Show which rep takes how many leads of today's list, and the time that is left.

    Leads go where all reps together bring the most; `umbrella today --rep ID` shows the lines of
    one rep and why they went there. Where the day has no list yet it is made.
    """
    from redumbrella.clock import now
    from redumbrella.views.today import is_due
    from redumbrella.workflows.make_list import make_list

    opened = open_workspace(workspace)
    target = given.get("target")
    if anew or is_due(opened, target, now()):
        with progress(quiet=as_json) as report:
            make_list(opened, report, target_name=target)
    show_list(opened, ASSIGNMENT, top, given, as_json=as_json)
