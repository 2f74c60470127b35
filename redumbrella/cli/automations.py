"""`umbrella automations`: rules that act by themselves: list, check, dry run, on, off, stop."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from redumbrella.cli.instants import instant
from redumbrella.cli.terminal import (
    json_option,
    print_error,
    print_json,
    say,
    workspace_option,
)
from redumbrella.cli.text import console, plain_table
from redumbrella.figures import count, counted, moment
from redumbrella.views.automations import (
    AutomationFacts,
    Automations,
    automation_detail,
    automations,
    counts_by_state,
)
from redumbrella.views.outbox import state_words
from redumbrella.views.rules import rule_named
from redumbrella.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from redumbrella.settings.automations import Automation

_NONE = (
    "There is no rule yet. Write [[automations]] in umbrella.toml, or make one on the page "
    "Automations; `umbrella automations check` then says what it lacks."
)


@click.group("automations", invoke_without_command=True)
@workspace_option
@json_option
@click.pass_context
def command(context: click.Context, workspace: Path, *, as_json: bool) -> None:
    """Rules that act by themselves; alone it lists them.

    A rule waits for something and does something then. Rules stand in umbrella.toml or are made on
    the page; they are off until they are switched on, and the worker, `umbrella work`, runs them.
    """
    if context.invoked_subcommand is None:
        _list(open_workspace(workspace), as_json=as_json)


@command.command("list")
@workspace_option
@json_option
def list_all(workspace: Path, *, as_json: bool) -> None:
    """Show every rule, whether it is on, and what it did."""
    _list(open_workspace(workspace), as_json=as_json)


@command.command("check")
@workspace_option
@json_option
def check_all(workspace: Path, *, as_json: bool) -> None:
    """Say what keeps rules from working: nothing is changed or sent.

    It looks at settings, fields, templates, and whether passwords stand in this environment.
    """
    from redumbrella.workflows.check_automations import hints_of_rule, problems_of_rules

    opened = open_workspace(workspace)
    found = problems_of_rules(opened, secrets=True)
    if as_json:
        print_json(found)
    elif not found:
        say(_NONE, lines=True)
    else:
        for name, problems in found.items():
            if not problems:
                said = " ".join(("can work.", *hints_of_rule(opened, _rule(opened, name))))
                say(f'"{name}" {said}')
            for problem in problems:
                print_error(f'"{name}": {problem}')
    if any(found.values()):
        sys.exit(2)


@command.command("dry-run")
@workspace_option
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True,
              help="How far to look back.")  # fmt: skip
@click.option("--until", metavar="T", help="Up to when to look, such as 2026-11-01. Default: now.")
@click.option("--lead", metavar="ID", help="Show the message for this lead too.")
@json_option
def try_rule(
    workspace: Path, *, name: str, days: int, until: str | None, lead: str | None, as_json: bool
) -> None:
    """Show whom a rule would have acted on; nothing is planned or sent."""
    from redumbrella.workflows.try_automation import (
        newest_of,
        preview_message,
        try_automation,
    )

    opened = open_workspace(workspace)
    rule = _rule(opened, name)
    last = instant(until, opened.settings.timezone, "--until")
    tried = try_automation(opened, rule, days, last)
    shown = preview_message(opened, rule, lead, newest_of(tried, lead)) if lead else None
    if as_json:
        print_json(tried if shown is None else {"dry_run": tried, "message": shown})
        return
    say(f"{rule.name}: {tried.told}")
    for line in tried.said:
        say(line)
    if tried.lines:
        zone, table = opened.settings.timezone, plain_table()
        for heading in ("When", "Who", "Why", "What would have come of it"):
            table.add_column(heading, overflow="fold")
        for one in tried.lines:
            table.add_row(moment(one.fired_at, zone), _who(one.label, one.lead_id), one.why,
                          one.outcome)  # fmt: skip
        console().print(table)
    if shown is not None:
        if shown.subject:
            say(f"To: {shown.to or 'nobody, as no address is known'}")
            say(f"Subject: {shown.subject}")
        say(shown.problem or shown.text, lines=True)


@command.command("on")
@workspace_option
@click.argument("name")
@json_option
def turn_on(workspace: Path, *, name: str, as_json: bool) -> None:
    """Switch a rule on: it looks at what comes from now on."""
    _switch(open_workspace(workspace), name, is_on=True, as_json=as_json)


@command.command("off")
@workspace_option
@click.argument("name")
@json_option
def turn_off(workspace: Path, *, name: str, as_json: bool) -> None:
    """Switch a rule off: what it has planned is cancelled."""
    _switch(open_workspace(workspace), name, is_on=False, as_json=as_json)


@command.command("show")
@workspace_option
@click.argument("name")
@json_option
def show(workspace: Path, *, name: str, as_json: bool) -> None:
    """Show one rule whole: its sentence, its limits, its text, its versions."""
    from redumbrella.workflows.check_automations import problems_of_rule

    opened = open_workspace(workspace)
    rule = _rule(opened, name)
    found = automation_detail(opened, rule.name, {rule.name: problems_of_rule(opened, rule)})
    if as_json:
        print_json(found)
        return
    say(f"{found.rule.name} ({'on' if found.rule.is_on else 'off'})")
    for line in (found.rule.sentence, *found.guards, *found.rule.problems, _did(found.rule)):
        say(line)
    say()
    say(found.toml, lines=True)
    for version in found.versions:
        what = "; ".join(version.changes) or ("removed" if version.is_removed else "made")
        when = moment(version.made_at, opened.settings.timezone)
        say(f"Version {version.version}, {when}, {version.made_by}: {what}")


@command.command("uplift")
@workspace_option
@click.argument("name")
@json_option
def tell_uplift(workspace: Path, *, name: str, as_json: bool) -> None:
    """Say what a rule brings: those it acted on against those it left alone by lot."""
    from redumbrella.workflows.measure_uplift import measure_uplift

    opened = open_workspace(workspace)
    found = measure_uplift(opened, _rule(opened, name))
    if as_json:
        print_json(found)
        return
    say(f'"{found.goal}" within {found.days:g} days: {found.says}.')
    waiting = f"; for {count(found.waiting)} more these days are not over" if found.waiting else ""
    say(f"{count(found.acted)} acted on, {count(found.control)} left alone{waiting}.")


@command.command("stop")
@workspace_option
@json_option
def stop(workspace: Path, *, as_json: bool) -> None:
    """Stop all rules: nothing is planned or sent."""
    _stop(open_workspace(workspace), is_stopped=True, as_json=as_json)


@command.command("resume")
@workspace_option
@json_option
def resume(workspace: Path, *, as_json: bool) -> None:
    """Let all rules go on."""
    _stop(open_workspace(workspace), is_stopped=False, as_json=as_json)


@command.command("cancel")
@workspace_option
@click.argument("number", type=int)
@json_option
def cancel_one(workspace: Path, *, number: int, as_json: bool) -> None:
    """Cancel one action that waits, by its number in `umbrella outbox`."""
    from redumbrella.workflows.cancel_action import cancel_action

    cancel_action(open_workspace(workspace), number)
    if as_json:
        print_json({"cancelled": number})
    else:
        say(f"Action no. {number} is cancelled.")


@command.command("retry")
@workspace_option
@click.argument("number", type=int)
@json_option
def retry_one(workspace: Path, *, number: int, as_json: bool) -> None:
    """Try a failed action again, by its number in `umbrella outbox`."""
    from redumbrella.workflows.retry_action import retry_action

    retry_action(open_workspace(workspace), number)
    if as_json:
        print_json({"planned": number})
    else:
        say(f"Action no. {number} waits again; the worker, `umbrella work`, sends it.")


@command.command("test-mail")
@workspace_option
@click.argument("name")
@click.option("--to", required=True, metavar="ADDRESS", help="Where it goes: your own address.")
@click.option("--lead", metavar="ID", default="",
              help="Whose values it has. Default: whom it would have fired for last.")  # fmt: skip
@json_option
def test_mail(workspace: Path, *, name: str, to: str, lead: str, as_json: bool) -> None:
    """Send a rule's mail to yourself, to see how it looks.

    Its subject begins with [Test]. It counts as no contact with the lead, and its link to
    unsubscribe ends nobody's mails.
    """
    from redumbrella.workflows.send_test_mail import send_test_mail

    opened = open_workspace(workspace)
    sent = send_test_mail(opened, _rule(opened, name), to, lead)
    if as_json:
        print_json(sent)
    else:
        say(f'"{sent.subject}", with the values of {_who(sent.label, sent.lead_id)}, is sent to '
            f"{sent.to}.")  # fmt: skip


@command.command("done")
@workspace_option
@click.argument("number", type=int)
@json_option
def done(workspace: Path, *, number: int, as_json: bool) -> None:
    """Mark a task as done, by its number in `umbrella tasks`."""
    from redumbrella.workflows.finish_task import finish_task

    now = finish_task(open_workspace(workspace), number)
    if as_json:
        print_json({"done": number, "just_now": now})
    else:
        say(f"Task no. {number} {'is' if now else 'was'} done.")


@command.command("audience")
@workspace_option
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def write_audience(workspace: Path, *, name: str, file: Path, as_json: bool) -> None:
    """Write an audience to FILE for advertising platforms: e-mail addresses and their SHA-256.

    Only of members who may be written to now. The list of all members: umbrella audiences.
    """
    from redumbrella.destinations.files import format_of, write_rows
    from redumbrella.workflows.audience_file import AUDIENCE_FIELDS, audience_rows

    rows = audience_rows(open_workspace(workspace), name)
    written = write_rows(file, format_of(file), AUDIENCE_FIELDS, rows)
    if as_json:
        print_json({"written": written, "file": str(file)})
    else:
        say(f"{counted(written, 'address')} to {file}." if written == 1 else
            f"{count(written)} addresses to {file}.")  # fmt: skip


@command.command("subscribe-again")
@workspace_option
@click.argument("person")
@json_option
def subscribe_person_again(workspace: Path, *, person: str, as_json: bool) -> None:
    """Let automations write to a person again who left by the link of a mail and asks back."""
    from redumbrella.workflows.unsubscribe import take_back_unsubscribing

    found = take_back_unsubscribing(open_workspace(workspace), person)
    if as_json:
        print_json({"person": person, "had_left": found})
    else:
        say(f"{person} gets mails again." if found else f"{person} had not left.")


def _rule(workspace: Workspace, name: str) -> "Automation":
    with workspace.state.reading() as connection:
        return rule_named(workspace.settings, connection, name).automation


def _list(workspace: Workspace, *, as_json: bool) -> None:
    from redumbrella.workflows.check_automations import problems_of_rules

    found = automations(workspace, problems_of_rules(workspace))
    if as_json:
        print_json(found)
        return
    zone = workspace.settings.timezone
    for line in _around(found, zone):
        say(line)
    if not found.rules:
        say(_NONE, lines=True)
        return
    table = plain_table()
    for heading in ("Rule", "", "What it does", "What it did", "Fired last"):
        table.add_column(heading, overflow="fold")
    for rule in found.rules:
        last = "" if rule.last_fired is None else moment(rule.last_fired, zone)
        lacks = f" Lacks {counted(len(rule.problems), 'thing')}." * bool(rule.problems)
        table.add_row(rule.name, "on" if rule.is_on else "off", rule.sentence + lacks, _did(rule),
                      last)  # fmt: skip
    console().print(table)
    if any(rule.problems for rule in found.rules):
        say("What they lack says: umbrella automations check")


def _around(found: Automations, zone: str) -> list[str]:
    said = []
    if found.stopped_at is not None:
        since = moment(found.stopped_at, zone)
        said.append(f"All automations are stopped since {since} by {found.stopped_by}: "
                    "`umbrella automations resume` lets them go on.")  # fmt: skip
    said += [fault.said(zone) for fault in found.faults]
    if not found.workers:
        said.append("No worker runs, so nothing is looked for or sent: `umbrella work` starts one.")
    for worker in found.workers:
        beat = moment(worker.beat_at, zone)
        doing = f", busy with {worker.doing}" if worker.doing else ""
        said.append(f"A worker runs on {worker.host}, heard of at {beat}{doing}.")
    return said


def _did(rule: AutomationFacts) -> str:
    parts = [f"{count(n)} {state_words(state)}" for n, state in counts_by_state(rule) if n]
    return ", ".join(parts) or "nothing"


def _switch(workspace: Workspace, name: str, *, is_on: bool, as_json: bool) -> None:
    from redumbrella.workflows.automation_rules import switch_automation

    rule = switch_automation(workspace, name, is_on=is_on)
    found = automation_detail(workspace, rule.automation.name, {})
    if as_json:
        print_json(found.rule)
        return
    said = "on: it looks at what comes from now on." if is_on else "off, and what it had planned " \
        "is cancelled."  # fmt: skip
    say(f'"{found.rule.name}" is {said}')


def _stop(workspace: Workspace, *, is_stopped: bool, as_json: bool) -> None:
    from redumbrella.workflows.automation_rules import stop_automations

    stop_automations(workspace, is_stopped=is_stopped)
    if as_json:
        print_json({"stopped": is_stopped})
    else:
        say("All automations are stopped." if is_stopped else "Automations go on.")


def _who(label: str, lead_id: str) -> str:
    return label if label == lead_id or not lead_id else f"{label} ({lead_id})"
