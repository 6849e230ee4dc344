"""Applying events: each judged alone, each applied once."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ARRAY, Delete, Select, String, Uuid, and_, bindparam, column, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel.sql.sqltypes import UTCDateTime

from models.changes import LogHead
from models.database import is_postgresql, now, table_of
from models.errors import Conflict, FieldError, HandbookError, Invalid
from models.events.kinds import KINDS
from models.events.shapes import EVENTS_MOST, EventSent, EventsPost, Kind, Outcome, Outcomes, Result, Told
from models.events.state import read_state, unchanged
from models.events.table import Event
from models.histories import history_of
from models.own_state import MemberState, hold, state_number
from models.permissions import Viewer
from models.standing import stands
from models.viewers import resolve_access

AHEAD_MOST = timedelta(days=1)
"""By how much an event may lie in the future, its phone's clock corrected, and still be taken as of now."""
AGE_MOST = timedelta(days=180)
KEPT = timedelta(days=200)
"""Longer than any event may be old: what is forgotten here is refused for its age."""
_CLEARED_AT_ONCE = 2 * EVENTS_MOST
_UUID = TypeAdapter(UUID)
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(slots=True, eq=False)
class _Sound:
    """An event whose shape is right. `deed` is what there is to be done, once it has been judged."""

    place: int
    sent: EventSent
    kind: Kind[Any, Any]
    digest: str
    deed: Any = None
    refusal: HandbookError | None = None

    @property
    def id(self) -> UUID:
        return self.sent.id


async def apply_events(session: AsyncSession, viewer: Viewer, data: EventsPost) -> Outcomes:
    """Judge each event by what the viewer could see when it happened, and apply those that stand, once each.

    One that was refused leaves nothing, its id included. The number of statements does not depend on that of the
    events: who asks and which ids are known, history, what each kind's rule asks, ids, what each kind's rule writes.
    """
    member_id, at = viewer.the_member, now(session)
    outcomes: list[Outcome | None] = [None] * len(data.events)
    sound: list[_Sound] = []
    for place, raw in enumerate(data.events):
        try:
            sound.append(_read(place, raw))
        except HandbookError as refusal:
            outcomes[place] = Outcome(_id_of(raw), Result.REFUSED, refusal)
    head, counter, stored = await _begin(session, viewer, {one.id for one in sound})
    await _judge(session, viewer, [one for one in sound if one.id not in stored], at, data.sent_at or at)
    chosen: dict[UUID, _Sound] = {}
    for one in sound:
        if one.id not in stored and one.refusal is None:
            chosen.setdefault(one.id, one)
    taken = await _take(session, member_id, chosen, at)
    reached, refused = await _do(session, [chosen[id_] for id_ in taken])
    if refused:
        await _untake(session, member_id, [one.id for one in refused])
        taken = [id_ for id_ in taken if chosen[id_] not in refused]
    stored |= {id_: chosen[id_].digest for id_ in taken}
    if len(taken) + len(refused) < len(chosen):  # the same ones came in another request as well
        stored |= await _stored(session, member_id, chosen.keys() - stored.keys())
    applied = set(taken)
    for one in sound:
        is_applied = one.id in applied and chosen[one.id] is one
        outcomes[one.place] = _outcome(one, stored.get(one.id), chosen.get(one.id), is_applied=is_applied)
    await _forget_some(session, at)
    since = state_number(head, counter)
    own = await read_state(session, viewer, since) if member_id in reached else unchanged(since)
    return Outcomes([outcome for outcome in outcomes if outcome is not None], since, own)


def _outcome(one: _Sound, stored: str | None, chosen: _Sound | None, *, is_applied: bool) -> Outcome:
    """`stored` is the digest of the event that its id belongs to, `chosen` the first of the batch with that id that
    stood.
    """
    if is_applied:
        return Outcome(one.id, Result.APPLIED)
    if stored == one.digest:
        return Outcome(one.id, Result.DUPLICATE)
    refusal = one.refusal
    if refusal is None and stored is None and chosen is not None and chosen.digest == one.digest:
        refusal = chosen.refusal
    return Outcome(one.id, Result.REFUSED, Conflict("event.id_reused") if stored or refusal is None else refusal)


def _read(place: int, raw: object) -> _Sound:
    """Raises Invalid, with pointers into the event."""
    if not isinstance(raw, dict):
        raise Invalid.at("", "model_attributes_type")
    name = raw.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if isinstance(name, str) and kind is None:
        raise Invalid([FieldError("/kind", "event.kind_unknown")], "event.kind_unknown")
    try:
        sent = (kind.shape if kind else EventSent).model_validate(raw)
    except ValidationError as error:
        raise Invalid([FieldError.of(one, one["loc"]) for one in error.errors(include_url=False)]) from None
    assert kind is not None  # noqa: S101 - without one the shape that all events share has refused it
    return _Sound(place, sent, kind, _digest(raw))


def _digest(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(_CANONICAL.encode(raw).encode()).hexdigest()


def _id_of(raw: object) -> UUID | None:
    """To name a broken event in the answer, if it can be named."""
    try:
        return _UUID.validate_python(raw.get("id") if isinstance(raw, dict) else None)
    except ValidationError:
        return None


async def _judge(
    session: AsyncSession, viewer: Viewer, events: Sequence[_Sound], at: datetime, sent_at: datetime
) -> None:
    timely: dict[int, tuple[_Sound, Told[Any]]] = {}
    for one in events:
        try:
            timely[one.place] = one, Told(one.sent, _corrected(one.sent.at, sent_at, at))
        except Invalid as refusal:
            one.refusal = refusal
    if not timely:
        return
    history = await history_of(session, viewer.the_member, at - AGE_MOST)
    for rule in _rules():
        asked = [(one, told) for one, told in timely.values() if one.kind.rule is rule]
        if asked:
            verdicts = await rule.judge(session, history, [told for _, told in asked])
            for (one, _), verdict in zip(asked, verdicts, strict=True):
                if isinstance(verdict, HandbookError):
                    one.refusal = verdict
                else:
                    one.deed = verdict


def _corrected(said: datetime, sent_at: datetime, at: datetime) -> datetime:
    """When it happened by our clock: as long ago as the phone's own clock said when it sent.

    Raises Invalid `event.at_future`, `event.at_past`.
    """
    age = sent_at - said
    if -age > AHEAD_MOST:
        raise Invalid([FieldError("/at", "event.at_future")], "event.at_future")
    if age > AGE_MOST:
        raise Invalid([FieldError("/at", "event.at_past")], "event.at_past")
    return at - max(age, timedelta())


async def _do(session: AsyncSession, events: Sequence[_Sound]) -> tuple[dict[UUID, int], set[_Sound]]:
    """The numbers that states have reached, and those events that could not be applied after all.

    Rules lock one after the other. Where they would lock several members' states, all are locked before: two
    secretaries who mark each other, each after something of their own, would else wait for each other.
    """
    reached: dict[UUID, int] = {}
    refused: set[_Sound] = set()
    by_rule = [(rule, [one for one in events if one.kind.rule is rule]) for rule in _rules()]
    by_rule = [(rule, chosen) for rule, chosen in by_rule if chosen]
    whose = {one.deed.member_id for one in events}
    if len(by_rule) > 1 and len(whose) > 1:
        await hold(session, whose)
    for rule, chosen in by_rule:
        done = await rule.do(session, [one.deed for one in chosen])
        for member_id, number in done.reached.items():
            reached[member_id] = max(number, reached.get(member_id, 0))
        for place, refusal in done.refused.items():
            chosen[place].refusal = refusal
            refused.add(chosen[place])
    return reached, refused


def _rules() -> list[Any]:
    """Each once, in the order of the kinds."""
    rules: list[Any] = []
    for kind in KINDS.values():
        if kind.rule not in rules:
            rules.append(kind.rule)
    return rules


_EVENT = table_of(Event)


def _taking(insert: postgresql.Insert | sqlite.Insert) -> ReturningInsert[tuple[UUID]]:
    return insert.on_conflict_do_nothing(index_elements=[_EVENT.c.member_id, _EVENT.c.id]).returning(_EVENT.c.id)


def _taking_arrays() -> ReturningInsert[tuple[UUID]]:
    """The same with each column sent as one array, as PostgreSQL takes it: one value each time for all rows."""
    said = func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("digests", type_=ARRAY(String())))
    row = said.table_valued(column("id", Uuid()), column("digest", String()), name="said").render_derived().c
    chosen = select(bindparam("member_id", type_=Uuid()), row.id, row.digest, bindparam("at", type_=UTCDateTime()))
    return _taking(postgresql.insert(_EVENT).from_select(["member_id", "id", "digest", "applied_at"], chosen))


def _forgetting() -> Delete:
    row = (_EVENT.c.member_id, _EVENT.c.id)
    old = select(*row).where(_EVENT.c.applied_at < bindparam("before")).limit(_CLEARED_AT_ONCE)
    # those that another request clears away just now are not waited for
    return delete(_EVENT).where(tuple_(*row).in_(old.with_for_update(skip_locked=True)))


def _beginning() -> Select[*tuple[Any, ...]]:
    """Whether the asking session goes on, the head and the counter, beside each stored event or beside none."""
    head, counter = table_of(LogHead), table_of(MemberState)
    is_asked = and_(_EVENT.c.member_id == bindparam("member_id"), _EVENT.c.id.in_(bindparam("ids", expanding=True)))
    numbers = head.c.seq.label("head"), func.coalesce(counter.c.seq, 0).label("counter")
    return (
        select(stands().label("stands"), *numbers, _EVENT.c.id, _EVENT.c.digest)
        .select_from(head)
        .outerjoin(counter, counter.c.member_id == bindparam("member_id"))
        .outerjoin(_EVENT, is_asked)
    )


# made once: making a statement takes longer than sending it
_BEGIN = _beginning()
_STORED = select(_EVENT.c.id, _EVENT.c.digest).where(
    _EVENT.c.member_id == bindparam("member_id"), _EVENT.c.id.in_(bindparam("ids", expanding=True))
)
_UNTAKE = delete(_EVENT).where(
    _EVENT.c.member_id == bindparam("member_id"), _EVENT.c.id.in_(bindparam("ids", expanding=True))
)
_TAKE = _taking(sqlite.insert(_EVENT))
_TAKE_ARRAYS = _taking_arrays()
_FORGET = _forgetting()


async def _begin(session: AsyncSession, viewer: Viewer, ids: Iterable[UUID]) -> tuple[int, int, dict[UUID, str]]:
    """The log's head, the member's counter, and the digests of those events that were applied before.

    Raises Unauthenticated: the viewer may be a second old.
    """
    member_id, session_id = viewer.the_member, viewer.the_session
    asked = {"member_id": member_id, "session_id": session_id, "ids": sorted(ids)}
    rows = (await session.execute(_BEGIN, asked)).all()
    if not rows[0].stands:
        await resolve_access(session, member_id, session_id)
    return rows[0].head, rows[0].counter, {row.id: row.digest for row in rows if row.id is not None}


async def _stored(session: AsyncSession, member_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    found = await session.execute(_STORED, {"member_id": member_id, "ids": sorted(ids)})
    return {row.id: row.digest for row in found}


async def _take(session: AsyncSession, member_id: UUID, chosen: Mapping[UUID, _Sound], at: datetime) -> list[UUID]:
    """Store their ids; gives those that nobody else has stored meanwhile, in order. Who else is about to is waited
    for.
    """
    if not chosen:
        return []
    ids = sorted(chosen)
    connection = await session.connection()
    if is_postgresql(session):
        said = {"member_id": member_id, "at": at, "ids": ids, "digests": [chosen[id_].digest for id_ in ids]}
        taken = await connection.execute(_TAKE_ARRAYS, said)
    else:
        rows = [{"member_id": member_id, "id": id_, "digest": chosen[id_].digest, "applied_at": at} for id_ in ids]
        taken = await connection.execute(_TAKE, rows)
    return sorted(row.id for row in taken)


async def _untake(session: AsyncSession, member_id: UUID, ids: Iterable[UUID]) -> None:
    """A refused id is not used up."""
    connection = await session.connection()
    await connection.execute(_UNTAKE, {"member_id": member_id, "ids": sorted(ids)})


async def _forget_some(session: AsyncSession, at: datetime) -> None:
    """Whoever sends events clears some away that are too old, whose they may be: more than can be sent at once."""
    connection = await session.connection()
    await connection.execute(_FORGET, {"before": at - KEPT})
