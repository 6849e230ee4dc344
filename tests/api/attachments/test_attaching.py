"""Files are added to drafts, and taken away again; what is published keeps them."""

import asyncio
import hashlib
import tracemalloc
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.attachments.rules import FILES_MOST, copy_files
from models.attachments.table import NoticeFile
from models.audit import AuditEvent
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate
from models.notices.table import Notice
from models.permissions import OPERATOR
from tests import samples
from tests.api.attachments.conftest import Stored
from tests.api.attachments.sending import NAME, attach, attached, detach, pieces, publish
from tests.api.conftest import As, Client
from tests.api.problem_details import assert_problem
from tests.api.raw import call
from tests.organisation import Organisation
from tests.serving import FEED, Desk, phone_of

MB = 1024 * 1024
PDF_SHA = hashlib.sha256(samples.PDF).hexdigest()
PDF_SAID = {"sha256": PDF_SHA, "name": NAME, "media_type": "application/pdf", "size": len(samples.PDF)}


async def test_a_file_goes_with_a_draft_in_a_new_revision(
    secretary: Client, desk: Desk, parts: Parts, stored: Stored
) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    answer = await attach(secretary, draft.id, declared="application/pdf")
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"].startswith('"r2-')
    assert (answer.json()["revision"], answer.json()["attachments"]) == (2, [PDF_SAID])
    assert (await secretary.get(f"{FEED}/{draft.id}")).json()["attachments"] == [PDF_SAID]
    picture = await attached(secretary, draft.id, samples.picture("PNG"), "ảnh.png", revision=2)
    assert stored() == sorted([PDF_SHA, picture])
    async with parts.database.reading() as session:
        rows = await session.scalars(select(col(NoticeFile.sha256)).where(col(NoticeFile.notice_id) == draft.id))
        assert sorted(rows) == sorted([PDF_SHA, picture])
        events = (await session.scalars(select(AuditEvent).where(col(AuditEvent.action) == "notice.attach"))).all()
    assert len(events) == 2
    assert {"name": NAME, "sha256": PDF_SHA, "size": len(samples.PDF), "revision": 2} in [e.after for e in events]


async def test_it_is_part_of_what_is_published(
    app: FastAPI, secretary: Client, member: Client, desk: Desk, organisation: Organisation
) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    await attached(secretary, draft.id)
    await publish(secretary, draft.id, revision=2)
    assert (await member.get(f"{FEED}/{draft.id}")).json()["attachments"] == [PDF_SAID]
    async with phone_of(app, organisation.person("member")) as phone:
        things = [
            thing
            for channel in (await phone.get("/v1/sync")).json()["channels"]
            for thing in channel["things"]
            if thing["id"] == str(draft.id)
        ]
        assert [thing["attachments"] for thing in things] == [[PDF_SAID]]
        assert (await phone.get(f"{FEED}/{draft.id}")).json()["attachments"] == [PDF_SAID]
    body = {"change": "Đổi giờ.", "body": "20 giờ."}
    amended = await secretary.post(f"{FEED}/{draft.id}/amend", json=body, headers={"If-Match": '"r3-"'})
    assert amended.json()["attachments"] == [PDF_SAID]


async def test_published_attachments_never_change(secretary: Client, desk: Desk, stored: Stored) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    await attached(secretary, draft.id)
    await publish(secretary, draft.id, revision=2)
    before = (await secretary.get(f"{FEED}/{draft.id}")).json()
    assert_problem(await attach(secretary, draft.id, samples.mp4(), "a.mp4", revision=3), 409, "notice.not_draft")
    assert_problem(await detach(secretary, draft.id, PDF_SHA, revision=3), 409, "notice.not_draft")
    await desk.withdraw(draft.id)
    assert_problem(await detach(secretary, draft.id, PDF_SHA, revision=4), 409, "notice.not_draft")
    assert (await secretary.get(f"{FEED}/{draft.id}")).json()["attachments"] == before["attachments"]
    assert stored() == [PDF_SHA]


async def test_what_is_scheduled_was_agreed_to_as_it_is(secretary: Client, desk: Desk, stored: Stored) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    at = {"publish_at": "2100-01-01T00:00:00Z"}
    assert (await secretary.patch(f"{FEED}/{draft.id}", json=at, headers={"If-Match": '"r1-"'})).status_code == 200
    await publish(secretary, draft.id, revision=2)
    assert_problem(await attach(secretary, draft.id, revision=3), 409, "notice.not_draft")
    assert stored() == []


async def test_a_file_is_taken_away_again(secretary: Client, desk: Desk, parts: Parts) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    await attached(secretary, draft.id)
    film = await attached(secretary, draft.id, samples.mp4(), "phim.mp4", revision=2)
    answer = await detach(secretary, draft.id, PDF_SHA, revision=3)
    assert (answer.status_code, answer.json()["revision"]) == (200, 4)
    assert [each["sha256"] for each in answer.json()["attachments"]] == [film]
    assert (await secretary.get(f"{FEED}/{draft.id}/attachments/{PDF_SHA}")).status_code == 404
    assert (await secretary.get(f"/v1/files/{PDF_SHA}")).status_code == 404
    assert_problem(await detach(secretary, draft.id, PDF_SHA, revision=4), 404, "not_found")
    async with parts.database.reading() as session:
        events = await session.scalars(select(AuditEvent).where(col(AuditEvent.action) == "notice.detach"))
        (event,) = events
    assert (event.before, event.after) == (
        {"name": NAME, "sha256": PDF_SHA, "size": len(samples.PDF)},
        {"revision": 4},
    )
    await attached(secretary, draft.id, revision=4)


async def test_the_same_bytes_are_attached_once(secretary: Client, desk: Desk, stored: Stored) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    await attached(secretary, draft.id)
    again = await attach(secretary, draft.id, samples.PDF, "tên khác.pdf", revision=2)
    assert_problem(again, 409, "attachment.repeated")
    other = await desk.publish("chibo", "Nghị quyết nữa", draft=True)
    await attached(secretary, other.id)
    assert stored() == [PDF_SHA]
    assert (await secretary.get(f"{FEED}/{draft.id}")).json()["attachments"] == [PDF_SAID]


async def test_the_same_bytes_under_two_types_are_each_what_their_notice_says(secretary: Client, desk: Desk) -> None:
    text = b"a,b\n1,2\n"
    one, other = [await desk.publish("chibo", title, draft=True) for title in ("Một", "Hai")]
    sha256 = await attached(secretary, one.id, text, "bảng.csv")
    assert await attached(secretary, other.id, text, "bảng.txt") == sha256
    for notice, media_type in ((one, "text/csv"), (other, "text/plain")):
        answer = await secretary.get(f"{FEED}/{notice.id}/attachments/{sha256}")
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"


async def test_there_is_an_end_to_files(secretary: Client, desk: Desk, stored: Stored) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    for number in range(FILES_MOST):
        await attached(secretary, draft.id, f"Trang {number}".encode(), f"{number}.txt", revision=1 + number)
    refused = await attach(secretary, draft.id, b"Trang cuoi", "cuối.txt", revision=1 + FILES_MOST)
    assert_problem(refused, 409, "attachment.too_many")
    assert len(stored()) == FILES_MOST


@pytest.mark.parametrize("declared", [True, False])
async def test_there_is_an_end_to_their_size(secretary: Client, desk: Desk, stored: Stored, declared: bool) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    film = b"".join([piece async for piece in pieces(30 * MB)])
    await attached(secretary, draft.id, film, "phim.mp4")
    other = film + samples.box(b"free", b"")
    refused = await attach(secretary, draft.id, other if declared else pieces(30 * MB + 8), "khác.mp4", revision=2)
    assert_problem(refused, 409, "attachment.too_large")
    assert len(stored()) == 1


async def test_of_two_at_once_one_wins(secretary: Client, acting_as: As, desk: Desk, stored: Stored) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    answers = await asyncio.gather(
        attach(secretary, draft.id, samples.PDF, "một.pdf"),
        attach(acting_as("deputy"), draft.id, samples.mp4(), "hai.mp4"),
        attach(acting_as("clerk"), draft.id, samples.mp3(), "ba.mp3"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]
    shown = (await secretary.get(f"{FEED}/{draft.id}")).json()
    assert shown["revision"] == 2
    assert stored() == [each["sha256"] for each in shown["attachments"]]


async def test_forty_megabytes_take_little_memory(
    app: FastAPI, parts: Parts, secretary: Client, desk: Desk, stored: Stored
) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    whole = hashlib.sha256()
    async for piece in pieces(40 * MB):
        whole.update(piece)
    tracemalloc.start()
    try:
        sha256 = await attached(secretary, draft.id, pieces(40 * MB), "phim.mp4")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sha256 == whole.hexdigest()
    assert peak < 8 * MB
    assert stored() == [sha256]
    read = hashlib.sha256()
    async for chunk in await parts.files.open(sha256):
        read.update(chunk)
    assert read.hexdigest() == sha256


async def test_who_hangs_up_in_the_middle_leaves_nothing(
    app: FastAPI, parts: Parts, secretary: Client, desk: Desk, stored: Stored
) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    headers = [("Authorization", secretary.headers["authorization"]), ("If-Match", '"r1-"')]
    target = f"{FEED}/{draft.id}/attachments?name=a.pdf"
    chunks = [samples.PDF[:40], samples.PDF[40:]]
    await parts.cache.follower.follow()
    answer = await call(app, "POST", target, headers=headers, chunks=chunks, hangs_up=True)
    assert answer.status == 0
    assert stored() == []
    assert (await secretary.get(f"{FEED}/{draft.id}")).json()["revision"] == 1
    assert (await call(app, "POST", target, headers=headers, chunks=chunks)).status == 201


async def test_a_commit_that_fails_changes_nothing(
    secretary: Client, desk: Desk, parts: Parts, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes may stay in the storage, where nothing leads to them; sent again they are the same file."""
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)

    async def fail(_session: AsyncSession) -> int:
        raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    with monkeypatch.context() as failing:
        failing.setattr(changes, "commit", fail)
        assert_problem(await attach(secretary, draft.id), 503, "unavailable")
    assert (await secretary.get(f"{FEED}/{draft.id}")).json()["revision"] == 1
    assert (await secretary.get(f"/v1/files/{PDF_SHA}")).status_code == 404
    async with parts.database.reading() as session:
        assert (await session.scalars(select(col(NoticeFile.sha256)))).all() == []
    await attached(secretary, draft.id)
    assert stored() == [PDF_SHA]


async def test_a_copy_holds_the_same_files(
    parts: Parts, secretary: Client, member: Client, desk: Desk, organisation: Organisation, stored: Stored
) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    await attached(secretary, draft.id)

    async def duplicate(session: AsyncSession) -> Any:
        data = NoticeCreate(branch_id=organisation.branch("chibo").id, title="Bản sao", body="Mời họp.")
        made = await create_notice(session, OPERATOR, data)
        of, to = [await session.get_one(Notice, id_) for id_ in (draft.id, made.id)]
        await copy_files(session, of, to)
        return made.id

    async with parts.database.writing() as session:
        copied = await duplicate(session)
        await changes.commit(session)
    assert (await secretary.get(f"{FEED}/{copied}")).json()["attachments"] == [PDF_SAID]
    await detach(secretary, draft.id, PDF_SHA, revision=2)
    answer = await secretary.get(f"{FEED}/{copied}/attachments/{PDF_SHA}")
    assert (answer.status_code, answer.content) == (200, samples.PDF)
    assert stored() == [PDF_SHA]
