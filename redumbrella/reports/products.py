"""The shape of what is known about models of single products."""

from typing_extensions import TypedDict

from redumbrella.reports.measures import Regime


class ProductFigures(TypedDict):
    """One product: sales in the lessons and in the later period, log losses there, mean amount."""

    product_id: str
    sales: int
    regime: Regime
    reliable: bool
    price: float
    later_sales: int
    log_loss: float
    prior_log_loss: float


class ProductsReport(TypedDict):
    """Models of one product each, asked about a later period before they had seen it.

    `rows` people at instants; log losses are means over the products, `prior_log_loss` that of each
    product's share of buyers.
    """

    rows: int
    horizon_days: float
    log_loss: float
    prior_log_loss: float
    products: list[ProductFigures]
