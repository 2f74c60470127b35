"""Mails against a real mail server: what arrives, is refused or tried again; log-in and TLS."""

import email
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import policy
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_receiver import PASSWORD, USER, MailReceiver, mail_server
from self_made_certificates import Certificate, certificate, trust

from redumbrella.destinations import mail
from redumbrella.destinations.mail import MailConnection
from redumbrella.destinations.mail_message import Mail, data_lines, mail_bytes
from redumbrella.destinations.safe_address import tls_context
from redumbrella.errors import EngineError
from redumbrella.settings.mail import MailServer
from redumbrella.settings.mailboxes import Mailbox, read_mailbox

FROM = Mailbox("Ana Sousa, Vendas", "sales", "example.com")
AT = 1_772_438_400_000_000  # 2026-03-02 08:00 UTC
LINK = "https://umbrella.example.com/unsubscribe/" + "Ab9_-" * 60
MAIL = Mail("<rule-7.p1@umbrella.example.com>", "Zoë Ng <zoe@example.net>", "Grüße", "Hello\n")


@pytest.fixture
def receiver() -> Iterator[MailReceiver]:
    with mail_server() as made:
        yield made


@pytest.fixture(autouse=True)
def _own_authorities() -> Iterator[None]:
    yield
    tls_context.cache_clear()


def server(receiver: MailReceiver, **options: object) -> MailServer:
    found = MailServer("localhost", FROM, port=receiver.port, security="none")
    return replace(found, **options)  # type: ignore[arg-type]


def to(address: str) -> Mail:
    return replace(MAIL, to=address)


def test_what_arrives(receiver: MailReceiver) -> None:
    reply = Mailbox("", "help", "example.com")
    whole = replace(MAIL, html="<p>Hällo</p>\n", unsubscribe_url=LINK, text="Hällo\n.\n..dots\n")
    with MailConnection(server(receiver, reply_to=reply)) as connection:
        delivery = connection.send(whole, AT)
    assert delivery.outcome == "sent"
    assert "4711" in delivery.said
    (arrived,) = receiver.arrived
    assert (arrived.sender, arrived.recipients) == ("sales@example.com", ("zoe@example.net",))
    message = arrived.message
    assert message["To"].addresses[0].display_name == "Zoë Ng"
    assert message["From"].addresses[0].display_name == "Ana Sousa, Vendas"
    assert len(message["From"].addresses) == len(message["To"].addresses) == 1
    assert message["Subject"] == "Grüße"
    assert message["Message-ID"] == MAIL.message_id
    assert message["Reply-To"] == "help@example.com"
    assert message["Date"].datetime.timestamp() == AT / 1e6
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{LINK}>\r\n".encode() in arrived.content  # as it is, on one line
    assert message["MIME-Version"] == "1.0"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == ["Hällo", ".", "..dots"]
    assert html.get_content().strip() == "<p>Hällo</p>"
    assert arrived.content.isascii()


def test_text_alone_has_no_other_part(receiver: MailReceiver) -> None:
    with MailConnection(server(receiver)) as connection:
        assert (
            connection.send(replace(MAIL, unsubscribe_url="http://10.0.0.1/u/1")).outcome == "sent"
        )
    message = receiver.arrived[0].message
    assert message.get_content_type() == "text/plain"
    assert message["List-Unsubscribe"] == "<http://10.0.0.1/u/1>"
    assert "List-Unsubscribe-Post" not in message  # RFC 8058 asks for https
    assert abs(message["Date"].datetime.timestamp() - time.time()) < 60


def test_many_go_over_one_connection(receiver: MailReceiver) -> None:
    receiver.at_recipient["no@example.net"] = "550 5.1.1 no such user"
    receiver.at_recipient["later@example.net"] = "450 4.2.0 greylisted"
    receiver.at_content["large@example.net"] = "552 5.3.4 too large"
    receiver.at_content["busy@example.net"] = "451 4.3.0 try again"
    addresses = ["a@example.net", "no@example.net", "b@example.net", "later@example.net",
                 "large@example.net", "busy@example.net", "c@example.net"]  # fmt: skip
    with MailConnection(server(receiver)) as connection:
        outcomes = [connection.send(to(address)) for address in addresses]
    assert [one.outcome for one in outcomes] == [
        *("sent", "refused", "sent", "retry", "refused", "retry", "sent")
    ]
    assert "550" in outcomes[1].said
    assert "no such user" in outcomes[1].said
    assert [one.recipients[0][0] for one in receiver.arrived] == ["a", "b", "c"]
    assert receiver.connections == 1


@pytest.mark.parametrize("place", ["sender", "recipient", "content"])
def test_a_dropped_connection_is_opened_again(receiver: MailReceiver, place: str) -> None:
    with MailConnection(server(receiver)) as connection:
        assert connection.send(to("a@example.net")).outcome == "sent"
        receiver.drop_at[place] = 1
        second = connection.send(to("b@example.net"))
        # Cut after the whole mail was handed over, nobody knows: it is not sent by itself again.
        assert second.outcome == ("retry" if place == "content" else "sent")
        assert second.in_doubt == (place == "content")
        assert connection.send(to("c@example.net")).outcome == "sent"
    assert receiver.connections == 2


def test_a_first_connection_that_is_dropped_is_tried_later(receiver: MailReceiver) -> None:
    receiver.drop_at["recipient"] = 1
    with MailConnection(server(receiver)) as connection:
        first = connection.send(to("a@example.net"))
        assert (first.outcome, first.in_doubt) == ("retry", False)
        assert connection.send(to("a@example.net")).outcome == "sent"
    assert len(receiver.arrived) == 1


def test_an_answer_that_is_lost_leaves_doubt(receiver: MailReceiver) -> None:
    receiver.drop_at["answer"] = 1
    with MailConnection(server(receiver)) as connection:
        delivery = connection.send(MAIL)
    assert (delivery.outcome, delivery.in_doubt) == ("retry", True)
    assert "may have arrived" in delivery.said
    assert len(receiver.arrived) == 1  # it did


def test_421_ends_the_connection_and_the_next_mail_opens_another(receiver: MailReceiver) -> None:
    receiver.at_recipient["a@example.net"] = "421 4.7.0 too many, come back"
    with MailConnection(server(receiver)) as connection:
        assert connection.send(to("a@example.net")).outcome == "retry"
        assert connection.send(to("b@example.net")).outcome == "sent"
    assert receiver.connections == 2


def test_nobody_listens_is_said_once_and_not_asked_for_every_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = MailServer("localhost", FROM, port=taken.getsockname()[1], security="none")
        asked = []
        connect = socket.create_connection

        def counted(place: tuple[str, int], *options: Any) -> socket.socket:
            asked.append(place)
            return connect(place, *options)

        monkeypatch.setattr(socket, "create_connection", counted)
        with MailConnection(nobody) as connection:
            for _ in range(5):
                delivery = connection.send(MAIL)
                assert (delivery.outcome, delivery.in_doubt) == ("retry", False)
                assert "refused" in delivery.said
    assert len(asked) == 1


def test_a_sender_that_may_not_send_concerns_every_mail(receiver: MailReceiver) -> None:
    receiver.at_sender["sales@example.com"] = "553 5.7.1 not owned by user"
    with MailConnection(server(receiver)) as connection:
        for _ in range(2):
            with pytest.raises(EngineError, match="does not let sales") as problem:
                connection.send(MAIL)
            assert problem.value.reason == "mail_sender"
    receiver.at_sender["sales@example.com"] = "451 4.3.0 later"
    with MailConnection(server(receiver)) as connection:
        assert connection.send(MAIL).outcome == "retry"


def test_several_threads_share_a_connection(receiver: MailReceiver) -> None:
    addresses = [f"{number}@example.net" for number in range(40)]
    with MailConnection(server(receiver)) as connection, ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda one: connection.send(to(one)).outcome, addresses))
    assert outcomes == ["sent"] * 40
    assert receiver.connections == 1
    assert sorted(one.recipients[0] for one in receiver.arrived) == sorted(addresses)
    assert all(one.recipients[0] in str(one.message["To"]) for one in receiver.arrived)


def test_what_a_person_mended_is_tried_again_after_some_minutes(
    receiver: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.at_sender["sales@example.com"] = "550 5.7.1 blocked"
    with MailConnection(server(receiver)) as connection:
        with pytest.raises(EngineError):
            connection.send(MAIL)
        del receiver.at_sender["sales@example.com"]
        with pytest.raises(EngineError):
            connection.send(MAIL)
        monkeypatch.setattr(mail, "MENDING_SECONDS", 0.0)
        assert connection.send(MAIL).outcome == "sent"
    assert receiver.connections == 2


# ---- TLS and log-in ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("at_once", [False, True])
def test_log_in_over_tls(
    localhost: Certificate, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    trust(localhost, monkeypatch)
    security = "tls" if at_once else "starttls"
    with mail_server(localhost.server_context(), at_once=at_once, auth=True) as receiver:
        known = server(receiver, security=security, user=USER, password_env="X")
        with MailConnection(known, PASSWORD) as connection:
            assert connection.send(MAIL).outcome == "sent"
            assert connection.send(MAIL).outcome == "sent"
        assert len(receiver.arrived) == 2
        assert receiver.logins == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for(localhost: Certificate, security: str) -> None:
    with mail_server(localhost.server_context(), at_once=security == "tls") as receiver:
        with (
            MailConnection(server(receiver, security=security), PASSWORD) as connection,
            pytest.raises(EngineError, match="certificate") as problem,
        ):
            connection.send(MAIL)
        assert problem.value.reason == "mail_security"
        assert receiver.arrived == []


def test_the_certificate_of_another_name(
    localhost: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(localhost, monkeypatch)
    with mail_server(localhost.server_context()) as receiver:
        other = server(receiver, security="starttls", server="127.0.0.1")
        with MailConnection(other) as connection, pytest.raises(EngineError, match="certificate"):
            connection.send(MAIL)
        assert receiver.arrived == []


def test_without_starttls_nothing_is_sent(receiver: MailReceiver) -> None:
    with (
        MailConnection(server(receiver, security="starttls", user=USER), PASSWORD) as connection,
        pytest.raises(EngineError, match="STARTTLS") as problem,
    ):
        connection.send(MAIL)
    assert problem.value.reason == "mail_security"
    assert receiver.arrived == []


def test_a_refused_log_in_is_one_clear_error_without_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong = "not-the-password-123"
    caplog.set_level(logging.DEBUG)
    with mail_server(auth=True) as receiver:
        receiver.login = f"535 5.7.8 {wrong} is not the password"
        with MailConnection(server(receiver, user=USER), wrong) as connection:
            for _ in range(3):
                with pytest.raises(EngineError, match=USER) as problem:
                    connection.send(MAIL)
                assert problem.value.reason == "mail_login"
                assert wrong not in problem.value.message
            assert wrong not in repr(connection)
        asked = receiver.logins
        assert 1 <= asked <= 3  # the ways to log in, each once
    ours = [one.getMessage() for one in caplog.records if one.name != "mail.log"]
    assert not [line for line in ours if wrong in line]


def test_a_log_in_that_fails_for_now_is_tried_later() -> None:
    with mail_server(auth=True) as receiver:
        receiver.login = "454 4.7.0 temporary failure"
        with MailConnection(server(receiver, user=USER), "x") as connection:
            assert connection.send(MAIL).outcome == "retry"


def test_a_server_that_wants_a_log_in_that_is_not_set() -> None:
    with (
        mail_server(auth=True) as receiver,
        MailConnection(server(receiver)) as connection,
        pytest.raises(EngineError, match="password_env") as problem,
    ):
        connection.send(MAIL)
    assert problem.value.reason == "mail_login"


def test_a_server_without_any_log_in(receiver: MailReceiver) -> None:
    with (
        MailConnection(server(receiver, user=USER), PASSWORD) as connection,
        pytest.raises(EngineError, match="no log-in that is known"),
    ):
        connection.send(MAIL)


def test_a_password_beyond_ascii_is_said() -> None:
    with (
        mail_server(auth=True) as receiver,
        MailConnection(server(receiver, user=USER), "pässword") as connection,
        pytest.raises(EngineError, match="ASCII") as problem,
    ):
        connection.send(MAIL)
    assert "pässword" not in problem.value.message


# ---- addresses, headers and what strangers may write into them -----------------------------------


def test_letters_beyond_ascii_in_addresses(receiver: MailReceiver) -> None:
    with MailConnection(server(receiver)) as connection:
        assert connection.send(to("a@bücher.example")).outcome == "sent"
        refused = connection.send(to("jürgen@example.net"))
        assert (refused.outcome, receiver.connections) == ("refused", 1)
    assert receiver.arrived[0].recipients == ("a@xn--bcher-kva.example",)
    assert not receiver.arrived[0].options
    with mail_server(enable_SMTPUTF8=True) as modern, MailConnection(server(modern)) as connection:
        assert connection.send(to("Jürgen <jürgen@example.net>")).outcome == "sent"
        assert connection.send(to("a@example.net")).outcome == "sent"
    assert "SMTPUTF8" in modern.arrived[0].options
    assert modern.arrived[0].recipients == ("jürgen@example.net",)
    assert not modern.arrived[1].options


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "@b", "a@b@c", "a@b, c@d", "a@b c@d", "<a@b> <c@d>", "a@b>\r\nRCPT TO:<c@d",
     "a@b\r\nDATA", "a b@c.example", '"a b"@c.example', "a@b..example", ".a@b.example",
     "a..b@c.example", "a@-b.example", "a@b.example>", "a@[127.0.0.1]", "a\0@b.example",
     "a@b.example\n", "a" * 65 + "@b.example", "a@" + "b" * 300, "a(c)@b.example", "a@b\u2028c",
     "x <a@b.example> BODY=8BITMIME", "a\u202e@b.example", "a\u200d@b.example",
     "a" * 64 + "@" + "b" * 60 + ("." + "c" * 60) * 2 + ".de.example"])  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_sent(
    receiver: MailReceiver, address: str
) -> None:
    cleaned = read_mailbox(address)
    if address == "a@b.example\n":  # a line break at its end is no part of it
        assert cleaned == Mailbox("", "a", "b.example")
        return
    assert cleaned is None
    with MailConnection(server(receiver)) as connection:
        assert connection.send(to(address)).outcome == "refused"
    assert receiver.connections == 0


@pytest.mark.parametrize("field", ["message_id", "unsubscribe_url"])
@pytest.mark.parametrize(
    "value", ["", "x", "<a@b>\r\nBcc: c@d", "https://a/\r\nBcc: c@d", "<a @b>"]
)
def test_what_the_caller_gives_cannot_add_headers(
    receiver: MailReceiver, field: str, value: str
) -> None:
    with MailConnection(server(receiver)) as connection:
        assert connection.send(replace(MAIL, **{field: value})).outcome == "refused"


HOSTILE = [
    "Eve\r\nBcc: victim@example.org",
    "Eve\nBcc: victim@example.org",
    "Eve\rBcc: victim@example.org",
    "Eve\u2028Bcc: victim@example.org",
    "Eve\x0b\x0c\x1c\x85Bcc: x",
    'Eve" <eve@example.org>, "Bob',
    "Eve\\",
    'Eve\\" ',
    "Eve, Bob; Carol: (none) [x] <y",
    "Müller, Eva <x@y.z>",
    "=?utf-8?q?Eve=0D=0ABcc=3A_victim=40example=2Eorg?=",
    "=?utf-8?b?RXZlDQpCY2M6IHZpY3RpbUBleGFtcGxlLm9yZw==?= ü",
    "\ud800 half",
    "a\u202egnp.exe",
    "ü" * 500,
    "x" * 5000,
    "\r\n\r\n<script>",
    "\r\n.\r\nMAIL FROM:<eve@example.org>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_adds_no_header_and_no_recipient(receiver: MailReceiver, name: str) -> None:
    mail = replace(MAIL, subject=name, text=f"Dear {name}\n", html=f"<p>{name}</p>")
    content = mail_bytes(server(receiver), mail, Mailbox(name, "zoe", "example.net"), AT)
    with MailConnection(server(receiver)) as connection:
        assert connection.send(replace(mail, to=f"{name.replace('<', '').replace('>', '')} "
                                       "<zoe@example.net>")).outcome == "sent"  # fmt: skip
        assert connection.send(MAIL).outcome == "sent"
    assert len(receiver.arrived) == 2
    assert all(one.recipients == ("zoe@example.net",) for one in receiver.arrived)
    for whole in (content, receiver.arrived[0].content):
        check_headers(whole)


def check_headers(content: bytes) -> None:
    """Read as strict and as lenient readers do, the mail has our headers and one recipient."""
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) < 998
    head = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\n") if line[:1] not in {b" ", b"\t"}]
    assert sorted(names) == sorted(set(names))
    assert set(names) <= {b"Date", b"From", b"To", b"Message-ID", b"Subject", b"Content-Type",
                          b"MIME-Version", b"Content-Transfer-Encoding"}  # fmt: skip
    plain = email.message_from_bytes(content)
    for header, address in (("To", "zoe@example.net"), ("From", "sales@example.com")):
        assert [one for _, one in getaddresses([plain[header]])] == [address]
    modern = email.message_from_bytes(content, policy=policy.default)
    assert modern["Bcc"] is None
    assert len(modern["To"].addresses) == 1
    assert "\n" not in modern["Subject"]


TEXTS = st.text(st.characters(), max_size=300)


@settings(max_examples=60, deadline=None)
@given(name=TEXTS, subject=TEXTS, text=TEXTS, html=st.none() | TEXTS)
def test_whatever_the_texts_hold(name: str, subject: str, text: str, html: str | None) -> None:
    found = MailServer("localhost", FROM)
    mail = Mail("<a@b>", "zoe@example.net", subject, text, html)
    content = mail_bytes(found, mail, Mailbox(name, "zoe", "example.net"), AT)
    check_headers(content)
    body = data_lines(content)
    assert body.endswith(b"\r\n.\r\n")
    assert b"\r\n.\r\n" not in body[:-3]
    assert body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n")
    message = email.message_from_bytes(content)
    part = message.get_payload()[0] if message.is_multipart() else message  # type: ignore[index]
    said = part.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert said.splitlines() == text.encode("utf-8", "replace").decode().splitlines()


def test_lines_of_the_content_cannot_end_the_mail() -> None:
    for inside in (b".\r\n", b".\n", b".\r", b"\n.\n", b"\r\n.\r", b"a\n.\r\nb", b""):
        made = data_lines(b"a: b\n\n" + inside)
        assert made.endswith(b"\r\n.\r\n")
        assert b"\r\n.\r\n" not in made[:-3]


def test_a_server_that_talks_nonsense(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        import threading

        def answer() -> None:
            one, _ = listening.accept()
            with one:
                one.sendall(b"\x1b[31mhello\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        odd = MailServer("localhost", FROM, port=listening.getsockname()[1], security="none")
        with MailConnection(odd) as connection:
            delivery = connection.send(MAIL)
        thread.join()
    assert delivery.outcome == "retry"
    assert "\x1b" not in delivery.said
