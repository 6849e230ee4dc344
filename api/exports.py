"""Tables as files: written to disk as they come from the database, and sent when they are whole."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, BinaryIO, Literal, cast

from starlette.responses import StreamingResponse

from content.tabular import Cell, write_csv, write_xlsx

Form = Literal["csv", "xlsx"]
_TYPES: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")
_CHUNK = 1 << 16


def exported(form: Form) -> dict[int | str, dict[str, object]]:
    """`responses` of a route that answers with such a file."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"content": {_TYPES[form].partition(";")[0]: schema}, "description": "A table to download"}}


async def as_file(
    header: Sequence[str], rows: AsyncIterator[Iterable[Sequence[Cell]]], form: Form, name: str
) -> StreamingResponse:
    """No cell of it is a formula. Memory is bounded whatever the number of rows, and the loop is left to others."""
    with ExitStack() as opened:
        kept = opened.enter_context(TemporaryFile("w+", encoding="utf-8"))
        file = cast("BinaryIO", opened.enter_context(TemporaryFile()))
        async for some in rows:
            await asyncio.to_thread(kept.writelines, [json.dumps(list(row)) + "\n" for row in some])
        size = await asyncio.to_thread(_write, kept, file, header, form)
        kept.close()
        opened.pop_all()  # whoever sends it closes it
    safe = f"{_STRANGE.sub('-', name)}.{form}"
    headers = {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{safe}"'}
    return StreamingResponse(_read(file), headers=headers, media_type=_TYPES[form])


def _write(kept: IO[str], file: BinaryIO, header: Sequence[str], form: Form) -> int:
    kept.seek(0)
    rows = map(json.loads, kept)
    if form == "csv":
        write_csv(file, header, rows)
    else:
        write_xlsx(file, header, rows)
    size = file.tell()
    file.seek(0)
    return size


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
