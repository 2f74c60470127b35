"""Delivering: actions that are due are claimed, checked once more, done, and noted.

What leaves this machine is noted just before and just after; what stays here, a task or a member of
an audience, is done in the transaction that notes it. So killed at any moment nothing is lost, and
what may have been sent is sent again under the same message id, never under another.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import orjson

from redumbrella.access.unsubscribe import unsubscribe_token
from redumbrella.clock import now, to_iso
from redumbrella.decisions.consent import who_may_be_written_to
from redumbrella.decisions.triggers import people_of_leads
from redumbrella.destinations.delivery import Delivery
from redumbrella.destinations.mail import MailConnection
from redumbrella.destinations.mail_message import Mail
from redumbrella.destinations.templates import MessageTemplate, render_path
from redumbrella.destinations.webhook import back_off, post, request
from redumbrella.errors import SettingsError, UmbrellaError
from redumbrella.masking import masked
from redumbrella.reports.changes import day_in_zone
from redumbrella.settings.automations import Action
from redumbrella.settings.webhooks import Webhook
from redumbrella.state.outbox import (
    CANCELLED,
    FAILED,
    SENT,
    SUPPRESSED,
    begin_action,
    cancel_actions,
    claim_actions,
    end_action,
    give_back,
    has_work,
    put_off,
)
from redumbrella.state.outreach import add_member, add_task, secret_of_links
from redumbrella.state.rules import stopped, switch_rule
from redumbrella.views.rules import RuleInUse, rules_in_use
from redumbrella.workflows.change_owner import OwnerBusyError, change_owner
from redumbrella.workflows.compose import mail_server_of, rep_addresses, values_of, why_not_to_rep
from redumbrella.workspace import Workspace

AT_ONCE = 50  # claimed together, so that what they need is read together
_THREADS = 8
_MINUTE = 60_000_000
_PATIENCE = 10 * _MINUTE
# Faults of settings or of a server that stop every message, not this one.
_FOR_ALL = frozenset({
    "mail_login", "mail_security", "mail_sender", "no_mail_server", "no_secret", "bad_secret",
    "unknown_webhook",
})  # fmt: skip
_LOCAL = ("task", "audience")
_REMOTE = ("webhook", "write_back")
Row = dict[str, Any]


@dataclass
class Deliverer:
    """Delivers what is due for one worker. is_stopping: asked between two actions."""

    workspace: Workspace
    worker: str
    is_stopping: Callable[[], bool] = lambda: False
    _mails: MailConnection | None = field(default=None, init=False, repr=False)
    _pace: "_Pace | None" = field(default=None, init=False, repr=False)
    _secret: bytes = field(default=b"", init=False, repr=False)  # of links to unsubscribe

    def deliver_due(self) -> int:
        """Claims and does at most AT_ONCE actions that are due; how many were looked at."""
        state, at = self.workspace.state, now()
        with state.reading() as connection:
            if stopped(connection) is not None or not has_work(connection, self.worker, at):
                return 0  # without asking for the right to write: it is asked each second
        with state.writing() as connection:
            rows = claim_actions(connection, self.worker, at, AT_ONCE)
            rules = {one.automation.name: one
                     for one in rules_in_use(self.workspace.settings, connection)}  # fmt: skip
        if not rows:
            return 0
        try:
            self._deliver(rows, rules, at)
        finally:  # what was not begun is free for the next try, also where the lake was not there
            with suppress(UmbrellaError), state.writing() as connection:
                give_back(connection, [self.worker])
        return len(rows)

    def _deliver(self, rows: Sequence[Row], rules: Mapping[str, RuleInUse], at: int) -> None:
        rows = self._checked(rows, rules, at)
        values = values_of(self.workspace, rows)
        todo = [(row, rules[row["rule"]], one) for row, one in zip(rows, values, strict=True)]
        remote = [one for one in todo if one[0]["kind"] in _REMOTE]
        with ThreadPoolExecutor(min(_THREADS, max(1, len(remote)))) as pool:
            done = [pool.submit(self._guarded, *one) for one in remote]
            for one in todo:
                if one[0]["kind"] not in _REMOTE:
                    self._guarded(*one)
            for each in done:
                each.result()

    def close(self) -> None:
        """Ends the connection to the mail server."""
        if self._mails is not None:
            self._mails.__exit__()
            self._mails = None

    def _checked(self, rows: Sequence[Row], rules: Mapping[str, RuleInUse], at: int) -> list[Row]:
        """The actions that may still be done; the others are ended with their reason."""
        pairs = [(row["person_id"], row["lead_id"]) for row in rows]
        settings = self.workspace.settings
        lake, database = self.workspace.lake, self.workspace.state
        reachable = who_may_be_written_to(
            lake, database, pairs, settings.list_rules.do_not_contact, settings.outreach
        )
        is_open = people_of_leads(lake, sorted({lead for _, lead in pairs} - {""}))
        addresses = rep_addresses(lake, [row["rep_id"] for row in rows if row["kind"] == "mail"])
        kept, ended = [], []
        for row in rows:
            rule = rules.get(row["rule"])
            state, why = CANCELLED, ""
            if rule is None or not rule.is_on:
                why = "the rule is off"
            elif rule.automation.action.is_to_rep:
                state, why = SUPPRESSED, why_not_to_rep(row["lead_id"], row["rep_id"], addresses)
            elif rule.automation.action.reaches:
                refused = reachable.why_not(row["person_id"], by_mail=row["kind"] == "mail")
                if refused:
                    state, why = SUPPRESSED, refused
                elif (
                    rule.automation.trigger.kind != "outcome"
                    and not is_open.get(row["lead_id"], ("", True))[1]
                ):
                    why = "the lead was closed meanwhile"
            if why:
                ended.append((row, state, why))
            else:
                kept.append(row)
        if ended:
            with self.workspace.state.writing() as connection:
                for row, state, why in ended:
                    end_action(connection, row["id"], self.worker, state, at, why)
        return kept

    def _guarded(self, row: Row, rule: RuleInUse, values: Row) -> None:
        """Does one action; whatever goes wrong with it is noted, and the others go on."""
        if self.is_stopping():
            return  # given back
        try:
            self._do(row, rule, values)
        except UmbrellaError as problem:
            if problem.reason in _FOR_ALL:
                self._wait(row, problem.message, problem.reason)
            else:
                self._put_off(row, Delivery("retry", problem.message))
        except Exception as problem:  # a fault of ours stops one action, not the others
            why = masked(f"{type(problem).__name__}: {problem}", *self.workspace.settings.addresses)
            self._put_off(row, Delivery("retry", f"a fault of Red Umbrella: {why}"))

    def _do(self, row: Row, rule: RuleInUse, values: Row) -> None:
        action = rule.automation.action
        if row["kind"] in _LOCAL:
            self._do_here(row, action, values)
            return
        if row["kind"] == "owner":
            self._change_owner(row, action)
            return
        try:
            send, content = self._prepared(row, action, values)
        except UmbrellaError as problem:
            if problem.reason in ("bad_template", "no_address"):
                self._end(row, FAILED, problem.message)
                return
            raise
        with self.workspace.state.writing() as connection:
            if not begin_action(connection, row["id"], self.worker):
                return  # taken for dead, cancelled or stopped meanwhile
        row["tries"] += 1
        delivery = send()
        if delivery.outcome == "sent":
            self._end(row, SENT, delivery.said, content)
        elif delivery.outcome == "retry":
            self._put_off(row, delivery)
        elif delivery.outcome == "refused" and row["kind"] in _REMOTE:
            self._wait(row, delivery.said, "refused_address")  # a matter of settings
        else:
            self._end(row, FAILED, delivery.said, content)
            if delivery.outcome == "disabled":
                self._switch_off(row, delivery.said)

    def _prepared(
        self, row: Row, action: Action, values: Row
    ) -> tuple[Callable[[], Delivery], Row]:
        """What sends an action, and what it sends, for the record."""
        if row["kind"] == "mail":
            mail = self._mail(row, action, values)
            content = {"to": mail.to, "subject": mail.subject, "message_id": mail.message_id}
            return partial(self._send_mail, mail), content
        hook = self._webhook(action.webhook)
        if row["kind"] == "webhook":
            body = orjson.dumps(event_of(row, values), option=orjson.OPT_NAIVE_UTC, default=str)
            send = partial(post, hook, hook.secret(), row["key"], body, now(), hook.headers())
            return send, {"url": hook.url, "webhook_id": row["key"]}
        written = {
            name: MessageTemplate("", text).render(values).text
            for name, text in action.body.items()
        }
        url = hook.url.rstrip("/") + render_path(action.path, values)
        headers = {"content-type": "application/json", "idempotency-key": row["key"]}
        headers |= hook.headers()
        body = orjson.dumps(written)
        send = partial(request, action.method, url, headers, body, hook, now())
        return send, {"url": url, "method": action.method, "body": written}

    def _mail(self, row: Row, action: Action, values: Row) -> Mail:
        server = mail_server_of(self.workspace.settings)
        to = values["rep_email"] if action.to == "rep" else values["email"]
        if not to:
            who = "the rep" if action.to == "rep" else "the person"
            raise SettingsError(f"No e-mail address of {who} is known.", reason="no_address")
        link = None
        if server.public_url is not None and action.to == "person":
            if not self._secret:
                with self.workspace.state.writing() as connection:
                    self._secret = secret_of_links(connection)
            token = unsubscribe_token(self._secret, row["person_id"], row["rule"])
            link = f"{server.public_url}/unsubscribe/{token}"
        values = {**values, "unsubscribe_url": link or ""}
        made = MessageTemplate(action.subject, action.text, action.html or None).render(values)
        message_id = f"<{row['key']}@{server.from_.domain}>"
        return Mail(message_id, to, made.subject, made.text, made.html, link)

    def _send_mail(self, mail: Mail) -> Delivery:
        server = mail_server_of(self.workspace.settings)
        if self._mails is not None and self._mails.server != server:
            self.close()  # umbrella.toml was changed meanwhile
        if self._mails is None:
            self._mails = MailConnection(server, server.password())
            self._pace = _Pace(server.a_minute)
        assert self._pace is not None, "made with the connection"
        self._pace.wait(self.is_stopping)
        return self._mails.send(mail)

    def _webhook(self, name: str) -> Webhook:
        for one in self.workspace.settings.webhooks:
            if one.name == name:
                return one
        raise SettingsError(
            f'There is no webhook "{name}" in umbrella.toml: add [[webhooks]] with this name.',
            reason="unknown_webhook",
        )

    def _do_here(self, row: Row, action: Action, values: Row) -> None:
        """A task or a member of an audience: done and noted in one transaction."""
        at = now()
        common = {name: row[name] for name in ("lead_id", "person_id", "label", "rep_id", "rule")}
        text = ""
        if row["kind"] == "task":
            text = MessageTemplate("", action.text).render(values).text
        with self.workspace.state.writing() as connection:
            if not begin_action(connection, row["id"], self.worker):
                return
            if row["kind"] == "task":
                day = day_in_zone(at, self.workspace.settings.timezone)
                task = {**common, "key": row["key"], "product_id": row["product_id"], "text": text,
                        "why": row["why"], "due_day": day, "made_at": at}  # fmt: skip
                add_task(connection, task)
                told, content = "on today's list", {"text": text}
            else:
                member = {**common, "audience": action.audience, "added_at": at,
                          "person_id": row["person_id"] or row["lead_id"]}  # fmt: skip
                is_new = add_member(connection, member)
                told, content = "added" if is_new else "was there", {"audience": action.audience}
            end_action(connection, row["id"], self.worker, SENT, at, told, content)

    def _change_owner(self, row: Row, action: Action) -> None:
        try:
            told = change_owner(self.workspace, row["lead_id"], action.rep)
        except OwnerBusyError:
            with self.workspace.state.writing() as connection:
                put_off(connection, row["id"], self.worker, now() + _MINUTE,
                        "another command is writing", row["tries"])  # fmt: skip
            return
        self._end(row, SENT, told, {"rep": action.rep})

    def _end(self, row: Row, state: str, said: str, content: Row | None = None) -> None:
        with self.workspace.state.writing() as connection:
            end_action(connection, row["id"], self.worker, state, now(), said, content)

    def _wait(self, row: Row, said: str, fault: str) -> None:
        """Puts an action off without counting the try: what is wrong is wrong for all, and only a
        person can mend it. fault: its code, by which pages tell it from a try that failed."""
        with self.workspace.state.writing() as connection:
            due, tries = now() + _PATIENCE, max(0, row["tries"] - 1)
            put_off(connection, row["id"], self.worker, due, said, tries, fault)

    def _put_off(self, row: Row, delivery: Delivery) -> None:
        wait = back_off(max(1, row["tries"]), row["key"])
        if wait is None:
            self._end(row, FAILED, f"given up after {row['tries']} tries: {delivery.said}")
            return
        due = now() + int(1e6 * max(wait, delivery.wait or 0.0))
        with self.workspace.state.writing() as connection:
            put_off(connection, row["id"], self.worker, due, delivery.said, row["tries"])

    def _switch_off(self, row: Row, said: str) -> None:
        """A receiver that wants no more: its rule goes off and says why."""
        with self.workspace.state.writing() as connection:
            switch_rule(connection, row["rule"], now(), "worker", is_on=False, said=said)
            cancel_actions(connection, now(), "the receiver wants no more", rule=row["rule"])


def event_of(row: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a webhook is told: type, instant and data, as Standard Webhooks suggest."""
    lead = {name: row[name] for name in ("lead_id", "person_id", "product_id", "rep_id", "label")}
    belief = {name: values.get(name) for name in ("chance", "grade", "expected_value", "currency")}
    return {
        "type": "automation.fired",
        "timestamp": to_iso(row["fired_at"]),
        "data": {"rule": row["rule"], "why": row["why"], "target": row["target"], **lead, **belief},
    }


@dataclass
class _Pace:
    """So many a minute, evenly."""

    a_minute: int
    _next: float = field(default=0.0, init=False)

    def wait(self, is_stopping: Callable[[], bool]) -> None:
        """Waits for the next place."""
        pause = self._next - monotonic()
        if pause > 0 and not is_stopping():
            threading.Event().wait(min(pause, 60.0))
        self._next = max(self._next, monotonic()) + 60.0 / self.a_minute


@contextmanager
def delivering(
    workspace: Workspace, worker: str, is_stopping: Callable[[], bool]
) -> Iterator[Deliverer]:
    """A deliverer whose connections are closed in the end."""
    found = Deliverer(workspace, worker, is_stopping)
    try:
        yield found
    finally:
        found.close()
