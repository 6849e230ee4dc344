"""The member's row, and the little of it that fellow members see."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.base import Shape, byte_ordered, choice, new_id
from models.errors import NotFound

SEALING = "member.national_id"


class Gender(StrEnum):
    MALE = "male"
    FEMALE = "female"


class MemberStatus(StrEnum):
    PROBATIONARY = "probationary"
    FULL = "full"
    SUSPENDED = "suspended"
    LEFT = "left"
    DECEASED = "deceased"


ACTIVE = frozenset({MemberStatus.PROBATIONARY, MemberStatus.FULL, MemberStatus.SUSPENDED})


class Member(SQLModel, table=True):
    """`national_id` is sealed; `national_id_digest` finds and keeps apart equal ones. `sort_key` puts people in
    Vietnamese order.
    """

    __tablename__ = "member"
    __table_args__ = (
        Index("uq_member_member_no", "member_no", unique=True),
        Index("uq_member_national_id_digest", "national_id_digest", unique=True),
        Index("ix_member_phone", "phone"),
        Index("ix_member_email", "email"),
        Index("ix_member_photo", "photo"),
        Index("ix_member_sort_key", "sort_key", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    member_no: str = Field(max_length=40, sa_type=byte_ordered(40))
    full_name: str = Field(max_length=200)
    full_name_folded: str = Field(max_length=400)
    sort_key: str = Field(sa_type=byte_ordered(400))
    birth_date: date | None = None
    gender: Gender | None = Field(default=None, sa_type=choice(Gender, "gender"))
    phone: str | None = Field(default=None, max_length=20)
    email: str | None = Field(default=None, max_length=254)
    address: str | None = Field(default=None, max_length=500)
    national_id: str | None = Field(default=None, max_length=200)
    national_id_digest: str | None = Field(default=None, max_length=64)
    admitted_on: date | None = None
    confirmed_on: date | None = None
    status: MemberStatus = Field(sa_type=choice(MemberStatus, "status"))
    photo: str | None = Field(default=None, max_length=64, sa_column_args=[ForeignKey("file.sha256")])
    revision: int = Field(default=1, sa_type=BigInteger)
    created_at: datetime

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


class MemberCard(Shape):
    """What fellow members see. `photo` is the SHA-256 of a file under `/v1/files`; `?width=96` is enough for a list."""

    id: UUID
    full_name: str
    photo: str | None


class RosterEntry(MemberCard):
    """What holders of `member.read` see in lists: never anything sensitive."""

    member_no: str
    status: MemberStatus


async def find_person(session: AsyncSession, member_id: UUID) -> Member:
    """The row whoever asks. For rules that check the right themselves; handlers go through `rules.get_member`."""
    member = await session.get(Member, member_id)
    if member is None:
        raise NotFound
    return member


async def lock_person(session: AsyncSession, member_id: UUID) -> Member:
    """`find_person`, read anew and locked to the end of the transaction."""
    statement = select(Member).where(col(Member.id) == member_id).with_for_update(key_share=False)
    member = await session.scalar(statement.execution_options(populate_existing=True))
    if member is None:
        raise NotFound
    return member
