"""A workspace in which every list of the catalogue has rows, written straight into its state."""

from functools import partial
from pathlib import Path
from typing import Any

from ruled_company import RULES, fill_automations
from sample_company import AS_OF, SETTINGS, TRAINED_AT, VERSION, fill_workspace
from sqlalchemy import insert
from stored import (
    current_model,
    put_customers,
    put_model,
    put_recommendations,
    put_scores,
    rows_in_use,
)

from redumbrella.access.acting import Actor
from redumbrella.clock import now, to_iso
from redumbrella.reports.changes import day_in_zone
from redumbrella.reports.customers import Lifetime
from redumbrella.reports.recommenders import Place
from redumbrella.state import audit, customers, forecasts, runs, sources
from redumbrella.state.history import write_score_day
from redumbrella.state.lists import take_into_use
from redumbrella.state.scores import scores
from redumbrella.state.work import new_worklist, record_worklist
from redumbrella.workspace import Workspace, open_workspace

MARKUP = "<b>Tea & Co</b>"
MORE = """
[[targets]]
name = "conversion"
from = "leads.won"
[[targets]]
name = "products"
purchase = true
per = "product"
horizon_days = 30
[tables.purchases]
path = "purchases.csv"
[[recommenders]]
name = "next"
horizon_days = 30
"""


def fill_every_list(root: Path, leads: int = 60) -> Workspace:
    """Leads and models of the sample company, and products, customers, sources, runs, the audit."""
    fill_workspace(root, leads=leads).state.close()
    (root / "umbrella.toml").write_text(SETTINGS + MORE + RULES, "utf-8")
    workspace = open_workspace(root)
    model = current_model(workspace)
    assert model is not None
    other = {"version": "products-1", "target": "products", "family": "logistic"}
    put_model(workspace, {**model, **other, "verdict": "with care"})
    row = rows_in_use(workspace.state, scores, "conversion")[0]
    del row["target"], row["search"]
    bought = [{**row, "product_id": name, "probability": share}
              for name, share in ((MARKUP, 0.2), ("coffee", 0.6))]  # fmt: skip
    put_scores(workspace, "products", bought)
    put_customers(workspace, map(_customer, range(5)))
    with (
        new_worklist(workspace.state, "conversion", map(_line, range(1, 7))) as lines,
        workspace.state.writing() as connection,
    ):
        take_into_use(connection, lines)
        record_worklist(connection, _made_list(), map(_rep, range(4)))
    with workspace.state.writing() as connection:
        forecasts.replace_product_forecasts(connection, "products", map(_product, range(3)))
        customers.record_valuation(connection, _valuation())
        for day, step in ((14_913, None), (14_914, 0.2)):
            noted = {"target": "conversion", "day": day, "number": day, "scored_at": AS_OF,
                     "as_of": AS_OF, "model_version": VERSION, "asked": leads,
                     "known": {"rows": {}, "order": "created_at", "first": 0.0}}  # fmt: skip
            write_score_day(connection, noted, map(partial(_moved, day, step), range(1, 9)))
        run = runs.start_run(connection, "ingest", TRAINED_AT - 90_000_000)
        runs.end_run(connection, run, TRAINED_AT - 60_000_000, "done", "2 rows new")
        failed = runs.start_run(connection, "train", TRAINED_AT)
        runs.end_run(connection, failed, TRAINED_AT + 1_500_000, "failed", "Too few outcomes.")
        connection.execute(insert(runs.runs).values(
            verb="score", started_at=TRAINED_AT + 9, status="running", host="elsewhere",
            message="", process=1))  # fmt: skip
        people = [Actor("ana@example.com", "192.0.2.7"), Actor("root", "command line")]
        for minute, (by, what, on) in enumerate(
            ((0, "add user", MARKUP), (1, "train", "run 2"), (0, "revoke key", "=site (ab3de5gh)"))
        ):
            at = TRAINED_AT + 60_000_000 * minute
            audit.note(connection, at, people[by], what, on, "role=sales" if minute == 0 else "")
        for table, path in (("leads", "leads.csv"), ("purchases", "purchases.csv")):
            aside = [_rejected(line) for line in (3, 2)] if table == "leads" else []
            sources.record_source(connection, _source(table, path, len(aside)), aside, run_id=run)
    fill_automations(workspace)
    put_recommendations(
        workspace, [_offered(n) for n in range(1, 7)], map(_recommended, range(3)), _recommending()
    )
    return workspace


def _offered(number: int) -> dict[str, Any]:
    """A list of the person of a lead; what stands on it has a name with markup in it."""
    person, product = f"L-{1000 + number}", (MARKUP, "coffee", "rope")[number % 3]
    method = ("personal", "profile")[number % 2]
    places = [Place(product, 1.5, 0.2, expected_value=3.5, because=(("purchase", "rope"),),
                    share=0.4, by="collaborative")]  # fmt: skip
    return {"recommender": "next", "list": ("again", "new", "newcomer")[number % 3],
            "person_id": person, "label": f"=Name {number}", "method": method,
            "product_id": product, "product": product.title(), "probability": 0.1 * number,
            "expected_value": 3.5 * number, "as_of": AS_OF, "search": f"{person} {product}".lower(),
            "places": places}  # fmt: skip


def _recommended(number: int) -> dict[str, Any]:
    product = (MARKUP, "coffee", "rope")[number]
    others = {"by": "collaborative", "similar": [("rope", 0.4)], "together": [("rope", 7)]}
    return {"recommender": "next", "product_id": product, "product": product.title(),
            "product_type": MARKUP, "price": 12.5, "buyers": 40 - number, "popularity": 1.0,
            "shown": 2, "details": others}  # fmt: skip


def _recommending() -> dict[str, Any]:
    chosen = {"name": "new", "title": "New products", "method": "profile", "people": 6,
              "sentence": f"New products: profile. {MARKUP} was measured.", "tested": 150,
              "figures": [("popularity", 0.1, 0.01), ("profile", 0.2, 0.01)],
              "probability": "", "tenths": [(0.1, 0.12, 60), (0.3, 0.28, 60)]}  # fmt: skip
    report = {"recommender": "next", "horizon_days": 30.0, "people": 6, "purchases": 90,
              "products": 3, "described": f"6 customers of {MARKUP}", "lists": [chosen],
              "notes": [f"1 product of {MARKUP} left out."]}  # fmt: skip
    return {"recommender": "next", "made_at": TRAINED_AT, "as_of": AS_OF, "people": 6,
            "inputs": "", "report": report}  # fmt: skip


def _line(place: int) -> dict[str, Any]:
    lead = f"L-{1000 + place}"
    reason = {"feature": "job", "text": f"the job is {MARKUP}", "value": "x", "usual": "y",
              "contribution": 0.4}  # fmt: skip
    return {"place": place, "lead_id": lead, "product_id": "", "person_id": lead, "label": lead,
            "rep_id": f"rep {place % 4}", "product": MARKUP if place == 1 else "",
            "why_now": "came yesterday, nobody has contacted it yet", "next_step": "First contact",
            "reason": reason if place < 6 else None, "probability": 0.9 - 0.1 * place,
            "low": 0.1, "high": 0.95, "grade": "B", "expected_value": 100.0 - place,
            "minutes": 12.0, "chance": 0.98, "is_trial": place == 3,
            "owner_id": f"rep {place % 4}", "assigned": "kept", "second_best": "x"}  # fmt: skip


def _rep(i: int) -> dict[str, Any]:
    name = MARKUP if i == 0 else f"Rep {i}"
    return {"rep_id": f"rep {i}", "name": name, "lines": i, "places": 5, "owners_kept": i,
            "minutes_used": 12.0 * i, "minutes_free": 60.0 - 12.0 * i,
            "expected_value": 90.0 * i}  # fmt: skip


def _made_list() -> dict[str, Any]:
    today = day_in_zone(now(), "Europe/Lisbon")  # else the command would make it anew
    return {"target": "conversion", "day": today, "number": 1, "made_at": AS_OF, "as_of": AS_OF,
            "model_version": VERSION, "ordered_by": "value", "places": 6, "candidates": 60,
            "explore": 0.1, "control": 0.02, "blocked": {"want no contact": 2},
            "said": ["Taken for a wish."]}  # fmt: skip


def _moved(day: int, step: float | None, i: int) -> tuple[Any, ...]:
    change = None if step is None else (step + i / 100) * (-1) ** i
    cause = "new" if step is None else ("did", "time", "model", "record")[i % 4]
    chance = 0.4 + (change or 0.0)
    return ("conversion", day, f"L-{1000 + i}", "", chance, change, "B", cause)


def _valuation() -> dict[str, Any]:
    """A valuation of a base that is too small for models; all of its figures are there."""
    base = {"expected": 900.0, "low": 400.0, "high": 1_500.0, "level": 0.9}
    numbers = dict.fromkeys(Lifetime.__annotations__)
    numbers |= {"horizon_days": 365.0, "discount": 0.1, "margin": 1.0, "customers": 5,
                "repeat_customers": 1, "purchases": 9, "refunded": 0.0, "unit": "day"}  # fmt: skip
    day = to_iso(AS_OF)
    texts = {"as_of": day, "valued_at": day, "first_purchase": day, "why": "Few customers.",
             "chosen": "mean spend"}  # fmt: skip
    bins = [{"low": 0.0, "high": 500.0, "customers": 5, "total": 900.0}]
    segment = {"by": "class", "segment": "active", "meaning": "bought again", "customers": 5,
               "total": 900.0, "mean": 180.0}  # fmt: skip
    more = {"base": base, "segments": [segment], "distribution": bins, "notes": [],
            "standard_errors": {}}  # fmt: skip
    row = {"valued_at": TRAINED_AT, "as_of": AS_OF, "customers": 5, "inputs": ""}
    return {**row, "lifetime": {**numbers, **texts, **more}}


def _product(i: int) -> dict[str, Any]:
    asked = i != 2  # the last one waits for its first scoring
    return {
        "product_id": (MARKUP, "coffee", "rope")[i],
        "sales": 400 - 150 * i,
        "regime": ("model", "shrunken", "prior")[i],
        "reliable": i == 0,
        "price": 12.5 * (i + 1),
        "expected_sales": 3.5 * (i + 1) if asked else None,
        "expected_revenue": 43.75 * (i + 1) ** 2 if asked else None,
        "later_sales": 12,
        "log_loss": 0.20,
        "prior_log_loss": 0.25,
        "gain": 0.2 - 0.1 * i,
    }


def _customer(i: int) -> dict[str, Any]:
    value = 100.0 * i if i else None
    return {
        "person_id": f"C{i}",
        "as_of": AS_OF,
        "label": f"=Name {i}" if i else "",
        "segment": ("lost", "active", "active", "new", "at risk")[i],
        "purchases": i,
        "spent": 40.0 * i,
        "last_purchase": AS_OF - i * 86_400_000_000,
        "value": value,
        "value_low": None if value is None else 0.5 * value,
        "value_high": None if value is None else 2.0 * value,
        "details": {"mean_repeat_amount": 4.0, "segments": {"country": "Portugal"}},
    }


def _source(table: str, path: str, rejected: int) -> dict[str, Any]:
    return {
        "table_name": table,
        "path": path,
        "fingerprint": "f",
        "mapping": "m",
        "size": 1_234,
        "modified": AS_OF,
        "rows": 60,
        "added": 60,
        "rejected": rejected,
        "ingested_at": TRAINED_AT - 60_000_000,
    }


def _rejected(line: int) -> dict[str, Any]:
    message = f'column "won": "perhaps {line}" is not one of the outcomes'
    return {
        "line": line,
        "reason": "unreadable_value",
        "message": message,
        "raw": f"{line},{MARKUP}",
    }
