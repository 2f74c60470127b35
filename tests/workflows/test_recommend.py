"""Recommend: lists of everybody from the files of a shop, and what may be shown of them later."""

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from redumbrella.clock import to_microseconds
from redumbrella.errors import DataError, NotFoundError, SettingsError
from redumbrella.progress import silent
from redumbrella.views.ranked_products import rank_products
from redumbrella.views.recommendations import every_place, product_detail, recommendations_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.recommend import are_recommendations_fresh, recommend
from redumbrella.workspace import Workspace, open_workspace
from tests.recommender_shop import (
    SETTINGS,
    purchase_lines,
    write_products,
    write_purchases,
    write_shop,
)

NOW = to_microseconds(datetime(2024, 7, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops") / "shop"
    workspace = write_shop(folder)
    recommend(workspace, silent)
    workspace.state.close()
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "shop"))


def changed(folder: Path, before: str, after: str) -> Workspace:
    """The shop with one setting changed."""
    path = folder / "umbrella.toml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")
    return open_workspace(folder)


def shown(workspace: Workspace, person: str, name: str, n: int = 10) -> list[str]:
    found = recommendations_of(workspace, person, NOW, only=name, n=n)["lists"]
    return [one["product_id"] for one in found[0]["products"]] if found else []


def test_each_person_has_the_lists_that_suit_him(shop: Path) -> None:
    workspace = open_workspace(shop)
    bought = {line.split(",")[3] for line in purchase_lines() if line.startswith("p004,")}
    found = {one["name"]: one for one in recommendations_of(workspace, "p004", NOW)["lists"]}
    assert set(found) == {"again", "new", "all"}
    again = [one["product_id"] for one in found["again"]["products"]]
    new = [one["product_id"] for one in found["new"]["products"]]
    assert set(again) == bought
    assert not set(new) & bought
    assert len(new) == len(set(new)) == 10
    first = found["again"]["products"][0]
    assert first["reason"].startswith("bought ")
    assert [one["name"] for one in recommendations_of(workspace, "n001", NOW)["lists"]] == [
        "newcomer"
    ]


def test_a_product_withdrawn_since_then_is_not_shown_and_the_list_is_full(shop: Path) -> None:
    workspace = open_workspace(shop)
    before = shown(workspace, "p004", "new")
    gone, unlisted, sold_out = (int(one[1:]) for one in before[:3])
    write_products(shop, {
        gone: {"withdrawn_at": "2024-06-30"}, unlisted: {"listed_at": "2024-08-01"},
        sold_out: {"available": "no"},
    })  # fmt: skip
    ingest(workspace, silent)
    after = shown(workspace, "p004", "new")
    assert after[: len(before) - 3] == before[3:]
    assert len(after) == 10
    assert not set(before[:3]) & set(after)
    assert not {row["product_id"] for row in every_place(workspace, NOW)} & set(before[:3])
    detail = product_detail(workspace, before[0], NOW)
    assert not detail["may_be_shown"]
    similar = product_detail(workspace, before[4], NOW)["similar"]
    assert similar
    assert not {one["product_id"] for one in similar} & set(before[:3])


def test_rules_hold_when_lists_are_made_and_when_they_are_read(shop: Path) -> None:
    workspace = changed(shop, "kept = 20", 'kept = 20\nexclude = { product_type = ["wine"] }')
    assert all(int(one[1:]) % 2 == 0 for one in shown(workspace, "p005", "all"))  # read
    recommend(workspace, silent)
    assert all(int(one[1:]) % 2 == 0 for one in shown(workspace, "p005", "all"))
    assert len(shown(workspace, "p005", "all")) == 10
    workspace = changed(shop, 'exclude = { product_type = ["wine"] }', 'only = { price = ["10"] }')
    assert len(shown(workspace, "p005", "all")) == 10
    workspace = changed(shop, "only = { price", 'exclude = { colour = ["red"] }\nonly = { price')
    with pytest.raises(SettingsError, match="products do not have") as caught:
        recommend(workspace, silent)
    assert caught.value.reason == "unknown_field"
    with pytest.raises(SettingsError, match="products do not have"):
        shown(workspace, "p004", "again")
    workspace = changed(shop, 'exclude = { colour = ["red"] }', "")
    assert shown(workspace, "p004", "again")  # earlier lists stay


def test_what_is_put_forward_comes_first(shop: Path) -> None:
    before = shown(open_workspace(shop), "p004", "all", 20)
    last = before[-1]
    name = f"Article {int(last[1:])}"
    boost = f'kept = 20\nboost = {{ name = {{ "{name}" = 100 }} }}'
    workspace = changed(shop, "kept = 20", boost)
    recommend(workspace, silent)
    after = shown(workspace, "p004", "all", 20)
    assert after.index(last) < len(after) / 2


def test_the_order_may_be_that_of_the_value(shop: Path) -> None:
    write_products(shop, {n: {"margin": "90" if n == 7 else "1"} for n in range(24)})
    workspace = changed(shop, "kept = 20", 'kept = 20\norder = "expected_value"')
    ingest(workspace, silent)
    result = recommend(workspace, silent)
    assert any("money a sale" in note for note in result.reports[0]["notes"])
    assert "a07" in shown(workspace, "p005", "all", 2)


def test_shuffled_rows_and_later_facts_change_nothing(made: Path, tmp_path: Path) -> None:
    as_of = to_microseconds(datetime(2024, 6, 10, tzinfo=UTC))
    lines = purchase_lines()
    early = [line for line in lines if line.split(",")[1] < "2024-06-10"]
    found = []
    for number, own in enumerate((lines, early)):
        folder = tmp_path / str(number)
        write_shop(folder).state.close()
        random.Random(number).shuffle(own)
        write_purchases(folder, own)
        for name in ("lake", "state.db"):
            place = folder / name
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        workspace = open_workspace(folder)
        ingest(workspace, silent)
        recommend(workspace, silent, as_of)
        found.append(list(every_place(workspace, as_of)))
    assert len(found[0]) > 1_000
    assert found[0] == found[1]


def test_an_erased_person_is_nowhere(shop: Path) -> None:
    lines = [line for line in purchase_lines() if not line.startswith("p004,")]
    write_purchases(shop, lines)
    people = (shop / "people.csv").read_text("utf-8").splitlines()
    (shop / "people.csv").write_text(
        "\n".join(line for line in people if not line.startswith("p004,")) + "\n", "utf-8"
    )
    shutil.rmtree(shop / "lake")
    workspace = open_workspace(shop)
    ingest(workspace, silent)
    recommend(workspace, silent)
    with pytest.raises(NotFoundError, match="no list for a person"):
        recommendations_of(workspace, "p004", NOW)
    workspace.state.close()
    for path in shop.rglob("*"):
        if path.is_file() and path.name != "umbrella.lock":
            assert b"p004" not in path.read_bytes(), path


def test_any_products_are_put_in_the_persons_order(shop: Path) -> None:
    workspace = open_workspace(shop)
    asked = ["a05", "a04", "nothing", "a08", "a04"]
    person, stranger = rank_products(workspace, ["p004", "nobody"], [asked, asked], NOW)
    assert person["is_known"]
    assert not stranger["is_known"]
    assert [one["product_id"] for one in person["products"]][-1] == "nothing"
    assert sorted(one["product_id"] for one in person["products"]) == sorted(set(asked))
    even, odd = (
        next(one["score"] for one in person["products"] if one["product_id"] == product)
        for product in ("a04", "a05")
    )
    assert even is not None
    assert odd is not None
    assert even > odd
    write_products(shop, {4: {"available": "no"}})
    ingest(workspace, silent)
    (again,) = rank_products(workspace, ["p004"], [asked], NOW)
    assert again["withheld"] == ["a04"]


def test_a_purchase_counts_in_the_order_as_soon_as_it_is_read(shop: Path) -> None:
    workspace = open_workspace(shop)
    asked = [f"a{n:02d}" for n in range(24)]
    (before,) = rank_products(workspace, ["n001"], [asked], NOW)
    bought = [f"n001,2024-06-2{n}T10:00Z,10,a05" for n in range(5)]
    write_purchases(shop, [*purchase_lines(), *bought])
    ingest(workspace, silent)
    (after,) = rank_products(workspace, ["n001"], [asked], NOW)
    assert not before["is_known"]
    assert after["is_known"]
    assert after["products"][0]["product_id"] == "a05"


def test_a_kind_of_event_that_never_happened_is_told(shop: Path) -> None:
    workspace = changed(shop, "kept = 20", 'kept = 20\nviews = ["product_view"]')
    (report,) = recommend(workspace, silent).reports
    assert any('No event of the kind "product_view"' in note for note in report["notes"])


def test_lists_are_fresh_until_something_changes(shop: Path) -> None:
    workspace = open_workspace(shop)
    assert are_recommendations_fresh(workspace)
    assert not are_recommendations_fresh(changed(shop, "horizon_days = 20", "horizon_days = 21"))
    workspace = changed(shop, "horizon_days = 21", "horizon_days = 20")
    write_purchases(shop, [*purchase_lines(), "p001,2024-06-29T10:00Z,10,a01"])
    ingest(workspace, silent)
    assert not are_recommendations_fresh(workspace)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    workspace = write_shop(tmp_path / "shop", SETTINGS.split("[[recommenders]]", maxsplit=1)[0])
    with pytest.raises(SettingsError, match=r"\[\[recommenders\]\]"):
        recommend(workspace, silent)
    lines = [line.rpartition(",")[0] + "," for line in purchase_lines()]
    write_purchases(tmp_path / "shop", lines)
    workspace = changed(tmp_path / "shop", "[tables.people]", "[[recommenders]]\n[tables.people]")
    shutil.rmtree(tmp_path / "shop" / "lake")
    ingest(workspace, silent)
    with pytest.raises(DataError, match="no purchase names a product"):
        recommend(workspace, silent)
    with pytest.raises(NotFoundError, match="are not made yet"):
        recommendations_of(workspace, "p001", NOW)
    with pytest.raises(NotFoundError, match='no list "agian"'):
        recommendations_of(workspace, "p001", NOW, only="agian")


def test_a_short_record_gets_what_sells_and_is_told_so(tmp_path: Path) -> None:
    workspace = write_shop(tmp_path / "shop")
    write_purchases(tmp_path / "shop", purchase_lines()[:60])
    shutil.rmtree(tmp_path / "shop" / "lake")
    ingest(workspace, silent)
    result = recommend(workspace, silent)
    told = {one["name"]: one for one in result.reports[0]["lists"]}
    assert told["new"]["method"] == "popularity"
    assert "too few to tell methods apart" in told["new"]["sentence"]
    assert told["new"]["probability"]


def test_a_product_has_one_chance_for_a_person_and_values_fall(shop: Path) -> None:
    write_products(shop, {n: {"margin": str(1 + n % 5)} for n in range(24)})
    workspace = changed(shop, "kept = 20", 'kept = 20\norder = "expected_value"')
    ingest(workspace, silent)
    recommend(workspace, silent)
    chances: dict[tuple[str, str], set[float | None]] = {}
    values: dict[tuple[str, str], list[float]] = {}
    for row in every_place(workspace, NOW):
        if row["chance"] == 1.0:  # what is tried out has no chance to buy
            chances.setdefault((row["person_id"], row["product_id"]), set()).add(row["probability"])
        if row["expected_value"] is not None and row["list"] in ("again", "new"):
            values.setdefault((row["person_id"], row["list"]), []).append(row["expected_value"])
    assert any(None not in one for one in chances.values())
    assert all(len(one) == 1 for one in chances.values())
    assert values
    assert all(own == sorted(own, reverse=True) for own in values.values())


def test_a_rule_that_fits_no_product_is_told(shop: Path) -> None:
    rules = 'exclude = { product_type = ["wines"] }\nboost = { name = { "Articel 8" = 2 } }'
    workspace = changed(shop, "kept = 20", f"kept = 20\n{rules}")
    (report,) = recommend(workspace, silent).reports
    assert any('no product has product_type "wines"' in n.lower() for n in report["notes"])
    assert any('Did you mean "Article 8"?' in note for note in report["notes"])
    workspace = changed(shop, rules, 'only = { product_type = ["beer"] }')
    with pytest.raises(DataError, match="No product may be shown"):
        recommend(workspace, silent)


def test_reasons_for_the_person_hold_no_figures(shop: Path) -> None:
    workspace = open_workspace(shop)
    lists = recommendations_of(workspace, "p004", NOW)["lists"]
    told = {one["to_person"] for each in lists for one in each["products"]}
    assert "you bought it before" in told
    assert not any("%" in text or "score" in text for text in told)
