"""Put a model version into use: an earlier one again, or one that was trained later.

A version comes in, or a target whose model before the one in use is wanted; the state notes it as
current. The scores on the list stay those of the other model until the leads are scored anew.
"""

from dataclasses import dataclass

from redumbrella.errors import ModelError
from redumbrella.state.models import model_before, use_model
from redumbrella.views.models import report_of
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class Promoted:
    """Which model of a target is in use now, which was before, and what is to be done next."""

    target: str
    version: str
    former: str | None
    said: str


def promote(workspace: Workspace, version: str) -> Promoted:
    """Puts a model version into use. That in use already stays so.

    Raises NotFoundError for an unknown version, ModelError where its files are gone or damaged or
    where it was trained for another question than umbrella.toml asks.
    """
    # Brings the models along, for which no page should wait.
    from redumbrella.workflows.model_in_use import open_model

    with recorded(workspace, "promote") as run:
        target = report_of(workspace, version).facts.target
        open_model(workspace.models / version, workspace.settings.target(target))
        with workspace.state.writing() as connection:
            former = use_model(connection, version)
        run.message = f'model {version} for "{target}", before: {former or "none"}'
    scored = f"umbrella score --target {target}"
    said = f"The list still has the scores of {former}. Make them anew: `{scored}`. "
    said += "`umbrella run` trains another model as soon as there is new data."
    if former == version:
        said = "It was in use already."
    return Promoted(target, version, former, said)


def roll_back(workspace: Workspace, target: str | None = None) -> Promoted:
    """Puts the model into use that was trained before the one in use.

    Raises ModelError where there is none.
    """
    name = workspace.settings.target(target).name
    with workspace.state.reading() as connection:
        version = model_before(connection, name)
    if version is None:
        message = f'There is no model of "{name}" before the one in use.'
        raise ModelError(message, reason="no_model")
    return promote(workspace, version)
