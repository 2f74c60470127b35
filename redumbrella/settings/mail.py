"""[mail]: the server that mails are handed to, whose they are, and how many a minute."""

from collections.abc import Mapping
from dataclasses import dataclass

from redumbrella.errors import SettingsError, nearest
from redumbrella.settings.environment import read_variable, secret_from
from redumbrella.settings.mailboxes import Mailbox, ascii_host, read_mailbox
from redumbrella.settings.section import Section, as_written
from redumbrella.settings.web_addresses import read_web_address

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over, and what stands on all of them.

    security: starttls (asked for, and nothing is sent without it), tls from the first byte, or
    none. user and password_env belong together; the password stands in that variable of the
    environment. public_url: where unsubscribing reaches this server, without a slash at the end;
    None: mails have no header for it. a_minute: the most mails a minute.
    """

    server: str
    from_: Mailbox
    port: int = 587
    security: str = "starttls"
    user: str | None = None
    password_env: str | None = None
    reply_to: Mailbox | None = None
    public_url: str | None = None
    a_minute: int = 120

    def password(self, environment: Mapping[str, str] | None = None) -> str | None:
        """The password from the environment, None where no user logs in.

        Raises SettingsError (no_secret) where it is not set.
        """
        if self.password_env is None:
            return None
        return secret_from(self.password_env, "The password of [mail]", environment)


def read_mail(section: Section) -> MailServer | None:
    """The section [mail], None where there is none; its problems are noted in the section."""
    server = section.text("server")
    port = section.number("port", 1, 65_535)
    security = section.text("security") or "starttls"
    user = section.text("user")
    password_env = read_variable(section, "password_env", "UMBRELLA_SMTP_PASSWORD")
    sender = _mailbox(section, "from")
    reply_to = _mailbox(section, "reply_to")
    public_url = _public_url(section)
    a_minute = section.number("a_minute", 1, 100_000)
    if not section.content:
        return None
    if server is not None:
        server = _checked_server(section, server)
    elif "server" not in section.content:
        section.problem('server is missing: add server = "smtp.example.com".')
    if "from" not in section.content:
        section.problem('from is missing: add from = "Ana Sousa <sales@example.com>".')
    if security not in _PORTS:
        hint = nearest(security, list(_PORTS))
        section.problem(
            f'security = {as_written(security)}: expected "starttls", "tls" or "none".{hint}'
        )
        security = "starttls"
    _check_login(section, security, server)
    for key, number in (("port", port), ("a_minute", a_minute)):
        if number is not None and number != int(number):
            section.problem(f"{key} = {number:g}: expected a whole number.")
    section.finish()
    if server is None or sender is None:
        return None
    return MailServer(
        server=server,
        from_=sender,
        port=_PORTS[security] if port is None else int(port),
        security=security,
        user=user,
        password_env=password_env,
        reply_to=reply_to,
        public_url=public_url,
        a_minute=120 if a_minute is None else int(a_minute),
    )


def _mailbox(section: Section, key: str) -> Mailbox | None:
    text = section.text(key)
    if text is None:
        return None
    mailbox = read_mailbox(text)
    if mailbox is None:
        section.problem(
            f"{key} = {as_written(text)}: expected one address, such as "
            '"Ana Sousa <sales@example.com>".'
        )
    return mailbox


def _checked_server(section: Section, server: str) -> str | None:
    name = server if server == "::1" else ascii_host(server)
    if name is None:
        section.problem(
            f"server = {as_written(server)}: expected the name of a host, such as "
            '"smtp.example.com"; the port stands in port = 587.'
        )
    return name


def _check_login(section: Section, security: str, server: str | None) -> None:
    """Notes a login without its password, and one that everybody on the way could read."""
    has_user, has_password = "user" in section.content, "password_env" in section.content
    if has_user != has_password:
        missing = "password_env" if has_user else "user"
        section.problem(f"{missing} is missing: user and password_env belong together.")
    elif has_user and security == "none" and server not in _OWN_HOSTS:
        section.problem(
            'security = "none" would send the password so that everybody on the way can read it: '
            'use "starttls" or "tls".'
        )


def _public_url(section: Section) -> str | None:
    url = section.text("public_url")
    if url is None:
        return None
    try:
        address = read_web_address(url, private=True)
    except SettingsError as problem:
        section.problem(f"public_url: {problem.message}")
        return None
    if "?" in address.target or "#" in url:
        section.problem('public_url: expected an address without "?" and "#".')
        return None
    return (address.origin + address.target).rstrip("/")
