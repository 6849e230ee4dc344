"""Branches: the tree of the organisation. Each has an id for the world and a dense number `no` inside."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.audit import audit
from models.base import Code, Flag, Name, Request, Shape, byte_ordered, choice, new_id
from models.changes import Topic, record
from models.channels import ALL, ancestors, channel
from models.database import lock, now, translating
from models.deliveries.table import ChannelTopic
from models.errors import Conflict, FieldError, Invalid, NotFound
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Place, Viewer, below, require
from models.search import folded, matches
from models.study.table import Study, StudyKind, StudyState

DEPTH_MOST = 8
TREE = "tree"


class BranchKind(StrEnum):
    CENTRAL = "central"
    PROVINCE = "province"
    COMMUNE = "commune"
    BASE = "base"
    CELL = "cell"
    GROUP = "group"


class BranchStatus(StrEnum):
    ACTIVE = "active"
    MERGED = "merged"
    DISSOLVED = "dissolved"


class Branch(SQLModel, table=True):
    """`path` holds the numbers from the root down to the branch itself, each followed by a slash: `1/5/88/`. With
    `push_titles` the titles of its notices and study materials go to providers of pushes, which can read them.
    """

    __tablename__ = "branch"
    __table_args__ = (
        Index("uq_branch_id", "id", unique=True),
        Index("uq_branch_code", "code", unique=True),
        Index("uq_branch_path", "path", unique=True),
        Index("ix_branch_parent_no", "parent_no", "code"),
    )

    no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    id: UUID = Field(default_factory=new_id)
    code: str = Field(max_length=40, sa_type=byte_ordered(40))
    name: str = Field(max_length=200)
    name_folded: str = Field(max_length=400)
    kind: BranchKind = Field(sa_type=choice(BranchKind, "kind"))
    parent_no: int | None = Field(default=None, sa_column_args=[ForeignKey("branch.no")])
    path: str = Field(sa_type=byte_ordered(120))
    status: BranchStatus = Field(default=BranchStatus.ACTIVE, sa_type=choice(BranchStatus, "status"))
    successor_no: int | None = Field(default=None, sa_column_args=[ForeignKey("branch.no")])
    created_at: datetime
    push_titles: bool = Field(default=False, sa_column_kwargs={"server_default": false()})

    @property
    def place(self) -> Place:
        return Place(self.no, self.path)


class BranchCreate(Request):
    parent_id: UUID
    code: Code
    name: Name
    kind: BranchKind


class BranchUpdate(Request):
    """A field that is absent stays as it is; none can be null. `push_titles` lets the titles of the
    branch's own notices and study materials be shown by devices, and so be read by Google's, Apple's and browsers'
    push services.
    """

    name: Name | None = None
    code: Code | None = None
    kind: BranchKind | None = None
    push_titles: Flag | None = None


class BranchMove(Request):
    parent_id: UUID


class PathStep(Shape):
    id: UUID
    name: str


class BranchPublic(Shape):
    """`path` leads from the root down to the branch itself; `successor_id` is what a merged branch became part of."""

    id: UUID
    code: str
    name: str
    kind: BranchKind
    status: BranchStatus
    successor_id: UUID | None
    parent_id: UUID | None
    path: list[PathStep]
    push_titles: bool


async def get_branch(session: AsyncSession, branch_id: UUID, *, fresh: bool = False) -> Branch:
    """Any branch by its id: names, codes and paths are open to every member. Raises NotFound."""
    found = await session.execute(
        select(Branch).where(col(Branch.id) == branch_id).execution_options(populate_existing=fresh)
    )
    branch = found.scalar_one_or_none()
    if branch is None:
        raise NotFound
    return branch


async def hold_active(session: AsyncSession, branch: Branch) -> None:
    """Keep a branch from being closed until the transaction ends, as whatever begins in it needs.

    Raises Conflict `branch.not_active`. Branches are locked before members.
    """
    statement = select(col(Branch.status)).where(col(Branch.no) == branch.no).with_for_update(read=True)
    if await session.scalar(statement) is not BranchStatus.ACTIVE:
        raise Conflict("branch.not_active")


async def branch_cards(session: AsyncSession, branches: Sequence[Branch]) -> list[BranchPublic]:
    """Branches as they are shown, their paths named: one statement, whatever their number."""
    numbers = {no for branch in branches for no in ancestors(branch.path)}
    numbers |= {branch.successor_no for branch in branches if branch.successor_no is not None}
    steps = await path_steps(session, numbers)
    return [
        BranchPublic(
            id=branch.id,
            code=branch.code,
            name=branch.name,
            kind=branch.kind,
            status=branch.status,
            successor_id=steps[branch.successor_no].id if branch.successor_no is not None else None,
            parent_id=steps[branch.parent_no].id if branch.parent_no is not None else None,
            path=[steps[no] for no in ancestors(branch.path)],
            push_titles=branch.push_titles,
        )
        for branch in branches
    ]


async def branch_card(session: AsyncSession, branch: Branch) -> BranchPublic:
    return (await branch_cards(session, [branch]))[0]


async def path_steps(session: AsyncSession, numbers: Iterable[int]) -> dict[int, PathStep]:
    rows = await session.execute(
        select(col(Branch.no), col(Branch.id), col(Branch.name)).where(col(Branch.no).in_(sorted(numbers)))
    )
    return {no: PathStep(id=id_, name=name) for no, id_, name in rows.all()}


async def list_children(session: AsyncSession, branch_id: UUID, page: PageRequest) -> Page[BranchPublic]:
    parent = await get_branch(session, branch_id)
    return await _list(session, col(Branch.parent_no) == parent.no, page)


async def search_branches(session: AsyncSession, q: str, page: PageRequest) -> Page[BranchPublic]:
    """By words of the name without regard to diacritics, or by the whole code."""
    return await _list(session, or_(matches(Branch.name_folded, q), col(Branch.code) == q.strip()), page)


async def _list(session: AsyncSession, clause: ColumnElement[bool], page: PageRequest) -> Page[BranchPublic]:
    found: Page[Any] = await paginate(
        session, select(Branch).where(clause), page, [Order(col(Branch.code))], lambda branch: branch
    )
    return Page(items=await branch_cards(session, found.items), next_cursor=found.next_cursor)


async def create_branch(session: AsyncSession, viewer: Viewer, data: BranchCreate) -> Branch:
    """Raises Conflict `branch.code_taken`, `branch.too_deep`, `branch.not_active`."""
    await lock(session, TREE)
    parent = await _parent(session, data.parent_id)
    require(viewer, Permission.BRANCH_MANAGE, parent.path)
    return await plant(session, viewer, parent, code=data.code, name=data.name, kind=data.kind)


async def plant(
    session: AsyncSession, viewer: Viewer, parent: Branch | None, *, code: str, name: str, kind: BranchKind
) -> Branch:
    """Add a branch below `parent`, or a root. The caller holds the tree lock and has checked the right to."""
    if parent is not None:
        _refuse_too_deep(len(ancestors(parent.path)) + 1)
    last = await session.execute(select(func.max(Branch.no)))
    no = (last.scalar_one() or 0) + 1
    branch = Branch(
        no=no,
        code=code,
        name=name,
        name_folded=folded(name),
        kind=kind,
        parent_no=parent.no if parent else None,
        path=f"{parent.path if parent else ''}{no}/",
        created_at=now(session),
    )
    async with translating(session, {"uq_branch_code": Conflict("branch.code_taken", code=code)}):
        session.add(branch)
    after = {"code": code, "name": name, "kind": kind.value, "parent": parent.code if parent else None}
    audit(session, viewer, "branch.create", "branch", branch.id, branch_no=no, after=after)
    record(session, channel(no, ALL), Topic.BRANCH, "branch", branch.id)
    return branch


async def update_branch(session: AsyncSession, viewer: Viewer, branch: Branch, data: BranchUpdate) -> Branch:
    """Rename or recode. Raises Conflict `branch.code_taken`, Invalid for a null: none of the fields may be unknown."""
    require(viewer, Permission.BRANCH_MANAGE, branch.path)
    sent = data.model_dump(exclude_unset=True)
    missing = [FieldError(f"/{name}", "missing") for name, value in sent.items() if value is None]
    if missing:
        raise Invalid(missing)
    changes = {name: value for name, value in sent.items() if value != getattr(branch, name)}
    if not changes:
        return branch
    before = {name: getattr(branch, name) for name in changes}
    async with translating(session, {"uq_branch_code": Conflict("branch.code_taken", code=data.code)}):
        for name, value in changes.items():
            setattr(branch, name, value)
        branch.name_folded = folded(branch.name)
    audit(
        session,
        viewer,
        "branch.update",
        "branch",
        branch.id,
        branch_no=branch.no,
        before=before,
        after=changes,
    )
    record(session, channel(branch.no, ALL), Topic.BRANCH, "branch", branch.id)
    return branch


async def move_branch(session: AsyncSession, viewer: Viewer, branch_id: UUID, parent_id: UUID) -> Branch:
    """Hang a branch and all below it under another parent. The right is needed at both ends.

    Raises Conflict `branch.move_into_itself`, `branch.too_deep`, `branch.not_active`.
    """
    await lock(session, TREE)
    branch = await get_branch(session, branch_id, fresh=True)
    parent = await _parent(session, parent_id)
    old_path = branch.path
    require(viewer, Permission.BRANCH_MANAGE, above(old_path))
    require(viewer, Permission.BRANCH_MANAGE, parent.path)
    if branch.status is not BranchStatus.ACTIVE:
        raise Conflict("branch.not_active")
    if parent.path.startswith(old_path):
        raise Conflict("branch.move_into_itself")
    if branch.parent_no == parent.no:
        return branch
    before = {"parent_no": branch.parent_no}
    await hang(session, branch, parent)
    after = {"parent_no": parent.no}
    audit(session, viewer, "branch.move", "branch", branch.id, branch_no=branch.no, before=before, after=after)
    return branch


async def hang(session: AsyncSession, branch: Branch, parent: Branch) -> None:
    """Under this parent, with all below it. The caller holds the tree lock, and writes the audit.

    Raises Conflict `branch.too_deep`.
    """
    subtree = below(col(Branch.path), branch.path)
    slashes = func.length(Branch.path) - func.length(func.replace(Branch.path, "/", ""))
    deepest = (await session.execute(select(func.max(slashes)).where(subtree))).scalar_one()
    _refuse_too_deep(len(ancestors(parent.path)) + deepest - len(ancestors(branch.path)) + 1)
    path = func.concat(f"{parent.path}{branch.no}/", func.substr(Branch.path, len(branch.path) + 1))
    left_or_joined = {*ancestors(branch.path)} ^ {*ancestors(parent.path), branch.no}
    branch.parent_no = parent.no
    await session.flush()
    await session.execute(update(Branch).where(subtree).values(path=path).execution_options(synchronize_session=False))
    await session.refresh(branch)
    record(session, channel(branch.no, ALL), Topic.BRANCH, "branch", branch.id)
    collections = select(col(Study.id), col(Study.branch_no), col(Study.who)).join(
        Branch, col(Branch.no) == col(Study.branch_no)
    )
    # all at once stop to hear of some branches, and begin to hear of others
    topics = update(ChannelTopic).where(col(ChannelTopic.branch_no).in_(sorted(left_or_joined)))
    await session.execute(topics.values(after=None, checked_at=None))
    is_shown = (col(Study.kind) == StudyKind.COLLECTION, col(Study.state) == StudyState.PUBLISHED)
    for id_, no, who in await session.execute(collections.where(*is_shown, below(col(Branch.path), branch.path))):
        # they may hold what is not heard here any more
        record(session, channel(no, who), Topic.MATERIALS, "collection", id_)


async def _parent(session: AsyncSession, parent_id: UUID) -> Branch:
    try:
        parent = await get_branch(session, parent_id, fresh=True)
    except NotFound:
        raise Invalid.at("/parent_id", "branch.unknown") from None
    if parent.status is not BranchStatus.ACTIVE:
        raise Conflict("branch.not_active")
    return parent


def above(path: str) -> str:
    """The parent's path: for a root nothing, which only the operator has a right to."""
    return path[: path.rstrip("/").rfind("/") + 1]


def _refuse_too_deep(depth: int) -> None:
    if depth > DEPTH_MOST:
        raise Conflict("branch.too_deep", most=DEPTH_MOST)
