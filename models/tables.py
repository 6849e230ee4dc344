"""Every table, imported once: what migrations compare and create."""

from sqlmodel import SQLModel

from models.accounts import Account
from models.audit import AuditEvent
from models.branches import Branch
from models.changes import Change, ChannelVersion, LogHead, LostRange
from models.files import File
from models.idempotency import IdempotencyKey
from models.members.table import Member
from models.memberships import Membership
from models.notices.table import Notice, Receipt
from models.roles import RoleGrant
from models.sessions import DeviceSession

TABLES: tuple[type[SQLModel], ...] = (
    Account,
    AuditEvent,
    Branch,
    Change,
    ChannelVersion,
    DeviceSession,
    File,
    IdempotencyKey,
    LogHead,
    LostRange,
    Member,
    Membership,
    Notice,
    Receipt,
    RoleGrant,
)
METADATA = SQLModel.metadata
