"""The lead record as features: every type, every oddity, and the same columns afterwards."""

from datetime import UTC, datetime

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import TIME, times

from redumbrella.features.matrix import OTHER, Feature
from redumbrella.features.records import MAX_LEVELS, RecordEncoder, fit_records

ROWS = 60


def table(**columns: object) -> pa.Table:
    return pa.table(columns)


def instants(*texts: str | None) -> pa.Array:
    parsed = [None if t is None else datetime.fromisoformat(t).replace(tzinfo=UTC) for t in texts]
    return pa.array(parsed, TIME)


def everything() -> pa.Table:
    jobs = ["clerk", "retired", "student", None] * 15
    return table(
        created_at=pa.array(times(ROWS), TIME),
        age=pa.array([None if n % 7 == 0 else 20.0 + n % 13 for n in range(ROWS)]),
        member=pa.array([None if n % 9 == 0 else n % 2 == 0 for n in range(ROWS)]),
        job=pa.array(jobs),
        birthday=pa.array(times(ROWS)[::-1], TIME),
    )


def fit(leads: pa.Table, time_column: str | None = None) -> RecordEncoder:
    return fit_records(leads, leads.column_names, time_column)


def test_every_type_becomes_its_features() -> None:
    leads = everything()
    encoder = fit(leads, "created_at")
    assert encoder.ignored == ()
    assert [(f.name, f.source, f.kind) for f in encoder.features] == [
        ("created_at.month", "created_at", "number"),
        ("created_at.weekday", "created_at", "number"),
        ("created_at.hour", "created_at", "number"),
        ("age", "age", "number"),
        ("member", "member", "flag"),
        ("job", "job", "category"),
        ("birthday.days_from_creation", "birthday", "number"),
        ("birthday.month", "birthday", "number"),
        ("birthday.weekday", "birthday", "number"),
        ("birthday.hour", "birthday", "number"),
    ]
    design = encoder.transform(leads)
    assert design.profile.shape == (ROWS, 10)
    assert design.profile.dtype == np.float64
    # 2024-01-01 09:00 is a Monday; the fifth lead comes 24 hours later.
    np.testing.assert_array_equal(design.profile[[0, 4], :3], [[1, 0, 9], [1, 1, 9]])
    np.testing.assert_array_equal(design.profile[:3, 3], [np.nan, 21.0, 22.0])
    np.testing.assert_array_equal(design.profile[:3, 4], [np.nan, 0.0, 1.0])
    assert encoder.features[5].levels == (OTHER, "clerk", "retired", "student")
    np.testing.assert_array_equal(design.profile[:4, 5], [1.0, 2.0, 3.0, np.nan])
    assert design.profile[0, 6] == pytest.approx((ROWS - 1) / 4)


def test_missing_is_information_even_in_a_constant() -> None:
    leads = table(a=pa.array([1.0, None] * 30), b=pa.array([1.0] * 60), c=pa.nulls(60, pa.string()))
    encoder = fit(leads)
    assert [f.name for f in encoder.features] == ["a"]
    assert {f.name: f.reason for f in encoder.ignored} == {
        "b": "the same value everywhere",
        "c": "always empty",
    }
    np.testing.assert_array_equal(np.isnan(encoder.transform(leads).profile[:, 0]), [0, 1] * 30)


def test_rare_and_unseen_levels_are_other() -> None:
    encoder = fit(table(city=pa.array(["Rome"] * 300 + ["Oslo"] * 200 + ["Bonn"])))
    assert encoder.fields[0].levels == (OTHER, "Rome", "Oslo")
    asked = table(city=pa.array(["Oslo", "Bonn", "Paris", "", None, "rome"]))
    codes = encoder.transform(asked).profile[:, 0]
    np.testing.assert_array_equal(codes, [2.0, 0.0, 0.0, 0.0, np.nan, 0.0])


def test_ten_thousand_levels_are_capped() -> None:
    values = [f"level {n}" for n in range(10_000) for _ in range(3 if n < 7_000 else 1)]
    encoder = fit(table(x=pa.array(values)))
    assert len(encoder.fields[0].levels) == MAX_LEVELS + 1
    codes = encoder.transform(table(x=pa.array(values))).profile[:, 0]
    assert set(codes) == set(range(MAX_LEVELS + 1))


@pytest.mark.parametrize("rows", [20, 5_000])
def test_text_is_ignored_with_a_note(rows: int) -> None:
    values = pa.array([f"A note about lead {n}, written by hand." for n in range(rows)])
    encoder = fit(table(note=values))
    assert encoder.features == ()
    assert "an identifier or a code" in encoder.ignored[0].reason
    assert encoder.transform(table(note=values)).profile.shape == (rows, 0)


def test_running_numbers_are_ignored_and_lookalikes_are_not() -> None:
    n = np.arange(50)
    leads = table(
        up=pa.array(n * 3 + 100.0),
        down=pa.array(-n),
        halves=pa.array(n / 2),
        mixed=pa.array(np.r_[n[25:], n[:25]]),
        repeats=pa.array(n // 2),
        gaps=pa.array([None, *n[1:].tolist()], pa.int64()),
    )
    encoder = fit(leads)
    assert {field.name for field in encoder.ignored} == {"up", "down"}
    assert [f.name for f in encoder.features] == ["halves", "mixed", "repeats", "gaps"]


def test_dates_far_away() -> None:
    leads = table(
        created_at=instants("2024-02-29 00:00", "1970-01-01 00:00", None, "9999-12-31 23:59"),
        due=instants("9999-12-31 23:00", "1969-12-31 12:00", "0001-01-01 00:00", None),
    )
    design = fit(leads, "created_at").transform(leads)
    assert not np.isinf(design.profile).any()
    np.testing.assert_array_equal(design.profile[:, 0], [2, 1, np.nan, 12])
    np.testing.assert_array_equal(design.profile[:, 1], [3, 3, np.nan, 4])
    days, month = design.profile[:, 3], design.profile[:, 4]
    assert days[0] == pytest.approx((datetime(9999, 12, 31) - datetime(2024, 2, 29)).days + 23 / 24)
    assert days[1] == -0.5
    assert np.isnan(days[2:]).all()
    np.testing.assert_array_equal(month, [12, 12, 1, np.nan])


def test_dates_without_a_time_of_creation_count_from_1970() -> None:
    leads = table(due=instants("1970-01-03 12:00", "1970-01-02 00:00"))
    np.testing.assert_array_equal(fit(leads).transform(leads).profile[:, 0], [2.5, 1.0])


def test_infinite_and_undefined_numbers_are_missing() -> None:
    leads = table(x=pa.array([1.0, np.inf, -np.inf, np.nan, 2.0]))
    np.testing.assert_array_equal(
        fit(leads).transform(leads).profile[:, 0], [1.0, np.nan, np.nan, np.nan, 2.0]
    )


def test_a_field_that_disappears_is_missing() -> None:
    leads = everything()
    encoder = fit(leads, "created_at")
    for gone in leads.column_names:
        design = encoder.transform(leads.drop_columns([gone]))
        assert design.profile.shape == (ROWS, 10)
        of_field = [j for j, f in enumerate(encoder.features) if f.source == gone]
        assert np.isnan(design.profile[:, of_field]).all()
    assert np.isnan(encoder.transform(leads.select([])).profile).all()
    undated = encoder.transform(leads.drop_columns(["created_at"]))
    assert np.isnan(undated.profile[:, 6]).all()  # days from an unknown creation


@pytest.mark.parametrize("field", ["created_at", "age", "member", "job", "birthday"])
@pytest.mark.parametrize(
    "values",
    [
        pa.array([1.5] * ROWS),
        pa.array([7] * ROWS),
        pa.array([True] * ROWS),
        pa.array(["clerk"] * ROWS),
        pa.array(times(ROWS), TIME),
        pa.nulls(ROWS),
        pa.nulls(ROWS, pa.string()),
    ],
    ids=lambda values: str(values.type),
)
def test_a_field_that_changes_its_type_never_fails(field: str, values: pa.Array) -> None:
    leads = everything()
    encoder = fit(leads, "created_at")
    position = leads.column_names.index(field)
    design = encoder.transform(leads.set_column(position, field, values))
    assert design.profile.shape == (ROWS, 10)
    assert not np.isinf(design.profile).any()
    others = [
        j for j, f in enumerate(encoder.features) if f.source != field and "days" not in f.name
    ]
    whole = encoder.transform(leads).profile
    np.testing.assert_array_equal(design.profile[:, others], whole[:, others])


def test_features_that_are_left_out_are_named_and_gone() -> None:
    leads = everything()
    whole = fit(leads, "created_at")
    names = [whole.features[0].name, "created_at.month"]
    narrow = whole.without(names, "for a reason")
    kept = [j for j, feature in enumerate(whole.features) if feature.name not in names]
    assert narrow.features == tuple(whole.features[j] for j in kept)
    np.testing.assert_array_equal(
        narrow.transform(leads).profile, whole.transform(leads).profile[:, kept]
    )
    assert [(f.name, f.reason) for f in narrow.ignored[-2:]] == [
        (name, "for a reason") for name in names
    ]
    assert RecordEncoder.from_json(narrow.to_json()) == narrow
    earlier = {k: v for k, v in whole.to_json().items() if k != "left_out"}
    assert RecordEncoder.from_json(earlier) == whole


def test_no_rows_and_no_fields() -> None:
    leads = everything()
    encoder = fit(leads, "created_at")
    assert encoder.transform(leads.slice(0, 0)).profile.shape == (0, 10)
    assert fit_records(leads, [], None).transform(leads).profile.shape == (ROWS, 0)
    assert [f.reason for f in fit(leads.slice(0, 0)).ignored] == ["always empty"] * 5


values = st.one_of(st.none(), st.sampled_from(["a", "b", "ä", "", " ", '"', "x" * 300]))
numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
moments = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(values, numbers, st.none() | st.booleans(), moments), max_size=40))
def test_any_table_survives_and_json_keeps_the_encoder(
    rows: list[tuple[str | None, float | None, bool | None, datetime | None]],
) -> None:
    columns = list(zip(*rows, strict=True)) or [[], [], [], []]
    types = (pa.string(), pa.float64(), pa.bool_(), TIME)
    names = ("text", "number", "flag", "created_at")
    leads = pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})
    encoder = fit(leads, "created_at")
    assert {f.name for f in encoder.fields} | {f.name for f in encoder.ignored} == set(names)
    design = encoder.transform(leads)
    assert design.profile.shape == (len(rows), len(encoder.features))
    assert not np.isinf(design.profile).any()
    again = RecordEncoder.from_json(orjson.loads(orjson.dumps(encoder.to_json())))
    assert again == encoder
    np.testing.assert_array_equal(again.transform(leads).profile, design.profile)
    order = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_array_equal(
        encoder.transform(leads.take(pa.array(order, pa.int64()))).profile, design.profile[order]
    )


def test_designs_can_be_cut() -> None:
    leads = everything()
    design = fit(leads, "created_at").transform(leads)
    some = design.take(np.array([5, 1]))
    np.testing.assert_array_equal(some.profile, design.profile[[5, 1]])
    narrow = design.only(np.array([3, 0]))
    assert [f.name for f in narrow.features] == ["age", "created_at.month"]
    np.testing.assert_array_equal(narrow.profile, design.profile[:, [3, 0]])
    assert narrow.profile_features == (
        Feature("age", "age", "number"),
        Feature("created_at.month", "created_at", "number"),
    )
