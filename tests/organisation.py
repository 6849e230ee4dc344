"""A small organisation to act in, founded through the rules themselves.

tw ── tinh ── xa ── coso ─┬─ chibo ── to
                          └─ chibo2
kh ── kh_chibo                              (another root)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached

from models import changes
from models.accounts import Account
from models.branches import Branch, BranchKind, plant
from models.database import Database, lock, now, table_of
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.members.table import Member
from models.permissions import OPERATOR, Role, Viewer
from models.roles import RoleGrantCreate, grant_role
from models.sessions import Device, start_session
from models.tables import METADATA
from models.viewers import resolve_viewer

_TREE = (
    ("tw", None, BranchKind.CENTRAL, "Trung ương Hội"),
    ("tinh", "tw", BranchKind.PROVINCE, "Tỉnh hội Hạ Lan"),
    ("xa", "tinh", BranchKind.COMMUNE, "Hội xã Đông Lâm"),
    ("coso", "xa", BranchKind.BASE, "Hội cơ sở thôn Thượng"),
    ("chibo", "coso", BranchKind.CELL, "Chi hội thôn Đoài"),
    ("to", "chibo", BranchKind.GROUP, "Tổ số 1"),
    ("chibo2", "coso", BranchKind.CELL, "Chi hội thôn Nghè"),
    ("kh", None, BranchKind.CENTRAL, "Hội Khuyến học"),
    ("kh_chibo", "kh", BranchKind.CELL, "Chi hội Khuyến học số 1"),
)
_PEOPLE: tuple[tuple[str, str, str, tuple[tuple[Role, str], ...]], ...] = (
    ("member", "Nguyễn Thị Bình", "chibo", ()),
    ("fellow", "Trần Văn Cảnh", "chibo", ()),
    ("grouped", "Lê Thị Dậu", "to", ()),
    ("neighbour", "Phạm Văn Giáp", "chibo2", ()),
    ("stranger", "Ngô Thị Hạnh", "kh_chibo", ()),
    ("disabled", "Đỗ Văn Khoa", "chibo", ()),
    ("secretary", "Vũ Thị Lan", "chibo", ((Role.SECRETARY, "chibo"),)),
    ("deputy", "Bùi Văn Minh", "chibo", ((Role.DEPUTY, "chibo"),)),
    ("clerk", "Hồ Thị Nga", "chibo", ((Role.CLERK, "chibo"),)),
    ("editor", "Dương Văn Oanh", "chibo", ((Role.EDITOR, "chibo"),)),
    ("auditor", "Lý Thị Phương", "chibo", ((Role.AUDITOR, "chibo"),)),
    ("sibling_secretary", "Đặng Văn Quý", "chibo2", ((Role.SECRETARY, "chibo2"),)),
    ("parent_secretary", "Hoàng Thị Sen", "chibo2", ((Role.SECRETARY, "coso"),)),
    ("leader", "Phan Văn Tài", "chibo", ((Role.SECRETARY, "tinh"),)),
    ("admin", "Võ Thị Uyên", "chibo2", ((Role.ADMIN, "tinh"),)),
    ("stranger_admin", "Mai Văn Vinh", "kh_chibo", ((Role.ADMIN, "kh"),)),
)


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    member_no: str
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Organisation:
    branches: dict[str, Branch]
    people: dict[str, Person]

    def branch(self, name: str) -> Branch:
        return self.branches[name]

    def person(self, name: str) -> Person:
        return self.people[name]

    async def viewer(self, session: AsyncSession, name: str) -> Viewer:
        person = self.people[name]
        return await resolve_viewer(session, person.id, person.session_id)


@dataclass(frozen=True, slots=True)
class Founded:
    """An organisation as rows, for other databases: to found it takes 200 statements, and most tests need one."""

    branches: Mapping[str, int]
    people: dict[str, Person]
    rows: Mapping[Table, Sequence[dict[str, Any]]]

    @classmethod
    async def anew(cls, database: Database) -> "Founded":
        """In a database that holds nothing else."""
        made = await found_organisation(database)
        async with database.write_engine.connect() as connection:
            rows = {
                table: [dict(row) for row in (await connection.execute(_all_of(table))).mappings()]
                for table in METADATA.sorted_tables
            }
        return cls({name: branch.no for name, branch in made.branches.items()}, made.people, rows)

    async def put(self, database: Database) -> Organisation:
        """Into a database that is empty."""
        head = table_of(changes.LogHead)
        async with database.write_engine.begin() as connection:
            for table, rows in self.rows.items():
                if rows and table is not head:
                    await connection.execute(insert(table), rows)
            await connection.execute(update(head).values(seq=self.rows[head][0]["seq"]))
        branches = {row["no"]: Branch(**row) for row in self.rows[table_of(Branch)]}
        for branch in branches.values():
            make_transient_to_detached(branch)
        return Organisation({name: branches[no] for name, no in self.branches.items()}, dict(self.people))


def _all_of(table: Table) -> Any:
    return select(table).order_by(*table.primary_key.columns)  # branches after those above them


async def found_organisation(database: Database) -> Organisation:
    branches: dict[str, Branch] = {}
    people: dict[str, Person] = {}
    async with database.writing() as session:
        await lock(session, "tree")
        for name, parent, kind, title in _TREE:
            above = branches[parent] if parent else None
            branches[name] = await plant(session, OPERATOR, above, code=name.upper(), name=title, kind=kind)
        for index, (name, full_name, branch, roles) in enumerate(_PEOPLE):
            people[name] = await enrol(session, f"T{index:04}", full_name, branches[branch])
            for role, at in roles:
                data = RoleGrantCreate(member_id=people[name].id, role=role)
                await grant_role(session, OPERATOR, branches[at], data)
        account = await session.get_one(Account, people["disabled"].id)
        account.disabled_at = now(session)
        await changes.commit(session)
    return Organisation(branches, people)


async def enrol(session: AsyncSession, member_no: str, full_name: str, branch: Branch) -> Person:
    data = MemberCreate(member_no=member_no, full_name=full_name, branch_id=branch.id, phone=f"091200{member_no[1:]}")
    member: Member = await create_member(session, OPERATOR, data)
    device = await start_session(session, member.id, Device(name="Điện thoại thử"), None)
    return Person(member.id, member_no, device.id)
