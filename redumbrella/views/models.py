"""The model report as people and machines read it: state database in, `ModelReport` out.

The document is written once, when the model is trained. Pages, REST, the HTML file and the
terminal all show this object.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import Connection, select

from redumbrella.clock import to_datetime
from redumbrella.errors import ModelError, NotFoundError, nearest
from redumbrella.reports.model import FORMAT, ConfusionPoint, FamilyResult, ReportDocument
from redumbrella.state.models import models
from redumbrella.state.scores import scoring_of
from redumbrella.views.kinds import FLAG, INSTANT, TEXT, Row
from redumbrella.views.lifetime import newest_lifetime
from redumbrella.views.table import Column, View
from redumbrella.workspace import Workspace

NAMES = ("ready", "with care", "not ready")
MODELS_KEPT = 5  # of each target; older ones are removed, and their report stays
_NEAR = 100  # versions among which a misspelt one is looked for

_TIDIED = (
    f"The files of this model were removed, as those of all but the last {MODELS_KEPT} of a target "
    "are, so nothing can be scored with it any more; only this report is left."
)

# What a report shows when an older version of Red Umbrella did not write the part.
_ABSENT: dict[str, Any] = {
    "stability": None,
    "out_of_time": None,
    "confusion": None,
    "points": None,
    "walks_forward": True,
    "forgetting": None,
    "lifetime": None,
    "history": None,
    "values": None,
    "products": None,
    "calibration": [],
    "lift": [],
    "importance": [],
    "leaks": [],
    "gates": [],
    "score_distribution": [],
    "folds": [],
    "baselines": [],
    "newest_lead": None,
    "held_out": 0,
    "notes": [],
}


@dataclass(frozen=True)
class ModelFacts:
    """What a list or a lead page says about the model behind a score."""

    version: str
    target: str
    family: str  # the field's name of the chosen family, such as "boosted"
    label: str  # the same in words, such as "Boosted trees"
    regime: str  # prior | rules | shrunken | model
    regime_reason: str
    reliable: bool  # at least 300 won and 300 lost leads
    verdict: str  # ready | with care | not ready
    verdict_reasons: tuple[str, ...]
    level_words: tuple[str, ...]  # how sure order and level are; earlier reports do not say
    trained_at: datetime
    as_of: datetime
    is_current: bool
    held_out: int  # closed leads that it did not learn from and that are on its list


@dataclass(frozen=True)
class ModelReport:
    """One model: the facts, and the document as it was written at training, with `lifetime`."""

    facts: ModelFacts
    document: ReportDocument

    @property
    def chosen(self) -> FamilyResult | None:
        """The row of the families table that is in use."""
        return next((row for row in self.document["families"] if row["chosen"]), None)

    def confusion_at(
        self, threshold: float | None = None, capacity: float | None = None
    ) -> ConfusionPoint | None:
        """The measured point for a threshold, or for a capacity as a share of leads.

        A capacity gives the point that uses most of it without exceeding it. Without either, the
        model's own default threshold counts. None when no confusion matrix could be measured.
        """
        confusion = self.document["confusion"]
        if confusion is None or not confusion["curve"]:
            return None
        curve = confusion["curve"]
        if capacity is not None:
            within = [point for point in curve if point["capacity"] <= capacity + 1e-9]
            if within:
                return max(within, key=lambda point: (point["capacity"], point["threshold"]))
            return min(curve, key=lambda point: point["capacity"])
        wanted = confusion["default_threshold"] if threshold is None else threshold
        return min(curve, key=lambda point: abs(point["threshold"] - wanted))


def current_report(workspace: Workspace, target: str | None = None) -> ModelReport:
    """The report of the model in use; NotFoundError when nothing is trained yet."""
    name = workspace.settings.target(target).name
    with workspace.state.reading() as connection:
        found = find_current(connection, name)
    if found is None:
        message = f'No model is trained for "{name}" yet. Run `umbrella run` first.'
        raise NotFoundError(message, reason="no_model")
    return found


def report_of(workspace: Workspace, version: str) -> ModelReport:
    """The report of one version; NotFoundError with the nearest version."""
    with workspace.state.reading() as connection:
        found = _find(connection, models.c.version == version)
        query = select(models.c.version).order_by(models.c.number.desc()).limit(_NEAR)
        known = [] if found else list(connection.execute(query).scalars())
    if found is not None and not found.facts.is_current and not _has_files(workspace, version):
        notes = [*found.document["notes"], _TIDIED]
        return replace(found, document=cast("ReportDocument", {**found.document, "notes": notes}))
    if found is None:
        message = f'There is no model version "{version}".' + nearest(version, known)
        raise NotFoundError(message, reason="unknown_model")
    return found


def scored_by(workspace: Workspace, target: str) -> str:
    """The version whose scores are on the list of a target; empty where nothing is scored."""
    with workspace.state.reading() as connection:
        scoring = scoring_of(connection, target)
    return "" if scoring is None else str(scoring["model_version"])


def _has_files(workspace: Workspace, version: str) -> bool:
    return (workspace.models / version).is_dir()


def find_current(connection: Connection, target: str) -> ModelReport | None:
    """The report of the model in use of a target; None when nothing is trained yet."""
    return _find(connection, (models.c.target == target) & models.c.is_current)


def model_facts(row: Row) -> ModelFacts:
    """One row of `models` as facts; the words come from its document."""
    document = read_document(row["report"])
    family = str(row["family"])
    label = next((f["label"] for f in document["families"] if f["family"] == family), family)
    return ModelFacts(
        version=row["version"],
        target=row["target"],
        family=family,
        label=label,
        regime=row["regime"],
        regime_reason=document["regime_reason"],
        reliable=bool(row["reliable"]),
        verdict=row["verdict"],
        verdict_reasons=tuple(document["verdict"]["reasons"]),
        level_words=tuple(document["level"]["words"]) if "level" in document else (),
        trained_at=to_datetime(row["trained_at"]),
        as_of=to_datetime(row["as_of"]),
        is_current=bool(row["is_current"]),
        held_out=document["held_out"],
    )


def read_document(stored: str) -> ReportDocument:
    """The stored report with absent parts filled in; ModelError for a newer format."""
    document = orjson.loads(stored)
    if document.get("format", FORMAT) > FORMAT:
        message = (
            "This model was trained by a newer version of Red Umbrella. "
            "Update Red Umbrella, or train again with `umbrella train`."
        )
        raise ModelError(message, reason="newer_format")
    absent = {name: value for name, value in _ABSENT.items() if name not in document}
    return cast("ReportDocument", {**document, **absent})


def _find(connection: Connection, condition: Any) -> ModelReport | None:
    row = connection.execute(select(models).where(condition).limit(1)).mappings().first()
    if row is None:
        return None
    # What customers are worth is known anew whenever they are valued, not when a model is trained.
    lifetime = newest_lifetime(connection)
    document = cast("ReportDocument", {**read_document(row["report"]), "lifetime": lifetime})
    return ModelReport(model_facts(row), document)


def _label(row: Row) -> str:
    return model_facts(row).label


def _use(row: Row) -> str:
    return "in use" if row["is_current"] else ""


MODELS = View(
    name="models",
    title="All models",
    noun=("model", "models"),
    table=models,
    key=("version",),
    columns=(
        Column("version", "Version", TEXT, cell="model"),
        Column("target", "Target", TEXT, sort="target", filter="target"),
        Column("family", "Family", TEXT, sort="family", filter="family", help="Its short name."),
        Column("label", "Family", TEXT, value=_label, help="The family in words."),
        Column("regime", "Regime", TEXT, help="prior, rules, shrunken or model."),
        Column("reliable", "Reliable", FLAG, help="At least 300 won and 300 lost leads."),
        Column("verdict", "Verdict", TEXT, sort="verdict", filter="verdict", choices=NAMES),
        Column("is_current", "In use", FLAG, value=lambda row: bool(row["is_current"])),
        Column("use", "In use", TEXT, value=_use, in_list=False, in_export=False),
        Column(
            "trained_at", "Trained", INSTANT, sort="trained_at", falling=True, sorted_by="number"
        ),
        Column("as_of", "As of", INSTANT, secondary=True),
    ),
    order="-trained_at",
    shown=("version", "target", "label", "verdict", "use", "trained_at", "as_of"),
    terminal=("version", "target", "label", "verdict", "use", "trained_at"),
    nothing=lambda _workspace, _target: "No model is trained yet. Run `umbrella run` first.",
    address="/models/all",
    best="trained_at",
)
