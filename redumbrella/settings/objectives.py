"""[costs], [qualification], [success]: what the company wants and what work costs."""

from dataclasses import dataclass, fields

from redumbrella.settings.section import Section


@dataclass(frozen=True)
class Costs:
    """What work costs, in the workspace's currency, and the share of revenue that is profit."""

    per_hour: float = 0.0
    per_contact: float = 0.0
    margin: float = 1.0


@dataclass(frozen=True)
class Qualification:
    """Weights of the four criteria of the card, and the scale of the clients' ratings."""

    ease_of_conversion: float = 1.0
    ease_of_delivery: float = 1.0
    profit: float = 1.0
    fit: float = 1.0
    lowest_rating: float = 1.0
    highest_rating: float = 5.0


@dataclass(frozen=True)
class Success:
    """Gates that a model must pass to be promoted; None means no gate."""

    min_auc: float | None = None
    min_average_precision: float | None = None
    min_lift_at_10: float | None = None
    max_log_loss: float | None = None
    max_brier: float | None = None
    max_calibration_error: float | None = None


def read_success(section: Section) -> Success:
    """The section [success]; its problems are noted in the section."""
    highest = {"min_lift_at_10": 10.0, "max_log_loss": float("inf")}
    gates = {
        gate.name: section.number(gate.name, 0.0, highest.get(gate.name, 1.0))
        for gate in fields(Success)
    }
    section.finish()
    return Success(**gates)


def read_costs(section: Section) -> Costs:
    """The section [costs]; its problems are noted in the section."""
    margin = section.number("margin", 0.0, 1.0)
    costs = Costs(
        per_hour=section.number("per_hour", 0.0) or 0.0,
        per_contact=section.number("per_contact", 0.0) or 0.0,
        margin=1.0 if margin is None else margin,
    )
    section.finish()
    return costs


def read_qualification(section: Section) -> Qualification:
    """The section [qualification]; its problems are noted in the section."""
    given = {field.name: section.number(field.name, 0.0) for field in fields(Qualification)}
    found = Qualification(**{name: value for name, value in given.items() if value is not None})
    weights = (found.ease_of_conversion, found.ease_of_delivery, found.profit, found.fit)
    if not sum(weights) > 0.0:
        section.problem("all weights are zero: give at least one criterion a weight above 0.")
    if not found.lowest_rating < found.highest_rating:
        section.problem(
            f"lowest_rating = {found.lowest_rating:g} and highest_rating = "
            f"{found.highest_rating:g}: expected a scale that rises."
        )
    section.finish()
    return found
