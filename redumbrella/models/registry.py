"""Model families by name, and trained models as JSON and arrays, never a pickle.

How their folder is written, listed and checked stands in `model_folder`.

`FAMILIES` is the list of what is compared: adding a family there enrols it in the comparison, the
report and the contract tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import scipy.sparse as sp

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
from redumbrella.models.model_folder import ModelFiles, write_model_folder
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
DOCUMENT, ARRAYS = "model.json", "arrays.npz"
LABELS = {name: family.label for name, family in FAMILIES.items()} | {"blend": "Blend"}


@dataclass(frozen=True)
class LeadModel:
    """Everything needed to score: encoders, arrival, model, intervals.

    history: what was learned about the streams of facts, None where the record is all there is.
    usual: per field, the value most leads have. question: what the target asked for at training.
    times: fields that are the same for all leads of a period.
    """

    version: str
    target: str
    regime: str
    reliable: bool
    encoder: RecordEncoder
    arrival: ArrivalTime | None
    blend: Blend
    spread: Spread
    usual: Mapping[str, Any]
    history: HistoryEncoder | None = None
    question: Mapping[str, Any] = field(default_factory=dict)
    times: tuple[str, ...] = ()

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
    """Writes the model whole: a killed run leaves no half model.

    add: writes further files into its folder. Raises ModelError where the disk does not take it.
    """
    blends = {"blend": model.blend}
    for number, (first, second) in enumerate(model.spread.pairs):
        blends[f"half.{number}.a"], blends[f"half.{number}.b"] = first, second
    parts = prefixed({key: _blend_parts(blend) for key, blend in blends.items()})
    features = features_of(model)
    document = {
        "version": model.version,
        "target": model.target,
        "question": dict(model.question),
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
            "level": model.spread.level,
        },
        "usual": dict(model.usual),
        "times": list(model.times),
        "blends": parts.facts,
    }

    arrays: dict[str, Any] = dict(parts.arrays)

    def write(place: Path) -> None:
        content = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
        (place / DOCUMENT).write_bytes(content)
        np.savez_compressed(place / ARRAYS, **arrays)
        if add is not None:
            add(place)

    write_model_folder(folder, write)


def load_model(files: ModelFiles) -> LeadModel:
    """The model that `write_model` wrote, from its checked files."""
    with files.parsing():
        return _read(files.document(DOCUMENT), files.arrays(ARRAYS))


def _read(document: Mapping[str, Any], arrays: dict[str, Any]) -> LeadModel:
    features = tuple(
        Feature(f["name"], f["source"], f["kind"], tuple(f["levels"])) for f in document["features"]
    )
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
        spread=Spread(
            pairs,
            spread["scale"],
            spread["typical"],
            spread["base"],
            spread["doubt"],
            spread.get("level", 0.0),  # models of earlier versions do not know it
        ),
        usual=document["usual"],
        times=tuple(document.get("times", ())),  # models saved earlier did not know them
        history=_history_from(document["history"]),
        question=document["question"],
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
