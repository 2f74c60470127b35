"""Model families by name, and trained models on disk: JSON and arrays in one folder, no pickle.

`FAMILIES` is the list of what is compared: adding a family there enrols it in the comparison, the
report and the contract tests.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import orjson
import scipy.sparse as sp

from redumbrella.errors import ModelError
from redumbrella.features.matrix import Design, Feature, beside
from redumbrella.features.records import RecordEncoder
from redumbrella.models.base import Family, Parts, Vector, prefixed, unprefixed
from redumbrella.models.blend import Blend
from redumbrella.models.calibration import Calibration
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.bg_nbd_offset import BgNbdOffset
from redumbrella.models.families.boosted import Boosted
from redumbrella.models.families.linear_logistic import LinearLogistic
from redumbrella.models.families.naive_bayes import NaiveBayes
from redumbrella.models.families.neural import Neural
from redumbrella.models.families.pairs import Pairs
from redumbrella.models.families.points import Points
from redumbrella.models.families.prior import Prior
from redumbrella.models.uncertainty import Spread
from redumbrella.training.arrival import ArrivalTime

if TYPE_CHECKING:
    from redumbrella.features.history import Asked, History, HistoryEncoder

FAMILIES: dict[str, type[Family]] = {
    family.name: family
    for family in (
        Prior,
        Points,
        BgNbdOffset,
        NaiveBayes,
        LinearLogistic,
        AdditiveLogistic,
        Pairs,
        Boosted,
        Neural,
    )
}
COMPLEXITY = {name: family.complexity for name, family in FAMILIES.items()} | {"blend": 9}
FORMAT = 2  # raised when what is stored would be read as another model
LABELS = {name: family.label for name, family in FAMILIES.items()} | {"blend": "Blend"}


@dataclass(frozen=True)
class LeadModel:
    """Everything needed to score: encoders, arrival, model, intervals, reference.

    history: what was learned about the streams of facts, None where the record is all there is.
    usual: per field, the value most leads have, as text. reference: sorted probabilities given to
    closed leads out of sample, to grade by.
    """

    version: str
    target: str
    regime: str
    reliable: bool
    encoder: RecordEncoder
    arrival: ArrivalTime | None
    blend: Blend
    spread: Spread
    usual: Mapping[str, str]
    reference: Vector
    history: HistoryEncoder | None = None

    def design(
        self,
        leads: Any,
        position: Vector,
        history: History | None = None,
        asked: Asked | None = None,
    ) -> Design:
        """Leads (an Arrow table of n rows) and their positions in time as a design.

        history, asked: everybody's facts and the same n rows as questions to them; needed where
        the model has learned from histories.
        """
        design = self.encoder.transform(leads)
        if self.history is not None and history is not None and asked is not None:
            design = with_history(design, self.history, history, asked)
        return design if self.arrival is None else self.arrival.beside(design, position)


def with_history(design: Design, encoder: HistoryEncoder, history: History, asked: Asked) -> Design:
    """The design of the records with what each row's person had done by then beside it."""
    return beside(
        design,
        encoder.profile_features,
        encoder.profile(history, asked),
        encoder.history_features,
        encoder.matrix(history, asked),
    )


def write_model(folder: Path, model: LeadModel, add: Callable[[Path], None] | None = None) -> None:
    """Writes the model beside its final place and renames it: a killed run leaves no half model.

    add: writes further files into the folder before that.
    """
    blends = {"blend": model.blend}
    for number, (first, second) in enumerate(model.spread.pairs):
        blends[f"half.{number}.a"], blends[f"half.{number}.b"] = first, second
    parts = prefixed({key: _blend_parts(blend) for key, blend in blends.items()})
    features = features_of(model)
    document = {
        "format": FORMAT,
        "version": model.version,
        "target": model.target,
        "regime": model.regime,
        "reliable": model.reliable,
        "encoder": model.encoder.to_json(),
        "clock": None if model.arrival is None else model.arrival.to_json(),
        "history": None if model.history is None else model.history.to_json(),
        "features": [asdict(feature) for feature in features],
        "spread": {
            "pairs": len(model.spread.pairs),
            "scale": model.spread.scale,
            "typical": model.spread.typical,
            "base": model.spread.base,
            "doubt": model.spread.doubt,
        },
        "usual": dict(model.usual),
        "blends": parts.facts,
    }
    temporary = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    (temporary / "model.json").write_bytes(
        orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    )
    arrays: dict[str, Any] = {"reference": model.reference, **parts.arrays}
    np.savez_compressed(temporary / "arrays.npz", **arrays)
    if add is not None:
        add(temporary)
    temporary.rename(folder)


def load_model(folder: Path) -> LeadModel:
    """Reads a model that `write_model` wrote. Raises ModelError when it is not there or broken."""
    try:
        with (
            (folder / "arrays.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in stored.files}
        document = orjson.loads((folder / "model.json").read_bytes())
        _require_known(folder, document["format"])
        return _read(document, arrays)
    except (OSError, ValueError, EOFError, KeyError, TypeError, BadZipFile) as problem:
        raise ModelError(
            f"The model in {folder} cannot be read ({problem!r}). Train again: umbrella train.",
            reason="model_unreadable",
        ) from None


def _require_known(folder: Path, form: int) -> None:
    """Refuses what another version wrote: read as ours, it would give other scores."""
    if form != FORMAT:
        raise ModelError(
            f"The model in {folder} was written by another version of Red Umbrella (format {form}, "
            f"this one reads {FORMAT}). Train again: umbrella train.",
            reason="model_unreadable",
        )


def _read(document: Mapping[str, Any], arrays: dict[str, Any]) -> LeadModel:
    features = tuple(
        Feature(f["name"], f["source"], f["kind"], tuple(f["levels"])) for f in document["features"]
    )
    reference = arrays.pop("reference")
    parts = Parts(document["blends"], arrays)
    spread = document["spread"]
    pairs = tuple(
        (
            _blend_from(unprefixed(parts, f"half.{number}.a"), features),
            _blend_from(unprefixed(parts, f"half.{number}.b"), features),
        )
        for number in range(spread["pairs"])
    )
    return LeadModel(
        version=document["version"],
        target=document["target"],
        regime=document["regime"],
        reliable=document["reliable"],
        encoder=RecordEncoder.from_json(document["encoder"]),
        arrival=None if document["clock"] is None else ArrivalTime.from_json(document["clock"]),
        blend=_blend_from(unprefixed(parts, "blend"), features),
        spread=Spread(pairs, spread["scale"], spread["typical"], spread["base"], spread["doubt"]),
        usual=document["usual"],
        reference=reference,
        history=_history_from(document.get("history")),
    )


def _history_from(document: Mapping[str, Any] | None) -> HistoryEncoder | None:
    if document is None:
        return None
    # It brings a compiler along, which quick look-ups need not wait for.
    from redumbrella.features.history import HistoryEncoder

    return HistoryEncoder.from_json(document)


def features_of(model: LeadModel) -> tuple[Feature, ...]:
    """The features of the model's designs, which a design without rows has too."""
    design = Design(model.encoder.features, np.empty((0, len(model.encoder.features))))
    if model.history is not None:
        dense, sparse = model.history.profile_features, model.history.history_features
        none = np.empty((0, len(dense)))
        nothing = sp.csr_matrix((0, len(sparse)), dtype=np.float32)
        design = beside(design, dense, none, sparse, nothing)
    return (design if model.arrival is None else model.arrival.beside(design, np.empty(0))).features


def _blend_parts(blend: Blend) -> Parts:
    members = prefixed({name: family.to_parts() for name, family in blend.members.items()})
    facts = {
        "members": members.facts,
        "weights": dict(blend.weights),
        "calibration": asdict(blend.calibration),
    }
    return Parts(facts, members.arrays)


def _blend_from(parts: Parts, features: tuple[Feature, ...]) -> Blend:
    inner = Parts(parts.facts["members"], parts.arrays)
    members = {
        name: FAMILIES[name].from_parts(unprefixed(inner, name), features)
        for name in parts.facts["members"]
    }
    return Blend(members, parts.facts["weights"], Calibration(**parts.facts["calibration"]))
