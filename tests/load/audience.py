"""Who asks in a measurement, and what there is for them to read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, cycle, islice, zip_longest
from random import Random
from uuid import UUID

from uuid_utils.compat import uuid7

from api.demo.loading import begin_bulk, write_rows
from api.demo.rows import Loaded, Rows
from api.demo.tree import CELL
from content.render import render_markdown, summarise
from models import changes
from models.base import new_id
from models.changes import Topic, record
from models.channels import ALL, channel
from models.database import Database
from models.notices.table import Notice, NoticeState
from models.sessions import DeviceSession, Platform
from tests.load.corpus import Text

SEATED = 10_000
BRANCHES = 1_000
"""Requests come from so many members of so many branches (promises.md)."""
STRANGERS = 60_000
"""At most so many more, whom no process has seen before their one request."""

_ROOT_NOTICES = 60  # more than a page, and more than a batch of receipts
_BRANCH_NOTICES = 2
_AT_ONCE = 500
_SESSIONS_AT_ONCE = 5_000
_SUBJECTS = (
    *("Họp chi bộ tháng {month}", "Hoãn họp tổ số {number}", "Thu đảng phí quý", "Tập huấn ngày {day}/{month}"),
    *("Trực lễ ngày {day}", "Tổng vệ sinh thôn", "Khám sức khỏe đợt {number}", "Học nghị quyết đợt {number}"),
    *("Lịch tiếp dân tuần {number}", "Nộp báo cáo quý", "Hiến máu ngày {day}", "Viếng nghĩa trang"),
)
_WORDS = (
    *("{hour} giờ, {place}.", "Từ {hour} giờ ngày {day}.", "Trước ngày {day}/{month}.", "Mang theo thẻ, {hour} giờ."),
    *("Có mặt {hour} giờ tại {place}.", "Dời sang ngày {day}."),
)
_PLACES = ("nhà văn hóa", "trụ sở xã", "hội trường", "trạm y tế", "sân đình", "trường tiểu học")


@dataclass(frozen=True, slots=True)
class Seat:
    """A signed-in member without roles: the device's session, and the one branch that they belong to."""

    member_id: UUID
    session_id: UUID
    branch_no: int


@dataclass(frozen=True, slots=True)
class Audience:
    """`seated` is ordered so that neighbours belong to different branches; `publisher` is secretary at the root."""

    seated: Sequence[Seat]
    strangers: Sequence[Seat]
    publisher: Seat


def seat(loaded: Loaded) -> Audience:
    """Choose from the branches with the most members, the same ones each time."""
    tree = loaded.organisation.tree
    holders = [no for no in range(1, tree.branches + 1) if tree.kind[no] >= CELL]
    holders.sort(key=lambda no: (tree.first_member[no] - tree.first_member[no + 1], no))
    guests = {guest.member_index for guest in loaded.organisation.temporaries()}
    rows = [list(_plain(loaded, no, guests)) for no in holders[:BRANCHES]]
    spread = [one for layer in zip_longest(*rows) for one in layer if one is not None]
    leader = next(grant for grant in loaded.organisation.grants() if grant.role == "secretary")
    publisher = Seat(loaded.member_id(leader.member_index), new_id(), leader.branch_no)
    return Audience(spread[:SEATED], spread[SEATED : SEATED + STRANGERS], publisher)


def _plain(loaded: Loaded, no: int, guests: set[int]) -> Iterator[Seat]:
    first = loaded.organisation.tree.first_member
    for index in range(first[no], first[no + 1]):
        unusual = index in guests or loaded.organisation.leads(index)
        if not (unusual or loaded.has_left(index) or loaded.is_suspended(index)):
            yield Seat(loaded.member_id(index), new_id(), no)


async def sign_in(database: Database, audience: Audience) -> None:
    """A session for every seat, as after a log-in."""
    at = database.clock()
    seats = chain([audience.publisher], audience.seated, audience.strangers)
    columns = ("id", "member_id", "device_name", "device_platform", "created_at", "used", "used_at")
    async with database.writing() as session:
        while chunk := list(islice(seats, _SESSIONS_AT_ONCE)):
            await begin_bulk(session)
            values: list[tuple[object, ...]] = [
                (one.session_id, one.member_id, "Android", Platform.ANDROID, at, 0, at) for one in chunk
            ]
            await write_rows(session, Rows(DeviceSession, columns, values))
            await changes.commit(session)


async def speak(database: Database, loaded: Loaded, audience: Audience) -> int:
    """Notices of the root and of every branch on the way to a seat, mixed in time; gives how many.

    They are as short as a text message, for a page of twenty to weigh about what was promised for: beside title and
    text a line of the list has some 320 bytes of its own.
    """
    speaking = {no for one in audience.seated for no in loaded.path(one.branch_no)}
    rng = Random(loaded.organisation.seed)
    turns = [1] * _ROOT_NOTICES + sorted(speaking - {1}) * _BRANCH_NOTICES
    rng.shuffle(turns)
    return await _publish(database, audience, ((no, *_short(rng)) for no in turns), at_once=_AT_ONCE)


async def tell(database: Database, loaded: Loaded, audience: Audience, texts: Iterable[Text]) -> int:
    """These notices to the first seat, from the branches above it and its own in turn; gives how many.

    One a commit, as secretaries publish them: only so can a page of sync end after any of them.
    """
    speaking = cycle(loaded.path(audience.seated[0].branch_no))
    return await _publish(
        database, audience, ((no, one.title, one.body) for no, one in zip(speaking, texts, strict=False)), at_once=1
    )


async def _publish(
    database: Database, audience: Audience, notices: Iterable[tuple[int, str, str]], *, at_once: int
) -> int:
    """Each by the branch of this number, with this title and body, every minute one, back from now."""
    at = database.clock()
    waiting = iter([(at - timedelta(minutes=minutes), *said) for minutes, said in enumerate(notices, 1)])
    published = 0
    async with database.writing() as session:
        while chunk := list(islice(waiting, at_once)):
            await begin_bulk(session)
            rows = []
            for moment, no, title, body in chunk:
                rows.append(_notice(no, moment, audience.publisher.member_id, title, body))
                record(session, channel(no, ALL), Topic.NOTICES, "notice", UUID(str(rows[-1]["id"])))
            await write_rows(session, Rows(Notice, tuple(rows[0]), [tuple(row.values()) for row in rows]))
            await changes.commit(session)
            published += len(rows)
    return published


def _short(rng: Random) -> tuple[str, str]:
    """A title and a text."""
    said = {
        "day": rng.randint(1, 28),
        "month": rng.randint(1, 12),
        "hour": rng.randint(7, 20),
        "number": rng.randint(1, 52),
        "place": rng.choice(_PLACES),
    }
    return rng.choice(_SUBJECTS).format(**said), rng.choice(_WORDS).format(**said)


def _notice(no: int, moment: datetime, author_id: UUID, title: str, body: str) -> dict[str, object]:
    return {
        "id": uuid7(nanoseconds=int(moment.timestamp() * 1_000_000_000)),
        "branch_no": no,
        "who": ALL,
        "author_id": author_id,
        "title": title,
        "body": body,
        "body_html": render_markdown(body),
        "summary": summarise(body),
        "category": "general",
        "priority": "normal",
        "requires_ack": False,
        "state": NoticeState.PUBLISHED,
        "revision": 1,
        "ack_revision": 1,
        "created_at": moment,
        "published_at": moment,
    }
