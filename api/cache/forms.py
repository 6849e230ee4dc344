"""A finished page in the forms in which it is sent: its encodings are made once, on first use."""

import hashlib
from functools import lru_cache

from starlette.responses import Response

from api.build import BUILD
from api.encoding import LEAST, VARY, compress
from api.languages import Language
from api.policy import Cached
from api.tags import IDENTITY, digest


class Form:
    """Ready to send: the header list without the request id, the body's message, and the entity tag."""

    __slots__ = ("__weakref__", "headers", "headers_304", "sent", "tag")

    def __init__(self, body: bytes, headers: list[tuple[bytes, bytes]], tag: bytes) -> None:
        self.sent = {"type": "http.response.body", "body": body}
        self.headers = headers
        self.headers_304 = [(name, value) for name, value in headers if name in {b"etag", b"cache-control", b"vary"}]
        self.tag = tag


class Page:
    """`revision` makes the tag that of a revisioned thing; `name` otherwise makes it the digest of the page's key.

    One that is not `lasting` is one person's answer, sent once.
    """

    __slots__ = ("_forms", "_label", "_vary", "body", "language", "lasting", "size")

    def __init__(
        self,
        body: bytes,
        language: Language,
        *,
        revision: int | None = None,
        vary: str = VARY,
        lasting: bool = True,
    ) -> None:
        self.body = body
        self.language = language
        self.lasting = lasting
        self.size = 2 * len(body)
        self._vary = vary
        self._label = f"r{revision}-{digest(body)}-{language}" if revision is not None else ""
        self._forms: dict[str, Form] = {}

    def name(self, *key: object) -> None:
        self._label = hashlib.blake2b(repr(key).encode(), digest_size=12).hexdigest()

    def form(self, encoding: str, security: list[tuple[bytes, bytes]]) -> Form:
        if len(self.body) < LEAST:
            encoding = "identity"
        made = self._forms.get(encoding)
        if made is None:
            made = self._forms[encoding] = self._make(encoding, security)
        return made

    def routed(self) -> Response:
        """For the router to answer with: the layers around it choose the encoding and complete the tag."""
        tag = f'"{self._label}{IDENTITY}{BUILD}"'
        headers = {"ETag": tag, "Vary": self._vary, "Content-Language": self.language}
        return Response(self.body, media_type="application/json", headers=headers)

    def _make(self, encoding: str, security: list[tuple[bytes, bytes]]) -> Form:
        body = compress(encoding, self.body)
        tag = f'"{self._label}-{encoding}-{BUILD}"'.encode()
        headers = [
            _shared("content-type", "application/json"),
            (b"content-length", str(len(body)).encode()),
            _shared("cache-control", Cached.MEMBER.value),
            _shared("vary", self._vary),
            (b"etag", tag),
            _shared("content-language", self.language),
        ]
        if encoding != "identity":
            headers.append(_shared("content-encoding", encoding))
        return Form(body, [*headers, *security], tag)


@lru_cache(maxsize=64)
def _shared(name: str, value: str) -> tuple[bytes, bytes]:
    """One object for all forms: what thousands of pages share stays in the processor's cache."""
    return name.encode(), value.encode()
