"""Which products are alike by what they are."""

import numpy as np
import pyarrow as pa
from recommender_worlds import DAY, START, UTC

from redumbrella.recommenders.content import (
    Catalogue,
    catalogue_of,
    content_features,
    content_weights,
    price_bands,
)

TABLE = pa.table(
    {
        "product_id": ["mug2", "mug1", "lamp", "gone"],
        "name": ["red mug", "blue mug", "steel lamp", None],
        "description": ["for tea", "for tea", None, None],
        "product_type": ["kitchen", "kitchen", "light", None],
        "price": [5.0, 6.0, 80.0, None],
        "listed_at": pa.array([START, None, START + DAY, START], UTC),
        "withdrawn_at": pa.array([None, None, None, START + DAY], UTC),
    }
)
IDS = pa.array(["gone", "lamp", "mug1", "mug2", "sold"])


def test_the_catalogue_follows_the_numbers_of_the_products() -> None:
    found = catalogue_of(TABLE, IDS)
    assert found.text == ("", "steel lamp", "blue mug for tea", "red mug for tea", "")
    assert found.kind == ("", "light", "kitchen", "kitchen", "")
    assert found.sold_at(START).tolist() == [True, False, False, True, False]
    assert found.sold_at(START + DAY).tolist() == [False, True, False, True, False]
    assert catalogue_of(None, IDS).tells is False
    assert Catalogue.empty(3).price.size == 3


def test_cosines_are_those_of_words_type_and_price() -> None:
    features = content_features(catalogue_of(TABLE, IDS))
    length = np.asarray(features.multiply(features).sum(axis=1)).ravel()
    np.testing.assert_allclose(length, [0, 1, 1, 1, 0], atol=1e-6)
    W = content_weights(features, 1).toarray()
    assert W[2, 3] == W[3, 2] > 0.5
    assert W[1, 2] < W[2, 3]
    assert not np.diag(W).any()
    assert not W[0].any()
    assert content_weights(features, 2).shape == (10, 5)
    assert content_weights(features, 1, nearest=1).getnnz(axis=1).max() == 1


def test_products_described_by_the_same_words_are_no_error() -> None:
    table = pa.table({"product_id": [f"{k}" for k in range(30)], "name": ["thing"] * 30})
    features = content_features(catalogue_of(table, table["product_id"].combine_chunks()))
    assert features.shape[0] == 30
    assert content_weights(features, 1).nnz == 0


def test_bands_of_prices() -> None:
    assert price_bands(np.array([np.nan, 1.0])) == [-1, 1]
    assert price_bands(np.array([np.nan])) == [-1]
    assert len(set(price_bands(np.arange(80.0)))) == 8
