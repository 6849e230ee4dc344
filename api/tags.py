"""Entity tags of things that have revisions: `"r<revision>-<language>-<encoding>-<build>"` (RFC 9110, 8.8.3)."""

from starlette.requests import Request
from starlette.responses import Response

from api.build import BUILD
from api.languages import language_of

IDENTITY = "-identity-"
"""What the encoding layer replaces by the encoding that it chose."""


def tag(request: Request, response: Response, revision: int) -> None:
    """Mark an answer as this revision in the caller's language; `If-Match` looks at the revision alone."""
    language = language_of(request.scope)
    response.headers["ETag"] = f'"r{revision}-{language}{IDENTITY}{BUILD}"'
    response.headers["Content-Language"] = language
