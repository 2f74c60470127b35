"""Fixtures that several rooms share: a company with scored leads, and a server in a thread."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from customer_world import PEOPLE, make_shop, simulated, with_people
from every_list import fill_every_list
from few_families import few_families
from hypothesis import settings
from lead_worlds import quiet
from postgresql_server import PostgresqlServer, postgresql_server
from ready_duckdb import ready_duckdb
from ready_schema import ready_schema
from sample_company import fill_workspace, make_workspace
from served import HTTP, serving

from redumbrella.workflows.run import run
from redumbrella.workspace import Workspace

# How long one example takes says something about the machine, nothing about the product.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="session", autouse=True)
def _close_client() -> Iterator[None]:
    yield
    HTTP.close()


@pytest.fixture(scope="session", autouse=True)
def migrations() -> Iterator[Callable[..., None]]:
    """What makes the tables of a new database; only the first one of a session runs it."""
    with ready_schema() as migrate:
        yield migrate


@pytest.fixture(scope="session", autouse=True)
def open_duckdb() -> Iterator[Callable[..., Any]]:
    """What opens a DuckDB of its own; questions to lakes share one."""
    with ready_duckdb() as opened:
        yield opened


@pytest.fixture(scope="module")
def baselines_only() -> Iterator[None]:
    """For modules about what is done with a model: learning compares the baselines alone."""
    with few_families():
        yield


@pytest.fixture(scope="module")
def baselines_and_trees() -> Iterator[None]:
    """The same with boosted trees, where it matters what a score is made of."""
    with few_families("boosted"):
        yield


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """240 scored leads, one closed one and two models; tests only read it."""
    workspace = fill_workspace(tmp_path_factory.mktemp("company"))
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="session")
def empty_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Settings and nothing else."""
    workspace = make_workspace(tmp_path_factory.mktemp("empty"))
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="session")
def address(company: Workspace) -> Iterator[str]:
    """The address of a server that shows the company to everyone on this machine."""
    with serving(company) as found:
        yield found


@pytest.fixture(scope="session")
def empty_address(empty_company: Workspace) -> Iterator[str]:
    """The address of a server of a workspace in which nothing was run yet."""
    with serving(empty_company) as found:
        yield found


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Purchases and people, no targets: 300 customers are valued; tests only read it."""
    folder, rows = tmp_path_factory.mktemp("shop"), simulated(300, 60.0)
    workspace = make_shop(folder, rows, customers='horizon_days = 91\nunit = "week"', more=PEOPLE)
    with_people(folder, rows)
    run(workspace, quiet)
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="session")
def shop_address(shop: Workspace) -> Iterator[str]:
    """The address of a server that shows the shop."""
    with serving(shop) as found:
        yield found


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A company in which every list has rows; tests only read it."""
    workspace = fill_every_list(tmp_path_factory.mktemp("full"))
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="session")
def full_address(full: Workspace) -> Iterator[str]:
    """The address of a server that shows every list."""
    with serving(full) as found:
        yield found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server of our own; a test that stops it starts it again."""
    with postgresql_server() as server:
        yield server


@pytest.fixture
def folder(company: Workspace) -> Path:
    """The company's workspace folder, for commands."""
    return company.root


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        reason = "no Chromium: apt-get install chromium, or set $CHROMIUM to its path"
        if os.environ.get("UMBRELLA_REQUIRE") == "all":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()
