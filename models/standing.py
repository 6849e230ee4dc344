"""Whether somebody may still do anything at all, as a part of a statement that asks for something else as well."""

from sqlalchemy import Exists, bindparam, exists, or_

from models.accounts import Account
from models.database import table_of
from models.members.table import ACTIVE, Member
from models.sessions import DeviceSession

_MEMBER, _ACCOUNT, _DEVICE = (table_of(model).c for model in (Member, Account, DeviceSession))


def stands() -> Exists:
    """What `viewers.resolve_access` asks before all else, of `:member_id` and `:session_id`: the session goes on, the
    account is open, the member is one. Where it does not hold, `resolve_access` says why.
    """
    return exists().where(
        _DEVICE.id == bindparam("session_id"),
        _DEVICE.member_id == bindparam("member_id"),
        _DEVICE.ended_at.is_(None),
        _ACCOUNT.member_id == _DEVICE.member_id,
        _ACCOUNT.disabled_at.is_(None),
        _MEMBER.id == _DEVICE.member_id,
        or_(*(_MEMBER.status == status for status in sorted(ACTIVE))),  # `in_` would be spelt out anew each time
    )
