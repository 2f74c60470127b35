"""Which rep may take which lead, what a lead is worth in whose hands, and why it went there.

In: the lines of today's list and the reps with what they know and have room for. Out: for each line
a rep or nobody, with one line of reason and what the second-best choice would lose.

A rep takes a lead when every field of both has a value in common; who says nothing takes all.
Product types are knowledge and forbid nothing, unless `[list] match` names them: a lead that nobody
calls while others have time is lost altogether. The value of a pair, which `decisions.assignment`
adds up, is

    worth * (1 + KNOWS [the rep knows the lead's product type]
               + SENIOR * seniority [the lead is among the hottest tenth; seniority from 0 to 1])
    - minutes of a contact * what the rep's time costs more than that of the cheapest
    + keep_owner [the rep owns the lead].

The two shares are plain assumptions, not learned: they decide between reps of whom nothing else is
known. A line is never worth less than the dearest rep's time, so that all are in somebody's hands
where there is room. Where the list goes by chance there is no money: time costs nothing, and an
owner counts as much as a line is worth on average.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from redumbrella.decisions.assignment import NOBODY, Assignment, Matrix, Whole, assign
from redumbrella.decisions.exploration import Vector
from redumbrella.figures import counted, money

KNOWS = 0.1
SENIOR = 0.1
HOTTEST = 0.1  # share of the lines
PRODUCT_TYPE = "product type"
_CENTS, _POINTS = 100, 10_000  # units of one of the currency, and of a chance of 1
_MOST = 1e11  # units of one line, so that sums stay whole numbers
Texts = frozenset[str]


@dataclass(frozen=True)
class Rep:
    """Somebody who takes leads.

    places: leads a day. minutes: a day, where known. takes: by field the values that he or she
    takes, in small letters; of an absent field all. knows: product types.
    """

    rep_id: str
    name: str
    places: int
    minutes: float | None = None
    cost_per_hour: float | None = None
    seniority: float | None = None
    takes: Mapping[str, Texts] = field(default_factory=dict)
    knows: Texts = frozenset()


@dataclass(frozen=True)
class Line:
    """A lead on the list: worth is money or a chance; has: its values by field, in lower case."""

    worth: float
    owner: str = ""
    has: Mapping[str, Texts] = field(default_factory=dict)


@dataclass(frozen=True)
class Terms:
    """What is the same for all lines: an empty currency says that worth is a chance.

    keep_owner: what it must bring to move a lead from its owner; 0: who owns it does not count.
    """

    currency: str = ""
    keep_owner: float = 0.0
    contact_minutes: float | None = None


@dataclass(frozen=True)
class Given:
    """Who takes a line ("" for nobody), why, and what the second-best choice would lose."""

    rep_id: str
    reason: str
    second_best: str


def give_lines(
    lines: Sequence[Line], reps: Sequence[Rep], terms: Terms
) -> tuple[list[Given], Assignment]:
    """Gives lines to reps so that the whole is worth most; lines are in the order of the list."""
    may = may_take(lines, reps)
    owns = np.array([[line.owner == rep.rep_id for rep in reps] for line in lines], np.bool_)
    owns = owns.reshape(may.shape)
    bonus = _bonus(lines, terms)
    value = pair_values(lines, reps, terms) + bonus * owns
    whole: Whole = np.where(may, np.maximum(value, 1), 0).astype(np.int64)
    found = assign(whole, np.array([rep.places for rep in reps], np.int64))
    taken = [0] * len(reps)
    given = []
    for place, line in enumerate(lines):
        rep, second = int(found.rep[place]), _second(found, place, reps, terms)
        if rep == NOBODY:
            given.append(Given("", _why_nobody(line, reps, may[place]), second))
            continue
        words = [*_merits(line, reps[rep]), _free(reps[rep], taken[rep], terms)]
        if line.owner == reps[rep].rep_id:
            words.insert(0, "owner kept")
        elif line.owner:
            words.append(_why_moved(line, reps, found.loss[place], bonus, terms))
        given.append(Given(reps[rep].rep_id, f"{reps[rep].name}: {', '.join(words)}", second))
        taken[rep] += 1
    return given, found


def may_take(lines: Sequence[Line], reps: Sequence[Rep]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:  # fmt: skip  # noqa: E501
    """(n, m) whether each rep takes each line, by what they say of themselves."""
    may = np.ones((len(lines), len(reps)), np.bool_)
    for name in {name for rep in reps for name in rep.takes}:
        may &= np.array([
            [not has or not rep.takes.get(name) or bool(has & rep.takes[name]) for rep in reps]
            for has in (line.has.get(name, frozenset()) for line in lines)
        ], np.bool_).reshape(may.shape)  # fmt: skip
    return may


def pair_values(lines: Sequence[Line], reps: Sequence[Rep], terms: Terms) -> Matrix:
    """(n, m) what each line is worth with each rep in whole units, without regard to its owner."""
    worth = np.array([line.worth for line in lines], np.float64)[:, np.newaxis]
    costs = np.array([np.nan if rep.cost_per_hour is None else rep.cost_per_hour for rep in reps])
    extra = np.zeros(len(reps))
    if terms.currency and terms.contact_minutes is not None and not np.isnan(costs).all():
        extra = np.nan_to_num(costs - np.nanmin(costs)) * terms.contact_minutes / 60.0
    hot = worth >= np.quantile(worth, 1.0 - HOTTEST) if worth.size else worth > 0.0
    fit = 1.0 + SENIOR * hot * _seniority(reps) + KNOWS * _knows(lines, reps)
    unit = _unit(terms)
    worth = np.maximum(worth, extra.max(initial=0.0) + 1.0 / unit)
    return np.asarray(np.round(np.minimum((worth * fit - extra) * unit, _MOST)), np.float64)


def _seniority(reps: Sequence[Rep]) -> Vector:
    """From 0 (lowest, or not known) to 1."""
    known = [rep.seniority for rep in reps if rep.seniority is not None]
    if not known or max(known) == min(known):
        return np.zeros(len(reps))
    low, span = min(known), max(known) - min(known)
    return (
        np.array([(low if rep.seniority is None else rep.seniority) - low for rep in reps]) / span
    )


def _knows(lines: Sequence[Line], reps: Sequence[Rep]) -> Matrix:
    found = [[bool(_known(line, rep)) for rep in reps] for line in lines]
    return np.array(found, np.float64).reshape(len(lines), len(reps))


def _known(line: Line, rep: Rep) -> Texts:
    """The product types of a lead that a rep knows."""
    return line.has.get(PRODUCT_TYPE, frozenset()) & rep.knows


def _unit(terms: Terms) -> int:
    return _CENTS if terms.currency else _POINTS


def _bonus(lines: Sequence[Line], terms: Terms) -> float:
    """What owning a line counts, in whole units."""
    if not terms.keep_owner or not lines:
        return 0.0
    counts = terms.keep_owner if terms.currency else np.mean([line.worth for line in lines])
    return float(min(np.round(counts * _unit(terms)), _MOST))


def _merits(line: Line, rep: Rep) -> list[str]:
    """What a rep has in common with a lead: 'knows Placement', 'language Polish'."""
    found = [f"knows {_listed(_known(line, rep))}"] if _known(line, rep) else []
    for name in sorted(rep.takes):
        common = rep.takes[name] & line.has.get(name, frozenset())
        if name != PRODUCT_TYPE and common:
            found.append(f"{name} {_listed(common)}")
    return found


def _listed(values: Texts) -> str:
    return " and ".join(sorted(values))


def _free(rep: Rep, taken: int, terms: Terms) -> str:
    """What a rep had free before this line, in the order of the list."""
    if rep.minutes is not None and terms.contact_minutes is not None:
        free = int(rep.minutes - taken * terms.contact_minutes)
        return f"{counted(free, 'minute')} free" if free > 0 else "in reserve for a quick day"
    return f"{counted(rep.places - taken, 'place')} free"


def _why_moved(line: Line, reps: Sequence[Rep], loss: Vector, bonus: float, terms: Terms) -> str:
    at = next((n for n, rep in enumerate(reps) if rep.rep_id == line.owner), None)
    if at is None:
        return f"moved from {line.owner}, who is not among the reps"
    owner = reps[at]
    if not may_take([line], [owner])[0, 0]:
        return f"moved from {owner.name}, who does not take {_foreign(line, [owner])}"
    if not np.isfinite(loss[at]):
        return f"moved from {owner.name}, who has no place today"
    return f"moved from {owner.name} ({_amount(loss[at] + bonus, terms)} more)"


def _foreign(line: Line, reps: Sequence[Rep]) -> str:
    """What keeps all these reps from a lead: the first field that none of them takes."""
    for name, has in sorted(line.has.items()):
        if has and all(rep.takes.get(name) and not has & rep.takes[name] for rep in reps):
            return f"{name} {_listed(has)}"
    return "all of what it asks for"


def _why_nobody(line: Line, reps: Sequence[Rep], may: Sequence[bool]) -> str:
    if not reps:
        return "Nobody: there are no reps"
    able = [rep for rep, can in zip(reps, may, strict=True) if can]
    if not able:
        return f"Nobody: no rep takes {_foreign(line, reps)}"
    who = able[0].name if len(able) == 1 else f"{len(able)} reps"
    return f"Nobody: {who} may take it and {'has' if len(able) == 1 else 'have'} no place left"


def _second(found: Assignment, place: int, reps: Sequence[Rep], terms: Terms) -> str:
    losses = found.loss[place].copy()
    losses[found.rep[place] if found.rep[place] != NOBODY else len(reps)] = np.inf
    at = int(losses.argmin())
    if not np.isfinite(losses[at]):
        return ""
    name = reps[at].name if at < len(reps) else "nobody"
    if losses[at] < 1.0:
        return f"{name}: as good"
    return f"{name}: {_amount(losses[at], terms)} less"


def _amount(units: float, terms: Terms) -> str:
    """So much money, or so many percentage points."""
    if terms.currency:
        return money(units / _CENTS, terms.currency)
    return f"{100.0 * units / _POINTS:.2f} points"
