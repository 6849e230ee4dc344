"""Which files go with which notices."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlmodel import Field, SQLModel


class NoticeFile(SQLModel, table=True):
    """That a notice holds a file. How it is named and ordered is said in `Notice.attachments`."""

    __tablename__ = "notice_file"
    __table_args__ = (Index("ix_notice_file_sha256", "sha256"),)

    notice_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("notice.id")])
    sha256: str = Field(primary_key=True, max_length=64, sa_column_args=[ForeignKey("file.sha256")])
