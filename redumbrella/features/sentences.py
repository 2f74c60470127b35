"""The plain sentence that a window variable and its value stand for.

In: a variable's name, its value, the usual value. Out: "viewed pricing 4 times in the last 7 days
(usually once)". Promise: every name has a sentence for every value, in grammar that a person would
use on the phone; codes that are no English act are quoted as they are.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from redumbrella.features.kernel.streams import OTHER
from redumbrella.features.kernel.windows import ALL
from redumbrella.features.names import ANY, FeatureName, parse_name
from redumbrella.figures import money, percent, quantity

# Present and past of the acts that kinds of events are named after. The participle is the past.
_ACTS = {
    "view": "viewed",
    "visit": "visited",
    "open": "opened",
    "click": "clicked",
    "download": "downloaded",
    "watch": "watched",
    "play": "played",
    "start": "started",
    "complete": "completed",
    "finish": "finished",
    "submit": "submitted",
    "request": "requested",
    "search": "searched",
    "share": "shared",
    "install": "installed",
    "register": "registered",
    "subscribe": "subscribed",
    "unsubscribe": "unsubscribed",
    "upgrade": "upgraded",
    "cancel": "cancelled",
    "reply": "replied",
    "attend": "attended",
    "rate": "rated",
    "use": "used",
    "add": "added",
    "remove": "removed",
    "invite": "invited",
    "login": "logged in",
    "signup": "signed up",
    "logout": "logged out",
    "pay": "paid",
    "buy": "bought",
}
_PAST = set(_ACTS.values())
# Kinds of contact that have a plural of their own; others are quoted.
_CONTACTS = {
    "appointment", "call", "chat", "contract", "demo", "email", "e-mail", "fax", "invoice",
    "letter", "mail", "meeting", "message", "note", "offer", "presentation", "proposal", "quote",
    "reminder", "sms", "survey", "task", "ticket", "training", "visit", "webinar",
}  # fmt: skip
# What a stream is about as a whole: act, participle where it differs, and one and many of it.
_WHOLE = {
    "events": ("was active", "been active", "event", "events"),
    "pages": ("visited pages", "", "page visit", "page visits"),
    "purchases": ("bought", "bought anything", "purchase", "purchases"),
    "activities": ("was in contact with us", "been in contact with us", "contact", "contacts"),
    "reps": ("was in contact with us", "been in contact with us", "contact", "contacts"),
    "bought": ("bought", "bought anything", "purchase", "purchases"),
    "looked_at": ("looked at products", "", "look at products", "looks at products"),
    "discussed": (
        "talked with us about products",
        "",
        "talk about products",
        "talks about products",
    ),
}
# Codes that Red Umbrella gives to purchases itself.
_PURCHASES = {
    "purchase": ("bought", "", "purchase", "purchases"),
    "refund": ("got money back", "", "refund", "refunds"),
    "cancellation": ("cancelled a purchase", "", "cancellation", "cancellations"),
    "other": ("bought something else", "bought anything else", "other purchase", "other purchases"),
}
_SCOPE_TEXT = {
    "this_product": " about this product",
    "this_product_type": " about this type of product",
}
# Streams whose codes are ids of products: the act, and one and many of it.
_PRODUCT_STREAMS = {
    "bought": ("bought", "purchase of", "purchases of"),
    "looked_at": ("looked at", "look at", "looks at"),
    "discussed": ("talked with us about", "talk about", "talks about"),
}
_NOUNS = {"activities"}  # streams whose facts are counted as things rather than told as acts
_MOST_SENTENCES = 100_000  # kept: many people share one value of one variable


class Act(NamedTuple):
    """What people did: in the past, as a participle, and as one and many things."""

    past: str
    participle: str
    one: str
    many: str


@lru_cache(maxsize=_MOST_SENTENCES)
def sentence(name: str, value: float, usual: float | None = None, currency: str = "") -> str:
    """What a variable's value says about a person, in plain English, without a full stop.

    usual: the value that most people have, None where that is not known. currency: of amounts.

    Raises:
        DataError: the name is not one of a window variable.
    """
    parts = parse_name(name)
    act = act_of(parts.stream, parts.code)
    if scope := _SCOPE_TEXT.get(parts.scope, ""):
        act = Act(*(text + scope for text in act))
    tell = _THINGS if parts.stream in _NOUNS else _DEEDS
    told = tell[parts.family](act, value, parts, currency) if value else _none(act, parts)
    # Beside "has not called" a usual share of the calls, or a usual trend, says nothing.
    if usual is None or parts.family == "seen" or (not value and parts.family in _RELATIVE):
        return told
    habit = _habit(parts, usual, currency)
    if habit == _habit(parts, value, currency):
        return told
    if parts.family == "last_seen" and not value:
        return f"{told} (most have, {habit})"
    return f"{told} (usually {habit})"


def seen_sentence(name: str) -> str:
    """What a variable above zero says: that it happened in its period.

    Raises:
        DataError: the name is not one of a window variable.
    """
    parts = parse_name(name)
    act, when = act_of(parts.stream, parts.code), _when(parts)
    scope = _SCOPE_TEXT.get(parts.scope, "")
    if parts.stream in _NOUNS:
        return f"at least one {act.one}{scope} {when}"
    return f"has {act.participle.replace(' anything', ' something')}{scope} {when}"


def value_in_words(name: str, value: float, currency: str = "") -> str:
    """A variable's value alone, with its unit: "14 days ago", "35 %", "4".

    Raises:
        DataError: the name is not one of a window variable.
    """
    return _value(parse_name(name), value, currency)


def act_of(stream: str, code: str) -> Act:
    """The words for a code: "viewed pricing", "“pricing view” events" for `pricing_view`."""
    past, participle, one, many = _words_of(stream, code)
    return Act(past, participle or past, one, many)


def latest_of(stream: str, code: str) -> str:
    """The newest fact of a stream by its code, after "was": "a call with “no answer”"."""
    if stream == "reps":
        return f"with {code}" if code != OTHER else "with somebody else"
    if code == OTHER:
        return "of another kind"
    if stream == "activities":
        return act_of(stream, code).past.removeprefix("had ")
    words = _words(code)
    if stream == "purchases" and words in _PURCHASES:
        return "without a product on record" if words == "purchase" else f"a {words}"
    return (
        f"to {words} pages" if stream == "pages" else f"“{words if stream == 'events' else code}”"
    )


def _words_of(stream: str, code: str) -> tuple[str, str, str, str]:
    words = _words(code)
    if code == ANY:
        named = _words(stream)
        return _WHOLE.get(stream, (f"had any of the {named}", "", named, named))
    if stream in _PRODUCT_STREAMS:
        return _about_product(stream, code)
    if stream == "reps":
        who = f"with {code}" if code != OTHER else "with somebody else"
        past, participle = f"was in contact {who}", f"been in contact {who}"
        return past, participle, f"contact {who}", f"contacts {who}"
    of_stream = {"pages": _page, "purchases": _purchase, "activities": _contact}
    return of_stream.get(stream, _event)(code, words)


def _page(_code: str, words: str) -> tuple[str, str, str, str]:
    pages = f"{words} pages"
    return f"visited {pages}", "", f"visit to {pages}", f"visits to {pages}"


def _purchase(code: str, words: str) -> tuple[str, str, str, str]:
    own = f"bought “{code}”", "", f"purchase of “{code}”", f"purchases of “{code}”"
    return _PURCHASES.get(words, own)


def _event(_code: str, words: str) -> tuple[str, str, str, str]:
    past = _act_phrase(words) or f"had “{words}”"
    return past, "", f"“{words}” event", f"“{words}” events"


def _about_product(stream: str, code: str) -> tuple[str, str, str, str]:
    name = f"“{code}”" if code != OTHER else "something else"
    past, one, many = _PRODUCT_STREAMS[stream]
    return f"{past} {name}", "", f"{one} {name}", f"{many} {name}"


def _contact(_code: str, words: str) -> tuple[str, str, str, str]:
    kind, _, outcome = words.partition("/")
    one, many = (kind, f"{kind}s") if kind in _CONTACTS else (f"“{kind}”", f"“{kind}”")
    if kind == OTHER:
        one, many = "other contact", "other contacts"
    tail = f" with “{outcome}”" if outcome else ""
    article = "an" if one.lstrip("“")[:1] in "aeiou" else "a"
    had = f"had {article} {one}{tail}"
    return had, "", one + tail, many + tail


def _act_phrase(words: str) -> str:
    """Words of a kind whose first or last one is an act: the act in the past, then its object."""
    if words in _PAST:
        return words
    first, _, after = words.partition(" ")
    before, _, last = words.rpartition(" ")
    for act, object_ in ((last, before), (first, after)):
        past = _ACTS.get(act) or (act if act in _PAST else "")
        if past:
            return f"{past} {object_}".strip()
    return ""


def _words(code: str) -> str:
    return " ".join(code.replace("_", " ").replace("-", " ").lower().split())


def _when(parts: FeatureName) -> str:
    """The period of a variable: "in the last 7 days", "so far"."""
    return _period(parts.window.partition("/")[0], "in the last {}", "so far")


def _both(parts: FeatureName) -> tuple[str, str]:
    """The shorter and the longer period of a trend."""
    shorter, _, longer = parts.window.partition("/")
    return (
        _period(shorter, "the last {}", "the whole history"),
        _period(longer, "the last {}", "the whole history"),
    )


def _period(window: str, text: str, always: str) -> str:
    if window == ALL:
        return always
    days = int(window.rstrip("d"))
    return text.format("24 hours" if days == 1 else f"{days} days")


def _none(act: Act, parts: FeatureName) -> str:
    """What zero says: nothing of it in the (shorter) period."""
    family, when = parts.family, _when(parts)
    if family in {"duration_total", "duration_mean"}:
        return f"{act.many}: no time on record {when}"
    if family == "long_share":
        return f"no long {act.one} {when}"
    if family.startswith("value") and parts.stream != "purchases":
        return f"{act.many}: no value on record {when}"
    if parts.stream in _NOUNS:
        return f"no {act.one} {when}"
    if parts.window == ALL:
        return f"has never {act.participle}"
    return f"has not {act.participle} {when}"


def _count(number: float, unit: str) -> str:
    """A count with its unit in singular or plural: "1 day", "4 days"."""
    return f"{number:,.0f} {unit}{'' if round(number) == 1 else 's'}"


def _times(number: float) -> str:
    return {1: "once", 2: "twice"}.get(round(number)) or _count(number, "time")


def _things(number: float, act: Act) -> str:
    return f"{number:,.0f} {act.one if round(number) == 1 else act.many}"


def _length(seconds: float) -> str:
    """A duration in the unit that a person would use."""
    if seconds < 60:
        return _count(seconds, "second")
    if seconds < 3570:  # what rounds to 60 minutes is an hour
        return _count(seconds / 60, "minute")
    hours = seconds / 3600
    if hours >= 10 or abs(hours - round(hours)) < 0.05:
        return _count(hours, "hour")
    return f"{hours:.1f} hours"


def _ago(freshness: float) -> str:
    """When a fact was, of its freshness 24 / (24 + hours)."""
    hours = round(24 / freshness - 24)
    if hours == 0:
        return "within the last hour"
    return f"{_count(hours, 'hour')} ago" if hours < 48 else f"{_count(hours // 24, 'day')} ago"


def _value(parts: FeatureName, value: float, currency: str) -> str:
    family = parts.family
    if family in {"last_seen", "first_seen"}:
        return _ago(value) if value else "never"
    if not value and (family in _RELATIVE or family.startswith("duration_")):
        return "none"
    tellers: dict[str, Callable[[], str]] = {
        **dict.fromkeys(_SHARES, lambda: percent(value, 0)),
        **dict.fromkeys(("duration_total", "duration_mean"), lambda: _length(value)),
        **dict.fromkeys(("value_total", "value_max"), lambda: money(value, currency)),
        "share_trend": lambda: _factor(value) or "the same",
        "seen": lambda: "yes" if value else "no",
    }
    return tellers.get(family, lambda: quantity(value, 2))()


def _factor(value: float) -> str:
    """How many times as much: "2.5 times", "" for once."""
    said = quantity(value, 2)
    return "" if said == "1" else f"{said} times"


def _habit(parts: FeatureName, usual: float, currency: str) -> str:
    """The usual value within a sentence about another one."""
    if not usual and parts.family.startswith("value"):
        return "nothing"
    if not usual:
        is_counted = parts.stream in _NOUNS or parts.family in {"distinct", "spread", "long_share"}
        return "none" if is_counted else "never" if parts.window == ALL else "not"
    if parts.family == "count" and parts.stream not in _NOUNS:
        return _times(usual)
    if parts.family == "active_days":
        return f"on {_count(usual, 'day')}"
    before = "" if parts.stream in _NOUNS else _BEFORE.get(parts.family, "")
    return before + _value(parts, usual, currency)


_Teller = Callable[[Act, float, FeatureName, str], str]
_SHARES = {"share", "long_share", "count_trend", "active_days_trend", "duration_trend"}
# What stands before a usual value: bought for 20 EUR (usually for 30 EUR).
_BEFORE = {
    **dict.fromkeys(("duration_total", "duration_mean", "value_total"), "for "),
    "value_max": "for up to ",
}
_RELATIVE = _SHARES | {"share_trend", "spread"}


def _trend(what: str) -> _Teller:
    def say(act: Act, value: float, parts: FeatureName, _currency: str) -> str:
        recent, whole = _both(parts)
        subject = what.format(act.many)
        return f"{percent(value, 0)} of the {subject} of {whole} came in {recent}"

    return say


def _share_trend(act: Act, value: float, parts: FeatureName, _currency: str) -> str:
    recent, whole = _both(parts)
    every = _WHOLE.get(parts.stream, ("", "", "", parts.stream))[3]
    high = f"{_factor(value)} as high".lstrip()
    return f"the share of {act.many} among all {every} was {high} in {recent} as in {whole}"


def _share(act: Act, value: float, parts: FeatureName, _currency: str) -> str:
    every = _WHOLE.get(parts.stream, ("", "", "", parts.stream))[3]
    what = "without a product on record" if act.many == every else act.many
    return f"{percent(value, 0)} of all {every} {_when(parts)} were {what}"


def _first(told: str, value: float, parts: FeatureName) -> str:
    counting = (
        "" if parts.window == ALL else f", counting {_period(parts.window, 'the last {}', '')}"
    )
    return f"{told} {_ago(value)}{counting}"


def _with(act: Act, word: str) -> str:
    """The act with `last` or `first`: "last viewed pricing", "was last active"."""
    verb, _, rest = act.past.partition(" ")
    return f"was {word} {rest}" if verb == "was" else f"{word} {act.past}"


def _amount(kind: str) -> _Teller:
    def say(act: Act, value: float, parts: FeatureName, currency: str) -> str:
        if parts.stream in {"purchases", "bought"}:
            return f"{act.past} for {money(value, currency)} {kind} {_when(parts)}"
        return f"{act.many} worth {money(value, currency)} {kind} {_when(parts)}"

    return say


# Sentences that are the same for deeds and for things.
_EITHER: dict[str, _Teller] = {
    "long_share": lambda act, value, parts, _: (
        f"{percent(value, 0)} of the {act.many} {_when(parts)} were long"
    ),
    "share": _share,
    "count_trend": _trend("{}"),
    "active_days_trend": _trend("days with {}"),
    "duration_trend": _trend("time on {}"),
    "share_trend": _share_trend,
    "distinct": lambda act, value, parts, _: (
        f"{_count(value, 'kind')} of {act.many} {_when(parts)}"
    ),
    "spread": lambda act, value, parts, _: (
        f"a mix of about {_count(value, 'kind')} of {act.many} {_when(parts)}"
    ),
    "value_total": _amount("in total"),
    "value_max": _amount("at most"),
}
_DEEDS: dict[str, _Teller] = _EITHER | {
    "count": lambda act, value, parts, _: f"{act.past} {_times(value)} {_when(parts)}",
    "active_days": lambda act, value, parts, _: (
        f"{act.past} on {_count(value, 'day')} {_when(parts)}"
    ),
    "duration_total": lambda act, value, parts, _: (
        f"{act.past} for {_length(value)} in total {_when(parts)}"
    ),
    "duration_mean": lambda act, value, parts, _: (
        f"{act.past} for {_length(value)} on average {_when(parts)}"
    ),
    "last_seen": lambda act, value, _parts, _: f"{_with(act, 'last')} {_ago(value)}",
    "first_seen": lambda act, value, parts, _: _first(_with(act, "first"), value, parts),
    "seen": lambda act, _value, _parts, _: f"has {act.participle}",
}
_THINGS: dict[str, _Teller] = _EITHER | {
    "count": lambda act, value, parts, _: f"{_things(value, act)} {_when(parts)}",
    "active_days": lambda act, value, parts, _: (
        f"{act.many} on {_count(value, 'day')} {_when(parts)}"
    ),
    "duration_total": lambda act, value, parts, _: (
        f"{act.many} lasted {_length(value)} in total {_when(parts)}"
    ),
    "duration_mean": lambda act, value, parts, _: (
        f"{act.many} lasted {_length(value)} on average {_when(parts)}"
    ),
    "last_seen": lambda act, value, _parts, _: f"the last {act.one} was {_ago(value)}",
    "first_seen": lambda act, value, parts, _: (
        f"the first {act.one} {_when(parts)} was {_ago(value)}".replace(" so far", "")
    ),
    "seen": lambda act, _value, _parts, _: f"had {act.many}",
}
