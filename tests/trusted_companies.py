"""Companies whose models deserve each verdict: trained on leads drawn with known chances."""

from pathlib import Path

from lead_worlds import company_rows, make_company, quiet

from redumbrella.workflows.run import run
from redumbrella.workspace import Workspace

MARKUP = "<b>Tea & Co</b>"
# Closed leads, and how much their fields say of the outcome.
WORLDS = {"ready": (2_400, 1.5), "with care": (260, 1.5), "not ready": (300, 0.0)}
OPEN = 40


def company_with(verdict: str, folder: Path) -> Workspace:
    """A company that was run: many telling leads are ready, few with care, noise is not ready."""
    closed, strength = WORLDS[verdict]
    leads, _ = company_rows(closed, OPEN, strength=strength, base=0.0)
    for number, lead in enumerate(leads):
        lead["source"] = ("web", "fair")[number % 2]
        lead["name"] = MARKUP if number == closed else f"Customer {number}"
    workspace = make_company(folder, leads)
    run(workspace, quiet)
    return workspace
