"""The calendar that a member's calendar app subscribes to, read by a parser that is not ours."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event, EventStatus
from sqlalchemy import select

from api.parts import Parts
from models import changes
from models.activation import switch_account
from models.calendars import CalendarToken
from models.permissions import OPERATOR
from tests.api.conftest import As, Client
from tests.api.happenings import transfer
from tests.api.identity import calling_from, slug
from tests.api.meetings import FEED, amend, call_meeting, meeting, withdraw
from tests.api.problem_details import assert_problem
from tests.clock import START, StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.ticking import tick

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
TOKEN = "/v1/me/calendar-token"
CALENDAR = "/v1/calendar.ics"


class Subscription:
    """A calendar app: it knows an address and nothing else."""

    def __init__(self, app: Client, token: str) -> None:
        self.app = app
        self.token = token

    async def fetch(self, **headers: str) -> httpx.Response:
        return await self.app.get(CALENDAR, params={"token": self.token}, headers=headers)

    async def calendar(self) -> Calendar:
        answer = await self.fetch()
        assert answer.status_code == 200, answer.text
        return IcsCalendarStream.calendar_from_ics(answer.text)

    async def events(self) -> dict[str, Event]:
        """By the notice's id."""
        return {str(event.uid).partition("@")[0]: event for event in (await self.calendar()).events}


@pytest.fixture
async def subscription(anyone: Client, member: Client) -> Subscription:
    return await subscribed(anyone, member)


async def subscribed(app: Client, member: Client) -> Subscription:
    answer = await member.post(TOKEN)
    assert answer.status_code == 201, answer.text
    return Subscription(app, answer.json()["token"])


@pytest.fixture
def chibo(organisation: Organisation) -> str:
    return str(organisation.branch("chibo").id)


# --- what is in it ---


async def test_an_activity_is_in_the_calendar_of_who_hears_it(
    acting_as: As, secretary: Client, anyone: Client, subscription: Subscription, chibo: str
) -> None:
    said = {"place": "Nhà văn hoá thôn Đoài", "online_url": "https://hop.example.vn/1?a=b", "title": "Họp; bàn, quyết"}
    notice = await call_meeting(secretary, chibo, **said)
    letter = {"branch_id": chibo, "title": "Nhắc phí", "body": "Đề nghị đóng phí.", "publish": True}
    assert (await secretary.post(FEED, json=letter)).status_code == 201
    await call_meeting(secretary, chibo, publish=False)
    calendar = await subscription.calendar()
    (event,) = calendar.events
    assert event.uid == f"{notice['id']}@127.0.0.1"
    assert (event.summary, event.location, event.sequence) == ("Họp; bàn, quyết", said["place"], 1)
    assert event.status == EventStatus.CONFIRMED
    assert event.dtstart == datetime(2026, 6, 2, 19, 30, tzinfo=HANOI)
    assert event.dtend == datetime(2026, 6, 2, 21, 30, tzinfo=HANOI)
    assert isinstance(event.dtstart, datetime)
    assert (event.dtstart.utcoffset(), getattr(event.dtstart.tzinfo, "key", None)) == (timedelta(hours=7), HANOI.key)
    assert event.description == f"{notice['summary']}\n\n{said['online_url']}"
    assert str(event.url) == f"http://127.0.0.1:8000/n/{notice['id']}"
    assert await (await subscribed(anyone, acting_as("neighbour"))).events() == {}
    assert (await subscribed(anyone, acting_as("grouped"))).token != subscription.token
    assert (await (await subscribed(anyone, acting_as("grouped"))).events()).keys() == {notice["id"]}


async def test_what_goes_on_goes_on_in_the_calendar(secretary: Client, subscription: Subscription, chibo: str) -> None:
    rule = {"frequency": "weekly", "count": 4, "exceptions": ["2026-06-09"]}
    notice = await call_meeting(secretary, chibo, recurrence=rule)
    calendar = await subscription.calendar()
    starts = [event.dtstart for event in calendar.timeline]
    assert starts == [datetime(2026, 6, day, 19, 30, tzinfo=HANOI) for day in (2, 16, 23)]
    assert [at.isoformat() for at in starts] == [  # type: ignore[union-attr]  # none is a whole day
        datetime.fromisoformat(each["starts_at"]).astimezone(HANOI).isoformat()
        for each in notice["activity"]["occurrences"]
    ]
    rule["exceptions"] = ["2026-06-09", "2026-06-16"]
    await amend(secretary, notice, activity={"recurrence": rule})
    starts = [event.dtstart for event in (await subscription.calendar()).timeline]
    assert starts == [datetime(2026, 6, day, 19, 30, tzinfo=HANOI) for day in (2, 23)]


async def test_an_amendment_reaches_the_calendar(
    secretary: Client, subscription: Subscription, chibo: str, clock: StandingClock
) -> None:
    notice = await call_meeting(secretary, chibo)
    before = (await subscription.events())[notice["id"]]
    clock.advance(hours=3)
    moved = {"starts_at": "2026-06-03T12:30:00Z", "ends_at": "2026-06-03T14:00:00Z", "place": "Sân đình"}
    await amend(secretary, notice, title="Họp (dời ngày)", activity=moved)
    after = (await subscription.events())[notice["id"]]
    assert after.uid == before.uid
    assert (before.sequence, after.sequence) == (1, 2)
    assert (before.last_modified, after.last_modified) == (START, START + timedelta(hours=3))
    assert after.dtstart == datetime(2026, 6, 3, 19, 30, tzinfo=HANOI)
    assert (after.summary, after.location) == ("Họp (dời ngày)", "Sân đình")


async def test_what_is_withdrawn_is_called_off_and_says_nothing_more(
    secretary: Client, subscription: Subscription, chibo: str, clock: StandingClock
) -> None:
    said = {"place": "Nhà bà Tám", "online_url": "https://hop.example.vn/1", "title": "Điều không nên nói"}
    notice = await call_meeting(secretary, chibo, **said)
    notice = await withdraw(secretary, notice)
    answer = await subscription.fetch()
    for gone in (*said.values(), "Kính mời"):
        assert gone not in answer.text
    event = (await subscription.events())[notice["id"]]
    assert (event.status, event.sequence, event.summary) == (EventStatus.CANCELLED, 2, "Activity called off")
    assert event.dtstart == datetime(2026, 6, 2, 19, 30, tzinfo=HANOI)
    vietnamese = await subscription.fetch(**{"Accept-Language": "vi"})
    assert "Buổi sinh hoạt đã huỷ" in vietnamese.text
    clock.advance(days=91)
    assert await subscription.events() == {}


async def test_what_has_expired_took_place(
    acting_as: As, secretary: Client, subscription: Subscription, parts: Parts, chibo: str, clock: StandingClock
) -> None:
    expires_at = (START + timedelta(days=3)).isoformat()
    notice = await call_meeting(secretary, chibo, expires_at=expires_at)
    clock.advance(days=4)
    await tick(parts)
    assert (await acting_as("member").get(f"{FEED}/{notice['id']}")).status_code == 404
    event = (await subscription.events())[notice["id"]]
    assert (event.status, event.summary) == (EventStatus.CONFIRMED, notice["title"])
    clock.advance(days=180)
    assert await subscription.events() == {}


async def test_a_slip_of_the_keyboard_is_in_nobodys_calendar(
    secretary: Client, member: Client, subscription: Subscription, chibo: str
) -> None:
    far = await call_meeting(secretary, chibo, starts_at=datetime(9000, 1, 1, tzinfo=UTC))
    near = await call_meeting(secretary, chibo, starts_at=START + timedelta(days=365))
    assert (await subscription.events()).keys() == {near["id"]}
    alone = await member.get(f"{FEED}/{far['id']}/calendar.ics")
    assert "DTSTART;TZID=Asia/Ho_Chi_Minh:90000101T070000" in alone.text


async def test_who_was_transferred_has_the_new_branchs_calendar(
    acting_as: As, secretary: Client, subscription: Subscription, parts: Parts, organisation: Organisation
) -> None:
    old = await call_meeting(secretary, organisation.branch("chibo").id)
    new = await call_meeting(acting_as("sibling_secretary"), organisation.branch("chibo2").id)
    everyones = await call_meeting(acting_as("parent_secretary"), organisation.branch("coso").id)
    roles = {"reach": "roles", "roles": ["secretary"]}
    await call_meeting(acting_as("parent_secretary"), organisation.branch("coso").id, audience=roles)
    assert (await subscription.events()).keys() == {old["id"], everyones["id"]}
    await withdraw(secretary, old)
    await transfer(parts.database, organisation.person("member"), organisation.branch("chibo2"))
    assert (await subscription.events()).keys() == {new["id"], everyones["id"]}


async def test_a_longer_calendar_asks_no_more(
    secretary: Client, subscription: Subscription, parts: Parts, chibo: str
) -> None:
    asked = []
    for more in (1, 12):
        for _ in range(more):
            await call_meeting(secretary, chibo, recurrence={"frequency": "weekly", "count": 3})
        with counting(parts.database) as statements:
            assert (await subscription.fetch()).status_code == 200
        asked.append(len(statements))
    assert asked == [3, 3], "whose token it is, what they hear, and all activities"


# --- who gets it ---


async def test_a_token_is_shown_once_and_kept_as_a_digest(
    member: Client, anyone: Client, parts: Parts, organisation: Organisation, clock: StandingClock
) -> None:
    assert (await member.get(TOKEN)).json() == {"exists": False, "created_at": None}
    assert (await member.delete(TOKEN)).status_code == 204
    clock.advance(hours=1)
    answer = await member.post(TOKEN)
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    url = urlsplit(said["url"])
    assert said["url"].startswith("http://127.0.0.1:8000/v1/calendar.ics?")
    assert parse_qs(url.query) == {"token": [said["token"]]}
    assert len(said["token"]) >= 32, "192 bits"
    assert (await anyone.get(f"{url.path}?{url.query}")).status_code == 200
    assert (await member.get(TOKEN)).json() == {"exists": True, "created_at": "2026-06-01T02:00:00Z"}
    async with parts.database.reading() as session:
        (row,) = await session.scalars(select(CalendarToken))
        assert row.member_id == organisation.person("member").id
        assert said["token"] not in row.digest


async def test_a_new_token_ends_the_one_before_and_one_can_be_ended(
    member: Client, anyone: Client, subscription: Subscription
) -> None:
    newer = await subscribed(anyone, member)
    assert newer.token != subscription.token
    assert_problem(await subscription.fetch(), 404, "not_found")
    assert (await newer.fetch()).status_code == 200
    assert (await member.delete(TOKEN)).status_code == 204
    assert_problem(await newer.fetch(), 404, "not_found")
    assert (await member.get(TOKEN)).json()["exists"] is False


async def test_nobody_learns_why_a_token_opens_nothing(
    anyone: Client, subscription: Subscription, parts: Parts, organisation: Organisation
) -> None:
    async with parts.database.writing() as session:
        await switch_account(session, OPERATOR, organisation.person("member").id, disabled=True)
        await changes.commit(session)
    closed = await subscription.fetch()
    unknown = await Subscription(anyone, "khong-co-ma-nay-trong-so-tay-dien-tu").fetch()
    missing = await anyone.get(CALENDAR)
    answers = (closed, unknown, missing)
    said = [{**assert_problem(answer, 404, "not_found"), "request_id": ""} for answer in answers]
    assert said[0] == said[1] == said[2]
    async with parts.database.writing() as session:
        await switch_account(session, OPERATOR, organisation.person("member").id, disabled=False)
        await changes.commit(session)
    assert (await subscription.fetch()).status_code == 200


async def test_a_token_is_good_for_the_calendar_alone(
    app: FastAPI, anyone: Client, subscription: Subscription, parts: Parts
) -> None:
    token = subscription.token
    for path in ("/v1/me", TOKEN, FEED, "/v1/sync"):
        as_bearer = await anyone.get(path, headers={"Authorization": f"Bearer {token}"})
        in_query = await anyone.get(path, params={"token": token, "access_token": token})
        assert (as_bearer.status_code, in_query.status_code) == (401, 401), path
    refreshed = await anyone.post("/v1/auth/refresh", json={"refresh_token": token})
    assert refreshed.status_code == 401
    assert (await anyone.post(CALENDAR, params={"token": token})).status_code == 405


async def test_an_access_token_opens_no_calendar(member: Client, subscription: Subscription) -> None:
    bearer = member.headers["authorization"].removeprefix("Bearer ")
    for token in (bearer[:200], ""):
        assert (await member.get(CALENDAR, params={"token": token})).status_code == 404


async def test_wrong_tokens_are_slowed_down_and_right_ones_never(
    app: FastAPI, subscription: Subscription, login: str
) -> None:
    here, there = calling_from(app, "203.0.113.7"), calling_from(app, "203.0.113.8")
    for n in range(5):
        assert (await Subscription(here, f"sai-{n}").fetch()).status_code == 404
    refused = await Subscription(here, "sai-lan-nua").fetch()
    assert (refused.status_code, slug(refused)) == (429, "sign_in.too_many")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await Subscription(here, subscription.token).fetch()).status_code == 200
    assert (await Subscription(there, "sai").fetch()).status_code == 404
    signed_in = await here.post("/v1/auth/login", json={"login": login, "password": "bốn mùa hoa nở"})
    assert signed_in.status_code == 200, "somebody behind this address has an old calendar, and others sign in"


async def test_no_log_shows_a_token(
    subscription: Subscription, secretary: Client, chibo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await call_meeting(secretary, chibo)
    caplog.clear()
    assert (await subscription.fetch()).status_code == 200
    wrong = Subscription(subscription.app, subscription.token[::-1])
    assert (await wrong.fetch()).status_code == 404
    ours = [
        record for record in caplog.records if record.name.partition(".")[0] in {"handbook", "uvicorn", "sqlalchemy"}
    ]
    assert any(CALENDAR in record.getMessage() for record in ours)
    for record in ours:
        assert subscription.token not in record.getMessage()
        assert wrong.token not in record.getMessage()


# --- how it is served ---


async def test_a_calendar_that_has_not_changed_is_not_sent_again(
    secretary: Client, subscription: Subscription, chibo: str, clock: StandingClock
) -> None:
    notice = await call_meeting(secretary, chibo)
    first = await subscription.fetch(**{"Accept-Encoding": "identity"})
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["content-language"] == "en"
    tag = first.headers["etag"]
    clock.advance(hours=5)
    held = await subscription.fetch(**{"If-None-Match": tag, "Accept-Encoding": "identity"})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", tag)
    await amend(secretary, notice, title="Tên khác")
    changed = await subscription.fetch(**{"If-None-Match": tag, "Accept-Encoding": "identity"})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)
    head = await subscription.app.head(CALENDAR, params={"token": subscription.token})
    assert (head.status_code, head.content) == (200, b"")
    packed = await subscription.fetch(**{"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.text) == ("gzip", changed.text)


async def test_one_activity_is_a_calendar_too(
    acting_as: As, secretary: Client, member: Client, organisation: Organisation, chibo: str
) -> None:
    rule = {"frequency": "monthly_by_weekday", "count": 3}
    notice = await call_meeting(secretary, chibo, recurrence=rule)
    url = f"{FEED}/{notice['id']}/calendar.ics"
    answer = await member.get(url)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert (await member.get(url, headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    calendar = IcsCalendarStream.calendar_from_ics(answer.text)
    (event,) = calendar.events
    assert event.uid == f"{notice['id']}@127.0.0.1"
    assert [each.dtstart for each in calendar.timeline] == [
        datetime(2026, month, day, 19, 30, tzinfo=HANOI) for month, day in ((6, 2), (7, 7), (8, 4))
    ]
    assert (await acting_as("neighbour").get(url)).status_code == 404
    assert (await acting_as(None).get(url)).status_code == 401
    await withdraw(secretary, notice)
    assert (await member.get(url)).status_code == 404
    (event,) = IcsCalendarStream.calendar_from_ics((await secretary.get(url)).text).events
    assert event.status == EventStatus.CANCELLED


async def test_what_is_no_activity_or_nobody_hears_yet_is_no_calendar(secretary: Client, chibo: str) -> None:
    letter: dict[str, Any] = meeting(chibo) | {"category": "general"}
    del letter["activity"]
    said = (await secretary.post(FEED, json=letter)).json()
    assert (await secretary.get(f"{FEED}/{said['id']}/calendar.ics")).status_code == 404
    draft = await call_meeting(secretary, chibo, publish=False)
    answer = await secretary.get(f"{FEED}/{draft['id']}/calendar.ics")
    assert (answer.status_code, slug(answer)) == (409, "notice.not_published")
