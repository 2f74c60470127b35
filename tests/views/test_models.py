"""The model report as people and machines read it, and the list of all models."""

import orjson
import pytest
from pydantic import TypeAdapter
from sample_company import OLD_VERSION, VERSION
from stored import listed

from redumbrella.errors import ModelError, NotFoundError
from redumbrella.reports.model import ReportDocument
from redumbrella.views.models import MODELS, current_report, read_document, report_of
from redumbrella.workspace import Workspace


def test_the_report_is_the_stored_document(company: Workspace) -> None:
    report = current_report(company)
    TypeAdapter(ReportDocument).validate_python(report.document)
    assert report.facts.version == report.document["model_version"] == VERSION
    assert report.chosen is not None
    assert report.chosen["family"] == "boosted"
    assert report_of(company, OLD_VERSION).facts.is_current is False
    with pytest.raises(NotFoundError, match=f'Did you mean "{VERSION}"'):
        report_of(company, VERSION + "x")


def test_the_list_of_models_runs_from_the_newest(company: Workspace) -> None:
    rows = listed(company, MODELS).rows
    assert [row["version"] for row in rows] == [VERSION, OLD_VERSION]
    assert [row["is_current"] for row in rows] == [True, False]
    assert [row["use"] for row in rows] == ["in use", ""]
    assert {row["label"] for row in rows} == {"Boosted trees"}
    assert listed(company, MODELS, family="boosted", verdict="with care").total == 2


def test_absent_parts_of_a_report_are_filled_and_newer_ones_refused(company: Workspace) -> None:
    document = dict(current_report(company).document)
    del document["leaks"], document["stability"]
    old = read_document(orjson.dumps(document).decode())
    assert old["leaks"] == []
    assert old["stability"] is None
    with pytest.raises(ModelError, match="newer version"):
        read_document('{"format": 2}')


def test_the_confusion_matrix_follows_threshold_or_capacity(company: Workspace) -> None:
    report = current_report(company)
    default, chosen = report.confusion_at(), report.confusion_at(threshold=0.5)
    assert default is not None
    assert chosen is not None
    assert (default["threshold"], chosen["threshold"]) == (0.25, 0.5)
    worked = report.confusion_at(capacity=0.1)
    assert worked is not None
    assert 0.09 < worked["capacity"] <= 0.1
    least = report.confusion_at(capacity=0.0)
    assert least is not None
    assert least["threshold"] == 0.99
