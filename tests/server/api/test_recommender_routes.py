"""REST of recommenders: a person's lists, a product's likes, any products in order; for whom."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from crew import Crew, add_crew, close_browsers, logged_in, token_in
from recommender_company import (
    DOTS,
    NEWCOMER,
    ODD_PERSON,
    ODD_PRODUCT,
    OTHER_PERSON,
    SCRIPT,
    product_ids,
    write_offering_company,
    write_products,
)
from served import HTTP, serving

from redumbrella.progress import silent
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import Workspace

V1 = "/api/v1"


class Api:
    """The REST of the company, asked with the key that reads, or as a sales person of rep 1."""

    def __init__(self, address: str, workspace: Workspace, crew: Crew) -> None:
        self.address, self.workspace, self.crew = address, workspace, crew

    def get(self, path: str, key: str = "read") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.crew.keys[key]}"}
        return HTTP.get(f"{self.address}{V1}{path}", headers=headers, timeout=60)

    def rank(self, person: str, products: list[str], **more: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.crew.keys['read']}"}
        asked = {"person_id": person, "product_ids": products, **more}
        url = f"{self.address}{V1}/recommendations/rank"
        return HTTP.post(url, json=asked, headers=headers, timeout=120)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    workspace = write_offering_company(tmp_path_factory.mktemp("offering"))
    crew = add_crew(workspace)
    with serving(workspace) as address:
        yield Api(address, workspace, crew)
    close_browsers()
    workspace.state.close()


def of(person: str, more: str = "") -> str:
    return f"/people/{quote(person, safe='')}/recommendations{more}"


def shown(answer: httpx.Response, name: str) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    (found,) = (one for one in answer.json()["lists"] if one["name"] == name)
    assert isinstance(found["products"], list)
    return found["products"]


def refused(answer: httpx.Response, status: int, reason: str) -> str:
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason), answer.text
    return str(answer.json()["error"]["message"])


def test_a_person_has_all_lists_or_the_one_that_is_asked_for(api: Api) -> None:
    found = api.get(of(ODD_PERSON)).json()
    assert found["person_id"] == ODD_PERSON
    assert found["label"] == SCRIPT
    assert found["recommender"] == "next"
    assert {"again", "new"} <= {one["name"] for one in found["lists"]}
    assert "newcomer" not in {one["name"] for one in found["lists"]}
    again = shown(api.get(of(ODD_PERSON, "?list=again")), "again")
    assert [one["name"] for one in api.get(of(ODD_PERSON, "?list=again")).json()["lists"]] == [
        "again"
    ]
    assert [one["rank"] for one in again] == list(range(1, len(again) + 1))
    assert all(one["reason"].startswith("bought") for one in again)
    new = shown(api.get(of(ODD_PERSON, "?list=new")), "new")
    bought = {one["product_id"] for one in shown(api.get(of(ODD_PERSON, "?n=60")), "again")}
    assert not bought & {one["product_id"] for one in new}
    assert shown(api.get(of(NEWCOMER)), "newcomer")


def test_so_many_products_as_are_asked_for(api: Api) -> None:
    assert len(shown(api.get(of(ODD_PERSON)), "new")) == 6  # as umbrella.toml says
    assert len(shown(api.get(of(ODD_PERSON, "?n=2")), "new")) == 2
    assert len(shown(api.get(of(ODD_PERSON, "?n=60")), "new")) > 6
    for n in ("0", "61", "x"):
        refused(api.get(of(ODD_PERSON, f"?n={n}")), 400, "bad_parameter")


def test_what_is_not_known_is_refused_with_what_there_is(api: Api) -> None:
    words = refused(api.get(of("nobody")), 404, "no_recommendations")
    assert "umbrella recommend" in words
    assert 'Did you mean "new"' in refused(api.get(of(NEWCOMER, "?list=nwe")), 404, "unknown_list")
    assert '"newcomer"' in refused(api.get(of(NEWCOMER, "?list=new")), 404, "no_such_list")
    words = refused(api.get(of(NEWCOMER, "?recommender=nxt")), 404, "unknown_recommender")
    assert 'Did you mean "next"' in words
    refused(api.get(of(NEWCOMER, "?lst=new")), 400, "unknown_parameter")
    assert 'Did you mean "P03"' in refused(
        api.get("/products/P033/similar"), 404, "unknown_product"
    )


def test_another_recommender_has_its_own_rules(api: Api) -> None:
    coats = set(product_ids()[:10])
    offered = shown(api.get(of(ODD_PERSON, "?list=new&n=60")), "new")
    assert coats & {one["product_id"] for one in offered}
    answer = api.get(of(ODD_PERSON, "?list=new&n=60&recommender=other+half"))
    assert not coats & {one["product_id"] for one in shown(answer, "new")}


def test_a_product_says_what_it_is_like_whatever_its_id(api: Api) -> None:
    found = api.get(f"/products/{quote(ODD_PRODUCT, safe='')}/similar?n=3").json()
    assert (found["product_id"], found["product"]) == (ODD_PRODUCT, SCRIPT)
    assert found["may_be_shown"] is True
    assert found["buyers"] > 0
    assert len(found["similar"]) == len(found["together"]) == 3
    assert all(one["score"] > 0 and one["buyers"] is None for one in found["similar"])
    counts = [one["buyers"] for one in found["together"]]
    assert counts == sorted(counts, reverse=True)
    assert api.get(f"/products//similar?id={DOTS}").json()["product_id"] == DOTS
    for n in (0, 21):
        refused(api.get(f"/products/P03/similar?n={n}"), 400, "bad_parameter")


def test_any_products_are_put_in_order_for_one_person(api: Api) -> None:
    asked = ["P05", "never heard of", "P15", "P05", ODD_PRODUCT]
    found = api.rank(ODD_PERSON, asked).json()
    assert found["person_id"] == ODD_PERSON
    assert found["is_known"] is True
    ranked = found["products"]
    assert [one["rank"] for one in ranked] == [1, 2, 3, 4]
    assert {one["product_id"] for one in ranked} == set(asked)
    assert ranked[-1] == {
        "rank": 4, "product_id": "never heard of", "score": None, "is_known": False,
    }  # fmt: skip
    scores = [one["score"] for one in ranked[:-1]]
    assert scores == sorted(scores, reverse=True)
    assert ranked[2]["product_id"] == "P15"  # of the other circle
    stranger = api.rank("nobody yet", ["P05", "P15"]).json()
    assert stranger["is_known"] is False
    assert len(stranger["products"]) == 2
    assert api.rank(ODD_PERSON, []).json()["products"] == []


def test_what_cannot_be_ranked_is_refused(api: Api) -> None:
    many = [f"product number {n:05d} of this shop" for n in range(1_001)]
    words = refused(api.rank(ODD_PERSON, many), 400, "bad_parameter")
    assert "1000" in words
    assert api.rank(ODD_PERSON, many[:1_000]).status_code == 200
    refused(api.rank(ODD_PERSON, ["P05"], recommender="nxt"), 404, "unknown_recommender")
    refused(api.rank(ODD_PERSON, ["P05"], colour="red"), 400, "bad_parameter")
    refused(api.get("/people/x/recommendations", "write"), 403, "no_right")


def test_a_sales_person_sees_people_of_own_leads_alone(api: Api) -> None:
    browser = logged_in(api.address, api.crew.emails["sales"])
    assert browser.get(f"{V1}{of(ODD_PERSON)}").status_code == 200
    theirs = refused(browser.get(f"{V1}{of(OTHER_PERSON)}"), 404, "unknown_person")
    nobodys = refused(browser.get(f"{V1}{of('nobody')}"), 404, "unknown_person")
    assert theirs.replace(OTHER_PERSON, "nobody") == nobodys  # who exists is not said
    for path in ("/recommendations", "/recommendations.csv", "/recommendations.json"):
        refused(browser.get(f"{V1}{path}"), 403, "no_right")
    assert browser.get(f"{V1}/products/P03/similar").status_code == 200
    token = {"X-Form-Token": token_in(browser.get("/account").text)}
    for person, status in ((ODD_PERSON, 200), (OTHER_PERSON, 404)):
        asked = {"person_id": person, "product_ids": ["P03"]}
        answer = browser.post(f"{V1}/recommendations/rank", json=asked, headers=token)
        assert answer.status_code == status, answer.text


def test_the_list_of_lists_and_its_files(api: Api) -> None:
    page = api.get("/recommendations?recommender=next&list=new&page_size=3").json()
    assert page["total"] == 150
    assert set(page["reports"][0]) >= {"recommender", "described", "lists", "notes"}
    rows = api.get("/recommendations.json?recommender=next&list=new").json()
    assert len(rows) == 150
    (own,) = (row for row in rows if row["person_id"] == ODD_PERSON)
    first = shown(api.get(of(ODD_PERSON, "?list=new&n=1")), "new")[0]
    assert (own["product_id"], own["probability"]) == (first["product_id"], first["probability"])
    lines = api.get("/recommendations.jsonl?recommender=next&list=new").text.splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert api.get("/recommendations?product=P099").status_code == 404


def test_the_examples_have_the_shape_of_the_answers(api: Api) -> None:
    document = api.get("/openapi.json").json()
    paths, schemas = document["paths"], document["components"]["schemas"]
    answers = {
        "/people/{person_id}/recommendations": api.get(of(ODD_PERSON)).json(),
        "/products/{product_id}/similar": api.get("/products/P03/similar").json(),
        "/recommendations/rank": api.rank(ODD_PERSON, ["P03", "x"]).json(),
    }
    for path, answer in answers.items():
        (method,) = {"get", "post"} & set(paths[V1 + path])
        content = paths[V1 + path][method]["responses"]["200"]["content"]["application/json"]
        assert set(content["example"]) == set(answer), path
        assert content["schema"]["$ref"].rpartition("/")[2] in schemas
    asked = schemas["ProductsToRank"]["example"]
    assert set(asked) <= set(schemas["ProductsToRank"]["properties"])


def test_what_is_withdrawn_after_the_lists_were_made_is_not_shown_and_lists_stay_full(
    api: Api,
) -> None:
    """Runs last: it changes the table of products."""
    before = shown(api.get(of(ODD_PERSON, "?list=new")), "new")
    gone, second = before[0]["product_id"], before[1]["product_id"]
    write_products(api.workspace.root, unavailable=[gone])
    ingest(api.workspace, silent)
    after = shown(api.get(of(ODD_PERSON, "?list=new")), "new")
    assert len(after) == len(before) == 6
    assert [one["rank"] for one in after] == [1, 2, 3, 4, 5, 6]
    assert after[0]["product_id"] == second
    assert gone not in {one["product_id"] for one in after}
    ranked = api.rank(ODD_PERSON, [gone, second]).json()
    assert ranked["withheld"] == [gone]
    assert [one["product_id"] for one in ranked["products"]] == [second]
    found = api.get(f"/products/{quote(gone, safe='')}/similar").json()
    assert found["may_be_shown"] is False
    others = api.get(f"/products/{quote(second, safe='')}/similar?n=20").json()
    listed = {one["product_id"] for kind in ("similar", "together") for one in others[kind]}
    assert listed
    assert gone not in listed

    write_products(api.workspace.root, unavailable=product_ids()[:10])
    ingest(api.workspace, silent)
    short = next(one for one in api.get(of(ODD_PERSON)).json()["lists"] if one["name"] == "again")
    assert "umbrella recommend" in short["note"]
