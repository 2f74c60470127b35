"""Jinja's environment: templates of this folder, escaping everywhere, one set of number formats."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from redumbrella.workflows import wording

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


def environment() -> Environment:
    """Templates that escape every value and fail on an unknown name."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        percent=wording.percent,
        interval=wording.interval,
        expectation=wording.expectation,
        count=wording.count,
        decimal=wording.decimal,
        money=wording.money,
        money_interval=wording.money_interval,
        moment=wording.moment,
        day=wording.iso_day,
        factor=wording.factor,
        plain=wording.plain,
        segment=lambda text: quote(str(text), safe=""),
        chance=wording.chance_from_log_odds,
    )
    found.globals.update(regimes=wording.REGIMES, verdicts=wording.VERDICTS, query=query_string)
    return found


def query_string(parameters: Mapping[str, Any], **changes: Any) -> str:
    """'?a=1&b=2' from the parameters with some changed; empty ones are left out."""
    merged = {**parameters, **changes}
    kept = {name: value for name, value in merged.items() if value not in ("", None)}
    return f"?{urlencode(kept)}" if kept else "?"
