"""Which right each route needs: the one place that says so.

A route that is not named here is refused to everybody, so that a new one cannot be forgotten. Lists
are named once for their page, their JSON and their files.
"""

from functools import lru_cache

from fastapi import Request

from redumbrella.access import roles
from redumbrella.access.keys import form_token, is_same
from redumbrella.access.roles import Caller
from redumbrella.errors import AccessError
from redumbrella.server.api.openapi import API
from redumbrella.server.callers import caller_of, cookie_of
from redumbrella.views.catalogue import VIEWS

OPEN = "open"  # nobody has to be known
KNOWN = "known"  # whoever came through the gate
LOGGED_IN = "logged in"  # a user, whatever the role

FORM_FIELD, FORM_HEADER = "form_token", "x-form-token"
_ONLY_READS = frozenset({"GET", "HEAD", "OPTIONS"})

LISTS = {
    "today": roles.SEE_OWN_LEADS,
    "assignment": roles.SEE_ALL_LEADS,
    "leads": roles.SEE_OWN_LEADS,
    "changes": roles.SEE_OWN_LEADS,
    "pipeline": roles.SEE_OWN_LEADS,
    "products": roles.SEE_CUSTOMERS,
    "customers": roles.SEE_CUSTOMERS,
    "valuations": roles.SEE_CUSTOMERS,
    "cohorts": roles.SEE_MODELS,
    # Whom a rule leaves alone to be measured must not be known to whoever works these leads.
    "outbox": roles.SEE_AUTOMATIONS,
    "tasks": roles.SEE_OWN_LEADS,
    "audiences": roles.SEE_AUTOMATIONS,
    "models": roles.SEE_MODELS,
    "sources": roles.SEE_DATA,
    "rejected": roles.SEE_DATA,
    "runs": roles.SEE_DATA,
    "audit": roles.MANAGE_USERS,
}
_FILES = ("csv", "json", "jsonl", "parquet")

ROUTES = {
    "GET /login": OPEN,
    "POST /login": OPEN,
    "GET /static/vega.js": OPEN,
    "GET /static/{name}": OPEN,
    "GET /favicon.ico": KNOWN,
    "POST /logout": KNOWN,
    "GET /account": LOGGED_IN,
    "POST /account/password": LOGGED_IN,
    "POST /account/log-out-everywhere": LOGGED_IN,
    "GET /": roles.SEE_OWN_LEADS,
    "GET /docs": roles.SEE_OWN_LEADS,
    f"GET {API}/openapi.json": roles.SEE_OWN_LEADS,
    "POST /today": roles.WORK_LEADS,
    f"POST {API}/today": roles.WORK_LEADS,
    "GET /today/worth": roles.SEE_ALL_LEADS,
    "GET /outcomes": roles.SEE_OWN_LEADS,
    "POST /outcomes": roles.WORK_LEADS,
    "POST /outcomes/{number}/undo": roles.WORK_LEADS,
    f"GET {API}/leads/{{lead_id:text}}/outcomes": roles.SEE_OWN_LEADS,
    f"POST {API}/leads/{{lead_id:text}}/outcomes": roles.WORK_LEADS,
    f"DELETE {API}/leads/{{lead_id:text}}/outcomes/{{number}}": roles.WORK_LEADS,
    f"GET {API}/today/worth": roles.SEE_ALL_LEADS,
    f"GET {API}/leads/{{lead_id:text}}/history": roles.SEE_OWN_LEADS,
    f"GET {API}/leads/{{lead_id:text}}/change": roles.SEE_OWN_LEADS,
    f"GET {API}/leads/{{lead_id:text}}/similar": roles.SEE_OWN_LEADS,
    "GET /leads/{lead_id:text}": roles.SEE_OWN_LEADS,
    f"GET {API}/leads/{{lead_id:text}}": roles.SEE_OWN_LEADS,
    "GET /models": roles.SEE_MODELS,
    "GET /models/{version}": roles.SEE_MODELS,
    "GET /models/{version}/charts": roles.SEE_MODELS,
    "GET /customers/charts": roles.SEE_CUSTOMERS,
    "POST /models/{version}/use": roles.PROMOTE_MODELS,
    f"POST {API}/models/{{version}}/use": roles.PROMOTE_MODELS,
    f"GET {API}/models/current": roles.SEE_MODELS,
    f"GET {API}/models/{{version}}": roles.SEE_MODELS,
    f"GET {API}/backtests": roles.SEE_MODELS,
    f"GET {API}/weights": roles.SEE_MODELS,
    f"PUT {API}/weights": roles.SETTINGS,
    "GET /automations": roles.SEE_AUTOMATIONS,
    "POST /automations": roles.AUTOMATE,
    "GET /automations/new": roles.AUTOMATE,
    "POST /automations/stop": roles.AUTOMATE,
    "POST /automations/resume": roles.AUTOMATE,
    "GET /automations/{rule}": roles.SEE_AUTOMATIONS,
    "GET /automations/{rule}/message": roles.SEE_AUTOMATIONS,
    "GET /automations/{rule}/change": roles.AUTOMATE,
    "POST /automations/{rule}/change": roles.AUTOMATE,
    "POST /automations/{rule}/on": roles.AUTOMATE,
    "POST /automations/{rule}/off": roles.AUTOMATE,
    "POST /automations/{rule}/remove": roles.AUTOMATE,
    "POST /automations/{rule}/test-mail": roles.AUTOMATE,
    "POST /outbox/{number}/cancel": roles.AUTOMATE,
    "POST /outbox/{number}/retry": roles.AUTOMATE,
    "POST /tasks/{number}/done": roles.WORK_LEADS,
    f"GET {API}/automations": roles.SEE_AUTOMATIONS,
    f"POST {API}/automations": roles.AUTOMATE,
    f"POST {API}/automations/stop": roles.AUTOMATE,
    f"POST {API}/automations/resume": roles.AUTOMATE,
    f"GET {API}/automations/{{rule}}": roles.SEE_AUTOMATIONS,
    f"PUT {API}/automations/{{rule}}": roles.AUTOMATE,
    f"DELETE {API}/automations/{{rule}}": roles.AUTOMATE,
    f"POST {API}/automations/{{rule}}/on": roles.AUTOMATE,
    f"POST {API}/automations/{{rule}}/off": roles.AUTOMATE,
    f"GET {API}/automations/{{rule}}/uplift": roles.SEE_AUTOMATIONS,
    f"POST {API}/automations/{{rule}}/dry-run": roles.SEE_AUTOMATIONS,
    f"GET {API}/audience-file": roles.AUTOMATE,  # addresses leave with it
    f"POST {API}/outbox/{{number}}/cancel": roles.AUTOMATE,
    f"POST {API}/outbox/{{number}}/retry": roles.AUTOMATE,
    f"POST {API}/tasks/{{number}}/done": roles.WORK_LEADS,
    # Whoever has the link of a mail: nobody has to be known to want no more of them.
    "GET /unsubscribe/{token}": OPEN,
    "POST /unsubscribe/{token}": OPEN,
    "GET /settings": roles.SETTINGS,
    "POST /settings": roles.SETTINGS,
    # How many leads there are is not said to whoever sees only some.
    f"GET {API}/health": roles.SEE_ALL_LEADS,
    "GET /settings/users": roles.MANAGE_USERS,
    "POST /settings/users": roles.MANAGE_USERS,
    "GET /settings/users/{user}": roles.MANAGE_USERS,
    "POST /settings/users/{user}": roles.MANAGE_USERS,
    "POST /settings/users/{user}/password": roles.MANAGE_USERS,
    "POST /settings/users/{user}/disable": roles.MANAGE_USERS,
    "POST /settings/users/{user}/enable": roles.MANAGE_USERS,
    "GET /settings/keys": roles.MANAGE_USERS,
    "POST /settings/keys": roles.MANAGE_USERS,
    "POST /settings/keys/{key}/revoke": roles.MANAGE_USERS,
    f"GET {API}/users": roles.MANAGE_USERS,
    f"GET {API}/keys": roles.MANAGE_USERS,
}


@lru_cache(1)
def every_right() -> dict[str, str]:
    """The right by 'METHOD path', lists spelt out."""
    found = dict(ROUTES)
    for name, right in LISTS.items():
        view = VIEWS[name]
        found[f"GET {view.page_address}"] = right
        found[f"GET {API}/{name}"] = right
        found |= {f"GET {API}/{name}.{form}": right for form in _FILES}
    return found


def may_open(caller: Caller, address: str) -> bool:
    """Whether a page may be shown to a caller, for menus and links."""
    right = every_right().get(f"GET {address}")
    return right is not None and _has(caller, right)


async def only_allowed(request: Request) -> None:
    """Refuses whoever has not the right that the route needs, and a form without its token.

    Raises AccessError, also for a route of which it is not said what it needs.
    """
    path = getattr(request.scope.get("route"), "path", "")
    right = every_right().get(f"{request.method} {path}")
    caller = caller_of(request)
    if right is None:
        message = f"{request.method} {path} is open to nobody: `server.rights` does not name it."
        raise AccessError(message, reason="no_right")
    if not _has(caller, right):
        raise AccessError(_why_not(caller, right), reason="no_right")
    if request.method not in _ONLY_READS and caller.kind == "user":
        await _check_form(request, form_token(cookie_of(request.scope)))


async def _check_form(request: Request, expected: str) -> None:
    given = request.headers.get(FORM_HEADER, "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not given and kind == "application/x-www-form-urlencoded":
        given = str((await request.form()).get(FORM_FIELD, ""))
    if not is_same(given, expected):
        message = (
            "Nothing was changed: this form is of another session, or of another site. Go back, "
            "load the page again, and send it once more."
        )
        raise AccessError(message, reason="form_expired")


def _has(caller: Caller, right: str) -> bool:
    if right == OPEN:
        return True
    if right == KNOWN:
        return caller.kind != "nobody"
    if right == LOGGED_IN:
        return caller.kind == "user"
    return caller.may(right)


def _why_not(caller: Caller, right: str) -> str:
    if caller.kind == "user":
        return (
            f'Your role is {caller.role}, which does not have the right "{right}". Ask an admin of '
            "this server for another role."
        )
    if caller.kind == "key":
        return f'The scopes of this key do not hold the right "{right}". Ask an admin for another.'
    if right == LOGGED_IN:
        return (
            "This page belongs to a user, and none is logged in. Users are added with "
            "`umbrella user add EMAIL --role admin --password-stdin`."
        )
    return f'This takes the right "{right}".'
