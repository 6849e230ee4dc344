"""Every table, imported once: what migrations compare and create."""

from sqlmodel import SQLModel

from models.accounts import Account
from models.audit import AuditEvent
from models.branches import Branch
from models.changes import Change, ChannelVersion, LogHead, LostRange
from models.events.table import Event
from models.files import File, FileVariant
from models.idempotency import IdempotencyKey
from models.members.table import Member
from models.memberships import Membership
from models.notices.table import Notice, NoticeRevision, Receipt
from models.own_state import MemberState
from models.roles import RoleGrant
from models.sessions import DeviceSession

TABLES: tuple[type[SQLModel], ...] = (
    Account,
    AuditEvent,
    Branch,
    Change,
    ChannelVersion,
    DeviceSession,
    Event,
    File,
    FileVariant,
    IdempotencyKey,
    LogHead,
    LostRange,
    Member,
    MemberState,
    Membership,
    Notice,
    NoticeRevision,
    Receipt,
    RoleGrant,
)
METADATA = SQLModel.metadata
