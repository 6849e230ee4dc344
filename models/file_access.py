"""Who sees which files: whoever may see something that holds them."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.attachments.rules import attached
from models.errors import NotFound
from models.files import File, FileVariant
from models.permissions import Viewer
from models.photos import pictured
from models.study.reading import holding
from models.uploads import Upload, sent_by


async def get_file(session: AsyncSession, viewer: Viewer, sha256: str, width: int | None = None) -> File:
    """A member's photo, a notice's attachment, a file of something to study, or what the viewer sent. With a width so
    wide, or whole where it is no wider or was never kept narrower. Raises NotFound.
    """
    file = await session.scalar(select(File).where(col(File.sha256) == sha256, _seen(session, viewer, sha256)))
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


async def may_refer(session: AsyncSession, viewer: Viewer, sha256s: Collection[str]) -> set[str]:
    """Those of these that the viewer sent, or may read already: knowing a hash gives nobody the bytes. The operator may
    refer to all that is there.
    """
    known = select(col(File.sha256)).where(col(File.sha256).in_(sorted(sha256s)))
    if viewer.is_operator:
        return set(await session.scalars(known))
    sent = select(col(Upload.sha256)).where(
        col(Upload.sha256).in_(sorted(sha256s)), col(Upload.member_id) == viewer.the_member
    )
    found = set(await session.scalars(sent))
    for sha256 in sorted(set(sha256s) - found):
        seen = select(col(File.sha256)).where(col(File.sha256) == sha256, _seen(session, viewer, sha256))
        if await session.scalar(seen) is not None:
            found.add(sha256)
    return found


def _seen(session: AsyncSession, viewer: Viewer, sha256: str) -> ColumnElement[bool]:
    return or_(
        pictured(session, viewer, sha256), attached(viewer, sha256), holding(viewer, sha256), sent_by(viewer, sha256)
    )
