"""Firing: rules that are on look at what is new, and what they want done goes to the outbox.

Everything that a rule plans and how far it has looked are one transaction: killed at any moment,
the next run looks at the same stretch again, and a key that stands already adds nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from redumbrella.clock import MICROSECONDS_PER_DAY, now
from redumbrella.decisions.consent import Reachable, who_may_be_written_to
from redumbrella.decisions.guards import Contacts, GuardVerdict, WantedAction, guarded
from redumbrella.decisions.send_times import send_at, timezone_of
from redumbrella.decisions.triggers import FRESH_MICROSECONDS, Stretch, kinds_of_events
from redumbrella.errors import UmbrellaError, nearest
from redumbrella.figures import counted
from redumbrella.progress import Progress
from redumbrella.reports.changes import date_of, day_in_zone
from redumbrella.settings.automations import REACHES, Automation
from redumbrella.state.history import scored_days
from redumbrella.state.outbox import (
    CONTROL,
    PLANNED,
    SUPPRESSED,
    known_keys,
    plan_actions,
    reached_since,
)
from redumbrella.state.rules import FILE, note_looked, stopped
from redumbrella.views.outbox import state_words
from redumbrella.views.rules import RuleInUse, rules_for_reps, rules_in_use
from redumbrella.workflows.automation_rules import note_file_rules
from redumbrella.workflows.compose import NO_REP, rep_addresses, why_not_to_rep
from redumbrella.workflows.find_firings import Match, matches_of, news_of, target_of
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

_KEY_BYTES = 16
Seen = dict[str, tuple[object, ...]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Fired:
    """What rules did: how many of each state by rule, and why rules could not be followed."""

    counts: Mapping[str, Mapping[str, int]]
    problems: Mapping[str, str]
    is_stopped: bool = False

    @property
    def planned(self) -> int:
        """How many actions were planned."""
        return sum(of_rule.get(PLANNED, 0) for of_rule in self.counts.values())


def fire_automations(workspace: Workspace, report: Progress, seen: Seen | None = None) -> Fired:
    """Looks for what is new with every rule that is on, and plans what is to be done.

    seen: by rule what there was when it looked last; a rule for which nothing has changed since
    does not look. It is kept up here. None: every rule looks. Runs in which nothing was planned
    are not kept in the log of runs: a worker looks every minute.
    """
    seen = {} if seen is None else seen
    with workspace.lock():
        at = now()
        with workspace.state.reading() as connection:
            is_stopped = stopped(connection) is not None
            rules = [one for one in rules_in_use(workspace.settings, connection) if one.is_on]
        if is_stopped:
            return Fired({}, {}, True)
        if any(one.origin == FILE and not one.version for one in rules):
            with workspace.state.writing() as connection:
                note_file_rules(workspace, connection, at)
                rules = [one for one in rules_in_use(workspace.settings, connection) if one.is_on]
        counts, problems = dict[str, Mapping[str, int]](), dict[str, str]()
        for number, rule in enumerate(rules):
            name = rule.automation.name
            report(f'Looking with "{name}"', number / max(1, len(rules)))
            try:
                news = (rule.version, *news_of(workspace, rule.automation, rule.looked_until, at))
                if seen.get(name) == news:
                    continue
                counts[name] = _fire(workspace, rule, at)
                seen[name] = news
            except UmbrellaError as problem:
                problems[name] = problem.message
        fired = Fired(counts, problems)
        if fired.planned or any(sum(of_rule.values()) for of_rule in counts.values()):
            with recorded(workspace, "automations") as run:
                run.message = _told(fired)
        return fired


def _told(fired: Fired) -> str:
    parts = [f'"{name}": ' + ", ".join(f"{n:,} {state_words(one)}" for one, n in of_rule.items())
             for name, of_rule in fired.counts.items() if of_rule]  # fmt: skip
    parts += [f'"{name}" could not look: {why}' for name, why in fired.problems.items()]
    return ". ".join(parts)


def _fire(workspace: Workspace, rule: RuleInUse, at: int) -> Mapping[str, int]:
    """Plans what one rule wants; how many of each state."""
    name = rule.automation.name
    stretch = Stretch(rule.looked_until, at)
    if rule.automation.trigger.is_of_scores:
        # A day's scores may still move: its days are looked at again, and keys keep it at once.
        stretch = replace(stretch, since=max(rule.since, stretch.since - FRESH_MICROSECONDS))
    matches = matches_of(workspace, rule.automation, stretch)
    keyed = [(key_of(name, one), one) for one in matches]
    with workspace.state.reading() as connection:
        known = known_keys(connection, [key for key, _ in keyed])
    new = {key: one for key, one in keyed if key not in known}
    planned = plan_of(workspace, rule.automation, list(new.values()), at)
    target = target_of(workspace.settings, rule.automation.trigger)
    rows = [
        _row(rule, key, target, one, due, verdict, at)
        for (key, one), (due, verdict) in zip(new.items(), planned, strict=True)
    ]
    with workspace.state.writing() as connection:
        plan_actions(connection, rows)
        note_looked(connection, name, at)
    return Counter(row["state"] for row in rows)


def plan_of(
    workspace: Workspace,
    rule: Automation,
    matches: Sequence[Match],
    at: int,
    past: "_Past | None" = None,
) -> list[tuple[int, GuardVerdict]]:
    """When each match would leave and what becomes of it, seen from an instant.

    past: of a dry run, who may be reached and which contacts count; None: as it is now.
    """
    if not matches:
        return []
    settings, outreach = workspace.settings, workspace.settings.outreach
    reachable = past.reachable if past else _reachable(workspace, matches)
    addresses = past.reps if past else _addresses_of_reps(workspace, rule, matches)
    cool_down = rule.cool_down_days if rule.cool_down_days is not None else outreach.cool_down_days
    wanted = []
    for one in matches:
        person = one.firing.person_id
        zone = timezone_of(reachable.timezone.get(person), settings.timezone)
        quiet = outreach.quiet_hours if rule.action.kind == "mail" else None
        due = send_at(rule.action.send, at, zone, quiet, outreach.working_days, outreach.not_on)
        wanted.append(
            WantedAction(
                rule.name, person or one.firing.lead_id, one.firing.at, due, rule.action.reaches,
                _refusal(rule, one, reachable, addresses),
                outreach.control if rule.control is None else rule.control, cool_down, rule.a_day,
            )
        )  # fmt: skip
    contacts = past.contacts if past else _contacts(workspace, at, cool_down)
    verdicts = guarded(wanted, contacts, at, outreach.a_day, settings.timezone)
    return [(one.due_at, verdict) for one, verdict in zip(wanted, verdicts, strict=True)]


def key_of(rule: str, match: Match) -> str:
    """What tells a firing from others, however often it is seen."""
    one = match.firing
    parts = (rule, one.lead_id or one.person_id, one.product_id, one.episode)
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=_KEY_BYTES).hexdigest()


def _reachable(workspace: Workspace, matches: Sequence[Match]) -> Reachable:
    settings = workspace.settings
    pairs = [(one.firing.person_id, one.firing.lead_id) for one in matches]
    return who_may_be_written_to(
        workspace.lake, workspace.state, pairs, settings.list_rules.do_not_contact,
        settings.outreach,
    )  # fmt: skip


def _addresses_of_reps(
    workspace: Workspace, rule: Automation, matches: Sequence[Match]
) -> dict[str, str]:
    if not rule.action.is_to_rep:
        return {}
    return rep_addresses(workspace.lake, [one.rep_id for one in matches])


def _refusal(
    rule: Automation, match: Match, reachable: Reachable, addresses: Mapping[str, str]
) -> str:
    """Why an action may not be done at all. addresses: of reps, where the mail goes to them."""
    if rule.action.is_to_rep:
        return why_not_to_rep(match.firing.lead_id, match.rep_id, addresses)
    if not rule.action.reaches:
        return ""
    person, is_mail = match.firing.person_id, rule.action.kind == "mail"
    why_not = reachable.why_not(person, by_mail=is_mail)
    if is_mail and not why_not and not reachable.address.get(person):
        return "no e-mail address is known"
    return why_not


def _contacts(workspace: Workspace, at: int, cool_down: float) -> Contacts:
    """The contacts of the outbox that may stand in the way of new ones."""
    timezone = workspace.settings.timezone
    since = at - int(max(cool_down, 2.0) * MICROSECONDS_PER_DAY)
    found = Contacts()
    with workspace.state.reading() as connection:
        inside = rules_for_reps(workspace.settings, connection)  # reach nobody outside
        rows = reached_since(connection, REACHES, since, but_of=inside)
    for row in rows:
        found.add(row["person_id"] or "", row["rule"], row["done_at"] or row["due_at"], timezone)
    return found


def _row(
    rule: RuleInUse, key: str, target: str, match: Match, due: int, verdict: GuardVerdict, at: int
) -> Row:
    one = match.firing
    ended = verdict.state in (CONTROL, SUPPRESSED)
    return {
        "key": key, "rule": rule.automation.name, "version": rule.version,
        "kind": rule.automation.action.kind, "target": target, "lead_id": one.lead_id,
        "person_id": one.person_id, "product_id": match.product_id,
        "rep_id": match.rep_id, "label": match.label, "why": one.why,
        "state": verdict.state, "reason": verdict.reason, "fired_at": one.at, "planned_at": at,
        "due_at": due, "done_at": at if ended else None,
    }  # fmt: skip


@dataclass(frozen=True)
class _Past:
    """What a dry run goes by: who may be reached and addresses of reps, asked once, and its own
    contacts so far."""

    reachable: Reachable
    reps: Mapping[str, str]
    contacts: Contacts = field(default_factory=Contacts)


@dataclass(frozen=True)
class DryLine:
    """One firing of a dry run: for whom, why, when it came about, and what would have become of it.

    due_at: when it would have left; UTC microseconds.
    """

    lead_id: str
    person_id: str
    label: str
    why: str
    fired_at: int
    due_at: int
    state: str
    reason: str


@dataclass(frozen=True)
class DryRun:
    """What a rule would have done in the last days. said: what has to be known of it."""

    rule: str
    days: int
    lines: tuple[DryLine, ...]
    said: tuple[str, ...]


def dry_run(
    workspace: Workspace, rule: Automation, days: int = 30, until: int | None = None
) -> DryRun:
    """What a rule would have fired for in the last days, and what would have become of it.

    until: the instant up to which it looks, UTC microseconds; None: now.
    Guards are kept day by day, with this rule alone. Nothing is planned or sent.
    """
    at = now() if until is None else until
    stretch = Stretch(at - days * MICROSECONDS_PER_DAY, at, "happened")
    matches = sorted(matches_of(workspace, rule, stretch), key=lambda one: one.firing.at)
    lines = list(_dry_lines(workspace, rule, matches))
    said = ["Conditions, consent and addresses are those of today."] if lines else []
    without = len({line.lead_id for line in lines if line.reason == NO_REP})
    if without:
        said.append(f"{counted(without, 'lead')} {'has' if without == 1 else 'have'} no rep: such "
                    "mails are held back.")  # fmt: skip
    if rule.trigger.is_of_scores:
        said += _history_said(workspace, rule, stretch)
    if rule.trigger.kind == "event" and not lines:
        said += _kind_said(workspace, rule.trigger.event)
    return DryRun(rule.name, days, tuple(lines), tuple(said))


def _dry_lines(
    workspace: Workspace, rule: Automation, matches: Sequence[Match]
) -> Iterator[DryLine]:
    past = _Past(_reachable(workspace, matches), _addresses_of_reps(workspace, rule, matches))
    moments = sorted({one.firing.at for one in matches})
    of_moment: dict[int, list[Match]] = {moment: [] for moment in moments}
    for one in matches:
        of_moment[one.firing.at].append(one)
    for moment in moments:
        some = of_moment[moment]
        for one, (due, verdict) in zip(
            some, plan_of(workspace, rule, some, moment, past), strict=True
        ):
            yield DryLine(
                one.firing.lead_id, one.firing.person_id, one.label, one.firing.why,
                one.firing.at, due, verdict.state, verdict.reason,
            )  # fmt: skip


def _kind_said(workspace: Workspace, kind: str) -> list[str]:
    known = kinds_of_events(workspace.lake)
    if kind in known:
        return []
    return [f'Nothing that was read is of the kind "{kind}".{nearest(kind, known)}']


def _history_said(workspace: Workspace, rule: Automation, stretch: Stretch) -> list[str]:
    target = target_of(workspace.settings, rule.trigger)
    with workspace.state.reading() as connection:
        days = scored_days(connection, target)
    if len(days) < 2:
        return [f'Scores of "{target}" are kept of {counted(len(days), "day")} only: what moved '
                "cannot be told yet."]  # fmt: skip
    first = day_in_zone(stretch.since, workspace.settings.timezone)
    if days[0]["day"] > first:
        return [f"Scores are kept from {date_of(days[0]['day'])} on: nothing is known before."]
    return []
