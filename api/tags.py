"""Entity tags of things that have revisions: `"r<revision>-<digest>-<language>-<encoding>-<build>"` (RFC 9110, 8.8.3).

The digest is of the body: what is shown with a thing, such as the name of its branch, changes without its revision; and
a database restored from a backup gives the same revision to something else.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from api.build import BUILD
from api.languages import language_of

BODY = "-body-"
"""What the encoding layer replaces by the digest of the body."""
IDENTITY = "-identity-"
"""What the encoding layer replaces by the encoding that it chose."""


def tag(request: Request, response: Response, revision: int) -> None:
    """Mark an answer as this revision in the caller's language; `If-Match` looks at the revision alone."""
    language = language_of(request.scope)
    response.headers["ETag"] = f'"r{revision}{BODY}{language}{IDENTITY}{BUILD}"'
    response.headers["Content-Language"] = language


def digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=12).hexdigest()
