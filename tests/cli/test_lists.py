"""The commands of lists and their exports: options, direction, JSON, files, what is refused."""

import csv
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from stored import listed

from redumbrella.cli import main as command_line
from redumbrella.cli.lists import query_of
from redumbrella.views.catalogue import VIEWS
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.leads import LEADS
from redumbrella.views.table import View
from redumbrella.workspace import Workspace

each_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


class Run:
    """Runs `umbrella …` in this process: exit code, standard output, standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]):
        self.monkeypatch = monkeypatch
        self.captured = captured

    def __call__(self, *words: object) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["umbrella", *map(str, words)])
        try:
            command_line.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        output, errors = self.captured.readouterr()
        return code, output.replace("\u00a0", " "), errors.replace("\u00a0", " ")


@pytest.fixture
def umbrella(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


def as_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


def test_help_names_every_list(umbrella: Run) -> None:
    code, text, _ = umbrella("--help")
    assert code == 0
    for view in VIEWS.values():
        assert f"\n  {view.name} " in text
    assert text.count("\n  customers ") == 1
    code, text, _ = umbrella("export", "--help")
    assert code == 0
    for view in VIEWS.values():
        assert f"\n  {view.file_name} " in text


@each_list
def test_a_command_has_an_option_for_every_filter(umbrella: Run, view: View) -> None:
    for words in ((view.name,), ("export", view.file_name)):
        code, text, _ = umbrella(*words, "--help")
        assert code == 0
        for name in set(view.parameters) - {"page", "page_size"}:
            assert "--" + name.replace("_", "-") in text
        for option in ("--reverse", "--json", "--workspace"):
            assert option in text
        assert ("--top" in text) == (words[0] != "export")
        assert ("--output" in text) == (words[0] == "export")


@each_list
def test_a_command_prints_the_rows_and_how_many_there_are(
    umbrella: Run, full: Workspace, view: View
) -> None:
    code, text, _ = umbrella(view.name, "--top", "2", "-w", full.root)
    assert code == 0
    page = listed(full, view, page_size=2)
    joined = " ".join(text.split())
    assert f"{len(page.rows)} of {page.total} {view.noun[1]}" in joined
    first = view.by_name[view.terminal[0]]
    for row in page.rows:
        assert first.kind.words(row[first.name], page.frame).replace("\u00a0", " ") in joined


def test_a_name_that_is_not_the_id_has_the_id_beside_it(umbrella: Run, full: Workspace) -> None:
    """Other commands ask for the id; the name of a model's family is the name of nobody."""
    assert "Customer 1054 (L-1054)" in umbrella("leads", "-w", full.root)[1]
    text = umbrella("customers", "-w", full.root)[1]
    assert "=Name 1 (C1)" in text
    assert "C0 (C0)" not in text
    assert "Boosted trees (" not in umbrella("models", "-w", full.root)[1]


@each_list
def test_json_is_what_rest_answers(umbrella: Run, full: Workspace, view: View) -> None:
    code, text, errors = umbrella(view.name, "--top", "2", "--json", "-w", full.root)
    assert (code, errors) == (0, "")
    assert orjson.loads(text) == as_json(listed(full, view, page_size=2).to_json())


@each_list
def test_a_column_runs_in_its_natural_direction_and_reverse_the_other_way(
    umbrella: Run, full: Workspace, view: View
) -> None:
    """What is best largest runs from the largest, names and grades from the first."""
    for name, column in view.sorts.items():
        for more, falling in (((), column.falling), (("--reverse",), not column.falling)):
            text = umbrella(view.name, "--sort", name, *more, "--json", "-w", full.root)[1]
            order = f"-{name}" if falling else name
            found = orjson.loads(text)
            assert found["query"]["sort"] == order
            assert found["rows"] == as_json(
                listed(full, view, sort=order, page_size=20).to_json()["rows"]
            )


def test_without_sort_reverse_turns_the_usual_order() -> None:
    assert query_of(CUSTOMERS, {"reverse": True}).order == "value"
    assert query_of(CUSTOMERS, {"reverse": False}).order == "-value"
    for own in ("-probability", "name"):  # of a list that chooses its order itself
        other = own.removeprefix("-") if own.startswith("-") else f"-{own}"
        assert query_of(LEADS, {"reverse": True}).sorted_so(own).order == other
        assert query_of(LEADS, {"reverse": False}).sorted_so(own).order == own
    assert query_of(CUSTOMERS, {"sort": "customer", "reverse": False}).order == "customer"
    assert query_of(CUSTOMERS, {"sort": "customer", "reverse": True}).order == "-customer"
    assert query_of(LEADS, {"sort": "grade", "reverse": False}).order == "grade"


@each_list
def test_options_filter_as_the_page_does(umbrella: Run, full: Workspace, view: View) -> None:
    everyone = listed(full, view).rows
    for name, column in view.filters.items():
        values = [row[column.name] for row in everyone if row.get(column.name)]
        flag = "--" + name.replace("_", "-")
        if values:
            text = umbrella(view.name, flag, values[0], "--json", "-w", full.root)[1]
            rows = orjson.loads(text)["rows"]
            assert len(rows) == min(20, values.count(values[0]))
            assert {row[column.name] for row in rows} == {values[0]}
        code, text, errors = umbrella(view.name, flag, "no-such-value", "-w", full.root)
        assert (code, text) == (2, "")
        assert "no-such-value" in errors
        assert "[unknown_value]" in errors or "is not one of" in errors


@each_list
def test_an_unknown_order_or_option_is_refused(umbrella: Run, full: Workspace, view: View) -> None:
    for words in (("--sort", "nothing"), ("--nonsense", "1"), ("--top", "0")):
        code, text, errors = umbrella(view.name, *words, "-w", full.root)
        assert (code, text) == (2, "")
        assert words[0] in errors


@each_list
def test_a_list_without_rows_says_what_to_do_whatever_is_asked(
    umbrella: Run, empty_company: Workspace, view: View
) -> None:
    name = next((n for n, c in view.filters.items() if not c.choices), None)
    asked = [()] if name is None else [(), (f"--{name}", "x")]
    for more in asked:
        for words in ((view.name,), ("export", view.file_name)):
            code, text, errors = umbrella(*words, *more, "-w", empty_company.root)
            if view.is_well_empty and view.name == words[0]:  # no row was set aside: no error
                assert (code, errors) == (0, "")
                assert text.startswith("No ")
                continue
            assert (code, text) == (2, "")
            assert f"[no_{view.file_name}]" in errors
            assert "umbrella" in errors or view.is_well_empty


def test_nothing_that_matches_is_no_error(umbrella: Run, full: Workspace) -> None:
    for view in VIEWS.values():
        if view.search:
            code, text, _ = umbrella(view.name, "--search", "nobody", "-w", full.root)
            said = f"No {view.noun[0]} matches. Ask for less: umbrella {view.name} -w {full.root}\n"
            assert (code, text) == (0, said)


@each_list
def test_export_writes_the_list_that_its_filters_leave(
    umbrella: Run, full: Workspace, tmp_path: Path, view: View
) -> None:
    path, sort = tmp_path / "list.csv", next(iter(view.sorts))
    code, text, errors = umbrella(
        "export", view.file_name, "--sort", sort, "--reverse", "-o", path, "-w", full.root
    )
    assert (code, text) == (0, f"{path}\n")
    order = sort if view.sorts[sort].falling else f"-{sort}"
    rows = listed(full, view, sort=order).rows
    said, *more = errors.splitlines()
    assert said == f"{len(rows)} {view.noun[1]} written."
    sums = [line for line in more if line.startswith("Expected:")]
    assert bool(sums) == (view.name in ("leads", "pipeline"))
    trusted = (
        *("today", "leads", "changes", "pipeline"),
        *("products", "customers", "valuations", "cohorts"),
    )
    assert (len(more) > len(sums)) == (view.name in trusted)
    with path.open(encoding="utf-8", newline="") as file:
        exported = list(csv.DictReader(file))
    assert list(exported[0]) == [field.name for field in view.fields]
    first = view.fields[0]
    shown = [str(first.cell(row[first.name])) for row in rows]
    assert [each[first.name].removeprefix("'") for each in exported] == shown
    name, value = next(
        ((n, row[c.name]) for n, c in view.filters.items() for row in rows if row.get(c.name)),
        ("", ""),
    )
    if name:
        words = ("export", view.file_name, f"--{name}", value, "--json", "-w", full.root)
        result = orjson.loads(umbrella(*words, "-o", tmp_path / "some.jsonl")[1])
        assert result["format"] == "jsonl"
        assert result["rows"] == listed(full, view, **{name: value}).total


def test_export_of_an_unknown_list_names_the_known_ones(umbrella: Run, full: Workspace) -> None:
    code, _, errors = umbrella("export", "leeds", "-w", full.root)
    assert code == 2
    assert "leeds" in errors
    code, _, errors = umbrella("leeds", "-w", full.root)
    assert code == 2
    assert "leeds" in errors
