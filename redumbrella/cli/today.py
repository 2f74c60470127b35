"""`umbrella today`: whom to contact next; the list is made where the day has none yet."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from redumbrella.cli.instants import as_of_option, instant, tell_past
from redumbrella.cli.lists import insist_option, list_options, show_list, top_option
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.views.today import TODAY
from redumbrella.workspace import open_workspace


@click.command("today")
@workspace_option
@click.option("--capacity", type=click.IntRange(1), default=None,
              help="Room for so many leads. Default: what the reps have room for.")  # fmt: skip
@click.option("--worth", is_flag=True,
              help="Show instead what the lists earned more than others would have.")  # fmt: skip
@click.option("--new", "anew", is_flag=True, help="Make the list anew, even if today has one.")
@top_option(TODAY)
@list_options(TODAY)
@insist_option(TODAY)
@as_of_option
@json_option
def command(
    workspace: Path, *, capacity: int | None, worth: bool, anew: bool, top: int, as_of: str | None,
    as_json: bool, insist: bool, **given: Any,
) -> None:  # fmt: skip
    """Show whom to contact next: about what, why now, how likely, what it is worth.

    The first call of a day makes the list from the scores in use, by the rules under [list] in
    umbrella.toml; it then stays as it is. With --new, --capacity or --as-of it is made anew.
    """
    from redumbrella.clock import now
    from redumbrella.views.list_worth import list_worth
    from redumbrella.views.today import is_due
    from redumbrella.workflows.make_list import make_list

    opened = open_workspace(workspace)
    moment = instant(as_of, opened.settings.timezone)
    target = given.get("target")
    if worth:
        judged = list_worth(opened, target, moment or now())
        if as_json:
            print_json([asdict(one) for one in judged])
            return
        for one in judged:
            say(one.text)
        if not judged:
            say("No list is on record yet. Make one each day: umbrella today")
        return
    asked = anew or capacity is not None or moment is not None
    if asked or is_due(opened, target, now()):
        with progress(quiet=as_json) as report:
            make_list(opened, report, target_name=target, places=capacity, as_of=moment)
    show_list(opened, TODAY, top, given, as_json=as_json, insist=insist)
    tell_past(moment, opened.settings.timezone, "the list that everyone sees")
