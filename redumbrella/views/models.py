"""The model report as people and machines read it: state database in, `ModelReport` out.

The document is written once, when the model is trained. Pages, REST, the HTML file and the
terminal all show this object.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import RowMapping, select

from redumbrella.clock import to_datetime
from redumbrella.errors import ModelError, NotFoundError, SettingsError, nearest
from redumbrella.reports.customers import Lifetime
from redumbrella.reports.model import FORMAT, ConfusionPoint, FamilyResult, ReportDocument
from redumbrella.state import metadata as tables
from redumbrella.views.reading import newest_lifetime, reading
from redumbrella.workspace import Workspace

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
    trained_at: datetime
    as_of: datetime
    is_current: bool


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


def default_target(workspace: Workspace) -> str:
    """The main target of umbrella.toml; SettingsError when it names none."""
    main = workspace.settings.main_target
    if main is None:
        message = (
            "umbrella.toml names no target. Map the outcome under [tables.leads.columns] "
            '(won = "…") or add [[targets]].'
        )
        raise SettingsError(message, reason="no_target")
    return main.name


def checked_target(workspace: Workspace, target: str | None) -> str:
    """`target`, or the default one; NotFoundError with the nearest name for an unknown target."""
    if target is None:
        return default_target(workspace)
    names = [item.name for item in workspace.settings.targets]
    if target not in names:
        known = ", ".join(names)
        message = f'There is no target "{target}" in umbrella.toml. Targets: {known}.'
        raise NotFoundError(message + nearest(target, names), reason="unknown_target")
    return target


def current_report(workspace: Workspace, target: str | None = None) -> ModelReport:
    """The report of the model in use; NotFoundError when nothing is trained yet."""
    name = checked_target(workspace, target)
    found = _find(workspace, tables.models.c.target == name, tables.models.c.is_current)
    if found is None:
        message = f'No model is trained for "{name}" yet. Run `umbrella run` first.'
        raise NotFoundError(message, reason="no_model")
    return found


def report_of(workspace: Workspace, version: str) -> ModelReport:
    """The report of one version; NotFoundError with the nearest version."""
    found = _find(workspace, tables.models.c.version == version)
    if found is None:
        known = [facts.version for facts in model_versions(workspace)]
        message = f'There is no model version "{version}".' + nearest(version, known)
        raise NotFoundError(message, reason="unknown_model")
    return found


def model_versions(workspace: Workspace, limit: int = 100) -> list[ModelFacts]:
    """The newest models first, without their documents."""
    models = tables.models.c
    query = select(tables.models).order_by(models.trained_at.desc()).limit(limit)
    with reading(workspace) as connection:
        return [model_facts(row) for row in connection.execute(query).mappings()]


def model_facts(row: RowMapping) -> ModelFacts:
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
        trained_at=to_datetime(row["trained_at"]),
        as_of=to_datetime(row["as_of"]),
        is_current=bool(row["is_current"]),
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


def _find(workspace: Workspace, *conditions: Any) -> ModelReport | None:
    query = select(tables.models).where(*conditions).limit(1)
    with reading(workspace) as connection:
        row = connection.execute(query).mappings().first()
        lifetime = newest_lifetime(connection)
    if row is None:
        return None
    # What customers are worth is known anew whenever they are valued, not when a model is trained.
    document = cast("ReportDocument", {**read_document(row["report"]), "lifetime": lifetime})
    return ModelReport(model_facts(row), document)


def lifetime_of(workspace: Workspace) -> Lifetime | None:
    """What customers are worth, as last valued; None for never."""
    with reading(workspace) as connection:
        return newest_lifetime(connection)
