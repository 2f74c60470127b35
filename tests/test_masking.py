"""Passwords in texts: gone in every form, and what is no password stays."""

import pytest

from redumbrella.masking import masked, shown_address

SECRET = "g3heim-Wort"
WRITTEN = SECRET.replace("-", "%2D")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"postgresql://me:{SECRET}@host:5432/shop", "postgresql://me:***@host:5432/shop"),
        (f"postgresql://me:{WRITTEN}@host/shop", "postgresql://me:***@host/shop"),
        (f"postgresql://me:a@{SECRET}@host/shop", "postgresql://me:***@host/shop"),
        (f"postgresql://me:a/{SECRET}@host/shop", "postgresql://me:***@host/shop"),
        (f"postgresql://me:a?{SECRET}@host/shop", "postgresql://me:***@host/shop"),
        (f"postgresql://me:a#{SECRET}@host/shop", "postgresql://me:***@host/shop"),
        (f"postgresql://me:a {SECRET} b@host/shop", "postgresql://me:***@host/shop"),
        (f'postgresql://me:"{SECRET}@host/shop', "postgresql://me:***@host/shop"),
        (f"POSTGRESQL://me:{SECRET}@host", "POSTGRESQL://me:***@host"),
        (f"mysql://me:{SECRET}@host", "mysql://me:***@host"),
        (f"postgresql+psycopg://me:{SECRET}@host", "postgresql+psycopg://me:***@host"),
        (f"postgresql://:{SECRET}@host", "postgresql://:***@host"),
        (f"postgresql://me%3A{SECRET}@host", "postgresql://***@host"),
        (f"postgresql://me:{SECRET}/shop", "postgresql://me:***/shop"),
        (f"postgresql://me@host/shop?password={SECRET}&sslmode=require",
         "postgresql://me@host/shop?password=***&sslmode=require"),
        (f"postgresql://me@host/shop?%70assword={SECRET}",
         "postgresql://me@host/shop?%70assword=***"),
        (f"mssql+pyodbc:///?odbc_connect=PWD%3D{SECRET}", "mssql+pyodbc:///?odbc_connect=***"),
        (f"me:{SECRET}@host/shop", "***@host/shop"),
        (f"host=db user=me password={SECRET} dbname=x", "host=db user=me password=*** …"),
        (f"host=db password='a {SECRET}' user=me", "host=db password=*** …"),
        ("postgresql://me@host:5432/shop?sslmode=require",
         "postgresql://me@host:5432/shop?sslmode=require"),
        ("sqlite:////home/me@work/state.db", "sqlite:////home/me@work/state.db"),
        ("duckdb:", "duckdb:"),
        ("leads 2026/anna@example.org.csv", "leads 2026/anna@example.org.csv"),
        ("Europe/Lisbon", "Europe/Lisbon"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert shown_address(address) == shown
    assert shown_address(shown) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f'invalid port in "postgresql://me:{SECRET}@host:x/y": "x"',
         'invalid port in "postgresql://me:***@host:x/y": "x"'),
        (f"SELECT * FROM dblink('host=h password={SECRET}', 'q')",
         "SELECT * FROM dblink('host=h password=*** 'q')"),
        (f"FROM postgres_scan('postgresql://me:a {SECRET}@h/d', 's')",
         "FROM postgres_scan('postgresql://me:***@h/d', 's')"),
        (f"CREATE SECRET (TYPE postgres, PASSWORD '{SECRET}')",
         "CREATE SECRET (TYPE postgres, PASSWORD ***)"),
        (f"UMBRELLA_TOKEN={SECRET} and PGPASSWORD={SECRET}",
         "UMBRELLA_TOKEN=*** and PGPASSWORD=***"),
        (f'{{"password": "{SECRET}"}}', '{"password": ***}'),
        ("needs a token: set $UMBRELLA_TOKEN or give --token. http://127.0.0.1:8000/leads",
         "needs a token: set $UMBRELLA_TOKEN or give --token. http://127.0.0.1:8000/leads"),
        ('FATAL: password authentication failed for user "me"',
         'FATAL: password authentication failed for user "me"'),
        ("http://[::1]:8000/leads  (stop)", "http://[::1]:8000/leads  (stop)"),
        ("SELECT id, won, 'a:b' FROM crm WHERE mail LIKE '%@x' AND n = 3",
         "SELECT id, won, 'a:b' FROM crm WHERE mail LIKE '%@x' AND n = 3"),
    ],
)  # fmt: skip
def test_any_text_loses_what_looks_like_a_password(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


def test_a_piece_of_a_known_address_is_hidden_wherever_a_driver_quotes_it() -> None:
    address = "postgresql://me:p%40ss-w@host/shop?sslpassword=oth3r"
    assert masked('could not use "p@ss-w" (p%40ss-w) or oth3r', address) == (
        'could not use "***" (***) or ***'
    )
