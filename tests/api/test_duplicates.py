"""A draft that begins from a notice written before."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.attachments.table import NoticeFile
from models.files import keep_file
from models.notices.table import Notice
from tests.api.conftest import As, Client
from tests.api.identity import events, slug
from tests.api.meetings import FEED, amend, call_meeting, matching, withdraw
from tests.clock import START
from tests.organisation import Organisation

SAME = (
    "title",
    "body",
    "body_html",
    "summary",
    "category",
    "priority",
    "audience",
    "requires_ack",
    "activity",
    "branch",
)


async def duplicate(client: Client, notice_id: str, **headers: str) -> dict[str, object]:
    answer = await client.post(f"{FEED}/{notice_id}/duplicate", headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


async def test_a_duplicate_says_the_same_and_is_a_draft(
    secretary: Client, member: Client, parts: Parts, organisation: Organisation
) -> None:
    said = {"audience": {"reach": "here"}, "priority": "urgent", "requires_ack": True, "place": "Nhà văn hoá"}
    expires_at = (START + timedelta(days=30)).isoformat()
    earlier = await call_meeting(secretary, organisation.branch("chibo").id, expires_at=expires_at, **said)
    amended = await amend(secretary, earlier, body="Đổi nơi họp.", activity={"place": "Sân đình"})
    made = await duplicate(secretary, earlier["id"])
    assert {name: made[name] for name in SAME} == {name: amended[name] for name in SAME}
    assert (made["state"], made["revision"], made["published_at"], made["expires_at"]) == ("draft", 1, None, None)
    assert (made["change"], made["amended_at"]) == (None, None)
    assert (await member.get(f"{FEED}/{made['id']}")).status_code == 404
    (event,) = await events(parts, "notice.create")
    assert event.after == {"title": earlier["title"], "duplicate_of": earlier["id"]}
    changed = await secretary.patch(f"{FEED}/{made['id']}", json={"title": "Kỳ sau"}, headers=matching(made))
    assert changed.status_code == 200, changed.text
    published = await secretary.post(f"{FEED}/{made['id']}/publish", headers=matching(changed.json()))
    assert published.status_code == 200, published.text
    assert (await member.get(f"{FEED}/{earlier['id']}")).json()["title"] == earlier["title"]


async def test_whatever_became_of_a_notice_it_can_be_begun_from(secretary: Client, organisation: Organisation) -> None:
    branch_id = organisation.branch("chibo").id
    draft = await call_meeting(secretary, branch_id, publish=False)
    withdrawn = await withdraw(secretary, await call_meeting(secretary, branch_id))
    for earlier in (draft, withdrawn):
        made = await duplicate(secretary, earlier["id"])
        assert (made["state"], made["title"], made["withdrawn_at"]) == ("draft", earlier["title"], None)
    again = await duplicate(secretary, str(made["id"]))
    assert again["title"] == draft["title"]


async def test_a_repeated_duplicate_is_the_same_draft(secretary: Client, organisation: Organisation) -> None:
    earlier = await call_meeting(secretary, organisation.branch("chibo").id)
    once = {"Idempotency-Key": "mot-lan-thoi"}
    first, second = [await duplicate(secretary, earlier["id"], **once) for _ in range(2)]
    assert first == second
    assert (await duplicate(secretary, earlier["id"]))["id"] != first["id"]


async def test_files_go_with_a_duplicate(secretary: Client, parts: Parts, organisation: Organisation) -> None:
    earlier = await call_meeting(secretary, organisation.branch("chibo").id)
    async with parts.database.writing() as session:
        kept = [await parts.files.put(text.encode()) for text in ("một", "hai")]
        for stored in kept:
            await keep_file(session, stored.sha256, stored.size, "text/plain")
            session.add(NoticeFile(notice_id=UUID(earlier["id"]), sha256=stored.sha256))
        named = [
            {"sha256": stored.sha256, "name": f"{n}.txt", "media_type": "text/plain", "size": stored.size}
            for n, stored in enumerate(kept)
        ]
        await session.execute(update(Notice).where(col(Notice.id) == UUID(earlier["id"])).values(attachments=named))
        await changes.commit(session)
    made = await duplicate(secretary, earlier["id"])
    async with parts.database.reading() as session:
        notice = await session.get_one(Notice, UUID(str(made["id"])))
        rows = await session.scalars(select(col(NoticeFile.sha256)).where(col(NoticeFile.notice_id) == notice.id))
        assert notice.attachments == made["attachments"] == named
        assert sorted(rows) == sorted(stored.sha256 for stored in kept)


async def test_who_may_not_write_duplicates_nothing(
    acting_as: As, secretary: Client, parts: Parts, organisation: Organisation
) -> None:
    earlier = await call_meeting(secretary, organisation.branch("chibo").id)
    for name, status in (("member", 403), ("auditor", 403), ("neighbour", 404), ("stranger_admin", 404)):
        assert (await acting_as(name).post(f"{FEED}/{earlier['id']}/duplicate")).status_code == status
    assert await events(parts, "notice.create") == []


async def test_nothing_begins_in_a_merged_branch(secretary: Client, admin: Client, organisation: Organisation) -> None:
    earlier = await call_meeting(secretary, organisation.branch("chibo").id)
    into = {"into_id": str(organisation.branch("chibo2").id)}
    assert (await admin.post(f"/v1/branches/{organisation.branch('chibo').id}/merge", json=into)).status_code == 200
    refused = await admin.post(f"{FEED}/{earlier['id']}/duplicate")
    assert (refused.status_code, slug(refused)) == (409, "branch.not_active")
