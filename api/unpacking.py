"""Folders on their way in as zips: unpacked beside the database, looked into, and gone afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.requests import Request

from api.parts import Parts
from api.problems import Refused
from content.archives import unpack
from content.folders import Folder
from content.malformed import Malformed
from models.errors import Invalid, Unavailable

ARCHIVE_MOST = 100 * 1024 * 1024
_unpacking = asyncio.Lock()
"""An archive may unpack to more than anybody's share of disk and time: one at once in each process."""


@asynccontextmanager
async def unpacked(request: Request, parts: Parts) -> AsyncIterator[Folder]:
    """The folder that the request's body holds, to the end of the block.

    Raises Refused 413, Unavailable where another one is being unpacked, Invalid with the codes of `content.archives`.
    """
    if _unpacking.locked():
        raise Unavailable(retry_after=30)
    async with _unpacking:
        try:
            with TemporaryDirectory(prefix="unpacked-", dir=parts.settings.data_dir) as place:
                async with parts.files.receive(request.stream(), ARCHIVE_MOST) as arrived:
                    await arrived.examine(partial(unpack, into=Path(place)))
                yield await asyncio.to_thread(Folder, Path(place))
        except Malformed as error:
            if error.code == "file.too_large":
                raise Refused(413, "file.too_large", megabytes=ARCHIVE_MOST // 1024**2) from None
            raise Invalid.at("", error.code) from None
