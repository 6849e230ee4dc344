"""Every table, imported once: what migrations compare and create."""

from sqlmodel import SQLModel

from models.accounts import Account
from models.activities.table import Attendance, Rsvp
from models.attachments.table import NoticeFile
from models.audit import AuditEvent, AuditSubject
from models.branches import Branch
from models.calendars import CalendarToken
from models.changes import Change, ChannelVersion, LogHead, LostRange
from models.deliveries.table import ChannelTopic, Delivery, TopicSubscription
from models.devices.table import Device, Preference
from models.events.table import Event
from models.file_texts import FileText
from models.files import ClearedFile, File, FileVariant
from models.idempotency import IdempotencyKey
from models.members.table import Member
from models.memberships import Membership
from models.notices.occurrences import Occurrence
from models.notices.table import Notice, NoticeRevision, Receipt
from models.outbox import OutboxMessage
from models.own_state import MemberState
from models.progress.table import Bookmark, Progress
from models.quizzes.table import Attempt
from models.roles import RoleGrant
from models.schedule import LastRound, Setback
from models.searching.table import SearchDocument
from models.sessions import DeviceSession
from models.study.table import Study, StudyFile, StudyItem, StudyVersion
from models.tallies.table import Tally, TallyHead
from models.templates.table import NoticeTemplate
from models.uploads import Upload

TABLES: tuple[type[SQLModel], ...] = (
    Account,
    Attempt,
    Attendance,
    AuditEvent,
    AuditSubject,
    Bookmark,
    Branch,
    CalendarToken,
    Change,
    ChannelTopic,
    ChannelVersion,
    Delivery,
    ClearedFile,
    Device,
    DeviceSession,
    Event,
    File,
    FileText,
    FileVariant,
    IdempotencyKey,
    LastRound,
    LogHead,
    LostRange,
    Member,
    MemberState,
    Membership,
    Notice,
    NoticeFile,
    NoticeRevision,
    NoticeTemplate,
    Occurrence,
    OutboxMessage,
    Preference,
    Progress,
    Receipt,
    RoleGrant,
    Rsvp,
    SearchDocument,
    Setback,
    Study,
    StudyFile,
    StudyItem,
    StudyVersion,
    Tally,
    TallyHead,
    TopicSubscription,
    Upload,
)
METADATA = SQLModel.metadata
