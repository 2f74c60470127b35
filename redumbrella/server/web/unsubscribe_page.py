"""The link of a mail by which somebody outside the company leaves: a page with one button.

Nobody is known here and nobody has to be: the signed link alone counts. Providers of mail send the
form by themselves (RFC 8058, one click), so that it needs no page before it, no cookie and no token
of a form. A wrong link is not slowed down: what signs it cannot be guessed, and those who send for
many people at once share an address. Neither page says whether anybody is on record here.
"""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from redumbrella.server.callers import client_of
from redumbrella.server.parameters import Opened
from redumbrella.server.web.rendering import render_alone
from redumbrella.workflows.unsubscribe import is_link, unsubscribe_person

router = APIRouter(include_in_schema=False)


@router.get("/unsubscribe/{token}")
def ask(request: Request, workspace: Opened, token: str) -> HTMLResponse:
    """One button, and what it means: programs that look at every link of a mail press none."""
    return _page(request, "asked" if is_link(workspace, token) else "broken")


@router.post("/unsubscribe/{token}")
def leave(request: Request, workspace: Opened, token: str) -> HTMLResponse:
    """From now on no mails; sent again it answers the same."""
    done = unsubscribe_person(workspace, token, client_of(request.scope))
    return _page(request, "done" if done else "broken")


def _page(request: Request, step: str) -> HTMLResponse:
    page = render_alone(request, "unsubscribe.html", 404 if step == "broken" else 200, step=step)
    page.headers["Cache-Control"] = "no-store"
    page.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return page
