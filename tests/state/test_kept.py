"""Answers that are kept while a list stays, and never after a change."""

from pathlib import Path

from sample_company import fill_workspace
from served import HTTP, serving
from stored import put_scores, rows_in_use

from redumbrella.state.kept import MARK, KeptAnswers, kept
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores


def test_what_is_said_of_a_list_follows_the_list(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path / "company", 30)
    with serving(workspace) as address:
        assert HTTP.get(address + "/api/v1/leads", timeout=30).json()["total"] == 30
        before = HTTP.get(address + "/api/v1/leads", timeout=30).json()["expected"]["wins"]["value"]
        rows = [
            {**row, "probability": 0.5}
            for row in rows_in_use(workspace.state, scores, "conversion")[:10]
        ]
        put_scores(workspace, "conversion", rows)
        after = HTTP.get(address + "/api/v1/leads", timeout=30).json()
        assert after["total"] == 10
        assert after["expected"]["wins"]["value"] == 5.0 != before


def test_an_answer_is_made_once_for_a_list(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path / "company", 3)
    made: list[int] = []
    for _ in range(2):
        with workspace.state.reading() as connection:
            used = list_in_use(connection, scores, "conversion")
            assert used.info[MARK]
            kept(connection, used, "one", lambda: made.append(1))
    assert made == [1]
    few = KeptAnswers(most=1)
    assert [few.answer(key, lambda k=key: k, fits=lambda _: True) for key in (1, 2, 1)] == [1, 2, 1]
