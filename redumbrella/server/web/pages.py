"""The pages: filters of an address come in, server-made HTML goes out.

Each page shows the read model that its JSON twin under /api/v1 answers, and works without
JavaScript.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse

from redumbrella.customers.segments import SEGMENTS
from redumbrella.errors import EngineError, NotFoundError
from redumbrella.reports.wording import base_total, products_asked, products_examined
from redumbrella.server.parameters import customer_query, lead_query, opened_workspace
from redumbrella.server.web.conversion_curve import conversion_curve
from redumbrella.server.web.customer_charts import customer_charts
from redumbrella.server.web.formats import environment, query_string
from redumbrella.server.web.report_view import report_view
from redumbrella.views.backtests import backtests
from redumbrella.views.customers import CustomerPage, CustomerQuery, has_customers, list_customers
from redumbrella.views.lead import LeadDetail, ProductChance, lead_detail
from redumbrella.views.leads import LeadPage, LeadQuery, LeadRow, list_leads, nothing_scored
from redumbrella.views.models import (
    ModelReport,
    current_report,
    default_target,
    model_versions,
    report_of,
)
from redumbrella.views.products import PRODUCT_SORTS, has_products, list_products
from redumbrella.views.worth import parts_of
from redumbrella.workspace import Workspace

MENU = (("/leads", "Leads"), ("/models", "Models"))
CUSTOMERS = ("/customers", "Customers")
PRODUCTS = ("/products", "Products")
SETTINGS = ("/settings", "Settings")

# Columns that a person first wants to see from the top down.
_FALLING = frozenset({"probability", "percentile", "expected_value", "qualification", "created_at"})
_ORDERS = (
    ("-probability", "most probable first"),
    ("probability", "least probable first"),
    ("-expected_value", "highest expected value first"),
    ("-qualification", "best qualified first"),
    ("-created_at", "newest first"),
    ("lead", "by name"),
    ("grade", "by grade"),
)
_CUSTOMER_ORDERS = (
    ("-value", "most valuable first"),
    ("-churn", "most likely to leave first"),
    ("alive", "least likely still a customer first"),
    ("-last_purchase", "last purchase first"),
    ("customer", "by name"),
)
_OPTIONAL = (
    *("expected_value", "qualification"),
    *("source", "campaign_id", "rep_id", "product_id", "created_at"),
)

Opened = Annotated[Workspace, Depends(opened_workspace)]
Query = Annotated[LeadQuery, Depends(lead_query)]
Customers = Annotated[CustomerQuery, Depends(customer_query)]

router = APIRouter(include_in_schema=False)


@router.get("/")
def start(workspace: Opened) -> RedirectResponse:
    """The list of leads is where everybody begins; that of customers where nothing is scored."""
    return RedirectResponse(_menu(workspace)[0][0])


@router.get("/leads")
def leads(request: Request, workspace: Opened, query: Query) -> HTMLResponse:
    """The ordered list, with filters, sortable columns and pages."""
    page = list_leads(workspace, query, with_choices=True)
    name = ("-" if page.query.descending else "") + page.query.sort
    why = "" if page.model else nothing_scored(workspace, page.query.target).message
    return render(
        request,
        "leads.html",
        nothing=why.replace("`", ""),
        section="/leads",
        page=page,
        parameters=dict(request.query_params),
        targets=[target.name for target in workspace.settings.targets],
        order=name,
        orders=_with_current(name),
        falling=_FALLING,
        shown=_shown(page),
        top=_bar_top(page.rows),
        lead_query=lambda lead: _lead_query(workspace, lead),
        default_target=default_target(workspace),
        currency=workspace.settings.currency,
        timezone=workspace.settings.timezone,
    )


@router.get("/leads/{lead_id:path}")
def lead(
    request: Request,
    workspace: Opened,
    lead_id: str,
    target: str | None = None,
    product: str | None = None,
) -> HTMLResponse:
    """One lead: score, worth, reasons, record, model."""
    detail = lead_detail(workspace, lead_id, target, product)
    return render(
        request,
        "lead.html",
        section="/leads",
        lead=detail,
        top=_largest_contribution(detail),
        scale=_bar_top(detail.products),
        lead_target="" if detail.score.target == default_target(workspace) else detail.score.target,
        parts=parts_of(detail.worth, detail.currency),
        curve=conversion_curve(detail.worth.timing) if detail.worth else None,
    )


@router.get("/customers")
def customers(request: Request, workspace: Opened, query: Customers) -> HTMLResponse:
    """What customers are worth: all together, by segment, one by one."""
    page = list_customers(workspace, query)
    lifetime = page.lifetime
    return render(
        request,
        "customers.html",
        section="/customers",
        page=page,
        lifetime=lifetime,
        base=None if lifetime is None else base_total(lifetime, page.currency),
        charts=[] if lifetime is None else customer_charts(lifetime, page.currency),
        segments=SEGMENTS,
        parameters=dict(request.query_params),
        order=("-" if query.descending else "") + query.sort,
        orders=_CUSTOMER_ORDERS,
        shown=_shown_of_customers(page),
        top=max((row.value_high or row.value or 0.0 for row in page.rows), default=0.0) or 1.0,
        currency=page.currency,
    )


@router.get("/products")
def products(
    request: Request, workspace: Opened, target: str | None = None, sort: str = PRODUCT_SORTS[1]
) -> HTMLResponse:
    """What will be bought: every product, and how good its model is."""
    try:
        table = list_products(workspace, target, sort)
    except NotFoundError as problem:
        if problem.reason not in ("no_model", "no_products"):
            raise
        return render(request, "products.html", section="/products", table=None, why=str(problem))
    return render(
        request,
        "products.html",
        section="/products",
        table=table,
        top=max((row.expected_revenue or 0.0 for row in table.rows), default=0.0) or 1.0,
        lead_target="" if table.target == default_target(workspace) else table.target,
        words=[products_asked(table.people, table.horizon_days), products_examined(table.figures)],
    )


@router.get("/models")
def current_model(
    request: Request,
    workspace: Opened,
    target: str | None = None,
    threshold: str = "",
    capacity: str = "",
) -> HTMLResponse:
    """The report of the model in use, or what to do when there is none."""
    try:
        report = current_report(workspace, target)
    except NotFoundError as problem:
        if problem.reason != "no_model":
            raise
        return render(request, "no_model.html", section="/models")
    return _model_page(request, workspace, report, threshold, capacity)


@router.get("/models/{version}")
def model(
    request: Request, workspace: Opened, version: str, threshold: str = "", capacity: str = ""
) -> HTMLResponse:
    """The report of one model version."""
    return _model_page(request, workspace, report_of(workspace, version), threshold, capacity)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template with what every page needs."""
    state = request.app.state
    frame = {
        "workspace_name": state.workspace.settings.name,
        "menu": _menu(state.workspace),
        "can_log_out": state.access.token is not None,
        "section": "",
    }
    html = _environment().get_template(template).render({**frame, **values})
    return HTMLResponse(html, status_code=status)


def _menu(workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """Leads and models where something is to be predicted, customers where they are valued."""
    menu = MENU if workspace.settings.targets else ()
    try:
        valued = has_customers(workspace)
    except EngineError:  # the page that says so has a menu too
        valued = False
    found = (*menu[:1], CUSTOMERS, *menu[1:]) if valued or not menu else menu
    if has_products(workspace):
        found = (*found[:1], PRODUCTS, *found[1:])
    of_leads = any(target.from_ is not None for target in workspace.settings.targets)
    return (*found, SETTINGS) if of_leads else found


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment()


def _model_page(
    request: Request, workspace: Workspace, report: ModelReport, threshold: str, capacity: str
) -> HTMLResponse:
    view = report_view(workspace, report, threshold, capacity)
    versions = model_versions(workspace)
    past = backtests(workspace, report.facts.target)
    return render(
        request,
        "model.html",
        section="/models",
        versions=versions,
        past=past,
        still=False,
        **vars(view),
    )


def _shown(page: LeadPage) -> dict[str, bool]:
    """Optional columns are shown when some lead of the page has a value."""
    return {name: any(getattr(row, name) for row in page.rows) for name in _OPTIONAL}


def _shown_of_customers(page: CustomerPage) -> dict[str, bool]:
    """Optional columns are shown when some customer of the page has a value."""
    names = ("churn", "alive", "expected_purchases")
    return {name: any(getattr(row, name) is not None for row in page.rows) for name in names}


def _bar_top(rows: Sequence[LeadRow | ProductChance]) -> float:
    """The end of the bars' common scale: the next round share above every interval."""
    largest = max((row.high or row.probability for row in rows), default=1.0)
    return next((top for top in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if largest <= top), 1.0)


def _largest_contribution(lead: LeadDetail) -> float:
    why = lead.explanation
    if why is None:
        return 1.0
    sizes = [abs(reason.contribution) for reason in why.raises + why.lowers]
    return max([abs(why.rest), *sizes]) or 1.0


def _lead_query(workspace: Workspace, row: LeadRow) -> str:
    """What the address of a lead needs besides the id."""
    target = "" if row.target == default_target(workspace) else row.target
    found = query_string({"target": target, "product": row.product_id})
    return "" if found == "?" else found


def _with_current(name: str) -> tuple[tuple[str, str], ...]:
    if any(name == value for value, _ in _ORDERS):
        return _ORDERS
    return (*_ORDERS, (name, name.removeprefix("-").replace("_", " ")))
