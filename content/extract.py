"""The text of PDFs and EPUBs that somebody else made.

They are read in a process of their own, bounded in memory, time and what it may say (`content.extracting`): the
libraries that read them are large, one is not written in Python, and the files may be made to break them.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content.malformed import Malformed

PAGES_MOST = 5_000
TEXT_MOST = 2_000_000
"""Characters; what comes after is left out."""
MEMORY_MOST = 1024 * 1024 * 1024
"""Bytes of address space of the process, its interpreter included."""
SECONDS_MOST = 60
"""Of a processor."""

_WAIT = 2.0 * SECONDS_MOST
"""Seconds by the clock: a busy machine gives a process less than all of its time."""
_SAID_MOST = 32 * 1024 * 1024
"""Bytes of UTF-8 in JSON."""
_CHUNK = 256 * 1024
_HOUSE = Path(__file__).resolve().parent.parent
_BROKE = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE})
"""What a library that reads nonsense ends with; for all else it wanted too much."""

_turns = asyncio.Semaphore(2)
"""Each may take a processor and a gibibyte."""

KINDS = {"application/pdf": "pdf", "application/epub+zip": "epub"}
"""Types that have a text to extract."""


@dataclass(frozen=True, slots=True)
class Extract:
    """`text` with a form feed between pages, or chapters of an EPUB, which `pages` counts. `is_scanned` where more than
    half of a PDF's pages have no text: they are pictures of it.
    """

    text: str
    pages: int
    is_scanned: bool


async def extract_pdf(path: Path) -> Extract:
    """Raises Malformed: ``file.encrypted``, ``file.damaged``, ``file.bomb`` (wants more than a document does),
    ``pdf.active`` (scripts, or actions that start something), ``pdf.embedded_files``, ``pdf.too_many_pages``.
    """
    return await _extract("pdf", path)


async def extract_epub(path: Path) -> Extract:
    """Raises Malformed with the codes of `content.epub`."""
    return await _extract("epub", path)


async def extract(media_type: str, path: Path) -> Extract | None:
    """By the type of a file; None for those that have no text. Raises what the two above raise."""
    kind = KINDS.get(media_type)
    return await _extract(kind, path) if kind is not None else None


async def _extract(kind: str, path: Path) -> Extract:
    async with _turns:
        said = await _ask(kind, path)
    if "refused" in said:
        raise Malformed(said["refused"], **said["details"])
    return Extract(said["text"], said["pages"], said["is_scanned"])


async def _ask(kind: str, path: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *_command(kind, path),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=_HOUSE,
        env={"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},  # nothing of ours: no key, no address
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_WAIT):
            said = await _read(process)
            code = await process.wait()
    except TimeoutError:
        raise Malformed("file.bomb") from None
    finally:
        await _end(process)
    if code == 0 and said:
        found: dict[str, Any] = json.loads(said)
        return found
    raise Malformed("file.damaged" if -code in _BROKE else "file.bomb")


def _command(kind: str, path: Path) -> tuple[str, ...]:
    return sys.executable, "-m", "content.extracting", kind, str(path.absolute())


async def _read(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    said = bytearray()
    while chunk := await process.stdout.read(_CHUNK):
        said += chunk
        if len(said) > _SAID_MOST:
            return b""
    return bytes(said)


async def _end(process: Process) -> None:
    """With all that it may have started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
