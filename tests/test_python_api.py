"""The Python door: a workspace, its verbs, and its lists as Arrow, pandas and files."""

import doctest
import subprocess
import sys
from datetime import UTC, datetime
from inspect import signature
from pathlib import Path

import pyarrow as pa
import pytest
from history_world import write_history_company
from recommender_company import NEWCOMER, ODD_PERSON, write_offering_company

import redumbrella
from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.python_api import OpenedWorkspace
from redumbrella.views.catalogue import SUMMARIES, VIEWS
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_only")


@pytest.fixture
def ws(company: Workspace) -> OpenedWorkspace:
    return redumbrella.open(company.root)


def test_a_list_is_arrow_in_the_middle_and_pandas_outside(ws: OpenedWorkspace) -> None:
    rows = ws.leads(grade="B", sort="-expected_value")
    table = rows.to_arrow()
    assert isinstance(table, pa.Table)
    assert table.num_rows == len(rows) > 0
    frame = rows.to_pandas()
    assert set(frame["grade"]) == {"B"}
    assert frame["expected_value"].is_monotonic_decreasing
    assert str(frame["as_of"].dtype).startswith("datetime64")
    assert [row["lead_id"] for row in rows] == frame["lead_id"].tolist()
    assert "leads" in repr(rows)


def test_every_list_of_the_catalogue_is_a_method_with_its_filters(ws: OpenedWorkspace) -> None:
    for name, view in VIEWS.items():
        if name == "products":
            with pytest.raises(NotFoundError, match="per product"):
                len(ws.products())
            continue
        method = getattr(ws, name)
        assert set(view.filters) <= set(signature(method).parameters)
        assert SUMMARIES[name] in (method.__doc__ or "")
        columns = method().to_arrow().column_names
        assert columns == [column.name for column in view.exported]
        assert name in dir(ws)
    with pytest.raises(AttributeError, match="Lists: today"):
        _ = ws.custommers


def test_what_a_list_does_not_take_is_refused_by_name(ws: OpenedWorkspace) -> None:
    with pytest.raises(SettingsError, match='Did you mean "grade"'):
        ws.leads(grad="A")
    with pytest.raises(SettingsError, match="takes no page"):
        ws.leads(page=2)
    with pytest.raises(NotFoundError, match='grade "Z"'):
        len(ws.leads(grade="Z"))


def test_a_missing_package_is_told_with_what_to_install(
    ws: OpenedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redumbrella.python_api.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="pip install polars"):
        ws.leads().to_polars()


def test_an_empty_answer_has_columns_all_the_same(ws: OpenedWorkspace) -> None:
    table = ws.rejected().to_arrow()
    assert table.num_rows == 0
    assert "reason" in table.column_names


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_lists_are_written_by_the_name_of_the_file(
    ws: OpenedWorkspace, tmp_path: Path, ending: str
) -> None:
    rows = ws.leads(source="web")
    path = tmp_path / f"leads.{ending}"
    assert rows.write(path) == len(rows) > 0
    assert path.stat().st_size > 0
    with pytest.raises(SettingsError, match=r"\.parquet"):
        rows.write(tmp_path / "leads.xlsx")


def test_one_lead_and_the_report(ws: OpenedWorkspace, company: Workspace) -> None:
    best = ws.leads().to_arrow().slice(0, 1).to_pylist()[0]
    lead = ws.explain(best["lead_id"])
    assert (lead.rank, lead.score["probability"]) == (1, best["probability"])
    report = ws.report()
    assert report["model_version"] == best["model_version"]
    assert ws.report(model=report["model_version"])["verdict"] == report["verdict"]
    assert str(company.root) in repr(ws)


def test_a_whole_run_without_the_command_line(tmp_path: Path) -> None:
    write_history_company(tmp_path, leads=120, open_leads=5).state.close()
    steps: list[str] = []
    with redumbrella.open(tmp_path) as ws:
        result = ws.run(on_step=lambda step, _: steps.append(step))
        assert result.scored.leads == len(ws.leads()) == 5
        assert steps
        assert ws.run().trained is None
        past = ws.score(as_of="2024-04-01")
        assert past.as_of == datetime(2024, 4, 1, tzinfo=UTC).timestamp() * 1e6


def test_a_folder_that_is_no_workspace_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="umbrella init"):
        redumbrella.open(tmp_path)


def test_the_front_door_imports_nothing_heavy() -> None:
    heavy = {"numpy", "sqlalchemy", "duckdb"}
    code = f"import redumbrella, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_examples_in_the_docstrings_run(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redumbrella.python_api

    monkeypatch.chdir(company.root.parent)
    found = doctest.testmod(redumbrella.python_api, extraglobs={"folder": company.root})
    assert found.attempted > 0
    assert found.failed == 0


def test_products_are_offered_likened_and_ranked(tmp_path: Path) -> None:
    write_offering_company(tmp_path).state.close()
    with redumbrella.open(tmp_path) as ws:
        made = ws.recommend(as_of="2024-05-20")
        assert [each["recommender"] for each in made.reports] == ["next", "other half"]
        assert len(ws.recommendations(recommender="next")) * 2 > made.lists > 0
        (new,) = ws.recommendations_for(ODD_PERSON, n=3)["lists"]
        assert (new["name"], len(new["products"])) == ("new", 3)
        assert f"{new['as_of']:%Y-%m-%d}" < "2024-05-20"
        every = ws.recommendations_for(ODD_PERSON, list=None, n=None)["lists"]
        assert {"again", "new"} <= {each["name"] for each in every}
        with pytest.raises(NotFoundError, match="newcomer"):
            ws.recommendations_for(NEWCOMER)
        assert ws.recommendations_for(NEWCOMER, "newcomer")["lists"][0]["products"]
        assert len(ws.similar_products("P03", n=2)["similar"]) == 2
        with pytest.raises(NotFoundError, match='Did you mean "next"'):
            ws.similar_products("P03", recommender="nxt")
        ranked = ws.rank_products(ODD_PERSON, ["P15", "P05", "x"])
        assert [one["product_id"] for one in ranked["products"]] == ["P05", "P15", "x"]
