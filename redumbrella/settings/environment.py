"""Secrets by name: umbrella.toml names a variable of the environment, and its value is read here.

The value is read when it is needed, not when the settings are: a command that sends nothing needs
no password. Promise: a secret stands in no message, not even where it was written into the file in
place of the variable's name.
"""

import os
import re
from collections.abc import Mapping

from redumbrella.errors import SettingsError
from redumbrella.settings.section import Section

# Capital letters alone: a password that somebody writes here by mistake is then hardly ever taken
# for a name, and is never shown as one.
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")


def read_variable(section: Section, key: str, example: str) -> str | None:
    """The name of a variable that `key` holds, None without one; never repeats what is no name."""
    name = section.text(key)
    if name is not None and not _VARIABLE.fullmatch(name):
        section.problem(
            f"{key} holds no name of a variable of the environment: expected capital letters, "
            f'digits and "_", such as "{example}". The secret itself stands in that variable, '
            "never in this file."
        )
        return None
    return name


def secret_from(variable: str, purpose: str, environment: Mapping[str, str] | None = None) -> str:
    """The secret that a variable of the environment holds, without blanks around it.

    purpose: what it is for, as the message says it. Raises SettingsError (no_secret) without one.
    """
    secret = (os.environ if environment is None else environment).get(variable, "").strip()
    if not secret:
        raise SettingsError(
            f"{purpose} is read from the variable {variable} of the environment, which is not set "
            "or empty. Set it where Red Umbrella is started, and start again.",
            reason="no_secret",
        )
    return secret
