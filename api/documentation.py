"""The contract at `/openapi.json`; `/docs`: Swagger UI from files that come with the installation, so that nothing is
asked of other hosts; and the guides below it.
"""

import json
from functools import cache
from os import PathLike, stat_result
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.problems import Problem
from content.render import render_markdown
from models.errors import NotFound

_STATIC = Path(fastapi_offline.__file__).parent / "static"
_START = """
window.onload = () => SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, persistAuthorization: false, validatorUrl: null,
});
"""
_PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sổ tay điện tử – API</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css">
<link rel="icon" href="/docs/static/favicon.png">
</head>
<body>
<div id="docs"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_GUIDES = Path(__file__).parent / "guides"
_GUIDE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/docs/static/favicon.png">
<style>
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.55 system-ui, sans-serif; }}
pre {{ overflow-x: auto; padding: .8rem; background: #f4f4f1; }}
code {{ font-size: .9em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .3rem .7rem; border: 1px solid #ccc; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)


_FRESH = {"Cache-Control": "public, max-age=300"}
_ABOUT = """What members' phones ask. Bodies are JSON in UTF-8, instants RFC 3339 in UTC, days YYYY-MM-DD.
Ignore fields and enum values that you do not know: versions only grow. Refusals are problem details (RFC 9457) in the
language of `Accept-Language`, Vietnamese by default; what a `type` means is told at its own address. Every answer
carries `X-Request-ID`, and HEAD works wherever GET does.
"""


_TAGS = [
    {
        "name": "sync",
        "description": "Keeping a member's handbook on a phone: read [the guide](/docs/guides/sync) first.",
    },
    {
        "name": "quizzes",
        "description": "Taking them also without a network: see [the guide](/docs/guides/quizzes).",
    },
    {
        "name": "me",
        "description": "What is mine. Being told of news by pushes: see [the guide](/docs/guides/push).",
    },
]


class _Static(StaticFiles):
    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_FRESH)
        return response


def install(app: FastAPI) -> None:
    async def document(_request: Request) -> Response:
        body = json.dumps(describe(app), ensure_ascii=False, separators=(",", ":"))
        return Response(body, media_type="application/json", headers=_FRESH)

    async def page(_request: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY, **_FRESH})

    async def guide(request: Request) -> Response:
        html = _guides().get(request.path_params["name"])
        if html is None:
            raise NotFound
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY, **_FRESH})

    async def start(_request: Request) -> Response:
        return Response(_START, media_type="text/javascript", headers=_FRESH)

    app.add_route("/openapi.json", document, include_in_schema=False)
    app.add_route("/docs", page, include_in_schema=False)
    app.add_route("/docs/guides/{name}", guide, include_in_schema=False)
    app.add_route("/docs/start.js", start, include_in_schema=False)
    app.mount("/docs/static", _Static(directory=_STATIC), name="docs-static")
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


@cache
def _guides() -> dict[str, str]:
    """Pages by the names of their files, rendered once."""
    pages = {}
    for path in _GUIDES.glob("*.md"):
        text = path.read_text()
        pages[path.stem] = _GUIDE.format(title=text.partition("\n")[0].lstrip("# "), body=render_markdown(text))
    return pages


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once: every route with the one shape of a refusal and the one way of signing in."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_ABOUT, tags=_TAGS)
        document["components"]["schemas"] |= _problem_schemas()
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for path in document["paths"].values():
            for operation in path.values():
                if operation["x-access"] != "anyone":
                    operation["security"] = [{"bearer": []}]
        app.openapi_schema = document
    return app.openapi_schema


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**schema.pop("$defs"), "Problem": schema}
