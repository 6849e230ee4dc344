"""Who hears of what, and how: one table from causes to what a device shows, and one rule for each of its recipients."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from content.recurrence import zone_named
from models.channels import channel
from models.deliveries.facts import Recipient, Taken, Thing
from models.devices.table import PushCategory
from models.outbox import Cause, OutboxMessage
from notifications.channels.protocol import Alert, Push

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_KNOWN = frozenset({Taken.READ, Taken.TOLD})
"""Of what is withdrawn only those are told who have heard of it."""


class Collapse(StrEnum):
    """What of which a device shows only the newest."""

    THING = "thing"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Telling:
    """How a cause is told. `unless` is what of the thing a member has done to whom it is no news, `only` what those
    have done to whom alone it is. What `overtakes` is as urgent as the thing itself; nothing else ever is.
    """

    alert: Alert
    category: PushCategory
    ttl: timedelta
    unless: Taken | None
    only: frozenset[Taken] | None = None
    overtakes: bool = False
    urgent_alert: Alert | None = None
    collapse: Collapse = Collapse.THING

    def is_urgent(self, message: OutboxMessage) -> bool:
        return self.overtakes and message.urgent


TABLE: Mapping[Cause, Telling] = {
    Cause.NOTICE_PUBLISHED: Telling(
        Alert.NOTICE_PUBLISHED, PushCategory.NOTICE, 7 * _DAY, Taken.READ, None, True, Alert.NOTICE_URGENT
    ),
    Cause.NOTICE_AMENDED: Telling(
        Alert.NOTICE_AMENDED, PushCategory.NOTICE, 7 * _DAY, Taken.READ, None, True, Alert.NOTICE_URGENT
    ),
    Cause.NOTICE_WITHDRAWN: Telling(Alert.NOTICE_WITHDRAWN, PushCategory.NOTICE, 2 * _DAY, None, _KNOWN),
    Cause.NOTICE_REMINDED: Telling(Alert.NOTICE_REMINDED, PushCategory.REMINDER, 2 * _DAY, Taken.ACKNOWLEDGED),
    Cause.ACTIVITY_CHANGED: Telling(
        Alert.ACTIVITY_CHANGED, PushCategory.ACTIVITY, 2 * _DAY, Taken.READ, None, True, Alert.NOTICE_URGENT
    ),
    Cause.ACTIVITY_CANCELLED: Telling(
        Alert.ACTIVITY_CHANGED, PushCategory.ACTIVITY, 2 * _DAY, None, _KNOWN, True, Alert.NOTICE_URGENT
    ),
    Cause.STUDY_PUBLISHED: Telling(
        Alert.STUDY_PUBLISHED, PushCategory.STUDY, 7 * _DAY, Taken.STUDIED, collapse=Collapse.CHANNEL
    ),
    Cause.STUDY_DUE: Telling(Alert.STUDY_DUE, PushCategory.STUDY, 2 * _DAY, Taken.STUDIED),
    Cause.PROFILE_DECIDED: Telling(Alert.REQUEST_DECIDED, PushCategory.REQUEST, 14 * _DAY, None),
    Cause.TRANSFER_DECIDED: Telling(Alert.REQUEST_DECIDED, PushCategory.REQUEST, 14 * _DAY, None),
}


class Why(StrEnum):
    """For what reason a device is not told after all."""

    STALE = "stale"
    """It was changed, withdrawn or has ended since: what is said now has a message of its own, or needs none."""
    EXPIRED = "expired"
    SIGNED_OUT = "signed_out"
    LEFT = "left"
    """They do not hear the channel any more."""
    TAKEN = "taken"
    UNAWARE = "unaware"
    """It ended before they heard of it."""
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Skip:
    why: Why


@dataclass(frozen=True, slots=True)
class Later:
    at: datetime


@dataclass(frozen=True, slots=True)
class Go:
    pass


Verdict = Go | Later | Skip


def judge_message(message: OutboxMessage, thing: Thing | None, at: datetime) -> Why | None:
    """Why nobody is to be told any more."""
    if thing is None or thing.revision != message.revision or thing.is_said is _ends(message.cause):
        return Why.STALE
    return Why.EXPIRED if at >= message.created_at + TABLE[message.cause].ttl else None


def _ends(cause: Cause) -> bool:
    return cause in {Cause.NOTICE_WITHDRAWN, Cause.ACTIVITY_CANCELLED}


def judge(message: OutboxMessage, thing: Thing, to: Recipient, at: datetime) -> Verdict:
    """Whether it is for this device, at this instant: the same for every way to it. Of a message that stands."""
    telling = TABLE[message.cause]
    if not to.is_signed_in:
        return Skip(Why.SIGNED_OUT)
    if not to.hears:
        return Skip(Why.LEFT)
    if telling.unless is not None and telling.unless in to.taken:
        return Skip(Why.TAKEN)
    if telling.only is not None and not telling.only & to.taken:
        return Skip(Why.UNAWARE)
    if category_of(message, thing) in to.muted:
        return Skip(Why.MUTED)
    quiet = None if to.quiet is None or telling.is_urgent(message) else quiet_until(at, *to.quiet)
    return Go() if quiet is None else Later(quiet)


def category_of(message: OutboxMessage, thing: Thing) -> PushCategory:
    """What a member may mute. An activity's notice is of activities."""
    category = TABLE[message.cause].category
    return PushCategory.ACTIVITY if category is PushCategory.NOTICE and thing.is_activity else category


def quiet_until(at: datetime, begins: time, ends: time, timezone: str) -> datetime | None:
    """When the quiet hours end that `at` lies in, by the zone's clock; None where it lies in none.

    They may go over midnight; where they begin and end at the same time there are none.
    """
    zone = zone_named(timezone)
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None, fold=0)
    over_midnight = begins > ends
    is_quiet = clock >= begins or clock < ends if over_midnight else begins <= clock < ends
    if not is_quiet:
        return None
    day = local.date() + _DAY if over_midnight and clock >= begins else local.date()
    until = datetime.combine(day, ends, tzinfo=zone).astimezone(at.tzinfo)
    return until if until > at else None  # an hour that the zone's clock goes through twice, or never


def push_of(message: OutboxMessage, thing: Thing, at: datetime) -> Push:
    """What is sent, the same for all: no person's data, and no text but a title that its branch lets be sent. It lives
    no longer than the message, in whole hours.
    """
    telling = TABLE[message.cause]
    urgent = telling.is_urgent(message)
    alert = telling.urgent_alert if urgent and telling.urgent_alert else telling.alert
    if alert is Alert.NOTICE_PUBLISHED and thing.is_activity:
        alert = Alert.ACTIVITY_PUBLISHED
    return Push(
        alert=alert,
        kind=message.kind.value,
        id=message.thing_id,
        channel="me" if message.member_id is not None else channel(message.branch_no, message.who),
        revision=message.revision,
        collapse_id=collapse_id(message),
        urgent=urgent,
        ttl=-((at - message.created_at - telling.ttl) // _HOUR) * _HOUR,
        title=thing.title,
    )


def collapse_id(message: OutboxMessage) -> str:
    """Of at most 32 characters of base64url, which is what Web Push's topics may have (RFC 8030, 5.4)."""
    if TABLE[message.cause].collapse is Collapse.CHANNEL:
        return f"{message.branch_no}_{message.who}"
    return message.thing_id.hex


def needs_person(cause: Cause) -> bool:
    """Whether it may only go to single devices: what one member has done decides. Of what is urgent, topics pass over
    who has read it, muted it or sleeps; of reminders and decisions they may not.
    """
    return not TABLE[cause].overtakes


CAUSES: Collection[Cause] = tuple(TABLE)
