"""What the model rests on as a whole: the mean size of each field's contributions, and its sign."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from redumbrella.features.matrix import Design
from redumbrella.models.blend import Blend
from redumbrella.scores.reasons import grouped
from redumbrella.scores.telling import label_of, label_of_history, told_level
from redumbrella.settings.labels import Labels

MAX_LEADS = 1_000
WORDS_NAMED = 3
Row = dict[str, Any]


def importance(
    blend: Blend,
    design: Design,
    labels: Labels,
    words: Mapping[str, tuple[list[str], list[str]]] | None = None,
) -> list[Row]:
    """Fields by their share of all contributions, largest first, over a sample of the leads.

    words: of each text field the words that raise the score most and that lower it most.
    """
    if design.rows == 0:
        return []
    sample = design.take(np.arange(0, design.rows, max(1, design.rows // MAX_LEADS)))
    values = blend.contributions(sample).values
    sources, by_source = grouped(sample.features, values)
    size = np.abs(by_source).mean(axis=0)
    total = float(size.sum())
    if total == 0:
        return []
    order = np.argsort(-size, kind="stable")
    return [
        {
            "feature": sources[k],
            "label": _label(sample, sources[k], labels),
            "share": float(size[k] / total),
            "effect": _effect_of_words(*words[sources[k]])
            if words and sources[k] in words
            else _effect(sample, sources[k], by_source[:, k], labels),
        }
        for k in order
        if size[k] > 0
    ]


def _effect_of_words(raises: list[str], lowers: list[str]) -> str:
    """'“demo”, “pricing” raise it most, “student” lowers it most'."""
    parts = []
    for names, verb in ((raises, "raise"), (lowers, "lower")):
        if names:
            said = ", ".join(f"“{name}”" for name in names[:WORDS_NAMED])
            parts.append(f"{said} {verb}{'s' if len(names[:WORDS_NAMED]) == 1 else ''} it most")
    return ", ".join(parts)


def _label(design: Design, source: str, labels: Labels) -> str:
    deeds = (f.name for f in design.features if f.source == source and f.kind == "history")
    deed = next(deeds, None)
    return label_of(source, labels) if deed is None else label_of_history(deed)


def _effect(design: Design, source: str, contribution: np.ndarray[Any, Any], labels: Labels) -> str:
    """The direction in words, from the field's first column."""
    columns = [
        j
        for j, f in enumerate(design.profile_features)
        if source in (f.source, f.name) and f.kind != "history"
    ]
    if not columns:
        return ""
    feature = design.features[columns[0]]
    x = design.profile[:, columns[0]]
    known = ~np.isnan(x)
    if feature.kind == "category":
        levels = tuple(told_level(source, level, labels) for level in feature.levels)
        return _level_effect(levels, x, contribution)
    if len(columns) > 1 or min(np.unique(v[known]).size for v in (x, contribution)) < 2:
        return ""
    correlation = float(np.corrcoef(_ranks(x[known]), contribution[known])[0, 1])
    if not abs(correlation) >= 0.3:
        return "goes up and down"
    more = "yes" if feature.kind == "flag" else "more"
    return f"{more} raises the score" if correlation > 0 else f"{more} lowers the score"


def _ranks(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.argsort(np.argsort(x)).astype(np.float64)


def _level_effect(
    levels: tuple[str, ...], codes: np.ndarray[Any, Any], contribution: np.ndarray[Any, Any]
) -> str:
    means = {}
    for code in np.unique(codes[~np.isnan(codes)]):
        rows = codes == code
        if rows.sum() >= 5:
            means[levels[int(code)]] = float(contribution[rows].mean())
    if len(means) < 2:
        return ""
    best, worst = max(means, key=lambda k: means[k]), min(means, key=lambda k: means[k])
    return f"{best} raises it most, {worst} lowers it most"
