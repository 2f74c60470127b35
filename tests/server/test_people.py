"""Log-in by e-mail, forms and their token, what ends sessions, keys, limits, secrets, the audit."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from time import perf_counter, sleep

import httpx
import pytest
from click.testing import CliRunner, Result
from crew import PASSWORD, Crew, add_crew, close_browsers, log_in, logged_in, sent, token_in
from postgresql_server import PostgresqlServer
from sample_company import fill_workspace, make_workspace
from served import HTTP, serving
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from redumbrella.access.attempts import FREE_ATTEMPTS
from redumbrella.access.rules import COOKIE, Access
from redumbrella.cli.main import umbrella
from redumbrella.clock import now
from redumbrella.errors import EngineError, SettingsError
from redumbrella.logs import log_to
from redumbrella.server.callers import RECHECK_SECONDS
from redumbrella.server.listening import access_for
from redumbrella.server.rights import every_right
from redumbrella.state.users import MOST_SESSIONS, sessions, users
from redumbrella.views.audit import AUDIT
from redumbrella.views.listing import every_row
from redumbrella.workflows.manage_access import (
    SESSION_SECONDS,
    add_key,
    add_user,
    open_session,
    revoke_key,
    set_user,
)
from redumbrella.workspace import Workspace, open_workspace

V1 = "/api/v1"
NEW = "another good password"


class Served:
    def __init__(self, workspace: Workspace, address: str, crew: Crew) -> None:
        self.workspace, self.address, self.crew = workspace, address, crew
        self.admin, self.sales = self.crew.emails["admin"], self.crew.emails["sales"]

    def audit(self) -> list[dict[str, str]]:
        return list(every_row(self.workspace, AUDIT, AUDIT.query({"sort": "at"})))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Crew]:
    """A company with a crew, of which each test has a copy: hashes of passwords are slow."""
    workspace = fill_workspace(tmp_path_factory.mktemp("made"), 12)
    crew = add_crew(workspace)
    workspace.state.close()
    return workspace.root, crew


@pytest.fixture
def served(made: tuple[Path, Crew], tmp_path: Path) -> Iterator[Served]:
    workspace = open_workspace(copytree(made[0], tmp_path / "company"))
    with serving(workspace) as address:
        yield Served(workspace, address, made[1])
    close_browsers()
    workspace.state.close()


def is_in(browser: httpx.Client) -> bool:
    return browser.get("/leads").status_code == 200


def test_the_first_user_closes_a_server_that_runs(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    with serving(workspace) as address:
        assert HTTP.get(f"{address}{V1}/health").status_code == 200
        assert "Nobody has to log in" in HTTP.get(f"{address}/settings/users").text
        for path in ("/settings/users", "/settings/keys"):
            answer = HTTP.post(address + path, data={"email": "a@b.c", "role": "admin"})
            assert answer.status_code == 403
            assert "umbrella user add" in answer.text
        add_user(workspace, "first@example.com", "admin", PASSWORD)
        sleep(RECHECK_SECONDS + 0.1)
        answer = HTTP.get(f"{address}{V1}/health")
        assert (answer.status_code, answer.json()["error"]["reason"]) == (401, "login_required")
        assert HTTP.get(f"{address}/leads").headers["location"] == "/login?next=%2Fleads"
    workspace.state.close()


def test_the_token_of_serve_counts_no_more_once_there_are_users(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    add_user(workspace, "first@example.com", "admin", PASSWORD)
    token = "a-token-for-tests-0123456789"
    with serving(workspace, Access(token=token)) as address:
        headers = {"Authorization": f"Bearer {token}"}
        assert HTTP.get(f"{address}{V1}/health", headers=headers).status_code == 401
        assert HTTP.post(f"{address}/login", data={"token": token}).status_code == 403
    access = access_for("0.0.0.0", allow_remote=True, token=None, people=True)
    assert access.people_only
    with pytest.raises(SettingsError):
        access_for("0.0.0.0", allow_remote=True, token=None)
    workspace.state.close()


def test_a_server_whose_users_are_gone_lets_nobody_in(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    with serving(workspace, Access(people_only=True)) as address:
        for path in (f"{V1}/health", "/leads", "/docs", "/login"):
            assert HTTP.get(address + path).status_code == 503, path
    workspace.state.close()


def test_logging_in_and_out(served: Served) -> None:
    browser, answer = log_in(served.address, " Sales@Example.COM ")
    assert answer.headers["location"] == "/"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if COOKIE in c).lower()
    for word in ("httponly", "samesite=strict", "path=/"):
        assert word in cookie
    assert "secure" not in cookie
    assert is_in(browser)
    page = browser.get("/leads").text
    assert served.sales in page
    copied = httpx.Cookies(browser.cookies)
    answer = browser.post("/logout", data={"form_token": token_in(page)})
    assert answer.headers["location"] == "/login"
    assert HTTP.get(f"{served.address}/leads", cookies=None).status_code == 303
    with httpx.Client(base_url=served.address, cookies=copied, verify=False) as thief:
        assert not is_in(thief)
    browser.close()


def test_behind_a_proxy_with_tls_cookies_are_secure(served: Served) -> None:
    browser, answer = log_in(served.address, served.sales, **{"X-Forwarded-Proto": "https"})
    for cookie in answer.headers.get_list("set-cookie"):
        if COOKIE in cookie:
            assert "secure" in cookie.lower()
    assert answer.status_code == 303
    browser.close()


@pytest.mark.parametrize("email", ["nobody@example.com", "", "disabled", "\0", "x" * 500])
def test_all_that_is_wrong_is_told_alike(served: Served, email: str) -> None:
    if email == "disabled":
        email = served.sales
        set_user(served.workspace, email, disabled=True)
    known = log_in(served.address, served.admin, "wrong password")[1]
    answer = log_in(served.address, email)[1]
    if email == "\0":
        assert answer.status_code == 400
        return
    assert answer.status_code == known.status_code == 401

    def bare(page: str) -> str:
        return re.sub(r'value="[^"]*"| autofocus', "", page)

    assert bare(answer.text) == bare(known.text)


def test_checking_a_user_who_is_not_takes_as_long(served: Served) -> None:
    def seconds(email: str) -> float:
        started = perf_counter()
        assert open_session(served.workspace, email, "wrong password", "x") is None
        return perf_counter() - started

    seconds("warm@up")
    known = sorted(seconds(served.sales) for _ in range(5))
    unknown = sorted(seconds("nobody@example.com") for _ in range(5))
    assert unknown[2] > known[2] / 3
    assert unknown[0] > 0.005


def test_the_form_of_the_log_in_wants_its_token_and_its_cookie(served: Served) -> None:
    right = {"email": served.sales, "password": PASSWORD}
    page = HTTP.get(f"{served.address}/login")
    token = token_in(page.text)
    HTTP.cookies.clear()
    for form in (right, {**right, "form_token": token}, {**right, "form_token": "0" * 64}):
        answer = HTTP.post(f"{served.address}/login", data=form)
        HTTP.cookies.clear()
        assert answer.status_code == 403
        assert COOKIE not in answer.headers.get("set-cookie", "")


def test_every_form_refuses_without_its_token(served: Served) -> None:
    browser, other = (logged_in(served.address, served.admin) for _ in range(2))
    foreign = token_in(other.get("/account").text)
    writing = [line.split(" ") for line in every_right() if not line.startswith("GET")]
    assert len(writing) > 10
    before = served.audit()
    for method, path in writing:
        # Who wants no more mails has no session: the link's own token is what counts there.
        if path in ("/login", "/unsubscribe/{token}"):
            continue
        address = re.sub(r"\{[^}]+\}", "1", path)
        for form in ({}, {"form_token": ""}, {"form_token": foreign}, {"form_token": "ü" * 64}):
            sends = {"json": {"weights": {"fit": 1}, **form}} if method == "PUT" else {"data": form}
            answer = browser.request(method, address, **sends)  # type: ignore[arg-type]
            assert answer.status_code in (400, 403), (path, form)
            if answer.status_code == 403:
                assert "another session" in answer.text
    put = browser.put(f"{V1}/weights", json={"weights": {"fit": 1}})
    assert put.json()["error"]["reason"] == "form_expired"
    assert is_in(browser)
    assert served.audit() == before
    own = {"X-Form-Token": token_in(browser.get("/account").text)}
    assert (
        browser.put(f"{V1}/weights", json={"weights": {"fit": 2}}, headers=own).status_code == 200
    )
    assert served.audit()[-1]["who"] == served.admin


def test_another_site_is_refused_even_with_the_token(served: Served) -> None:
    browser = logged_in(served.address, served.admin)
    form = {"form_token": token_in(browser.get("/account").text)}
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/logout", data=form, headers=headers).status_code == 403
    assert is_in(browser)


def test_a_new_password_ends_every_session(served: Served) -> None:
    one, other = (logged_in(served.address, served.sales) for _ in range(2))
    wrong = sent(one, "/account/password", current="no", new=NEW, again=NEW)
    assert wrong.status_code == 400
    assert "not your present password" in wrong.text
    unlike = sent(one, "/account/password", current=PASSWORD, new=NEW, again=NEW + "x")
    assert "not the same" in unlike.text
    short = sent(one, "/account/password", current=PASSWORD, new="short", again="short")
    assert "at least 12 characters" in short.text
    assert is_in(one)
    answer = sent(one, "/account/password", current=PASSWORD, new=NEW, again=NEW)
    assert answer.headers["location"] == "/login?said=password"
    assert not is_in(one)
    assert not is_in(other)
    assert log_in(served.address, served.sales)[1].status_code == 401
    assert is_in(logged_in(served.address, served.sales, NEW))


@pytest.mark.parametrize(
    "change",
    [{"password": NEW}, {"role": "manager"}, {"disabled": True}, {"rep_id": "rep 2"}],
    ids=lambda change: next(iter(change)),
)
def test_what_an_admin_changes_ends_every_session(
    served: Served, change: dict[str, str | bool]
) -> None:
    browser, admin = (logged_in(served.address, e) for e in (served.sales, served.admin))
    set_user(served.workspace, served.sales, name="Only a name")
    assert is_in(browser)
    set_user(served.workspace, served.sales, **change)  # type: ignore[arg-type]
    assert not is_in(browser)
    assert browser.get(f"{V1}/leads").status_code == 401
    assert is_in(admin)


def test_sessions_survive_a_restart_and_end_in_every_process(served: Served) -> None:
    browser = logged_in(served.address, served.sales)
    second = open_workspace(served.workspace.root)  # as another process would
    with (
        serving(second) as elsewhere,
        httpx.Client(base_url=elsewhere, cookies=browser.cookies, verify=False) as same,
    ):
        assert is_in(same)
        assert sent(browser, "/account/log-out-everywhere").status_code == 303
        assert not is_in(same)
    second.state.close()
    assert not is_in(browser)


def test_sessions_end_after_their_time_and_are_few(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = logged_in(served.address, served.sales)
    later = now() + SESSION_SECONDS * 1_000_000 + 1
    monkeypatch.setattr("redumbrella.server.callers.now", lambda: later)
    assert not is_in(browser)
    monkeypatch.undo()
    assert is_in(browser)
    for _ in range(MOST_SESSIONS + 2):
        open_session(served.workspace, served.sales, PASSWORD, "x")
    with served.workspace.state.reading() as connection:
        assert len(connection.execute(sessions.select()).all()) == MOST_SESSIONS
    assert not is_in(browser)


def test_guesses_are_slowed_by_address_and_by_account(served: Served) -> None:
    trusted = {"X-Forwarded-For": "203.0.113.1"}
    assert log_in(served.address, served.sales, **trusted)[1].status_code == 303
    # From ever other addresses: the account alone tells that somebody guesses.
    codes = [
        log_in(served.address, served.sales, f"guess number {n}", **{
            "X-Forwarded-For": f"198.51.{n}.7"
        })[1].status_code
        for n in range(FREE_ATTEMPTS + 2)
    ]  # fmt: skip
    assert codes == [401] * FREE_ATTEMPTS + [429] * 2
    stranger = {"X-Forwarded-For": "198.51.100.99"}
    slowed = log_in(served.address, served.sales, **stranger)[1]
    assert slowed.status_code == 429
    assert 1 <= int(slowed.headers["retry-after"]) <= 5
    # Whoever logs in from where she always does is not locked out by them.
    assert log_in(served.address, served.sales, **trusted)[1].status_code == 303
    # One address, many accounts.
    own = {"X-Forwarded-For": "192.0.2.9"}
    codes = [log_in(served.address, f"user{n}@x.y", "guess", **own)[1].status_code
             for n in range(FREE_ATTEMPTS + 1)]  # fmt: skip
    assert codes[-1] == 429
    assert log_in(served.address, served.admin, **own)[1].status_code == 429


def test_the_present_password_cannot_be_guessed_in_the_account(served: Served) -> None:
    browser = logged_in(served.address, served.sales)
    token = token_in(browser.get("/account").text)
    form = {"current": "guess", "new": NEW, "again": NEW, "form_token": token}
    codes = [browser.post("/account/password", data=form).status_code
             for _ in range(FREE_ATTEMPTS + 1)]  # fmt: skip
    assert codes == [400] * FREE_ATTEMPTS + [429]


def test_keys_open_what_their_scopes_hold_until_they_are_revoked(served: Served) -> None:
    key, whole = add_key(served.workspace, "report", ("read",))
    headers = {"Authorization": f"Bearer {whole}"}
    url = f"{served.address}{V1}/leads"
    assert HTTP.get(url, headers=headers).status_code == 200
    changed = HTTP.put(f"{served.address}{V1}/weights", json={"weights": {}}, headers=headers)
    assert changed.status_code == 403
    assert HTTP.get(url, headers={"Authorization": f"Bearer {whole[:-1]}x"}).status_code == 401
    # The header counts alone: no cookie makes up for a bad key.
    browser = logged_in(served.address, served.admin)
    assert browser.get(f"{V1}/leads", headers={"Authorization": "Bearer x"}).status_code == 401
    revoke_key(served.workspace, key.id)
    assert HTTP.get(url, headers=headers).status_code == 401


def test_wrong_keys_are_slowed(served: Served) -> None:
    own = {"X-Forwarded-For": "192.0.2.77"}
    url = f"{served.address}{V1}/leads"
    codes = [HTTP.get(url, headers={"Authorization": f"Bearer guess{n}", **own}).status_code
             for n in range(FREE_ATTEMPTS + 1)]  # fmt: skip
    assert codes == [401] * FREE_ATTEMPTS + [429]


def test_admins_manage_users_on_the_pages(served: Served) -> None:
    admin = logged_in(served.address, served.admin)
    bad = sent(admin, "/settings/users", email="no-address", role="sales", password=NEW, name="Bo")
    assert bad.status_code == 400
    assert re.search(r'id="email-wrong"[^>]*>[^<]*no e-mail address', bad.text)
    assert 'value="Bo"' in bad.text
    weak = sent(admin, "/settings/users", email="bo@x.y", role="sales", password="short")
    assert re.search(r'id="password-wrong"', weak.text)
    odd = sent(admin, "/settings/users", email="bo@x.y", role="king", password=NEW)
    assert re.search(r'id="role-wrong"', odd.text)
    rep = sent(admin, "/settings/users", email="bo@x.y", role="sales", password=NEW, rep="rep 9")
    assert re.search(r'id="rep-wrong"[^>]*>[^<]*Did you mean', rep.text)
    good = sent(admin, "/settings/users", email="Bo@x.y", role="sales", password=NEW, rep="rep 2")
    assert good.status_code == 303
    page = admin.get(good.headers["location"]).text
    assert "bo@x.y is added" in page
    again = sent(admin, "/settings/users", email="bo@x.y", role="sales", password=NEW)
    assert "already" in again.text
    number = re.search(r'/settings/users/(\d+)">bo@x\.y', page)
    assert number is not None
    one = f"/settings/users/{number[1]}"
    browser = logged_in(served.address, "bo@x.y", NEW)
    assert sent(admin, f"{one}/disable").status_code == 303
    assert not is_in(browser)
    assert log_in(served.address, "bo@x.y", NEW)[1].status_code == 401
    assert sent(admin, f"{one}/enable").status_code == 303
    assert sent(admin, f"{one}/password", password="yet another password").status_code == 303
    assert sent(admin, one, name="Bo", role="manager", rep="").status_code == 303
    manager = logged_in(served.address, "bo@x.y", "yet another password")
    assert manager.get(f"{V1}/leads").json()["total"] == 12
    assert sent(admin, "/settings/users/999/disable").status_code == 404
    own = re.search(r'/settings/users/(\d+)">admin@', page)
    assert own is not None
    last = sent(admin, f"/settings/users/{own[1]}/disable")
    assert last.status_code == 400
    assert "last admin" in last.text
    actions = [line["action"] for line in served.audit()]
    for action in ("add user", "disable user", "enable user", "set password", "change user"):
        assert action in actions


def test_keys_are_shown_once_on_the_page(served: Served) -> None:
    admin = logged_in(served.address, served.admin)
    none = sent(admin, "/settings/keys", name="site")
    assert "at least one scope" in none.text
    made = sent(admin, "/settings/keys", name="site", track="true")
    found = re.findall(r"umb_[a-z0-9]{8}_[\w-]{43}", made.text)
    assert len(found) == 1
    assert made.headers["cache-control"] == "no-store"
    assert found[0] not in admin.get("/settings/keys").text
    assert sent(admin, f"/settings/keys/{found[0][4:12]}/revoke").status_code == 303
    headers = {"Authorization": f"Bearer {found[0]}"}
    assert HTTP.get(f"{served.address}{V1}/leads", headers=headers).status_code == 401
    assert "revoked" in admin.get("/settings/keys").text


def command(served: Served, *words: str, given: str = "") -> Result:
    return CliRunner().invoke(
        umbrella, [*words, "-w", str(served.workspace.root)], input=given, catch_exceptions=True
    )


def test_the_commands(served: Served) -> None:
    added = command(served, "user", "add", "Cy@x.y", "--role", "sales", "--rep", "rep 3",
                    "--password-stdin", "--json", given=f"{NEW}\n")  # fmt: skip
    assert added.exit_code == 0, added.output
    assert '"rep_id": "rep 3"' in added.output
    assert is_in(logged_in(served.address, "cy@x.y", NEW))
    assert "cy@x.y" in command(served, "user", "list").output
    off = command(served, "user", "set", "cy@x.y", "--disable")
    assert "disabled" in off.output
    for words in (("--disable", "--enable"), (), ("--role", "king")):
        assert command(served, "user", "set", "cy@x.y", *words).exit_code != 0
    assert isinstance(command(served, "user", "set", "cz@x.y", "--enable").exception, Exception)
    made = command(served, "key", "add", "site", "--scope", "track", "--scope", "read")
    key = re.search(r"umb_([a-z0-9]{8})_[\w-]{43}", made.stdout)
    assert key is not None
    assert made.stdout.strip() == key[0]
    listed = command(served, "key", "list", "--json")
    assert key[1] in listed.output
    assert key[0] not in listed.output
    assert command(served, "key", "revoke", key[1]).exit_code == 0
    assert isinstance(command(served, "key", "revoke", "nokey").exception, Exception)
    audit = command(served, "audit", "--json").output
    assert "command line" in audit
    assert "revoke key" in audit


def test_the_first_user_is_an_admin_and_one_remains(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    with pytest.raises(SettingsError, match="first user must be an admin"):
        add_user(workspace, "a@b.c", "sales", PASSWORD)
    add_user(workspace, "a@b.c", "admin", PASSWORD)
    for change in ({"disabled": True}, {"role": "sales"}):
        with pytest.raises(SettingsError, match="last admin"):
            set_user(workspace, "a@b.c", **change)  # type: ignore[arg-type]
    add_user(workspace, "b@b.c", "admin", PASSWORD)
    set_user(workspace, "a@b.c", disabled=True)
    with pytest.raises(SettingsError, match="last admin"):
        set_user(workspace, "b@b.c", disabled=True)
    workspace.state.close()


def test_the_audit_says_who_what_when_and_from_where(served: Served) -> None:
    admin = logged_in(served.address, served.admin)
    sent(admin, "/settings", fit="3", profit="1")
    line = served.audit()[-1]
    assert (line["who"], line["action"], line["address"]) == (served.admin, "weights", "127.0.0.1")
    page = admin.get("/settings/audit").text
    assert "weights" in page
    assert admin.get(f"{V1}/audit?action=weights").json()["total"] == 1
    assert admin.get(f"{V1}/weights").json()["current"]["set_by"] == served.admin


def test_secrets_are_in_nothing_that_comes_out(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pages, errors, headers, logs, --json, the audit, the database itself."""
    out, seen = io.StringIO(), []
    secrets = {PASSWORD, NEW, "a guess that is wrong", *served.crew.keys.values()}
    with log_to("json", out), serving(served.workspace) as address:
        admin = logged_in(address, served.admin)
        session = admin.cookies[COOKIE]
        log_in(address, served.sales, "a guess that is wrong")
        pages = ["/leads", "/account", "/settings", "/settings/users", "/settings/users/1",
                 "/settings/keys", "/settings/audit", "/docs", "/nothing", f"{V1}/users",
                 f"{V1}/keys", f"{V1}/audit", f"{V1}/audit.csv", f"{V1}/openapi.json",
                 f"{V1}/runs", f"{V1}/nothing"]  # fmt: skip
        seen += [admin.get(page).text for page in pages]
        seen.append(sent(admin, "/settings/users", email="x", password=NEW).text)
        seen.append(sent(admin, "/account/password", current="a guess that is wrong",
                         new=NEW, again=NEW).text)  # fmt: skip
        seen.append(sent(admin, "/settings/keys/" + served.crew.keys["read"] + "/revoke").text)
        for key in served.crew.keys.values():
            headers = {"Authorization": f"Bearer {key}"}
            seen.append(HTTP.get(f"{address}{V1}/users", headers=headers).text)
        for words in (("user", "list", "--json"), ("key", "list", "--json"), ("audit", "--json"),
                      ("key", "revoke", served.crew.keys["read"])):  # fmt: skip
            result = command(served, *words)
            seen += [result.output, str(result.exception)]
        seen.append(command(served, "user", "set", served.sales, "--password-stdin", "--json",
                            given=f"{NEW}\n").output)  # fmt: skip
    seen += [out.getvalue(), *capfd.readouterr(), str(served.audit())]
    assert '"message": "wrong password"' in out.getvalue()
    everything = "\n".join(seen)
    for secret in (*secrets, session):
        assert secret not in everything
    assert "$argon2" not in everything
    stored = b"".join(
        p.read_bytes() for p in served.workspace.root.rglob("state.db*") if p.is_file()
    )
    assert b"$argon2id$" in stored
    for secret in (*secrets, session):
        assert secret.encode() not in stored


@pytest.mark.postgresql
def test_all_of_it_on_postgresql(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    workspace = fill_workspace(tmp_path, 12, postgresql.database("people"))
    with serving(workspace) as address:
        served = Served(workspace, address, add_crew(workspace))
        test_a_new_password_ends_every_session(served)
        test_nobody_changes_the_audit(served)
        with workspace.state.reading() as connection:
            assert len(connection.execute(users.select()).all()) == 4
        browser = logged_in(address, served.sales, NEW)
        postgresql.stop()
        assert browser.get("/leads").status_code == 503
        assert browser.get(f"{V1}/leads").json()["error"]["reason"] == "state_unreachable"
        postgresql.start()
        assert is_in(browser)
    close_browsers()
    workspace.state.close()


def test_nobody_changes_the_audit(served: Served) -> None:
    for change in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
        with pytest.raises((DBAPIError, EngineError)):  # noqa: SIM117
            with served.workspace.state.writing() as connection:
                connection.execute(text(change))
    assert len(served.audit()) >= 7
