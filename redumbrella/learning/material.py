"""Guarded, encoded rows: what models learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from redumbrella.columns import TABLES, WRITTEN
from redumbrella.errors import DataError
from redumbrella.features.history import HistoryEncoder
from redumbrella.features.matrix import Design
from redumbrella.features.records import IgnoredField, RecordEncoder, fit_records
from redumbrella.learning.gathering import Gathered
from redumbrella.learning.ripening import Ripe, ripe, staged
from redumbrella.learning.word_lessons import WordLessons, word_lessons
from redumbrella.models.registry import with_history
from redumbrella.settings.settings import Settings
from redumbrella.training.arrival import ArrivalTime, fit_arrival_time
from redumbrella.training.leaks import Leak, find_leaks
from redumbrella.training.observations import Observations

# Ids and what is only known at the end are never features.
NEVER_FEATURES = ("lead_id", "person_id", "closed_at", "won", *WRITTEN)

RUNS_WITH_TIME = (
    "it rises or falls with time, so that later leads have values that none before had, and "
    "scores of later leads were no better with it; `keep` brings it back"
)


@dataclass(frozen=True, eq=False)
class Material:
    """Rows as models see them: encoders, the design, and what was left out."""

    observed: Observations
    encoder: RecordEncoder
    streams: HistoryEncoder | None
    arrival: ArrivalTime | None
    design: Design
    leaks: list[Leak]
    ripened: Ripe

    def words(self) -> WordLessons | None:
        """The texts of the closed rows as they teach; None where no field is read as words."""
        return word_lessons(self.encoder, self.observed.closed, self.observed)

    @property
    def record(self) -> Design:
        """What the record alone says of the closed rows."""
        features = self.encoder.features
        return Design(features, self.design.profile[:, : len(features)])

    def without(self, names: Sequence[str]) -> "Material":
        """The material without some features of the record."""
        if not names:
            return self
        columns = enumerate(self.design.profile_features)
        seen = np.array([j for j, feature in columns if feature.name not in names], np.intp)
        encoder = self.encoder.without(names, RUNS_WITH_TIME)
        return replace(self, encoder=encoder, design=self.design.only(seen))


def prepare(settings: Settings, gathered: Gathered) -> Material:
    """Guards against leaks, then encodes the record and the history of the closed rows.

    Raises DataError when there is nothing to learn from.
    """
    observed = gathered.observed
    _require_closed(observed)
    candidates = _candidates(observed.closed, settings)
    leaks = []
    if gathered.is_about_leads:
        keep = insisted(settings)
        leaks = find_leaks(observed.closed, observed.won, observed.open, candidates, keep)
    left_out = {leak.column for leak in leaks if leak.severity == "leak" and not leak.kept}
    # The guard saw all leads; only those whose time is decided teach.
    ripened = ripe(gathered)
    observed = ripened.observed
    _require_closed(observed)
    encoder = _fit_encoder(observed, candidates, left_out)
    arrival = None
    # A person's instants are regular: a arrival would only number them.
    if observed.order != "none" and gathered.is_about_leads:
        source = "created_at" if observed.order == "created_at" else "(order of the rows)"
        arrival = fit_arrival_time(observed.position, source)
    streams = gathered.learn_history()
    if streams is None:
        design = encoder.transform(observed.closed)
        return Material(observed, encoder, None, arrival, design, leaks, ripened)
    history = streams.group(gathered.facts.tables)
    observed = staged(gathered, observed, ripened.settling)
    records = encoder.transform(observed.closed)
    design = with_history(records, streams, history, gathered.asked_closed(observed))
    return Material(observed, encoder, streams, arrival, design, leaks, ripened)


def insisted(settings: Settings) -> Sequence[str]:
    """Fields that the user insists on."""
    return settings.tables["leads"].keep if "leads" in settings.tables else ()


def _require_closed(observed: Observations) -> None:
    if observed.won.size == 0:
        raise DataError(
            "No lead was closed before this instant, so there is nothing to learn from. Choose a "
            "later --as-of, or add leads whose outcome is known.",
            reason="no_outcomes",
        )


def _candidates(leads: pa.Table, settings: Settings) -> list[str]:
    source = settings.tables.get("leads")
    ignored = set(NEVER_FEATURES) | set(source.ignore if source else ())
    # Canonical columns stand in every lake; an empty one was never in the source.
    absent = {
        n
        for n in TABLES["leads"].names
        if n in leads.column_names and leads[n].null_count == leads.num_rows
    }
    return [name for name in leads.column_names if name not in ignored | absent]


def _fit_encoder(
    observed: Observations, candidates: list[str], left_out: set[str]
) -> RecordEncoder:
    time_column = "created_at" if "created_at" in candidates else None
    used = [name for name in candidates if name not in left_out]
    encoder = fit_records(observed.closed, used, time_column)
    leaked = tuple(IgnoredField(name, "left out by the leak guard") for name in sorted(left_out))
    return replace(encoder, ignored=(*encoder.ignored, *leaked))
