"""umbrella.toml becomes typed settings, or one message with every problem."""

from pathlib import Path

import pytest

from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.settings.grades import Grades
from redumbrella.settings.settings import Settings, load_settings
from redumbrella.settings.sources import ColumnSource
from redumbrella.settings.targets import Target


def load(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "umbrella.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path)


def problems(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert caught.value.exit_code == 2
    assert "{" not in caught.value.message.replace("{ column", "").replace("{ row", "")
    return caught.value.message


def test_the_example_of_the_design_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [workspace]
        name = "Bank campaign"
        currency = "USD"
        timezone = "Europe/Lisbon"
        [tables.leads]
        path = "leads.csv"
        delimiter = ";"
        ignore = ["Prospect ID"]
        keep = ["duration"]
        [tables.leads.columns]
        lead_id = "Lead Number"
        won = "Converted"
        created_at = { column = "Created", format = "%m/%d/%Y" }
        [tables.people]
        url = "sqlite:///crm.db"
        query = "select * from people"
        [[targets]]
        name = "conversion"
        from = "leads.won"
        [[targets]]
        name = "buys"
        purchase = true
        per = "product"
        horizon_days = 90
        [success]
        min_auc = 0.7
        max_calibration_error = 0.03
        """,
    )
    leads = settings.tables["leads"]
    assert (settings.name, settings.currency, settings.timezone) == (
        "Bank campaign",
        "USD",
        "Europe/Lisbon",
    )
    assert leads.path == ("leads.csv",)
    assert (leads.delimiter, leads.ignore, leads.keep) == (";", ("Prospect ID",), ("duration",))
    assert leads.columns["created_at"] == ColumnSource("Created", "%m/%d/%Y")
    assert leads.columns["won"] == ColumnSource("Converted")
    assert settings.tables["people"].query == "select * from people"
    assert settings.targets[0] == Target("conversion", from_="leads.won")
    assert settings.targets[1].horizon_days == 90.0
    assert settings.targets[1].active_days == 180.0
    assert settings.success.min_auc == 0.7
    assert settings.success.max_brier is None


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, '[tables.leads]\npath = ["a.csv", "b/*.csv"]\n')
    assert settings.name == tmp_path.name
    assert (settings.currency, settings.timezone, settings.engine) == ("EUR", "UTC", "duckdb")
    assert settings.state_url == f"sqlite:///{tmp_path}/state.db"
    assert settings.targets == (Target("conversion", from_="leads.won"),)
    assert settings.tables["leads"].path == ("a.csv", "b/*.csv")


def test_an_empty_file_is_a_workspace_without_tables(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert not settings.tables
    assert settings.targets == ()


def test_row_numbers_and_many_valued_outcomes(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [tables.leads]
        path = "leads.csv"
        [tables.leads.columns]
        lead_id = { row = true }
        won = { column = "Stage", won = ["Closed won"], lost = ["Closed lost", "Junk"] }
        """,
    )
    columns = settings.tables["leads"].columns
    assert columns["lead_id"] == ColumnSource(row=True)
    assert columns["won"] == ColumnSource(
        "Stage", won=("Closed won",), lost=("Closed lost", "Junk")
    )


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_bytes(b'\xef\xbb\xbf[workspace]\r\nname = "A"\r\n')
    assert load_settings(tmp_path).name == "A"


def test_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="umbrella init"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[workspace\n", "not valid TOML"),
        (b'name = "\xff"\n', "not UTF-8"),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "umbrella.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        load_settings(tmp_path)


def test_all_problems_are_listed_together(tmp_path: Path) -> None:
    message = problems(
        tmp_path,
        """
        [workspce]
        [workspace]
        timezone = "Europe/Lissabon"
        currency = "euro"
        engine = "dukdb"
        state = "mysql://x"
        [tables.leds]
        path = "x.csv"
        [tables.leads]
        pth = "leads.csv"
        delimiter = "ab"
        [tables.leads.columns]
        won_ = "y"
        amount = 3
        closed_at = { column = "C", fromat = "%d" }
        rep_id = { column = "R", format = "%d" }
        [success]
        min_acu = 0.7
        max_brier = 7
        """,
    )
    for part in (
        'unknown section "workspce". Did you mean "workspace"?',
        'timezone = "Europe/Lissabon" is unknown. Did you mean "Europe/Lisbon"?',
        'currency = "euro"',
        'engine = "dukdb": expected "duckdb"',
        'state = "mysql://x"',
        'unknown table "leds". Did you mean "leads"?',
        '[tables.leads] unknown key "pth". Did you mean "path"?',
        "[tables.leads] no source",
        'delimiter = "ab"',
        '"won_" is no column of leads. Did you mean "won"?',
        "amount = 3: expected text",
        'unknown key "fromat". Did you mean "format"?',
        "format is for times, but rep_id is no time",
        'unknown key "min_acu". Did you mean "min_auc"?',
        "max_brier = 7: expected a number between 0 and 1",
    ):
        assert part in message
    assert message.startswith("15 problems")


def test_grades(tmp_path: Path) -> None:
    assert load(tmp_path, "").grades == Grades("auto", (0.1, 0.2, 0.3), None)
    own = load(tmp_path, "[grades]\nby = 'value'\nborders = [5000, 800, 100]").grades
    assert own == Grades("value", (0.1, 0.2, 0.3), (5000.0, 800.0, 100.0))
    assert load(tmp_path, "[grades]\nshares = [0.5, 0.25, 0.25]").grades.shares == (0.5, 0.25, 0.25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tables.leads]\npath='a'\nurl='sqlite:///b'\nquery='q'", "both given"),
        ("[tables.leads]\nurl='sqlite:///b'", "query is missing"),
        ("[tables.leads]\npath='a'\nquery='q'", "url is missing"),
        ("[tables.leads]\nurl='mysql://b'\nquery='q'", 'expected "sqlite:///file.db"'),
        ("[tables.leads]\npath=3", "expected text or a list"),
        ("[tables.leads]\npath=['a', 3]", "every item must be text"),
        ("[tables.leads]\npath=' '", "every item must be text"),
        ("tables = 3", "expected a section"),
        ("[grades]\nby='money'", 'by = "money": expected "auto", "value" or "probability"'),
        ("[grades]\nby='valeu'", 'Did you mean "value"'),
        ("[grades]\nshares=[0.1, 0.2]", "expected three numbers, for A, B and C"),
        ("[grades]\nshares=[0.1, 'b', 0.3]", 'shares holds "b": every item must be a number'),
        ("[grades]\nshares=0.1", "expected a list of numbers"),
        ("[grades]\nshares=[0.5, 0.4, 0.3]", "at most 1 together"),
        ("[grades]\nshares=[0.5, 0, 0.3]", "expected shares above 0"),
        ("[grades]\nby='value'\nborders=[1, 2, 3]", "expected falling numbers"),
        ("[grades]\nborders=[0.6, 0.3, 0.1]", "say which, by = "),
        ("[grades]\nby='probability'\nborders=[60, 30, 10]", "between 0 and 1, such as 0.6"),
        (
            "[grades]\nby='value'\nborders=[3, 2, 1]\nshares=[0.1, 0.2, 0.3]",
            "both given: keep one",
        ),
        ("[grades]\nshare=[0.1, 0.2, 0.3]", 'Did you mean "shares"'),
        ("[tables]\nleads = 3", "expected a section"),
        ("[tables.leads]\npath='a'\ncolumns.person_id = { row = true }", "only make the id"),
        ("[tables.leads]\npath='a'\ncolumns.lead_id = {}", "expected { column"),
        ('currencies.USD = "0,92"', "write USD = 0.92, a number with a point"),
        ("[tables.leads]\npath='a'\ncolumns.won = {column='x', lost=['y']}", "belong together"),
        (
            "[tables.leads]\nurl='sqlite:///b'\nquery='q'\ncolumns.lead_id = { row = true }",
            "needs a file",
        ),
        ("[[targets]]\nname='a'", "exactly one of"),
        ("[[targets]]\nname='a'\nevent='x'\npurchase=true", "exactly one of"),
        ("[[targets]]\nname='a'\nevent='x'\nhorizon_days=-1", "expected a number from"),
        ("[[targets]]\nname='a'\nevent='x'\nhorizon_days=true", "expected a number"),
        ("[[targets]]\nname='a b'\nevent='x'", "a short name"),
        ("[[targets]]\nname='a'\nfrom='leads.won'", "no [tables.leads]"),
        ("[[targets]]\nname='a'\nfrom='leads.y'", 'expected "leads.won"'),
        ("[[targets]]\nname='a'\nevent='x'\nper='rep'", 'expected "product"'),
        ("[[targets]]\nname='a'\nevent='x'\n[[targets]]\nname='a'\nevent='y'", "two targets"),
        ("targets = 3", "expected a list of sections"),
        ("[workspace]\nengine='spark://host:7077'", "Spark does not work yet"),
        ("[workspace]\nengine='spark:local[2]'", "Spark does not work yet"),
    ],
)
def test_each_problem_is_said(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(tmp_path, text)


def test_a_target_is_looked_up_in_one_place(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text(
        "[tables.leads]\npath='a.csv'\n[tables.purchases]\npath='b.csv'\n"
        "[[targets]]\nname='buys'\npurchase=true\nper='product'\n"
        "[[targets]]\nname='wins'\nfrom='leads.won'\n"
    )
    settings = load_settings(tmp_path)
    assert settings.target().name == "wins"
    assert settings.target("buys").per == "product"
    assert settings.product_target().name == settings.product_target("buys").name == "buys"
    for look_up, name in ((settings.target, "win"), (settings.product_target, "wins")):
        with pytest.raises(NotFoundError) as problem:
            look_up(name)
        assert problem.value.reason == "unknown_target"
    with pytest.raises(NotFoundError, match='Did you mean "wins"'):
        settings.target("win")


def test_without_a_target_it_is_said_how_to_ask(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text("[tables.purchases]\npath='b.csv'\n")
    settings = load_settings(tmp_path)
    with pytest.raises(SettingsError, match="targets") as problem:
        settings.target()
    assert problem.value.reason == "no_target"
    with pytest.raises(NotFoundError, match='per = "product"'):
        settings.product_target()
