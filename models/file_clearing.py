"""Files that nothing refers to: their rows go first, under the constraints that hold whatever does refer, then their
bytes.

A file is asked about a day after it was sent, and from then on every month: so nobody who lets go of one needs to say
so. What is to be cleared is noted in the transaction that deletes its row, and forgotten by the store in another one,
which holds the name: whoever keeps the same bytes again meanwhile waits for it, or makes it leave them.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.files import FileStore
from models.attachments.table import NoticeFile
from models.database import now, try_lock, upsert
from models.file_texts import FileText
from models.files import YOUNG, ClearedFile, File, FileVariant
from models.members.table import Member
from models.schedule import Duty, finding
from models.study.table import StudyFile
from models.uploads import Upload

REFERRING: Sequence[Any] = (
    col(Member.photo),
    col(FileVariant.sha256),
    col(NoticeFile.sha256),
    col(StudyFile.sha256),
)
"""All that keeps a file. Each is a foreign key, so that a reference made meanwhile is never left without its file.
Who sent a file keeps it for a day; a picture's narrower ones are kept by the picture.
"""

REVIEWED_EVERY = timedelta(days=30)
_FORGOTTEN_AT_ONCE = 10
_PATIENCE = 5.0
"""Seconds for the store to forget one: on SQLite nobody else writes meanwhile."""


def is_unused(before: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Nothing refers to a file, and it was last sent before then."""
    young_upload = select(col(Upload.sha256)).where(
        col(Upload.sha256) == col(File.sha256), col(Upload.uploaded_at) >= before
    )
    references = [select(column).where(column == col(File.sha256)).exists() for column in REFERRING]
    return (col(File.created_at) < before) & ~or_(young_upload.exists(), *references)


async def review(session: AsyncSession, file: File) -> bool:
    """Clear the file's row if nothing refers to it, else ask again in a month. `file` is locked; gives whether it goes.

    Raises IntegrityError where something refers to it that this does not know of: nothing is done then.
    """
    at = now(session)
    unused = await session.scalar(
        select(col(File.sha256)).where(col(File.sha256) == file.sha256, is_unused(at - YOUNG))
    )
    if unused is None:
        file.review_at = at + REVIEWED_EVERY
        return False
    await session.execute(delete(FileVariant).where(col(FileVariant.of) == file.sha256))
    await session.execute(delete(Upload).where(col(Upload.sha256) == file.sha256))
    await session.execute(delete(FileText).where(col(FileText.sha256) == file.sha256))
    await session.delete(file)
    await session.flush()
    row = {"sha256": file.sha256, "cleared_at": at}
    await upsert(session, ClearedFile, [row], keys=("sha256",), update=("cleared_at",))
    return True


async def _review(session: AsyncSession, file: File) -> None:
    await review(session, file)


async def forget(session: AsyncSession, files: FileStore, sha256: str) -> bool:
    """Let the store forget bytes that no row speaks of; gives whether it did. Whoever is keeping them at this moment
    goes first, and they stay. Raises OSError, TimeoutError where the store does not answer.
    """
    if not await try_lock(session, f"file {sha256}"):
        return False
    is_spoken_of = await session.scalar(select(col(File.sha256)).where(col(File.sha256) == sha256))
    if is_spoken_of is None:
        async with asyncio.timeout(_PATIENCE):
            await files.delete(sha256)
    await session.execute(delete(ClearedFile).where(col(ClearedFile.sha256) == sha256))
    return is_spoken_of is None


async def unspoken(session: AsyncSession, names: Collection[str]) -> set[str]:
    """Which of these have no row."""
    known = await session.scalars(select(col(File.sha256)).where(col(File.sha256).in_(names)))
    return set(names) - set(known)


async def find_unused(session: AsyncSession, after: str, most: int) -> Sequence[File]:
    """Up to so many that nothing refers to, by their names, after one; not asked for when they are due, but now."""
    return (
        await session.scalars(
            select(File)
            .where(col(File.sha256) > after, is_unused(now(session) - YOUNG))
            .order_by(col(File.sha256))
            .limit(most)
            .with_for_update(skip_locked=True)
        )
    ).all()


REVIEW_FILES = Duty(
    "file.review",
    finding(
        select(File)
        .where(col(File.review_at) <= bindparam("at"))
        .order_by(col(File.review_at), col(File.sha256))
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    ),
    _review,
    key=lambda file: file.sha256,
)


def forgetting(files: FileStore) -> Duty[ClearedFile]:
    """Letting this store forget what was cleared."""

    async def find(session: AsyncSession, _at: datetime, most: int) -> Sequence[ClearedFile]:
        asked = (
            select(ClearedFile)
            .order_by(col(ClearedFile.cleared_at), col(ClearedFile.sha256))
            .limit(min(most, _FORGOTTEN_AT_ONCE))
            .with_for_update(skip_locked=True)
        )
        return (await session.scalars(asked)).all()

    async def do(session: AsyncSession, cleared: ClearedFile) -> None:
        await forget(session, files, cleared.sha256)

    return Duty("file.forget", find, do, key=lambda cleared: cleared.sha256)
