"""The table from causes to what is told, and the rule for one recipient: no database has a say in it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import new_id
from models.deliveries.facts import Recipient, Taken, Thing
from models.devices.table import Destination, PushCategory
from models.outbox import Cause, OutboxMessage, ThingKind
from notifications.channels.protocol import Alert
from notifications.decide import (
    TABLE,
    Go,
    Later,
    Skip,
    Why,
    category_of,
    collapse_id,
    judge,
    judge_message,
    needs_person,
    push_of,
    quiet_until,
)

AT = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
HANOI = "Asia/Ho_Chi_Minh"
ENDS = {Cause.NOTICE_WITHDRAWN, Cause.ACTIVITY_CANCELLED}


def message(cause: Cause = Cause.NOTICE_PUBLISHED, *, urgent: bool = False) -> OutboxMessage:
    kind = ThingKind.NOTICE if cause.value.startswith(("notice", "activity")) else ThingKind.COLLECTION
    said: dict[str, Any] = {"revision": 3, "branch_no": 88, "who": -1, "urgent": urgent, "created_at": AT}
    return OutboxMessage(id=new_id(), cause=cause, kind=kind, thing_id=new_id(), **said)


def recipient(
    *,
    is_signed_in: bool = True,
    hears: bool = True,
    taken: frozenset[Taken] = frozenset(),
    muted: frozenset[PushCategory] = frozenset(),
    quiet: tuple[time, time, str] | None = None,
) -> Recipient:
    return Recipient(is_signed_in, hears, taken, muted, quiet, Destination("token"), "vi")


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_in_the_table(cause: Cause) -> None:
    said = message(cause, urgent=True)
    thing = Thing(3, is_said=cause not in ENDS)
    assert judge_message(said, thing, AT) is None
    heard = recipient(taken=frozenset({Taken.TOLD}))
    assert judge(said, thing, heard, AT) == Go()
    assert judge(said, thing, recipient(), AT) == (Skip(Why.UNAWARE) if cause in ENDS else Go())
    push = push_of(said, thing, AT)
    assert push.urgent is TABLE[cause].overtakes is not needs_person(cause)
    assert push.title is None
    assert timedelta(hours=1) <= push.ttl <= timedelta(days=28), "what FCM keeps at most is four weeks"
    late = push_of(said, thing, AT + push.ttl - timedelta(minutes=90))
    assert late.ttl == timedelta(hours=2), "what was late lives no longer"


@given(cause=st.sampled_from(Cause), no=st.integers(1, 2**31 - 1), who=st.integers(-1, 63))
def test_collapse_ids_are_what_web_push_takes(cause: Cause, no: int, who: int) -> None:
    said = message(cause)
    said.branch_no, said.who = no, who
    made = collapse_id(said)
    assert 0 < len(made) <= 32
    assert made.replace("-", "").replace("_", "").isalnum()
    assert made.isascii()


@pytest.mark.parametrize("cause", Cause)
def test_what_has_changed_since_is_not_told(cause: Cause) -> None:
    said, stands = message(cause), cause not in ENDS
    assert judge_message(said, None, AT) is Why.STALE
    assert judge_message(said, Thing(4, is_said=stands), AT) is Why.STALE
    assert judge_message(said, Thing(3, is_said=not stands), AT) is Why.STALE
    assert judge_message(said, Thing(3, is_said=stands), AT + TABLE[cause].ttl) is Why.EXPIRED


@pytest.mark.parametrize(
    ("cause", "taken", "is_told"),
    [
        (Cause.NOTICE_PUBLISHED, Taken.READ, False),
        (Cause.NOTICE_AMENDED, Taken.READ, False),
        (Cause.NOTICE_WITHDRAWN, Taken.READ, True),
        (Cause.NOTICE_REMINDED, Taken.READ, True),
        (Cause.NOTICE_REMINDED, Taken.ACKNOWLEDGED, False),
        (Cause.ACTIVITY_CHANGED, Taken.READ, False),
        (Cause.ACTIVITY_CANCELLED, Taken.READ, True),
        (Cause.STUDY_PUBLISHED, Taken.STUDIED, False),
        (Cause.STUDY_DUE, Taken.STUDIED, False),
    ],
)
def test_what_somebody_has_taken_note_of_is_no_news(cause: Cause, taken: Taken, is_told: bool) -> None:
    verdict = judge(message(cause), Thing(3, is_said=True), recipient(taken=frozenset({taken})), AT)
    assert verdict == (Go() if is_told else Skip(Why.TAKEN))


@pytest.mark.parametrize("urgent", [True, False])
def test_whoever_is_not_there_is_not_told(urgent: bool) -> None:
    said, thing = message(urgent=urgent), Thing(3, is_said=True)
    assert judge(said, thing, recipient(is_signed_in=False), AT) == Skip(Why.SIGNED_OUT)
    assert judge(said, thing, recipient(hears=False), AT) == Skip(Why.LEFT)
    assert judge(said, thing, recipient(muted=frozenset({PushCategory.NOTICE})), AT) == Skip(Why.MUTED)


def test_an_activity_is_muted_with_activities() -> None:
    thing = Thing(3, is_said=True, is_activity=True)
    assert category_of(message(), thing) is PushCategory.ACTIVITY
    assert push_of(message(), thing, AT).alert is Alert.ACTIVITY_PUBLISHED
    assert push_of(message(urgent=True), thing, AT).alert is Alert.NOTICE_URGENT
    assert category_of(message(Cause.NOTICE_REMINDED), thing) is PushCategory.REMINDER


def test_only_what_is_urgent_wakes() -> None:
    asleep = recipient(quiet=(time(22), time(9), HANOI))
    thing = Thing(3, is_said=True)
    assert judge(message(), thing, asleep, AT) == Later(AT + timedelta(hours=1))
    assert judge(message(urgent=True), thing, asleep, AT) == Go()
    assert judge(message(Cause.NOTICE_REMINDED, urgent=True), thing, asleep, AT) == Later(AT + timedelta(hours=1))


@pytest.mark.parametrize(
    ("clock", "begins", "ends", "until"),
    [
        ("21:59", "22:00", "06:00", None),
        ("22:00", "22:00", "06:00", "06:00+1"),
        ("23:59", "22:00", "06:00", "06:00+1"),
        ("00:00", "22:00", "06:00", "06:00"),
        ("05:59", "22:00", "06:00", "06:00"),
        ("06:00", "22:00", "06:00", None),
        ("12:30", "12:00", "13:00", "13:00"),
        ("13:00", "12:00", "13:00", None),
        ("12:00", "12:00", "12:00", None),
        ("00:00", "00:00", "00:00", None),
        ("23:00", "22:00", "00:00", "00:00+1"),
    ],
)
@pytest.mark.parametrize("zone", [HANOI, "America/Los_Angeles", "Asia/Kathmandu", "UTC"])
def test_quiet_hours_by_the_members_clock(clock: str, begins: str, ends: str, until: str | None, zone: str) -> None:
    day = datetime(2026, 6, 10, tzinfo=ZoneInfo(zone))
    local = datetime.combine(day, time.fromisoformat(clock), tzinfo=ZoneInfo(zone))
    expected = None
    if until is not None:
        said, _, later = until.partition("+")
        expected = datetime.combine(day + timedelta(days=int(later or 0)), time.fromisoformat(said), tzinfo=day.tzinfo)
    found = quiet_until(local.astimezone(UTC), time.fromisoformat(begins), time.fromisoformat(ends), zone)
    assert found == (None if expected is None else expected.astimezone(UTC))


@given(
    at=st.integers(0, 5 * 365 * 24 * 3600).map(lambda seconds: AT + timedelta(seconds=seconds)),
    begins=st.times(),
    ends=st.times(),
    zone=st.sampled_from([HANOI, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_whoever_waits_is_told_within_a_day_and_then_is_awake(
    at: datetime, begins: time, ends: time, zone: str
) -> None:
    until = quiet_until(at, begins, ends, zone)
    if until is not None:
        assert at < until <= at + timedelta(hours=25)
        again = quiet_until(until, begins, ends, zone)
        assert again is None or again - until <= timedelta(hours=1), "but for an hour that a zone has twice or never"
