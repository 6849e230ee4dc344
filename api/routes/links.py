"""Links that leave this server: which apps open them, and what a phone without the app sees."""

import base64
import hashlib

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.deps import Id, PartsDep
from api.languages import Language, language_of
from api.routing import Access, Cached, declare, router
from models.errors import NotFound

routes = router("operator")
routes.prefix = ""

_JSON: dict[int | str, dict[str, object]] = {
    200: {"content": {"application/json": {"schema": {}}}, "description": "As the phone's system reads it"}
}
_HTML: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "A page"}
}
_STYLE = "body{max-width:32rem;margin:4rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif}"
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
</body>
</html>
"""
_TITLES: dict[Language, str] = {"vi": "Sổ tay điện tử", "en": "Member handbook"}
_TEXTS: dict[Language, str] = {
    "vi": "Nội dung này được mở trong ứng dụng Sổ tay điện tử trên điện thoại, sau khi đăng nhập. Nếu chưa có "
    "ứng dụng, hãy hỏi tổ chức của bạn.",
    "en": "This opens in the member handbook's app on a phone, once you are signed in. If you do not have the app, ask "
    "your branch for it.",
}
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@routes.get("/.well-known/assetlinks.json", response_class=Response, responses=_JSON)
@declare(Access.ANYONE, Cached.HOUR, transaction=False, refuses=(404,))
async def read_asset_links(parts: PartsDep) -> Response:
    """The Android app that opens links of this server (Digital Asset Links); 404 where none is named."""
    settings = parts.settings
    if settings.android_package is None:
        raise NotFound
    target = {
        "namespace": "android_app",
        "package_name": settings.android_package,
        "sha256_cert_fingerprints": settings.android_fingerprints,
    }
    return JSONResponse([{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}])


@routes.get("/.well-known/apple-app-site-association", response_class=Response, responses=_JSON)
@declare(Access.ANYONE, Cached.HOUR, transaction=False, refuses=(404,))
async def read_apple_app_site_association(parts: PartsDep) -> Response:
    """The apps of iPhones that open links of this server (universal links); 404 where none is named."""
    ids = parts.settings.apple_app_ids
    if not ids:
        raise NotFound
    details = [{"appIDs": ids, "components": [{"/": "/n/*"}]}]
    return JSONResponse({"applinks": {"details": details}})


@routes.get("/n/{thing_id}", response_class=HTMLResponse, responses=_HTML)
@declare(Access.ANYONE, Cached.HOUR, transaction=False)
async def open_link(thing_id: Id, request: Request) -> Response:  # noqa: ARG001 - the path has it
    """What a tap opens where there is no app: the same page whatever the id, and whether there is such a thing."""
    language = language_of(request.scope)
    page = _PAGE.format(language=language, title=_TITLES[language], text=_TEXTS[language], style=_STYLE)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})
