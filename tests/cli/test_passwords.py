"""A password of the settings is in no output, no log, no state and no file but umbrella.toml."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from redumbrella.cli.main import main
from redumbrella.workflows import ingest as reading

SECRET = "g3heimWort"
AT = "127.0.0.1:1/shop"  # nobody listens there
ADDRESSES = (
    f"postgresql://me:{SECRET}@{AT}",
    f"postgres://me:{SECRET}@{AT}",
    f"postgresql://me:%67{SECRET}@{AT}",
    f"postgresql://me:a@{SECRET}@{AT}",
    f"postgresql://me:a/{SECRET}@{AT}",
    f"postgresql://me:a?{SECRET}@{AT}",
    f"postgresql://me:a#{SECRET}@{AT}",
    f"postgresql://me:a {SECRET} b@{AT}",
    f"postgresql://me:a'{SECRET}@{AT}",
    f"postgresql://me@{AT}?password={SECRET}",
    f"postgresql://me@{AT}?sslpassword={SECRET}",
    f"postgresql://me@{AT}?%70assword={SECRET}",
    f"postgresql://me@{AT}?passfile={SECRET}",
    f"postgresql://me@{AT}?unknown={SECRET}",
    f"postgresql://me:{SECRET}@127.0.0.1:70000/shop",
    f"postgresql://me:{SECRET}@127.0.0.1:abc/shop",
    f"postgresql://me:{SECRET}",
    f"postgresql://me:{SECRET}@",
    f"POSTGRESQL://me:{SECRET}@{AT}",
    f"mysql://me:{SECRET}@{AT}",
    f"postgresql+psycopg://me:{SECRET}@{AT}",
    f"mssql+pyodbc://me:{SECRET}@{AT}",
    f"mssql+pyodbc:///?odbc_connect=PWD%3D{SECRET}",
    f"jdbc:postgresql://{AT}?user=me&password={SECRET}",
    f"sqlite:///x.db?password={SECRET}",
    f"me:{SECRET}@{AT}",
    f"host=127.0.0.1 port=1 user=me password={SECRET}",
    f"host=127.0.0.1 password = '{SECRET} x' user=me",
)
_TABLE = "[tables.leads]\n{source}\n[tables.leads.columns]\nlead_id = 'id'\nwon = 'won'\n"
_FILE = _TABLE.format(source="path = 'leads.csv'")


def _text(value: str) -> str:
    return '"' + value.replace('"', '\\"') + '"'


FORMS = {f"url {one}": _TABLE.format(source=f"url = {_text(one)}\nquery = 'select 1'")
         for one in ADDRESSES}  # fmt: skip
FORMS |= {f"state {one}": f"[workspace]\nstate = {_text(one)}\n{_FILE}" for one in ADDRESSES[::2]}
FORMS |= {f"path {one}": _TABLE.format(source=f"path = {_text(one)}") for one in ADDRESSES[:22:3]}
_ODD = f"postgresql://me:{SECRET}@{AT}"
FORMS |= {
    f"key {key}": f"[workspace]\n{key} = {_text(_ODD)}\n{_FILE}"
    for key in ("timezone", "currency", "engine", "name", "unknown", '"' + _ODD + '"')
}
FORMS |= {
    "a list": f"[workspace]\nstate = [{_text(_ODD)}]\n{_FILE}",
    "a delimiter": _TABLE.format(source=f"path = 'leads.csv'\ndelimiter = {_text(_ODD)}"),
    "broken TOML": f"[workspace]\nstate = {_text(_ODD)} x\n{_FILE}",
    "a query that is read": _TABLE.format(
        source=f"url = 'duckdb:'\nquery = \"from 'leads.csv' where 'password={SECRET}' <> ''\""
    ),
    "a query of a link": _TABLE.format(
        source=f"url = 'duckdb:'\nquery = \"from postgres_scan('{_ODD}', 'a', 'b')\""
    ),
    "a query on a server": _TABLE.format(
        source=f"url = 'postgresql://me@{AT}'\nquery = \"from dblink('{_ODD}')\""
    ),
}
COMMANDS = (
    ("check", "--json"), ("--verbose", "ingest"), ("sources", "--json"), ("runs",),
)  # fmt: skip


class Umbrella:
    """Runs `umbrella …` in a workspace; keeps all that was ever said."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str]):
        self.folder, self.patch, self.captured = folder, patch, said

    def said(self, *words: str) -> str:
        """What the command wrote to both streams."""
        self.patch.setattr(sys, "argv", ["umbrella", *words, "-w", str(self.folder)])
        with suppress(SystemExit):
            main()
        return "".join(self.captured.readouterr())

    def kept(self) -> bytes:
        """All bytes of all files of the workspace but umbrella.toml, and their names."""
        files = [path for path in self.folder.rglob("*") if path.name != "umbrella.toml"]
        return b"".join(
            str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in files
        )


@pytest.fixture
def umbrella(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Umbrella:
    rows = [f"L{n},{'yes' if n % 3 else 'no'},{n}" for n in range(6)]
    (tmp_path / "leads.csv").write_text("\n".join(["id,won,size", *rows]) + "\n", "utf-8")
    return Umbrella(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("settings", FORMS.values(), ids=range(len(FORMS)))
def test_no_form_of_settings_lets_its_password_out(umbrella: Umbrella, settings: str) -> None:
    (umbrella.folder / "umbrella.toml").write_text(settings, "utf-8")
    for words in COMMANDS:
        said = umbrella.said(*words)
        assert said, words
        assert SECRET not in said, words
        assert "Traceback" not in said, words
    assert SECRET.encode() not in umbrella.kept()


def test_a_crash_that_quotes_an_address_is_noted_without_its_password(
    umbrella: Umbrella, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql://me:p%40{SECRET}@{AT}"
    settings = _TABLE.format(source=f"url = '{address}'\nquery = 'select 1'")
    (umbrella.folder / "umbrella.toml").write_text(settings, "utf-8")

    def crash(*_: object) -> None:
        raise RuntimeError(f"driver: no p@{SECRET} for {address}")

    monkeypatch.setattr(reading, "_ingest", crash)
    said = umbrella.said("ingest") + umbrella.said("runs") + umbrella.said("runs", "--json")
    assert "driver: no *** for postgresql://me:***@" in said
    assert SECRET not in said
    assert SECRET.encode() not in umbrella.kept()


def test_the_environment_and_options_are_not_repeated(
    umbrella: Umbrella, monkeypatch: pytest.MonkeyPatch
) -> None:
    (umbrella.folder / "umbrella.toml").write_text(_FILE, "utf-8")
    monkeypatch.setenv("UMBRELLA_TOKEN", SECRET)
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert SECRET not in umbrella.said("serve", "--host", "0.0.0.0")
    assert SECRET not in umbrella.said("serve", "--token", SECRET, "--port", "99999")
    assert SECRET not in umbrella.said("init", "new", "--from", _ODD)
