"""Who sent which bytes: only they, and those who may read them already, may refer to them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, exists
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from content.extract import Extract
from content.incoming import StoredFile
from models.base import Shape
from models.database import now, upsert
from models.errors import Forbidden
from models.file_texts import note_text
from models.files import keep_file
from models.permissions import Permission, Viewer

SENDING: Collection[Permission] = (Permission.MATERIAL_WRITE,)
"""Whoever has one of these anywhere may send files, and say later what they are for."""


class Upload(SQLModel, table=True):
    """That a member sent these bytes, and what they last called them."""

    __tablename__ = "upload"

    sha256: str = Field(primary_key=True, max_length=64, sa_column_args=[ForeignKey("file.sha256")])
    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    name: str = Field(max_length=120)
    uploaded_at: datetime


class UploadPublic(Shape):
    """What was sent. `size` is in bytes. Of documents `pages` are counted, of an EPUB its chapters; `is_scanned` where
    more than half of a PDF's pages are pictures of text, which nobody can search.
    """

    sha256: str
    size: int
    media_type: str
    name: str
    pages: int | None = None
    is_scanned: bool | None = None


def sent_by(viewer: Viewer, sha256: str) -> ColumnElement[bool]:
    """Did the viewer send this?"""
    return exists().where(col(Upload.sha256) == sha256, col(Upload.member_id) == viewer.member_id)


def require_sending(viewer: Viewer) -> None:
    """Raises Forbidden unless the viewer may send files that something will refer to."""
    if not any(viewer.paths(permission) for permission in SENDING):
        raise Forbidden(permission=Permission.MATERIAL_WRITE.value)


async def note_upload(
    session: AsyncSession, viewer: Viewer, file: StoredFile, media_type: str, name: str, found: Extract | None = None
) -> UploadPublic:
    """The viewer sent this file, in which this text was found; sending it again changes its name alone. Raises
    Forbidden.
    """
    require_sending(viewer)
    await keep_file(session, file.sha256, file.size, media_type, file.crc32)
    if viewer.member_id is not None:
        row = {"sha256": file.sha256, "member_id": viewer.member_id, "name": name, "uploaded_at": now(session)}
        await upsert(session, Upload, [row], keys=("sha256", "member_id"), update=("name", "uploaded_at"))
    sent = UploadPublic(sha256=file.sha256, size=file.size, media_type=media_type, name=name)
    if found is None:
        return sent
    await note_text(session, file.sha256, found)
    return sent.model_copy(update={"pages": found.pages, "is_scanned": found.is_scanned})
