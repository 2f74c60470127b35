"""Requests that nobody means well with: a fixed seed makes the same bytes each time."""

import random
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import quote

PATHS = (
    "/", "/leads", "/customers", "/products", "/valuations", "/models", "/models/all", "/sources",
    "/rejected", "/runs", "/settings", "/docs", "/login", "/logout", "/static/style.css",
    "/static/vega.js", "/favicon.ico", "/nothing", "/leads/L-1001", "/leads/nobody",
    "/api/v1/leads", "/api/v1/leads/L-1001", "/api/v1/customers", "/api/v1/products",
    "/api/v1/valuations", "/api/v1/models", "/api/v1/models/current", "/api/v1/sources",
    "/api/v1/rejected", "/api/v1/runs", "/api/v1/weights", "/api/v1/backtests", "/api/v1/health",
    "/api/v1/openapi.json", "/api/v1/leads.csv", "/api/v1/leads.json", "/api/v1/leads.jsonl",
    "/api/v1/leads.parquet", "/api/v1/nothing",
)  # fmt: skip
NAMES = (
    "search", "min_probability", "product", "grade", "regime", "source", "campaign", "rep",
    "target", "sort", "page", "page_size", "threshold", "capacity", "changed", "next", "id",
    "segment", "family", "verdict", "nonsense", "",
)  # fmt: skip
VALUES = (
    "", "A", "1", "-1", "0", "1e999", "nan", "-inf", "9" * 30, "9" * 5_000, "1_0", "٣", "0x10",
    "%00", "a%00b", "%ff", "%c3%28", "%ed%a0%80", "%", "%zz", "%u0041", "+", "%0a", "%0d%0a",
    "..", ".", "%2e%2e", "%2F", "%252F", "../../etc/passwd", "' OR 1=1 --", '%22%3E%3Cscript%3E',
    "+".join(["word"] * 3_000), "x" * 60_000, "x" * 7_000, "%25" * 2_000, "_%25_", "%F0%9F%98%80",
    "\\", "{{7*7}}", "$(id)", "-probability", "--", "conversion", quote("é" * 300), "%EF%BF%BF",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get")
HEADERS = (
    "Host: evil.example", "Host: [::1", "Host: 127.0.0.1:99999999", "Host:", "Origin: http://[",
    "Origin: null", "Sec-Fetch-Site: cross-site", "Cookie: umbrella_session=\xff\xfe",
    "Cookie: ;;;=;", "Authorization: Bearer", "Authorization: Bearer \xff", "Authorization: \x01",
    "Range: bytes=0-,-5", "Range: bytes=9999999999-", "If-None-Match: *", "Accept-Encoding: gzip",
    "Accept-Encoding: " + "gzip," * 500, "X-Forwarded-For: \xff", "X-Forwarded-For: 1.2.3.4,,",
    "X-Forwarded-Proto: javascript", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
    "Content-Length: -1", "Content-Length: 99999999999", "Content-Length: 5, 5",
    "Expect: 100-continue", "Upgrade: websocket", "Connection: Upgrade", "Content-Type: ",
    "X-Long: " + "a" * 20_000,
    "If-Modified-Since: yesterday", "Bad Header", ": nothing", "X-Null: a\0b",
)  # fmt: skip
BODIES = (
    b"", b"\0", b"\xff\xfe", b"{", b"[]", b"null", b"1e999", b"NaN", b'{"weights": 1}',
    b'{"weights": {"profit": 1e999}}', b'{"weights": {"profit": NaN}}',
    b'{"weights": {"profit": ' + b"9" * 400 + b"}}", b'{"weights": {"\\ud800": 1}}',
    b'{"weights": {"fit": 1}, "note": "\\ud800"}', b'{"weights": {"fit": 1}, "by": "\\u0000"}',
    b'{"weights": {"fit": 1}, "note": "' + b"x" * 20_000 + b'"}', b"[" * 900 + b"]" * 900,
    b"[" * 8_000, b'{"weights": {}, "weights": {}}', b"token=%00", b"token=%ff&next=//evil",
    b"token=a&token=b", b"profit=nan&fit=%ED%A0%80", b"profit=1e308&fit=1e308", b"note=%zz",
    b"fit=" + b"9" * 5_000, b"&&&==&", b"a=1&" * 4_000, b"by=" + b"%F0%9F%98%80" * 900,
    b"--x\r\nContent-Disposition: form-data; name=token\r\n\r\nx\r\n--x--\r\n",
)  # fmt: skip
TYPES = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "multipart/form-data", "application/json; charset=utf-16", "text/plain", "\xff", "a/b; =; ;",
    "application/x-www-form-urlencoded; charset=none", "application/vnd.x+json",
)  # fmt: skip


def hostile_requests(count: int, seed: int = 20_101_101) -> Iterator[bytes]:
    """Whole requests as bytes; none of them can succeed in changing anything but weights."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _request(chance)


def _request(chance: random.Random) -> bytes:
    path = chance.choice(PATHS)
    if chance.random() < 0.3:
        path += "/" * (path != "/") + chance.choice(VALUES)
    if chance.random() < 0.6:
        asked = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randint(1, 3))]
        path += "?" + "&".join(f"{name}={value}" for name, value in asked)
    if chance.random() < 0.03:
        path = chance.choice(
            ("*", "http://evil.example/leads", "//evil.example/", "leads", "/\xff")
        )
    method = chance.choice(METHODS) if chance.random() < 0.5 else "GET"
    lines = ["Host: 127.0.0.1"]
    if chance.random() < 0.35:
        lines += chance.choices(HEADERS, k=chance.randint(1, 2))
        if lines[1].startswith("Host"):
            del lines[0]
    body = b""
    if method in ("POST", "PUT", "PATCH") or chance.random() < 0.1:
        body = chance.choice(BODIES)
        lines.append(f"Content-Type: {chance.choice(TYPES)}")
        if not any(line.startswith(("Content-Length", "Transfer-")) for line in lines):
            lines.append(f"Content-Length: {len(body)}")
        if any(line.startswith("Transfer-Encoding: chunked") for line in lines):
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    head = "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "", ""))
    return head.encode("latin-1", "replace") + body


def statuses_of(port: int, requests: Sequence[bytes] | Iterator[bytes]) -> Counter[int]:
    """How often each status came; 0 where a connection was ended without an answer."""
    return Counter(status_of(port, request) for request in requests)


def status_of(port: int, request: bytes, patience: float = 40.0) -> int:
    """The status that one request gets on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        with suppress(OSError):  # refused while it was sent; the answer may be there
            connection.sendall(request)
        try:
            with connection.makefile("rb") as answer:
                line = answer.readline(100).split()
                while line[1:2] == [b"100"]:  # go on
                    answer.readline()
                    line = answer.readline(100).split()
        except ConnectionResetError:
            return 0
    return int(line[1]) if len(line) > 1 else 0
