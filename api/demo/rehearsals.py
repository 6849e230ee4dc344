"""What an app must live through, made to happen to one member of the running demonstration: an app developer's desk has
no transfers, no lost phones, no three months without a network and no restored backups.

Each situation has a person of its own, so that rehearsing one spoils nothing of another.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.demo.accounts import DemoAccount, HashPassword, new_password, write_accounts
from api.transactions import transaction
from models.accounts import Account, set_password
from models.activation import sign_out, switch_account
from models.base import new_id
from models.branches import Branch, BranchStatus
from models.changes import restored
from models.database import Database, copy_sqlite
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.members.table import Member
from models.memberships import Membership, MembershipKind
from models.notices.drafts import create_notice
from models.notices.life import amend_notice, withdraw_notice
from models.notices.shapes import NoticeAmend, NoticeCreate, NoticeWithdraw
from models.notices.table import Notice, NoticeState
from models.permissions import OPERATOR
from models.rosters.members import write_members
from models.rosters.reading import RosterRow
from models.sessions import DeviceSession

PEOPLE = "rehearsals.json"
AWAY = timedelta(days=90)
_KEPT = "rehearsal.db"
_BELONGS_SINCE = timedelta(days=365)
_NOTICES_OF_AWAY = 30
_WITHDRAWN_OF_AWAY = 5
_AMENDED = "Họp chi bộ thứ Bảy"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A situation at a moment: the demonstration's database and folder, and whom it happens to."""

    database: Database
    folder: Path
    member_id: UUID
    member_no: str
    cell: Branch


Act = Callable[[Rehearsal], Awaitable[str]]
"""Makes it happen and says what did, in a sentence."""


@dataclass(frozen=True, slots=True)
class Situation:
    """`expected` is what the app sees from now on, and what it does, as the guide “Keeping the handbook on a phone”
    has it.
    """

    title: str
    full_name: str
    act: Act
    expected: str


class NotSignedIn(RuntimeError):
    """Nobody holds a session of the person's: the situation would happen to no app."""


async def people(
    database: Database, folder: Path, beside: str, *, hash_password: HashPassword
) -> dict[str, DemoAccount]:
    """Who to sign in as for each situation. They are made at the first call, in the branch of the member whose number
    is `beside`, as members of a year ago.
    """
    path = folder / PEOPLE
    known: dict[str, DemoAccount] = json.loads(path.read_bytes()) if path.exists() else {}
    for name, situation in SITUATIONS.items():
        if name not in known:
            password = new_password()
            hashed = await hash_password(password)
            async with transaction(database) as session:
                branch = await _home(session, beside)
                await _enrol(session, _number(name), situation.full_name, branch, hashed)
            known[name] = DemoAccount(
                login=_number(name), password=password, name=situation.full_name, branch=branch.name
            )
            write_accounts(path, known)
    return known


async def rehearse(database: Database, folder: Path, name: str) -> str:
    """Make it happen, and say what did. Raises NotSignedIn."""
    async with database.reading() as session:
        member = (await session.scalars(select(Member).where(col(Member.member_no) == _number(name)))).one()
        account = await session.get_one(Account, member.id)
        open_session = select(col(DeviceSession.id)).where(
            col(DeviceSession.member_id) == member.id, col(DeviceSession.ended_at).is_(None)
        )
        if account.disabled_at is None and await session.scalar(open_session.limit(1)) is None:
            raise NotSignedIn
        cell = await _home(session, member.member_no)
    return await SITUATIONS[name].act(Rehearsal(database, folder, member.id, member.member_no, cell))


async def _transfer(rehearsal: Rehearsal) -> str:
    """To the next branch beside, by the rule that rosters go by."""
    async with transaction(rehearsal.database) as session:
        beside = await session.scalars(
            select(Branch)
            .where(
                col(Branch.parent_no) == rehearsal.cell.parent_no,
                col(Branch.no) != rehearsal.cell.no,
                col(Branch.status) == BranchStatus.ACTIVE,
            )
            .order_by(col(Branch.no) < rehearsal.cell.no, col(Branch.no))
            .limit(1)
        )
        to = beside.one()
        member = await session.get_one(Member, rehearsal.member_id)
        values = {"member_no": member.member_no, "full_name": member.full_name, "branch_code": to.code}
        await write_members(session, OPERATOR, [RosterRow(1, None, values)], new_id())
    return f"transferred from {rehearsal.cell.name} to {to.name}"


async def _lose_phone(rehearsal: Rehearsal) -> str:
    async with transaction(rehearsal.database) as session:
        ended = await sign_out(session, OPERATOR, rehearsal.member_id)
    return f"sessions ended by the branch: {ended}"


async def _close(rehearsal: Rehearsal) -> str:
    async with transaction(rehearsal.database) as session:
        account = await session.get_one(Account, rehearsal.member_id)
        closing = account.disabled_at is None
        await switch_account(session, OPERATOR, rehearsal.member_id, disabled=closing)
    return "the account is closed" if closing else "the account is open again: sign in, and rehearse once more"


async def _stay_away(rehearsal: Rehearsal) -> str:
    """What three months bring, all at once; the sessions were last used before them."""
    async with transaction(rehearsal.database) as session:
        old = await session.scalars(
            select(Notice)
            .where(col(Notice.branch_no) == rehearsal.cell.no, col(Notice.state) == NoticeState.PUBLISHED)
            .order_by(col(Notice.published_at))
            .limit(_WITHDRAWN_OF_AWAY)
        )
        withdrawn = old.all()
        for notice in withdrawn:
            await withdraw_notice(session, OPERATOR, notice.id, NoticeWithdraw(), notice.revision)
        await session.execute(
            update(DeviceSession)
            .where(col(DeviceSession.member_id) == rehearsal.member_id, col(DeviceSession.ended_at).is_(None))
            .values(used_at=rehearsal.database.clock() - AWAY)
            .execution_options(synchronize_session=False)
        )
    for number in range(1, _NOTICES_OF_AWAY + 1):
        await _publish(rehearsal, f"Thông báo số {number} trong ba tháng qua")
    return f"{AWAY.days} days went by: {_NOTICES_OF_AWAY} new notices, {len(withdrawn)} withdrawn"


async def _amend(rehearsal: Rehearsal) -> str:
    """First a notice to acknowledge; from the second time on it says something else."""
    async with transaction(rehearsal.database) as session:
        found = await session.scalars(
            select(Notice)
            .where(
                col(Notice.branch_no) == rehearsal.cell.no,
                col(Notice.title).startswith(_AMENDED),
                col(Notice.state) == NoticeState.PUBLISHED,
            )
            .order_by(col(Notice.id).desc())
            .limit(1)
        )
        notice = found.one_or_none()
        if notice is not None:
            hour = 19 + notice.revision % 2
            change = f"Giờ họp đổi sang {hour} giờ."
            body = f"Kính mời các đồng chí dự họp lúc **{hour} giờ** thứ Bảy tại nhà văn hoá thôn."
            data = NoticeAmend(change=change, body=body, acknowledge_again=True)
            await amend_notice(session, OPERATOR, notice.id, data, notice.revision)
            return f"amended: {change}"
    await _publish(rehearsal, _AMENDED, requires_ack=True)
    return "published, to be acknowledged: let the app do so, then rehearse once more"


async def _restore(rehearsal: Rehearsal) -> str:
    """First a backup, and something new after it; the second time the backup comes back, as `handbook restored` has it
    before anybody is served from it.
    """
    live, kept = Path(rehearsal.database.url.database or ""), rehearsal.folder / _KEPT
    if not kept.exists():
        await asyncio.to_thread(copy_sqlite, live, kept)
        await _publish(rehearsal, "Thông báo sẽ mất cùng cơ sở dữ liệu")
        return "backed up, and a notice published since: let the app fetch it, then rehearse once more"
    copy = Database(f"sqlite+aiosqlite:///{kept}", keyring=rehearsal.database.keyring, clock=rehearsal.database.clock)
    async with transaction(copy) as session:
        await restored(session)
    await copy.close()
    await asyncio.to_thread(copy_sqlite, kept, live)
    for leftover in rehearsal.folder.glob(f"{_KEPT}*"):
        leftover.unlink()
    return "the database is again what it was at the backup"


SITUATIONS: dict[str, Situation] = {
    "transferred": Situation(
        "the member was transferred to another branch",
        "Nguyễn Văn Chuyển",
        _transfer,
        "GET /v1/sync names the old branch's channels in `dropped`: delete what is stored of them. The new branch's "
        "channels arrive from their beginning, and `me` has the new membership. The access token stays good, and what "
        "is queued is sent as it is.",
    ),
    "signed_out": Situation(
        "the phone was lost: the branch ended its sessions",
        "Trần Thị Mất",
        _lose_phone,
        "Every request is a 401 /problems/sign_in.required, POST /v1/auth/refresh too: ask for the password. Store and "
        "queue stay; after signing in as the same member the queue is sent, and sync goes on from the stored cursor.",
    ),
    "account_closed": Situation(
        "the member's account was closed",
        "Lê Văn Đóng",
        _close,
        "While it is closed every request is a 401 /problems/account.closed: delete store, queue and tokens of this "
        "account, and of no other on the phone.",
    ),
    "away": Situation(
        "the phone was without a network for 90 days",
        "Phạm Thị Xa",
        _stay_away,
        "An access token lives 12 hours: throw yours away. POST /v1/auth/refresh with the stored refresh token still "
        "gives a new one. Send the queue; then GET /v1/sync with the stored cursor brings what is new and names in "
        "`removed` what was withdrawn.",
    ),
    "amended": Situation(
        "a notice that was read and acknowledged is amended",
        "Đỗ Thị Đính",
        _amend,
        "The first time a notice is published: let the app read and acknowledge it. From the second on GET /v1/sync "
        "brings it with a higher `revision` and its `change`: show it as unread, and ask for the acknowledgement anew, "
        "since `ack_revision` has moved.",
    ),
    "restored": Situation(
        "the server's database was lost, and an older backup restored",
        "Hoàng Văn Lưu",
        _restore,
        "Once the backup is back, GET /v1/sync with the stored cursor brings the channels concerned with `reset`: "
        "delete what is stored of them, then store what came; the notice from after the backup is gone. Nobody has to "
        "sign in who had before the backup.",
    ),
}


def _number(name: str) -> str:
    return f"DEMO-{name}"


async def _home(session: AsyncSession, member_no: str) -> Branch:
    found = await session.scalars(
        select(Branch)
        .join(Membership, col(Membership.branch_no) == col(Branch.no))
        .join(Member, col(Member.id) == col(Membership.member_id))
        .where(
            col(Member.member_no) == member_no,
            col(Membership.kind) == MembershipKind.PRIMARY,
            col(Membership.ended_at).is_(None),
        )
    )
    return found.one()


async def _enrol(session: AsyncSession, number: str, full_name: str, branch: Branch, password_hash: str) -> None:
    """As of a year ago, so that what the app says it did while it was away happened to a member."""
    clock = session.info["clock"]
    session.info["clock"] = lambda: clock() - _BELONGS_SINCE
    data = MemberCreate(member_no=number, full_name=full_name, branch_id=branch.id)
    member = await create_member(session, OPERATOR, data)
    session.info["clock"] = clock
    await set_password(session, await session.get_one(Account, member.id), password_hash)


async def _publish(rehearsal: Rehearsal, title: str, *, requires_ack: bool = False) -> None:
    async with transaction(rehearsal.database) as session:
        body = f"Kính gửi các đồng chí. {title}."
        data = NoticeCreate(
            branch_id=rehearsal.cell.id, title=title, body=body, publish=True, requires_ack=requires_ack
        )
        await create_notice(session, OPERATOR, data)
