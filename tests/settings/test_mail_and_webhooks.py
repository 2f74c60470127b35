"""[mail] and [[webhooks]]: good values, bad ones with their words, and secrets by name alone."""

from pathlib import Path

import pytest

from redumbrella.errors import SettingsError
from redumbrella.settings.mail import MailServer
from redumbrella.settings.mailboxes import Mailbox
from redumbrella.settings.settings import Settings, load_settings
from redumbrella.settings.webhooks import Webhook

MAIL = '[mail]\nserver = "smtp.example.com"\nfrom = "Ana Sousa <sales@example.com>"\n'
HOOK = '[[webhooks]]\nname = "crm"\nurl = "https://hooks.example.com/leads"\nsecret_env = "HOOK"\n'


def load(folder: Path, text: str) -> Settings:
    (folder / "umbrella.toml").write_text(text + '[tables.leads]\npath = "a.csv"\n', "utf-8")
    return load_settings(folder)


def test_without_sections_nothing_is_sent(tmp_path: Path) -> None:
    found = load(tmp_path, "")
    assert found.mail is None
    assert found.webhooks == ()


def test_mail_with_defaults_and_with_all(tmp_path: Path) -> None:
    ana = Mailbox("Ana Sousa", "sales", "example.com")
    assert load(tmp_path, MAIL).mail == MailServer("smtp.example.com", ana)
    whole = MAIL + (
        'port = 2525\nsecurity = "tls"\nuser = "u"\npassword_env = "UMBRELLA_SMTP_PASSWORD"\n'
        'reply_to = "help@bücher.example"\npublic_url = "https://umbrella.example.com/u/"\n'
        "a_minute = 30\n"
    )
    mail = load(tmp_path, whole).mail
    assert mail == MailServer(
        *("smtp.example.com", ana, 2525, "tls", "u", "UMBRELLA_SMTP_PASSWORD"),
        reply_to=Mailbox("", "help", "xn--bcher-kva.example"),
        public_url="https://umbrella.example.com/u",
        a_minute=30,
    )
    assert mail.password({"UMBRELLA_SMTP_PASSWORD": " secret\n"}) == "secret"


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_goes_by_the_security(tmp_path: Path, security: str, port: int) -> None:
    mail = load(tmp_path, MAIL + f'security = "{security}"\n').mail
    assert mail is not None
    assert mail.port == port
    assert mail.password({}) is None


def test_a_missing_password_is_said_when_it_is_needed(tmp_path: Path) -> None:
    mail = load(tmp_path, MAIL + 'user = "u"\npassword_env = "SMTP_PASSWORD"\n').mail
    assert mail is not None
    for environment in ({}, {"SMTP_PASSWORD": " "}):
        with pytest.raises(SettingsError, match="SMTP_PASSWORD") as problem:
            mail.password(environment)
        assert problem.value.reason == "no_secret"


def test_webhooks(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        HOOK + '[[webhooks]]\nname = "own"\nurl = "http://10.0.0.7:8000/x"\nprivate = true\n'
        'header = "Authorization"\nheader_env = "CRM_KEY"\n',
    ).webhooks
    assert found == (
        Webhook("crm", "https://hooks.example.com/leads", "HOOK"),
        Webhook("own", "http://10.0.0.7:8000/x", None, True, "Authorization", "CRM_KEY"),
    )
    crm, own = found
    assert crm.secret({"HOOK": "whsec_x"}) == "whsec_x"
    assert own.secret({}) is None
    assert own.headers({"CRM_KEY": "Bearer x"}) == {"Authorization": "Bearer x"}
    assert crm.headers({}) == {}
    with pytest.raises(SettingsError, match='webhook "crm" is read from the variable HOOK'):
        crm.secret({})
    with pytest.raises(SettingsError, match="CRM_KEY"):
        own.headers({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[mail]\nfrom = "a@b.c"\n', '[mail] server is missing: add server = "smtp.example.com"'),
        ('[mail]\nserver = "a"\n', "[mail] from is missing"),
        (MAIL.replace("sales@", "sales"), "from = "),
        (MAIL + 'server_name = "x"\n', 'unknown key "server_name". Did you mean "server"?'),
        (MAIL.replace("smtp.", "smtp://"), "expected the name of a host"),
        (MAIL.replace('.com"\nfrom', '.com:587"\nfrom'), "the port stands in port = 587"),
        (MAIL + 'security = "ssl"\n', 'expected "starttls", "tls" or "none"'),
        (MAIL + "port = 0\n", "expected a number between 1 and 65535"),
        (MAIL + "port = 25.5\n", "expected a whole number"),
        (MAIL + "a_minute = 0\n", "between 1 and"),
        (MAIL + 'user = "u"\n', "password_env is missing"),
        (MAIL + 'password_env = "X"\n', "user is missing"),
        (MAIL + 'security = "none"\nuser = "u"\npassword_env = "X"\n', "everybody on the way"),
        (MAIL + 'reply_to = "a@b.c, d@e.f"\n', "reply_to = "),
        (MAIL + 'public_url = "umbrella.example.com"\n', "public_url: The address cannot be used"),
        (MAIL + 'public_url = "https://a.example/?x=1"\n', 'without "?" and "#"'),
        (HOOK.replace("https", "http"), "Use https, or private = true"),
        (HOOK.replace("https://", "https://u:p4ssw0rd@"), "holds a user or a password"),
        (HOOK.replace('"crm"', '"my crm"'), 'name = "my crm": expected a short name'),
        (HOOK + HOOK, 'two webhooks have the name "crm"'),
        (HOOK.replace('secret_env = "HOOK"', ""), "secret_env is missing"),
        ('[[webhooks]]\nname = "a"\nsecret_env = "B"\n', "url is missing"),
        (HOOK + 'header = "Authorization"\n', "header and header_env belong together"),
        (HOOK + 'header = "Host"\nheader_env = "X"\n', 'header = "Host": expected'),
        (HOOK + 'header = "A: b"\nheader_env = "X"\n', 'header = "A: b": expected'),
        (HOOK + "private = 1\n", "private = 1: expected true or false"),
        ("[webhooks]\na = 1\n", "expected a list of sections [[webhooks]]"),
        ("webhooks = [1]\n", "expected sections that start with [[webhooks]]"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as problem:
        load(tmp_path, text)
    assert said in problem.value.message
    assert "p4ssw0rd" not in problem.value.message


@pytest.mark.parametrize("secret", ["hunter2 is it", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "p"])
@pytest.mark.parametrize("text", [MAIL + 'user = "u"\npassword_env = "{}"\n',
                                  HOOK.replace('"HOOK"', '"{}"'),
                                  HOOK + 'header = "X"\nheader_env = "{}"\n'])  # fmt: skip
def test_a_secret_in_the_file_is_refused_and_not_shown(
    tmp_path: Path, text: str, secret: str
) -> None:
    with pytest.raises(SettingsError, match="never in this file") as problem:
        load(tmp_path, text.format(secret))
    assert secret == "p" or secret not in problem.value.message
