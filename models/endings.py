"""What ties members to branches ends by the clock alike, memberships and grants."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, bindparam, select
from sqlmodel import SQLModel, col

from models.members.table import Member
from models.schedule import Find, finding

TieT = TypeVar("TieT", bound=SQLModel)


def running_out(ties: type[TieT], *where: ColumnElement[bool]) -> Find[TieT]:
    """Finds open ones whose `until` has passed. Members are locked too: nobody who is just being changed, which takes
    them first, is in these.
    """
    tie: Any = ties
    return finding(
        select(ties)
        .join(Member, col(Member.id) == col(tie.member_id))
        .where(col(tie.ended_at).is_(None), col(tie.until) <= bindparam("at"), *where)
        .order_by(col(tie.until), col(tie.id))
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, key_share=True, of=(ties, Member))
    )
