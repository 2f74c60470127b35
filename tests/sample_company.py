"""A small company with scored leads, for tests of what people see: no training, known numbers."""

import random
from datetime import UTC, datetime, timedelta
from math import exp, log
from pathlib import Path
from typing import Any

import pyarrow as pa
from stored import put_model, put_scores

from redumbrella.clock import to_iso, to_microseconds
from redumbrella.decisions.qualification import add_card
from redumbrella.views.weights import current_weights
from redumbrella.workspace import Workspace, open_workspace

AS_OF = to_microseconds(datetime(2010, 11, 1, 8, tzinfo=UTC))
TRAINED_AT = to_microseconds(datetime(2010, 11, 1, 9, 30, tzinfo=UTC))
VERSION = "conversion-20101101-093000"
OLD_VERSION = "conversion-20101001-090000"
SCRIPT = "<script>alert('lead')</script>"
SETTINGS = """\
[workspace]
name = "Umbrella & Sons"
currency = "EUR"
timezone = "Europe/Lisbon"

[tables.leads]
path = "leads.csv"
[tables.leads.columns]
lead_id = "Lead Number"
won = "Converted"
"""
FIELDS = {"job": ("admin.", "technician", "retired", "student"), "contact": ("phone", "mobile")}


def make_workspace(root: Path, database: str = "") -> Workspace:
    """An empty workspace: settings, no leads, no model, no scores; in a database of its own."""
    root.mkdir(parents=True, exist_ok=True)
    state = f'[workspace]\nstate = "{database}"' if database else "[workspace]"
    (root / "umbrella.toml").write_text(SETTINGS.replace("[workspace]", state), "utf-8")
    return open_workspace(root)


def fill_workspace(root: Path, leads: int = 240, database: str = "") -> Workspace:
    """The same with a lake, two models and a score for every open lead."""
    workspace = make_workspace(root, database)
    records = [_record(i) for i in range(leads)]
    closed = {**_record(leads), "lead_id": "C-1", "won": True}
    workspace.lake.append("leads", _arrow([*records, closed]))
    scored = [_score(record) for record in records]
    old = {**report(scored), "model_version": OLD_VERSION}
    for document, trained_at in ((old, TRAINED_AT - 86_400_000_000), (report(scored), TRAINED_AT)):
        put_model(workspace, _model(document, trained_at))
    put_scores(workspace, "conversion", scored)
    return workspace


def fill_small_workspace(root: Path) -> Workspace:
    """Three scored leads of a company with too few outcomes for anything but the average rate."""
    workspace = make_workspace(root)
    bare = {"regime": "prior", "reliable": False, "reasons": {}, "low": None, "high": None,
            "grade": None, "created_at": None, "expected_value": None}  # fmt: skip
    scored = [{**_score(_record(i)), **bare, "probability": 0.2} for i in range(3)]
    document = report(scored)
    document |= dict.fromkeys(("stability", "out_of_time", "confusion", "points"))
    document |= {name: [] for name in ("folds", "families", "calibration", "lift", "importance",
                                       "leaks", "gates", "score_distribution")}  # fmt: skip
    document |= {
        "regime": "prior",
        "reliable": False,
        "regime_reason": "2 won leads: fewer than 20.",
        "chosen": {"family": "prior", "why": "Nothing else can be learned.", "blend": None},
        "verdict": {"verdict": "not ready", "reasons": ["Too few outcomes."]},
        "period": {"first": None, "last": None, "order": "rows"},
    }
    put_model(workspace, _model(document, TRAINED_AT))
    put_scores(workspace, "conversion", scored)
    return workspace


def logit(p: float) -> float:
    return log(p / (1 - p))


def _record(i: int) -> dict[str, Any]:
    chance = random.Random(i)
    created = datetime(2010, 8, 1, 9, tzinfo=UTC) + timedelta(hours=7 * i)
    return {
        "lead_id": f"L-{1000 + i}" if i else "L/1 & 2",
        "created_at": created,
        "source": ("web", "fair", "=partner")[i % 3],
        "rep_id": f"rep {i % 4}",
        "won": None,
        "amount": 500.0 + 10 * i,
        "job": SCRIPT if i == 1 else chance.choice(FIELDS["job"]),
        "contact": chance.choice(FIELDS["contact"]),
        "previous calls": float(chance.randint(0, 6)) if i % 5 else None,
        "newsletter": bool(i % 2),
    }


def _arrow(records: list[dict[str, Any]]) -> pa.Table:
    known = {"_ingested_at": datetime(2010, 11, 1, tzinfo=UTC)}
    rows = [{**r, **known, "_order": i, "_row_hash": i} for i, r in enumerate(records)]
    table = pa.Table.from_pylist(rows)
    time = pa.timestamp("us", tz="UTC")
    for name in ("created_at", "_ingested_at"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(time))
    return table


def _score(record: dict[str, Any]) -> dict[str, Any]:
    number = int("".join(c for c in record["lead_id"] if c.isdigit()))
    chance = random.Random(number)
    base, job, calls = logit(0.113), chance.gauss(0, 0.9), chance.gauss(0.1, 0.7)
    rest = chance.gauss(0, 0.2)
    total = base + job + calls + rest
    p = 1 / (1 + exp(-total))
    reasons = {
        "base": base,
        "total": total,
        "rest": rest,
        "raises": [],
        "lowers": [],
    }
    shown = record["previous calls"]
    for feature, value, usual, size in (
        ("job", record["job"], "admin.", job),
        ("previous calls", shown, 2.0, calls),
    ):
        text = f"{feature} is {'missing' if value is None else value}; usual is {usual}"
        item = {"feature": feature, "text": text, "value": value, "usual": usual}
        reasons["raises" if size >= 0 else "lowers"].append({**item, "contribution": size})
    name = f"Customer {number}" if number % 7 else ""
    return {
        "lead_id": record["lead_id"],
        "person_id": record["lead_id"],
        "as_of": AS_OF,
        "probability": p,
        "low": max(0.0, p - 0.06),
        "high": min(1.0, p + 0.08),
        "percentile": 100 * p,
        "grade": "ABCD"[min(3, int((1 - p) * 4))],
        "amount": record["amount"],
        "ltv": None,
        "expected_value": p * record["amount"],
        "regime": "model",
        "reliable": True,
        "model_version": VERSION,
        "reasons": reasons,
        "label": SCRIPT if number == 1001 else name,
        "created_at": to_microseconds(record["created_at"]),
        "source": record["source"],
        "campaign_id": None,
        "rep_id": record["rep_id"],
    }


def _model(document: dict[str, Any], trained_at: int) -> dict[str, Any]:
    return {
        "version": document["model_version"],
        "target": "conversion",
        "trained_at": trained_at,
        "as_of": AS_OF,
        "family": document["chosen"]["family"],
        "regime": document["regime"],
        "reliable": document["reliable"],
        "verdict": document["verdict"]["verdict"],
        "lake_version": 0,
        "report": document,
    }


def report(scored: list[dict[str, Any]]) -> dict[str, Any]:
    """A report of format 1 with the size of numbers that the bank data give."""
    labels = {
        "prior": "Average rate",
        "points": "Points card",
        "naive_bayes": "Naive Bayes",
        "logistic": "Logistic regression",
        "pairs": "Logistic regression with pairs",
        "boosted": "Boosted trees",
        "neural": "Neural network",
    }
    losses = [0.3521, 0.3011, 0.3105, 0.2842, 0.2803, 0.2761, 0.2860]
    best = min(losses)
    families = [
        {
            "family": name,
            "label": label,
            "log_loss": {"mean": loss, "se": 0.0041},
            "auc": {"mean": 0.5 if name == "prior" else 0.95 - loss / 2, "se": 0.006},
            "average_precision": {"mean": 0.6 - loss, "se": 0.011},
            "brier": {"mean": loss / 3.4, "se": 0.0018},
            "calibration_error": {"mean": 0.011 + loss / 100, "se": 0.002},
            "difference_to_best": {"mean": loss - best, "se": None if loss == best else 0.0012},
            "chosen": name == "boosted",
            "seconds": 0.4 + loss,
            "note": "early stopping in time order" if name == "boosted" else "",
        }
        for (name, label), loss in zip(labels.items(), losses, strict=True)
    ]
    folds = [
        {
            "fold": i + 1,
            "train_rows": 6000 * (i + 1),
            "test_rows": 6000,
            "from": to_iso(AS_OF - (5 - i) * 60 * 86_400_000_000),
            "to": to_iso(AS_OF - (4 - i) * 60 * 86_400_000_000),
            "base_rate": 0.08 + 0.015 * i,
            "log_loss": {name: loss + 0.004 * i for name, loss in zip(labels, losses, strict=True)},
        }
        for i in range(5)
    ]
    measured = {"value": 0.2793, "se": 0.0062}
    return {
        "format": 1,
        "workspace": "Umbrella & Sons",
        "currency": "EUR",
        "target": "conversion",
        "model_version": VERSION,
        "as_of": to_iso(AS_OF),
        "trained_at": to_iso(TRAINED_AT),
        "regime": "model",
        "reliable": True,
        "regime_reason": "4,640 won and 36,548 lost leads: enough for the full comparison.",
        "counts": {
            "about": "leads",
            "leads": 41188 + len(scored),
            "closed": 41188,
            "won": 4640,
            "lost": 36548,
            "open": len(scored),
            "rejected_rows": 3,
            "features": 47,
            "ignored_columns": [{"column": "Prospect ID", "reason": "one text per row"}],
        },
        "period": {
            "first": "2008-05-04T23:00:00+00:00",
            "last": to_iso(AS_OF),
            "order": "created_at",
        },
        "families": families,
        "folds": folds,
        "chosen": {
            "family": "boosted",
            "why": "Lowest log loss, by more than a standard error on the same folds.",
            "blend": None,
        },
        "baselines": ["prior", "points", "naive_bayes"],
        "verdict": {
            "verdict": "with care",
            "reasons": [
                "Out of time the log loss is 0.2793, 21 % below the average rate.",
                "The rate of wins moved from 8.0 % to 14.0 % over the period: watch calibration.",
            ],
        },
        "stability": {
            "repeats": 10,
            "rows": 12_004,
            "train_share": 0.7,
            "log_loss": {"mean": 0.2751, "sd": 0.0031, "low": 0.2702, "high": 0.2809},
            "auc": {"mean": 0.797, "sd": 0.004, "low": 0.790, "high": 0.803},
        },
        "out_of_time": {
            "from": "2010-09-01T00:00:00+00:00",
            "to": to_iso(AS_OF),
            "rows": 4120,
            "won": 571,
            "base_rate": 571 / 4120,
            "log_loss": measured,
            "auc": {"value": 0.781, "se": 0.011},
            "average_precision": {"value": 0.412, "se": 0.017},
            "brier": {"value": 0.0871, "se": 0.0029},
            "calibration_error": {"value": 0.014, "se": 0.004},
            "prior_log_loss": {"value": 0.3545, "se": 0.0071},
        },
        "calibration": [
            {
                "mean_probability": p,
                "observed": p * (1.06 if i % 2 else 0.95),
                "count": 412,
                "observed_low": p * 0.8,
                "observed_high": min(1.0, p * 1.3),
            }
            for i, p in enumerate((0.02, 0.04, 0.06, 0.09, 0.13, 0.2, 0.31, 0.44, 0.58, 0.69))
        ],
        "confusion": {
            "default_threshold": 0.25,
            "why": "At this threshold precision and recall balance best on held-out leads.",
            "rows": 4120,
            "curve": [_confusion(t / 100) for t in range(1, 100)],
        },
        "lift": [
            {"share": s / 10, "lift": (s / 10) ** 0.45 / (s / 10), "captured": (s / 10) ** 0.45}
            for s in range(1, 11)
        ],
        "importance": [
            {"feature": name, "label": name, "share": share, "effect": effect}
            for name, share, effect in (
                ("previous calls", 0.41, "more calls raise the score"),
                ("job", 0.22, "students and retired people score higher"),
                ("contact", 0.11, "mobile scores higher than phone"),
            )
        ],
        "points": {
            "base_rate": 0.113,
            "rules": [
                {"text": "previous calls at least 3", "points": 3.0, "leads": 1515, "rate": 0.62},
                {"text": "contact is phone", "points": -1.0, "leads": 15044, "rate": 0.052},
            ],
        },
        "leaks": [
            {
                "column": "duration",
                "reason": "filled_after_close",
                "evidence": "Filled for 100 % of closed leads and for no open one.",
                "severity": "leak",
                "kept": False,
            }
        ],
        "gates": [{"name": "min_auc", "required": 0.7, "measured": 0.781, "passed": True}],
        "score_distribution": [
            {
                "low": b / 20,
                "high": (b + 1) / 20,
                "count": sum(b / 20 <= s["probability"] < (b + 1) / 20 for s in scored),
            }
            for b in range(20)
        ],
        "forgetting": {
            "half_life_share": None,
            "sees_time_of_arrival": True,
            "trials": [
                {
                    "label": "All the past counts alike" + seen,
                    "half_life_share": None,
                    "sees_time_of_arrival": bool(seen),
                    "log_loss": quick,
                    "chosen": bool(seen),
                }
                for seen, quick in (("", 0.2811), (", time of arrival seen", 0.2802))
            ],
        },
        "notes": ["The year was reconstructed from the order of the rows."],
    }


def _confusion(threshold: float) -> dict[str, Any]:
    """4,120 leads, 571 won; recall and the false alarms fall with the threshold."""
    tp = round(571 * exp(-2.2 * threshold))
    fp = round(3549 * exp(-9.0 * threshold))
    fn, tn = 571 - tp, 3549 - fp
    return {
        "threshold": threshold,
        "capacity": (tp + fp) / 4120,
        "tp": tp,
        "fp": fp,
        "tn": tn,
        "fn": fn,
        "accuracy": (tp + tn) / 4120,
        "precision": tp / (tp + fp) if tp + fp else None,
        "recall": tp / 571,
    }


def fill_valued_workspace(root: Path, leads: int = 60) -> Workspace:
    """Leads that have details of their worth; fit is unknown to the even ones."""
    workspace = fill_workspace(root, leads=leads)
    weights = current_weights(workspace)
    scored = [{**_score(_record(i)), "details": _details(i)} for i in range(leads)]
    for row in scored:
        row |= {"ltv": row["details"]["ltv"]["value"]}
        add_card(row, weights, "EUR")
    put_scores(workspace, "conversion", scored)
    return workspace


def _details(i: int) -> dict[str, Any]:
    chance = random.Random(1000 + i)
    amount, minutes = 100.0 * chance.randint(1, 9), 60.0 * chance.random()
    cheap, rich = chance.random(), chance.random()

    def around(value: float) -> dict[str, float]:
        return {"value": value, "low": 0.8 * value, "high": 1.25 * value}

    def standing(share: float) -> dict[str, float]:
        ends = {"standing_low": max(share - 0.1, 0.0), "standing_high": min(share + 0.1, 1.0)}
        return {"standing": share, **ends}

    fit = {"value": 70.0, "low": 40.0, "high": 90.0, "basis": "feedback", "ratings": 12}
    return {
        "amount": {**around(amount), "basis": "model"},
        "ltv": {**around(0.5 * amount), "repeats": 1.5},
        "expected_value": around(0.2 * amount),
        "profit": {**around(0.4 * amount), **standing(rich)},
        "effort": {
            "contacts": around(2.0),
            "minutes": around(minutes),
            "cost": around(minutes),
            **standing(cheap),
        },
        "timing": {
            "days": {"value": 12.0, "low": 3.0, "high": 41.0},
            "within": {"7": 0.05, "30": 0.2},
            "curve": [[0.0, 0.0], [7.0, 0.05], [30.0, 0.2], [60.0, 0.25]],
        },
        **({"fit": fit} if i % 2 else {}),
    }
