"""[list]: how today's list is ordered, how long it is, what it tries out, and who is left alone."""

from dataclasses import dataclass

from redumbrella.errors import nearest
from redumbrella.settings.section import Section, as_written

_ORDERS = ("auto", "value", "probability")


@dataclass(frozen=True)
class ListRules:
    """How today's list is made.

    order: value (per minute of work), probability, or auto: value where every lead has one.
    capacity: leads a day of each rep whose own capacity is not recorded. explore, control: shares
    of the list, see `decisions.exploration`. quiet_days: days after a contact in which nobody is
    contacted again. do_not_contact: fields of the lead or the person that say so with a yes; None:
    those that are named so. keep_owner: what it must bring, in money, to move a lead from the rep
    that owns it; 0: owners do not count. match: fields that a lead and its rep must have in common;
    None: all text fields that both have.
    """

    order: str = "auto"
    capacity: int = 20
    explore: float = 0.1
    control: float = 0.02
    quiet_days: float = 2.0
    do_not_contact: tuple[str, ...] | None = None
    keep_owner: float = 50.0
    match: tuple[str, ...] | None = None


def read_list_rules(section: Section) -> ListRules:
    """The section [list]; its problems are noted in the section."""
    default = ListRules()
    order = section.text("order") or default.order
    if order not in _ORDERS:
        hint = nearest(order, list(_ORDERS))
        section.problem(
            f'order = {as_written(order)}: expected "auto", "value" or "probability".{hint}'
        )
        order = default.order
    capacity = section.number("capacity", 1, 100_000)
    if capacity is not None and capacity != int(capacity):
        section.problem(f"capacity = {capacity:g}: expected a whole number of leads a day.")
        capacity = None
    explore = section.number("explore", 0.0, 1.0)
    control = section.number("control", 0.0, 0.5)
    quiet = section.number("quiet_days", 0.0, 3650.0)
    named = section.texts("do_not_contact")
    keep = section.number("keep_owner", 0.0)
    match = section.texts("match")
    section.finish()
    return ListRules(
        order,
        default.capacity if capacity is None else int(capacity),
        default.explore if explore is None else explore,
        default.control if control is None else control,
        default.quiet_days if quiet is None else quiet,
        named if "do_not_contact" in section.content else None,
        default.keep_owner if keep is None else keep,
        match if "match" in section.content else None,
    )
