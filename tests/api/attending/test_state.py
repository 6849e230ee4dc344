"""Receipts, answers and attendance in one state: pages over all three, and a new start after a restore."""

from typing import Any

from api.parts import Parts
from models import changes
from models.activities.attendance import Marked, attend
from models.activities.rsvps import Answered, answer
from models.activities.table import Answer, AttendanceMethod, AttendanceStatus
from models.base import new_id
from models.notices.receipts import Noted, take_note
from tests.api.attending.meetings import Meeting, answers, call_to, marks
from tests.api.conftest import As, Client
from tests.api.happenings import STATE, state
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import Desk

LISTS = ("receipts", "rsvps", "attendance")


async def test_a_page_is_of_all_three_together(
    member: Client, desk: Desk, organisation: Organisation, parts: Parts, clock: StandingClock
) -> None:
    mine = organisation.person("member").id
    meeting = await call_to(desk, clock.at, recurrence={"frequency": "weekly", "count": 200})
    branch_no = organisation.branch("chibo").no
    present = AttendanceStatus.PRESENT, AttendanceMethod.SECRETARY, clock.at, new_id(), None, branch_no
    async with parts.transaction() as session:
        await take_note(session, [Noted(mine, meeting.id, n, clock.at, None) for n in range(1, 251)])
        for first, last in ((1, 120), (120, 201)):
            answered = [Answered(meeting.id, n, mine, Answer.YES, None, clock.at, new_id()) for n in range(first, last)]
            await answer(session, mine, answered)
            await attend(session, [Marked(meeting.id, n, mine, *present) for n in range(first, last)])
    pages: list[dict[str, Any]] = []
    since: int | None = None
    while not pages or pages[-1]["more"]:
        await member.get("/v1/me")  # whose access is looked up then
        with counting(parts.database) as statements:
            pages.append(await state(member, since))
        assert len([one for one in statements if "member_state" in one]) == 1
        since = pages[-1]["state"]
    assert [[len(page[name]) for name in LISTS] for page in pages] == [[250, 131, 119], [0, 69, 81]]
    assert [page["state"] for page in pages] == [500, 650]
    held = [(one["notice_id"], one["occurrence"]) for page in pages for one in page["attendance"]]
    assert len(set(held)) == 200


async def test_a_restored_database_starts_afresh_with_all_three(
    acting_as: As, secretary: Client, meeting: Meeting, organisation: Organisation, parts: Parts
) -> None:
    member = acting_as("member")
    await answers(member, meeting)
    before = (await state(member))["state"]
    async with parts.transaction() as session:
        await changes.restored(session)
    await marks(acting_as("secretary"), meeting, (organisation.person("member").id, "excused"))
    await member.put(f"{meeting.url}/receipt", json={})
    for since in (before, before + 2, None):
        found = await state(member, since)
        assert (found["reset"], [len(found[name]) for name in LISTS]) == (True, [1, 1, 1])
    assert {name: (await state(member, found["state"]))[name] for name in LISTS} == {name: [] for name in LISTS}


async def test_nothing_new_has_no_body(member: Client, meeting: Meeting) -> None:
    await answers(member, meeting)
    since = {"since": (await state(member))["state"]}
    answer = await member.get(STATE, params=since)
    again = await member.get(STATE, params=since, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
