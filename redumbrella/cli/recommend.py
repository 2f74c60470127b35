"""`umbrella recommend`: makes everybody's lists of products, and says how they were made."""

from pathlib import Path

import click

from redumbrella.cli.instants import as_of_option, instant, tell_past
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.figures import count, counted
from redumbrella.workspace import open_workspace


@click.command("recommend")
@workspace_option
@as_of_option
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Also write every place of every list: .csv, .parquet or .jsonl.")  # fmt: skip
@json_option
def command(workspace: Path, *, as_of: str | None, output: Path | None, as_json: bool) -> None:
    """Make the lists of products to offer each person, and say how they were chosen.

    Three lists, as they are three problems: what was bought before, what is new to the person, and
    what newcomers take; and both together for who has bought. `umbrella recommendations` shows
    them, `umbrella run` keeps them fresh.
    """
    from redumbrella.clock import now
    from redumbrella.destinations.files import format_of, write_rows
    from redumbrella.views.recommendations import PLACE_FIELDS, every_place
    from redumbrella.workflows.recommend import recommend

    form = None if output is None else format_of(output)
    opened = open_workspace(workspace)
    moment = instant(as_of, opened.settings.timezone)
    with progress(quiet=as_json) as report:
        made = recommend(opened, report, moment)
    written = None
    if output is not None and form is not None:
        read_at = made.as_of if moment is not None else now()
        written = write_rows(output, form, PLACE_FIELDS, every_place(opened, read_at))
    if as_json:
        print_json({"people": made.people, "lists": made.lists, "reports": made.reports})
        return
    say(f"{count(made.lists)} lists for {counted(made.people, 'person', 'people')}.")
    for each in made.reports:
        say(f'Recommender "{each["recommender"]}", {each["horizon_days"]:g} days ahead:')
        say(f"{each['described']}.")
        for one in each["lists"]:
            if one["people"]:
                say(f"- {one['sentence']}")
                if one["probability"]:
                    say(f"  {one['probability']}")
        for note in each["notes"]:
            say(f"- {note}")
    if written is not None:
        say(f"{count(written)} places in {output}.")
    else:
        say("umbrella recommendations shows them.")
    tell_past(moment, opened.settings.timezone, "the lists that everyone sees")
