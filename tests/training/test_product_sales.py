"""Which product a person buys within the horizon: edges, unknown outcomes, rare products."""

import numpy as np

from redumbrella.training.product_sales import LEAST_SALES, UNKNOWN, product_sales


def _sales(*rows: tuple[str, int, int]) -> tuple[np.ndarray, ...]:
    names = np.array([name for name, _, _ in rows], dtype=object)
    person = np.array([who for _, who, _ in rows], np.int32)
    at = np.array([when for _, _, when in rows], np.int64)
    return names, person, at, np.full(len(rows), 5.0)


def _filled(name: str) -> list[tuple[str, int, int]]:
    """So many sales to a person 9 that the product counts, at the instant 0."""
    return [(name, 9, 0)] * LEAST_SALES


def test_a_sale_counts_from_the_instant_itself_to_before_the_end_of_the_horizon() -> None:
    sales = product_sales(
        *_sales(*_filled("tea"), ("tea", 0, 100), ("tea", 1, 109), ("tea", 2, 110))
    )
    asked = np.array([0, 1, 2, 3])
    found = sales.outcome(asked, np.full(4, 100, np.int64), 10)
    assert found[:, 0].tolist() == [1, 1, 0, 0]


def test_a_product_that_did_not_exist_yet_is_unknown_not_refused() -> None:
    sales = product_sales(*_sales(*_filled("old"), *[("new", 8, 500)] * LEAST_SALES))
    place = sales.names.index("new")
    early, late = sales.outcome(np.array([0, 0]), np.array([100, 495], np.int64), 10)
    assert early[place] == UNKNOWN
    assert late[place] == 0


def test_a_person_at_two_instants_has_two_rows() -> None:
    sales = product_sales(*_sales(*_filled("tea"), ("tea", 3, 105)))
    found = sales.outcome(np.array([3, 3]), np.array([100, 200], np.int64), 10)
    assert found[:, 0].tolist() == [1, 0]


def test_rare_products_and_unknown_people_are_left_out_and_counted() -> None:
    rows = [*_filled("tea"), ("curiosity", 1, 5), ("tea", -1, 5)]
    sales = product_sales(*_sales(*rows))
    assert sales.names == ("tea",)
    assert sales.rare == 1
    assert (sales.person >= 0).all()


def test_the_price_is_the_mean_amount_of_a_sale() -> None:
    names, person, at, _ = _sales(*_filled("tea"))
    amount = np.arange(LEAST_SALES, dtype=np.float64)
    assert product_sales(names, person, at, amount).prices[0] == amount.mean()
