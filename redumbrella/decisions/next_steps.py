"""What a line of today's list says: why now, and what to do next.

In: the last contact with a lead, what it did since, and the day. Out: two short texts.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from redumbrella.decisions.contacts import LastContact

# Outcomes of a contact in which nobody was spoken to, in letters only.
_UNREACHED = (
    "noanswer", "notreached", "unreached", "missed", "voicemail", "busy", "noreply", "unanswered",
    "nichterreicht", "pasderéponse", "failed",
)  # fmt: skip


AS_AGREED = "Call back as agreed"


@dataclass(frozen=True)
class SeenSince:
    """What a lead did since an instant: how many events, the last one's time and page or kind."""

    events: int
    last_at: datetime
    what: str


@dataclass(frozen=True)
class Calendar:
    """Today and the time zone in which days are told."""

    today: date
    timezone: str

    def days_since(self, moment: datetime) -> int:
        """How many days of the calendar an instant is ago."""
        return (self.today - moment.astimezone(ZoneInfo(self.timezone)).date()).days

    def day(self, moment: datetime) -> str:
        """'today', 'yesterday', '5 days ago', '3 May', '3 May 2025'."""
        when, ago = moment.astimezone(ZoneInfo(self.timezone)).date(), self.days_since(moment)
        if ago <= 0:
            return "today"
        if ago == 1:
            return "yesterday"
        if ago < 7:
            return f"{ago} days ago"
        return f"{when.day} {when:%B}" + ("" if when.year == self.today.year else f" {when.year}")


def why_now(
    created: datetime | None, last: LastContact | None, seen: SeenSince | None, calendar: Calendar
) -> str:
    """Why to contact a lead today: what it did since the last contact, or that nobody did yet."""
    if last is None:
        came = "" if created is None else f"came {calendar.day(created)}, "
        head = f"{came}nobody has contacted it yet"
        return head if seen is None else f"{head}; {_active(seen)} since, {_latest(seen, calendar)}"
    outcome = "no answer" if is_unreached(last) else _words(last.outcome)
    contact = f"the {_words(last.kind)} {calendar.day(last.at)}" + f" ({outcome})" * bool(outcome)
    if seen is None:
        return f"nothing new since {contact}"
    return f"{_active(seen)} since {contact}, {_latest(seen, calendar)}"


def agreed_on(day: date, calendar: Calendar) -> str:
    """Why to contact a lead that wanted to be contacted on a day which has come."""
    if day == calendar.today:
        return "you agreed on today"
    year = "" if day.year == calendar.today.year else f" {day.year}"
    return f"you agreed on {day.day} {day:%B}{year}, which has passed"


def next_step(last: LastContact | None, stage: str) -> str:
    """What to do: contact it for the first time, try again, or go on where it stands."""
    if last is None:
        return "First contact"
    if is_unreached(last):
        return f"Try again ({_ordinal(last.times + 1)} try)"
    return f"Follow up the {_words(last.kind)}" + f", stage {stage}" * bool(stage)


def is_unreached(last: LastContact) -> bool:
    """Whether nobody was spoken to in the last contact."""
    return "".join(c for c in last.outcome.casefold() if c.isalpha()) in _UNREACHED


def _active(seen: SeenSince) -> str:
    return "active once" if seen.events == 1 else f"active {seen.events} times"


def _latest(seen: SeenSince, calendar: Calendar) -> str:
    what = f" ({_words(seen.what)})" if seen.what else ""
    return ("" if seen.events == 1 else "last ") + calendar.day(seen.last_at) + what


def _words(code: str) -> str:
    return " ".join(code.replace("_", " ").split())


def _ordinal(number: int) -> str:
    last = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"
