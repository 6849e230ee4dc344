"""Who asks in a measurement, and what there is for them to read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count, islice, zip_longest
from random import Random
from uuid import UUID

from uuid_utils.compat import uuid7

from api.demo.loading import begin_bulk, write_rows
from api.demo.rows import Loaded, Rows
from api.demo.texts import notice_texts, varied
from api.demo.tree import CELL
from content.render import render_markdown, summarise
from models import changes
from models.base import new_id
from models.changes import Topic, record
from models.channels import ALL, channel
from models.database import Database
from models.notices.table import Notice, NoticeState
from models.sessions import DeviceSession, Platform

SEATED = 10_000
BRANCHES = 1_000
"""Requests come from so many members of so many branches (promises.md)."""
STRANGERS = 60_000
"""At most so many more, whom no process has seen before their one request."""

_ROOT_NOTICES = 24  # more than a page: everybody's first page is full
_BRANCH_NOTICES = 2
_SUMMARY = 90  # characters: twenty notices make some 6 KB, which is what was promised for
_AT_ONCE = 500
_SESSIONS_AT_ONCE = 5_000


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
    """Notices of the root and of every branch on the way to a seat, mixed in time; gives how many."""
    speaking = {no for one in audience.seated for no in loaded.path(one.branch_no)}
    names = {branch.no: branch.name for branch in loaded.organisation.branches() if branch.no in speaking}
    rng = Random(loaded.organisation.seed)
    minutes = count(1)
    turns = [1] * _ROOT_NOTICES + sorted(speaking - {1}) * _BRANCH_NOTICES
    rng.shuffle(turns)
    at, texts = database.clock(), notice_texts()
    waiting = iter([(no, at - timedelta(minutes=next(minutes)), rng.choice(texts)) for no in turns])
    async with database.writing() as session:
        while chunk := list(islice(waiting, _AT_ONCE)):
            await begin_bulk(session)
            rows = []
            for no, moment, text in chunk:
                spoken = varied(rng, text, names[no])
                rows.append(_notice(no, moment, audience.publisher.member_id, spoken.title, spoken.body))
                record(session, channel(no, ALL), Topic.NOTICES, "notice", UUID(str(rows[-1]["id"])))
            await write_rows(session, Rows(Notice, tuple(rows[0]), [tuple(row.values()) for row in rows]))
            await changes.commit(session)
    return len(turns)


def _notice(no: int, moment: datetime, author_id: UUID, title: str, body: str) -> dict[str, object]:
    return {
        "id": uuid7(nanoseconds=int(moment.timestamp() * 1_000_000_000)),
        "branch_no": no,
        "who": ALL,
        "author_id": author_id,
        "title": title,
        "body": body,
        "body_html": render_markdown(body),
        "summary": summarise(body)[:_SUMMARY],
        "category": "general",
        "priority": "normal",
        "requires_ack": False,
        "state": NoticeState.PUBLISHED,
        "revision": 1,
        "ack_revision": 1,
        "created_at": moment,
        "published_at": moment,
    }
