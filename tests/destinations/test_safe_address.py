"""Which addresses are public, and that what was checked is what is connected to."""

import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.destinations import safe_address
from redumbrella.destinations.safe_address import CheckedConnection, checked_addresses, is_public
from redumbrella.errors import EngineError, SettingsError
from redumbrella.settings.web_addresses import read_web_address

PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255",
          "100.128.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e",
          "2001:4860:4860::8888"]  # fmt: skip
INSIDE = [
    *("127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1"),
    *("172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1"),
    *("100.100.100.200", "100.127.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1"),
    *("192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1"),
    *("2001:10::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1"),
    *("fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1"),
    *("", "localhost", "8.8.8.8 ", "08.8.8.8", "8.8.8", "134744072", "8.8.8.8/32"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: Any) -> None:
    inside = (address.is_private or address.is_loopback or address.is_link_local
              or address.is_multicast or address.is_reserved or address.is_unspecified)  # fmt: skip
    assert not (inside and is_public(str(address)))
    if address.version == 4:
        assert not is_public(f"::ffff:{address}")
        assert not is_public(f"64:ff9b::{address}")


def looked_up(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Each look-up of a name gives the next of these answers; returns the names asked for."""
    left, asked = list(answers), []

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
@pytest.mark.parametrize("first", [True, False])
def test_one_private_address_refuses_them_all(
    monkeypatch: pytest.MonkeyPatch, bad: str, first: bool
) -> None:
    looked_up(monkeypatch, [bad, "8.8.8.8"] if first else ["8.8.8.8", bad])
    with pytest.raises(SettingsError, match="private = true") as problem:
        checked_addresses("rebind.example", 443, private=False, seconds=5.0)
    assert problem.value.reason == "private_address"


SPELLINGS = (
    "localhost",
    "127.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "0177.0.0.1",
    "0",
    "::1",
)


@pytest.mark.parametrize("host", SPELLINGS)
def test_other_spellings_of_this_machine(host: str) -> None:
    # A system that reads no such spelling, or has no IPv6, says that it knows no such host.
    with pytest.raises((SettingsError, EngineError)) as problem:
        checked_addresses(host, 80, private=False, seconds=5.0)
    assert problem.value.reason in {"private_address", "unknown_host"}
    if host in {"127.0.0.1", "localhost"}:
        assert problem.value.reason == "private_address"


def test_a_public_address_of_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_address, "is_public", lambda address: True)
    with pytest.raises(SettingsError, match="this machine"):
        checked_addresses("127.0.0.1", 80, private=False, seconds=5.0)


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name stands for a public address when it is checked, and for this machine afterwards."""
    asked = looked_up(monkeypatch, ["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"])
    monkeypatch.setattr(safe_address, "_is_own", lambda address: False)
    opened = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        opened.append((address, port))
        raise OSError("as far as this test goes")

    monkeypatch.setattr(safe_address, "_connected", connect)
    address = read_web_address("https://rebind.example/")
    connection = CheckedConnection(address, private=False, seconds=5.0)
    with connection, pytest.raises(OSError, match="as far as"):
        connection.request("POST", "/")
    assert asked == ["rebind.example"]
    assert opened == [("93.184.216.34", 443)]


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        looked_up(monkeypatch, ["127.0.0.2", "127.0.0.1"])
        address = read_web_address(f"http://two.example:{port}/", private=True)
        with CheckedConnection(address, private=True, seconds=5.0) as connection:
            connection.connect()
            assert connection.is_connected
            assert connection.sock.getpeername() == ("127.0.0.1", port)


def test_a_look_up_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: free.wait(20))
    begun = time.monotonic()
    with pytest.raises(EngineError, match="no answer in time"):
        checked_addresses("slow.example", 443, private=False, seconds=0.2)
    assert time.monotonic() - begun < 5.0
    free.set()


def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, [])
    with pytest.raises(EngineError) as problem:
        checked_addresses("nothing.example", 443, private=False, seconds=5.0)
    assert problem.value.reason == "unknown_host"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example", ("https", "a.example", 443, "/")),
        ("https://A.Example:8443/b/c?d=e&f=%20#g", ("https", "a.example", 8443, "/b/c?d=e&f=%20")),
        ("https://bücher.example/ü", ("https", "xn--bcher-kva.example", 443, "/%C3%BC")),
        ("https://a.example.", ("https", "a.example", 443, "/")),
        ("https://[2606:4700::1]:444/x", ("https", "2606:4700::1", 444, "/x")),
        ("https://1.2.3.4/", ("https", "1.2.3.4", 443, "/")),
    ],
)
def test_an_address_in_its_parts(url: str, parts: tuple[str, str, int, str]) -> None:
    found = read_web_address(url)
    assert (found.scheme, found.host, found.port, found.target) == parts
    assert read_web_address(found.origin).host == found.host


@pytest.mark.parametrize(
    "url",
    ["", "a.example", "//a.example", "ftp://a.example", "file:///etc/passwd", "gopher://a.example",
     "http://a.example", "https://", "https:///x", "https://u:p4ssw0rd@a.example",
     "https://u@a.example", "https://a.example\\@b.example", "https://a.example:0",
     "https://a.example:99999", "https://a.example:x", "https://a b.example", "https://a.example/\r\nX",
     "https://a.example/\nHost: b", "https://[fe80::1%25eth0]/", "https://[::1", "https://a..example",
     "https://a.example/" + "x" * 3000, "https://%6c%6f.example", "https://a_b!.example",
     "https://\u2028a.example", "https://a.example\t/"])  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(SettingsError) as problem:
        read_web_address(url)
    assert problem.value.reason == "bad_address"
    assert "p4ssw0rd" not in problem.value.message
    if url.startswith("http://"):
        assert read_web_address(url, private=True).port == 80
