"""The company's objectives: the weights in use, every version of them, and what setting one did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redumbrella.clock import to_datetime
from redumbrella.decisions.qualification import CRITERIA, Weights
from redumbrella.state.weights import changes_of, list_weightings, newest_weighting
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class WeightsHistory:
    """The weights in use and all versions, newest first."""

    current: Weights
    versions: tuple[Weights, ...]


def current_weights(workspace: Workspace) -> Weights:
    """The newest weights that people set, else those of umbrella.toml."""
    with workspace.state.reading() as connection:
        newest = newest_weighting(connection)
    return _of_settings(workspace) if newest is None else _of_row(newest)


def weights_history(workspace: Workspace) -> WeightsHistory:
    """The weights in use and every version of them, newest first, umbrella.toml's last."""
    with workspace.state.reading() as connection:
        versions = [*map(_of_row, list_weightings(connection)), _of_settings(workspace)]
    return WeightsHistory(versions[0], tuple(versions))


def change_to(workspace: Workspace, version: int) -> dict[str, Any] | None:
    """What setting this version did: a `Reweighed` as it was written down; None when unknown."""
    with workspace.state.reading() as connection:
        return changes_of(connection, version)


def _of_row(row: Mapping[str, Any]) -> Weights:
    return Weights(
        row["id"], row["weights"], to_datetime(row["set_at"]), row["set_by"], row["note"]
    )


def _of_settings(workspace: Workspace) -> Weights:
    given = workspace.settings.qualification
    return Weights(0, {name: getattr(given, name) for name in CRITERIA}, note="umbrella.toml")
