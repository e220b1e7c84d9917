"""Routes about the service itself: health (open), metrics (a token), and the API's description (open, no data)."""

from importlib.resources import as_file, files

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from skillscope.service.access import SecuredRoute, allow, runtime_of
from skillscope.service.metrics import CONTENT_TYPE, metrics_text
from skillscope.service.problems import ProblemError
from skillscope.service.replies import problem_docs, reply
from skillscope.service.schemas import Readiness
from skillscope.service.tokens import Role

__all__ = ["open_router", "router"]

open_router = APIRouter(tags=["service"])
router = APIRouter(route_class=SecuredRoute, tags=["service"])

_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-light-32x32.png": "image/png",
}


@open_router.get("/healthz", response_class=PlainTextResponse)
@open_router.get("/livez", response_class=PlainTextResponse)
async def alive() -> str:
    """The process answers."""
    return "ok"


@open_router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(request: Request) -> Response:
    """200 where model and database can serve, 503 where one cannot."""
    state = runtime_of(request).readiness()
    return reply(Readiness(**state), 200 if all(state.values()) else 503)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=problem_docs(),
    dependencies=[allow(Role.SERVICE, Role.ADMIN)],
)
def metrics() -> Response:
    """Prometheus metrics of all workers, by route template; no student stands in them."""
    return Response(metrics_text(), media_type=CONTENT_TYPE)


@open_router.get("/", include_in_schema=False)
async def root() -> Response:
    """To the description."""
    return RedirectResponse("/docs")


@open_router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """The API's description, to read and try; its scripts come from here, not from the network."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Skillscope",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon-light-32x32.png",
    )


@open_router.get("/docs/assets/{name}", include_in_schema=False)
def asset(name: str) -> Response:
    """A file of Swagger UI, which BentoML ships."""
    if name not in _ASSETS:
        raise ProblemError("not-found", "there is no such file")
    with as_file(files("bentoml._internal.server") / "static_content" / name) as path:
        return FileResponse(path, media_type=_ASSETS[name])


@open_router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The API's description for machines."""
    return JSONResponse(request.app.state.describe())
