"""[[webhooks]]: receivers on the web that are told what happened, by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from redumbrella.errors import SettingsError
from redumbrella.settings.environment import read_variable, secret_from
from redumbrella.settings.section import Section, as_written
from redumbrella.settings.web_addresses import read_web_address

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
# Written by the sender itself, of the connection or of the signature.
_OWN_HEADERS = ("host", "content-length", "content-type", "transfer-encoding", "connection",
                "user-agent", "accept-encoding", "expect", "upgrade", "te", "trailer", "date",
                "webhook-id", "webhook-timestamp", "webhook-signature")  # fmt: skip


@dataclass(frozen=True)
class Webhook:
    """A receiver on the web.

    secret_env: the variable of the environment with the secret that signs, whsec_ and base64 as
    Standard Webhooks write it. private: it may stand in this machine's own network, and be reached
    by http. header, header_env: a header of every request and the variable that holds its value,
    for a CRM that wants a key.
    """

    name: str
    url: str
    secret_env: str | None = None
    private: bool = False
    header: str | None = None
    header_env: str | None = None

    def secret(self, environment: Mapping[str, str] | None = None) -> str | None:
        """The secret that signs, from the environment; None where nothing is signed.

        Raises SettingsError (no_secret) where it is not set.
        """
        if self.secret_env is None:
            return None
        purpose = f'The secret of the webhook "{self.name}"'
        return secret_from(self.secret_env, purpose, environment)

    def headers(self, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """The header of every request with its value from the environment; empty without one.

        Raises SettingsError (no_secret) where it is not set.
        """
        if self.header is None or self.header_env is None:
            return {}
        purpose = f'The header {self.header} of the webhook "{self.name}"'
        return {self.header: secret_from(self.header_env, purpose, environment)}


def read_webhooks(top: Section) -> tuple[Webhook, ...]:
    """The sections [[webhooks]]; problems are noted."""
    listed = top._get("webhooks", "a list of sections [[webhooks]]", list)
    webhooks = []
    for number, content in enumerate(listed or [], start=1):
        if not isinstance(content, dict):
            top.problem("webhooks: expected sections that start with [[webhooks]].")
            continue
        webhooks.append(_webhook(Section(f"[webhooks] no. {number}", content, top.problems)))
    names = [webhook.name for webhook in webhooks]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        top.problem(f'two webhooks have the name "{name}": give each its own.')
    return tuple(webhooks)


def _webhook(section: Section) -> Webhook:
    webhook = Webhook(
        name=section.text("name") or "",
        url=section.text("url") or "",
        secret_env=read_variable(section, "secret_env", "UMBRELLA_WEBHOOK_CRM"),
        private=section.flag("private"),
        header=section.text("header"),
        header_env=read_variable(section, "header_env", "UMBRELLA_CRM_KEY"),
    )
    if not _NAME.fullmatch(webhook.name):
        section.problem(
            f"name = {as_written(webhook.name)}: expected a short name of letters, digits, "
            '"-" and "_".'
        )
    if webhook.url:
        try:
            read_web_address(webhook.url, private=webhook.private)
        except SettingsError as problem:
            section.problem(f"url: {problem.message}")
    elif "url" not in section.content:
        section.problem('url is missing: add url = "https://hooks.example.com/leads".')
    if "secret_env" not in section.content and "header_env" not in section.content:
        section.problem(
            'secret_env is missing: add secret_env = "UMBRELLA_WEBHOOK_CRM", the variable of the '
            "environment that holds the secret whsec_…; without it nobody can tell who is calling."
        )
    if ("header" in section.content) != ("header_env" in section.content):
        section.problem('header and header_env belong together: header = "Authorization".')
    header = webhook.header or "X"
    if not _HEADER.fullmatch(header) or header.lower() in _OWN_HEADERS:
        section.problem(
            f"header = {as_written(header)}: expected the name of a header that is not written "
            'already, such as "Authorization".'
        )
    section.finish()
    return webhook
