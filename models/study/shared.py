"""What there is to study as all who hear a channel share it: without a viewer, with the version that was read."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.changes import Topic
from models.channels import ALL, channel
from models.database import table_of
from models.notices.shapes import NoticeBranch
from models.sharing import KEPT, Line, SharedThing, channels_of, version_of
from models.study.reading import ENTRIES, SUMMARIES, whole, whole_collection
from models.study.table import Study, StudyItem, StudyKind, StudyState, StudyVersion

_COMMON = ("title", "summary", "version", "published_at", "change")


async def render_studies(kind: StudyKind, session: AsyncSession, branch_no: int, who: int) -> tuple[int, list[Line]]:
    """The version of a channel's things to study and its newest `KEPT` + 1 of a kind, of one moment."""
    said = {"branch_no": branch_no, "who": who, "kind": kind, "most": KEPT + 1}
    names = {"own": channel(branch_no, who), "general": channel(branch_no, ALL)}
    shape = SUMMARIES[kind]
    version, lines = 0, []
    for version_read, branch_id, code, name, study_id, slug, card, *common in await session.execute(
        _CHANNEL, said | names
    ):
        version = version_read or 0
        if study_id is None:
            break
        branch = NoticeBranch(id=branch_id, code=code, name=name)
        fields: dict[str, Any] = dict(zip(_COMMON, common, strict=True))
        summary = shape(id=study_id, branch=branch, slug=slug, **fields, **card)
        facet = card.get("level") or ""
        lines.append(Line(fields["published_at"], study_id, facet, summary.model_dump_json().encode()))
    return version, lines


async def render_study(kind: StudyKind, session: AsyncSession, study_id: UUID) -> SharedThing | None:
    """A published thing whole, with the version of its channel; of a collection, what it holds was read after that, so
    that it is never older.
    """
    row = (await session.execute(_STUDY, {"study_id": study_id, "kind": kind})).one_or_none()
    if row is None:
        return None
    version, study, branch, published = row
    if kind is StudyKind.COLLECTION:
        entries = await session.execute(ENTRIES.where(col(StudyItem.collection_id) == study_id))
        shown: Any = whole_collection(study, branch, published, entries)
    else:
        shown = whole(study, branch, published)
    return SharedThing(version or 0, study.branch_no, study.who, shown, None)


def _channel() -> Select[*tuple[Any, ...]]:
    study, version, branch = table_of(Study), table_of(StudyVersion), table_of(Branch)
    newest = (
        select(study.c.id.label("study_id"), study.c.slug, version.c.card, *(version.c[name] for name in _COMMON))
        .join(version, (version.c.study_id == study.c.id) & (version.c.version == study.c.version))
        .where(
            study.c.branch_no == bindparam("branch_no"),
            study.c.who == bindparam("who"),
            study.c.kind == bindparam("kind"),
            study.c.state == StudyState.PUBLISHED,
        )
        .order_by(study.c.published_at.desc(), study.c.id.desc())
        .limit(bindparam("most"))
        .subquery()
    )
    number = version_of(Topic.MATERIALS, bindparam("own", type_=String()), bindparam("general", type_=String()))
    return (
        select(number, branch.c.id, branch.c.code, branch.c.name, *newest.c)
        .select_from(branch.outerjoin(newest, true()))
        .where(branch.c.no == bindparam("branch_no"))
        .order_by(newest.c.published_at.desc(), newest.c.study_id.desc())
    )


def _study() -> Select[*tuple[Any, ...]]:
    number = version_of(Topic.MATERIALS, *channels_of(col(Study.branch_no), col(Study.who)))
    return (
        select(number, Study, Branch, StudyVersion)
        .join(Branch, col(Branch.no) == col(Study.branch_no))
        .join(
            StudyVersion,
            (col(StudyVersion.study_id) == col(Study.id)) & (col(StudyVersion.version) == col(Study.version)),
        )
        .where(
            col(Study.id) == bindparam("study_id"),
            col(Study.kind) == bindparam("kind"),
            col(Study.state) == StudyState.PUBLISHED,
        )
    )


# made once: making a statement takes longer than sending it
_CHANNEL = _channel()
_STUDY = _study()
