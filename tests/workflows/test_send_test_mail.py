"""A test mail: one lead's message to oneself, which no guard, measure or person knows of."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from automation_world import NIGHT, actions, company, leads, people
from mail_receiver import MailReceiver, mail_server

from redumbrella.errors import EngineError, NotFoundError, SettingsError
from redumbrella.settings.automations import Automation, automation_of
from redumbrella.state.outreach import who_unsubscribed
from redumbrella.views.audit import AUDIT
from redumbrella.views.listing import list_page
from redumbrella.workflows.send_test_mail import send_test_mail
from redumbrella.workflows.unsubscribe import unsubscribe_person
from redumbrella.workspace import Workspace

LETTER = {
    "kind": "mail",
    "subject": "An offer for {{ first_name }}",
    "text": "Dear {{ name }}: {{ unsubscribe_url }}",
    "html": "<b>{{ name }}</b>",
}


def rule(**action: str) -> Automation:
    return automation_of(
        {"name": "Welcome", "trigger": {"kind": "lead"}, "action": {**LETTER, **action}}
    )


@pytest.fixture
def mails() -> Iterator[MailReceiver]:
    with mail_server() as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, mails: MailReceiver) -> Iterator[Workspace]:
    """Bea came yesterday, Ana years ago; Ana agreed to no mails."""
    settings = f"""
[mail]
server = "localhost"
port = {mails.port}
security = "none"
from = "sales@umbrella.example"
public_url = "https://umbrella.example"
"""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    known = [*leads("Ana", created_at=NIGHT - timedelta(days=3_000)),
             *leads("Bea", created_at=yesterday)]  # fmt: skip
    found = people("Ana", consent="no") + people("Bea")
    workspace = company(tmp_path, settings, {"people": found, "leads": known})
    yield workspace
    workspace.state.close()


def test_it_has_the_values_of_the_lead_and_goes_to_oneself(
    shop: Workspace, mails: MailReceiver
) -> None:
    sent = send_test_mail(shop, rule(), "me@umbrella.example")
    assert (sent.lead_id, sent.to) == ("L-Bea", "me@umbrella.example")  # who would fire last
    (arrived,) = mails.arrived
    assert arrived.recipients == ("me@umbrella.example",)
    message = arrived.message
    assert message["Subject"] == sent.subject == "[Test] An offer for Bea"
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.startswith("Dear Bea Sousa: https://umbrella.example/unsubscribe/")
    assert "<b>Bea Sousa</b>" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    send_test_mail(shop, rule(), "me@umbrella.example", "L-Ana")
    assert mails.arrived[1].message["Subject"] == "[Test] An offer for Ana"
    assert mails.arrived[1].message["Message-ID"] != message["Message-ID"]


def test_nothing_knows_of_it(shop: Workspace, mails: MailReceiver) -> None:
    """No outbox, so no days between contacts and no measure; and nobody is unsubscribed by it."""
    send_test_mail(shop, rule(), "me@umbrella.example")
    assert actions(shop, "id") == []
    message = mails.arrived[0].message
    assert message["List-Unsubscribe"] is None
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    token = text.strip().rpartition("/")[2]
    assert not unsubscribe_person(shop, token, "192.0.2.7")
    with shop.state.reading() as connection:
        assert who_unsubscribed(connection, ["P-Bea", "L-Bea"]) == set()
    (row,) = list_page(shop, AUDIT, AUDIT.query({"action": "test mail"})).rows
    assert (row["object"], row["detail"]) == ("Welcome", "to me@umbrella.example")


def test_what_keeps_it_from_leaving_is_said(shop: Workspace, mails: MailReceiver) -> None:
    with pytest.raises(SettingsError, match="no e-mail address"):
        send_test_mail(shop, rule(), "me@umbrella.example, you@umbrella.example")
    task = automation_of({"name": "Call", "trigger": {"kind": "lead"},
                          "action": {"kind": "task", "text": "Call"}})  # fmt: skip
    with pytest.raises(SettingsError, match='"Call" sends no e-mails'):
        send_test_mail(shop, task, "me@umbrella.example")
    with pytest.raises(NotFoundError, match="no lead"):
        send_test_mail(shop, rule(), "me@umbrella.example", "L-Nobody")
    won = automation_of({"name": "Won", "trigger": {"kind": "outcome", "outcome": "won"},
                         "action": LETTER})  # fmt: skip
    with pytest.raises(NotFoundError, match="name a lead"):
        send_test_mail(shop, won, "me@umbrella.example")
    mails.at_recipient["me@umbrella.example"] = "550 no such person"
    with pytest.raises(EngineError, match="was not sent: The mail server answered 550"):
        send_test_mail(shop, rule(), "me@umbrella.example")
    assert mails.arrived == []
