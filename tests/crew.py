"""Users of every role and keys of every scope on a workspace, and how they ask a server."""

import re
from dataclasses import dataclass, field

import httpx

from redumbrella.access.roles import ROLES, SCOPES
from redumbrella.access.rules import COOKIE
from redumbrella.server.web.login import VISITOR_COOKIE
from redumbrella.workflows.manage_access import add_key, add_user
from redumbrella.workspace import Workspace

PASSWORD = "correct horse battery"
REP = "rep 1"
_opened: list[httpx.Client] = []


@dataclass
class Crew:
    """The users' e-mails by role, and the keys by scope."""

    emails: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)


def add_crew(workspace: Workspace) -> Crew:
    """One user of each role, the admin first; sales is REP; one key of each scope."""
    crew = Crew()
    for role in ROLES:
        crew.emails[role] = f"{role}@example.com"
        rep = REP if role == "sales" else ""
        add_user(workspace, crew.emails[role], role, PASSWORD, f"The {role}", rep)
    for scope in SCOPES:
        crew.keys[scope] = add_key(workspace, f"for {scope}", (scope,))[1]
    return crew


def log_in(
    address: str, email: str, password: str = PASSWORD, **headers: str
) -> tuple[httpx.Client, httpx.Response]:
    """A browser that loaded the log-in and sent its form, and the answer."""
    browser = httpx.Client(
        base_url=address, verify=False, trust_env=False, headers=headers, timeout=60
    )
    _opened.append(browser)
    page = browser.get("/login")
    form = {"email": email, "password": password, "form_token": token_in(page.text)}
    # The jar keeps secure cookies back from http; a browser behind the proxy would send it.
    visitor = re.search(rf"{VISITOR_COOKIE}=([^;]+)", page.headers["set-cookie"])
    assert visitor is not None
    browser.cookies.clear()
    answer = browser.post("/login", data=form, headers={"Cookie": f"{VISITOR_COOKIE}={visitor[1]}"})
    if COOKIE in answer.headers.get("set-cookie", ""):
        found = re.search(rf"{COOKIE}=([^;]+)", answer.headers["set-cookie"])
        assert found is not None
        browser.cookies.clear()
        browser.cookies.set(COOKIE, found[1])
    return browser, answer


def logged_in(address: str, email: str, password: str = PASSWORD) -> httpx.Client:
    """A browser with a session."""
    browser, answer = log_in(address, email, password)
    assert answer.status_code == 303, answer.text
    return browser


def token_in(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


def sent(browser: httpx.Client, path: str, **form: str) -> httpx.Response:
    """The answer to a form with the token of the account page."""
    return browser.post(path, data={**form, "form_token": token_in(browser.get("/account").text)})


def close_browsers() -> None:
    """Closes every browser that logged in."""
    while _opened:
        _opened.pop().close()
