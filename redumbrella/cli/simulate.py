"""`umbrella simulate`: a company whose truth is known, its days, its truth, and contests in it."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from redumbrella.cli.contest_text import print_contest
from redumbrella.cli.terminal import json_option, print_json, progress, say, workspace_option
from redumbrella.clock import now, to_datetime
from redumbrella.errors import SettingsError
from redumbrella.figures import counted
from redumbrella.simulation.parameters import KNOWN

START = "2025-01-01"
EARLIEST = 1990


@click.group("simulate")
def command() -> None:
    """A company whose truth is known: for demos, and for judging decisions.

    Nobody in it exists. It writes the files that a company has; its truth lies apart, in a folder
    that nothing else reads. Every assumption: docs/simulation.md.
    """


def _company_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which company, of which size."""
    words = f"One of {', '.join(KNOWN)}, or a TOML file of your own."
    size = click.Choice(["small", "medium", "large"])
    change = "Day on which the world changes suddenly; 0: never. Default: what the company says."
    for option in (
        click.option("--change-day", type=click.IntRange(0), default=None, help=change),
        click.option("--company", default="valiant", show_default=True, help=words),
        click.option("--size", type=size, default="small", show_default=True, help="How large."),
    ):
        function = option(function)
    return function


def _beginning(which: dict[str, Any], seed: int, start: date) -> Any:
    """A company that has not begun, as the options say."""
    from redumbrella.simulation.beginning import begin
    from redumbrella.simulation.parameters import company_text

    text = company_text(which["company"])
    return begin(text, seed, which["size"], start, which["change_day"], which["company"])


@command.command("new")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True,
              help="Another number is another company; the same gives the same files.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3650), default=120, show_default=True,
              help="How many days of past.")  # fmt: skip
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default=START, show_default=True,
              help="The first day.")  # fmt: skip
@_company_options
@json_option
def new(folder: Path, *, seed: int, days: int, start: Any, as_json: bool, **which: Any) -> None:
    """Write the past of a new company into FOLDER: its files and an umbrella.toml."""
    from redumbrella.simulation.files import write_company

    _check_days(start.date(), days)
    world = _beginning(which, seed, start.date())
    with progress(quiet=as_json) as report:
        for number in write_company(world, folder, days):
            report("Living the past", (number + 1) / days)
    made = {"folder": str(folder), "company": world.company.name, "seed": seed, "size": world.size,
            "first_day": str(world.start), "last_day": str(world.date_of(world.day - 1)),
            "people": len(world.people), "leads": len(world.leads)}  # fmt: skip
    if as_json:
        print_json(made)
        return
    say(f"{folder}: {world.company.name}, a simulated company, {made['first_day']} to "
        f"{made['last_day']}: {counted(len(world.people), 'visitor')}, "
        f"{counted(len(world.leads), 'lead')}.")  # fmt: skip
    say(f"Learn from it: umbrella run -w {folder}. Live on: umbrella simulate day -w {folder}. "
        f"What is true: umbrella simulate truth -w {folder} -o truth.csv")  # fmt: skip


def _check_days(start: date, days: int) -> None:
    """The past must lie in the past, and where calendars are sure."""
    today = to_datetime(now()).date()
    if start.year < EARLIEST or (today - start).days < days:
        raise SettingsError(
            f"The company would live from {start} for {days:,} days. Begin in {EARLIEST} or later, "
            f"and at most on {today - timedelta(days)}, so that its past is over today.",
            reason="bad_start",
        )


@command.command("day")
@workspace_option
@click.option("--days", type=click.IntRange(1, 3650), default=1, show_default=True,
              help="How many days to live.")  # fmt: skip
@click.option("--policy", type=click.Choice(["product", "arrival", "random", "points", "oracle"]),
              help="Who is called first where decisions/contacts.csv does not say. Default: the "
              "product's list where a model is in use, else the order of arrival.")  # fmt: skip
@json_option
def day(workspace: Path, *, days: int, policy: str | None, as_json: bool) -> None:
    """Live on: write what happens on the next days, as it follows from what was decided.

    Decisions are read from decisions/contacts.csv, mails.csv, budgets.csv and sales.csv in the
    workspace, by their column date. Where they say nothing, the company decides by itself.
    """
    from redumbrella.simulation.living import live_on
    from redumbrella.simulation.world import FOLDER, open_world

    world = open_world(workspace / FOLDER)
    lived = []
    with progress(quiet=as_json) as report:
        for number, one in enumerate(live_on(workspace, world, days, policy)):
            lived.append(one)
            report("Living on", (number + 1) / days)
    if as_json:
        print_json({"days": [asdict(one) for one in lived]})
        return
    for one in lived:
        say(f"{one.date}: {counted(one.new_leads, 'new lead')}, {counted(one.calls, 'call')} "
            f"({one.talks} talked) in the order of {one.order_of}, {one.won} won, "
            f"profit {one.profit:,.0f} {world.company.currency}.")  # fmt: skip
        if one.passed_over:
            say(f"  By the rules of the company, its time and its partners: {one.passed_over}.")
    if world.today > to_datetime(now()).date():
        say("Note: some of these days are still to come, and Red Umbrella uses no fact before its "
            "day.")  # fmt: skip


@command.command("truth")
@workspace_option
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="File to write: .csv, .parquet or .json.")  # fmt: skip
@click.option("--of", "about", type=click.Choice(["leads", "people", "campaigns"]),
              default="leads", show_default=True, help="Whose truth.")  # fmt: skip
def truth(workspace: Path, *, output: Path, about: str) -> None:
    """Write what is true: chances with and without a talk, values, the quality of campaigns."""
    from redumbrella.simulation.files import write_truth
    from redumbrella.simulation.truth import TRUTHS
    from redumbrella.simulation.world import FOLDER, open_world

    world = open_world(workspace / FOLDER)
    rows = TRUTHS[about](world)
    write_truth(rows, output, workspace)
    what = "messages of campaigns" if about == "campaigns" else about
    say(f"{output}: the truth about {rows.num_rows:,} {what}, as of {world.today}. Keep it out "
        "of what Red Umbrella reads.")  # fmt: skip


@command.command("contest")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True,
              help="How many days each policy has.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), default=5, show_default=True,
              help="In how many companies.")  # fmt: skip
@click.option("--policies", default="arrival,points,product,oracle", show_default=True,
              help="With commas between; the others are compared with the first.")  # fmt: skip
@click.option("--past", type=click.IntRange(1, 3650), default=120, show_default=True,
              help="Days of past to learn from.")  # fmt: skip
@click.option("--learn-every", type=click.IntRange(1), default=30, show_default=True,
              help="After how many days the product learns anew.")  # fmt: skip
@click.option("--ask-every", type=click.IntRange(1), default=1, show_default=True,
              help="After how many days it is asked for a new list.")  # fmt: skip
@_company_options
@json_option
def contest(
    *, days: int, seeds: int, policies: str, past: int, learn_every: int, ask_every: int,
    as_json: bool, **which: Any,
) -> None:  # fmt: skip
    """Play the same company under several policies and compare the profit, with standard errors."""
    from redumbrella.simulation.contest import Played, Rules, check_policies, contest_summary, play

    names = list(dict.fromkeys(name.strip() for name in policies.split(",") if name.strip()))
    check_policies(names)
    rules, played = Rules(days, learn_every, ask_every), []
    with progress(quiet=as_json) as report, TemporaryDirectory(prefix="umbrella-contest-") as room:
        for seed in range(1, seeds + 1):
            world = _beginning(which, seed, date.fromisoformat(START))
            for one in play(world, Path(room) / str(seed), past, names, rules):
                if isinstance(one, Played):
                    played.append(one)
                else:
                    report(f"Company {seed} of {seeds}", (seed - 1 + one) / seeds)
    rows = contest_summary(played)
    if as_json:
        print_json({"days": days, "past": past, "size": which["size"], "company": which["company"],
                    "policies": rows, "played": [asdict(one) for one in played]})  # fmt: skip
        return
    print_contest(rows, days, world.company.currency)
