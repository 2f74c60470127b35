"""A small company with histories: calls decide which leads convert, visits who buys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from redumbrella.workspace import Workspace, open_workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
SETTINGS = """\
[workspace]
name = "History company"
timezone = "UTC"
[tables.leads]
path = "leads.csv"
[tables.leads.columns]
lead_id = "lead"
person_id = "person"
created_at = "created"
closed_at = "closed"
won = "won"
amount = "sum"
[tables.activities]
path = "calls.csv"
[tables.activities.columns]
lead_id = "lead"
at = "at"
kind = "kind"
outcome = "outcome"
duration_s = "seconds"
rep_id = "rep"
[tables.events]
path = "visits.csv"
[tables.events.columns]
person_id = "person"
at = "at"
kind = "kind"
[tables.purchases]
path = "purchases.csv"
[tables.purchases.columns]
person_id = "person"
at = "at"
amount = "amount"
[costs]
per_hour = 60
margin = 0.5
[[targets]]
name = "conversion"
from = "leads.won"
[[targets]]
name = "buys"
purchase = true
horizon_days = 30
active_days = 60
"""


def write_history_company(folder: Path, *, leads: int = 260, open_leads: int = 20) -> Workspace:
    """Leads over 260 days; a lead with talks longer than five minutes is mostly won."""
    rng = np.random.default_rng(11)
    lines = {name: [] for name in ("leads", "calls", "visits", "purchases")}
    for number in range(leads + open_leads):
        created = START + timedelta(days=float(number), hours=9)
        keen = rng.random() < 0.5
        calls = [created + timedelta(hours=5 + 30 * k) for k in range(int(rng.integers(1, 5)))]
        for at in calls:
            seconds = 400 + 300 * rng.random() if keen else 20 + 60 * rng.random()
            kind = "talked" if keen else "no answer"
            lines["calls"].append(f"L{number},{stamp(at)},call,{kind},{seconds:.0f},r{number % 3}")
        for _ in range(rng.poisson(4 if keen else 1)):
            lines["visits"].append(
                f"P{number},{stamp(created - timedelta(days=20 * rng.random()))},pricing_view"
            )
        is_open = number >= leads
        won = "" if is_open else str(int(rng.random() < (0.85 if keen else 0.1)))
        closed = "" if is_open else stamp(calls[-1] + timedelta(hours=20))
        amount = f"{(number % 4 + 1) * 100 * rng.lognormal(0, 0.2):.0f}" if won == "1" else ""
        lines["leads"].append(
            f"L{number},P{number},{stamp(created)},{closed},{won},{number % 4},{amount}"
        )
    for person in range(150):
        rate = 0.3 + 3.0 * (person % 3 == 0)
        for _ in range(rng.poisson(rate * 6)):
            at = START + timedelta(days=float(rng.integers(0, 270)), hours=int(rng.integers(8, 20)))
            lines["purchases"].append(f"P{person},{stamp(at)},{rng.lognormal(3, 0.5):.2f}")
    headers = {
        "leads": "lead,person,created,closed,won,size,sum",
        "calls": "lead,at,kind,outcome,seconds,rep",
        "visits": "person,at,kind",
        "purchases": "person,at,amount",
    }
    for name, header in headers.items():
        text = "\n".join([header, *lines[name]]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (folder / "umbrella.toml").write_text(SETTINGS, encoding="utf-8")
    return open_workspace(folder)


def stamp(at: datetime) -> str:
    """An instant as the files write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
