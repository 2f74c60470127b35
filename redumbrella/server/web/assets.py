"""What a page loads besides itself: our style sheets, mark and script, and the chart library.

Style sheets go out without comments and space. The library comes out of the installed vl-convert;
nothing is loaded from elsewhere.
"""

import re
from functools import lru_cache

from fastapi import APIRouter
from starlette.responses import FileResponse, RedirectResponse, Response

from redumbrella.errors import NotFoundError
from redumbrella.server.web.charts import javascript_bundle
from redumbrella.server.web.formats import STATIC

_TYPES = {
    "style.css": "text/css; charset=utf-8",
    "pages.css": "text/css; charset=utf-8",
    "charts.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
_BUNDLE_SECONDS = 86_400

router = APIRouter(include_in_schema=False)


@router.get("/static/vega.js")
def chart_library() -> Response:
    """The chart library, made on first use and kept in memory; browsers keep it for a day."""
    headers = {"Cache-Control": f"public, max-age={_BUNDLE_SECONDS}"}
    return Response(javascript_bundle(), media_type=_TYPES["charts.js"], headers=headers)


@lru_cache(maxsize=2)
def style(name: str = "style.css") -> str:
    """A style sheet as browsers get it: a quarter of it is there for people only."""
    text = (STATIC / name).read_text("utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"\s*([{};,])\s*", r"\1", text)).strip()


@router.get("/static/{name}")
def asset(name: str) -> Response:
    """One of our own few files; anything else does not exist."""
    if name not in _TYPES:
        raise NotFoundError("There is no such file.", reason="unknown_page")
    if name.endswith(".css"):
        return Response(style(name), media_type=_TYPES[name])
    return FileResponse(STATIC / name, media_type=_TYPES[name])


@router.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for it whatever the page says."""
    return RedirectResponse("/static/mark.svg", status_code=308)
