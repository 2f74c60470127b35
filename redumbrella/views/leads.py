"""The list of scored leads: filters, order and page in, `LeadPage` out.

Reads the state database only, so that a page of a million leads costs milliseconds. The list
page, `/api/v1/leads`, `umbrella leads` and the downloads all show these objects.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, select

from redumbrella.clock import to_datetime
from redumbrella.errors import NotFoundError, SettingsError, nearest
from redumbrella.state import metadata as tables
from redumbrella.views.models import ModelFacts, checked_target, model_facts
from redumbrella.views.reading import reading
from redumbrella.workspace import Workspace

MAX_PAGE_SIZE = 1_000
MAX_CHOICES = 300
_SCORES = tables.scores.c

# What a person may sort by, and the column behind it.
SORTS: dict[str, ColumnElement[Any]] = {
    "lead": _SCORES.label,
    "probability": _SCORES.probability,
    "percentile": _SCORES.percentile,
    "grade": _SCORES.grade,
    "expected_value": _SCORES.expected_value,
    "qualification": _SCORES.qualification,
    "created_at": _SCORES.created_at,
    "source": _SCORES.source,
    "campaign": _SCORES.campaign_id,
    "rep": _SCORES.rep_id,
    "product": _SCORES.product_id,
}
_NEVER_EMPTY = frozenset({"lead", "probability", "product"})

# What a person may choose from, and the column behind it.
_CHOICES: dict[str, ColumnElement[Any]] = {
    "grade": _SCORES.grade,
    "source": _SCORES.source,
    "campaign": _SCORES.campaign_id,
    "rep": _SCORES.rep_id,
    "product": _SCORES.product_id,
}


@dataclass(frozen=True)
class Reason:
    """One reason of a score. The contribution is in log-odds; above zero it raises the score."""

    feature: str
    text: str
    value: Any
    usual: Any
    contribution: float


@dataclass(frozen=True)
class LeadQuery:
    """Which leads, in which order, which page. Empty filters mean all."""

    search: str = ""
    grade: str = ""
    min_probability: float = 0.0
    source: str = ""
    campaign: str = ""
    rep: str = ""
    product: str = ""
    target: str | None = None
    sort: str = "probability"
    descending: bool = True
    page: int = 1
    page_size: int = 50

    @property
    def filtered(self) -> bool:
        """Whether any filter narrows the list."""
        chosen = (self.search, self.grade, self.source, self.campaign, self.rep, self.product)
        return any(chosen) or self.min_probability > 0


@dataclass(frozen=True)
class LeadRow:
    """One scored lead as the list shows it. Probabilities are shares; times are UTC."""

    lead_id: str
    person_id: str
    product_id: str  # empty when the target is not per product
    target: str
    as_of: datetime  # the instant up to which facts were used
    probability: float
    low: float | None  # interval of the probability
    high: float | None
    percentile: float | None  # share of scored leads with a lower or equal probability, 0 to 100
    grade: str | None
    amount: float | None  # expected amount, in the workspace's currency
    ltv: float | None  # potential lifetime value
    expected_value: float | None  # margin of the lifetime value, less the cost of the work
    qualification: float | None  # total of the qualification card, 0 to 100
    regime: str  # prior | rules | shrunken | model
    model_version: str
    reliable: bool
    label: str  # how people call the lead; the id when it has no name
    created_at: datetime | None
    source: str | None
    campaign_id: str | None
    rep_id: str | None
    top_reason: Reason | None  # the strongest reason in either direction


@dataclass(frozen=True)
class LeadPage:
    """One page of the list, with what was asked and the model behind the scores."""

    rows: tuple[LeadRow, ...]
    total: int  # leads that match the filters
    page: int
    pages: int
    page_size: int
    query: LeadQuery
    model: ModelFacts | None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def first_rank(self) -> int:
        """Position of the first shown row in the whole ordered list, from 1."""
        return (self.page - 1) * self.page_size + 1


def sort_order(text: str) -> tuple[str, bool]:
    """'-probability' → ('probability', True): the column and whether it runs downwards.

    Raises SettingsError with the nearest name for a column that cannot be sorted by.
    """
    name = text.removeprefix("-")
    if name not in SORTS:
        message = f'Leads cannot be sorted by "{name}". Choose one of: {", ".join(SORTS)}.'
        raise SettingsError(message + nearest(name, list(SORTS)), reason="unknown_sort")
    return name, text.startswith("-")


def list_leads(workspace: Workspace, query: LeadQuery, *, with_choices: bool = False) -> LeadPage:
    """One page of scored leads; a page past the end shows the last one.

    Raises SettingsError for an unknown sort column, NotFoundError for an unknown target.
    """
    query = replace(query, target=checked_target(workspace, query.target))
    sort_order(query.sort)
    size = min(max(query.page_size, 1), MAX_PAGE_SIZE)
    with reading(workspace) as connection:
        count = select(func.count()).select_from(tables.scores).where(*_conditions(query))
        total = connection.execute(count).scalar_one()
        pages = max(1, ceil(total / size))
        page = min(max(query.page, 1), pages)
        rows = _ordered(query, (size, (page - 1) * size))
        found = tuple(lead_row(row) for row in connection.execute(rows).mappings())
        names = _offered(workspace, query) if with_choices else ()
        choices = {name: _choices(connection, query, name) for name in names}
        model = _model_behind(connection, query)
    query = replace(query, page=page, page_size=size)
    return LeadPage(found, total, page, pages, size, query, model, choices)


def every_lead(workspace: Workspace, query: LeadQuery) -> Iterator[RowMapping]:
    """All matching rows of `scores` in order, read in batches: for downloads and exports.

    Raises SettingsError and NotFoundError as `list_leads` does, before the first row.
    """
    query = replace(query, target=checked_target(workspace, query.target))
    return _stream(workspace, _ordered(query))


def nothing_scored(workspace: Workspace, target: str | None) -> NotFoundError:
    """Why a target has no scores: it was never scored, or nobody was open when it was."""
    target = checked_target(workspace, target)
    runs = tables.runs.c
    query = select(runs.detail).where((runs.verb == "score") & (runs.status == "done"))
    with reading(workspace) as connection:
        details = connection.execute(query).scalars().all()
    if not any(orjson.loads(detail).get("target") == target for detail in details):
        message = f'Nothing is scored for "{target}" yet. Run `umbrella run` first.'
    elif workspace.settings.target(target).from_ is None:
        message = f'Nobody was to be scored for "{target}". Add people, then run `umbrella run`.'
    else:
        message = (
            f'No lead was open to be scored for "{target}": one is open while its outcome is '
            "empty. Add open leads, then run `umbrella run`."
        )
    return NotFoundError(message, reason="no_scores")


def count_at_or_above(workspace: Workspace, target: str, probability: float) -> int:
    """How many scored leads of a target have at least this probability."""
    query = LeadQuery(target=target, min_probability=probability)
    count = select(func.count()).select_from(tables.scores).where(*_conditions(query))
    with reading(workspace) as connection:
        return int(connection.execute(count).scalar_one())


def lead_row(row: RowMapping) -> LeadRow:
    """One row of `scores` as the list shows it."""
    created = row["created_at"]
    return LeadRow(
        lead_id=row["lead_id"],
        person_id=row["person_id"] or row["lead_id"],
        product_id=row["product_id"] or "",
        target=row["target"],
        as_of=to_datetime(row["as_of"]),
        probability=row["probability"],
        low=row["low"],
        high=row["high"],
        percentile=row["percentile"],
        grade=row["grade"],
        amount=row["amount"],
        ltv=row["ltv"],
        expected_value=row["expected_value"],
        qualification=row["qualification"],
        regime=row["regime"],
        model_version=row["model_version"],
        reliable=bool(row["reliable"]),
        label=row["label"] or row["lead_id"],
        created_at=None if created is None else to_datetime(created),
        source=row["source"],
        campaign_id=row["campaign_id"],
        rep_id=row["rep_id"],
        top_reason=_strongest(row["reasons"]),
    )


def read_reasons(stored: str) -> dict[str, Any]:
    """`scores.reasons` as a dictionary, {} when a score has none."""
    return dict(orjson.loads(stored))


def reasons_of(document: Mapping[str, Any], direction: str) -> tuple[Reason, ...]:
    """The reasons under 'raises' or 'lowers', strongest first."""
    found = [
        Reason(
            feature=str(item["feature"]),
            text=str(item["text"]),
            value=item.get("value"),
            usual=item.get("usual"),
            contribution=float(item["contribution"]),
        )
        for item in document.get(direction, ())
    ]
    return tuple(sorted(found, key=lambda reason: -abs(reason.contribution)))


def _stream(workspace: Workspace, statement: Select[Any]) -> Iterator[RowMapping]:
    with reading(workspace) as connection:
        rows = connection.execution_options(yield_per=2_000).execute(statement)
        yield from rows.mappings()


def _strongest(stored: str) -> Reason | None:
    document = read_reasons(stored)
    both = reasons_of(document, "raises")[:1] + reasons_of(document, "lowers")[:1]
    return max(both, key=lambda reason: abs(reason.contribution), default=None)


def _conditions(query: LeadQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_SCORES.target == query.target]
    for name, column in _CHOICES.items():
        wanted = getattr(query, name)
        if wanted:
            conditions.append(column == wanted)
    if query.min_probability > 0:
        conditions.append(_SCORES.probability >= query.min_probability)
    conditions.extend(
        _SCORES.search.contains(word, autoescape=True) for word in query.search.lower().split()
    )
    return conditions


def _ordered(query: LeadQuery, page: tuple[int, int] | None = None) -> Select[Any]:
    """The matching rows in order; of a page (limit, offset) only its own wide rows are read."""
    name, _ = sort_order(query.sort)
    columns = (SORTS[name], _SCORES.lead_id, _SCORES.product_id)
    # All in one direction, so that an index on (target, column, lead_id) gives the order.
    order = [column.desc() if query.descending else column.asc() for column in columns]
    if name not in _NEVER_EMPTY:
        order[0] = order[0].nulls_last()
    if name in _CHOICES:  # many leads share one value: the best of them come first
        order.insert(1, _SCORES.probability.desc())
    if page is None:
        return select(tables.scores).where(*_conditions(query)).order_by(*order)
    limit, offset = page
    keys = select(_SCORES.target, _SCORES.lead_id, _SCORES.product_id)
    keys = keys.where(*_conditions(query)).order_by(*order).limit(limit).offset(offset)
    chosen = keys.subquery("chosen")
    same = [chosen.c[name] == _SCORES[name] for name in ("target", "lead_id", "product_id")]
    return select(tables.scores).join(chosen, and_(*same)).order_by(*order)


def _offered(workspace: Workspace, query: LeadQuery) -> tuple[str, ...]:
    """The filters worth offering: products only where the target has one model per product."""
    by_product = workspace.settings.target(checked_target(workspace, query.target)).per == "product"
    return tuple(name for name in _CHOICES if name != "product" or by_product)


def _choices(connection: Connection, query: LeadQuery, name: str) -> tuple[str, ...]:
    """The distinct values of one filter, at most MAX_CHOICES, by hopping along its index.

    SELECT DISTINCT would read every score; each hop asks only for the next larger value.
    """
    column = _CHOICES[name]
    found: list[str] = []
    last = ""
    while len(found) < MAX_CHOICES:
        following = select(func.min(column)).where(_SCORES.target == query.target, column > last)
        value = connection.execute(following).scalar_one()
        if value is None:
            break
        found.append(value)
        last = value
    return tuple(found)


def _model_behind(connection: Connection, query: LeadQuery) -> ModelFacts | None:
    """The model that wrote the scores of this target, None while there are no scores."""
    version = select(_SCORES.model_version).where(_SCORES.target == query.target).limit(1)
    models = select(tables.models).where(tables.models.c.version == version.scalar_subquery())
    row = connection.execute(models).mappings().first()
    return None if row is None else model_facts(row)
