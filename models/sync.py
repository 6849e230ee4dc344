"""What an app that works offline is told: what changed in a channel since a number, and the member's own file.

Snapshot, delta, page and resume are one statement, which reads version and things of one moment.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.attachments.shapes import AttachmentPublic
from models.base import Shape
from models.branches import Branch, BranchKind, BranchStatus
from models.changes import Change, ChannelVersion, Topic
from models.channels import ALL, channel
from models.members.rules import profile_of
from models.members.table import Gender, MemberCard, MemberStatus, find_person
from models.memberships import MembershipKind
from models.notices.activity import ActivityPublic
from models.notices.shapes import Audience
from models.notices.table import Category, Notice, NoticeState, Priority
from models.roles import OwnGrant
from models.study.collections import CollectionThing
from models.study.materials import MaterialThing
from models.study.quizzes import QuizThing
from models.study.shapes import StudyThing
from models.study.table import Study, StudyKind, StudyState, StudyVersion

THINGS_MOST = 100
BYTES_MOST = 200 * 1024
"""Of a page, before it is compressed: less than 64 KB after, where Vietnamese prose takes less than a third."""
_DIGITS = 32
_TOPICS = (Topic.NOTICES, Topic.MATERIALS, Topic.BRANCH)
_STUDIES: dict[str, type[StudyThing]] = {
    StudyKind.MATERIAL: MaterialThing,
    StudyKind.COLLECTION: CollectionThing,
    StudyKind.QUIZ: QuizThing,
}


class BranchThing(Shape):
    """The card of a branch on the member's path."""

    kind: Literal["branch"] = "branch"
    id: UUID
    seq: int
    code: str
    name: str
    branch_kind: BranchKind
    status: BranchStatus
    parent_id: UUID | None


class NoticeThing(Shape):
    """A published notice, ready to show. `body_html` is null where the app asked to save data; `change` says what the
    newest revision changed, where there was one before.
    """

    kind: Literal["notice"] = "notice"
    id: UUID
    seq: int
    branch_id: UUID
    title: str
    summary: str
    body_html: str | None
    category: Category
    priority: Priority
    requires_ack: bool
    revision: int
    ack_revision: int
    change: str | None
    audience: Audience
    activity: ActivityPublic | None
    published_at: datetime
    expires_at: datetime | None
    attachments: list[AttachmentPublic]


_NOTICE = tuple(name for name in NoticeThing.model_fields if name in Notice.model_fields and name != "id")
_OF_STUDY = ("title", "summary", "version", "published_at", "change", "card")


class ChannelDelta(Shape):
    """With `reset`, delete what is stored of the channel before storing `things`. With `complete` the store then holds
    `count` things of the channel; `digest` is of their `<id>:<seq>`.
    """

    channel: str
    reset: bool
    things: list[BranchThing | NoticeThing | MaterialThing | CollectionThing | QuizThing]
    removed: list[UUID]
    complete: bool
    count: int | None
    digest: str | None


class OwnMembership(Shape):
    id: UUID
    kind: MembershipKind
    branch_id: UUID
    started_at: datetime
    until: datetime | None


class OwnFile(MemberCard):
    """What `/v1/me` says, with branches by their ids: their cards come with the channels."""

    member_no: str
    gender: Gender | None
    status: MemberStatus
    admitted_on: date | None
    confirmed_on: date | None
    birth_date: date | None
    phone: str | None
    email: str | None
    address: str | None
    national_id: str | None
    revision: int
    memberships: list[OwnMembership]
    grants: list[OwnGrant]


class Sync(Shape):
    """What is new since the cursor. A null `cursor`: nothing is; keep yours. `more`: ask again with the new one."""

    cursor: str | None
    more: bool
    me: OwnFile | None
    dropped: list[str]
    channels: list[ChannelDelta]


class Delta(NamedTuple):
    """What changed in a channel above a number, read at `version`.

    Whoever applies it is at `number`: that of its last thing, or where nothing lies beyond, `version`.
    """

    version: int
    number: int
    complete: bool
    things: list[bytes]
    """JSON of each."""
    removed: list[str]
    holds: int
    digest: str

    @property
    def size(self) -> int:
        """Bytes, roughly as sent."""
        return sum(map(len, self.things)) + 40 * len(self.removed)


async def read_delta(
    session: AsyncSession, branch_no: int, who: int, *, since: int, fresh_to: int, lean: bool
) -> Delta:
    """What changed above `since`; from the beginning, and without removals, if that is negative.

    Removals up to `fresh_to` are left out too: whoever asks began from nothing when the channel was there. `lean`
    leaves out the bodies.
    """
    said = {"name": channel(branch_no, who), "branch_no": branch_no, "who": who, "since": since}
    rows = await session.execute(_CHANGED[lean], said | {"others": THINGS_MOST - 1})
    return _put_together(rows, who, since, fresh_to)


def _put_together(rows: Iterable[Any], who: int, since: int, fresh_to: int) -> Delta:
    version = edge = cut = 0  # `cut` is the number after which this page ends; 0 while it goes on
    standing: list[str] = []
    things: list[bytes] = []
    removed: list[str] = []
    size = last = 0
    branch: Branch | None = None
    parent_id: UUID | None = None
    card_seq = 0
    for read_at, branch, parent_id, kind, thing_id, seq, stands, ends, *said in rows:  # noqa: B007 - the same in each
        version = read_at or 0
        if seq is None:
            break
        edge = ends or 0
        if kind == "branch":
            card_seq = seq if thing_id == branch.id else card_seq
            continue
        if stands:
            standing.append(f"{thing_id}:{seq}")
        if seq <= since or (edge and seq > edge):
            continue
        if size >= BYTES_MOST and seq > last and not cut:
            cut = last
        if cut:
            continue
        last = seq
        if stands:
            things.append(_thing(kind, who, said, id=thing_id, seq=seq, branch_id=branch.id))
            size += len(things[-1])
        elif seq > fresh_to and since >= 0:
            removed.append(str(thing_id))
    number = cut or edge or version
    if branch is not None and who == ALL:
        standing.append(f"{branch.id}:{card_seq}")
        if since < card_seq <= number or since < 0:
            things.insert(0, _card(branch, parent_id, card_seq))
    lines = "\n".join(sorted(standing)).encode()
    return Delta(
        version,
        number,
        number >= version,
        things,
        removed,
        len(standing),
        hashlib.sha256(lines).hexdigest()[:_DIGITS],
    )


def _thing(kind: str, who: int, said: Sequence[Any], **fields: Any) -> bytes:
    """`said` are a notice's columns, then those of what there is to study."""
    of_notice, (slug, shown, *of_study) = said[: len(_NOTICE)], said[len(_NOTICE) :]
    if kind == "notice":
        thing: Shape = NoticeThing(audience=Audience.of(who), **fields, **dict(zip(_NOTICE, of_notice, strict=True)))
    else:
        common = dict(zip(_OF_STUDY, of_study, strict=True))
        card = common.pop("card")
        thing = _STUDIES[kind](slug=slug, **fields, **common, **card, **(shown or {}))
    return thing.model_dump_json().encode()


def _card(branch: Branch, parent_id: UUID | None, seq: int) -> bytes:
    card = BranchThing(
        id=branch.id,
        seq=seq,
        code=branch.code,
        name=branch.name,
        branch_kind=branch.kind,
        status=branch.status,
        parent_id=parent_id,
    )
    return card.model_dump_json().encode()


def _changed(*, lean: bool) -> Select[*tuple[Any, ...]]:
    """All that a channel holds, with what changed above `:since` in full, up to the number of the last that fits."""
    name, since = bindparam("name", type_=String()), bindparam("since", type_=BigInteger())
    later, stands, above = aliased(Change), aliased(Notice), aliased(Branch)
    end = (
        select(col(later.seq))
        .where(col(later.channel) == name, col(later.topic).in_(_TOPICS), col(later.seq) > since)
        .order_by(col(later.seq))
        .offset(bindparam("others"))
        .limit(1)
        .scalar_subquery()
    )
    columns = [null().label(n) if lean and n == "body_html" else getattr(Notice, n) for n in _NOTICE]
    is_new = and_(col(Change.seq) > since, or_(end.is_(None), col(Change.seq) <= end))

    def is_standing(table: Any, published: str, is_kind: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(
            is_kind,
            table.id == col(Change.thing_id),
            table.state == published,
            table.branch_no == bindparam("branch_no"),
            table.who == bindparam("who"),
        )

    is_notice = is_standing(stands, NoticeState.PUBLISHED, col(Change.kind) == "notice")
    is_study = is_standing(Study, StudyState.PUBLISHED, col(Change.kind).in_(sorted(_STUDIES)))
    # what a collection holds and a quiz asks goes with it; texts are asked for one by one, or come with packages
    holds = case((col(Study.kind) != StudyKind.MATERIAL, col(StudyVersion.shown)), else_=null())
    changed = (
        select(
            col(Change.kind),
            col(Change.thing_id),
            col(Change.seq),
            or_(col(stands.id).is_not(None), col(Study.id).is_not(None)).label("stands"),
            end.label("end"),
            *columns,
            col(Study.slug),
            type_coerce(holds, JSON(none_as_null=True)).label("shown"),
            *(getattr(StudyVersion, name).label(f"study_{name}") for name in _OF_STUDY),
        )
        .select_from(Change)
        .outerjoin(stands, is_notice)
        .outerjoin(Notice, and_(col(Notice.id) == col(stands.id), is_new))
        .outerjoin(Study, is_study)
        .outerjoin(
            StudyVersion,
            and_(col(StudyVersion.study_id) == col(Study.id), col(StudyVersion.version) == col(Study.version), is_new),
        )
        .where(col(Change.channel) == name, col(Change.topic).in_(_TOPICS))
        .subquery()
    )
    version = (
        select(func.max(col(ChannelVersion.seq)))
        .where(col(ChannelVersion.channel) == name, col(ChannelVersion.topic).in_(_TOPICS))
        .scalar_subquery()
    )
    return (
        select(version, Branch, col(above.id), *changed.c)
        .select_from(Branch)
        .outerjoin(above, col(above.no) == col(Branch.parent_no))
        .outerjoin(changed, true())
        .where(col(Branch.no) == bindparam("branch_no"))
        .order_by(changed.c.seq, changed.c.thing_id)
    )


# made once: making a statement takes longer than sending it
_CHANGED = {lean: _changed(lean=lean) for lean in (False, True)}


async def own_file(session: AsyncSession, member_id: UUID) -> OwnFile:
    profile = await profile_of(session, await find_person(session, member_id))
    said = {name: getattr(profile, name) for name in OwnFile.model_fields if name != "memberships"}
    memberships = [
        OwnMembership(
            id=each.id, kind=each.kind, branch_id=each.branch.id, started_at=each.started_at, until=each.until
        )
        for each in profile.memberships
    ]
    return OwnFile(memberships=memberships, **said)


async def own_number(session: AsyncSession, member: str) -> int:
    """The number at which the member's file or access last changed; `member` is the name of their channel."""
    return (
        await session.scalar(
            select(func.max(col(ChannelVersion.seq))).where(
                col(ChannelVersion.channel) == member, col(ChannelVersion.topic).in_((Topic.ACCESS, Topic.PROFILE))
            )
        )
        or 0
    )
