"""[[recommenders]]: which products to put before whom, over which horizon, by which rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from redumbrella.errors import nearest
from redumbrella.settings.section import Section, as_written

RECOMMENDED_LISTS = ("again", "new", "newcomer", "all")
ORDERS = ("score", "expected_value")
Fields = Mapping[str, tuple[str, ...]]
Boosts = Mapping[str, Mapping[str, float]]


def _nothing() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({})


def _no_boosts() -> Boosts:
    return MappingProxyType({})


@dataclass(frozen=True)
class ProductRules:
    """Which products may be shown, by fields of the table of products.

    only: field -> values; a product needs one of the values of every field named. exclude: field ->
    values; a product with one of them is not shown. boost: field -> value -> factor by which the
    chance of a purchase is multiplied in the order, not in what is said.
    """

    only: Fields = field(default_factory=_nothing)
    exclude: Fields = field(default_factory=_nothing)
    boost: Boosts = field(default_factory=_no_boosts)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of products that a rule names, sorted."""
        return tuple(sorted({*self.only, *self.exclude, *self.boost}))


@dataclass(frozen=True)
class Recommender:
    """One recommender.

    horizon_days: how long a list is to stay true; methods are compared over it. views: kinds of
    events that count beside purchases. explore_share: share of the places that young products get.
    shown: places of a list; kept: how many are stored, so that a list stays full when products are
    withdrawn. order: by the chance of a purchase, or by chance x margin.
    """

    name: str = "next"
    horizon_days: float = 30.0
    views: tuple[str, ...] = ()
    explore_share: float = 0.05
    shown: int = 10
    kept: int = 30
    order: str = "score"
    rules: ProductRules = field(default_factory=ProductRules)


def read_recommenders(top: Section) -> tuple[Recommender, ...]:
    """The sections [[recommenders]]; problems are noted."""
    listed = top._get("recommenders", "a list of sections [[recommenders]]", list)
    found = []
    for number, content in enumerate(listed or [], start=1):
        if not isinstance(content, dict):
            top.problem("recommenders: expected sections that start with [[recommenders]].")
            continue
        section = Section(f"[recommenders] no. {number}", content, top.problems)
        found.append(_recommender(section))
    names = [recommender.name for recommender in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.problem(f'two recommenders have the name "{name}": give each its own.')
    return tuple(found)


def _recommender(section: Section) -> Recommender:
    default = Recommender()
    horizon = section.number("horizon_days", 1.0, 730.0)
    explore = section.number("explore_share", 0.0, 0.5)
    shown = section.number("shown", 1, 50)
    kept = section.number("kept", 1, 60)
    order = section.text("order") or default.order
    if order not in ORDERS:
        hint = nearest(order, list(ORDERS))
        section.problem(f'order = {as_written(order)}: expected "score" or "expected_value".{hint}')
        order = default.order
    many = default.shown if shown is None else int(shown)
    found = Recommender(
        name=section.text("name") or default.name,
        horizon_days=default.horizon_days if horizon is None else horizon,
        views=tuple(dict.fromkeys(section.texts("views"))),
        explore_share=default.explore_share if explore is None else explore,
        shown=many,
        kept=max(many, default.kept if kept is None else int(kept)),
        order=order,
        rules=ProductRules(
            _values(section.section("only")),
            _values(section.section("exclude")),
            _boosts(section.section("boost")),
        ),
    )
    if "purchase" in found.views:
        section.problem('views holds "purchase": purchases count anyway. Name kinds of events.')
    section.finish()
    return found


def _values(section: Section) -> Fields:
    found = {name: section.texts(name) for name in section.content}
    return MappingProxyType({name: values for name, values in found.items() if values})


def _boosts(section: Section) -> Boosts:
    found = {}
    for name in section.content:
        own = section.section(name)
        factors = {value: own.number(value, 0.01, 100.0) for value in own.content}
        found[name] = MappingProxyType({v: f for v, f in factors.items() if f is not None})
    return MappingProxyType(found)
