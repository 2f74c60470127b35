"""What to offer one person, and what one product is like: read models in, pages out.

The list of all lists is a page of the catalogue; what stands above it is in `recommender_report`.
"""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from redumbrella.clock import now
from redumbrella.server.callers import caller_of
from redumbrella.server.parameters import Opened, Owners, PersonId, ProductId
from redumbrella.server.rights import may_open
from redumbrella.server.web.rendering import render
from redumbrella.views.listing import count_rows
from redumbrella.views.person_leads import check_person_seen, leads_of_person
from redumbrella.views.recommendations import (
    RECOMMENDATIONS,
    PersonRecommendations,
    product_detail,
    recommendations_of,
)

SECTION = "/recommendations"
_SCALES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)

router = APIRouter(include_in_schema=False)


@router.get("/recommendations/people/{person_id:text}")
def person_page(
    request: Request,
    workspace: Opened,
    person_id: PersonId,
    owners: Owners,
    recommender: str | None = None,
) -> HTMLResponse:
    """Every list of a person as it may be shown now."""
    check_person_seen(workspace, person_id, owners)
    found = recommendations_of(workspace, person_id, now(), recommender=recommender)
    return render(
        request,
        "offered_person.html",
        section=SECTION,
        found=found,
        leads=leads_of_person(workspace, person_id, owners),
        top=_scale(found),
        recommenders=[one.name for one in workspace.settings.recommenders],
        lists_all=may_open(caller_of(request), SECTION),
        currency=workspace.settings.currency,
        timezone=workspace.settings.timezone,
    )


@router.get("/recommendations/products/{product_id:text}")
def product_page(
    request: Request, workspace: Opened, product_id: ProductId, recommender: str | None = None
) -> HTMLResponse:
    """What a product is like, what its buyers bought too, and whether it may be shown now."""
    found = product_detail(workspace, product_id, now(), recommender=recommender)
    first = 0
    if may_open(caller_of(request), SECTION):
        first = count_rows(
            workspace, RECOMMENDATIONS, RECOMMENDATIONS.query({"product": product_id})
        )
    return render(
        request,
        "offered_product.html",
        section=SECTION,
        found=found,
        first=first,
        currency=workspace.settings.currency,
    )


def _scale(found: PersonRecommendations) -> float:
    """The end of the bars' common scale: the next round share above every chance."""
    chances = [one["probability"] or 0.0 for each in found["lists"] for one in each["products"]]
    largest = max(chances, default=1.0)
    return next((top for top in _SCALES if largest <= top), 1.0)
