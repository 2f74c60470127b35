"""The scikit-learn estimators: scikit-learn's own checks, real data, mixed columns, errors."""

import csv
import doctest
import gzip
import pickle
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from lead_worlds import company_rows, make_company, quiet, scores_of
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import redumbrella.sklearn
from redumbrella.features.facts import read_leads
from redumbrella.features.records import RecordEncoder
from redumbrella.models.base import probability_of
from redumbrella.reports.reasons import TIMES
from redumbrella.sklearn import LeadClassifier, LeadRanker
from redumbrella.workflows.demo import _dates
from redumbrella.workflows.run import run

LEADS = 200


@parametrize_with_checks([LeadClassifier(), LeadRanker()])
def test_scikit_learn_itself_finds_nothing(estimator: Any, check: Any) -> None:
    check(estimator)


def test_the_examples_of_the_docstrings_are_true() -> None:
    found = doctest.testmod(redumbrella.sklearn)
    assert found.attempted > 10
    assert found.failed == 0


def test_the_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parent.parent / "docs/python.md").read_text("utf-8")
    section = page[page.index("## scikit-learn") :]
    code = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert code
    names: dict[str, Any] = {}
    exec(code[0], names)
    assert "employees" in capsys.readouterr().out
    first, classifier = names["first"], names["classifier"]
    assert 1 <= len(first.reasons) <= 3
    assert classifier.regime_ == "model"


# Real calls: learned from the older ones, asked about the newest.


@pytest.fixture(scope="module")
def calls() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """The last 4,000 calls of the demo's data: 3,000 to learn from, the 1,000 after them."""
    source = files("redumbrella.workflows") / "demo_data" / "bank-additional-full.csv.gz"
    with source.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8", newline="") as text:
        header, *rows = list(csv.reader(text, delimiter=";"))
    frame = pd.DataFrame(rows, columns=header)
    for name in ("age", "campaign", "pdays", "previous", *header[15:20]):
        frame[name] = pd.to_numeric(frame[name])
    frame["called_on"] = pd.to_datetime(list(_dates(header, rows)))
    frame = frame.drop(columns=["duration", "month", "day_of_week"]).iloc[-4_000:]
    X, y = frame.drop(columns="y"), frame["y"]
    return X[:3_000], y[:3_000], X[3_000:], y[3_000:]


@pytest.fixture(scope="module")
def fitted(calls: tuple[Any, ...]) -> LeadClassifier:
    """Learned from the older calls."""
    return LeadClassifier(time="called_on").fit(*calls[:2])


def test_later_calls_are_foreseen_better_than_by_a_logistic_pipeline(
    calls: tuple[Any, ...], fitted: LeadClassifier
) -> None:
    X, y, later, outcomes = calls
    encode = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (encode, make_column_selector(dtype_exclude="number")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    peer = make_pipeline(columns, LogisticRegression(max_iter=2_000))
    plain = X.drop(columns="called_on")
    theirs = peer.fit(plain, y).predict_proba(later[plain.columns])[:, 1]
    ours = fitted.predict_proba(later)[:, 1]
    won = outcomes == "yes"
    base = np.full(won.size, (y == "yes").mean())
    assert log_loss(won, ours) < log_loss(won, theirs) < log_loss(won, base)
    assert roc_auc_score(won, ours) > 0.75


def test_what_was_measured_is_told(fitted: LeadClassifier) -> None:
    assert fitted.walks_forward_
    assert (fitted.regime_, fitted.reliable_) == ("model", True)
    table = {row["family"]: row for row in fitted.families_}
    assert {"prior", "logistic", "boosted", "blend"} <= set(table)
    assert fitted.chosen_ in table
    assert table[fitted.chosen_]["log_loss"] < table["prior"]["log_loss"]
    assert sum(fitted.weights_.values()) == pytest.approx(1.0)
    assert fitted.n_features_in_ == len(fitted.feature_names_in_) == 18


def test_an_interval_contains_its_probability(
    calls: tuple[Any, ...], fitted: LeadClassifier
) -> None:
    ours, interval = fitted.predict_proba(calls[2])[:, 1], fitted.predict_interval(calls[2])
    assert interval.shape == (1_000, 2)
    assert (interval[:, 0] < ours).all()
    assert (ours < interval[:, 1]).all()
    assert interval.min() > 0
    assert interval.max() < 1


@pytest.mark.parametrize("top", [0, 3, 100])
def test_explanations_sum_to_the_log_odds(
    calls: tuple[Any, ...], fitted: LeadClassifier, top: int
) -> None:
    asked = calls[2][:50]
    told = fitted.explain(asked, top=top)
    for one in told:
        assert len(one.reasons) <= top
        total = one.base + sum(reason.contribution for reason in one.reasons) + one.rest
        assert total == pytest.approx(one.log_odds, abs=1e-12)
        sizes = [abs(reason.contribution) for reason in one.reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert all(reason.feature in (*asked.columns, TIMES) for reason in one.reasons)
    said = probability_of(np.array([one.log_odds for one in told]))
    np.testing.assert_allclose(said, fitted.predict_proba(asked)[:, 1], atol=1e-12)


def test_a_copy_from_a_pickle_says_the_same(calls: tuple[Any, ...], fitted: LeadClassifier) -> None:
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict_proba(calls[2]), fitted.predict_proba(calls[2]))
    assert clone(fitted).get_params() == fitted.get_params()


def test_the_estimator_says_what_a_workspace_says(tmp_path: Path) -> None:
    workspace = make_company(tmp_path / "company", company_rows(300, 60)[0])
    run(workspace, quiet)
    stored = scores_of(workspace)
    leads = read_leads(workspace.lake, workspace.settings.timezone).sort_by("_order")
    closed, opened = leads.filter(pc.is_valid(leads["won"])), leads.filter(pc.is_null(leads["won"]))
    names = ["created_at", "size", "job", "noise"]
    ours = LeadClassifier(time="created_at").fit(closed.select(names), closed["won"])
    rows = [stored[lead] for lead in opened["lead_id"].to_pylist()]
    said = np.column_stack([ours.predict_proba(opened.select(names))[:, 1],
                            ours.predict_interval(opened.select(names))])  # fmt: skip
    expected = [[row["probability"], row["low"], row["high"]] for row in rows]
    np.testing.assert_allclose(said, expected, atol=1e-12)
    assert ours.regime_ == rows[0]["regime"]
    workspace.state.close()


# Mixed columns.


def make_leads(rows: int = LEADS) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Every type of column that a frame may have, with gaps, under an odd index."""
    rng = np.random.default_rng(5)
    size, job = rng.normal(size=rows), rng.choice(["clerk", "retired", "student"], rows)
    chance = probability_of(-0.5 + 1.5 * size + (job == "student"))
    outcome = np.where(rng.random(rows) < chance, "won", "lost")
    number = np.arange(rows)
    frame = pd.DataFrame(
        {
            "size": np.where(number % 9 == 0, np.nan, size),
            "job": np.where(number % 11 == 0, None, job),
            "region": pd.Categorical(rng.integers(1, 4, rows)),
            "newsletter": rng.random(rows) < 0.5,
            "created": pd.date_range("2026-01-01", periods=rows, freq="8h"),
            "waited": pd.to_timedelta(rng.integers(0, 90, rows), unit="h"),
            "visits": pd.array([None if n % 7 == 0 else n % 5 for n in number], dtype="Int64"),
            "note": [("x" if n % 2 else n % 3) for n in number],
            "nothing": [None] * rows,
            "number": [f"L-{n}" for n in number],
        },
        index=3 * number,
    )
    return frame, outcome


@pytest.fixture(scope="module")
def mixed() -> tuple[LeadClassifier, pd.DataFrame, np.ndarray[Any, Any]]:
    """A classifier that learned from mixed columns, and what it learned from."""
    frame, outcome = make_leads()
    return LeadClassifier(time="created").fit(frame, outcome), frame, outcome


def test_every_type_of_column_is_used_as_what_it_is(mixed: tuple[Any, ...]) -> None:
    classifier, frame, outcome = mixed
    encoder: RecordEncoder = classifier.model_.encoder
    assert {field.name: field.kind for field in encoder.fields} == {
        "size": "number",
        "job": "category",
        "region": "category",
        "newsletter": "flag",
        "created": "time",
        "waited": "number",
        "visits": "number",
        "note": "category",
    }
    assert {"nothing", "number"} <= set(classifier.ignored_)
    assert roc_auc_score(outcome, classifier.predict_proba(frame)[:, 1]) > 0.75
    assert set(classifier.predict(frame)) == {"lost", "won"}
    assert "number" not in {r.feature for one in classifier.explain(frame) for r in one.reasons}


def test_levels_never_seen_and_missing_values_need_no_care(mixed: tuple[Any, ...]) -> None:
    classifier, frame, _ = mixed
    asked = frame.assign(job="astronaut", newsletter=None, size=np.inf, created=pd.NaT)
    said = classifier.predict_proba(asked)
    assert np.isfinite(said).all()
    reasons = classifier.explain(asked[:1])[0].reasons
    values = {reason.feature: reason.value for reason in reasons}
    assert values.get("size", "missing") == "missing"
    known = frame.assign(job=frame["job"].where(frame["job"] == "student", "astronaut"))
    assert (classifier.predict_proba(known) != said).any()


def as_arrow(frame: pd.DataFrame) -> Any:
    """The frame as a pyarrow table."""
    return pa.table(frame.reset_index(drop=True))


def as_polars(frame: pd.DataFrame) -> Any:
    """The frame with the texts as polars hands over categories."""
    table = as_arrow(frame)
    coded = table["job"].cast(pa.string()).combine_chunks().dictionary_encode()
    levels = coded.dictionary.cast(pa.string_view())
    column = pa.DictionaryArray.from_arrays(coded.indices.cast(pa.uint32()), levels)
    return table.set_column(table.column_names.index("job"), "job", column)


def as_objects(frame: pd.DataFrame) -> Any:
    """The frame as an array of Python objects."""
    return np.asarray(frame, dtype=object)


def numbered(frame: pd.DataFrame) -> Any:
    """The frame with columns called 0, 1, 2 ..."""
    return frame.set_axis(range(frame.shape[1]), axis=1)


@pytest.mark.parametrize(
    ("told", "time"),
    [(as_arrow, "created"), (as_polars, "created"), (as_objects, "x3"), (numbered, "3")],
)
def test_the_kind_of_table_makes_no_difference(told: Any, time: str) -> None:
    frame, outcome = make_leads(120)
    frame = frame[["size", "job", "newsletter", "created", "visits"]]
    expected = LeadClassifier(time="created").fit(frame, outcome).predict_proba(frame)
    same = LeadClassifier(time=time).fit(told(frame), pa.array(outcome)).predict_proba(told(frame))
    np.testing.assert_array_equal(same, expected)


def test_times_may_be_texts_or_numbers_and_rows_in_any_order() -> None:
    frame, outcome = make_leads(120)
    frame = frame[["size", "job", "created"]]
    expected = LeadClassifier(time="created").fit(frame, outcome).predict_proba(frame)
    texts = frame.assign(created=frame["created"].astype(str))
    order = np.random.default_rng(1).permutation(120)
    mixed_up = LeadClassifier(time="created").fit(texts.iloc[order], outcome[order])
    np.testing.assert_array_equal(mixed_up.predict_proba(texts), expected)
    years = frame.assign(created=np.linspace(2020, 2026, 120))
    by_number = LeadClassifier(time="created").fit(years, outcome)
    assert by_number.walks_forward_
    assert "created" not in {field.name for field in by_number.model_.encoder.fields}


def test_without_a_time_column_sorted_outcomes_do_no_harm() -> None:
    frame, outcome = make_leads(300)
    order = np.argsort(outcome, kind="stable")
    sorted_ = LeadClassifier().fit(frame[["size", "job"]].iloc[order], outcome[order])
    assert not sorted_.walks_forward_
    best = next(row for row in sorted_.families_ if row["family"] == sorted_.chosen_)
    assert best["auc"] > 0.7


# What fit guards against, and how much it believes.


def test_a_leak_is_named_and_left_out_unless_it_is_kept() -> None:
    frame, outcome = make_leads()
    leaky = frame[["size", "job"]].assign(contract=np.where(outcome == "won", "signed", "none"))
    careful = LeadClassifier().fit(leaky, outcome)
    assert [(leak.column, leak.severity) for leak in careful.leaks_] == [("contract", "leak")]
    assert "alone it tells" in careful.ignored_["contract"]
    assert "contract" not in {field.name for field in careful.model_.encoder.fields}
    kept = LeadClassifier(keep="contract").fit(leaky, outcome)
    assert kept.leaks_[0].kept
    assert "contract" not in kept.ignored_
    assert kept.predict_proba(leaky)[outcome == "won", 1].min() > 0.8


@pytest.mark.parametrize(
    ("wins", "regimes"),
    [(2, {"prior"}), (12, {"prior", "rules"}), (30, {"shrunken"}), (60, {"model"})],
)
def test_few_conversions_are_believed_little(wins: int, regimes: set[str]) -> None:
    X = np.random.default_rng(0).normal(size=(wins + 100, 2))
    X[:wins, 0] += 1.0
    y = np.arange(wins + 100) < wins
    classifier = LeadClassifier().fit(X, y)
    assert classifier.regime_ in regimes
    assert not classifier.reliable_
    said = classifier.predict_proba(X)[:, 1]
    if classifier.regime_ == "prior":
        np.testing.assert_allclose(said, wins / (wins + 100), rtol=0.3)
        assert said.min() == said.max()


def test_the_label_that_counts_can_be_named() -> None:
    frame, outcome = make_leads()
    X, y = frame[["size", "job"]], np.where(outcome == "won", "converted", "rejected")
    named = LeadClassifier(won="converted").fit(X, y)
    assert named.classes_.tolist() == ["converted", "rejected"]
    converted = named.predict_proba(X)[:, 0]
    assert roc_auc_score(y == "converted", converted) > 0.7
    low, high = named.predict_interval(X).T
    assert ((low < converted) & (converted < high)).all()
    assert np.mean(named.predict(X) == y) > 0.6
    ranker = LeadRanker(won="converted").fit(X, y)
    np.testing.assert_array_equal(ranker.predict(X), converted)
    assert ranker.score(X, y) == pytest.approx(roc_auc_score(y == "converted", converted))
    order = ranker.rank(X)
    assert sorted(order.tolist()) == list(range(LEADS))
    assert (np.diff(converted[order]) <= 0).all()


def test_scikit_learn_can_validate_across_periods() -> None:
    frame, outcome = make_leads()
    X, periods = frame[["size", "job", "created"]], TimeSeriesSplit(2)
    losses = -cross_val_score(
        LeadClassifier(time="created"), X, outcome, cv=periods, scoring="neg_log_loss"
    )
    assert losses.max() < 0.69
    assert cross_val_score(LeadRanker(time="created"), X, outcome, cv=periods).min() > 0.6


# Wrong inputs.


def gaps_in(outcome: np.ndarray[Any, Any]) -> Any:
    """Outcomes of which one is missing."""
    return pd.Series(outcome, dtype=object).where(np.arange(outcome.size) != 3, None)


@pytest.mark.parametrize(
    ("parameters", "change", "outcomes", "said"),
    [
        ({}, None, lambda y: np.arange(y.size) % 3, "Only binary .* multiclass: y has 3 different"),
        ({}, None, lambda y: np.full(y.size, "won"), "one class only, 'won' in all 200 rows"),
        ({}, None, gaps_in, "1 of the 200 labels in y are missing"),
        ({}, None, lambda y: np.where(y == "won", 1.0, np.nan), "labels in y are missing"),
        ({}, None, lambda y: np.array(["won", 1] * 100, object), "labels of several kinds"),
        ({}, None, lambda y: y[:-1], "inconsistent numbers of samples"),
        ({}, lambda X: X[:0], lambda y: y[:0], "X has no rows"),
        ({}, lambda X: X[[]], lambda y: y, "X has no columns"),
        ({}, lambda X: X["size"], lambda y: y, "2-dimensional"),
        ({}, lambda X: X.assign(job=[[1]] * LEADS), lambda y: y, '"job" holds list'),
        ({"won": "wonn"}, None, lambda y: y, "won='wonn' is no label of y"),
        ({"time": "crated"}, None, lambda y: y, 'crated.*Did you mean "created"'),
        ({"keep": ["jobs"]}, None, lambda y: y, 'jobs.*Did you mean "job"'),
        ({"time": "newsletter"}, None, lambda y: y, "holds bool"),
        ({"time": "job"}, None, lambda y: y, '"job" is to hold instants'),
        (
            {"time": "created"},
            lambda X: X.assign(created=X["created"].where(X["size"] > 0)),
            lambda y: y,
            "of its 200 values are missing",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused(
    parameters: dict[str, Any], change: Any, outcomes: Any, said: str
) -> None:
    frame, outcome = make_leads()
    X = frame.drop(columns="note") if change is None else change(frame.drop(columns="note"))
    with pytest.raises(ValueError, match=said):
        LeadClassifier(**parameters).fit(X, outcomes(outcome))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X: X.drop(columns="job"), "now missing:\n- job"),
        (lambda X: X.assign(size="large"), '"size" was a number in fit and holds string'),
        (lambda X: X.assign(waited=X["created"]), '"waited" was a number in fit and holds time'),
        (lambda X: X.assign(created=1.0), '"created" was a time in fit and holds double'),
        (lambda X: X[:0], "X has no rows"),
    ],
)
def test_what_cannot_be_asked_is_refused(mixed: tuple[Any, ...], change: Any, said: str) -> None:
    classifier, frame, _ = mixed
    with pytest.raises(ValueError, match=said):
        classifier.predict_proba(change(frame))
