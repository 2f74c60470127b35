"""The whole state of a company on one morning, and how it is kept."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from redumbrella.errors import DataError, said_by
from redumbrella.simulation.leads import LeadStates
from redumbrella.simulation.offers import (
    Employers,
    Offers,
    Staff,
    draw_employers,
    draw_offers,
    draw_staff,
)
from redumbrella.simulation.parameters import Company, read_company, without_change
from redumbrella.simulation.people import People
from redumbrella.simulation.web import Site, build_site

FOLDER = "world"  # beside umbrella.toml; nothing of the product reads it
_STATE, _PARAMETERS = "world.json", "company.toml"


@dataclass
class Money:
    """What came in and went out, in the company's currency; costs are positive numbers."""

    spend: float = 0.0
    rep_cost: float = 0.0
    lead_margin: float = 0.0
    shop_margin: float = 0.0
    returned: float = 0.0
    leads_sold: float = 0.0
    leads_returned: float = 0.0

    @property
    def profit(self) -> float:
        """Margins and leads sold, less what was returned, spent and worked."""
        earned = self.lead_margin + self.shop_margin + self.leads_sold
        return earned - self.returned - self.leads_returned - self.spend - self.rep_cost

    def plus(self, other: "Money") -> "Money":
        """The sum of two."""
        mine, theirs = asdict(self), asdict(other)
        return Money(**{name: value + theirs[name] for name, value in mine.items()})


@dataclass
class World:
    """One company. `day` is the next day to be lived, 0 the first; facts before it exist.

    text: the parameters as TOML. waiting: facts that are to be written on a later day, by table,
    with the column _write. returns: margin that purchases lose on a later day. spent: so far, of
    each campaign. ledger: the money of each day lived.
    """

    text: str
    seed: int
    size: str
    start: date
    change_day: int | None
    day: int
    people: People
    leads: LeadStates
    waiting: dict[str, pa.Table] = field(default_factory=dict)
    returns: dict[int, float] = field(default_factory=dict)
    spent: list[float] = field(default_factory=list)
    ledger: list[Money] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Everything that follows from the parameters and the seed."""
        company = read_company(self.text, "the company's parameters")
        self.company: Company = without_change(company, self.change_day)
        self.offers: Offers = draw_offers(self.company, self.seed)
        self.employers: Employers = draw_employers(self.company, self.seed)
        self.staff: Staff = draw_staff(self.company, self.seed, self.company.sizes[self.size].reps)
        self.site: Site = build_site(self.company)
        self.spent = self.spent or [0.0] * len(self.company.campaigns)

    @property
    def today(self) -> date:
        """The next day to be lived."""
        return self.date_of(self.day)

    def date_of(self, day: int) -> date:
        """The date of a day's number."""
        return self.start + timedelta(days=day)

    @property
    def budgets(self) -> NDArray[np.float64]:
        """What each campaign has a day where nobody decides, at this size of company."""
        scale = self.company.sizes[self.size].visitors / 100.0
        return np.array([one.cost for one in self.company.campaigns]) * scale

    @property
    def product_names(self) -> list[str]:
        """The id of each product: its type and its number within the type."""
        number = np.arange(self.offers.type.size) - self.offers.first[self.offers.type] + 1
        types = self.company.types
        return [f"{types[kind]}-{own:02d}" for kind, own in
                zip(self.offers.type.tolist(), number.tolist(), strict=True)]  # fmt: skip

    def keep(self, folder: Path) -> None:
        """Writes it all; a kill at any moment leaves the old state or the new one."""
        new = folder / f"day-{self.day}"
        new.mkdir(parents=True, exist_ok=True)
        self.people.write(new / "people.parquet")
        self.leads.write(new / "leads.parquet")
        for table, rows in self.waiting.items():
            pq.write_table(rows, new / f"waiting-{table}.parquet")
        (new / _PARAMETERS).write_text(self.text, "utf-8")
        document = {
            "seed": self.seed, "size": self.size, "start": self.start.isoformat(),
            "change_day": self.change_day, "day": self.day, "waiting": sorted(self.waiting),
            "returns": {str(day): margin for day, margin in self.returns.items()},
            "spent": self.spent,
            "ledger": [asdict(money) for money in self.ledger],
        }  # fmt: skip
        hidden = folder / f".{_STATE}"
        hidden.write_text(json.dumps(document, indent=1), "utf-8")
        hidden.replace(folder / _STATE)
        for old in folder.glob("day-*"):
            if old != new:
                for file in old.iterdir():
                    file.unlink()
                old.rmdir()


def open_world(folder: Path) -> World:
    """The world that `keep` has written.

    Raises DataError where the folder holds none.
    """
    try:
        document = json.loads((folder / _STATE).read_text("utf-8"))
        here = folder / f"day-{document['day']}"
        return World(
            text=(here / _PARAMETERS).read_text("utf-8"),
            seed=document["seed"],
            size=document["size"],
            start=date.fromisoformat(document["start"]),
            change_day=document["change_day"],
            day=document["day"],
            people=People.read(here / "people.parquet"),
            leads=LeadStates.read(here / "leads.parquet"),
            waiting={table: pq.read_table(here / f"waiting-{table}.parquet")
                     for table in document["waiting"]},
            returns={int(day): margin for day, margin in document["returns"].items()},
            spent=document["spent"],
            ledger=[Money(**money) for money in document["ledger"]],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as problem:
        why = (
            said_by(problem)
            if isinstance(problem, OSError)
            else f"its world is damaged ({problem})"
        )
        raise DataError(
            f"There is no simulated company in {folder.parent}: {why}. Make one first: "
            "umbrella simulate new DIR",
            reason="no_world",
        ) from None
