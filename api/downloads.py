"""Files on their way out, whole or in part (RFC 9110, 14), so that what broke off can be resumed."""

import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.encoding import has_tag
from api.problems import Refused
from content.files import FileMissing, FileStore
from models.errors import NotFound

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE | re.ASCII)
_NOT_IN_QUOTES = re.compile(r'[^\x20-\x7e]|["\\%]')
_CROSSED_D = str.maketrans("đĐ", "dD")  # the one letter of ours that has no decomposition
_SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"

_BINARY = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
SENDS_FILES: dict[int | str, dict[str, Any]] = {
    200: {**_BINARY, "description": "The file"},
    206: {
        **_BINARY,
        "description": "The part that was asked for",
        "headers": {"Content-Range": {"required": True, "schema": {"type": "string"}}},
    },
}
"""What a route that sends a file says of its answers."""


class Content(NamedTuple):
    """What is sent: bytes with their type, and the name under which a browser saves them. `sha256` names the bytes: no
    others ever have it.
    """

    sha256: str
    size: int
    media_type: str
    name: str | None = None


Read = Callable[[int, int], Awaitable[AsyncIterator[bytes]]]
"""Bytes from where up to, not including, where."""


class Downloads:
    """Answers one request with a file, or with the part of it that `Range` asks for."""

    def __init__(self, request: Request, wanted: str, only_of: str) -> None:
        self._request = request
        self._wanted = wanted.strip()
        self._only_of = only_of.strip()

    async def __call__(self, files: FileStore, content: Content, vary: str = "") -> Response:
        """A file of the store: see `send`."""
        return await self.send(content, partial(_open, files, content.sha256), vary)

    async def send(self, content: Content, read: Read, vary: str = "") -> Response:
        """Bytes that `read` gives. Several ranges at once are answered with the whole, as is a range that is not
        understood, or is of other bytes than `If-Range` names. Raises NotFound, Refused 416.
        """
        tag = f'"{content.sha256}"'
        headers = {
            "ETag": tag,
            "Accept-Ranges": "bytes",
            "Content-Security-Policy": _SANDBOX,
            **({"Content-Disposition": disposition(content.name)} if content.name is not None else {}),
            **({"Vary": vary} if vary else {}),
        }
        if has_tag(self._request.headers.getlist("if-none-match"), tag):
            return Response(headers=headers)  # the encoding layer makes it a 304
        start, end = 0, content.size
        part = self._part(tag, content.size)
        if part is not None:
            start, end = part
            if start >= end:
                said = {"Content-Range": f"bytes */{content.size}", "Accept-Ranges": "bytes"}
                raise Refused(416, "range.unsatisfiable", headers=said)
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
        headers["Content-Length"] = str(end - start)
        chunks = _nothing() if self._is_head else await read(start, end)
        return StreamingResponse(chunks, 200 if part is None else 206, headers, content.media_type)

    @property
    def _is_head(self) -> bool:
        return bool(self._request.scope.get("handbook.is_head"))

    def _part(self, tag: str, size: int) -> tuple[int, int] | None:
        """From where to before where; empty where there is nothing to send, None for the whole."""
        found = _RANGE.fullmatch(self._wanted)
        if found is None or self._only_of not in {"", tag}:  # compared strongly, and no date is ours (RFC 9110, 13.1.5)
            return None
        first, last = found.groups()
        if not first:
            return (max(0, size - int(last)), size) if last else None
        if last and int(last) < int(first):
            return None
        return int(first), min(size, int(last) + 1) if last else size


async def _downloads(
    request: Request,
    wanted: Annotated[str, Header(alias="Range", description="One range of bytes, such as `bytes=1000-`.")] = "",
    only_of: Annotated[
        str, Header(alias="If-Range", description="The ETag of the bytes that are held already; else the whole comes.")
    ] = "",
) -> Downloads:
    return Downloads(request, wanted, only_of)


DownloadsDep = Annotated[Downloads, Depends(_downloads)]


def disposition(name: str) -> str:
    """`Content-Disposition` by RFC 6266: never shown in place, and saved under its name, also by those who read ASCII
    alone.
    """
    bare = "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each))
    ascii_name = _NOT_IN_QUOTES.sub("_", bare.translate(_CROSSED_D))
    extended = "" if ascii_name == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{ascii_name}"{extended}'


async def _open(files: FileStore, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        return await files.open(sha256, start, end)
    except FileMissing:
        raise NotFound from None


async def _nothing() -> AsyncIterator[bytes]:
    yield b""
