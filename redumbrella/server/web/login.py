"""The log-in: e-mail and password in, or the token of a server without users; a session out."""

from math import ceil
from secrets import token_urlsafe
from threading import BoundedSemaphore
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from redumbrella.access.keys import form_token, is_same
from redumbrella.access.rules import COOKIE, Access
from redumbrella.server.callers import (
    caller_of,
    callers_of,
    client_of,
    cookie_of,
    looked_at,
    patience,
)
from redumbrella.server.web.rendering import render
from redumbrella.workflows.manage_access import SESSION_SECONDS, close_session, open_session

# What the form of the log-in is bound to, before there is a session: another site could else log
# somebody in as somebody else.
VISITOR_COOKIE = "umbrella_visitor"
_SAID = {
    "password": "Your password is changed, and every session has ended. Log in with the new one.",
    "everywhere": "You are logged out everywhere.",
}
# A guess is counted before the next one is looked at.
_one_by_one = BoundedSemaphore(1)

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(
    request: Request,
    next: str = "",  # noqa: A002  the address's word
    said: str = "",
) -> Response:
    """Asks for e-mail and password, or for the token; straight on where neither is needed."""
    if not callers_of(request).people_log_in():
        if _access(request).token is None:
            return RedirectResponse("/leads", status_code=303)
        next = _local(next, "/leads")  # noqa: A001
    return _page(request, 200, next, said=_SAID.get(said, ""))


@router.post("/login")
def log_in(
    request: Request,
    token: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    given: Annotated[str, Form(alias="form_token")] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002  the form's word
) -> Response:
    """Gives out the cookie when password or token fits, else asks again."""
    if callers_of(request).people_log_in():
        return _with_password(request, email, password, given, next)
    return _with_token(request, token, _local(next, "/leads"))


def _with_password(
    request: Request, email: str, password: str, given: str, following: str
) -> Response:
    if not _is_own_form(request, given):
        problem = "This page was open for too long, or cookies are off. Try once more."
        return _page(request, 403, following, problem, email=email)
    callers, scope = callers_of(request), request.scope
    email = email.strip().lower()
    with _one_by_one:
        wait = callers.wait_of(scope, email)
        value = None
        if not wait:
            workspace = request.app.state.workspace
            value = open_session(workspace, email, password, client_of(scope))
            if value is None:
                callers.wrong_password(scope, email)
    if wait:
        page = _page(request, 429, following, patience(wait), email=email)
        page.headers["Retry-After"] = str(ceil(wait))
        return page
    if value is None:
        problem = "E-mail and password do not fit together, or the user is disabled."
        return _page(request, 401, following, problem, email=email)
    callers.right_password(scope, email)
    answer = _begun(request, value, _local(following, "/"))
    answer.delete_cookie(VISITOR_COOKIE, path="/login", httponly=True, samesite="strict")
    return answer


def _is_own_form(request: Request, given: str) -> bool:
    visitor = request.cookies.get(VISITOR_COOKIE, "")
    return bool(visitor) and is_same(given, form_token(visitor))


def _with_token(request: Request, token: str, following: str) -> Response:
    access = _access(request)
    verdict = looked_at(access, request.scope, token)
    if verdict.fits:
        return _begun(request, access.sessions.begin(monotonic()), following)
    if not verdict.wait:
        return _page(request, 401, following, "That is not the token of this server.")
    page = _page(request, 429, following, patience(verdict.wait))
    page.headers["Retry-After"] = str(ceil(verdict.wait))
    return page


def _page(
    request: Request,
    status: int,
    following: str,
    problem: str = "",
    *,
    email: str = "",
    said: str = "",
) -> Response:
    """The form; of people with a token that is bound to a cookie of this browser."""
    people = callers_of(request).knows_people
    visitor = request.cookies.get(VISITOR_COOKIE) or token_urlsafe(32)
    page = render(
        request,
        "login.html",
        status,
        menu=(),
        people=people,
        visitor_token=form_token(visitor) if people else "",
        next=_local(following, "/"),
        email=email[:200],
        problem=problem,
        said=said,
    )
    page.headers["Cache-Control"] = "no-store"
    if people:
        page.set_cookie(VISITOR_COOKIE, visitor, path="/login", **_kept(request))
    return page


def _begun(request: Request, value: str, following: str) -> Response:
    answer = RedirectResponse(following, status_code=303)
    answer.set_cookie(COOKIE, value, max_age=SESSION_SECONDS, path="/", **_kept(request))
    return answer


def _kept(request: Request) -> dict[str, Any]:
    """No script reads the cookie, no other site sends it, and nobody on the way sees it."""
    return {"httponly": True, "samesite": "strict", "secure": request.url.scheme == "https"}


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session, here and in the browser."""
    cookie = cookie_of(request.scope)
    if caller_of(request).kind == "user":
        close_session(request.app.state.workspace, cookie)
    else:
        _access(request).sessions.end(cookie)
    return logged_out("/login")


def logged_out(address: str) -> Response:
    """On to an address, with the cookie taken back."""
    answer = RedirectResponse(address, status_code=303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _access(request: Request) -> Access:
    access = request.app.state.access
    assert isinstance(access, Access)
    return access


def _local(address: str, otherwise: str) -> str:
    """Only pages of this server: '//elsewhere' and '/\\elsewhere' would lead away."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if safe and "\n" not in address and "\r" not in address else otherwise
