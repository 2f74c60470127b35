"""The model in use, read whole, and only where it answers what umbrella.toml asks today.

In: a model's folder and a target. Out: its checked files and the model. A target that kept its name
and asks for something else is another question, whose answers the model does not have.
"""

from pathlib import Path

from redumbrella.errors import ModelError
from redumbrella.models.model_folder import ModelFiles, read_model_files
from redumbrella.models.registry import LeadModel, load_model
from redumbrella.settings.targets import Target


def open_model(folder: Path, target: Target) -> tuple[ModelFiles, LeadModel]:
    """Raises ModelError where the model is damaged, gone, or was trained for something else."""
    files = read_model_files(folder)
    model = load_model(files)
    differs = target.differs(model.question)
    if differs is not None:
        trained, asked = differs
        raise ModelError(
            f'The model of "{target.name}" in use answers another question: it was trained for '
            f"{trained}, and umbrella.toml now asks for {asked}. Train one for it: umbrella run",
            reason="other_question",
        )
    return files, model


def is_whole(folder: Path) -> bool:
    """Whether the files of a model are those that were written; quick, for none is parsed."""
    try:
        read_model_files(folder)
    except ModelError:
        return False
    return True


def is_usable(folder: Path, target: Target) -> bool:
    """Whether `open_model` would give the model."""
    try:
        open_model(folder, target)
    except ModelError:
        return False
    return True
