"""Why a score moved, for a terminal: one table of parts with their reasons."""

from redumbrella.cli.text import console, plain_table
from redumbrella.figures import factor, percent
from redumbrella.reports.changes import ScoreChange


def print_change(change: ScoreChange) -> None:
    """The two scores, each part with its reasons, and what cannot be told."""
    output = console()
    output.print(
        f"{change.lead_id}: {percent(change.probability_before)} on {change.since}, "
        f"{percent(change.probability)} on {change.until}.",
        style="bold",
        soft_wrap=True,
    )
    table = plain_table()
    table.add_column("What moved it", overflow="fold")
    table.add_column("Before", overflow="fold", style="dim")
    table.add_column("Odds", justify="right")
    table.add_column("Log-odds", justify="right")
    for part in change.parts:
        table.add_row(part.words, "", factor(part.change), f"{part.change:+.3f}", style="bold")
        for reason in part.reasons:
            figures = (factor(reason.change), f"{reason.change:+.3f}")
            table.add_row(f"  {reason.text}", reason.before, *figures)
        if part.reasons and abs(part.rest) >= 0.0005:
            table.add_row("  the rest", "", factor(part.rest), f"{part.rest:+.3f}", style="dim")
    total = change.log_odds - change.log_odds_before
    table.add_row("together", "", factor(total), f"{total:+.3f}", style="bold")
    output.print(table)
    for line in change.said:
        output.print(f"Note: {line}", soft_wrap=True)
