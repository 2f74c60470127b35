"""Hostile requests get an answer that is no fault of ours, on both databases and without one.

UMBRELLA_HOSTILE=1000 sends that many instead of a few.
"""

import os
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hostile_requests import hostile_requests, status_of, statuses_of
from postgresql_server import PostgresqlServer
from sample_company import fill_workspace
from served import HTTP, serving

from redumbrella.views.catalogue import VIEWS

COUNT = int(os.environ.get("UMBRELLA_HOSTILE", "100"))
V1 = "/api/v1"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that never end are given up soon."""
    monkeypatch.setattr("redumbrella.server.request_limits.BODY_SECONDS", 0.3)


def port_of(address: str) -> int:
    return urlsplit(address).port or 0


def check(address: str) -> Counter[int]:
    found: Counter[int] = Counter()
    for request in hostile_requests(COUNT):
        status = status_of(port_of(address), request)
        assert status < 500, (status, request[:300])
        found[status] += 1
    print(dict(sorted(found.items())))  # noqa: T201  the figures of a full run, with -s
    assert len(found) > 5  # they are not all refused for one reason
    assert HTTP.get(f"{address}/leads").status_code == 200
    return found


def test_no_request_is_a_fault_of_ours(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, 30)
    with serving(workspace) as address:
        check(address)
    workspace.state.close()


@pytest.mark.postgresql
def test_nor_on_postgresql_nor_without_it(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    workspace = fill_workspace(tmp_path, 30, postgresql.database("hostile"))
    with serving(workspace) as address:
        check(address)
        postgresql.stop()
        away = statuses_of(port_of(address), hostile_requests(COUNT // 3))
        assert {status for status in away if status >= 500} == {503}
        pages = ["/leads", "/leads/L-1001", "/models", "/models/x", "/settings", "/leads/?id=.."]
        pages += [view.page_address for view in VIEWS.values() if view.name != "products"]
        rest = ["leads/L-1001", "models/current", "models/x", "weights", "backtests", "health"]
        rest += [f"{view.name}{suffix}" for view in VIEWS.values() if view.name != "products"
                 for suffix in ("", ".csv", ".json", ".jsonl", ".parquet")]  # fmt: skip
        for path in (*pages, *(f"{V1}/{name}" for name in rest)):
            for answer in (HTTP.get(address + path), HTTP.head(address + path)):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "10"), path
        answer = HTTP.put(f"{address}{V1}/weights", json={"weights": {"fit": 2}})
        assert (answer.status_code, answer.json()["error"]["reason"]) == (503, "state_unreachable")
        assert HTTP.post(f"{address}/settings", data={"fit": "2"}).status_code == 503
        postgresql.start()
        assert HTTP.get(f"{address}/leads").status_code == 200
    workspace.state.close()
