"""The kernel against the same definitions in SQL, written independently and as plainly as possible.

Random worlds have ties, window edges to the microsecond, facts after the instant, late arrivals,
facts and rows without a product, people without any history and unknown durations.
"""

import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from window_matrices import scoped_features, window_features

from redumbrella.features.kernel.blocks import SCOPES
from redumbrella.features.kernel.streams import Stream, group_facts
from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet
from redumbrella.features.names import column_names

DAY = 86_400_000_000
PEOPLE = 4
CODES = ("call", "mail.v2", "demo")
TYPE_OF_PRODUCT = [0, 1, 0, -1]
FEATURE_SET = FeatureSet(window_days=(1, 2, 7, 30), families=FAMILY_NAMES, long_seconds=60.0)

VARIABLES = """
CREATE TEMP TABLE visible AS
    SELECT row, code, as_of - "at" AS age, (as_of - "at") // 86400000000 AS day, duration, value
    FROM rows JOIN facts USING (person)
    WHERE "at" < as_of AND known_at < as_of AND ({scope});

CREATE OR REPLACE TEMP TABLE inside AS
    SELECT visible.*, w, w_name FROM visible JOIN windows ON days IS NULL OR day < days;

CREATE OR REPLACE TEMP TABLE everything AS
    SELECT row, 'any' AS code, age, day, duration, value, w, w_name FROM inside
    UNION ALL SELECT row, code, age, day, duration, value, w, w_name FROM inside;

CREATE OR REPLACE TEMP TABLE summed AS
    SELECT row, code, w, w_name, count(*)::DOUBLE AS n, count(DISTINCT day) AS days,
           coalesce(sum(duration), 0) AS seconds, coalesce(avg(duration), 0) AS mean_seconds,
           count(*) FILTER (duration >= 60) / count(*) AS long_share,
           coalesce(sum(value), 0) AS total, coalesce(max(value), 0) AS largest,
           24 / (24 + min(age) // 3600000000) AS last_seen,
           24 / (24 + max(age) // 3600000000) AS first_seen
    FROM everything GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE shared AS
    SELECT summed.*, n / sum(n) FILTER (code <> 'any') OVER (PARTITION BY row, w) AS share
    FROM summed;

CREATE OR REPLACE TEMP TABLE pairs AS
    SELECT a.row, a.code, a.w_name || '/' || b.w_name AS w_name, a.n / b.n AS n,
           a.days / b.days AS days, a.share / b.share AS share,
           CASE WHEN b.seconds > 0 THEN a.seconds / b.seconds ELSE 0 END AS seconds
    FROM shared a JOIN shared b ON a.row = b.row AND a.code = b.code AND b.w = a.w + 1;

INSERT INTO answer
    SELECT row, code || '.count', w_name, n FROM shared UNION ALL
    SELECT row, code || '.active_days', w_name, days FROM shared UNION ALL
    SELECT row, code || '.duration_total', w_name, seconds FROM shared UNION ALL
    SELECT row, code || '.duration_mean', w_name, mean_seconds FROM shared UNION ALL
    SELECT row, code || '.long_share', w_name, long_share FROM shared UNION ALL
    SELECT row, code || '.value_total', w_name, total FROM shared UNION ALL
    SELECT row, code || '.value_max', w_name, largest FROM shared UNION ALL
    SELECT row, code || '.last_seen', w_name, last_seen FROM shared UNION ALL
    SELECT row, code || '.first_seen', w_name, first_seen FROM shared UNION ALL
    SELECT row, code || '.share', w_name, share FROM shared WHERE code <> 'any' UNION ALL
    SELECT row, code || '.seen', w_name, 1 FROM shared WHERE code <> 'any' AND w_name = 'all'
    UNION ALL
    SELECT row, code || '.count_trend', w_name, n FROM pairs UNION ALL
    SELECT row, code || '.active_days_trend', w_name, days FROM pairs UNION ALL
    SELECT row, code || '.duration_trend', w_name, seconds FROM pairs UNION ALL
    SELECT row, code || '.share_trend', w_name, share FROM pairs WHERE code <> 'any' UNION ALL
    SELECT row, 'any.distinct', w_name, count(DISTINCT code) FROM inside GROUP BY ALL UNION ALL
    SELECT row, 'any.spread', w_name, exp(-sum(share * ln(share)))
        FROM shared WHERE code <> 'any' GROUP BY ALL;
DROP TABLE visible;
"""
SCOPE_SQL = {
    "": "true",
    "everything": "true",
    "this_product": "facts.product = rows.product AND rows.product >= 0",
    "this_product_type": "type_of(facts.product) = type_of(rows.product) "
    "AND type_of(rows.product) >= 0",
}


def oracle(facts, rows, columns, scopes=("",)):
    """A dense matrix and the set of stored cells, by SQL over plain tables."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    types = " ".join(f"WHEN {p} THEN {t}" for p, t in enumerate(TYPE_OF_PRODUCT))
    connection.execute(f"CREATE MACRO type_of(product) AS CASE product {types} ELSE -1 END")
    days = FEATURE_SET.window_days
    windows = [(w, d, f"{d}d") for w, d in enumerate(days)] + [(len(days), None, "all")]
    connection.execute("CREATE TABLE windows (w INT, days INT, w_name TEXT)")
    connection.executemany("INSERT INTO windows VALUES (?, ?, ?)", windows)
    connection.register("fact_table", facts)
    connection.register("row_table", rows)
    connection.execute("CREATE TABLE facts AS FROM fact_table")
    connection.execute("CREATE TABLE rows AS FROM row_table")
    dense = np.zeros((rows.num_rows, len(columns)))
    stored = set()
    place = {name: column for column, name in enumerate(columns)}
    for scope in scopes:
        connection.execute("CREATE OR REPLACE TABLE answer (r INT, name TEXT, w TEXT, v DOUBLE)")
        connection.execute(VARIABLES.format(scope=SCOPE_SQL[scope]))
        for row, name, window, value in connection.execute("FROM answer").fetchall():
            column = place[".".join(part for part in ("s", name, scope, window) if part)]
            dense[row, column] = value
            stored.add((row, column))
    return dense, stored


def stored_cells(matrix):
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return set(zip(row.tolist(), matrix.indices.tolist(), strict=True))


# Ages that lie on the edges of windows, days and hours, one microsecond around them, and any other.
edges = st.sampled_from([0, 1, 2, 3, 7, 8, 30, 31, 400]).flatmap(
    lambda days: st.sampled_from([-3_600_000_001, -3_600_000_000, -1, 0, 1]).map(
        lambda shift: 500 * DAY - days * DAY + shift
    )
)
instants = st.one_of(edges, st.integers(0, 600 * DAY))
fact = st.tuples(
    st.integers(0, PEOPLE - 1),
    instants,
    st.integers(0, len(CODES) - 1),
    st.sampled_from([None, 0.0, 0.1, 59.9, 60.0, 1234.5]),
    st.sampled_from([None, -5.0, 0.0, 19.99, 1e6]),
    st.sampled_from([0, 0, 0, 1, DAY, 40 * DAY]),  # arrives this much later
    st.integers(-1, len(TYPE_OF_PRODUCT) - 1),
)
row = st.tuples(st.integers(-1, PEOPLE - 1), instants, st.integers(-1, len(TYPE_OF_PRODUCT) - 1))
worlds = st.tuples(
    st.lists(fact, max_size=25), st.lists(row, min_size=1, max_size=5), st.booleans()
)


def tables(world):
    facts, rows, late = world
    person, at, code, duration, value, delay, product = (
        zip(*facts, strict=True) if facts else [()] * 7
    )
    known_at = [a + d if late else -(2**60) for a, d in zip(at, delay, strict=True)]
    columns = {
        "person": pa.array(person, pa.int32()),
        "at": pa.array(at, pa.int64()),
        "code": pa.array([CODES[c] for c in code], pa.string()),
        "duration": pa.array(duration, pa.float32()).cast(pa.float64()),
        "value": pa.array(value, pa.float64()),
        "known_at": pa.array(known_at, pa.int64()),
        "product": pa.array(product, pa.int32()),
    }
    numbers = {
        "person": np.array(person, np.int32),
        "at": np.array(at, np.int64),
        "code": np.array(code, np.int64),
        "duration": np.array([math.nan if d is None else d for d in duration]),
        "value": np.array([math.nan if v is None else v for v in value]),
        "known_at": np.array(known_at, np.int64) if late else None,
        "product": np.array(product, np.int32),
    }
    people, as_of, wanted = zip(*rows, strict=True)
    asked = pa.table(
        {
            "row": pa.array(range(len(rows)), pa.int32()),
            "person": pa.array(people, pa.int32()),
            "as_of": pa.array(as_of, pa.int64()),
            "product": pa.array(wanted, pa.int32()),
        }
    )
    return pa.table(columns), asked, numbers


@settings(max_examples=25, deadline=None)
@given(worlds)
def test_every_variable_equals_its_sql(world):
    facts, rows, numbers = tables(world)
    stream = Stream("s", CODES, has_duration=True, has_value=True)
    log = group_facts(stream, people=PEOPLE, **numbers)
    person, as_of = rows["person"].to_numpy(), rows["as_of"].to_numpy()

    matrix = window_features(log, person, as_of, FEATURE_SET)
    dense, stored = oracle(facts, rows, column_names(stream, FEATURE_SET))

    assert matrix.shape == dense.shape
    assert stored_cells(matrix) == stored
    np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-6)


@settings(max_examples=8, deadline=None)
@given(worlds)
def test_every_scope_equals_its_sql(world):
    facts, rows, numbers = tables(world)
    stream = Stream("s", CODES, has_duration=True, has_value=True)
    log = group_facts(stream, people=PEOPLE, **numbers)
    types = np.array(TYPE_OF_PRODUCT, np.int32)
    person, as_of = rows["person"].to_numpy(), rows["as_of"].to_numpy()

    matrix = scoped_features(log, person, as_of, rows["product"].to_numpy(), types, FEATURE_SET)
    columns = [name for scope in SCOPES for name in column_names(stream, FEATURE_SET, scope)]
    dense, stored = oracle(facts, rows, columns, SCOPES)

    assert matrix.shape == dense.shape
    assert stored_cells(matrix) == stored
    np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-6)


def test_the_oracle_itself_by_hand():
    """Two calls of 30 and 90 s, 2 and 8 days before, and one mail: figures worked out on paper."""
    as_of = 100 * DAY
    world = (
        [
            (0, as_of - 2 * DAY, 0, 30.0, None, 0, -1),
            (0, as_of - 8 * DAY, 0, 90.0, 7.0, 0, -1),
            (0, as_of - 1, 1, None, None, 0, -1),
            (0, as_of, 2, None, None, 0, -1),
        ],
        [(0, as_of, -1), (1, as_of, -1)],
        False,
    )
    facts, rows, _ = tables(world)
    columns = column_names(Stream("s", CODES, True, True), FEATURE_SET)
    dense, _ = oracle(facts, rows, columns)
    found = dict(zip(columns, dense[0], strict=True))
    expected = {
        "s.call.count.2d": 0,
        "s.call.count.7d": 1,
        "s.call.count.30d": 2,
        "s.call.active_days.all": 2,
        "s.call.duration_mean.30d": 60,
        "s.call.long_share.30d": 0.5,
        "s.call.value_total.30d": 7,
        "s.call.last_seen.7d": 1 / 3,
        "s.call.first_seen.30d": 1 / 9,
        "s.call.share.7d": 0.5,
        "s.call.count_trend.7d/30d": 0.5,
        "s.call.duration_trend.7d/30d": 0.25,
        "s.call.share_trend.7d/30d": 0.75,
        "s.mail.v2.last_seen.1d": 1,
        "s.demo.seen.all": 0,
        "s.any.distinct.30d": 2,
        "s.any.spread.7d": 2,
        "s.any.count.all": 3,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert not dense[1].any()
