"""The log-in page of a server that is open to the network: a token in, a session cookie out."""

from math import ceil
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from redumbrella.access.rules import COOKIE, Access
from redumbrella.server.gate import looked_at, patience
from redumbrella.server.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(request: Request, next: str = "/leads") -> Response:  # noqa: A002  the address's word
    """Asks for the token; straight on where none is needed."""
    if _access(request).token is None:
        return RedirectResponse("/leads", status_code=303)
    return render(request, "login.html", menu=(), can_log_out=False, next=_local(next), problem="")


@router.post("/login")
def log_in(
    request: Request,
    token: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/leads",  # noqa: A002  the form's word
) -> Response:
    """Gives out the cookie when the token fits, else asks again."""
    access = _access(request)
    verdict = looked_at(access, request.scope, token)
    if not verdict.fits:
        problem = (
            patience(verdict.wait) if verdict.wait else "That is not the token of this server."
        )
        status = 429 if verdict.wait else 401
        page = render(request, "login.html", status, menu=(), can_log_out=False, next=_local(next),
                      problem=problem)  # fmt: skip
        if verdict.wait:
            page.headers["Retry-After"] = str(ceil(verdict.wait))
        return page
    answer = RedirectResponse(_local(next), status_code=303)
    answer.set_cookie(
        COOKIE,
        access.sessions.begin(monotonic()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session, here and in the browser."""
    _access(request).sessions.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _access(request: Request) -> Access:
    access = request.app.state.access
    assert isinstance(access, Access)
    return access


def _local(address: str) -> str:
    """Only pages of this server: '//elsewhere' and '/\\elsewhere' would lead away."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if safe and "\n" not in address and "\r" not in address else "/leads"
