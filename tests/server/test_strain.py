"""Slow and greedy clients: what they hold, and for how long; everybody else is served meanwhile."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from postgresql_server import PostgresqlServer
from sample_company import fill_workspace
from served import HTTP, serving

from redumbrella.access.rules import Access
from redumbrella.server import connections, request_limits
from redumbrella.server.api import downloads
from redumbrella.workspace import Workspace

TOKEN = "a-token-for-tests-0123456789"
V1 = "/api/v1"
LEADS = 8_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """So many leads that a download does not fit into the buffers of a connection."""
    workspace = fill_workspace(tmp_path_factory.mktemp("many"), LEADS)
    yield workspace
    workspace.state.close()


def connected(address: str, sent: bytes, *, small: bool = False) -> socket.socket:
    client = socket.socket()
    client.settimeout(20)
    if small:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", urlsplit(address).port))
    client.sendall(sent)
    return client


def ended_within(client: socket.socket, seconds: float) -> bytes:
    """What came until the server ended the connection, which it must within these seconds."""
    client.settimeout(seconds)
    found = b""
    try:
        while piece := client.recv(1 << 16):
            found += piece
    except ConnectionResetError:
        pass
    return found


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", "")).encode()


@pytest.mark.parametrize("first", [b"", b"GET /leads HT", b"GET /leads HTTP/1.1\r\nX: a"])
def test_a_head_must_end_in_time(
    company: Workspace, monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr("redumbrella.server.app.KEEP_ALIVE_SECONDS", 1)
    with serving(company) as address, connected(address, first) as client:
        assert ended_within(client, 5.0) == b""
        # Also the second head of a connection.
        with connected(address, head("GET", f"{V1}/health") + first) as other:
            assert ended_within(other, 10.0).count(b"HTTP/1.1 200") == 1


def test_letters_that_drop_in_do_not_prolong_a_head(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.6)
    with serving(company) as address, connected(address, b"GET / HTTP/1.1\r\nX: ") as client:
        started = time.monotonic()
        with suppress(OSError):
            while time.monotonic() < started + 8:
                client.sendall(b"a")
                time.sleep(0.1)
        assert time.monotonic() - started < 5


def test_who_waits_longest_for_a_head_makes_room(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_most_connections", lambda: 20)
    with serving(company) as address, ExitStack() as stack:
        slow = [stack.enter_context(connected(address, b"GET / HT")) for _ in range(60)]
        assert HTTP.get(f"{address}{V1}/health").status_code == 200
        ended = 0
        for client in slow[:40]:
            ended += ended_within(client, 5.0) == b""
        assert ended == 40


@pytest.mark.parametrize(
    ("path", "length"), [("/login", 1_500_000_000), (f"{V1}/weights", 400_000_000)]
)
def test_large_bodies_are_refused_before_they_are_read(
    company: Workspace, monkeypatch: pytest.MonkeyPatch, path: str, length: int
) -> None:
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.5)
    method = "POST" if path == "/login" else "PUT"
    sent = head(method, path, f"Content-Length: {length}", "Content-Type: application/json")
    with serving(company, Access(token=TOKEN)) as address:
        with connected(address, sent + b"x" * 50_000) as client:
            # Without the token nobody is told what is too large.
            status = b"413" if path == "/login" else b"401"
            assert ended_within(client, 8.0).startswith(b"HTTP/1.1 " + status)
        with connected(
            address, sent.replace(b"Host", f"Authorization: Bearer {TOKEN}\r\nHost".encode())
        ) as client:
            assert ended_within(client, 8.0).startswith(b"HTTP/1.1 413")


def test_a_body_of_unknown_size_is_read_up_to_the_limit(address: str) -> None:
    sent = head(
        "PUT", f"{V1}/weights", "Transfer-Encoding: chunked", "Content-Type: application/json"
    )
    with connected(address, sent) as client:
        client.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n" + b"10\r\n" + b"x" * 16 + b"\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_must_end_in_time(company: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.3)
    sent = head("POST", "/login", "Content-Length: 20",
                "Content-Type: application/x-www-form-urlencoded")  # fmt: skip
    with (
        serving(company, Access(token=TOKEN)) as address,
        connected(address, sent + b"t") as client,
    ):
        answer = ended_within(client, 5.0)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"Send it again" in answer


def test_the_next_request_has_time_of_its_own(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its head may come in one piece with the end of a body that nobody waited for."""
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.3)
    form = ("Content-Length: 3", "Content-Type: application/x-www-form-urlencoded")
    with (
        serving(company, Access(token=TOKEN)) as address,
        connected(address, head("POST", "/settings", *form)) as client,
    ):
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 303")
        client.sendall(b"a=b" + head("GET", f"{V1}/health"))
        answer = client.recv(1 << 16)
        while b"token_required" not in answer:  # head and body may come apart
            answer += client.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 401")
        time.sleep(0.6)
        client.sendall(head("GET", "/leads"))
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 303")


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "bad_json"),
        ({"content": b'{"note": "\\ud800"}', "headers": {"Content-Type": "application/json"}},
         400, "bad_json"),
        ({"content": b'{"note": "\\u0000"}', "headers": {"Content-Type": "application/json"}},
         400, "bad_text"),
        ({"content": b"weights"}, 415, "wrong_content_type"),
        ({"files": {"weights": b"x"}}, 415, "wrong_content_type"),
        ({"data": {"note": "a\0"}}, 400, "bad_text"),
        ({"data": {"note": ["a", "b"]}}, 400, "duplicate_parameter"),
    ],
)  # fmt: skip
def test_bodies_are_text_of_the_right_kind(
    address: str, sent: dict[str, object], status: int, reason: str
) -> None:
    answer = HTTP.put(f"{address}{V1}/weights", **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)


def check_stalled_downloads(workspace: Workspace) -> None:
    """More than the pool has connections; pages go on, and the places come back."""
    with serving(workspace) as address, ExitStack() as stack:
        form = f"{V1}/leads.jsonl"
        clients = [stack.enter_context(connected(address, head("GET", form), small=True))
                   for _ in range(20)]  # fmt: skip
        lines = [client.recv(12) for client in clients]
        assert lines.count(b"HTTP/1.1 200") == downloads.MOST_DOWNLOADS
        assert lines.count(b"HTTP/1.1 503") == 20 - downloads.MOST_DOWNLOADS
        started = time.monotonic()
        assert HTTP.get(f"{address}/leads").status_code == 200
        assert time.monotonic() - started < 5.0
        refused = HTTP.get(address + form)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert refused.json()["error"]["reason"] == "too_many_downloads"
        assert HTTP.head(address + form).status_code == 200
        assert workspace.state.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        for client in clients[:10]:
            client.close()
        deadline = time.monotonic() + 10
        while (answer := HTTP.get(address + form)).status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(answer.content.splitlines()) == LEADS


def test_stalled_downloads_hold_no_connection(many: Workspace) -> None:
    check_stalled_downloads(many)


@pytest.mark.postgresql
def test_nor_on_postgresql(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    workspace = fill_workspace(tmp_path, LEADS, postgresql.database("strain"))
    check_stalled_downloads(workspace)
    workspace.state.close()


def test_a_client_that_reads_nothing_is_given_up(
    many: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.5)
    monkeypatch.setattr(downloads, "MOST_DOWNLOADS", 1)
    with serving(many) as address:
        form = f"{V1}/leads.jsonl"
        with connected(address, head("GET", form), small=True) as client:
            assert client.recv(12) == b"HTTP/1.1 200"
            deadline = time.monotonic() + 10
            while HTTP.get(address + form).status_code == 503:
                assert time.monotonic() < deadline
                time.sleep(0.05)


def test_a_full_disk_is_an_answer(many: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("redumbrella.server.api.lists.write_parquet", full)
    with serving(many) as address:
        answer = HTTP.get(f"{address}{V1}/leads.parquet")
        assert (answer.status_code, answer.json()["error"]["reason"]) == (503, "no_room")
        assert "No space left" in answer.json()["error"]["message"]


def test_too_many_requests_at_once_are_told_to_come_back(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_limits, "MOST_REQUESTS", 0)
    with serving(company) as address:
        answer = HTTP.get(f"{address}{V1}/health")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["error"]["reason"] == "busy"


def test_the_pool_has_a_connection_for_every_thread(many: Workspace) -> None:
    """Pages that ask for a second connection cannot wait for each other: 60 at the same time."""
    found: list[int] = []
    with serving(many) as address:

        def ask(i: int) -> None:
            with connected(
                address, head("GET", f"/leads/nobody-{i}", "Connection: close")
            ) as client:
                found.append(int(client.recv(12)[-3:]))

        threads = [Thread(target=ask, args=(i,)) for i in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert found == [404] * 60
