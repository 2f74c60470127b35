"""`umbrella customers`: the list of customers, made anew first as of another instant if asked."""

from pathlib import Path
from typing import Any

import click

from redumbrella.cli.instants import as_of_option, instant, tell_past
from redumbrella.cli.lists import insist_option, list_options, show_list, top_option
from redumbrella.cli.terminal import json_option, progress, workspace_option
from redumbrella.views.customers import CUSTOMERS
from redumbrella.workspace import open_workspace


@click.command("customers")
@workspace_option
@top_option(CUSTOMERS)
@list_options(CUSTOMERS)
@insist_option(CUSTOMERS)
@as_of_option
@json_option
def command(
    workspace: Path, *, top: int, as_of: str | None, as_json: bool, insist: bool, **given: Any
) -> None:
    """Show what each customer is worth and who is leaving, most valuable first.

    `umbrella run` makes the list. With --as-of it is made anew first, as of that instant.
    """
    opened = open_workspace(workspace)
    moment = instant(as_of, opened.settings.timezone)
    if moment is not None:
        from redumbrella.workflows.value_customers import value_customers

        with progress(quiet=as_json) as report:
            value_customers(opened, report, moment)
    show_list(opened, CUSTOMERS, top, given, as_json=as_json, insist=insist)
    tell_past(moment, opened.settings.timezone, "the list that everyone sees")
