"""What the table's cases act on: one thing of each kind at every place, and a way back to where it all began."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.parts import Parts
from content.checkin import STEP_SECONDS, code
from models import changes
from models.accounts import Account, new_codes
from models.attachments.shapes import AttachmentPublic
from models.attachments.table import NoticeFile
from models.branches import Branch
from models.calendars import new_calendar_token
from models.channels import Reach
from models.database import Database, now
from models.devices.rules import put_device
from models.devices.shapes import DeviceProvider, DevicePut
from models.files import keep_file
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.members.table import Member
from models.notices.activity import Activity
from models.notices.drafts import create_notice
from models.notices.receipts import Noted, take_note
from models.notices.shapes import EVERYONE, Audience, NoticeCreate
from models.notices.table import Notice
from models.permissions import OPERATOR, Role, Viewer
from models.progress.rules import Marked, mark
from models.quizzes.table import Attempt
from models.roles import RoleGrantCreate, grant_role
from models.sessions import Device, start_session
from models.study.collections import CollectionCreate, ItemKind, ItemRef
from models.study.life import create_study
from models.study.materials import MaterialCreate
from models.study.quizzes import QuizCreate
from models.study.shapes import StudyCreate
from models.study.table import StudyKind
from models.tables import METADATA
from models.templates.rules import create_template
from models.templates.shapes import TemplateContent, TemplateCreate
from tests.api.permissions.table import ACTORS
from tests.organisation import Organisation, Person

PASSWORD = "ba bốn năm sáu"
NOBODY = UUID("01900000-0000-7000-8000-000000000000")
PLACES = {"own": "chibo", "child": "to", "sibling": "chibo2", "parent": "coso", "elsewhere": "kh_chibo"}
PEOPLE = {"own": "fellow", "child": "grouped", "sibling": "neighbour", "parent": "above", "elsewhere": "stranger"}
BESIDE = {"own": "xa", "child": "chibo2", "sibling": "xa", "parent": "tinh", "elsewhere": "xa"}
"""Where each place may be moved to, or what it may be merged into."""

QUESTION = {"kind": "true_false", "text": "Đúng?", "options": [{"text": "Đúng", "is_right": True}, {"text": "Sai"}]}

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class World:
    """`ids` gives what stands in a path for a place, by the parameter's name: the member, the notice, the photo …"""

    organisation: Organisation
    parts: Parts
    ids: Mapping[str, Mapping[str, str]]
    code: str
    calendar_token: str
    rows: Rows

    def person(self, place: str) -> Person:
        return self.organisation.person(PEOPLE[place])

    def id(self, parameter: str, name: str, actor: str) -> str:
        """For a row's name: of `own draft` the draft, else what belongs to the place."""
        if name == "mine" and parameter == "quiz_id":
            return self.ids[parameter]["parent"]
        if name == "mine":
            person = self.organisation.people.get(actor, Person(NOBODY, "", NOBODY))
            return str(person.session_id if parameter == "session_id" else person.id)
        known, name = self.ids[parameter], name.partition(" of ")[0].removesuffix(" by code")
        return known.get(name) or known[name.partition(" ")[0]]

    def check_in_code(self, notice_id: str) -> str:
        """The one that is shown now at the first time that an activity takes place."""
        database = self.parts.database
        step = int(database.clock().timestamp()) // STEP_SECONDS
        return code(database.keyring.newest.derive("check-in"), UUID(notice_id), 1, step)

    async def changed(self) -> list[str]:
        """The tables that are no longer as they were founded."""
        return [name for name, rows in (await rows_of(self.parts.database)).items() if rows != self.rows[name]]

    async def restore(self) -> None:
        async with self.parts.database.write_engine.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                await connection.execute(delete(table))
            for table in METADATA.sorted_tables:
                if rows := self.rows[table.name]:
                    await connection.execute(insert(table), rows)


async def found_world(parts: Parts, organisation: Organisation) -> World:
    branches = {place: organisation.branch(name) for place, name in PLACES.items()}
    async with parts.database.writing() as session:
        organisation.people["above"] = await _enrol(session, "W0", "Trịnh Văn Trên", branches["parent"])
        grants = {place: str(await _officer(session, place, branch)) for place, branch in branches.items()}
        notices = await _notices(session, organisation, branches)
        notices |= await _meetings(session, branches)
        templates = {place: str(await _template(session, branch)) for place, branch in branches.items()}
        materials = await _studies(session, StudyKind.MATERIAL, branches, _material)
        collections = await _studies(
            session, StudyKind.COLLECTION, branches, lambda place, said: _collection(materials[place], said)
        )
        quizzes = await _studies(session, StudyKind.QUIZ, branches, _quiz)
        for person in organisation.people.values():
            await _mark(session, person, UUID(materials["parent"]))
            await _begin(session, person, UUID(quizzes["parent"]))
            await _device(session, person)
        calendar_token = await new_calendar_token(session, Viewer(organisation.person(PEOPLE["own"]).id))
        files = await _files(session, parts, notices)
        photos = {place: await _photo(session, parts, organisation.person(name).id) for place, name in PEOPLE.items()}
        hashed = await parts.passwords.hash(PASSWORD)
        (code,) = await new_codes(session, [organisation.person(PEOPLE["own"]).id])
        await session.execute(update(Account).values(password_hash=hashed))
        await changes.commit(session)
    people = {place: organisation.person(name) for place, name in PEOPLE.items()}
    ids = {
        "branch_id": {place: str(branch.id) for place, branch in branches.items()},
        "member_id": {place: str(person.id) for place, person in people.items()},
        "session_id": {place: str(person.session_id) for place, person in people.items()},
        "grant_id": grants,
        "notice_id": notices,
        "template_id": templates,
        "material_id": materials,
        "collection_id": collections,
        "quiz_id": quizzes,
        "attempt_id": {place: str(person.id) for place, person in people.items()},
        "device_id": {place: str(person.id) for place, person in people.items()},
        "thing_id": notices,
        "bookmark_id": {place: str(person.id) for place, person in people.items()},
        "version": dict.fromkeys((*branches, "unknown"), "1"),
        "sha256": photos | files | {"unknown": "0" * 64},
        "slug": {"anything": "not_found", "unknown": "no_such_problem"},
    }
    known = {parameter: {"unknown": str(NOBODY)} | values for parameter, values in ids.items()}
    return World(organisation, parts, known, code.code, calendar_token, await rows_of(parts.database))


async def rows_of(database: Database) -> Rows:
    """Everything that the database holds."""
    async with database.reading() as session:
        return {
            table.name: [
                dict(row) for row in (await session.execute(select(table).order_by(*table.primary_key))).mappings()
            ]
            for table in METADATA.sorted_tables
        }


def small_picture() -> bytes:
    written = BytesIO()
    Image.new("RGB", (8, 8), "red").save(written, "JPEG")
    return written.getvalue()


async def _enrol(session: AsyncSession, member_no: str, full_name: str, branch: Branch) -> Person:
    data = MemberCreate(member_no=member_no, full_name=full_name, branch_id=branch.id)
    member = await create_member(session, OPERATOR, data)
    device = await start_session(session, member.id, Device(), None)
    return Person(member.id, member_no, device.id)


async def _officer(session: AsyncSession, place: str, branch: Branch) -> UUID:
    """A clerk of the branch, whose grant there is to end."""
    person = await _enrol(session, f"O-{place}", "Cao Văn Thư", branch)
    grant = await grant_role(session, OPERATOR, branch, RoleGrantCreate(member_id=person.id, role=Role.CLERK))
    return grant.id


async def _notices(session: AsyncSession, organisation: Organisation, branches: Mapping[str, Branch]) -> dict[str, str]:
    """At each place one that its whole subtree hears, a draft and one that is scheduled; and one for the parent's own
    members alone. All have read everything, so that no receipt is missing because nobody wrote it.
    """
    here = Audience(reach=Reach.HERE)
    wanted = [("parent here", "parent", here, True)]
    wanted += [(place, place, EVERYONE, True) for place in branches]
    wanted += [(f"{place} draft", place, EVERYONE, False) for place in branches]
    written = {}
    wanted += [(f"{place} scheduled", place, EVERYONE, True) for place in branches]
    tomorrow = now(session) + timedelta(days=1)
    for name, place, audience, publish in wanted:
        data = NoticeCreate(
            branch_id=branches[place].id,
            title="Họp",
            body="Mời họp.",
            audience=audience,
            publish=publish,
            publish_at=tomorrow if name.endswith("scheduled") else None,
        )
        notice = await create_notice(session, OPERATOR, data)
        written[name] = str(notice.id)
        read_by = {organisation.person(actor).id for actor in ACTORS[1:]}
        await take_note(session, [Noted(member_id, notice.id, 1, now(session), None) for member_id in read_by])
    return written


async def _meetings(session: AsyncSession, branches: Mapping[str, Branch]) -> dict[str, str]:
    """At each place an activity that its whole subtree hears, and a draft of one. People check in already."""
    starts_at = now(session) + timedelta(minutes=15)
    activity = Activity(starts_at=starts_at, ends_at=starts_at + timedelta(hours=2))
    written = {}
    for place, branch in branches.items():
        for name, publish in ((f"{place} meeting", True), (f"{place} meeting draft", False)):
            said = {"title": "Sinh hoạt", "body": "Mời họp.", "category": "activity", "activity": activity}
            notice = await create_notice(session, OPERATOR, NoticeCreate(branch_id=branch.id, publish=publish, **said))
            written[name] = str(notice.id)
    return written


def _material(_place: str, said: dict[str, Any]) -> StudyCreate:
    return MaterialCreate(title="Tài liệu", body="Nội dung.", **said)


def _collection(material: str, said: dict[str, Any]) -> StudyCreate:
    item = ItemRef(kind=ItemKind.MATERIAL, id=UUID(material))
    return CollectionCreate(title="Chuyên đề", items=[item], **said)


def _quiz(_place: str, said: dict[str, Any]) -> StudyCreate:
    return QuizCreate(title="Câu hỏi", questions=[QUESTION], **said)


async def _mark(session: AsyncSession, person: Person, material_id: UUID) -> None:
    """A bookmark that has the id of its member."""
    await mark(session, [Marked(person.id, person.id, material_id, 1, "p1", "Riêng", now(session), person.id)])


async def _device(session: AsyncSession, person: Person) -> None:
    """A phone that has the id of its member."""
    viewer = Viewer(person.id, person.session_id)
    data = DevicePut(provider=DeviceProvider.FCM, token=f"phone-{person.member_no}")
    await put_device(session, viewer, person.id, data, ())


async def _begin(session: AsyncSession, person: Person, quiz_id: UUID) -> None:
    """An attempt that has the id of its member."""
    said: dict[str, Any] = {"quiz_id": quiz_id, "version": 1, "draw_no": 1, "started_at": now(session), "seq": 1}
    session.add(Attempt(member_id=person.id, id=person.id, **said))


async def _studies(
    session: AsyncSession,
    kind: StudyKind,
    branches: Mapping[str, Branch],
    make: Callable[[str, dict[str, Any]], StudyCreate],
) -> dict[str, str]:
    """At each place two that its whole subtree hears, and a draft."""
    written = {}
    for place, branch in branches.items():
        for name in (place, f"{place} successor", f"{place} draft"):
            said = {"branch_id": branch.id, "slug": name.replace(" ", "-"), "publish": not name.endswith("draft")}
            study, _, _ = await create_study(session, OPERATOR, kind, make(place, said))
            written[name] = str(study.id)
    return written


async def _template(session: AsyncSession, branch: Branch) -> UUID:
    content = TemplateContent(title="Họp", body="Mời họp.")
    return (await create_template(session, OPERATOR, branch.id, TemplateCreate(name="Họp", content=content))).id


async def _files(session: AsyncSession, parts: Parts, notices: Mapping[str, str]) -> dict[str, str]:
    """One that goes with each notice; of the published one at a place under the name `own file`."""
    found = {}
    for name, notice_id in notices.items():
        stored = await parts.files.put(f"Tệp của {name}".encode())
        await keep_file(session, stored.sha256, stored.size, "text/plain")
        file = AttachmentPublic(sha256=stored.sha256, name="a.txt", media_type="text/plain", size=stored.size)
        session.add(NoticeFile(notice_id=UUID(notice_id), sha256=stored.sha256))
        (await session.get_one(Notice, UUID(notice_id))).attachments = [file.model_dump()]
        found[name if " " in name else f"{name} file"] = stored.sha256
    await session.flush()
    return found


async def _photo(session: AsyncSession, parts: Parts, member_id: UUID) -> str:
    stored = await parts.files.put(b"WebP of " + member_id.bytes)
    await keep_file(session, stored.sha256, stored.size, "image/webp")
    await session.execute(update(Member).where(col(Member.id) == member_id).values(photo=stored.sha256))
    return stored.sha256
