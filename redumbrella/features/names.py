"""Names of the variables, and the plain sentence that a name and a value stand for.

In: a stream and a feature set, or one name and its value. Out: `events.pricing_view.count.7d`;
"viewed pricing 4 times in the last 7 days". Promise: names are unique, a name can be taken apart
again whatever characters the codes contain, and every name has a sentence for every value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.kernel.blocks import SCOPES, Scope
from redumbrella.features.kernel.streams import OTHER, Stream
from redumbrella.features.kernel.windows import (
    ALL,
    FAMILIES,
    FAMILY_NAMES,
    FeatureSet,
    layout,
)
from redumbrella.figures import percent, quantity

ANY = "any"  # the code of variables about a stream as a whole

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
_ANY_PHRASES = {
    "events": "was active",
    "pages": "visited pages",
    "purchases": "bought something",
    "activities": "was in contact with us",
    "bought": "bought something",
    "looked_at": "looked at products",
    "discussed": "talked with us about products",
}
# Streams whose codes are ids of products.
_PRODUCT_STREAMS = {
    "bought": "bought",
    "looked_at": "looked at",
    "discussed": "talked with us about",
}
# Codes that Red Umbrella gives to purchases itself.
_PURCHASES = {
    "purchase": "bought",
    "refund": "got money back",
    "cancellation": "cancelled a purchase",
    "other": "bought something else",
}
# "has was" is no English: the few phrases whose participle is not their past tense.
_PARTICIPLES = {
    "was active": "been active",
    "was in contact with us": "been in contact with us",
    "bought something": "bought anything",
}
_SCOPE_TEXT = {
    "this_product": " about this product",
    "this_product_type": " about this type of product",
}


class FeatureName(NamedTuple):
    """A variable's name taken apart; `window` of a trend is the pair, as in `7d/14d`."""

    stream: str
    code: str
    family: str
    scope: str
    window: str

    def __str__(self) -> str:
        parts = (self.stream, self.code, self.family, self.scope, self.window)
        return ".".join(part for part in parts if part)


def column_names(stream: Stream, feature_set: FeatureSet, scope: Scope = "") -> list[str]:
    """The name of every column of a stream, in the order of the kernel's matrix."""
    plan = layout(
        feature_set,
        len(stream.codes),
        has_duration=stream.has_duration,
        has_value=stream.has_value,
    )
    tail = f".{scope}" if scope else ""
    of_code = _variables(plan.of_code, feature_set.window_names, tail)
    of_stream = _variables(plan.of_stream, feature_set.window_names, tail)
    named = [f"{stream.name}.{code}.{rest}" for code in stream.codes for rest in of_code]
    return named + [f"{stream.name}.{ANY}.{rest}" for rest in of_stream]


def groups_alike(names: Sequence[str]) -> NDArray[np.int64]:
    """Numbers (n,) that are equal for one variable in different windows."""
    stems = [name.rpartition(".")[0] for name in names]
    numbers = {stem: number for number, stem in enumerate(dict.fromkeys(stems))}
    return np.array([numbers[stem] for stem in stems], np.int64)


def _variables(block: NDArray[np.int32], windows: tuple[str, ...], tail: str) -> list[str]:
    """The names within one block without stream and code, such as `count.7d`."""
    names = []
    for number, _, first, end in block.tolist():
        family = FAMILIES[number]
        for w in range(first, end):
            pair = f"/{windows[w + 1]}" if family.windows == "pairs" else ""
            names.append(f"{family.name}{tail}.{windows[w]}{pair}")
    return names


def parse_name(name: str) -> FeatureName:
    """Take a name apart, from the right: codes may contain dots.

    Raises:
        DataError: the name is not one of a window variable.
    """
    stream, _, rest = name.partition(".")
    parts = rest.split(".")
    scope = parts.pop(-2) if len(parts) > 3 and parts[-2] in SCOPES else ""
    if len(parts) < 3 or parts[-2] not in FAMILY_NAMES:
        raise DataError(
            f'"{name}" is not the name of a window variable. Expected stream.code.family.window, '
            "such as events.pricing_view.count.7d.",
            reason="unknown_variable",
        )
    return FeatureName(stream, ".".join(parts[:-2]), parts[-2], scope, parts[-1])


def sentence(name: str, value: float, phrases: Mapping[str, str] | None = None) -> str:
    """What a variable's value says about a person, in plain English, without a full stop.

    `phrases` gives the past-tense words for codes ("webinar_42": "attended the spring webinar");
    other codes are put into words from their names.

    Raises:
        DataError: the name is not one of a window variable.
    """
    parts = parse_name(name)
    phrase = (phrases or {}).get(parts.code) or phrase_of(parts.stream, parts.code)
    phrase += _SCOPE_TEXT.get(parts.scope, "")
    if not value and parts.family not in _ZERO_HAS_MEANING:
        phrase = _PARTICIPLES.get(phrase, phrase)
        return f"has never {phrase}" if parts.window == ALL else f"has not {phrase} {_when(parts)}"
    return _SENTENCES[parts.family](phrase, value, parts)


def value_in_words(name: str, value: float) -> str:
    """A variable's value alone, with its unit: "14 days ago", "35%", "4".

    Raises:
        DataError: the name is not one of a window variable.
    """
    family = parse_name(name).family
    if family in {"last_seen", "first_seen"}:
        return _ago(value) if value else "never"
    if family in _SHARES:
        return percent(value, 0)
    if family in {"duration_total", "duration_mean"}:
        return _length(value)
    return f"{value:.1f} times" if family == "share_trend" else quantity(value)


def phrase_of(stream: str, code: str) -> str:
    """Past-tense words for a code: "viewed pricing" for `pricing_view` of `events`."""
    words = _words(code)
    if code == ANY:
        return _ANY_PHRASES.get(stream, f"had any of the {_words(stream)}")
    if stream == "pages":
        return f"visited {words} pages"
    if stream == "purchases":
        return _PURCHASES.get(words, f"bought {words}")
    if stream in _PRODUCT_STREAMS:
        return f"{_PRODUCT_STREAMS[stream]} {code if code != OTHER else 'something else'}"
    if stream == "activities":
        kind, _, outcome = words.partition("/")
        article = "an" if kind[:1] in "aeiou" else "a"
        return f"had {article} {kind}" + (f" ({outcome})" if outcome else "")
    return _act_phrase(words) or f"had “{words}”"


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


def _period(window: str, text: str, always: str) -> str:
    if window == ALL:
        return always
    days = int(window.rstrip("d"))
    return text.format("24 hours" if days == 1 else f"{days} days")


def _times(count: float, unit: str) -> str:
    """A count with its unit in singular or plural: "1 time", "4 times"."""
    return f"{count:,.0f} {unit}{'' if round(count) == 1 else 's'}"


def _length(seconds: float) -> str:
    """A duration in the unit that a person would use."""
    if seconds < 60:
        return _times(seconds, "second")
    if seconds < 3600:
        return _times(seconds / 60, "minute")
    hours = seconds / 3600
    return _times(hours, "hour") if hours >= 10 else f"{hours:.1f} hours"


def hours_since(freshness: float) -> int:
    """Whole hours since the fact that a freshness stands for: the inverse of 24 / (24 + hours)."""
    return round(24 / freshness - 24)


def _ago(freshness: float) -> str:
    hours = hours_since(freshness)
    if hours == 0:
        return "within the last hour"
    return f"{_times(hours, 'hour')} ago" if hours < 48 else f"{_times(hours // 24, 'day')} ago"


def _trend(what: str) -> Callable[[str, float, FeatureName], str]:
    def say(phrase: str, value: float, parts: FeatureName) -> str:
        shorter, _, longer = parts.window.partition("/")
        recent = _period(shorter, "the last {}", "the whole history")
        whole = _period(longer, "the last {}", "the whole history")
        return f"{phrase}: {percent(value, 0)} of the {what} of {whole} were in {recent}"

    return say


def _share_trend(phrase: str, value: float, parts: FeatureName) -> str:
    shorter, _, longer = parts.window.partition("/")
    recent = _period(shorter, "the last {}", "the whole history")
    whole = _period(longer, "the last {}", "the whole history")
    share = f"{phrase}: its share of all {parts.stream} in {recent}"
    return f"{share} is {value:.1f} times that of {whole}"


_SHARES = {"share", "long_share", "count_trend", "active_days_trend", "duration_trend"}
_ZERO_HAS_MEANING = {"long_share", "duration_total", "duration_mean", "value_total", "value_max"}
_SENTENCES: dict[str, Callable[[str, float, FeatureName], str]] = {
    "count": lambda phrase, value, parts: f"{phrase} {_times(value, 'time')} {_when(parts)}",
    "active_days": lambda phrase, value, parts: (
        f"{phrase} on {_times(value, 'day')} {_when(parts)}"
    ),
    "duration_total": lambda phrase, value, parts: (
        f"{phrase} for {_length(value)} in total {_when(parts)}"
    ),
    "duration_mean": lambda phrase, value, parts: (
        f"{phrase} for {_length(value)} on average {_when(parts)}"
    ),
    "long_share": lambda phrase, value, parts: (
        f"{phrase}: {percent(value, 0)} of them long {_when(parts)}"
    ),
    "share": lambda phrase, value, parts: (
        f"{phrase}: {percent(value, 0)} of all {parts.stream} {_when(parts)}"
    ),
    "value_total": lambda phrase, value, parts: (
        f"{phrase} for {value:,.2f} in total {_when(parts)}"
    ),
    "value_max": lambda phrase, value, parts: f"{phrase} for {value:,.2f} at most {_when(parts)}",
    "last_seen": lambda phrase, value, _: f"last {phrase} {_ago(value)}",
    "first_seen": lambda phrase, value, parts: (
        f"first {phrase} {_ago(value)}"
        if parts.window == ALL
        else f"first {phrase} {_ago(value)}, counting {_period(parts.window, 'the last {}', '')}"
    ),
    "seen": lambda phrase, _value, _parts: f"has {phrase}",
    "count_trend": _trend("times"),
    "active_days_trend": _trend("days"),
    "duration_trend": _trend("seconds"),
    "share_trend": _share_trend,
    "distinct": lambda phrase, value, parts: (
        f"{phrase} of {_times(value, 'different kind')} {_when(parts)}"
    ),
    "spread": lambda phrase, value, parts: (
        f"{phrase} as varied as {value:.1f} equally frequent kinds {_when(parts)}"
    ),
}
