"""Some weeks of notices for a made-up organisation to look back on, with who has read them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from random import Random
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from api.demo.loading import begin_bulk, write_rows
from api.demo.rows import VIETNAM, Loaded, Rows
from api.demo.showcase import showcase
from api.demo.texts import NoticeText, varied
from api.demo.tree import KINDS, BranchKind
from content.render import render_markdown, summarise
from models import changes
from models.audit import AuditEvent
from models.changes import Topic, record
from models.channels import Reach, channel, who_for
from models.database import Database, upsert
from models.notices.table import Notice, NoticeState, Receipt, ReceiptMethod
from models.own_state import MemberState
from models.permissions import Role

_ELSEWHERE = 2  # other branches that send a text in words of their own
_READERS_MOST = 600  # receipts of one notice: enough to look at, few enough to load in a moment
_NOTICES_A_COMMIT = 20  # a page of sync ends between numbers, so that one number must not cover everything
_HOURS_UNTIL_READ = 20  # on average
_WITHDRAWN_BECAUSE = "Gửi trùng với thông báo trước, đề nghị các đồng chí theo dõi thông báo kia."

_NOTICE = (
    *("id", "branch_no", "who", "author_id", "title", "body", "body_html", "summary", "category", "priority"),
    *("requires_ack", "state", "revision", "ack_revision", "created_at", "published_at", "withdrawn_at"),
    "withdrawn_reason",
)
_RECEIPT = ("notice_id", "member_id", "revision", "read_at", "acknowledged_at", "method", "seq")
_EVENT = ("id", "at", "actor_id", "action", "target_kind", "target_id", "branch_no")


_Read = tuple[UUID, UUID, int, datetime, datetime | None, ReceiptMethod]


@dataclass(frozen=True, slots=True)
class Published:
    """How many were written, drafts too."""

    notices: int
    receipts: int


@dataclass(frozen=True, slots=True)
class _Sent:
    """A notice to be written: `at` is when it was published or, of a draft, begun."""

    id: UUID
    text: NoticeText
    branch_no: int
    author_id: UUID
    state: NoticeState
    at: datetime

    @property
    def who(self) -> int:
        return who_for(Reach(self.text.reach), map(Role, self.text.roles))

    @property
    def withdrawn_at(self) -> datetime | None:
        return self.at + timedelta(hours=3) if self.state is NoticeState.WITHDRAWN else None


async def publish_notices(database: Database, loaded: Loaded, texts: Sequence[NoticeText], *, rng: Random) -> Published:
    """Each text once on the way from the root to the showcase's cell, and in other words at branches elsewhere.

    Two drafts and a withdrawn notice besides; each by the secretary of its branch, with the audit's events. The log
    gets a number for every twenty notices, in the order of their publication.
    """
    at = database.clock()
    notices = sorted(_compose(loaded, texts, at, rng), key=lambda notice: notice.at)
    officers = _officers(loaded, notices)
    waiting = iter(notices)
    receipts = 0
    counters: Counter[UUID] = Counter()
    async with database.writing() as session:
        while chunk := list(islice(waiting, _NOTICES_A_COMMIT)):
            await begin_bulk(session)
            read = [
                row
                for notice in chunk
                for row in _receipts(loaded, notice, officers.get(notice.id, _audience(loaded, notice)), at, rng)
            ]
            await write_rows(session, Rows(Notice, _NOTICE, [_notice(notice) for notice in chunk]))
            await write_rows(session, Rows(Receipt, _RECEIPT, list(_numbered(read, counters))))
            await _count_on(session, {member_id for _, member_id, *_ in read}, counters)
            events = [event for notice in chunk for event in _events(notice)]
            await write_rows(session, Rows(AuditEvent, _EVENT, events))
            for notice in chunk:
                if notice.state is not NoticeState.DRAFT:
                    record(session, channel(notice.branch_no, notice.who), Topic.NOTICES, "notice", notice.id)
            await changes.commit(session)
            receipts += len(read)
    return Published(len(notices), receipts)


def _compose(loaded: Loaded, texts: Sequence[NoticeText], at: datetime, rng: Random) -> Iterator[_Sent]:
    tree = loaded.organisation.tree
    branches: dict[BranchKind, list[int]] = {kind: [] for kind in KINDS}
    for no in range(1, tree.branches + 1):
        branches[KINDS[tree.kind[no]]].append(no)
    shown = showcase(loaded)
    home = {kind: numbers[0] for kind, numbers in branches.items() if numbers}
    home |= {KINDS[tree.kind[no]]: no for no in loaded.path(shown.cell)}

    as_written = [(text, home[text.branch_kind]) for text in texts if text.branch_kind in home]
    elsewhere = [
        (text, no, NoticeState.PUBLISHED)
        for text, at_home in as_written
        for no in _some([no for no in branches[text.branch_kind] if no != at_home], rng)
    ]
    kinds: tuple[tuple[BranchKind, NoticeState], ...] = (
        ("cell", NoticeState.DRAFT),
        ("province", NoticeState.DRAFT),
        ("commune", NoticeState.WITHDRAWN),
    )
    for kind, state in kinds:
        of_kind = [text for text in texts if text.branch_kind == kind]
        if of_kind:
            elsewhere.append((rng.choice(of_kind), home[kind], state))

    names = _names(loaded, {no for _, no, _ in elsewhere})
    secretaries = _secretaries(loaded, {*home.values(), *names})
    for text, no, state in (
        *((text, no, NoticeState.PUBLISHED) for text, no in as_written),
        *((varied(rng, text, names[no]), no, state) for text, no, state in elsewhere),
    ):
        moment = _moment(at, 0 if state is NoticeState.DRAFT else text.days_ago, rng)
        made_at = int(moment.timestamp() * 1_000_000_000)
        yield _Sent(uuid7(nanoseconds=made_at), text, no, secretaries[no], state, moment)


def _some(branches: Sequence[int], rng: Random) -> list[int]:
    return rng.sample(branches, min(_ELSEWHERE, len(branches)))


def _names(loaded: Loaded, wanted: set[int]) -> dict[int, str]:
    return {branch.no: branch.name for branch in loaded.organisation.branches() if branch.no in wanted}


def _secretaries(loaded: Loaded, wanted: set[int]) -> dict[int, UUID]:
    return {
        grant.branch_no: loaded.member_id(grant.member_index)
        for grant in loaded.organisation.grants()
        if grant.role == "secretary" and grant.branch_no in wanted
    }


def _moment(at: datetime, days_ago: int, rng: Random) -> datetime:
    """Some time between seven in the morning and nine in the evening, Vietnamese time, before `at`."""
    day = at.astimezone(VIETNAM).date() - timedelta(days=days_ago)
    moment = datetime.combine(day, time(7), VIETNAM) + timedelta(seconds=rng.randrange(14 * 3600))
    # Three hours more, so that what was withdrawn is withdrawn by now.
    return (moment if moment + timedelta(hours=3) < at else moment - timedelta(days=1)).astimezone(UTC)


def _notice(notice: _Sent) -> tuple[object, ...]:
    text = notice.text
    return (
        notice.id,
        notice.branch_no,
        notice.who,
        notice.author_id,
        text.title,
        text.body,
        render_markdown(text.body),
        summarise(text.body),
        text.category,
        text.priority,
        text.requires_ack,
        notice.state,
        1,
        1,
        notice.at,
        None if notice.state is NoticeState.DRAFT else notice.at,
        notice.withdrawn_at,
        _WITHDRAWN_BECAUSE if notice.withdrawn_at else None,
    )


def _events(notice: _Sent) -> Iterator[tuple[object, ...]]:
    done = (("notice.publish", None if notice.state is NoticeState.DRAFT else notice.at),)
    for action, when in (*done, ("notice.withdraw", notice.withdrawn_at)):
        if when is not None:
            made_at = int(when.timestamp() * 1_000_000_000)
            yield uuid7(nanoseconds=made_at), when, notice.author_id, action, "notice", notice.id, notice.branch_no


def _audience(loaded: Loaded, notice: _Sent) -> Sequence[int]:
    """The members of the branch, or of its whole subtree: either is a run of indexes."""
    tree, no = loaded.organisation.tree, notice.branch_no
    after = no + 1 if notice.text.reach == "here" else tree.end[no]
    return range(tree.first_member[no], tree.first_member[after])


def _officers(loaded: Loaded, notices: Iterable[_Sent]) -> dict[UUID, Sequence[int]]:
    """Whom the notices to roles address, some of them at least."""
    addressed: dict[UUID, list[int]] = {notice.id: [] for notice in notices if notice.text.reach == "roles"}
    end = loaded.organisation.tree.end
    to_roles = [notice for notice in notices if notice.id in addressed]
    for grant in loaded.organisation.grants():
        for notice in to_roles:
            heard = addressed[notice.id]
            inside = notice.branch_no <= grant.branch_no < end[notice.branch_no]
            if inside and grant.role in notice.text.roles and len(heard) < _READERS_MOST:
                heard.append(grant.member_index)
    return {id_: sorted(set(heard)) for id_, heard in addressed.items()}


def _receipts(loaded: Loaded, notice: _Sent, audience: Sequence[int], at: datetime, rng: Random) -> Iterator[_Read]:
    """A share of the audience, each after some hours: of what is new, few have been able to take note."""
    if notice.state is not NoticeState.PUBLISHED:
        return
    readers = min(int(len(audience) * rng.uniform(0.35, 0.9)), _READERS_MOST)
    for index in rng.sample(audience, readers):
        read_at = notice.at + timedelta(hours=rng.expovariate(1 / _HOURS_UNTIL_READ))
        if read_at >= at or loaded.has_left(index):
            continue
        acknowledged_at = read_at if notice.text.requires_ack and rng.random() < 0.8 else None
        method = ReceiptMethod.TOLD if rng.random() < 0.05 else ReceiptMethod.SELF
        yield notice.id, loaded.member_id(index), 1, read_at, acknowledged_at, method


def _numbered(read: Iterable[_Read], counters: Counter[UUID]) -> Iterator[tuple[object, ...]]:
    """With the numbers of their members' own states."""
    for row in read:
        counters[row[1]] += 1
        yield *row, counters[row[1]]


async def _count_on(session: AsyncSession, member_ids: Iterable[UUID], counters: Counter[UUID]) -> None:
    rows = [{"member_id": member_id, "seq": counters[member_id]} for member_id in sorted(member_ids)]
    await upsert(session, MemberState, rows, keys=("member_id",), update=("seq",))
