"""`init`, `check` and `ingest` as a person calls them."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from redumbrella.cli.main import main

CSV = "id,created,converted,size\n" + "".join(
    f"{number},2024-01-{1 + number % 28:02},{number % 2},{number % 5}\n" for number in range(40)
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls `umbrella` with arguments; returns exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["umbrella", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        output, errors = capfdbinary.readouterr()
        assert b"Traceback" not in errors
        assert isinstance(code, int)
        return code, output.decode(), errors.decode()

    return call


def test_from_a_file_to_the_lake(run: Run, tmp_path: Path) -> None:
    source, folder = tmp_path / "my leads.csv", tmp_path / "work"
    source.write_text(CSV, encoding="utf-8")
    code, output, _ = run("init", folder, "--from", source)
    assert code == 0
    assert "is taken for leads" in output
    assert "won: converted" in output
    code, output, _ = run("check", "-w", folder)
    assert code == 0
    assert "leads: 40 rows" in output
    assert "size: number" in output
    assert sorted(path.name for path in folder.iterdir()) == ["umbrella.toml"]
    code, output, _ = run("ingest", "-w", folder)
    assert code == 0
    assert output.startswith("leads: 40 rows read, 40 new.\n  Outcome: won: 1 20; lost: 0 20;")
    code, output, _ = run("ingest", "-w", folder)
    assert (code, output) == (0, "leads: nothing new, 40 rows as before.\n")
    code, output, _ = run("ingest", "--reread", "leads", "--json", "-w", folder)
    assert code == 0
    document = json.loads(output)
    assert document["sources"][0]["added"] == 40
    assert document["versions"] == {"leads": 1}


def test_init_asks_what_it_cannot_know_and_check_repeats_it(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"D{n},2024-01-{1 + n % 28:02},{n % 3},5\n" for n in range(60))
    (tmp_path / "deals.csv").write_text("Deal ID,Create Date,Stage,Amount\n" + rows, "utf-8")
    folder = tmp_path / "my work"
    code, output, _ = run("init", folder, "--from", tmp_path / "deals.csv")
    assert code == 0
    assert "umbrella init needs your answer:\n  1. [tables.leads.columns] won: " in output
    assert f"  umbrella check -w '{folder}'\n  umbrella run -w '{folder}'\n" in output
    code, output, errors = run("check", "-w", folder)
    assert code == 2
    assert "won or lost" in errors
    assert "Still open in umbrella.toml: won = " in output
    text = (folder / "umbrella.toml").read_text("utf-8")
    answered = [
        'won = { column = "Stage", won = ["2"], lost = ["0"] }' if "# <- " in line else line
        for line in text.splitlines()
    ]
    (folder / "umbrella.toml").write_text("\n".join(answered) + "\n", "utf-8")
    code, output, _ = run("check", "-w", folder)
    assert code == 0
    assert "Still open" not in output


def test_several_files_after_from(run: Run, tmp_path: Path) -> None:
    for name in ("leads.csv", "more_leads.csv"):
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    orders = "customer,date,total\n" + "".join(f"{n},2024-01-01,{n}.5\n" for n in range(9))
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    files = [tmp_path / name for name in ("leads.csv", "orders.csv", "more_leads.csv")]
    assert run("init", tmp_path, "--from", *files)[0] == 0
    text = (tmp_path / "umbrella.toml").read_text(encoding="utf-8")
    assert 'path = ["leads.csv", "more_leads.csv"]' in text  # two exports of one table
    code, output, _ = run("check", "--json", "-w", tmp_path)
    assert code == 0
    assert [source["table"] for source in json.loads(output)["sources"]] == ["leads", "purchases"]


def test_init_keeps_standard_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"id": n, "created": f"2024-01-{1 + n % 28:02}", "won": n % 2} for n in range(40)]
    content = json.dumps({"results": rows}).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    code, output, _ = run("init", tmp_path / "new", "--from", "-")
    assert code == 0
    assert "What came by standard input is kept as" in output
    assert (tmp_path / "new" / "stdin.csv").read_bytes() == content
    code, output, _ = run("check", "-w", tmp_path / "new")
    assert code == 0
    assert "leads: 40 rows in stdin.csv, 0 to set aside." in output
    (tmp_path / "new" / "umbrella.toml").unlink()
    code, _, errors = run("init", tmp_path / "new", "--from", "-")
    assert code == 2
    assert "stdin.csv is there already" in errors


def test_rows_that_cannot_be_read_are_not_called_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("id,firm,amount,source\n" + "L1,Acme,12,50,Web\n" * 30, encoding="utf-8")
    code, _, errors = run("init", tmp_path / "new", "--from", path)
    assert code == 2
    assert "has 30 rows, but none can be read. The first, line 2: 5 values" in errors


def test_init_never_overwrites(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path)[0] == 0
    before = (tmp_path / "umbrella.toml").read_bytes()
    code, _, errors = run("init", tmp_path)
    assert code == 2
    assert "is there already" in errors
    assert (tmp_path / "umbrella.toml").read_bytes() == before
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert run("init", tmp_path / "file")[0] == 2
    assert run("init", tmp_path / "new", "--from", tmp_path / "nothing.csv")[0] == 2
    assert not (tmp_path / "new").exists()


def test_problems_end_with_code_two(run: Run, tmp_path: Path) -> None:
    code, _, errors = run("ingest", "-w", tmp_path)
    assert code == 2
    assert "umbrella init" in errors
    (tmp_path / "umbrella.toml").write_text('[tables.leads]\npath = "x.csv"\n', encoding="utf-8")
    code, _, errors = run("check", "-w", tmp_path)
    assert code == 2
    assert 'There is no file "x.csv"' in errors
    code, output, _ = run("check", "--json", "-w", tmp_path)
    assert code == 2
    assert "x.csv" in json.loads(output)["problems"][0]


def test_rows_set_aside_are_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text('[tables.leads]\npath = "x.csv"\n', encoding="utf-8")
    rows = "a,1\nb,0\nc,perhaps\n,1\nd,1,2\ne,0\nf,0\n"
    (tmp_path / "x.csv").write_bytes(("lead_id,won\n" + rows).encode())
    for command in ("check", "ingest"):
        code, output, _ = run(command, "-w", tmp_path)
        assert code == 0
        assert '    x.csv, line 4: column "won": "perhaps" is not one of' in output
        assert "set aside, missing_required: 1" in output
        assert "    x.csv, line 6: 3 values, but the header has 2 columns" in output


@pytest.mark.parametrize(
    ("source", "more", "code", "said", "next_step"),
    [
        ("Quelle", 'sheet = "Leeds"', "missing_sheet", 'no sheet "Leeds"', "Write one of these"),
        ("Qelle", "", "bad_mapping", 'Did you mean "Quelle"?', "Correct the name in umbrella.toml"),
    ],
)
def test_what_is_not_there_has_a_code_and_a_next_step(
    run: Run, tmp_path: Path, source: str, more: str, code: str, said: str, next_step: str
) -> None:
    book = xlsxwriter.Workbook(tmp_path / "leads.xlsx")
    sheet = book.add_worksheet("Dossiers")
    for number, row in enumerate([("Nr", "Converted", "Quelle"), ("A1", "yes", "Web")]):
        sheet.write_row(number, 0, row)
    book.close()
    (tmp_path / "umbrella.toml").write_text(
        f'[tables.leads]\npath = "leads.xlsx"\n{more}\n[tables.leads.columns]\nlead_id = "Nr"\n'
        f'won = "Converted"\nsource = "{source}"\n',
        "utf-8",
    )
    for command in ("check", "ingest"):
        exit_code, _, errors = run(command, "-w", tmp_path)
        assert exit_code == 2
        assert f"Error [{code}]: " in errors
        assert said in errors
        assert next_step in errors
    assert json.loads(run("check", "--json", "-w", tmp_path)[1])["reasons"] == [code]
