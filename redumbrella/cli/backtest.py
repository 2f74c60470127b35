"""`umbrella backtest`: what would the scores have been, and what came of it?"""

from pathlib import Path

import click

from redumbrella.cli.instants import instant
from redumbrella.cli.terminal import json_option, print_json, progress, workspace_option
from redumbrella.cli.text import console, plain_table
from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.errors import SettingsError
from redumbrella.figures import iso_day, percent
from redumbrella.workspace import open_workspace

_UNITS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


@click.command("backtest")
@workspace_option
@json_option
@click.option("--from", "start", required=True, metavar="D", help="First instant, as 2026-01-31.")
@click.option("--to", "end", required=True, metavar="D", help="Last instant.")
@click.option("--every", default="7d", show_default=True, metavar="STEP",
              help='12h, 7d, 2w, or "touch": after every touch of a lead.')  # fmt: skip
@click.option("--refit", default=None, metavar="STEP",
              help="How often to learn anew; default: every step, once for touches.")  # fmt: skip
@click.option("--target", default=None, help="Which target of umbrella.toml; default: the first.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Write all rows to this .csv, .parquet or .jsonl file.")  # fmt: skip
def command(
    workspace: Path,
    *,
    as_json: bool,
    start: str,
    end: str,
    every: str,
    refit: str | None,
    target: str | None,
    output: Path | None,
) -> None:
    """Walk through the past: learn on what was known, score, compare with what came."""
    from redumbrella.learning.backtest import Plan
    from redumbrella.workflows.backtest import backtest

    opened = open_workspace(workspace)
    zone = opened.settings.timezone
    begin, stop = instant(start, zone, "--from"), instant(end, zone, "--to")
    assert begin is not None
    assert stop is not None
    plan = Plan(
        begin,
        stop,
        "touch" if every == "touch" else step(every, "--every"),
        None if refit is None else step(refit, "--refit"),
    )
    with progress(quiet=as_json) as report:
        result = backtest(opened, report, plan, target_name=target, path=output)
    if as_json:
        summary = {name: value for name, value in vars(result).items() if name != "table"}
        print_json({**summary, "path": None if output is None else str(output)})
        return
    out = console()
    out.print(
        f'"{result.target}": {result.rows:,} rows were scored as they would have been then; the '
        f"outcome of {result.known:,} is known. Family: {result.family.replace('_', ' ')}.",
        soft_wrap=True,
    )
    table = plain_table()
    for name in ("Learned on", "Lessons", "Scored", "Rate", "Log loss", "Base rate's"):
        table.add_column(name, justify="left" if name == "Learned on" else "right")
    for line in result.steps:
        figures = (line.base_rate, line.log_loss, line.prior_log_loss)
        shown = ["-" if value is None else f"{value:.4f}" for value in figures]
        if line.base_rate is not None:
            shown[0] = percent(line.base_rate)
        table.add_row(iso_day(line.learned_at, zone), f"{line.lessons:,}", f"{line.rows:,}", *shown)
    out.print(table)
    if result.metrics:
        out.print(
            f"All together: log loss {result.metrics['log_loss']:.4f} against "
            f"{result.prior_log_loss:.4f} of the base rate, AUC {result.metrics['auc']:.3f}, "
            f"calibration error {result.metrics['calibration_error']:.3f}.",
            soft_wrap=True,
        )
    if output is not None:
        out.print(f"All rows: {output}", soft_wrap=True)


def step(text: str, option: str) -> int:
    """A length of time such as 12h, 7d or 2w in microseconds. Raises SettingsError."""
    number, unit = text[:-1], text[-1:]
    try:
        days = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        days = 0.0
    if not 0 < days <= 36_500:
        raise SettingsError(
            f'{option} "{text}" is no length of time. Write it like 12h, 7d or 2w.',
            reason="unreadable_step",
        )
    return max(1, round(days * MICROSECONDS_PER_DAY))
