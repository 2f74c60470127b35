"""A test mail: a rule's mail, made for one lead, goes to somebody of the company to look at.

It is no action of the rule: the outbox, the days between two contacts and what the rule brings know
nothing of it. Its link to unsubscribe names nobody, so that a click on it ends nobody's mails.
"""

from dataclasses import dataclass
from uuid import uuid4

from redumbrella.access.acting import acting
from redumbrella.clock import now
from redumbrella.destinations.mail import MailConnection
from redumbrella.destinations.mail_message import Mail
from redumbrella.destinations.templates import MessageTemplate
from redumbrella.errors import EngineError, NotFoundError, SettingsError
from redumbrella.settings.automations import Automation
from redumbrella.settings.mail import MailServer
from redumbrella.settings.mailboxes import read_mailbox
from redumbrella.state.audit import note
from redumbrella.workflows.compose import mail_server_of, values_of
from redumbrella.workflows.try_automation import newest_of, row_of_lead, try_automation
from redumbrella.workspace import Workspace

MARK = "[Test]"
_NOBODYS_LINK = "test"  # no token of a person
_DAYS = (30, 366)


@dataclass(frozen=True)
class SentTestMail:
    """A test mail that was handed to the mail server: to whom, and with whose values."""

    to: str
    subject: str
    lead_id: str
    label: str


def send_test_mail(
    workspace: Workspace, rule: Automation, to: str, lead_id: str = ""
) -> SentTestMail:
    """Sends a rule's mail to an address of one's own.

    lead_id: whose values it has; "": of whoever the rule would have fired for last. Raises
    SettingsError where the rule sends no mails or the address is none, NotFoundError where nobody
    is known to make it for, EngineError where it cannot be sent.
    """
    server = mail_server_of(workspace.settings)
    if rule.action.kind != "mail":
        raise SettingsError(f'The rule "{rule.name}" sends no e-mails.', reason="no_mail")
    if read_mailbox(to) is None:
        message = f'"{to}" is no e-mail address. Write it like ana@example.com.'
        raise SettingsError(message, reason="bad_email")
    mail, who, label = _mail(workspace, rule, server, to, lead_id)
    with MailConnection(server, server.password()) as mails:
        delivery = mails.send(mail)
    if delivery.outcome != "sent":
        raise EngineError(f"The test mail was not sent: {delivery.said}", reason="mail_failed")
    with workspace.state.writing() as connection:
        note(connection, now(), acting(), "test mail", rule.name, f"to {to}")
    return SentTestMail(to, mail.subject, who, label)


def _mail(
    workspace: Workspace, rule: Automation, server: MailServer, to: str, lead_id: str
) -> tuple[Mail, str, str]:
    """The mail, the id that it is made for, and the name of that."""
    who, why = (lead_id, "you look at a test mail") if lead_id else _fired_last(workspace, rule)
    row = row_of_lead(workspace, rule, who) | {"why": why}
    values = values_of(workspace, [row])[0]
    link = f"{server.public_url}/unsubscribe/{_NOBODYS_LINK}" if server.public_url else ""
    values["unsubscribe_url"] = "" if rule.action.is_to_rep else link
    action = rule.action
    made = MessageTemplate(action.subject, action.text, action.html or None).render(values)
    message_id = f"<test-{uuid4().hex}@{server.from_.domain}>"
    mail = Mail(message_id, to, f"{MARK} {made.subject}", made.text, made.html)
    return mail, who, row["label"]


def _fired_last(workspace: Workspace, rule: Automation) -> tuple[str, str]:
    """For whom the rule would have fired last, and why."""
    for days in _DAYS:
        newest = newest_of(try_automation(workspace, rule, days))
        if newest is not None:
            return newest.lead_id or newest.person_id, newest.why
    raise NotFoundError(
        f'"{rule.name}" would have fired for nobody in the last {_DAYS[-1]} days: name a lead to '
        "make the mail for.",
        reason="no_lead",
    )
