"""Who sees which files: whoever may see something that holds them."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.attachments.rules import attached
from models.errors import NotFound
from models.files import File, FileVariant
from models.permissions import Viewer
from models.photos import pictured
from models.study.reading import holding


async def get_file(session: AsyncSession, viewer: Viewer, sha256: str, width: int | None = None) -> File:
    """A member's photo, a notice's attachment, or a file of something to study. With a width so wide, or whole where
    it is no wider or was never kept narrower. Raises NotFound.
    """
    file = await session.scalar(
        select(File).where(
            col(File.sha256) == sha256,
            or_(pictured(session, viewer, sha256), attached(viewer, sha256), holding(viewer, sha256)),
        )
    )
    if file is None:
        raise NotFound
    if width is None:
        return file
    narrower = await session.scalar(
        select(File)
        .join(FileVariant, col(FileVariant.sha256) == col(File.sha256))
        .where(col(FileVariant.of) == sha256, col(FileVariant.width) == width)
    )
    return narrower or file
