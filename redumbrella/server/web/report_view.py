"""What the model report shows, for the page and for the file: a `ModelReport` in, a view out."""

from dataclasses import dataclass, replace

from redumbrella.figures import parse_share
from redumbrella.reports.model import ConfusionPoint
from redumbrella.reports.wording import products_examined, said_first
from redumbrella.server.web.assets import style
from redumbrella.server.web.charts import Chart, charts_of
from redumbrella.server.web.formats import STATIC, environment
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import count_rows
from redumbrella.views.models import ModelReport
from redumbrella.views.trust import Trust, trust_in
from redumbrella.views.worth import sentences_about
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class ReportView:
    """Everything the templates of the report need."""

    report: ModelReport
    trust: Trust
    charts: list[Chart]
    labels: dict[str, str]  # family → its name in words
    point: ConfusionPoint | None  # the confusion matrix at the chosen threshold
    asked: dict[str, str]  # threshold and capacity as the person typed them
    default_why: str  # why the default threshold is what it is; empty when another was asked for
    open_above: int | None  # scored leads at or above the threshold; None for an earlier model
    worth: list[str]  # what the worth of leads is learned from; empty when it is not
    products_words: str  # how good the models of single products are; empty where there are none
    first: list[str]  # what has to be known before anything else
    timezone: str


def report_view(
    workspace: Workspace, report: ModelReport, threshold: str = "", capacity: str = ""
) -> ReportView:
    """The view at a threshold or a capacity as typed; SettingsError when neither is a share."""
    point = report.confusion_at(
        threshold=parse_share(threshold, "Threshold") if threshold.strip() else None,
        capacity=parse_share(capacity, "Capacity") if capacity.strip() else None,
    )
    confusion = report.document["confusion"]
    asked = bool(threshold.strip() or capacity.strip())
    products = report.document["products"]
    # Scores of single products do not lie on the scale of this threshold, which is about any.
    current = report.facts.is_current and point is not None and products is None
    return ReportView(
        report=report,
        trust=trust_in(report.facts, report.facts.target),
        charts=charts_of(report.document, point["threshold"] if point else None),
        labels={family["family"]: family["label"] for family in report.document["families"]},
        point=point,
        asked={"threshold": threshold, "capacity": capacity},
        default_why="" if asked or confusion is None else confusion["why"],
        open_above=_open_above(workspace, report.facts.target, point["threshold"])
        if current and point is not None
        else None,
        worth=sentences_about(report.document.get("values")),
        products_words="" if products is None else products_examined(products),
        first=said_first(report.document, workspace.settings.timezone),
        timezone=workspace.settings.timezone,
    )


def _open_above(workspace: Workspace, target: str, threshold: float) -> int:
    """How many scored leads of a target have at least this probability."""
    query = LEADS.query({"target": target})
    exact = {"min_probability": repr(threshold)}  # not rounded as what people type
    return count_rows(workspace, LEADS, replace(query, filters=exact))


def report_html(workspace: Workspace, report: ModelReport) -> str:
    """The report as one self-contained page: style and charts inside, nothing to load."""
    view = report_view(workspace, report)
    return (
        environment()
        .get_template("report.html")
        .render(
            **vars(view),
            still=True,
            insist=True,
            parameters={},
            style=style() + style("pages.css"),
            mark=(STATIC / "mark.svg").read_text("utf-8"),
        )
    )
