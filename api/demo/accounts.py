"""Three accounts that a visitor can sign in with, and the file that says how."""

import json
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.demo.rows import Loaded
from api.demo.showcase import showcase
from api.security.passwords import DEMONSTRATION
from models import changes
from models.accounts import Account, set_password
from models.audit import audit
from models.branches import Branch
from models.database import Database
from models.members.table import Member
from models.permissions import OPERATOR

HashPassword = Callable[[str], Awaitable[str]]

_ONSETS = "b ch d h kh l m n nh ph r s t th tr v x"
_RIMES = (
    "a ac ach ai am an ang anh ao ap at au ay e em en eng eo ep et i ich iem ien iep iet ieu im in inh ip it iu "
    "o oa oai oan oang oc oi om on ong op ot u ua uan uc ui um un ung uoc uoi uom uon uong uot up ut uu uy uyen"
)
SYLLABLES = tuple(onset + rime for onset in _ONSETS.split() for rime in _RIMES.split())
"""Vietnamese to read and to say, each a different one."""
_SYLLABLES_OF_A_PASSWORD = 4
_DIGITS = 6


class DemoAccount(TypedDict):
    login: str
    password: str
    name: str
    branch: str


class DemoAccounts(TypedDict):
    """A plain member, the secretary of the same cell, and the admin of the province that it lies in."""

    member: DemoAccount
    secretary: DemoAccount
    admin: DemoAccount


async def open_accounts(database: Database, loaded: Loaded, *, hash_password: HashPassword) -> DemoAccounts:
    """Give three members passwords, new at each call; `branch` is where they belong or what they lead."""
    chosen = showcase(loaded)
    async with database.writing() as session:
        accounts = DemoAccounts(
            member=await _open(session, loaded, chosen.member, chosen.cell, hash_password),
            secretary=await _open(session, loaded, chosen.secretary, chosen.cell, hash_password),
            admin=await _open(session, loaded, chosen.admin, chosen.province, hash_password),
        )
        await changes.commit(session)
    return accounts


async def _open(
    session: AsyncSession, loaded: Loaded, index: int, branch_no: int, hash_password: HashPassword
) -> DemoAccount:
    member_id = loaded.member_id(index)
    password = new_password()
    await set_password(session, await session.get_one(Account, member_id), await hash_password(password))
    audit(session, OPERATOR, "member.activate", "member", member_id, branch_no=branch_no)
    member = await session.get_one(Member, member_id)
    branch = await session.scalar(select(col(Branch.name)).where(col(Branch.no) == branch_no))
    return DemoAccount(login=member.member_no, password=password, name=member.full_name, branch=branch or "")


def new_password() -> str:
    """Such as `demo-than-huong-lien-bao-402913`: 60 bits, four syllables of 1,088 and six digits."""
    syllables = [secrets.choice(SYLLABLES) for _ in range(_SYLLABLES_OF_A_PASSWORD)]
    return DEMONSTRATION + "-".join([*syllables, f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"])


def write_accounts(path: Path, accounts: DemoAccounts | Mapping[str, DemoAccount]) -> None:
    """Write them as JSON, readable by the owner alone, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)  # what is there already would keep its mode
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(accounts, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
