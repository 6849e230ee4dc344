"""The text of documents, taken out once when they are sent: what search finds them by."""

from sqlalchemy import ForeignKey, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from content.extract import Extract
from content.searching import TEXT_MOST
from models.database import upsert


class FileText(SQLModel, table=True):
    """`text` as far as search looks. `pages` of an EPUB are its chapters; `is_scanned` where pages are pictures of
    text.
    """

    __tablename__ = "file_text"

    sha256: str = Field(primary_key=True, max_length=64, sa_column_args=[ForeignKey("file.sha256")])
    text: str = Field(sa_type=Text)
    pages: int
    is_scanned: bool


async def note_text(session: AsyncSession, sha256: str, found: Extract) -> None:
    """Of a file that has a row; NUL is a character that PostgreSQL does not keep."""
    text = found.text.replace("\0", "")[:TEXT_MOST]
    row = {"sha256": sha256, "text": text, "pages": found.pages, "is_scanned": found.is_scanned}
    await upsert(session, FileText, [row], keys=("sha256",), update=("text", "pages", "is_scanned"))


async def text_of(session: AsyncSession, sha256: str) -> str | None:
    """None of what was never looked into: an attachment of a notice, or what has no text, as a recording."""
    return await session.scalar(select(col(FileText.text)).where(col(FileText.sha256) == sha256))
