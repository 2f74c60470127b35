"""`umbrella weights`: the company's objectives, shown or set, and what setting them changed."""

from getpass import getuser
from pathlib import Path

import click

from redumbrella.cli.terminal import json_option, pasted, print_json, workspace_option
from redumbrella.cli.text import console, plain_table
from redumbrella.decisions.qualification import LABELS, Weights
from redumbrella.errors import SettingsError
from redumbrella.figures import count, decimal, moment, percent, plain
from redumbrella.views.weights import WeightsHistory, weights_history
from redumbrella.workflows.set_weights import Moves, Reweighed, set_weights
from redumbrella.workspace import Workspace, open_workspace


@click.command("weights")
@workspace_option
@click.option("--set", "given", multiple=True, metavar="CRITERION=NUMBER",
              help="A new weight, from 0 up; can be repeated. Others keep theirs.")  # fmt: skip
@click.option("--note", default="", help="Why, for the history of versions.")
@json_option
def command(workspace: Path, *, given: tuple[str, ...], note: str, as_json: bool) -> None:
    """Show what counts in the qualification of leads, or set it.

    The criteria are ease_of_conversion, ease_of_delivery, profit and fit. Only the ratio of their
    weights matters: profit=2 counts profit twice. All cards are weighed anew at once.
    """
    opened = open_workspace(workspace)
    if not given:
        history = weights_history(opened)
        if as_json:
            print_json(history)
        else:
            _print_history(opened, history)
        return
    result = set_weights(opened, dict(map(_pair, given)), _user(), note)
    if as_json:
        print_json(result)
    else:
        _print_change(opened, result)


def _pair(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    try:
        if not equals:
            raise ValueError
        return name.strip(), float(number.replace(",", "."))
    except ValueError:
        message = f'--set "{text}" is no weight. Write it like --set profit=2.'
        raise SettingsError(message, reason="bad_weight") from None


def _user() -> str:
    """The name of the account, where the machine knows one."""
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


def _print_history(workspace: Workspace, history: WeightsHistory) -> None:
    output = console()
    output.print("What counts in the qualification of leads:")
    output.print(_weights_table(history.current, None))
    table = plain_table()
    table.add_column("Version", justify="right")
    for heading in ("Set on", "By", "Weights", "Note"):
        table.add_column(heading, overflow="fold")
    for version in history.versions:
        table.add_row(
            count(version.version),
            moment(version.set_at, workspace.settings.timezone),
            plain(version.set_by or None),
            _in_brief(version),
            version.note,
        )
    output.print(table)
    output.print(pasted("Set them: umbrella weights --set profit=2 --set fit=0"), soft_wrap=True)


def _print_change(workspace: Workspace, result: Reweighed) -> None:
    output = console()
    output.print(f"Version {result.current.version} of the weights is in use.", style="bold")
    output.print(_weights_table(result.current, result.before))
    if not result.targets:
        output.print(
            pasted(
                "No lead has a qualification card yet: the weights count from the next "
                "`umbrella score` on."
            ),
            soft_wrap=True,
        )
    for moves in result.targets:
        several = len(workspace.settings.targets) > 1
        _print_moves(moves, f' of "{moves.target}"' if several else "")


def _print_moves(moves: Moves, of: str) -> None:
    output = console()
    output.print(
        f"{count(moves.cards)} leads{of} weighed anew: {count(moves.changed)} of the first "
        f"{count(moves.first)} are new there.",
        soft_wrap=True,
    )
    if not moves.moved:
        output.print("The order stays the same.")
        return
    table = plain_table()
    table.add_column("Moved most", overflow="fold", max_width=40)
    for heading in ("Place before", "now", "Qualification before", "now"):
        table.add_column(heading, justify="right")
    for lead in moves.moved:
        name = lead.label if lead.label == lead.lead_id else f"{lead.label} ({lead.lead_id})"
        table.add_row(
            f"{name}, {lead.product_id}" if lead.product_id else name,
            count(lead.place_before),
            count(lead.place_after),
            decimal(lead.before, 0),
            decimal(lead.after, 0),
        )
    output.print(table)
    output.print(pasted("The new order: umbrella leads --sort qualification"), soft_wrap=True)


def _weights_table(weights: Weights, before: Weights | None) -> object:
    table = plain_table()
    table.add_column("Criterion")
    table.add_column("Name for --set", style="dim")
    if before is not None:
        table.add_column("Before", justify="right")
    table.add_column("Weight", justify="right", style="bold")
    table.add_column("Counts", justify="right")
    total = sum(weights.weights.values())
    for name, label in LABELS.items():
        weight = weights.weights.get(name, 0.0)
        old = [] if before is None else [plain(before.weights.get(name, 0.0))]
        share = percent(weight / total, 0) if total > 0 else plain(None)
        table.add_row(label, name, *old, plain(weight), share)
    return table


def _in_brief(weights: Weights) -> str:
    return ", ".join(f"{name}={plain(weight)}" for name, weight in weights.weights.items())
