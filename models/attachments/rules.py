"""Rules about files that go with notices: who adds and takes them away, and who sees which."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.attachments.shapes import AttachmentPublic
from models.attachments.table import NoticeFile
from models.branches import Branch
from models.database import translating
from models.errors import Conflict, NotFound, Stale
from models.files import keep_file
from models.notices.reading import get_notice, public, readable
from models.notices.shapes import NoticePublic
from models.notices.table import Notice, NoticeState
from models.notices.writing import audit_notice, held
from models.permissions import Permission, Viewer, require

FILES_MOST = 10
TOGETHER_MOST = 50 * 1024 * 1024
"""Bytes of all files of one notice."""


async def check_room(session: AsyncSession, viewer: Viewer, notice_id: UUID, revision: int, size: int) -> None:
    """Could a file of this size be attached now? Asked before it is sent, so that nobody sends it for nothing.

    Raises what `attach` raises, but for `attachment.repeated`.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    if notice.state is not NoticeState.DRAFT:
        raise Conflict("notice.not_draft")
    if notice.revision != revision:
        raise Stale
    _check_room(notice, size)


async def attach(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, file: AttachmentPublic, revision: int, crc32: int
) -> NoticePublic:
    """Add a file as the last one, in a new revision. Whoever calls keeps its bytes before they commit.

    Raises Conflict `notice.not_draft`, `attachment.too_many`, `attachment.too_large`, `attachment.repeated`, Stale.
    """
    notice, branch = await _held(session, viewer, notice_id, revision)
    _check_room(notice, file.size)
    await keep_file(session, file.sha256, file.size, file.media_type, crc32)
    async with translating(session, {"pk_notice_file": Conflict("attachment.repeated")}):
        session.add(NoticeFile(notice_id=notice.id, sha256=file.sha256))
    _say(notice, [*_attached(notice), file])
    await session.flush()
    after = {"name": file.name, "sha256": file.sha256, "size": file.size, "revision": notice.revision}
    audit_notice(session, viewer, "notice.attach", notice, after=after)
    return public(notice, branch)


async def detach(session: AsyncSession, viewer: Viewer, notice_id: UUID, sha256: str, revision: int) -> NoticePublic:
    """Take a file away, in a new revision; its bytes stay for whatever else holds them.

    Raises NotFound, also where the notice has no such file, Conflict `notice.not_draft`, Stale.
    """
    notice, branch = await _held(session, viewer, notice_id, revision)
    gone = _one(notice, sha256)
    await session.execute(
        delete(NoticeFile).where(col(NoticeFile.notice_id) == notice.id, col(NoticeFile.sha256) == sha256)
    )
    _say(notice, [each for each in _attached(notice) if each != gone])
    await session.flush()
    before = {"name": gone.name, "sha256": gone.sha256, "size": gone.size}
    after = {"revision": notice.revision}
    audit_notice(session, viewer, "notice.detach", notice, before=before, after=after)
    return public(notice, branch)


async def get_attachment(session: AsyncSession, viewer: Viewer, notice_id: UUID, sha256: str) -> AttachmentPublic:
    """A file of a notice that the viewer may read. Raises NotFound."""
    notice, _ = await get_notice(session, viewer, notice_id)
    return _one(notice, sha256)


def attached(viewer: Viewer, sha256: str) -> ColumnElement[bool]:
    """Does a notice that the viewer may read hold this?"""
    holding = (
        select(col(NoticeFile.notice_id))
        .join(Notice, col(Notice.id) == col(NoticeFile.notice_id))
        .join(Branch, col(Branch.no) == col(Notice.branch_no))
        .where(col(NoticeFile.sha256) == sha256, readable(viewer))
    )
    return holding.exists()


async def copy_files(session: AsyncSession, of: Notice, to: Notice) -> None:
    """Let a new notice hold what another holds; no byte is copied. Whoever calls may read `of` and write `to`,
    which is stored already.
    """
    files = _attached(of)
    to.attachments = [file.model_dump(mode="json") for file in files]
    await session.flush()
    session.add_all(NoticeFile(notice_id=to.id, sha256=file.sha256) for file in files)
    await session.flush()


async def _held(session: AsyncSession, viewer: Viewer, notice_id: UUID, revision: int) -> tuple[Notice, Branch]:
    # drafts alone: what is scheduled is published by itself, as it was when somebody with the right to publish agreed
    return await held(session, viewer, notice_id, revision, right=Permission.NOTICE_WRITE, state=NoticeState.DRAFT)


def _check_room(notice: Notice, size: int) -> None:
    if len(notice.attachments) >= FILES_MOST:
        raise Conflict("attachment.too_many", most=FILES_MOST)
    if sum(each.size for each in _attached(notice)) + size > TOGETHER_MOST:
        raise Conflict("attachment.too_large", megabytes=TOGETHER_MOST // 1024**2)


def _attached(notice: Notice) -> list[AttachmentPublic]:
    return [AttachmentPublic.model_validate(each) for each in notice.attachments]


def _one(notice: Notice, sha256: str) -> AttachmentPublic:
    found = next((each for each in _attached(notice) if each.sha256 == sha256), None)
    if found is None:
        raise NotFound
    return found


def _say(notice: Notice, files: list[AttachmentPublic]) -> None:
    """A new list and not the old one changed: of that the session would see nothing."""
    notice.attachments = [file.model_dump(mode="json") for file in files]
    notice.revision += 1
