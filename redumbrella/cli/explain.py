"""`umbrella explain ID`: one lead's score, the reasons, its record, the model behind it."""

from pathlib import Path
from shlex import quote

import click

from redumbrella.cli.change_text import print_change
from redumbrella.cli.lists import INSIST
from redumbrella.cli.terminal import json_option, pasted, print_json, workspace_option
from redumbrella.cli.text import console, model_line, plain_table, print_trust
from redumbrella.decisions.qualification import Card
from redumbrella.figures import (
    TO,
    chance_from_log_odds,
    count,
    decimal,
    factor,
    interval,
    moment,
    money,
    percent,
    plain,
)
from redumbrella.reports.wording import expectation
from redumbrella.views.explanation import Reason
from redumbrella.views.lead import Explanation, LeadDetail, lead_detail
from redumbrella.views.similar_leads import SimilarLeads, similar_to
from redumbrella.views.table import parse_day
from redumbrella.views.worth import parts_of
from redumbrella.visible import visible_line
from redumbrella.workspace import open_workspace

_LINES = 12  # facts of a timeline that a terminal shows
_BAR = 12  # characters of the longest bar
_SHARED = 3  # what a similar lead has in common, of which a terminal tells so much


@click.command("explain")
@click.argument("lead_id", metavar="ID")
@workspace_option
@click.option("--target", default=None, help="Which target; default: the first one.")
@click.option("--product", default=None, help="Which product; default: the most probable one.")
@click.option("--since", metavar="DAY", help="Why the score moved since a day: 2026-11-01.")
@click.option("--similar", is_flag=True, help="Show the closed leads most like it instead.")
@click.option("--insist", is_flag=True, help=INSIST)
@json_option
def command(
    workspace: Path,
    *,
    lead_id: str,
    target: str | None,
    product: str | None,
    since: str | None,
    similar: bool,
    insist: bool,
    as_json: bool,
) -> None:
    """Show why one lead has its score. ID is the lead's id, as `umbrella leads` shows it.

    With --since, show why the score moved since that day: what time did, what happened since, what
    was corrected in the record and what a new model did; the parts sum to the difference.
    """
    opened = open_workspace(workspace)
    if since is not None:
        # Brings the models along, for which no other look-up should wait.
        from redumbrella.views.score_change import explain_change

        change = explain_change(opened, lead_id, parse_day(since), target)
        if as_json:
            print_json(change)
        else:
            print_change(change)
        return
    if similar:
        alike = similar_to(opened, lead_id, target, product)
        if as_json:
            print_json(alike)
        else:
            _print_similar(alike, opened.settings.currency)
        return
    detail = lead_detail(opened, lead_id, target, product)
    if as_json:
        print_json(detail)
    else:
        _print(detail, insist=insist)


def _print(lead: LeadDetail, *, insist: bool) -> None:
    score = lead.score
    numbers = insist or lead.trust.shows_numbers
    output = console()
    print_trust(
        lead.trust, insist=insist, way=f"umbrella explain {quote(lead.score['lead_id'])} --insist"
    )
    name = (
        score["label"]
        if score["label"] == score["lead_id"]
        else f"{score['label']} ({score['lead_id']})"
    )
    output.print(name, style="bold")
    if score["held_out"]:
        came = f"Held out: this lead is closed, {score['held_out']}. The score did not know."
        output.print(came, soft_wrap=True)
    if numbers:
        output.print(_chance(lead), soft_wrap=True)
    output.print(_standing(lead, numbers=numbers), soft_wrap=True)
    if (step := _step(lead)) != "":
        output.print(step, soft_wrap=True)
    _print_reasons(lead.explanation, "lead" if lead.about_leads else "person", numbers=numbers)
    _print_timeline(lead)
    _print_products(lead, numbers=numbers)
    _print_worth(lead, numbers=numbers)
    _print_record(lead)
    output.print(model_line(lead.model), soft_wrap=True)


def _chance(lead: LeadDetail) -> str:
    """The probability, and what it means."""
    score, product = lead.score, lead.score["product_id"]
    ends, about = (score["low"], score["high"]), lead.about_leads
    said = expectation(score["probability"], *ends, about_leads=about, product=product)
    return f'{percent(score["probability"])} for "{product or score["target"]}". {said}'


def _standing(lead: LeadDetail, *, numbers: bool) -> str:
    """The place in the order, and grade and value where they may be shown."""
    score, known = lead.score, moment(lead.score["as_of"], lead.timezone)
    if score["scored_at"] is not None:
        scored = moment(score["scored_at"], lead.timezone)
        known = f"{known}, scored {scored}" if scored != known else known
    grade = f", grade {score['grade']}" if numbers and score["grade"] else ""
    value = (
        f" Expected value {money(score['expected_value'], lead.currency)}."
        if numbers and score["expected_value"] is not None
        else ""
    )
    level = f", level with {count(lead.equals)} others" if lead.equals else ""
    rank = f"{count(lead.rank)} of {count(lead.ranked)} by probability{level}"
    if numbers and lead.rank_by_value is not None:
        rank = f"{count(lead.rank_by_value)} by expected value, {rank}"
    rank = f"Rank {rank}{grade}."
    stage = f" Stage: {visible_line(score['stage'])}." if score["stage"] else ""
    return f"{rank}{value}{stage} As known on {known}."


def _step(lead: LeadDetail) -> str:
    """What to do next and who owns the lead; empty for people."""
    if not lead.about_leads:
        return ""
    line = lead.next_step
    said = "Not on today's list."
    if line is not None:
        why = f" ({line.why_now})" if line.why_now else ""
        step = "done" if line.is_done else f"{line.next_step}{why}"
        said = f"Next step: {step}; place {count(line.place)} on {line.day}."
    return visible_line(f"{said} Owner: {lead.names.rep or 'nobody yet'}.")


def _print_similar(alike: SimilarLeads, currency: str) -> None:
    """Closed leads most like one, and how they ended."""
    table = plain_table()
    table.add_column("Similar past leads", overflow="fold")
    for heading in ("Ended", "Amount", "Days", "Alike"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("What they share", overflow="fold")
    for past in alike.leads:
        table.add_row(
            visible_line(past.lead_id),
            "won" if past.won else "lost",
            money(past.amount, currency),
            decimal(past.days, 0),
            percent(past.likeness, 0),
            visible_line("; ".join(past.shares[:_SHARED])),
        )
    console().print(table)
    of = f"Of all {count(alike.among)} closed leads {percent(alike.won / alike.among, 0)} were won."
    console().print(f"{of} {alike.said}", soft_wrap=True)


def _print_products(lead: LeadDetail, *, numbers: bool) -> None:
    """What else this person is likely to buy; the explained product is marked."""
    if len(lead.products) < 2:
        return
    table = plain_table()
    table.add_column("Likeliest products", overflow="fold", max_width=40)
    for heading in ("Probability", "Interval", "Mean sale", "Exp. value") if numbers else ():
        table.add_column(heading, justify="right", no_wrap=True)
    for each in lead.products:
        shown = each.product_id == lead.score["product_id"]
        figures = (
            percent(each.probability),
            interval(each.low, each.high),
            money(each.amount, lead.currency),
            money(each.expected_value, lead.currency),
        )
        name = each.name + (" *" if shown else "")
        table.add_row(name, *(figures if numbers else ()), style="bold" if shown else None)
    console().print(table)


def _print_worth(lead: LeadDetail, *, numbers: bool) -> None:
    """The qualification card, then each part of the worth that is known, as lines."""
    if numbers and lead.worth is not None and lead.worth.card is not None:
        _print_card(lead.worth.card)
    parts = parts_of(lead.worth, lead.currency, numbers=numbers)
    if not parts:
        return
    table = plain_table()
    table.show_header = False
    for _ in range(3):
        table.add_column(overflow="fold")
    for part in parts:
        table.add_row(part.heading, style="bold")
        for item in part.figures:
            table.add_row(f"  {item.name}", item.figure, item.note)
    console().print(table)


def _print_card(card: Card) -> None:
    """Four bars from 0 to 100 with their intervals and figures, and the total."""
    table = plain_table()
    table.add_column("Qualification")
    table.add_column("Score", justify="right", style="bold")
    table.add_column("Likely", justify="right", style="dim", no_wrap=True)
    table.add_column("0         100", no_wrap=True)
    table.add_column("", overflow="fold")
    for criterion in card.criteria:
        bar = "#" * round(_BAR * criterion.score / 100.0)
        likely = f"{decimal(criterion.low, 0)}{TO}{decimal(criterion.high, 0)}"
        score = decimal(criterion.score, 0)
        table.add_row(criterion.label, score, likely, bar, criterion.figures)
    likely = f"{decimal(card.low, 0)}{TO}{decimal(card.high, 0)}"
    weights = pasted("weights: umbrella weights")
    table.add_row("Total", decimal(card.total, 0), likely, "", weights)
    console().print(table)


def _print_reasons(why: Explanation | None, whom: str, *, numbers: bool) -> None:
    output = console()
    if why is None or not (why.raises or why.lowers):
        output.print("\nNo reason stands out: this score is the average rate.\n", soft_wrap=True)
        return
    largest = max(abs(part.contribution) for part in why.raises + why.lowers)
    table = plain_table()
    table.add_column("Reason", overflow="fold")
    table.add_column(f"This {whom}", overflow="fold", max_width=24)
    table.add_column("Usual", overflow="fold", max_width=24, style="dim")
    table.add_column("Odds" if numbers else "", justify="right")
    table.add_column("", no_wrap=True)
    for reason in why.raises + why.lowers:
        table.add_row(
            reason.text,
            plain(reason.value),
            plain(reason.usual),
            factor(reason.contribution) if numbers else "",
            _bar(reason, largest),
        )
    rest = factor(why.rest) if numbers else ""
    table.add_row("everything else together", "", "", rest, "", style="dim")
    starts = percent(chance_from_log_odds(why.base))
    output.print(f"\nAn average {whom} starts at {starts}." if numbers else "")
    output.print(table)


def _bar(reason: Reason, largest: float) -> str:
    length = max(1, round(_BAR * abs(reason.contribution) / largest)) if largest else 0
    return ("+" if reason.contribution >= 0 else "-") * length


def _print_record(lead: LeadDetail) -> None:
    if not lead.fields:
        return
    table = plain_table()
    table.add_column("Record", style="dim", overflow="fold", max_width=40)
    table.add_column("Value", overflow="fold")
    for field in lead.fields:
        said = f"{plain(field.value, lead.timezone)} {field.unit}".rstrip()
        table.add_row(field.label, field.meaning or said)
    console().print(table)


def _print_timeline(lead: LeadDetail) -> None:
    if not lead.timeline:
        return
    shown = lead.timeline[:_LINES]
    table = plain_table()
    table.add_column("When", style="dim", no_wrap=True)
    table.add_column("What happened", overflow="fold")
    table.add_column("", overflow="fold")
    for entry in shown:
        table.add_row(moment(entry.at, lead.timezone), entry.what, entry.detail)
    console().print(table)
    if lead.timeline_total > len(shown):
        console().print(f"The newest {len(shown)} of {count(lead.timeline_total)} facts.")
