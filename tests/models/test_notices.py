import asyncio
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlmodel import SQLModel, col

from models import changes
from models.audit import AuditEvent
from models.base import new_id
from models.branches import Branch, BranchStatus
from models.changes import Change, ChannelVersion
from models.channels import ALL, HERE, Reach, channel
from models.database import Database
from models.errors import Conflict, Forbidden, HandbookError, Invalid, NotFound, Stale
from models.notices.drafts import create_notice, update_notice
from models.notices.life import publish_notice, withdraw_notice
from models.notices.preview import preview_audience
from models.notices.reading import get_notice, list_branch_notices, list_feed, read_notice
from models.notices.receipts import get_receipt, put_receipt
from models.notices.shapes import (
    Audience,
    NoticeCreate,
    NoticePublic,
    NoticeUpdate,
    NoticeWithdraw,
    ReceiptPut,
)
from models.notices.table import Category, Notice, NoticeState, Receipt
from models.paging import PageRequest
from models.permissions import Role
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting

FEED = PageRequest("feed")
BODY = "Kính mời các đồng chí dự họp **thứ Bảy** tại nhà văn hoá thôn."
HERE_ONLY = Audience(reach=Reach.HERE)
SECRETARIES = Audience(reach=Reach.ROLES, roles=[Role.SECRETARY])


class Desk:
    """Asks each rule in a transaction of its own, as a request would."""

    def __init__(self, database: Database, organisation: Organisation) -> None:
        self.database = database
        self.organisation = organisation

    async def ask(self, who: str, rule: Any, *args: Any, **named: Any) -> Any:
        async with self.database.writing() as session:
            answer = await rule(session, await self.organisation.viewer(session, who), *args, **named)
            await changes.commit(session)
        return answer

    async def refuse(self, error: type[HandbookError], slug: str, who: str, rule: Any, *args: Any) -> None:
        """It is refused with this slug, and even committed leaves nothing behind."""
        before = await self.written()
        async with self.database.writing() as session:
            viewer = await self.organisation.viewer(session, who)
            with pytest.raises(error) as refused:
                await rule(session, viewer, *args)
            await changes.commit(session)
        assert refused.value.slug == slug
        assert await self.written() == before

    async def write(self, who: str = "secretary", branch: str = "chibo", **fields: Any) -> NoticePublic:
        data = {"branch_id": self.organisation.branch(branch).id, "title": "Họp chi hội", "body": BODY, **fields}
        notice: NoticePublic = await self.ask(who, create_notice, NoticeCreate(**data))
        return notice

    async def publish(self, who: str = "secretary", branch: str = "chibo", **fields: Any) -> NoticePublic:
        return await self.write(who, branch, publish=True, **fields)

    async def feed(self, who: str, **filters: Any) -> list[UUID]:
        return [notice.id for notice in (await self.ask(who, list_feed, FEED, **filters)).items]

    async def written(self) -> list[object]:
        tables: tuple[type[SQLModel], ...] = (Notice, Receipt, AuditEvent, Change, ChannelVersion)
        async with self.database.reading() as session:
            counts: list[object] = [await session.scalar(select(func.count()).select_from(table)) for table in tables]
            rows = await session.execute(
                select(col(Notice.id), col(Notice.state), col(Notice.revision)).order_by(col(Notice.id))
            )
            return [*counts, *rows.all()]

    async def events(self, notice_id: UUID) -> list[AuditEvent]:
        async with self.database.reading() as session:
            found = select(AuditEvent).where(col(AuditEvent.target_id) == notice_id).order_by(col(AuditEvent.id))
            return list(await session.scalars(found))

    async def logged(self, notice_id: UUID) -> list[str]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(col(Change.channel)).where(col(Change.thing_id) == notice_id)))


@pytest.fixture
def desk(database: Database, organisation: Organisation) -> Desk:
    return Desk(database, organisation)


async def test_a_draft_is_rendered_audited_and_heard_by_nobody(desk: Desk) -> None:
    draft = await desk.write("clerk", requires_ack=True)
    assert (draft.state, draft.revision, draft.published_at) == (NoticeState.DRAFT, 1, None)
    assert "<strong>thứ Bảy</strong>" in draft.body_html
    assert draft.summary == BODY.replace("**", "")
    assert draft.branch.code == "CHIBO"
    (event,) = await desk.events(draft.id)
    assert event.action == "notice.create"
    assert event.after is not None
    assert event.after["body_length"] == len(BODY)
    assert BODY not in str(event.after)
    assert await desk.logged(draft.id) == []
    assert await desk.feed("secretary") == []


@pytest.mark.parametrize("who", ["member", "auditor", "editor", "sibling_secretary", "stranger_admin"])
async def test_only_the_office_writes(desk: Desk, who: str) -> None:
    data = NoticeCreate(branch_id=desk.organisation.branch("chibo").id, title="Họp", body=BODY)
    await desk.refuse(Forbidden, "forbidden", who, create_notice, data)


async def test_a_branch_must_be_known(desk: Desk) -> None:
    data = NoticeCreate(branch_id=new_id(), title="Họp", body=BODY)
    await desk.refuse(Invalid, "request.invalid", "secretary", create_notice, data)


async def test_a_clerk_writes_but_does_not_publish(desk: Desk) -> None:
    data = NoticeCreate(branch_id=desk.organisation.branch("chibo").id, title="Họp", body=BODY, publish=True)
    await desk.refuse(Forbidden, "forbidden", "clerk", create_notice, data)
    draft = await desk.write("clerk")
    await desk.refuse(Forbidden, "forbidden", "clerk", publish_notice, draft.id, draft.revision)


async def test_written_and_published_in_one_step(desk: Desk, clock: StandingClock) -> None:
    notice = await desk.publish("parent_secretary", "coso", audience=HERE_ONLY)
    assert (notice.state, notice.revision, notice.published_at) == (NoticeState.PUBLISHED, 1, clock.at)
    (event,) = await desk.events(notice.id)
    assert (event.action, event.before) == ("notice.publish", None)
    assert await desk.logged(notice.id) == [channel(desk.organisation.branch("coso").no, HERE)]


async def test_a_draft_is_rewritten(desk: Desk) -> None:
    draft = await desk.write()
    data = NoticeUpdate(body="Hoãn *họp*.", audience=SECRETARIES, title=draft.title)
    changed = await desk.ask("deputy", update_notice, draft.id, data, draft.revision)
    assert (changed.body_html, changed.summary, changed.revision) == ("<p>Hoãn <em>họp</em>.</p>\n", "Hoãn họp.", 2)
    assert changed.audience == SECRETARIES
    _, event = await desk.events(draft.id)
    assert event.before == {"audience": {"reach": "all"}, "body_length": len(BODY)}
    assert event.after == {"audience": {"reach": "roles", "roles": ["secretary"]}, "body_length": len("Hoãn *họp*.")}
    assert await desk.logged(draft.id) == []


async def test_saying_the_same_changes_nothing(desk: Desk) -> None:
    draft = await desk.write()
    same = await desk.ask("clerk", update_notice, draft.id, NoticeUpdate(body=BODY, requires_ack=False), 1)
    assert same == draft
    assert len(await desk.events(draft.id)) == 1


async def test_what_an_update_refuses(desk: Desk) -> None:
    draft, notice = await desk.write(), await desk.publish()
    data = NoticeUpdate(title="Khác")
    await desk.refuse(Stale, "revision.stale", "clerk", update_notice, draft.id, data, 7)
    await desk.refuse(Conflict, "notice.not_draft", "clerk", update_notice, notice.id, data, 1)
    await desk.refuse(Invalid, "request.invalid", "clerk", update_notice, draft.id, NoticeUpdate(title=None), 1)
    await desk.refuse(Forbidden, "forbidden", "member", update_notice, notice.id, data, 1)
    await desk.refuse(NotFound, "not_found", "member", update_notice, draft.id, data, 1)
    await desk.refuse(NotFound, "not_found", "clerk", update_notice, new_id(), data, 1)


async def test_publishing_reaches_the_channel(desk: Desk, clock: StandingClock) -> None:
    draft = await desk.write("clerk")
    clock.advance(hours=1)
    notice = await desk.ask("deputy", publish_notice, draft.id, draft.revision)
    assert (notice.state, notice.revision, notice.ack_revision) == (NoticeState.PUBLISHED, 2, 2)
    assert notice.published_at == clock.at
    assert await desk.logged(notice.id) == [channel(desk.organisation.branch("chibo").no, ALL)]
    assert [event.action for event in await desk.events(notice.id)] == ["notice.create", "notice.publish"]
    assert await desk.feed("member") == await desk.feed("grouped") == [notice.id]
    assert await desk.feed("neighbour") == await desk.feed("stranger") == []


async def test_what_publishing_refuses(desk: Desk) -> None:
    draft, notice, gone = await desk.write(), await desk.publish(), await desk.publish()
    await desk.ask("secretary", withdraw_notice, gone.id, NoticeWithdraw(), 1)
    await desk.refuse(Stale, "revision.stale", "secretary", publish_notice, draft.id, 2)
    await desk.refuse(Conflict, "notice.already_published", "secretary", publish_notice, notice.id, 1)
    await desk.refuse(Conflict, "notice.withdrawn", "secretary", publish_notice, gone.id, 2)
    await desk.refuse(Forbidden, "forbidden", "member", publish_notice, notice.id, 1)
    await desk.refuse(NotFound, "not_found", "auditor", publish_notice, draft.id, 1)
    await desk.refuse(NotFound, "not_found", "sibling_secretary", publish_notice, draft.id, 1)


async def test_a_closed_branch_says_nothing_new(desk: Desk) -> None:
    draft = await desk.write()
    async with desk.database.writing() as session:
        chibo = desk.organisation.branch("chibo").no
        await session.execute(update(Branch).where(col(Branch.no) == chibo).values(status=BranchStatus.DISSOLVED))
        await changes.commit(session)
    data = NoticeCreate(branch_id=desk.organisation.branch("chibo").id, title="Họp", body=BODY, publish=True)
    await desk.refuse(Conflict, "branch.not_active", "secretary", create_notice, data)
    await desk.refuse(Conflict, "branch.not_active", "secretary", publish_notice, draft.id, 1)


async def test_of_two_who_publish_at_once_one_does(desk: Desk) -> None:
    draft = await desk.write()
    answers = await asyncio.gather(
        *(desk.ask(who, publish_notice, draft.id, 1) for who in ("secretary", "deputy", "leader", "admin")),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, NoticePublic) for answer in answers) == 1
    refused = [answer.slug for answer in answers if isinstance(answer, Conflict)]
    assert refused == ["notice.already_published"] * 3
    assert len(await desk.events(draft.id)) == 2


async def test_withdrawing_takes_it_from_the_channel(desk: Desk, clock: StandingClock) -> None:
    notice = await desk.publish()
    clock.advance(days=1)
    gone = await desk.ask("leader", withdraw_notice, notice.id, NoticeWithdraw(reason="Sai ngày"), 1)
    assert (gone.state, gone.revision, gone.published_at) == (NoticeState.WITHDRAWN, 2, notice.published_at)
    assert (gone.withdrawn_at, gone.withdrawn_reason) == (clock.at, "Sai ngày")
    assert await desk.feed("member") == []
    assert await desk.logged(notice.id) == [channel(desk.organisation.branch("chibo").no, ALL)]
    event = (await desk.events(notice.id))[-1]
    assert (event.action, event.before) == ("notice.withdraw", {"state": "published"})
    assert event.after == {"state": "withdrawn", "reason": "Sai ngày", "revision": 2}


async def test_what_withdrawing_refuses(desk: Desk) -> None:
    draft, notice, gone = await desk.write(), await desk.publish(), await desk.publish()
    await desk.ask("secretary", withdraw_notice, gone.id, NoticeWithdraw(), 1)
    data = NoticeWithdraw()
    await desk.refuse(Conflict, "notice.not_published", "secretary", withdraw_notice, draft.id, data, 1)
    await desk.refuse(Conflict, "notice.not_published", "secretary", withdraw_notice, gone.id, data, 2)
    await desk.refuse(Stale, "revision.stale", "secretary", withdraw_notice, notice.id, data, 9)
    await desk.refuse(Forbidden, "forbidden", "clerk", withdraw_notice, notice.id, data, 1)
    await desk.refuse(Forbidden, "forbidden", "member", withdraw_notice, notice.id, data, 1)
    await desk.refuse(NotFound, "not_found", "stranger", withdraw_notice, notice.id, data, 1)


@pytest.mark.parametrize(
    ("state", "readers", "strangers"),
    [
        (
            NoticeState.DRAFT,
            ("clerk", "secretary", "parent_secretary", "admin"),
            ("member", "auditor", "editor", "sibling_secretary", "stranger_admin"),
        ),
        (
            NoticeState.PUBLISHED,
            ("member", "grouped", "editor", "auditor", "parent_secretary"),
            ("neighbour", "sibling_secretary", "stranger", "stranger_admin"),
        ),
        (
            NoticeState.WITHDRAWN,
            ("clerk", "auditor", "parent_secretary"),
            ("member", "editor", "neighbour", "stranger"),
        ),
    ],
)
async def test_who_reads_what(
    desk: Desk, state: NoticeState, readers: tuple[str, ...], strangers: tuple[str, ...]
) -> None:
    notice = await desk.write(publish=state is not NoticeState.DRAFT)
    if state is NoticeState.WITHDRAWN:
        await desk.ask("secretary", withdraw_notice, notice.id, NoticeWithdraw(), 1)
    for who in readers:
        assert (await desk.ask(who, read_notice, notice.id)).state is state
    for who in strangers:
        await desk.refuse(NotFound, "not_found", who, get_notice, notice.id)


async def test_the_feed_is_newest_first_filtered_and_paged(desk: Desk, clock: StandingClock) -> None:
    notices: list[NoticePublic] = []
    for category in (Category.GENERAL, Category.DOCUMENT, Category.GENERAL):
        notices.insert(0, await desk.publish("admin", "tinh", category=category))
        clock.advance(minutes=1)
    same_instant = [await desk.publish("admin", "tinh") for _ in range(2)]
    expected = [*sorted((n.id for n in same_instant), reverse=True), *(n.id for n in notices)]
    assert await desk.feed("member") == expected
    assert await desk.feed("member", category=Category.DOCUMENT) == [notices[1].id]
    first = await desk.ask("member", list_feed, PageRequest("feed", limit=2))
    second = await desk.ask("member", list_feed, PageRequest("feed", limit=3, cursor=first.next_cursor))
    assert [n.id for n in (*first.items, *second.items)] == expected
    assert second.next_cursor is None


async def test_unread_is_without_a_receipt_of_my_own(desk: Desk) -> None:
    read, unread = await desk.publish(), await desk.publish()
    await desk.ask("member", put_receipt, read.id, ReceiptPut())
    assert await desk.feed("member", unread=True) == [unread.id]
    assert await desk.feed("fellow", unread=True) == [unread.id, read.id]


@pytest.mark.parametrize("filters", [{}, {"unread": True, "category": Category.GENERAL}])
async def test_a_feed_is_two_statements_at_any_size(
    desk: Desk, organisation: Organisation, filters: dict[str, Any]
) -> None:
    sent = []
    for further in (1, 29):
        for _ in range(further):
            await desk.publish()
        async with desk.database.reading() as session:
            member = await organisation.viewer(session, "member")
            with counting(desk.database) as statements:
                page = await list_feed(session, member, PageRequest("feed", limit=50), **filters)
        sent.append((len(page.items), len(statements)))
    assert sent == [(1, 2), (30, 2)]


async def test_a_branch_lists_its_own_notices_for_role_holders(desk: Desk) -> None:
    draft, notice, gone = await desk.write(), await desk.publish(), await desk.publish()
    await desk.ask("secretary", withdraw_notice, gone.id, NoticeWithdraw(), 1)
    await desk.publish("parent_secretary", "coso")
    branch = desk.organisation.branch("chibo")

    async def listed(who: str, state: NoticeState | None = None) -> list[UUID]:
        page = await desk.ask(who, list_branch_notices, branch, PageRequest("branch"), state=state)
        return [item.id for item in page.items]

    assert await listed("clerk") == [gone.id, notice.id, draft.id]
    assert await listed("leader", NoticeState.DRAFT) == [draft.id]
    assert await listed("auditor") == [gone.id, notice.id]
    assert await listed("auditor", NoticeState.WITHDRAWN) == [gone.id]
    with pytest.raises(Forbidden):
        await listed("auditor", NoticeState.DRAFT)
    for who in ("member", "editor", "sibling_secretary", "stranger_admin"):
        await desk.refuse(Forbidden, "forbidden", who, list_branch_notices, branch, PageRequest("branch"))


async def test_a_receipt_keeps_the_earliest_times(desk: Desk, clock: StandingClock) -> None:
    notice = await desk.publish(requires_ack=True)
    read_at = clock.at
    first = await desk.ask("member", put_receipt, notice.id, ReceiptPut())
    assert (first.read_at, first.acknowledged_at, first.revision) == (read_at, None, 1)
    clock.advance(hours=1)
    acknowledged_at = clock.at
    await desk.ask("member", put_receipt, notice.id, ReceiptPut(acknowledged=True))
    clock.advance(hours=1)
    for again in (ReceiptPut(acknowledged=True), ReceiptPut()):
        receipt = await desk.ask("member", put_receipt, notice.id, again)
        assert (receipt.read_at, receipt.acknowledged_at) == (read_at, acknowledged_at)
    assert await desk.ask("member", get_receipt, notice.id) == receipt
    await desk.refuse(NotFound, "not_found", "fellow", get_receipt, notice.id)


async def test_one_receipt_however_often_it_is_sent(desk: Desk) -> None:
    notice = await desk.publish()
    data = ReceiptPut(acknowledged=True)
    receipts = await asyncio.gather(*(desk.ask("member", put_receipt, notice.id, data) for _ in range(8)))
    assert all(receipt == receipts[0] for receipt in receipts)
    async with desk.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Receipt)) == 1


async def test_only_the_audience_takes_note(desk: Desk) -> None:
    draft, notice, gone = await desk.write(), await desk.publish(), await desk.publish()
    await desk.ask("secretary", withdraw_notice, gone.id, NoticeWithdraw(), 1)
    data = ReceiptPut(acknowledged=True)
    await desk.refuse(Forbidden, "receipt.not_audience", "parent_secretary", put_receipt, notice.id, data)
    await desk.refuse(NotFound, "not_found", "neighbour", put_receipt, notice.id, data)
    await desk.refuse(NotFound, "not_found", "member", put_receipt, draft.id, data)
    await desk.refuse(NotFound, "not_found", "member", put_receipt, gone.id, data)
    await desk.refuse(Conflict, "notice.not_published", "secretary", put_receipt, draft.id, data)
    await desk.refuse(Conflict, "notice.not_published", "secretary", put_receipt, gone.id, data)


@pytest.mark.parametrize(
    ("branch", "audience", "people"),
    [
        ("chibo", Audience(reach=Reach.ALL), 10),  # its nine members and the one of the group below
        ("chibo", HERE_ONLY, 9),
        ("coso", HERE_ONLY, 0),
        ("coso", Audience(reach=Reach.ALL), 14),  # the four of the other cell besides; one of them leads here
        ("chibo", SECRETARIES, 1),
        ("tinh", Audience(reach=Reach.ROLES, roles=[Role.SECRETARY, Role.CLERK]), 5),
    ],
)
async def test_a_preview_counts_people_once(desk: Desk, branch: str, audience: Audience, people: int) -> None:
    draft = await desk.write("admin", branch, audience=audience)
    assert (await desk.ask("admin", preview_audience, draft.id)).people == people


async def test_a_preview_says_where_people_are(desk: Desk) -> None:
    draft = await desk.write("admin", "tinh")
    xa, coso, chibo = (desk.organisation.branch(name).id for name in ("xa", "coso", "chibo"))
    for above, here, below in (
        (None, 0, {"XA": 14}),
        (xa, 0, {"COSO": 14}),
        (coso, 0, {"CHIBO": 10, "CHIBO2": 4}),
        (chibo, 9, {"TO": 1}),
    ):
        preview = await desk.ask("admin", preview_audience, draft.id, above)
        assert preview.here == here
        assert {part.branch.code: part.people for part in preview.branches} == below
        assert preview.people == here + sum(below.values())
    for name in ("tw", "kh"):
        await desk.refuse(NotFound, "not_found", "admin", preview_audience, draft.id, desk.organisation.branch(name).id)


async def test_who_may_preview(desk: Desk) -> None:
    draft, notice = await desk.write(), await desk.publish()
    assert (await desk.ask("clerk", preview_audience, draft.id)).people == 10
    await desk.refuse(NotFound, "not_found", "member", preview_audience, draft.id)
    await desk.refuse(Forbidden, "forbidden", "member", preview_audience, notice.id)


@pytest.mark.parametrize(
    ("fields", "where", "code"),
    [
        ({"title": "x" * 201}, ("title",), "string_too_long"),
        ({"title": " \n "}, ("title",), "string_too_short"),
        ({"body": " \n\t"}, ("body",), "string_too_short"),
        ({"body": "x" * 20_001}, ("body",), "string_too_long"),
        ({"category": "party"}, ("category",), "enum"),
        ({"requires_ack": "yes"}, ("requires_ack",), "bool_type"),
        ({"classification": "secret"}, ("classification",), "notice.classified"),
        ({"audience": {"reach": "roles"}}, ("audience", "roles"), "audience.roles_missing"),
        ({"audience": {"reach": "roles", "roles": []}}, ("audience", "roles"), "audience.roles_missing"),
        ({"audience": {"reach": "all", "roles": ["clerk"]}}, ("audience", "roles"), "audience.roles_unexpected"),
        ({"audience": {"reach": "here", "roles": []}}, ("audience", "roles"), "audience.roles_unexpected"),
        (
            {"audience": {"reach": "roles", "roles": ["clerk", "clerk"]}},
            ("audience", "roles"),
            "audience.roles_repeated",
        ),
        ({"published_at": None}, ("published_at",), "extra_forbidden"),
    ],
)
def test_what_a_notice_may_not_say(fields: dict[str, Any], where: tuple[str, ...], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NoticeCreate.model_validate({"branch_id": str(new_id()), "title": "Họp", "body": BODY, **fields})
    (error,) = refused.value.errors()
    assert (error["loc"], error["type"]) == (where, code)


def test_a_title_is_one_line_and_a_body_keeps_its_lines() -> None:
    data = NoticeCreate(branch_id=new_id(), title="Họp\nchi hội", body="Một\r\n\r\n- hai\r\n", classification="public")
    assert (data.title, data.body) == ("Họp chi hội", "Một\n\n- hai")
