"""Roles of people and scopes of keys, and what each may do.

In: a role or scopes. Out: rights. A right is a word that the server asks for by route (see
`server.rights`); whoever asks is a `Caller`. Promise: what is not in these tables is not allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from redumbrella.errors import SettingsError, nearest

SEE_OWN_LEADS = "see own leads"
SEE_ALL_LEADS = "see all leads"
WORK_LEADS = "work leads"
SEE_CUSTOMERS = "see customers"
SEE_MODELS = "see models"
PROMOTE_MODELS = "promote models"
SEE_AUTOMATIONS = "see automations"
AUTOMATE = "automate"
SEE_DATA = "see data"
RUN = "run"
TRACK = "track"
SETTINGS = "settings"
MANAGE_USERS = "manage users"

RIGHTS = (
    *(SEE_OWN_LEADS, SEE_ALL_LEADS, WORK_LEADS, SEE_CUSTOMERS, SEE_MODELS, PROMOTE_MODELS),
    *(SEE_AUTOMATIONS, AUTOMATE, SEE_DATA, RUN, TRACK, SETTINGS, MANAGE_USERS),
)

# Whoever may see all leads may see his own. An admin can take any role, so that hiding something
# from the role would protect nothing.
ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset(RIGHTS),
    "analyst": frozenset(
        {SEE_OWN_LEADS, SEE_ALL_LEADS, SEE_CUSTOMERS, SEE_MODELS, PROMOTE_MODELS, SEE_AUTOMATIONS}
        | {SEE_DATA, RUN}
    ),
    "manager": frozenset(
        {SEE_OWN_LEADS, SEE_ALL_LEADS, WORK_LEADS, SEE_CUSTOMERS, SEE_MODELS, SEE_AUTOMATIONS}
        | {AUTOMATE}
    ),
    "sales": frozenset({SEE_OWN_LEADS, WORK_LEADS}),
}
ROLE_WORDS = {
    "admin": "everything, users and settings too",
    "analyst": "models and data; only sees leads",
    "manager": "all leads, customers, reports, automations",
    "sales": "own and unassigned leads",
}

# No key manages users: whoever finds one must not be able to let himself in for good.
SCOPES: dict[str, frozenset[str]] = {
    "read": frozenset(
        {SEE_OWN_LEADS, SEE_ALL_LEADS, SEE_CUSTOMERS, SEE_MODELS, SEE_AUTOMATIONS, SEE_DATA}
    ),
    "write": frozenset({WORK_LEADS, PROMOTE_MODELS, AUTOMATE, RUN, SETTINGS}),
    "track": frozenset({TRACK}),
}
SCOPE_WORDS = {
    "read": "leads, customers, models and data",
    "write": "outcomes, automations, settings and runs",
    "track": "send events, read nothing",
}


@dataclass(frozen=True)
class Caller:
    """Who asks the server.

    kind: a user who logged in; an API key; the token of `serve`, or anyone, where no user exists
    yet; nobody, who is not known. rep_id: which of the company's reps a user is.
    """

    name: str
    kind: Literal["user", "key", "token", "anyone", "nobody"]
    rights: frozenset[str]
    role: str = ""
    user_id: int | None = None
    rep_id: str = ""

    def may(self, right: str) -> bool:
        """Whether the caller has a right."""
        return right in self.rights

    @property
    def owners(self) -> tuple[str, ...] | None:
        """Whose leads the caller sees, "" for those of nobody; None for all.

        Leads that nobody owns are among them: somebody has to pick them up, and new ones would
        else be seen by nobody who calls. A key is nobody's: where it may write, it may for all.
        """
        if self.may(SEE_ALL_LEADS) or (self.kind == "key" and self.may(WORK_LEADS)):
            return None
        return ("", self.rep_id) if self.rep_id else ("",)


NOBODY = Caller("", "nobody", frozenset())
ANYONE = Caller("", "anyone", frozenset(RIGHTS))
TOKEN_HOLDER = Caller("token", "token", frozenset(RIGHTS))


def checked_role(name: str) -> str:
    """The role of this name; SettingsError for an unknown one."""
    if name not in ROLES:
        message = f'There is no role "{name}". Choose one of: {", ".join(ROLES)}.'
        raise SettingsError(message + nearest(name, list(ROLES)), reason="unknown_role")
    return name


def checked_scopes(names: Iterable[str]) -> tuple[str, ...]:
    """These scopes in the order of SCOPES, each once; SettingsError for an unknown one or none."""
    given = list(names)
    for name in given:
        if name not in SCOPES:
            message = f'There is no scope "{name}". Choose from: {", ".join(SCOPES)}.'
            raise SettingsError(message + nearest(name, list(SCOPES)), reason="unknown_scope")
    if not given:
        message = f"A key needs at least one scope. Choose from: {', '.join(SCOPES)}."
        raise SettingsError(message, reason="no_scope")
    return tuple(name for name in SCOPES if name in given)


def rights_of_scopes(names: Iterable[str]) -> frozenset[str]:
    """What a key with these scopes may; scopes of a newer version count for nothing."""
    return frozenset[str]().union(*(SCOPES.get(name, frozenset()) for name in names))
