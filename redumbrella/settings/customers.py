"""[customers]: how customers are valued."""

from dataclasses import dataclass

from redumbrella.errors import nearest
from redumbrella.settings.section import Section, as_written

CUSTOMER_UNITS = {"day": 1.0, "week": 7.0}


@dataclass(frozen=True)
class Customers:
    """How customers are valued: how far ahead, at which yearly rate, in which unit of time.

    margin: the share of revenue that is profit. unit: of the purchase model's parameters.
    """

    horizon_days: float = 365.0
    discount: float = 0.1
    margin: float = 1.0
    unit: str = "day"

    @property
    def unit_days(self) -> float:
        """Days in the unit."""
        return CUSTOMER_UNITS[self.unit]


def read_customers(section: Section) -> Customers:
    """The section [customers]; its problems are noted in the section."""
    default = Customers()
    horizon = section.number("horizon_days", 1.0, 3650.0)
    discount = section.number("discount", 0.0, 10.0)
    margin = section.number("margin", 0.0, 1.0)
    unit = section.text("unit") or default.unit
    if unit not in CUSTOMER_UNITS:
        hint = nearest(unit, list(CUSTOMER_UNITS))
        section.problem(f'unit = {as_written(unit)}: expected "day" or "week".{hint}')
        unit = default.unit
    section.finish()
    return Customers(
        horizon_days=default.horizon_days if horizon is None else horizon,
        discount=default.discount if discount is None else discount,
        margin=default.margin if margin is None else margin,
        unit=unit,
    )
