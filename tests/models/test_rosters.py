import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from api.demo.organisation import Organisation as Generated
from api.demo.organisation import Size
from content.malformed import Malformed
from models import changes
from models.accounts import Account
from models.audit import AuditEvent
from models.branches import Branch
from models.changes import Change, LogHead
from models.database import Database
from models.errors import Forbidden
from models.members.rules import profile_of
from models.members.table import Member, MemberStatus
from models.memberships import EndReason, Membership
from models.merging import merge_branch
from models.permissions import OPERATOR
from models.roles import RoleGrant
from models.rosters.columns import RosterKind
from models.rosters.importing import Phase, Progress, import_roster
from models.rosters.reading import RowError
from tests.clock import START
from tests.organisation import Organisation
from tests.rosters import BrokenReason, write_branches, write_roster

CODES: dict[BrokenReason, tuple[str, str]] = {
    "full_name_missing": ("full_name", "missing"),
    "member_no_missing": ("member_no", "missing"),
    "branch_code_unknown": ("branch_code", "branch.unknown"),
    "birth_date_impossible": ("birth_date", "date_from_datetime_parsing"),
    "birth_date_in_future": ("birth_date", "day.future"),
    "phone_malformed": ("phone", "phone.malformed"),
    "national_id_wrong_length": ("national_id", "citizen_id.malformed"),
    "national_id_mismatch": ("national_id", "citizen_id.gender_mismatch"),
    "member_no_duplicate": ("member_no", "member.number_twice"),
    "status_unknown": ("status", "enum"),
    "email_malformed": ("email", "email.malformed"),
}
ONE: dict[str, str] = {
    "member_no": "HV-1",
    "full_name": "Nguyễn Thị Mơ",
    "birth_date": "17/05/1990",
    "gender": "Nữ",
    "phone": "0912 345 678",
    "email": "Mo@Example.com",
    "address": "Thôn Đoài",
    "national_id": "001190000017",
    "admitted_on": "03/02/2015",
    "confirmed_on": "3/2/2016",
    "status": "chính thức",
    "branch_code": "CHIBO",
}


def table(path: Path, *rows: dict[str, str]) -> Path:
    """A CSV file of these rows, its headers the names of all fields."""
    file = path / "roster.csv"
    headers = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, headers, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def said(errors: Sequence[RowError]) -> list[tuple[int, str | None, str]]:
    return [(error.row, error.field, error.code) for error in errors]


async def sizes(database: Database) -> dict[str, Any]:
    """How much was ever written: rows of every table an import touches, the log's head and all revisions."""
    async with database.reading() as session:
        found: dict[str, Any] = {"head": await session.scalar(select(col(LogHead.seq)))}
        found["revisions"] = int(await session.scalar(select(func.coalesce(func.sum(Member.revision), 0))) or 0)
        models: tuple[type[SQLModel], ...] = (Member, Account, Membership, Branch, Change, AuditEvent)
        for model in models:
            found[model.__name__] = await session.scalar(select(func.count()).select_from(model))
        return found


async def one(session: AsyncSession, member_no: str = "HV-1") -> Member:
    return (await session.scalars(select(Member).where(col(Member.member_no) == member_no))).one()


async def home(session: AsyncSession, member: Member) -> list[tuple[str, EndReason | None]]:
    rows = await session.execute(
        select(col(Branch.code), col(Membership.end_reason))
        .join(Branch, col(Branch.no) == col(Membership.branch_no))
        .where(col(Membership.member_id) == member.id)
        .order_by(col(Membership.id))
    )
    return [(code, reason) for code, reason in rows]


@pytest.fixture(scope="module")
def generated() -> Generated:
    return Generated(size=Size(60, 2_000), as_of=START.date())


async def test_a_roster_is_imported_but_for_its_broken_rows(
    database: Database, generated: Generated, tmp_path: Path
) -> None:
    codes = {branch.no: branch.code for branch in generated.branches()}
    write_branches(tmp_path / "branches.csv", generated.branches())
    planted = await import_roster(database, OPERATOR, tmp_path / "branches.csv")
    assert (planted.kind, planted.new, planted.refused) == (RosterKind.BRANCHES, len(codes), 0)

    path = tmp_path / "members.csv"
    broken = write_roster(path, generated.members(), codes=codes, broken_share=0.02)
    assert {row.reason for row in broken} == set(CODES)
    told: list[RowError] = []
    progress: list[Progress] = []
    outcome = await import_roster(database, OPERATOR, path, on_progress=progress.append, on_error=told.append)
    expected = {(row.row_number, *CODES[row.reason]) for row in broken}
    assert expected <= set(said(told))
    assert {error.row for error in told} == {row.row_number for row in broken}
    assert list(outcome.errors) == told
    assert (outcome.rows, outcome.new, outcome.refused) == (2_000, 2_000 - len(broken), len(broken))
    assert progress[-1] == Progress(Phase.WRITING, 2_000, 2_000, outcome.new, 0, 0, outcome.refused)

    before = await sizes(database)
    assert (before["Member"], before["Account"], before["Membership"]) == (outcome.new,) * 3
    for file, kind in ((path, "members"), (tmp_path / "branches.csv", "branches")):
        again = await import_roster(database, OPERATOR, file)
        assert (again.new, again.changed, again.same) == (0, 0, outcome.new if kind == "members" else len(codes))
    assert await sizes(database) == before


async def test_a_stopped_import_is_completed_by_another(
    database: Database, generated: Generated, tmp_path: Path
) -> None:
    write_branches(tmp_path / "b.csv", generated.branches())
    await import_roster(database, OPERATOR, tmp_path / "b.csv")
    path = tmp_path / "m.csv"
    codes = {branch.no: branch.code for branch in generated.branches()}
    write_roster(path, generated.members(), codes=codes, broken_share=0)

    def stop(progress: Progress) -> None:
        if progress.new >= 1_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_roster(database, OPERATOR, path, on_progress=stop)
    found = await sizes(database)
    assert (found["Member"], found["Account"], found["Membership"], found["AuditEvent"] > 2) == (1_000,) * 3 + (True,)
    outcome = await import_roster(database, OPERATOR, path)
    assert (outcome.new, outcome.same, outcome.refused) == (1_000, 1_000, 0)


async def test_a_dry_run_says_the_same_and_writes_nothing(
    database: Database, organisation: Organisation, tmp_path: Path
) -> None:
    before = await sizes(database)
    members = table(tmp_path, ONE, {**ONE, "member_no": "HV-2", "national_id": "", "branch_code": "X"})
    outcome = await import_roster(database, OPERATOR, members, dry_run=True)
    assert (outcome.new, outcome.refused) == (1, 1)
    branches = table(
        tmp_path,
        {"code": "B", "name": "B", "kind": "group", "parent_code": "A"},
        {"code": "A", "name": "A", "kind": "cell", "parent_code": "CHIBO"},
        {"code": "CHIBO", "name": "Chi hội thôn Đoài", "kind": "cell", "parent_code": "XA"},
    )
    outcome = await import_roster(database, OPERATOR, branches, dry_run=True)
    assert (outcome.new, outcome.changed, outcome.refused) == (2, 1, 0)
    assert await sizes(database) == before


async def test_what_a_new_row_becomes(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    await import_roster(database, OPERATOR, table(tmp_path, ONE))
    async with database.reading() as session:
        member = await one(session)
        profile = await profile_of(session, member)
        assert (profile.phone, profile.email, profile.national_id) == (
            "+84912345678",
            "mo@example.com",
            "001190000017",
        )
        assert (profile.birth_date, profile.confirmed_on) == (date(1990, 5, 17), date(2016, 2, 3))
        assert (member.full_name_folded, member.status, member.revision) == ("nguyen thi mo", MemberStatus.FULL, 1)
        assert [membership.branch.code for membership in profile.memberships] == ["CHIBO"]
        assert await session.get(Account, member.id) is not None
        event = (await session.scalars(select(AuditEvent).where(col(AuditEvent.action) == "roster.import"))).one()
        assert (event.after, event.branch_no) == ({"new": ["HV-1"], "changed": {}}, organisation.branch("chibo").no)


async def test_only_what_changed_is_written(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    await import_roster(database, OPERATOR, table(tmp_path, ONE, {**ONE, "member_no": "HV-2", "national_id": ""}))
    async with database.reading() as session:
        sealed = (await one(session)).national_id
        seq = await session.scalar(select(col(LogHead.seq)))
    moved = {"member_no": "HV-1", "full_name": "Nguyễn Thị Mơ", "phone": "", "status": "", "branch_code": "CHIBO2"}
    kept = {"member_no": "HV-2", "full_name": "Nguyễn Thị Mai", "address": "Thôn Nghè", "branch_code": "CHIBO"}
    outcome = await import_roster(database, OPERATOR, table(tmp_path, moved, kept))
    assert (outcome.new, outcome.changed, outcome.refused) == (0, 2, 0)
    async with database.reading() as session:
        first, second = await one(session), await one(session, "HV-2")
        assert (first.phone, first.national_id, first.revision) == ("+84912345678", sealed, 1)
        assert await home(session, first) == [("CHIBO", EndReason.TRANSFERRED), ("CHIBO2", None)]
        assert (second.full_name_folded, second.address, second.revision) == ("nguyen thi mai", "Thôn Nghè", 2)
        assert await home(session, second) == [("CHIBO", None)]
        rows = await session.execute(select(col(Change.channel), col(Change.topic)).where(col(Change.seq) > seq))
        assert set(rows) == {(f"m:{first.id.hex}", "access"), (f"m:{second.id.hex}", "profile")}
        event = await session.scalar(
            select(AuditEvent)
            .where(col(AuditEvent.action) == "roster.import")
            .order_by(col(AuditEvent.id).desc())
            .limit(1)
        )
        assert event is not None
        assert event.after == {"new": [], "changed": {"HV-1": ["branch"], "HV-2": ["address", "full_name"]}}
        assert event.branch_no == organisation.branch("coso").no


async def test_who_left_loses_memberships_and_roles(
    database: Database, organisation: Organisation, tmp_path: Path
) -> None:
    row = {"member_no": organisation.person("secretary").member_no, "full_name": "Vũ Thị Lan", "branch_code": "CHIBO"}
    gone = table(tmp_path, {**row, "status": "từ trần"})
    outcome = await import_roster(database, OPERATOR, gone)
    assert (outcome.changed, outcome.refused) == (1, 0)
    async with database.reading() as session:
        member = await one(session, row["member_no"])
        assert (member.status, await home(session, member)) == (
            MemberStatus.DECEASED,
            [("CHIBO", EndReason.CLOSED)],
        )
        grants = await session.scalars(select(RoleGrant).where(col(RoleGrant.member_id) == member.id))
        assert [grant.end_reason for grant in grants] == ["closed"]
    assert (await import_roster(database, OPERATOR, gone)).same == 1
    back = await import_roster(database, OPERATOR, table(tmp_path, {**row, "status": "chính thức"}))
    assert said(back.errors) == [(2, "status", "member.closed")]


async def test_rows_are_refused_one_by_one(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    await import_roster(database, OPERATOR, table(tmp_path, ONE))
    roster = table(
        tmp_path,
        {**ONE, "member_no": "HV-2"},
        {**ONE, "member_no": "HV-3", "national_id": "001190000025", "phone": ""},
        {**ONE, "member_no": "HV-4", "national_id": "001 190 000 025"},
        {**ONE, "member_no": "HV-5", "national_id": "", "status": "đã rời"},
        {**ONE, "member_no": "HV-6", "national_id": "", "full_name": "=HYPERLINK(1)"},
        {**ONE, "member_no": "HV 7", "national_id": "", "full_name": "x" * 201, "birth_date": "1990-02-31"},
        {**ONE, "member_no": "HV-1", "national_id": "", "gender": "nam"},
        {**ONE, "member_no": "HV-1"},
    )
    outcome = await import_roster(database, OPERATOR, roster)
    assert (outcome.new, outcome.changed, outcome.same, outcome.refused) == (1, 0, 0, 7)
    assert set(said(outcome.errors)) == {
        (2, "national_id", "member.national_id_taken"),
        (4, "national_id", "member.national_id_twice"),
        (5, "status", "member.closed"),
        (6, "full_name", "cell.formula"),
        (7, "member_no", "string_pattern_mismatch"),
        (7, "full_name", "string_too_long"),
        (7, "birth_date", "date_from_datetime_parsing"),
        (8, "national_id", "citizen_id.gender_mismatch"),
        (9, "member_no", "member.number_twice"),
        (9, "national_id", "member.national_id_twice"),
    }
    assert [error.params for error in outcome.errors if error.row == 9] == [{"row": 8}, {"row": 2}]


async def test_a_slipped_row_is_refused(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    path = tmp_path / "slipped.csv"
    path.write_text("Số thẻ,Họ tên,Mã chi bộ,Ghi chú\nHV-1,Mơ,CHIBO,x,y\nHV-2,Mận,CHIBO,z\n", encoding="utf-8")
    outcome = await import_roster(database, OPERATOR, path)
    assert said(outcome.errors) == [(2, None, "row.extra_cells")]
    assert (outcome.new, outcome.ignored_columns) == (1, ("Ghi chú",))


async def test_an_importer_reaches_no_further_than_their_right(
    database: Database, organisation: Organisation, tmp_path: Path
) -> None:
    async with database.reading() as session:
        admin = await organisation.viewer(session, "admin")
        secretary = await organisation.viewer(session, "secretary")
    roster = table(
        tmp_path,
        {"member_no": "HV-1", "full_name": "Mơ", "phone": "", "branch_code": "CHIBO"},
        {"member_no": "HV-2", "full_name": "Mận", "phone": "", "branch_code": "KH_CHIBO"},
        {
            "member_no": organisation.person("stranger").member_no,
            "full_name": "Đổi tên",
            "phone": "",
            "branch_code": "CHIBO",
        },
        {
            "member_no": organisation.person("admin").member_no,
            "full_name": "Võ Thị Uyên",
            "phone": "0987654321",
            "branch_code": "CHIBO2",
        },
    )
    outcome = await import_roster(database, admin, roster)
    assert outcome.new == 1
    assert set(said(outcome.errors)) == {
        (3, "branch_code", "forbidden"),
        (4, "branch_code", "forbidden"),
        (5, None, "forbidden.rank"),
    }
    roots = table(tmp_path, {"code": "GOC", "name": "Gốc", "kind": "central", "parent_code": ""})
    assert said((await import_roster(database, admin, roots)).errors) == [(2, "parent_code", "forbidden")]
    with pytest.raises(Forbidden):
        await import_roster(database, secretary, roster)


async def test_branches_in_any_order(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    roster = table(
        tmp_path,
        {"code": "LA", "name": "Tổ 9", "kind": "tổ", "parent_code": "CANH"},
        {"code": "CANH", "name": "Chi hội 9", "kind": "Chi hội", "parent_code": "GOC"},
        # The two change places: the lower one has to be moved first.
        {"code": "COSO", "name": "Hội cơ sở thôn Thượng", "kind": "cơ sở", "parent_code": "CHIBO2"},
        {"code": "CHIBO2", "name": "Chi hội thôn Nghè mới", "kind": "chi bộ", "parent_code": "CANH"},
        {"code": "GOC", "name": "Gốc mới", "kind": "trung ương", "parent_code": ""},
        {"code": "TO", "name": "Tổ số 1", "kind": "tổ", "parent_code": ""},
    )
    outcome = await import_roster(database, OPERATOR, roster)
    assert (outcome.new, outcome.changed, outcome.same, outcome.errors) == (3, 2, 1, ())
    async with database.reading() as session:
        branches = {branch.code: branch for branch in await session.scalars(select(Branch))}
    path = ["GOC", "CANH", "CHIBO2", "COSO", "CHIBO", "TO"]
    assert branches["TO"].path == "".join(f"{branches[code].no}/" for code in path)
    assert branches["CHIBO2"].name_folded == "chi hoi thon nghe moi"
    before = await sizes(database)
    assert (await import_roster(database, OPERATOR, roster)).same == 6
    assert await sizes(database) == before


async def test_branches_that_cannot_be_placed(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    def row(code: str, parent_code: str) -> dict[str, str]:
        return {"code": code, "name": code, "kind": "cell", "parent_code": parent_code}

    deep = [row(f"D{n}", f"D{n - 1}" if n else "TO") for n in range(4)]
    outcome = await import_roster(
        database,
        OPERATOR,
        table(
            tmp_path,
            row("A", "B"),
            row("B", "A"),
            row("C", "A"),
            row("D", "NOWHERE"),
            row("E", "E"),
            row("F", "CHIBO"),
            row("F", "CHIBO"),
            {**row("XA", "TO"), "kind": "xã"},
            *deep,
        ),
    )
    assert set(said(outcome.errors)) == {
        (2, "parent_code", "branch.cycle"),
        (3, "parent_code", "branch.cycle"),
        (4, "parent_code", "branch.parent_refused"),
        (5, "parent_code", "branch.unknown"),
        (6, "parent_code", "branch.cycle"),
        (8, "code", "branch.code_twice"),
        (9, "parent_code", "branch.cycle"),
        (12, "parent_code", "branch.too_deep"),
        (13, "parent_code", "branch.too_deep"),
    }
    assert (outcome.new, outcome.refused) == (3, 9)


async def test_a_merged_branch_takes_nobody_in(database: Database, organisation: Organisation, tmp_path: Path) -> None:
    async with database.writing() as session:
        branch, into = organisation.branch("chibo"), organisation.branch("chibo2")
        await merge_branch(session, OPERATOR, branch.id, into.id)
        await changes.commit(session)
    fellow = organisation.person("fellow").member_no
    members = table(
        tmp_path,
        {"member_no": "HV-1", "full_name": "Mơ", "branch_code": "CHIBO"},
        {"member_no": fellow, "full_name": "Trần Văn Cảnh", "branch_code": "CHIBO"},
    )
    outcome = await import_roster(database, OPERATOR, members)
    assert said(outcome.errors) == [(2, "branch_code", "branch.not_active"), (3, "branch_code", "branch.not_active")]
    branches = table(
        tmp_path,
        {"code": "CHIBO", "name": "Chi hội mới", "kind": "cell", "parent_code": "COSO"},
        {"code": "T9", "name": "Tổ 9", "kind": "group", "parent_code": "CHIBO"},
    )
    outcome = await import_roster(database, OPERATOR, branches)
    assert said(outcome.errors) == [(2, "code", "branch.not_active"), (3, "parent_code", "branch.not_active")]


def as_xlsx(source: Path, target: Path) -> Path:
    with source.open(encoding="utf-8-sig", newline="") as file, xlsxwriter.Workbook(str(target)) as book:
        sheet = book.add_worksheet("Danh sách")
        for number, record in enumerate(csv.reader(file)):
            sheet.write_row(number, 0, record)
    return target


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_workbook_says_the_same(
    database: Database, organisation: Organisation, generated: Generated, tmp_path: Path
) -> None:
    codes = dict.fromkeys(range(1, 61), "CHIBO")
    write_roster(tmp_path / "m.csv", generated.members(), codes=codes, broken_share=0.02)
    first = await import_roster(database, OPERATOR, tmp_path / "m.csv", dry_run=True)
    second = await import_roster(database, OPERATOR, as_xlsx(tmp_path / "m.csv", tmp_path / "m.xlsx"))
    assert said(first.errors) == said(second.errors)
    assert {error.sheet for error in second.errors} == {"Danh sách"}
    assert (await import_roster(database, OPERATOR, tmp_path / "m.csv")).same == second.new == first.new


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "table.empty"),
        (b"a,b\n1,2\n", "roster.unrecognised"),
        ("Họ và tên,Số thẻ\nMơ,1\n".encode(), "roster.columns_missing"),
        ("Họ và tên,Số thẻ,Mã chi bộ,SĐT,Điện thoại\nMơ,1,CHIBO,,\n".encode(), "roster.column_twice"),
        ("Họ và tên,Số thẻ,Mã chi bộ\n".encode(), "roster.no_rows"),
        ("Họ và tên,Số thẻ,Mã chi bộ\nMơ,1,CHIBO\nM\0,2,CHIBO\n".encode(), "table.nul"),
        ("Họ và tên,Số thẻ,Mã chi bộ\nMơ,1,CHIBO\n".encode() + b"x" * 10_000_000, "table.line_too_long"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_file_that_is_no_roster_writes_nothing(
    database: Database, organisation: Organisation, tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "roster").write_bytes(content)
    before = await sizes(database)
    with pytest.raises(Malformed) as refusal:
        await import_roster(database, OPERATOR, tmp_path / "roster")
    assert refusal.value.code == code
    assert await sizes(database) == before
