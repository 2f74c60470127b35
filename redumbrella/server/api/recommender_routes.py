"""REST of recommenders: the lists of one person, what a product is like, any products in order.

The list of all lists, and its files, come from the catalogue.
"""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field

from redumbrella.clock import now
from redumbrella.reports.recommenders import LISTS, RankedProducts
from redumbrella.server.api.answers import answers
from redumbrella.server.api.openapi import API
from redumbrella.server.api.responses import JsonResponse
from redumbrella.server.parameters import Opened, Owners, PersonId, ProductId
from redumbrella.views.person_leads import check_person_seen
from redumbrella.views.recommendations import (
    PersonRecommendations,
    ProductDetail,
    product_detail,
    recommendations_of,
)

MOST_RANKED = 1_000  # products of one request
Named = Annotated[
    str | None, Parameter(description="Its name in umbrella.toml; default: the first.")
]
_SHOWN: dict[str, Any] = {
    "rank": 1,
    "product_id": "P-17",
    "product": "Rain coat",
    "score": 1.905171,
    "probability": 0.082,
    "of_model": False,
    "expected_value": 3.28,
    "chance": 1.0,
    "is_tried": False,
    "reason": "bought Umbrella and Wellingtons: 64 % of the score",
    "to_person": "because you bought Umbrella and Wellingtons",
}
_LISTS_OF_PERSON = {
    "person_id": "P 1/7",
    "label": "Ana Silva",
    "recommender": "next",
    "horizon_days": 30.0,
    "lists": [
        {
            "name": "new",
            "title": LISTS["new"],
            "method": "collaborative",
            "as_of": "2026-11-01T00:00:00+00:00",
            "products": [_SHOWN],
            "note": "",
        }
    ],
}
_PRODUCT = {
    "product_id": "P-17",
    "product": "Rain coat",
    "product_type": "coat",
    "price": 40.0,
    "buyers": 412,
    "shown": 97,
    "recommender": "next",
    "by": "collaborative",
    "similar": [
        {"product_id": "P-18", "product": "Rain hat", "score": 0.31, "buyers": None},
    ],
    "together": [
        {"product_id": "P-3", "product": "Wellingtons", "score": None, "buyers": 58},
    ],
    "may_be_shown": True,
}
_RANKED = {
    "person_id": "P 1/7",
    "is_known": True,
    "method": "collaborative",
    "products": [
        {"rank": 1, "product_id": "P-18", "score": 0.42, "is_known": True},
        {"rank": 2, "product_id": "P-3", "score": 0.11, "is_known": True},
        {"rank": 3, "product_id": "never heard of", "score": None, "is_known": False},
    ],
    "withheld": ["P-99"],
}


class ProductsToRank(BaseModel):
    """For whom, and which products: a search result, a shelf."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "P 1/7",
                "product_ids": ["P-3", "P-18", "P-99", "never heard of"],
            }
        },
    )

    person_id: str = Field(
        max_length=1_000, description="One who has done nothing yet gets what sells."
    )
    product_ids: list[Annotated[str, Field(max_length=1_000)]] = Field(
        max_length=MOST_RANKED, description=f"At most {MOST_RANKED:,}; each counts once."
    )
    recommender: str | None = Field(
        default=None, description="Its name in umbrella.toml; default: the first."
    )


router = APIRouter(prefix=API, default_response_class=JsonResponse)


def _with_example(model: Any, example: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    found = answers(model, *statuses)
    found[200]["content"] = {"application/json": {"example": example}}
    return found


@router.get(
    "/people/{person_id:text}/recommendations",
    responses=_with_example(PersonRecommendations, _LISTS_OF_PERSON, 404),
    summary="What to offer one person",
)
def of_person(
    workspace: Opened,
    person_id: PersonId,
    owners: Owners,
    only: Annotated[
        str | None,
        Parameter(alias="list", description=f"One of {', '.join(LISTS)}; default: all there are."),
    ] = None,
    n: Annotated[
        int | None,
        Parameter(
            ge=1, le=60, description="Products of a list; default: `shown` of umbrella.toml."
        ),
    ] = None,
    recommender: Named = None,
) -> JsonResponse:
    """The person's lists as they may be shown now, each product with its reason: one that was
    withdrawn since the lists were made is left out, and the next one moves up."""
    check_person_seen(workspace, person_id, owners)
    found = recommendations_of(workspace, person_id, now(), recommender=recommender, only=only, n=n)
    return JsonResponse(found)


@router.get(
    "/products/{product_id:text}/similar",
    responses=_with_example(ProductDetail, _PRODUCT, 404),
    summary="What a product is like, and what its buyers bought too",
)
def like_product(
    workspace: Opened,
    product_id: ProductId,
    n: Annotated[int, Parameter(ge=1, le=20, description="Products of each kind.")] = 10,
    recommender: Named = None,
) -> JsonResponse:
    """Products that may not be shown now are left out."""
    return JsonResponse(product_detail(workspace, product_id, now(), recommender=recommender, n=n))


@router.post(
    "/recommendations/rank",
    responses=_with_example(RankedProducts, _RANKED, 404, 408, 413, 415),
    summary="Any products in the order in which one person would want them",
)
def rank(workspace: Opened, owners: Owners, given: ProductsToRank) -> JsonResponse:
    """Rests on all that was ingested of the person until now. Unknown products come last, as they
    were given; those that may not be shown are named in `withheld`. Changes nothing."""
    # Brings numbers along, for which no other page should wait.
    from redumbrella.views.ranked_products import rank_products

    check_person_seen(workspace, given.person_id, owners)
    found = rank_products(
        workspace, [given.person_id], [given.product_ids], now(), given.recommender
    )
    return JsonResponse(found[0])
