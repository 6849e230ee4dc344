"""Who may do what. One table of rights, read in two forms: `require` for one thing, `visible` for the rows of a
query.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, true

from models.errors import Forbidden


class Role(StrEnum):
    ADMIN = "admin"
    SECRETARY = "secretary"
    DEPUTY = "deputy"
    CLERK = "clerk"
    EDITOR = "editor"
    AUDITOR = "auditor"


RANK = {Role.ADMIN: 5, Role.SECRETARY: 4, Role.DEPUTY: 3, Role.CLERK: 2, Role.EDITOR: 2, Role.AUDITOR: 1}


class Permission(StrEnum):
    BRANCH_MANAGE = "branch.manage"
    ROLE_GRANT = "role.grant"
    MEMBER_CREATE = "member.create"
    MEMBER_UPDATE = "member.update"
    MEMBER_ACTIVATE = "member.activate"
    MEMBER_READ = "member.read"
    MEMBER_READ_SENSITIVE = "member.read_sensitive"
    REQUEST_DECIDE = "request.decide"
    NOTICE_WRITE = "notice.write"
    NOTICE_PUBLISH = "notice.publish"
    ATTENDANCE_MARK = "attendance.mark"
    RECEIPT_TELL = "receipt.tell"
    MATERIAL_WRITE = "material.write"
    MATERIAL_PUBLISH = "material.publish"
    REPORT_READ = "report.read"
    ROSTER_IMPORT = "roster.import"
    ROSTER_EXPORT = "roster.export"
    AUDIT_READ = "audit.read"


_LEADERS = frozenset({Role.ADMIN, Role.SECRETARY, Role.DEPUTY})
_OFFICE = _LEADERS | {Role.CLERK}

RIGHTS: dict[Permission, frozenset[Role]] = {
    Permission.BRANCH_MANAGE: frozenset({Role.ADMIN}),
    Permission.ROLE_GRANT: frozenset({Role.ADMIN, Role.SECRETARY}),
    Permission.MEMBER_CREATE: _LEADERS,
    Permission.MEMBER_UPDATE: _LEADERS,
    Permission.MEMBER_ACTIVATE: _LEADERS,
    Permission.MEMBER_READ: _OFFICE | {Role.AUDITOR},
    Permission.MEMBER_READ_SENSITIVE: _LEADERS,
    Permission.REQUEST_DECIDE: _LEADERS,
    Permission.NOTICE_WRITE: _OFFICE,
    Permission.NOTICE_PUBLISH: _LEADERS,
    Permission.ATTENDANCE_MARK: _OFFICE,
    Permission.RECEIPT_TELL: _OFFICE,
    Permission.MATERIAL_WRITE: frozenset({Role.ADMIN, Role.EDITOR}),
    Permission.MATERIAL_PUBLISH: frozenset({Role.ADMIN, Role.EDITOR}),
    Permission.REPORT_READ: _OFFICE | {Role.AUDITOR},
    Permission.ROSTER_IMPORT: frozenset({Role.ADMIN}),
    Permission.ROSTER_EXPORT: frozenset({Role.ADMIN}),
    Permission.AUDIT_READ: frozenset({Role.ADMIN, Role.AUDITOR}),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A branch as rights see it: its number and its materialised path, such as `1/5/88/`."""

    no: int
    path: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A role that somebody holds now, at a place."""

    role: Role
    place: Place


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: a member with the branches they belong to and the roles they hold, or the operator (no member)."""

    member_id: UUID | None
    session_id: UUID | None = None
    branches: tuple[Place, ...] = ()
    seats: tuple[Seat, ...] = ()

    @property
    def is_operator(self) -> bool:
        return self.member_id is None

    @property
    def the_member(self) -> UUID:
        """The member's id, where only a member can be asking."""
        if self.member_id is None:
            raise Forbidden
        return self.member_id

    @property
    def the_session(self) -> UUID:
        """The session's id, where only a member who is signed in can be asking."""
        if self.session_id is None:
            raise Forbidden
        return self.session_id

    def paths(self, permission: Permission) -> tuple[str, ...]:
        """The subtrees over which this viewer has a right, none of them inside another."""
        if self.is_operator:
            return ("",)
        roles = RIGHTS[permission]
        held = sorted({seat.place.path for seat in self.seats if seat.role in roles})
        tops: list[str] = []
        for path in held:
            if not tops or not path.startswith(tops[-1]):
                tops.append(path)
        return tuple(tops)


OPERATOR = Viewer(member_id=None)
"""Whoever has the command line may do everything; the audit says so."""


def allowed(viewer: Viewer, permission: Permission, path: str) -> bool:
    return any(path.startswith(top) for top in viewer.paths(permission))


def require(viewer: Viewer, permission: Permission, path: str) -> None:
    """Raises Forbidden unless the viewer has the right at this place of the tree."""
    if not allowed(viewer, permission, path):
        raise Forbidden(permission=permission.value)


def visible(viewer: Viewer, permission: Permission, path: ColumnElement[str] | Any) -> ColumnElement[bool]:
    """The same right as a predicate over a column of paths: a few index ranges, never a list of ids."""
    return or_(false(), *(below(path, top) for top in viewer.paths(permission)))


def below(path: ColumnElement[str] | Any, top: str) -> ColumnElement[bool]:
    """`path` is `top` or lies under it. A range, so that an index on bytes serves it ("0" follows "/")."""
    return true() if top == "" else and_(path >= top, path < top[:-1] + "0")


def outranks(viewer: Viewer, permission: Permission, seats: Collection[Seat]) -> bool:
    """Rule 3: each of these roles is below the viewer's own, and lies in the viewer's subtree."""
    if viewer.is_operator:
        return True
    return all(
        any(
            mine.role in RIGHTS[permission]
            and RANK[mine.role] > RANK[seat.role]
            and seat.place.path.startswith(mine.place.path)
            for mine in viewer.seats
        )
        for seat in seats
    )


def require_above(viewer: Viewer, permission: Permission, seats: Collection[Seat]) -> None:
    """Raises Forbidden unless `outranks` holds: nobody reaches for a role or the sign-in of an equal or a superior."""
    if not outranks(viewer, permission, seats):
        raise Forbidden("forbidden.rank", permission=permission.value)
