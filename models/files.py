"""Files by their content: what the storage holds, and what it is."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from models.database import lock, now, upsert

YOUNG = timedelta(hours=24)
"""So long nothing needs to refer to a file: whoever sent it has yet to say what it is for."""


class File(SQLModel, table=True):
    """One row for each distinct content; `sha256` in hex is also its name in the storage. `created_at` is when it was
    last sent; from `review_at` on it is asked whether anything refers to it still. `crc32` is null for what was kept
    before it was noted: see `content.files.checksum`.
    """

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_review_at", "review_at"),)

    sha256: str = Field(primary_key=True, max_length=64)
    size: int
    media_type: str = Field(max_length=80)
    created_at: datetime
    crc32: int | None = Field(default=None, sa_type=BigInteger)
    review_at: datetime


class FileVariant(SQLModel, table=True):
    """A picture that is kept narrower too: `sha256` names it `width` pixels wide. Rows are never changed, so that
    answers may be kept for good.
    """

    __tablename__ = "file_variant"
    __table_args__ = (Index("ix_file_variant_sha256", "sha256"),)

    of: str = Field(primary_key=True, max_length=64, sa_column_args=[ForeignKey("file.sha256")])
    width: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    sha256: str = Field(max_length=64, sa_column_args=[ForeignKey("file.sha256")])


class ClearedFile(SQLModel, table=True):
    """A file that nothing referred to: its row is gone, and its bytes are to go next. Written in the transaction that
    deletes the row, so that no crash leaves bytes that nobody knows of.
    """

    __tablename__ = "cleared_file"

    sha256: str = Field(primary_key=True, max_length=64)
    cleared_at: datetime


async def keep_file(session: AsyncSession, sha256: str, size: int, media_type: str, crc32: int | None = None) -> None:
    """Note a stored file; the same content twice is one file, and young again. Held to the end of the transaction: it
    and its bytes are not cleared away meanwhile.

    Whoever stores the bytes before this transaction looks once more whether they are there.
    """
    await hold_bytes(session, sha256, shared=True)
    at = now(session)
    row = {
        "sha256": sha256,
        "size": size,
        "media_type": media_type,
        "created_at": at,
        "crc32": crc32,
        "review_at": at + YOUNG,
    }
    noted = ("created_at", "review_at") if crc32 is None else ("created_at", "review_at", "crc32")
    await upsert(session, File, [row], keys=("sha256",), update=noted)


async def hold_bytes(session: AsyncSession, sha256: str, *, shared: bool = False) -> None:
    """To the end of the transaction, bytes of this name are not cleared away (`shared`), or not kept."""
    await lock(session, f"file {sha256}", shared=shared)
