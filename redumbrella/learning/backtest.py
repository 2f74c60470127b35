"""Walking through the past: learn on what was known, ask, compare with what came."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import to_iso
from redumbrella.errors import DataError, SettingsError
from redumbrella.evaluation.metrics import METRICS, log_loss
from redumbrella.evaluation.regime import allowed
from redumbrella.features.facts import leads_for
from redumbrella.features.history import History
from redumbrella.features.matrix import Design
from redumbrella.figures import iso_day
from redumbrella.lake.lake import Lake
from redumbrella.learning.gathering import (
    Gathered,
    gather,
    kept_sales,
    person_ids,
    person_records,
    person_target,
    sales_by_product,
    touches,
    with_profiles,
)
from redumbrella.learning.lesson import Learned
from redumbrella.learning.model import fit, refit
from redumbrella.models.base import probability_of
from redumbrella.models.products.product_model import ProductModel
from redumbrella.models.registry import LeadModel
from redumbrella.progress import Progress, silent
from redumbrella.settings.settings import Settings
from redumbrella.settings.targets import Target
from redumbrella.training.observations import begun_at, decided_at, lead_observations
from redumbrella.training.product_sales import UNKNOWN
from redumbrella.training.ripeness import with_old_ones_lost
from redumbrella.training.stages import lead_stages

Every = int | Literal["touch"]  # microseconds, or after every touch of a lead

CHUNK = 20_000

MOST_INSTANTS = 2_000

COLUMNS = ("id", "product_id", "target", "as_of", "probability", "outcome")


@dataclass(frozen=True)
class Step:
    """One model of the walk: when it was learned, from how much, and how good it was after."""

    learned_at: str
    lessons: int
    rows: int
    known: int
    base_rate: float | None
    log_loss: float | None
    prior_log_loss: float | None


@dataclass(frozen=True)
class BacktestResult:
    """What was said and what came: the rows, a summary of the known ones, and each step.

    family: in use at the end. metrics: over all rows whose outcome is known; prior_log_loss: of the
    base rate of the lessons.
    """

    target: str
    rows: int
    known: int
    family: str
    metrics: dict[str, float]
    prior_log_loss: float | None
    steps: tuple[Step, ...]
    table: pa.Table


@dataclass(frozen=True, eq=False)
class _Questions:
    """Rows to be asked between two refits: records (n), instants, places in time and outcomes."""

    records: pa.Table
    as_of: NDArray[np.int64]
    position: NDArray[np.float64]
    outcome: NDArray[np.float64]  # NaN = not known


@dataclass(frozen=True)
class Plan:
    """Which instants of the past to ask at, and how often to learn (UTC microseconds).

    refit_every: None: at every step, or once for "touch".
    """

    start: int
    end: int
    every: Every
    refit_every: int | None = None


def walk(
    lake: Lake, settings: Settings, target: Target, plan: Plan, known_at: int, report: Progress
) -> BacktestResult:
    """Learns at each border of the period and asks at each instant in between.

    known_at: the instant as of which outcomes are known, now. Raises SettingsError for an
    impossible period, DataError where the record cannot answer or nothing was known at its start.
    """
    start, end, every, refit_every = plan.start, plan.end, plan.every, plan.refit_every
    instants = _instants(start, end, every)
    borders = _borders(start, end, every, refit_every)
    world = _World(lake, settings, target, known_at)
    earlier: Learned | None = None
    parts: list[pa.Table] = []
    steps: list[Step] = []
    for number, (begin, stop) in enumerate(pairwise(borders)):
        share = number / (len(borders) - 1)
        day = iso_day(to_iso(begin), settings.timezone)
        report(f"Learning what was known on {day}", share)
        gathered = gather(lake, target, world.leads, begin, settings.lost_after_days)
        regime = allowed(*gathered.observed.conversions())
        # As long as as much may be believed, the family in use is that of the first model.
        if earlier is None or regime.name != earlier.lesson.regime.name:
            learned = earlier = fit(settings, gathered, "backtest", silent)
        else:
            learned = refit(settings, gathered, earlier)
        asked = world.questions(instants, every, begin, stop)
        report("Scoring what followed", share)
        if learned.products is None:
            probability = _answers(world, gathered, learned.model, asked, _probability)
            base = np.full(probability.size, gathered.observed.won.mean())
        else:
            asked, probability, base = _by_product(world, gathered, learned.products, asked)
        parts.append(_table(target, asked, probability))
        steps.append(_step(begin, gathered, asked, probability, base))
    assert earlier is not None
    table = pa.concat_tables(parts)
    if table.num_rows == 0:
        raise DataError(
            f"Nobody was to be scored between {to_iso(start)} and {to_iso(end)}. Choose a period "
            "in which leads were open or people were active.",
            reason="no_scores",
        )
    return _result(target, earlier, table, steps)


class _World:
    """What is known today about outcomes and facts, to ask and to judge, never to learn from."""

    def __init__(self, lake: Lake, settings: Settings, target: Target, known_at: int) -> None:
        self.leads = leads_for(lake, target, settings.timezone)
        if self.leads is not None:
            _require_dates(self.leads)
            if settings.lost_after_days is not None:
                self.leads = with_old_ones_lost(self.leads, settings.lost_after_days, known_at)
        # Facts up to today are read once; a row still counts only those before its own instant.
        self.facts = gather(lake, target, self.leads, known_at).facts
        self.people, self.asked, self.sales, self.sold = None, None, None, None
        if target.from_ is None:
            self.people, self.asked = person_target(target, self.facts)
            self.sold = kept_sales(self.facts, self.people)
            if target.per is not None:
                self.sales = sales_by_product(target, self.facts, self.people)

    def questions(self, instants: list[int], every: Every, begin: int, stop: int) -> _Questions:
        """Who is asked about at the instants in [begin, stop), by which model does not matter."""
        if self.leads is None:
            return self._people([at for at in instants if begin <= at < stop])
        if every == "touch":
            return self._touched(begin, stop)
        return self._open([at for at in instants if begin <= at < stop])

    def bought(self, names: tuple[str, ...], asked: _Questions) -> NDArray[np.float64]:
        """Whether each row's person bought each product within the horizon, (n, k); NaN unknown."""
        assert self.sales is not None
        assert self.people is not None
        assert self.asked is not None
        person = self.people.index_of(asked.records["person_id"]).astype(np.intp)
        every = self.sales.outcome(person, asked.as_of, self.asked.horizon)
        place = {name: k for k, name in enumerate(self.sales.names)}
        outcome = every[:, [place[name] for name in names]].astype(np.float64)
        outcome[outcome == UNKNOWN] = 0.0  # not sold yet, and nobody bought it
        outcome[np.isnan(asked.outcome)] = np.nan
        return outcome

    def history(self, model: LeadModel) -> History | None:
        """Everybody's facts in the streams of a model."""
        return None if model.history is None else model.history.group(self.facts.tables)

    def _people(self, instants: list[int]) -> _Questions:
        assert self.asked is not None
        assert self.people is not None
        people, outcomes, as_of = [], [], []
        for instant in instants:
            eligible = self.asked.eligible(instant)
            outcome = self.asked.outcome(eligible, instant)
            if instant + self.asked.horizon > self.facts.end:
                outcome[:] = np.nan  # censored: the horizon is not over
            people.append(eligible)
            outcomes.append(outcome)
            as_of.append(np.full(eligible.size, instant, np.int64))
        at = np.concatenate([np.empty(0, np.int64), *as_of])
        chosen = np.concatenate([np.empty(0, np.intp), *people])
        outcome = np.concatenate([np.empty(0), *outcomes])
        records = person_records(self.people, self.sold, self.asked.horizon, chosen, at)
        return _Questions(records, at, at.astype(np.float64), outcome)

    def _open(self, instants: list[int]) -> _Questions:
        """All leads that were open at each instant."""
        assert self.leads is not None
        found = [lead_observations(self.leads, at) for at in instants]
        records = pa.concat_tables([self.leads.slice(0, 0), *(o.open for o in found)])
        at = [np.full(o.open.num_rows, t, np.int64) for o, t in zip(found, instants, strict=True)]
        position = np.concatenate([np.empty(0), *(o.open_position for o in found)])
        return _Questions(
            records, np.concatenate([np.empty(0, np.int64), *at]), position, _won(records)
        )

    def _touched(self, begin: int, stop: int) -> _Questions:
        """Every lead just after each of its touches within the period, until it is closed."""
        assert self.leads is not None
        created = _micros(begun_at(self.leads["created_at"]), np.iinfo(np.int64).max)
        closed = _micros(decided_at(self.leads), self.facts.end)
        chosen = np.flatnonzero((created < stop) & (closed > begin))
        records = self.leads.take(pa.array(chosen))
        created = created[chosen]
        people, touched = touches(self.facts)
        stages = lead_stages(
            people.index_of(person_ids(records)),
            created,
            closed[chosen],
            touched.person,
            touched.at,
            most_per_lead=np.iinfo(np.int32).max,
            silences=False,
        )
        at = stages.as_of
        touch = at > created[stages.subject]
        rows = np.flatnonzero(touch & (at >= begin) & (at < stop))
        records = records.take(pa.array(stages.subject[rows]))
        position = created[stages.subject[rows]].astype(np.float64)
        return _Questions(records, at[rows], position, _won(records))


def _require_dates(leads: pa.Table) -> None:
    """Says at once that a backtest cannot work: without dates nobody knows what was open when."""
    for needed, word in (("created_at", "creation"), ("closed_at", "closing")):
        missing = needed not in leads.column_names or leads[needed].null_count == leads.num_rows
        if missing:
            raise DataError(
                f"A backtest asks which leads were open at instants of the past, but the leads "
                f"have no time of {word}. Map {needed} under [tables.leads.columns], then run "
                "`umbrella ingest`.",
                reason=f"no_{needed}",
            )


def _answers(
    world: _World,
    gathered: Gathered,
    model: LeadModel,
    asked: _Questions,
    answer: Callable[[LeadModel, Design], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """What the model says about each row, (n,) or (n, products)."""
    history = world.history(model)
    found = []
    for start in range(0, asked.as_of.size, CHUNK):
        rows = slice(start, start + CHUNK)
        as_of, position = asked.as_of[rows], asked.position[rows]
        part = with_profiles(world.facts, asked.records.slice(start, CHUNK), as_of)
        questions = None if history is None else gathered.asked(part, as_of, position)
        found.append(answer(model, model.design(part, position, history, questions)))
    return np.concatenate(found) if found else np.empty(0)


def _probability(model: LeadModel, design: Design) -> NDArray[np.float64]:
    return model.blend.probability(design)


def _by_product(
    world: _World, gathered: Gathered, model: ProductModel, asked: _Questions
) -> tuple[_Questions, NDArray[np.float64], NDArray[np.float64]]:
    """Each row once for each product: questions, probabilities and base rates, (n * k,)."""
    names = model.products.names

    def answer(_: LeadModel, design: Design) -> NDArray[np.float64]:
        return probability_of(model.products.log_odds(design).astype(np.float64))

    probability = _answers(world, gathered, model.base, asked, answer).reshape(-1, len(names))
    outcome = world.bought(names, asked)
    n, k = probability.shape
    row = np.repeat(np.arange(n), k)
    records = asked.records.take(pa.array(row))
    products = pa.array(names).take(pa.array(np.tile(np.arange(k), n)))
    records = records.append_column("product_id", products)
    questions = _Questions(records, asked.as_of[row], asked.position[row], outcome.ravel())
    return questions, probability.ravel(), np.tile(model.shares, n)


def _instants(start: int, end: int, every: Every) -> list[int]:
    if not start < end:
        raise SettingsError(
            f"The backtest would go from {to_iso(start)} to {to_iso(end)}: --to must be later "
            "than --from.",
            reason="bad_period",
        )
    if every == "touch":
        return []
    if (end - start) / every > MOST_INSTANTS:
        raise SettingsError(
            f"That would be more than {MOST_INSTANTS:,} instants. Choose a longer --every or a "
            "shorter period.",
            reason="bad_period",
        )
    return list(range(start, end + 1, every))


def _borders(start: int, end: int, every: Every, refit_every: int | None) -> list[int]:
    """Instants at which a model is learned, and the end; the end itself is still asked about."""
    step = refit_every if refit_every is not None else (end - start if every == "touch" else every)
    return [*range(start, end, max(step, 1)), end + 1]


def _micros(column: pa.ChunkedArray, missing: int) -> NDArray[np.int64]:
    filled = pc.fill_null(column.cast(pa.int64()), missing)
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.int64)


def _won(records: pa.Table) -> NDArray[np.float64]:
    won = records["won"].cast(pa.float64())
    return np.asarray(won.to_numpy(zero_copy_only=False), np.float64)


def _table(target: Target, asked: _Questions, probability: NDArray[np.float64]) -> pa.Table:
    known = "product_id" in asked.records.column_names
    product = asked.records["product_id"] if known else pa.nulls(asked.as_of.size, pa.string())
    outcome = pa.array(np.nan_to_num(asked.outcome), mask=np.isnan(asked.outcome))
    return pa.table(
        {
            "id": asked.records["lead_id"].cast(pa.string()),
            "product_id": product.cast(pa.string()),
            "target": pa.array([target.name] * asked.as_of.size, pa.string()),
            "as_of": pa.array(asked.as_of, pa.timestamp("us", "UTC")),
            "probability": pa.array(probability),
            "outcome": outcome.cast(pa.int8()),
        }
    )


def _step(
    learned_at: int,
    gathered: Gathered,
    asked: _Questions,
    probability: NDArray[np.float64],
    base: NDArray[np.float64],
) -> Step:
    """base: what the lessons alone would say of each row, (n,)."""
    known = ~np.isnan(asked.outcome)
    p, y = probability[known], asked.outcome[known]
    prior = base[known]
    return Step(
        learned_at=to_iso(learned_at),
        lessons=int(gathered.observed.won.size),
        rows=int(probability.size),
        known=int(known.sum()),
        base_rate=float(y.mean()) if y.size else None,
        log_loss=log_loss(p, y) if y.size else None,
        prior_log_loss=log_loss(prior, y) if y.size else None,
    )


def _result(target: Target, learned: Learned, table: pa.Table, steps: list[Step]) -> BacktestResult:
    known = table.filter(pc.is_valid(table["outcome"]))
    p = known["probability"].to_numpy(zero_copy_only=False)
    y = known["outcome"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    weights = [step.known for step in steps if step.prior_log_loss is not None]
    losses = [step.prior_log_loss for step in steps if step.prior_log_loss is not None]
    return BacktestResult(
        target=target.name,
        rows=table.num_rows,
        known=known.num_rows,
        family=learned.lesson.comparison.chosen,
        metrics={name: float(metric(p, y)) for name, metric in METRICS.items()} if y.size else {},
        prior_log_loss=float(np.average(losses, weights=weights)) if losses else None,
        steps=tuple(steps),
        table=table,
    )
