"""The log-in page of a server that is open to the network: a token in, a session cookie out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from redumbrella.access.rules import COOKIE, Access
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
    if not access.token_fits(token.strip()):
        problem = "That is not the token of this server."
        return render(request, "login.html", 401, menu=(), can_log_out=False, next=_local(next),
                      problem=problem)  # fmt: skip
    answer = RedirectResponse(_local(next), status_code=303)
    answer.set_cookie(
        COOKIE,
        access.session(),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


@router.post("/logout")
def log_out() -> Response:
    """Takes the cookie back."""
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
