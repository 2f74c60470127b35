"""What a target with one model per product keeps beside its score model: columns, models, prices.

The score model answers whether a person buys anything; this one answers what.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from redumbrella.features.history import HistoryEncoder
from redumbrella.models.base import Parts, Vector
from redumbrella.models.model_folder import ModelFiles
from redumbrella.models.products.products import Products
from redumbrella.models.registry import LeadModel, features_of

FILE, ARRAYS = "products.json", "products.npz"


@dataclass(frozen=True, eq=False)
class ProductModel:
    """products: the fitted models. prices: (k,) mean amount of a sale.
    shares: (k,) share of the lessons in which it was bought.

    base: the score model with the window variables that tell products apart. figures: what was
    measured on a later period, for the report.
    """

    products: Products
    base: LeadModel
    prices: Vector
    shares: Vector
    figures: Mapping[str, Any]


def save_product_model(folder: Path, model: ProductModel) -> None:
    """Writes it into the folder of the score model, as JSON and arrays."""
    parts = model.products.to_parts()
    history = model.base.history
    document = {
        "history": None if history is None else history.to_json(),
        "figures": dict(model.figures),
        "products": parts.facts,
    }
    (folder / FILE).write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))
    arrays: dict[str, Any] = {
        "prices": model.prices,
        "shares": model.shares,
        **parts.arrays,
    }
    np.savez_compressed(folder / ARRAYS, **arrays)


def load_product_model(files: ModelFiles, model: LeadModel) -> ProductModel | None:
    """Reads what `save_product_model` wrote beside the score model; None if it is not there."""
    if FILE not in files:
        return None
    with files.parsing():
        return _read(files.document(FILE), files.arrays(ARRAYS), model)


def _read(document: Mapping[str, Any], arrays: dict[str, Any], model: LeadModel) -> ProductModel:
    prices, shares = arrays.pop("prices"), arrays.pop("shares")
    arrays.pop("reference", None)  # earlier versions graded by it
    base = seeing(model, _history_from(document["history"]))
    products = Products.from_parts(Parts(document["products"], arrays), features_of(base))
    return ProductModel(products, base, prices, shares, document["figures"])


def seeing(model: LeadModel, history: HistoryEncoder | None) -> LeadModel:
    """The score model with other window variables and no clock: people have regular instants."""
    return replace(model, history=history, arrival=None)


def _history_from(document: Mapping[str, Any] | None) -> HistoryEncoder | None:
    return None if document is None else HistoryEncoder.from_json(document)


SHOWN = 10  # products of each person that are kept, the likeliest ones
