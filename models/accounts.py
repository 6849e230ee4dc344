"""Accounts: who may sign in, and the codes by which a branch lets somebody in for the first time or again."""

import hmac
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, ForeignKey, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from content.emails import normalise_email
from content.malformed import Malformed
from content.phones import normalise_phone
from models.base import Shape
from models.database import keyring, now, table_of
from models.errors import Unauthenticated
from models.members.table import ACTIVE, Member

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 10
"""Ten of Crockford's 32 letters are 50 bits: ten thousand addresses that guess at one account as often as each may, for
all 14 days, have a chance of 10⁻⁶. So the account as a whole needs no limit, by which one could keep somebody out.
"""
CODE_LIFE = timedelta(days=14)
_CODE_DIGEST = "account.activation"
_LOOK_ALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})


class Account(SQLModel, table=True):
    """One a member. Without `password_hash` nobody has signed in yet."""

    __tablename__ = "account"

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    password_hash: str | None = Field(default=None, max_length=200)
    password_set_at: datetime | None = None
    activation_digest: str | None = Field(default=None, max_length=64)
    activation_expires_at: datetime | None = None
    disabled_at: datetime | None = None


def is_open(member_id: ColumnElement[UUID]) -> Exists:
    """Is this an active member whose account is open? A part of statements that ask for something else as well."""
    member, account = table_of(Member).c, table_of(Account).c
    return exists().where(
        member.id == member_id,
        or_(*(member.status == status for status in sorted(ACTIVE))),  # `in_` would be spelt out anew each time
        account.member_id == member_id,
        account.disabled_at.is_(None),
    )


@dataclass(frozen=True, slots=True)
class ActivationCode:
    member_id: UUID
    code: str
    expires_at: datetime


class ActivationCodePublic(Shape):
    """To be handed over in person, with the login that goes with it. It is shown this once."""

    login: str
    activation_code: str
    expires_at: datetime


async def find_account(session: AsyncSession, login: str) -> Account | None:
    """The account that a login names: a member number, or a phone or e-mail that only one account has."""
    phone, email = _or_none(normalise_phone, login), _or_none(normalise_email, login)
    names = [col(Member.member_no) == login]
    if phone is not None:
        names.append(col(Member.phone) == phone)
    if email is not None:
        names.append(col(Member.email) == email)
    rows = (
        await session.execute(
            select(Account, col(Member.member_no))
            .join(Member, col(Member.id) == col(Account.member_id))
            .where(or_(*names))
            .limit(8)
        )
    ).all()
    by_number = [account for account, member_no in rows if member_no == login]
    if by_number:
        return by_number[0]
    return rows[0][0] if len(rows) == 1 else None


def login_key(login: str) -> str:
    """One spelling for all ways in which a login may be written, whether or not anybody has it.

    It does not say whose it is: else limits on one login of an account would tell which others belong to it.
    """
    return _or_none(normalise_phone, login) or _or_none(normalise_email, login) or login.casefold()


async def names_of(session: AsyncSession, member_id: UUID) -> list[str]:
    """What a member may sign in by, as found in passwords: a phone number without its country code."""
    row = await session.execute(
        select(col(Member.member_no), col(Member.phone), col(Member.email)).where(col(Member.id) == member_id)
    )
    member_no, phone, email = row.one()
    return [name for name in (member_no, phone and phone.removeprefix("+84"), email) if name]


def _or_none(read: Callable[[str], str], text: str) -> str | None:
    try:
        return read(text)
    except Malformed:
        return None


async def new_codes(session: AsyncSession, member_ids: Sequence[UUID]) -> list[ActivationCode]:
    """A fresh code for each account, in place of any before. The caller has checked the right to and writes the
    audit.
    """
    expires_at = now(session) + CODE_LIFE
    codes = []
    for account in await session.scalars(select(Account).where(col(Account.member_id).in_(member_ids))):
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        account.activation_digest = _digest(session, account.member_id, code)
        account.activation_expires_at = expires_at
        codes.append(ActivationCode(account.member_id, code, expires_at))
    await session.flush()
    return codes


def code_opens(session: AsyncSession, account: Account | None, code: str) -> bool:
    """Is this the account's open code? Look-alike letters, blanks and hyphens are forgiven. The time taken says
    nothing.
    """
    stored = account.activation_digest if account else None
    same = hmac.compare_digest(_digest(session, account.member_id if account else UUID(int=0), code), stored or "")
    expires_at = account.activation_expires_at if account else None
    return same and expires_at is not None and now(session) < expires_at


async def set_password(session: AsyncSession, account: Account, password_hash: str) -> None:
    """A new password; a code that was open is used up."""
    account.password_hash = password_hash
    account.password_set_at = now(session)
    account.activation_digest = account.activation_expires_at = None
    await session.flush()


async def redeem_code(session: AsyncSession, account: Account, code: str, password_hash: str) -> bool:
    """Use a code up for a new password; False where it was used or replaced since `code_opens` looked: one of two wins.

    The account stays locked to the end of the transaction.
    """
    at = now(session)
    redeemed = await session.scalars(
        update(Account)
        .where(
            col(Account.member_id) == account.member_id,
            col(Account.activation_digest) == _digest(session, account.member_id, code),
            col(Account.activation_expires_at) > at,
        )
        .values(password_hash=password_hash, password_set_at=at, activation_digest=None, activation_expires_at=None)
        .returning(col(Account.member_id))
        .execution_options(synchronize_session=False)
    )
    return redeemed.one_or_none() is not None


async def lock_account(session: AsyncSession, member_id: UUID, password_hash: str | None) -> Account:
    """The account, locked to the end of the transaction, if its password is still the one that was verified.

    Raises Unauthenticated otherwise. Whoever changes a password ends sessions under the same lock, so that none which
    the old one began is left over.
    """
    statement = select(Account).where(col(Account.member_id) == member_id).with_for_update()
    account = await session.scalar(statement.execution_options(populate_existing=True))
    if account is None or account.password_hash != password_hash:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    return account


def _digest(session: AsyncSession, member_id: UUID, code: str) -> str:
    typed = "".join(letter for letter in unicodedata.normalize("NFKC", code).upper() if letter.isalnum())
    return keyring(session).digest(_CODE_DIGEST, f"{member_id.hex}:{typed.translate(_LOOK_ALIKES)}")
