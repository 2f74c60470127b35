"""What keeps a rule from working: rules come in, problems in words go out; nothing is changed."""

import re
from collections.abc import Iterator
from typing import Any

from redumbrella.decisions.consent import MAIL_CONSENTS, NO_FIELD
from redumbrella.decisions.contacts import letters_of
from redumbrella.decisions.triggers import (
    dates_there_are,
    fields_with_dates,
    holds_dates,
    kinds_of_events,
    open_leads_by_rep,
)
from redumbrella.destinations.templates import MessageTemplate, check_template
from redumbrella.errors import SettingsError, UmbrellaError, nearest
from redumbrella.figures import count
from redumbrella.reports.customers import SEGMENTS
from redumbrella.settings.automations import Action, Automation
from redumbrella.settings.section import as_written
from redumbrella.state.customers import newest_valuation
from redumbrella.state.recommendations import newest_recommending
from redumbrella.views.logged import known_reps
from redumbrella.views.rules import rules_in_use
from redumbrella.workflows.compose import (
    NO_REP,
    mail_address,
    mail_server_of,
    names_in_templates,
    rep_addresses,
    texts_of,
)
from redumbrella.workflows.find_firings import fields_of_record, target_of
from redumbrella.workspace import Workspace

_NUMBERED = re.compile(r"\bproduct_(\d+)")
_OFFERED = re.compile(r"\{\{\s*product(s|_\d+)")


def problems_of_rules(workspace: Workspace, *, secrets: bool = False) -> dict[str, tuple[str, ...]]:
    """The problems of every rule by its name. secrets: as in `problems_of_rule`."""
    with workspace.state.reading() as connection:
        rules = rules_in_use(workspace.settings, connection)
    return {
        rule.automation.name: problems_of_rule(workspace, rule.automation, secrets=secrets)
        for rule in rules
    }


def problems_of_rule(
    workspace: Workspace, rule: Automation, *, secrets: bool = False
) -> tuple[str, ...]:
    """Why a rule cannot work as it stands; nothing where it can.

    secrets: also whether passwords stand in the environment of this process, which is meant for
    where the worker runs.
    """
    found = list(_of_trigger(workspace, rule))
    found += _of_fields(workspace, rule)
    found += _of_segments(workspace, rule)
    found += _of_goal(workspace, rule)
    found += [problem for _, problem in template_problems(workspace, rule.action)]
    found += _of_action(workspace, rule.action, secrets=secrets)
    if rule.action.kind == "mail" and rule.action.to == "person":
        found += _of_consent(workspace)
    return tuple(dict.fromkeys(found))


def hints_of_rule(workspace: Workspace, rule: Automation) -> tuple[str, ...]:
    """What somebody should know of a rule that can work: for how many leads it does nothing."""
    if not rule.action.is_to_rep:
        return ()
    leads = open_leads_by_rep(workspace.lake)
    addresses = rep_addresses(workspace.lake, list(leads))
    every, nobodys = sum(leads.values()), leads.get("", 0)
    unknown = sum(n for rep, n in leads.items() if rep and rep not in addresses)
    said = []
    if nobodys:
        said.append(f'{count(nobodys)} of {count(every)} open leads have no rep: mails about them '
                    f'are held back with the reason "{NO_REP}".')  # fmt: skip
    if unknown:
        said.append(f"{count(unknown)} of {count(every)} open leads have a rep without an e-mail "
                    "address: mails about them are held back.")  # fmt: skip
    return tuple(said)


def template_problems(workspace: Workspace, action: Action) -> list[tuple[str, str]]:
    """What is wrong with the texts of an action: the field and the problem in words."""
    names = names_in_templates(workspace.lake)
    found = []
    for place, source in texts_of(action).items():
        parts = {"subject": MessageTemplate(source, "-"), "html": MessageTemplate("-", "-", source)}
        field = place.partition(".")[0]
        for problem in check_template(parts.get(field, MessageTemplate("-", source)), names):
            where = "text" if field in ("subject", "text", "html") else place
            found.append((field, problem.replace("of the text", f"of the {where}")))
    return found


def _of_trigger(workspace: Workspace, rule: Automation) -> Iterator[str]:
    trigger = rule.trigger
    try:
        target = target_of(workspace.settings, trigger)
    except UmbrellaError as problem:
        yield problem.message
        return
    if trigger.is_of_scores and not target:
        yield "Nothing is predicted here, so no score can fire it: add [[targets]]."
    if trigger.kind == "schedule" and not target and not rule.action.recommend:
        yield "Nothing is predicted here, so there is no list to go through: add [[targets]]."
    if trigger.kind == "event":
        known = kinds_of_events(workspace.lake)
        if trigger.event not in known:
            hint = nearest(trigger.event, known)
            yield f"Nothing of the kind {as_written(trigger.event)} is on record so far.{hint}"
    if trigger.kind == "date" and not holds_dates(workspace.lake, trigger.field):
        dates = fields_with_dates(workspace.lake)
        written, hint = as_written(trigger.field), nearest(trigger.field, dates)
        instead = f"{dates_there_are(dates)}{hint}"
        if trigger.field in fields_of_record(workspace.lake):
            yield f"The field {written} holds no dates. {instead}"
        else:
            yield f"No field of the record is called {written}. {instead}"


def _of_fields(workspace: Workspace, rule: Automation) -> Iterator[str]:
    if not rule.where.fields:
        return
    known = fields_of_record(workspace.lake)
    for name in rule.where.fields:
        if name not in known:
            hint = nearest(name, list(known))
            yield f"where: no field of leads or people is called {as_written(name)}.{hint}"


def _of_segments(workspace: Workspace, rule: Automation) -> Iterator[str]:
    for segment in rule.where.segments:
        if segment not in SEGMENTS:
            hint = nearest(segment, SEGMENTS)
            yield (
                f"where: no customer is of the segment {as_written(segment)}. "
                f"Segments: {', '.join(SEGMENTS)}.{hint}"
            )
    if rule.where.segments:
        with workspace.state.reading() as connection:
            valued = newest_valuation(connection)
        if valued is None:
            yield "where: no customers are valued yet, so nobody is of a segment: `umbrella run`."


def _of_goal(workspace: Workspace, rule: Automation) -> Iterator[str]:
    """A goal that nothing can come to would say after weeks that the rule brings nothing."""
    known = ["won", *(kind for kind in kinds_of_events(workspace.lake) if kind != "won")]
    if rule.goal not in known:
        yield (
            f"goal: nothing of the kind {as_written(rule.goal)} is on record, so nobody comes to "
            f"it. Goals: {', '.join(known)}.{nearest(rule.goal, known)}"
        )


def _of_action(workspace: Workspace, action: Action, *, secrets: bool) -> Iterator[str]:
    settings = workspace.settings
    if action.kind == "mail":
        try:
            server = mail_server_of(settings)
        except SettingsError as problem:
            yield problem.message
        else:
            if server.public_url is None and action.to == "person":
                yield (
                    "Its mails have no link to unsubscribe: add public_url to [mail], the address "
                    "under which this server is reached from outside."
                )
            if secrets:
                yield from _missing_secret(server.password)
        yield from _of_addresses(workspace, action)
        yield from _of_recommender(workspace, action)
    elif action.kind in ("webhook", "write_back"):
        hooks = {hook.name: hook for hook in settings.webhooks}
        hook = hooks.get(action.webhook)
        if hook is None:
            hint = nearest(action.webhook, list(hooks))
            yield (
                f"There is no webhook {as_written(action.webhook)} in umbrella.toml: add "
                f"[[webhooks]] with this name.{hint}"
            )
        elif secrets:
            yield from _missing_secret(hook.secret)
            yield from _missing_secret(hook.headers)
    elif action.kind == "owner":
        reps = [rep for rep, _ in known_reps(workspace)]
        if reps and action.rep not in reps:
            hint = nearest(action.rep, reps)
            yield f"There is no rep {as_written(action.rep)}.{hint}"
        if workspace.lake.exists("leads") and "rep_id" not in _columns(workspace, "leads"):
            yield "Leads have no owner: map rep_id in [tables.leads.columns]."


def _of_recommender(workspace: Workspace, action: Action) -> Iterator[str]:
    """Whether what a mail recommends is there."""
    if not action.recommend:
        if any(_OFFERED.search(text) for text in texts_of(action).values()):
            yield 'It names recommended products and recommends none: add recommend = "new".'
        return
    named = {int(n) for text in texts_of(action).values() for n in _NUMBERED.findall(text)}
    if named and max(named) > action.products:
        yield (
            f"It names the recommended product no. {max(named)} and recommends {action.products}: "
            f"add products = {max(named)}."
        )
    try:
        asked = workspace.settings.recommender(action.recommender or None)
    except UmbrellaError as problem:
        yield problem.message
        return
    with workspace.state.reading() as connection:
        if newest_recommending(connection, asked.name) is None:
            yield f'The lists of "{asked.name}" are not made yet: `umbrella recommend`.'


def _of_addresses(workspace: Workspace, action: Action) -> Iterator[str]:
    if action.is_to_rep and set(open_leads_by_rep(workspace.lake)) == {""}:
        yield f'No open lead has a rep, so every mail is held back with the reason "{NO_REP}".'
    tables = ("reps",) if action.to == "rep" else ("people", "leads")
    known = [name for table in tables if workspace.lake.exists(table)
             for name in _columns(workspace, table)]  # fmt: skip
    if not mail_address(dict.fromkeys(known, "x")):
        who = "reps" if action.to == "rep" else "leads or people"
        yield f"No field of {who} is an e-mail address: call it email in [tables]."


def _of_consent(workspace: Workspace) -> Iterator[str]:
    outreach = workspace.settings.outreach
    if not outreach.needs_consent:
        return
    wanted = MAIL_CONSENTS if outreach.consent is None else outreach.consent
    names = {letters_of(name) for table in ("people", "leads") if workspace.lake.exists(table)
             for name in _columns(workspace, table)}  # fmt: skip
    if not names & {letters_of(name) for name in wanted}:
        yield f"{NO_FIELD[:1].upper()}{NO_FIELD[1:]}."


def _missing_secret(read: Any) -> Iterator[str]:
    try:
        read()
    except SettingsError as problem:
        yield problem.message


def _columns(workspace: Workspace, table: str) -> list[str]:
    return [str(name) for name in workspace.lake.schema(table).names]
