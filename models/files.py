"""Files by their content: what the storage holds, and what it is."""

from datetime import datetime

from sqlalchemy import ForeignKey, SmallInteger
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from models.database import now, upsert


class File(SQLModel, table=True):
    """One row for each distinct content; `sha256` in hex is also its name in the storage."""

    __tablename__ = "file"

    sha256: str = Field(primary_key=True, max_length=64)
    size: int
    media_type: str = Field(max_length=80)
    created_at: datetime


class FileVariant(SQLModel, table=True):
    """A picture that is kept narrower too: `sha256` names it `width` pixels wide. Rows are never changed, so that
    answers may be kept for good.
    """

    __tablename__ = "file_variant"

    of: str = Field(primary_key=True, max_length=64, sa_column_args=[ForeignKey("file.sha256")])
    width: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    sha256: str = Field(max_length=64, sa_column_args=[ForeignKey("file.sha256")])


async def keep_file(session: AsyncSession, sha256: str, size: int, media_type: str) -> None:
    """Note a stored file; the same content twice is one file."""
    row = {"sha256": sha256, "size": size, "media_type": media_type, "created_at": now(session)}
    await upsert(session, File, [row], keys=("sha256",), update=())
