"""Entity tags of things that have revisions: `"r<revision>-<digest>-<language>-<encoding>-<build>"` (RFC 9110, 8.8.3).

The digest is of the body: what is shown with a thing, such as the name of its branch, changes without its revision; and
a database restored from a backup gives the same revision to something else.
"""

import hashlib
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from api.build import BUILD
from api.languages import language_of

BODY = "-body-"
"""What the encoding layer replaces by the digest of the body."""
IDENTITY = "-identity-"
"""What the encoding layer replaces by the encoding that it chose."""


class Revisioned(Protocol):
    @property
    def revision(self) -> int: ...


T = TypeVar("T", bound=Revisioned)


class Tag:
    """Marks the answer to a request as the revision of what is answered, in the caller's language. `If-Match` looks at
    the revision alone.
    """

    def __init__(self, request: Request, response: Response) -> None:
        self._language = language_of(request.scope)
        self._headers = response.headers

    def __call__(self, thing: T) -> T:
        self._headers["ETag"] = f'"r{thing.revision}{BODY}{self._language}{IDENTITY}{BUILD}"'
        self._headers["Content-Language"] = self._language
        return thing


def digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=12).hexdigest()
