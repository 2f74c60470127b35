"""Webhooks against a real receiver: signatures, answers of every kind, faults, and time-outs."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from self_made_certificates import Certificate, certificate, trust
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError
from webhook_receiver import Receiver, raw, receiving, status

from redumbrella.clock import now, to_datetime
from redumbrella.destinations import safe_address, webhook
from redumbrella.destinations.delivery import Delivery
from redumbrella.destinations.safe_address import tls_context
from redumbrella.destinations.webhook import LONGEST_WAIT, back_off, post, request
from redumbrella.errors import SettingsError
from redumbrella.settings.webhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"
BODY = json.dumps({"type": "jump", "name": "Zoë"}, ensure_ascii=False).encode()
KEY = "Bearer key-of-the-crm-0123456789"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
def _own_authorities() -> Iterator[None]:
    yield
    tls_context.cache_clear()


def to(receiver: Receiver, **options: object) -> Webhook:
    return Webhook("crm", receiver.url, **{"private": True, **options})  # type: ignore[arg-type]


def sent(receiver: Receiver, body: bytes = BODY) -> Delivery:
    return post(to(receiver), SECRET, "msg_1", body, now())


def test_the_receiver_verifies_what_is_signed(receiver: Receiver) -> None:
    delivery = sent(receiver)
    assert (delivery.outcome, delivery.wait) == ("sent", None)
    (came,) = receiver.received
    assert (came.method, came.path, came.body) == ("POST", "/hook", BODY)
    assert came.headers["webhook-id"] == "msg_1"
    assert came.headers["content-type"] == "application/json"
    assert Verifier(SECRET).verify(came.body, dict(came.headers)) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(came.body + b" ", dict(came.headers))
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 44).verify(came.body, dict(came.headers))


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=24, max_size=64), st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True),
       st.dictionaries(st.text(), st.integers()))  # fmt: skip
def test_every_signature_verifies(key: bytes, name: str, content: dict[str, int]) -> None:
    from base64 import b64encode

    secret = f"whsec_{b64encode(key).decode()}"
    body = json.dumps(content).encode()
    headers = webhook.signature_headers(secret, name, body, now())
    assert Verifier(secret).verify(body, headers) == content
    assert webhook.signature_headers(secret.rstrip("="), name, body, now())


@pytest.mark.parametrize(
    "secret",
    [
        *("", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 88, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!MfKQ9r8G",
    ],
)
def test_a_secret_that_cannot_sign_is_said_without_showing_it(
    receiver: Receiver, secret: str
) -> None:
    with pytest.raises(SettingsError) as problem:
        post(to(receiver), secret, "msg_1", BODY, now())
    assert problem.value.reason == "bad_secret"
    assert len(secret) < 8 or secret.removeprefix("whsec_") not in problem.value.message
    assert receiver.received == []


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *((200, "sent"), (201, "sent"), (202, "sent"), (204, "sent"), (299, "sent")),
        *((300, "retry"), (304, "retry"), (400, "retry"), (401, "retry"), (404, "retry")),
        *((410, "disabled"), (429, "retry"), (500, "retry"), (502, "retry"), (503, "retry")),
    ],
)
def test_what_an_answer_means(receiver: Receiver, code: int, outcome: str) -> None:
    receiver.answer = status(code, b"" if code in {204, 304} else b"because\x1b[31m of it")
    delivery = sent(receiver)
    assert delivery.outcome == outcome
    assert str(code) in delivery.said
    assert code in {204, 304} or "because\\x1b[31m of it" in delivery.said
    assert delivery.wait is None
    assert not delivery.in_doubt


def test_how_long_to_wait_is_heeded_for_a_day_at_most(receiver: Receiver) -> None:
    def wait(code: int, value: str) -> float | None:
        receiver.answer = status(code, Retry_After=value)
        return post(to(receiver), SECRET, "msg_1", BODY, at).wait

    at = now()
    assert wait(429, "120") == 120.0
    assert wait(503, "7") == 7.0
    assert wait(500, "7") is None
    assert wait(429, "99999999") == LONGEST_WAIT
    assert wait(429, "9" * 5000) is None
    for word in ("-5", "0", "soon", "1e9", "٣", ""):
        assert wait(429, word) is None, word
    in_an_hour = format_datetime(to_datetime(at + 3_600_000_000), usegmt=True)
    assert wait(429, in_an_hour) == pytest.approx(3600.0, abs=1.0)
    assert wait(503, "Fri, 31 Dec 9999 23:59:59 GMT") == LONGEST_WAIT
    assert wait(503, "Wed, 21 Oct 2015 07:28:00 GMT") is None
    assert wait(503, "Wed, 21 Oct 2015 07:28:00 -0000") is None


def test_no_redirect_is_followed(receiver: Receiver) -> None:
    with receiving() as inside:
        for code in (301, 302, 303, 307, 308):
            receiver.answer = status(code, Location=inside.url)
            delivery = sent(receiver)
            assert delivery.outcome == "retry"
            assert "not followed" in delivery.said
        assert inside.received == []


def test_a_receiver_that_closes_the_connection(receiver: Receiver) -> None:
    receiver.answer = raw()
    delivery = sent(receiver)
    assert (delivery.outcome, delivery.in_doubt) == ("retry", True)
    receiver.answer = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    assert sent(receiver).outcome == "sent"  # the status is what counts


@pytest.mark.parametrize(
    "answer",
    [b"hello\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"\0" * 100, b"HTTP/1.1 200 " + b"x" * 70_000,
     b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n"])  # fmt: skip
def test_an_answer_that_is_no_http(receiver: Receiver, answer: bytes) -> None:
    receiver.answer = raw(answer)
    delivery = sent(receiver)
    assert delivery.outcome == "retry"
    assert len(delivery.said) < 500


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        delivery = post(Webhook("crm", url, private=True), SECRET, "msg_1", BODY, now())
    assert (delivery.outcome, delivery.in_doubt) == ("retry", False)
    assert "refused" in delivery.said


def test_of_a_huge_answer_little_is_read(receiver: Receiver) -> None:
    written = []

    def endless(handler: object) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")  # type: ignore[attr-defined]
        for _ in range(2_000):
            handler.wfile.write(b"x" * 100_000)  # type: ignore[attr-defined]
            written.append(1)

    receiver.answer = endless
    delivery = sent(receiver)
    assert delivery.outcome == "sent"
    assert len(delivery.said) < 400
    assert len(written) < 200


@pytest.mark.parametrize("where", ["before", "status", "headers", "early", "body", "chunks"])
def test_a_receiver_that_drips_is_cut(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(webhook, "SECONDS_IN_ALL", 0.4)
    start = {
        "before": b"",
        "status": b"HTTP/1.1 ",
        "headers": b"HTTP/1.1 200 OK\r\nX: ",
        "early": b"",
        "body": b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n",
        "chunks": b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n",
    }[where]
    drop = {"chunks": b"1\r\nx\r\n", "early": b"HTTP/1.1 100 Continue\r\n\r\n"}.get(where, b"2")
    if where == "before":
        receiver.answer = lambda handler: handler.server.receiver.stopping.wait(20)  # type: ignore
    else:
        receiver.answer = raw(start, *[drop] * 400, pause=0.05)
    begun = time.monotonic()
    delivery = sent(receiver)
    assert time.monotonic() - begun < 5.0
    assert delivery.outcome == "retry"
    if where in {"body", "chunks"}:
        assert "answered 500" in delivery.said
    else:
        assert "did not answer within 0.4 seconds" in delivery.said
        assert delivery.in_doubt


def test_a_receiver_that_does_not_let_one_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_address, "CONNECT_SECONDS", 0.3)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # the queue is full: whoever comes now is not answered
            one = socket.socket()
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(full.getsockname())
            waiting.append(one)
        begun = time.monotonic()
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        delivery = post(Webhook("crm", url, private=True), SECRET, "msg_1", BODY, now())
        for one in waiting:
            one.close()
    assert time.monotonic() - begun < 5.0
    assert (delivery.outcome, delivery.in_doubt) == ("retry", False)
    assert "did not let us connect" in delivery.said


def test_a_tls_handshake_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_address, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}/"
        begun = time.monotonic()
        delivery = post(Webhook("crm", url, private=True), SECRET, "msg_1", BODY, now())
    assert time.monotonic() - begun < 5.0
    assert delivery.outcome == "retry"
    assert "did not let us connect" in delivery.said


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificates"))


def test_a_certificate_is_checked(localhost: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(tls=localhost.server_context()) as receiver:
        delivery = sent(receiver)
        assert delivery.outcome == "retry"
        assert "certificate" in delivery.said
        assert receiver.received == []
        trust(localhost, monkeypatch)
        assert sent(receiver).outcome == "sent"
        # The right authority and another name: the address is the same, the certificate is not.
        elsewhere = receiver.url.replace("localhost", "127.0.0.1")
        other = post(Webhook("crm", elsewhere, private=True), SECRET, "msg_1", BODY, now())
        assert other.outcome == "retry"
        assert "certificate" in other.said
        assert len(receiver.received) == 1


def test_a_receiver_on_a_private_address_is_refused_unless_allowed(
    localhost: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(localhost, monkeypatch)
    with receiving(tls=localhost.server_context()) as receiver:
        delivery = post(to(receiver, private=False), SECRET, "msg_1", BODY, now())
        assert delivery.outcome == "refused"
        assert "private = true" in delivery.said
        assert receiver.received == []


def test_writing_back_to_a_crm(receiver: Receiver) -> None:
    hook = to(receiver)
    url = receiver.url.replace("/hook", "/leads/7?notify=no")
    for method in ("PATCH", "PUT", "POST"):
        delivery = request(method, url, {"Authorization": KEY}, b"{}", hook, now())
        assert delivery.outcome == "sent"
    assert [one.method for one in receiver.received] == ["PATCH", "PUT", "POST"]
    assert receiver.received[0].path == "/leads/7?notify=no"
    assert receiver.received[0].headers["authorization"] == KEY
    assert "webhook-signature" not in receiver.received[0].headers


def test_a_header_is_written_once(receiver: Receiver) -> None:
    headers = {"CONTENT-TYPE": "application/merge-patch+json", "Idempotency-Key": "key-of-row-77"}
    receiver.answer = status(409, b"key-of-row-77 was used with application/merge-patch+json")
    delivery = request("PATCH", receiver.url, headers, b"{}", to(receiver), now())
    (came,) = receiver.received
    names = [name.lower() for name, _ in came.lines]
    assert names.count("content-type") == names.count("idempotency-key") == 1
    assert dict(came.lines)["content-type"] == "application/merge-patch+json"
    assert "key-of-row-77 was used with application" in delivery.said


def test_the_key_goes_to_its_own_server_alone(receiver: Receiver) -> None:
    hook = to(receiver)
    with receiving() as other:
        for url in (other.url, receiver.url.replace("localhost", "127.0.0.1")):
            delivery = request("PATCH", url, {"Authorization": KEY}, b"{}", hook, now())
            assert delivery.outcome == "refused"
        assert other.received == receiver.received == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", {}), ("DELETE", {}), ("POST\r\nX: y", {}), ("POST", {"A": "b\r\nX: y"}),
     ("POST", {"A: b\r\nX": "y"}), ("POST", {"A": "ü"})])  # fmt: skip
def test_nothing_is_smuggled_into_a_request(
    receiver: Receiver, method: str, headers: dict[str, str]
) -> None:
    assert request(method, receiver.url, headers, b"{}", to(receiver), now()).outcome == "refused"
    assert post(to(receiver), SECRET, "a\r\nX: y", BODY, now()).outcome == "refused"
    assert receiver.received == []


def test_secrets_that_a_receiver_repeats_are_not_shown(receiver: Receiver) -> None:
    receiver.answer = status(401, f"bad key {KEY}, or {KEY.split()[1]}".encode())
    delivery = request("PATCH", receiver.url, {"Authorization": KEY}, b"{}", to(receiver), now())
    assert "bad key" in delivery.said
    assert "0123456789" not in delivery.said


def test_back_off_grows_for_about_a_day_and_then_gives_up() -> None:
    pauses = [back_off(tries, "a") for tries in range(1, 8)]
    assert all(pause is not None for pause in pauses)
    assert pauses == sorted(pauses)  # type: ignore[type-var]
    assert 20 * 3600 < sum(pauses) < 28 * 3600  # type: ignore[arg-type]
    assert pauses[0] == pytest.approx(5.0, rel=0.1)
    assert back_off(8, "a") is back_off(0, "a") is back_off(-1) is None
    assert back_off(3, "a") == back_off(3, "a")
    assert len({back_off(3, str(n)) for n in range(100)}) == 100


def test_words_of_the_example_of_the_standard() -> None:
    """The vector that the specification of Standard Webhooks prints."""
    headers = webhook.signature_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        1_614_265_330_000_000,
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_tells_the_server_and_not_the_path() -> None:
    hook = Webhook("crm", "https://no-such-host.invalid/services/T0/very-secret")
    delivery = post(hook, SECRET, "msg_1", BODY, now())
    assert delivery.outcome == "retry"
    assert re.search("no-such-host.invalid cannot be looked up", delivery.said)
    assert "very-secret" not in delivery.said


def test_a_certificate_of_a_bad_kind_is_no_crash(tmp_path: Path) -> None:
    with receiving() as plain:  # http where https is expected
        url = plain.url.replace("http://", "https://")
        delivery = post(Webhook("crm", url, private=True), SECRET, "msg_1", BODY, now())
    assert delivery.outcome == "retry"
