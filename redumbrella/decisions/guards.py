"""Guards: what rules want to do comes in, what may be done goes out, each refusal with its reason.

In this order: what is too old to act on, who may not be reached, one contact at a time, the limits
of a day, and last the share that is left alone. The share is drawn among those that everything else
lets through, so that those who are acted on and those left alone differ by chance only.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.reports.changes import day_in_zone
from redumbrella.state.outbox import CONTROL, PLANNED, SUPPRESSED

TOO_OLD_MICROSECONDS = 2 * MICROSECONDS_PER_DAY
_BITS = 64


@dataclass(frozen=True)
class WantedAction:
    """What a rule wants: for whom, since when, and when it would leave (UTC microseconds).

    refused: why the person may not be reached at all, "" where it may. reaches: whether it is a
    contact with the person. control, cool_down_days, a_day: of the rule; a_day None: no limit.
    """

    rule: str
    person_id: str
    fired_at: int
    due_at: int
    reaches: bool
    refused: str = ""
    control: float = 0.0
    cool_down_days: float = 0.0
    a_day: int | None = None


@dataclass(frozen=True)
class GuardVerdict:
    """What becomes of it: planned, suppressed or control, and why."""

    state: str
    reason: str = ""


@dataclass
class Contacts:
    """The contacts that there were or will be: by person when and by which rule, and how many on
    each day by rule; "" is all rules together."""

    of_person: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    on_day: Counter[tuple[str, int]] = field(default_factory=Counter)

    def add(self, person_id: str, rule: str, at: int, timezone: str) -> None:
        """One contact more."""
        day = day_in_zone(at, timezone)
        self.of_person[person_id].append((at, rule))
        self.on_day["", day] += 1
        self.on_day[rule, day] += 1


def guarded(
    wanted: Sequence[WantedAction], contacts: Contacts, now: int, a_day: int, timezone: str
) -> Iterator[GuardVerdict]:
    """A verdict on each, in their order: of two that want a person the first one wins.

    contacts: is added to. a_day: most contacts of all rules on one day.
    """
    for one in wanted:
        reason = one.refused or _too_old(one, now)
        if not reason and one.reaches:
            reason = _too_soon(one, contacts, timezone) or _too_many(one, contacts, a_day, timezone)
        elif not reason and one.a_day is not None:
            reason = _rule_is_full(one, contacts, timezone)
        if reason:
            yield GuardVerdict(SUPPRESSED, reason)
            continue
        # Who is left alone takes a place of the day's: the limit is not to choose between the two.
        contacts.on_day[one.rule, day_in_zone(one.due_at, timezone)] += 1
        if is_left_alone(one.rule, one.person_id, one.control):
            yield GuardVerdict(
                CONTROL, f"left alone, as {one.control:.0%} are, to see what it brings"
            )
            continue
        if one.reaches:
            contacts.of_person[one.person_id].append((one.due_at, one.rule))
            contacts.on_day["", day_in_zone(one.due_at, timezone)] += 1
        yield GuardVerdict(PLANNED)


def is_left_alone(rule: str, person_id: str, share: float) -> bool:
    """Whether a person is of the share that a rule leaves alone: always the same for a person."""
    digest = hashlib.blake2b(f"{rule}\n{person_id}".encode(), digest_size=_BITS // 8).digest()
    return bool(int.from_bytes(digest, "big") < share * 2**_BITS)


def _too_old(one: WantedAction, now: int) -> str:
    age = now - one.fired_at
    if age <= TOO_OLD_MICROSECONDS:
        return ""
    return f"it came about {age / MICROSECONDS_PER_DAY:.0f} days ago, too long to act on now"


def _too_soon(one: WantedAction, contacts: Contacts, timezone: str) -> str:
    """Why another contact of the person stands in the way.

    Whole days are those of the calendar: a mail of each Tuesday at 9 left last week a few seconds
    or minutes after 9, and with 7 days between it must not be held back for those.
    """
    span, due = one.cool_down_days, day_in_zone(one.due_at, timezone)
    for at, rule in contacts.of_person.get(one.person_id, ()):
        apart = abs(one.due_at - at) / MICROSECONDS_PER_DAY
        if apart < span and (span < 1.0 or abs(due - day_in_zone(at, timezone)) < span):
            if rule != one.rule:
                return f'"{rule}" reaches this person within {one.cool_down_days:g} days'
            return f"this rule reaches this person within {one.cool_down_days:g} days already"
    return ""


def _too_many(one: WantedAction, contacts: Contacts, a_day: int, timezone: str) -> str:
    if contacts.on_day["", day_in_zone(one.due_at, timezone)] >= a_day:
        return f"{a_day:,} contacts a day are the limit of all rules"
    return "" if one.a_day is None else _rule_is_full(one, contacts, timezone)


def _rule_is_full(one: WantedAction, contacts: Contacts, timezone: str) -> str:
    if contacts.on_day[one.rule, day_in_zone(one.due_at, timezone)] >= (one.a_day or 0):
        return f"{one.a_day:,} a day are the limit of this rule"
    return ""
