"""Whether somebody may still do anything at all, as a part of a statement that asks for something else as well."""

from sqlalchemy import Exists, bindparam, exists

from models.accounts import is_open
from models.database import table_of
from models.sessions import DeviceSession


def stands() -> Exists:
    """What `viewers.resolve_access` asks before all else, of `:member_id` and `:session_id`: the session goes on, the
    account is open, the member is one. Where it does not hold, `resolve_access` says why.
    """
    device = table_of(DeviceSession).c
    return exists().where(
        device.id == bindparam("session_id"),
        device.member_id == bindparam("member_id"),
        device.ended_at.is_(None),
        is_open(device.member_id),
    )
