"""Versions of materials as what members do with them is judged: who could read which, and since when."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from models.channels import Hearing
from models.database import table_of
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.histories import History
from models.permissions import Viewer
from models.standing import stands
from models.study.reading import get_study
from models.study.table import Study, StudyKind, StudyState, StudyVersion
from models.viewers import resolve_viewer

VersionKey = tuple[UUID, int]
"""The material and the number of the version."""

_STUDY, _VERSION = table_of(Study), table_of(StudyVersion)
_MATERIALS = (_STUDY.c.id, _STUDY.c.branch_no, _STUDY.c.who, _STUDY.c.state, _STUDY.c.withdrawn_at)


class Versions:
    """Those versions that were asked for, and their materials."""

    def __init__(self, rows: Iterable[Row[Any]]) -> None:
        self._materials: dict[UUID, Row[Any]] = {}
        self._published: dict[VersionKey, datetime] = {}
        for row in rows:
            self._materials[row.id] = row
            if row.version is not None:
                self._published[row.id, row.version] = row.published_at

    def read(self, history: History, at: datetime, key: VersionKey) -> datetime:
        """When somebody had it before them: what they did before it was published, by a clock that was wrong, they did
        when it was. What another has taken the place of may still be open on a phone.

        Raises NotFound `event.material_unknown`, Invalid `version.unknown`.
        """
        material = self._materials.get(key[0])
        then = max(at, self._published.get(key, at))
        if (
            material is None
            or material.state is StudyState.DRAFT
            or (material.withdrawn_at is not None and material.withdrawn_at <= then)
            or not history.hearing(then).hears(material.branch_no, material.who)
        ):
            raise NotFound("event.material_unknown")
        if key not in self._published:
            raise Invalid.at("/version", "version.unknown")
        return then


_OPEN = frozenset({StudyState.PUBLISHED, StudyState.SUPERSEDED})
_IS_MATERIAL = _STUDY.c.kind == StudyKind.MATERIAL
# made once: making a statement takes longer than sending it
_ASKED: Select[*tuple[Any, ...]] = (
    select(*_MATERIALS, _VERSION.c.version, _VERSION.c.published_at)
    .select_from(
        _STUDY.outerjoin(
            _VERSION,
            and_(
                _VERSION.c.study_id == _STUDY.c.id,
                tuple_(_VERSION.c.study_id, _VERSION.c.version).in_(bindparam("keys", expanding=True)),
            ),
        )
    )
    .where(_IS_MATERIAL, _STUDY.c.id.in_(bindparam("ids", expanding=True)))
)
_READ_NOW = select(stands().label("stands"), _STUDY.c.branch_no, _STUDY.c.who, _STUDY.c.state, _STUDY.c.version).where(
    _IS_MATERIAL, _STUDY.c.id == bindparam("asked")
)


async def versions(session: AsyncSession, keys: Collection[VersionKey]) -> Versions:
    """All of these that there are, in one statement."""
    if not keys:
        return Versions(())
    ids = sorted({material_id for material_id, _ in keys})
    return Versions(await session.execute(_ASKED, {"ids": ids, "keys": sorted(set(keys))}))


async def check_read(session: AsyncSession, viewer: Viewer, material_id: UUID, version: int) -> None:
    """Is this version before the viewer, who may be a second old, now? One statement where it is.

    Raises Unauthenticated, NotFound, Forbidden `material.not_audience`, Conflict `study.not_published`, Invalid
    `version.unknown`.
    """
    asked = {"asked": material_id, "member_id": viewer.the_member, "session_id": viewer.session_id}
    found = (await session.execute(_READ_NOW, asked)).one_or_none()
    if found is None or not (found.stands and _is_heard(viewer, found)):
        viewer = await resolve_viewer(session, viewer.the_member, viewer.the_session)
        if found is None or not _is_heard(viewer, found):
            study, *_ = await get_study(session, viewer, StudyKind.MATERIAL, material_id)
            is_published = study.state is StudyState.PUBLISHED
            raise Forbidden("material.not_audience") if is_published else Conflict("study.not_published")
    if version > found.version:
        raise Invalid.at("/version", "version.unknown")


def _is_heard(viewer: Viewer, material: Row[Any]) -> bool:
    return material.state in _OPEN and Hearing.of(viewer).hears(material.branch_no, material.who)
