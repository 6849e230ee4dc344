"""Whether somebody may still do anything at all, as a part of a statement that asks for something else as well."""

from sqlalchemy import Exists, bindparam, exists

from models.accounts import Account
from models.members.table import ACTIVE, Member
from models.sessions import DeviceSession

_TABLES = Member.metadata.tables
_MEMBER, _ACCOUNT, _DEVICE = (_TABLES[str(model.__tablename__)].c for model in (Member, Account, DeviceSession))


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
        _MEMBER.status.in_(ACTIVE),
    )
