"""Pages to print: complete in themselves, and nothing that was typed can run in them."""

from starlette.responses import HTMLResponse

from api.languages import Language

PRINTED: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "A page to print"}
}
"""`responses` of a route that answers with one."""


def printed(page: str, language: Language) -> HTMLResponse:
    headers = {
        "Content-Language": language,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    }
    return HTMLResponse(page, headers=headers)
