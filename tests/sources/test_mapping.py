"""Source columns become canonical columns and fields, or problems that help."""

from redumbrella.settings.sources import ColumnSource, Source
from redumbrella.sources.mapping import map_columns


def source(table: str = "leads", **more: object) -> Source:
    return Source(table, path=("a.csv",), **more)  # type: ignore[arg-type]


def test_equal_names_need_no_settings() -> None:
    mapping = map_columns(source(), ["lead_id", "Won", "Amount", "size"])
    assert {name: origin.column for name, origin in mapping.canonical.items()} == {
        "lead_id": "lead_id",
        "won": "Won",
        "amount": "Amount",
    }
    assert mapping.fields == {"size": "size"}
    assert mapping.problems == ()


def test_explicit_settings_win_and_taken_names_get_a_number() -> None:
    columns = {"lead_id": ColumnSource("Number"), "won": ColumnSource("Converted")}
    mapping = map_columns(
        source(columns=columns, ignore=("secret",)),
        ["Number", "Converted", "won", "Lead_ID", "secret", "_order", "size"],
    )
    assert mapping.canonical == columns
    assert mapping.fields == {
        "won (2)": "won",
        "Lead_ID (2)": "Lead_ID",
        "_order (2)": "_order",
        "size": "size",
    }
    assert len(mapping.notes) == 3


def test_one_source_column_may_serve_twice() -> None:
    columns = {"lead_id": ColumnSource("id"), "person_id": ColumnSource("id")}
    mapping = map_columns(source(columns=columns), ["id", "x"])
    assert mapping.canonical == columns
    assert mapping.fields == {"x": "x"}


def test_every_problem_is_named() -> None:
    mapping = map_columns(
        source(
            columns={"won": ColumnSource("Convertd"), "amount": ColumnSource("size")},
            ignore=("sise", "size"),
            keep=("duraton",),
        ),
        ["Converted", "size", "duration"],
    )
    joined = "\n".join(mapping.problems)
    assert 'won = "Convertd" is no column of the source. Did you mean "Converted"?' in joined
    assert 'ignore: "sise" is no column of the source. Did you mean "size"?' in joined
    assert 'keep: "duraton" is no column of the source. Did you mean "duration"?' in joined
    assert '"size" is mapped to amount and also ignored' in joined
    assert "lead_id is required, but no column is mapped to it" in joined
    assert "{ row = true }" in joined
    assert len(mapping.problems) == 5


def test_another_file_in_its_place_is_said_in_one_sentence() -> None:
    names = {"lead_id": "Nr", "won": "Ergebnis", "source": "Quelle", "amount": "Betrag"}
    columns = {name: ColumnSource(column) for name, column in names.items()}
    mapping = map_columns(source(columns=columns, keep=("Alter",)), ["Nr", "Ref", "MA"])
    (problem,) = mapping.problems
    assert problem.startswith("[tables.leads] this file has other columns than before")
    assert "3 of 4 are gone" in problem
    assert 'Gone: "Ergebnis", "Quelle", "Betrag"\n' in problem
    assert problem.endswith("Columns now: Nr, Ref, MA")
    assert "put the right one back" in problem
    # One of many that is gone was renamed, and has a hint of its own.
    few = map_columns(source(columns=columns), ["Nr", "Ergebnis", "Quelle", "Betrag EUR"])
    (problem,) = few.problems
    assert 'amount = "Betrag" is no column of the source. Did you mean "Betrag EUR"?' in problem
    assert "Correct the name in umbrella.toml" in problem


def test_either_of_two_ids_is_enough() -> None:
    assert map_columns(source("events"), ["anonymous_id", "at", "kind"]).problems == ()
    (problem,) = map_columns(source("events"), ["at", "kind"]).problems
    assert "person_id or anonymous_id is required" in problem


def test_one_column_looks_like_a_wrong_delimiter() -> None:
    problems = map_columns(
        source(columns={"lead_id": ColumnSource("id")}), ["id;won;size"]
    ).problems
    assert 'only one column was found, "id;won;size": is the delimiter right?' in problems[0]


def test_a_name_that_differs_only_in_spelling_is_taken_and_said() -> None:
    for name in ("Cancelled at", "cancelledAt", "Canceled At", "CANCELLED_AT"):
        mapping = map_columns(
            source("purchases", columns={"at": ColumnSource("day")}),
            ["person_id", "day", "amount", name],
        )
        assert mapping.canonical["cancelled_at"] == ColumnSource(name), name
        assert mapping.fields == {}
        said = " ".join(mapping.notes)
        assert (f'"{name}" is taken for cancelled_at' in said) == (name != "CANCELLED_AT")
    left_out = source("purchases", ignore=("Cancelled at",))
    assert "cancelled_at" not in map_columns(left_out, ["Cancelled at"]).canonical
    # A column of the very name comes first, and the other stays a field.
    both = map_columns(source("purchases"), ["Cancelled at", "cancelled_at"])
    assert both.canonical["cancelled_at"] == ColumnSource("cancelled_at")
    assert both.fields == {"Cancelled at": "Cancelled at"}


def test_what_says_when_a_row_was_copied_is_left_out_unless_it_is_kept() -> None:
    copied = ["_fivetran_synced", "syncedAt", "Last Synced At", "_sdc_batched_at", "exported_at"]
    others = ["sync_partner", "loaded", "seen_at", "export", "extract of the register"]
    mapping = map_columns(source(), ["lead_id", "Won", *copied, *others])
    assert sorted(mapping.fields) == sorted(others)
    assert sum("copied" in note for note in mapping.notes) == len(copied)
    kept = map_columns(source(keep=("exported_at",)), ["lead_id", "Won", "exported_at"])
    assert list(kept.fields) == ["exported_at"]
