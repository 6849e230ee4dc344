"""`handbook init` and `handbook user`: the first branch, the first people, and what only the operator may do."""

from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.activation_sheets import activation_link
from api.commands.running import console, fail, open_database, run, settings
from api.settings import Settings
from api.transactions import transaction
from models.accounts import ActivationCode
from models.activation import issue_code, switch_account
from models.branches import TREE, Branch, BranchCreate, BranchKind, plant
from models.database import lock, utc_now
from models.keyring import new_keyring, save_keyring
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.members.table import Member
from models.migrate import migrate
from models.permissions import OPERATOR, Role
from models.roles import RoleGrantCreate, grant_role

user = typer.Typer(help="Members and their accounts, as the operator.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="The member number.")]
BranchCode = Annotated[str, typer.Option("--branch", help="The branch's code.")]


def init(
    name: Annotated[str, typer.Option(prompt="Name of the organisation", help="The top branch's name.")],
    code: Annotated[str, typer.Option(prompt="Its code", help="The top branch's code.")],
    admin_name: Annotated[str, typer.Option(prompt="Full name of its administrator")],
    admin_number: Annotated[str, typer.Option(prompt="Their member number")],
) -> None:
    """Set up a new handbook: keyring, database, top branch and its administrator, who gets an activation code."""
    using = settings()
    if not using.keys.exists():
        save_keyring(using.keys, new_keyring(utc_now().isoformat()))
    member, issued = run(_init(using, name, code, admin_name, admin_number))
    _show(using, member, issued)


@user.command()
def add(
    number: Number,
    full_name: Annotated[str, typer.Option("--name", help="The full name.")],
    branch: BranchCode,
    role: Annotated[Role | None, typer.Option(help="A role to give at this branch.")] = None,
) -> None:
    """Add a member, and print an activation code."""
    using = settings()
    member, issued = run(_add(using, number, full_name, branch, role))
    _show(using, member, issued)


@user.command()
def code(number: Number) -> None:
    """Print a new activation code for a member."""
    using = settings()
    member, issued = run(_code(using, number))
    _show(using, member, issued)


@user.command()
def grant(number: Number, role: Role, branch: BranchCode) -> None:
    """Give a member a role over a branch and all below it."""
    run(_grant(settings(), number, role, branch))
    console.print(f"{number} is {role.value} of {branch}")


@user.command()
def disable(number: Number) -> None:
    """Close an account: its sessions end, and its app is told to wipe what it holds."""
    run(_switch(settings(), number, disabled=True))
    console.print(f"{number} is disabled")


@user.command()
def enable(number: Number) -> None:
    """Open a disabled account again."""
    run(_switch(settings(), number, disabled=False))
    console.print(f"{number} is enabled")


async def _init(
    using: Settings, name: str, code: str, admin_name: str, admin_number: str
) -> tuple[Member, ActivationCode]:
    async with open_database(using, migrated=False) as database:
        await migrate(database)
        async with transaction(database) as session:
            if await session.scalar(select(col(Branch.no)).limit(1)) is not None:
                fail("there is an organisation already; `handbook user add` adds people")
            await lock(session, TREE)
            top = _checked_branch(name, code)
            root = await plant(session, OPERATOR, None, code=top.code, name=top.name, kind=top.kind)
            member = await _enrol(session, admin_number, admin_name, root, Role.ADMIN)
            return await issue_code(session, OPERATOR, member.id)


def _checked_branch(name: str, code: str) -> BranchCreate:
    nobody = "00000000-0000-0000-0000-000000000000"
    return BranchCreate.model_validate({"name": name, "code": code, "kind": BranchKind.CENTRAL, "parent_id": nobody})


async def _add(
    using: Settings, number: str, full_name: str, branch_code: str, role: Role | None
) -> tuple[Member, ActivationCode]:
    async with open_database(using) as database, transaction(database) as session:
        member = await _enrol(session, number, full_name, await _branch(session, branch_code), role)
        return await issue_code(session, OPERATOR, member.id)


async def _enrol(session: AsyncSession, number: str, full_name: str, branch: Branch, role: Role | None) -> Member:
    data = MemberCreate(member_no=number, full_name=full_name, branch_id=branch.id)
    member = await create_member(session, OPERATOR, data)
    if role is not None:
        await grant_role(session, OPERATOR, branch, RoleGrantCreate(member_id=member.id, role=role))
    return member


async def _code(using: Settings, number: str) -> tuple[Member, ActivationCode]:
    async with open_database(using) as database, transaction(database) as session:
        member = await _member(session, number)
        return await issue_code(session, OPERATOR, member.id)


async def _grant(using: Settings, number: str, role: Role, branch_code: str) -> None:
    async with open_database(using) as database, transaction(database) as session:
        member = await _member(session, number)
        data = RoleGrantCreate(member_id=member.id, role=role)
        await grant_role(session, OPERATOR, await _branch(session, branch_code), data)


async def _switch(using: Settings, number: str, *, disabled: bool) -> None:
    async with open_database(using) as database, transaction(database) as session:
        member = await _member(session, number)
        await switch_account(session, OPERATOR, member.id, disabled=disabled)


async def _branch(session: AsyncSession, code: str) -> Branch:
    branch = await session.scalar(select(Branch).where(col(Branch.code) == code))
    if branch is None:
        fail(f"no branch has the code {code}")
    return branch


async def _member(session: AsyncSession, number: str) -> Member:
    member = await session.scalar(select(Member).where(col(Member.member_no) == number))
    if member is None:
        fail(f"no member has the number {number}")
    return member


def _show(using: Settings, member: Member, issued: ActivationCode) -> None:
    console.print(f"[bold]{member.full_name}[/bold], login [bold]{member.member_no}[/bold]")
    console.print(f"activation code [bold]{issued.code}[/bold], good until {issued.expires_at:%Y-%m-%d}")
    console.print(activation_link(using, member, issued), soft_wrap=True)
