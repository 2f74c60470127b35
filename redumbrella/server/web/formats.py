"""Jinja's environment: templates of this folder, escaping everywhere, one set of number formats."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from redumbrella.figures import (
    chance_from_log_odds,
    count,
    decimal,
    factor,
    interval,
    iso_day,
    moment,
    money,
    money_interval,
    percent,
    percentage_points,
    plain,
)
from redumbrella.reports.changes import CAUSES
from redumbrella.reports.wording import REGIMES, basis, expectation
from redumbrella.views.automations import counts_by_state
from redumbrella.views.outbox import STATE_WORDS, state_reason
from redumbrella.views.totals import total_words
from redumbrella.visible import visible

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


def _shown(value: object) -> object:
    """What a template writes: texts without characters that turn the order of letters round."""
    return visible(value) if type(value) is str else value


def environment() -> Environment:
    """Templates that escape every value and fail on an unknown name."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    found.filters.update(
        percent=percent,
        points=percentage_points,
        interval=interval,
        expectation=expectation,
        count=count,
        decimal=decimal,
        total=total_words,
        money=money,
        money_interval=money_interval,
        moment=moment,
        day=iso_day,
        factor=factor,
        plain=plain,
        with_code=with_code,
        segment=lambda text: quote(str(text), safe=""),
        chance=chance_from_log_odds,
    )
    found.globals.update(
        regimes=REGIMES,
        causes=CAUSES,
        basis=basis,
        query=query_string,
        lead_address=lead_address,
        lead_path=lead_path,
        rule_path=rule_path,
        counted=counts_by_state,
        action_states=STATE_WORDS,
        state_reason=state_reason,
    )
    return found


def lead_address(row: Mapping[str, Any], default_target: str, insist: str = "") -> str:
    """The page of one lead; its target and product where the id alone is not enough."""
    target = "" if row["target"] == default_target else row["target"]
    more = query_string({"target": target, "product": row["product_id"], "insist": insist})
    return lead_path(row["lead_id"], more)


def lead_path(lead_id: object, more: str = "?") -> str:
    """Path and query of one lead; an id of dots, which browsers take for folders, goes behind."""
    text, more = str(lead_id), more.removeprefix("?")
    if text in (".", ".."):
        return f"/leads/?id={text}{'&' * bool(more)}{more}"
    return f"/leads/{quote(text, safe='')}{'?' * bool(more)}{more}"


def rule_path(name: str) -> str:
    """The page of a rule; names are the same in capitals, and /automations/new is the form."""
    return f"/automations/{quote(name.upper() if name == 'new' else name, safe='')}"


def with_code(text: str) -> Markup:
    """An escaped message in which what stands between backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def query_string(parameters: Mapping[str, Any], **changes: Any) -> str:
    """'?a=1&b=2' from the parameters with some changed; empty ones are left out."""
    merged = {**parameters, **changes}
    kept = {name: value for name, value in merged.items() if value not in ("", None)}
    return f"?{urlencode(kept)}" if kept else "?"
