"""Files on their way in: streamed to the storage, and looked into before anybody can find them there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from pydantic import StringConstraints
from starlette.requests import Request

from api.problems import Refused
from content.files import Arrived, FileStore
from content.filetypes import FILE_TYPES, NAME_MOST, STUDY_TYPES, FileType, read_file_name, type_of_name, verify
from content.malformed import Malformed
from models.base import read_by
from models.errors import Invalid, Unavailable

_looking = asyncio.Semaphore(2)
"""Unpacking the largest document takes a second of a processor."""

_NAMED = Query(description="The file's name, with the extension of its type and without a folder.")
_SHORT = StringConstraints(min_length=1, max_length=NAME_MOST)
FileName = Annotated[str, _SHORT, read_by(read_file_name), _NAMED]
StudyFileName = Annotated[str, _SHORT, read_by(partial(read_file_name, types=STUDY_TYPES)), _NAMED]


def takes(types: Sequence[FileType]) -> dict[str, Any]:
    """What a route that takes a file of these types says of its body."""
    kinds = ("application/octet-stream", *(each.media_type for each in types))
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


def declared_size(request: Request) -> int:
    """In bytes; 0 where the caller does not say. More than that never arrives."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0


def promised(request: Request, name: str, types: Sequence[FileType] = FILE_TYPES) -> FileType:
    """The type that name and Content-Type promise, of which no more is declared than is taken. Raises Invalid, Refused
    413.
    """
    try:
        found = type_of_name(name, request.headers.get("content-type", ""), types)
    except Malformed as error:
        raise Invalid.at("/headers/Content-Type", error.code) from None
    if declared_size(request) > found.limit:
        raise _too_large(found)
    return found


@asynccontextmanager
async def uploaded(request: Request, files: FileStore, kind: FileType) -> AsyncIterator[Arrived]:
    """The request's body, which is of this type by its bytes; of what is not kept by the end of the block nothing is
    left.

    Raises Refused 413, Invalid with the codes of `content.filetypes`, and of whatever else looks into it in the block.
    """
    try:
        async with files.receive(request.stream(), kind.limit) as arrived:
            async with _looking:
                await arrived.examine(partial(verify, promised=kind))
            yield arrived
    except Malformed as error:
        raise (
            _too_large(kind) if error.code == "file.too_large" else Invalid.at("", error.code, **error.details)
        ) from None


async def must_hold(files: FileStore, *sha256s: str) -> None:
    """For bytes that were kept before the transaction: from here on nobody clears them away, but somebody may have, of
    older ones of the same name, a moment ago. Raises Unavailable.
    """
    for sha256 in sha256s:
        if not await files.exists(sha256):
            raise Unavailable


def _too_large(kind: FileType) -> Refused:
    return Refused(413, "file.too_large", megabytes=kind.limit // 1024**2)
