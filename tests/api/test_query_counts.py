"""No list asks the database more the longer it is; and what every phone does often asks it for little."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.base import new_id
from models.branches import Branch, BranchCreate, create_branch
from models.database import lock, now
from models.devices.rules import put_device
from models.devices.shapes import DeviceProvider, DevicePut
from models.members.profile import MemberCreate
from models.members.rules import create_member, read_member
from models.memberships import EndReason, MembershipKind, end_membership, open_membership, open_memberships
from models.notices.activity import Activity
from models.notices.drafts import create_notice
from models.notices.life import amend_notice
from models.notices.shapes import NoticeAmend, NoticeCreate
from models.notices.table import Notice
from models.permissions import OPERATOR, Role, Viewer
from models.progress.rules import Marked, mark
from models.quizzes.table import Attempt
from models.roles import RoleGrantCreate, grant_role
from models.sessions import Device, start_session
from models.study.collections import CollectionCreate, CollectionUpdate, ItemKind, ItemRef
from models.study.life import create_study, publish_study, update_study
from models.study.materials import MaterialCreate, MaterialUpdate
from models.study.quizzes import QuizCreate, QuizUpdate
from models.study.shapes import StudyPublish
from models.study.table import Study, StudyKind
from models.templates.rules import create_template
from models.templates.shapes import TemplateContent, TemplateCreate
from models.turns import Connection
from tests.api.conftest import As, Client
from tests.api.identity import refresh
from tests.api.permissions.world import QUESTION
from tests.organisation import Organisation
from tests.queries import counting, round_trips
from tests.serving import parts_in, phone_of

GROWN = (StudyKind.MATERIAL, StudyKind.COLLECTION, StudyKind.QUIZ)
SMALL, LARGE = 2, 12
"""How often everything grows before each count: enough for a statement a row to show."""


@dataclass(frozen=True, slots=True)
class List:
    """Who asks for a list of the document, and which branch's it is; of a notice's lists, of that which the branch
    published last, or without a branch of the one that was amended most.
    """

    actor: str
    branch: str = ""
    kind: str | None = None
    q: str | None = None


LISTS = {
    "/v1/auth/sessions": List("member"),
    "/v1/me/memberships": List("member"),
    "/v1/me/access-log": List("member"),
    "/v1/branches": List("member"),
    "/v1/branches/{branch_id}/children": List("member", "coso"),
    "/v1/branches/{branch_id}/members": List("secretary", "chibo"),
    "/v1/branches/{branch_id}/officers": List("secretary", "chibo"),
    "/v1/branches/{branch_id}/role-grants": List("secretary", "chibo"),
    "/v1/branches/{branch_id}/notices": List("secretary", "chibo"),
    "/v1/branches/{branch_id}/notice-templates": List("secretary", "chibo"),
    "/v1/members": List("parent_secretary"),
    "/v1/notices": List("member"),
    "/v1/notices/{notice_id}/revisions": List("member"),
    "/v1/notices/{notice_id}/attendance": List("leader", "xa"),
    "/v1/notices/{notice_id}/report": List("parent_secretary", "coso"),
    "/v1/notices/{notice_id}/reach": List("parent_secretary", "coso"),
    "/v1/notices/{notice_id}/missing": List("parent_secretary", "coso", "read"),
    "/v1/audit": List("admin"),
    "/v1/branches/{branch_id}/studies": List("editor", "chibo"),
    "/v1/materials": List("member"),
    "/v1/search": List("member", q="họp"),
    "/v1/materials/{material_id}/versions": List("member"),
    "/v1/collections": List("member"),
    "/v1/collections/{collection_id}": List("member"),
    "/v1/collections/{collection_id}/versions": List("member"),
    "/v1/quizzes": List("member"),
    "/v1/quizzes/{quiz_id}/versions": List("member"),
    "/v1/quizzes/{quiz_id}/attempts": List("member"),
    "/v1/me/bookmarks": List("member"),
    "/v1/me/devices": List("member"),
}


_MOST_AMENDED = select(Notice).order_by(col(Notice.revision).desc(), col(Notice.id)).limit(1)


def _newest(branch: Branch) -> Select[Notice]:
    return select(Notice).where(col(Notice.branch_no) == branch.no).order_by(col(Notice.id).desc()).limit(1)


def lists_of(document: dict[str, Any]) -> set[str]:
    """Every path whose GET answers with `items`."""
    found = set()
    for path, item in document["paths"].items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        shape = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
        if "items" in shape.get("properties", {}):
            found.add(path)
    return found


async def grow(parts: Parts, organisation: Organisation, start: int, times: int) -> None:
    """One more of everything that a list shows, each from another branch and another person, `times` over."""
    chibo, coso = organisation.branch("chibo"), organisation.branch("coso")
    member = organisation.person("member")
    async with parts.database.writing() as session:
        await lock(session, "tree")
        secretary = await organisation.viewer(session, "secretary")
        for n in range(start, start + times):
            data = BranchCreate(parent_id=coso.id, code=f"N{n}", name=f"Chi hội số {n}", kind="cell")
            branch = await create_branch(session, OPERATOR, data)
            enrolled = MemberCreate(member_no=f"N{n}", full_name=f"Lê Văn {n}", branch_id=chibo.id)
            newcomer = await create_member(session, OPERATOR, enrolled)
            other = MemberCreate(member_no=f"O{n}", full_name=f"Lê Thị {n}", branch_id=branch.id)
            await create_member(session, OPERATOR, other)
            await grant_role(session, OPERATOR, chibo, RoleGrantCreate(member_id=newcomer.id, role=Role.EDITOR))
            for speaking in (chibo, coso):
                notice = NoticeCreate(branch_id=speaking.id, title="Họp", body="Mời họp.", publish=True)
                await create_notice(session, OPERATOR, notice)
                template = TemplateCreate(name=f"Mẫu {n}", content=TemplateContent(title="Họp", body="Mời họp."))
                await create_template(session, OPERATOR, speaking.id, template)
            amended = (await session.scalars(_MOST_AMENDED)).one()
            change = NoticeAmend(change="Đổi giờ.", body=f"Mời họp lúc {n} giờ.")
            await amend_notice(session, OPERATOR, amended.id, change, amended.revision)
            await read_member(session, secretary, member.id)
            signed_in = await start_session(session, member.id, Device(), None)
            phone = DevicePut(provider=DeviceProvider.FCM, token=f"phone-{n}")
            await put_device(session, Viewer(member.id, signed_in.id), new_id(), phone, ())
            for old in await open_memberships(session, member.id):
                if old.kind is MembershipKind.TEMPORARY:
                    await end_membership(session, old, EndReason.EXPIRED)
            await open_membership(session, OPERATOR, member.id, branch, MembershipKind.TEMPORARY)
            await grow_studies(session, chibo, n)
            (first, *_) = (await session.scalars(_studies(StudyKind.MATERIAL))).all()
            await mark(session, [Marked(member.id, new_id(), first.id, 1, "p1", None, now(session), new_id())])
            asked = (await session.scalars(_studies(StudyKind.QUIZ).limit(1))).one()
            began: dict[str, Any] = {"quiz_id": asked.id, "version": 1, "draw_no": n + 1, "started_at": now(session)}
            session.add(Attempt(member_id=member.id, id=new_id(), seq=n + 1, **began))
        starts_at = now(session)
        meeting = Activity(starts_at=starts_at, ends_at=starts_at + timedelta(hours=2))
        said = {"title": "Hội nghị", "body": "Mời họp.", "category": "activity", "activity": meeting}
        xa = organisation.branch("xa").id
        await create_notice(session, OPERATOR, NoticeCreate(branch_id=xa, publish=True, **said))
        await changes.commit(session)


async def grow_studies(session: AsyncSession, branch: Branch, n: int) -> None:
    """One more of each kind; the first collection holds all materials, and the first of each has a version more."""
    slug = f"so-{n}"
    written = MaterialCreate(branch_id=branch.id, title="Tài liệu", body="Nội dung.", slug=slug, publish=True)
    await create_study(session, OPERATOR, StudyKind.MATERIAL, written)
    materials = (await session.scalars(_studies(StudyKind.MATERIAL))).all()
    items = [ItemRef(kind=ItemKind.MATERIAL, id=each.id) for each in materials]
    made = CollectionCreate(branch_id=branch.id, title="Chuyên đề", items=items, slug=slug, publish=True)
    await create_study(session, OPERATOR, StudyKind.COLLECTION, made)
    asked = QuizCreate(branch_id=branch.id, title="Câu hỏi", questions=[QUESTION], slug=slug, publish=True)
    await create_study(session, OPERATOR, StudyKind.QUIZ, asked)
    for kind, update in (
        (StudyKind.QUIZ, QuizUpdate(summary=f"Lần {n}.")),
        (StudyKind.MATERIAL, MaterialUpdate(body=f"Nội dung {n}.")),
        (StudyKind.COLLECTION, CollectionUpdate(items=items, summary=f"Lần {n}.")),
    ):
        first = (await session.scalars(_studies(kind))).first()
        assert first is not None
        study, _, _ = await update_study(session, OPERATOR, kind, first.id, update, first.revision)
        await publish_study(session, OPERATOR, kind, study.id, StudyPublish(change="Thêm"), study.revision)


def _studies(kind: StudyKind) -> Select[Study]:
    return select(Study).where(col(Study.kind) == kind).order_by(col(Study.id))


async def test_every_list_of_the_document_is_counted(anyone: Client) -> None:
    assert lists_of((await anyone.get("/openapi.json")).json()) == LISTS.keys()


async def test_no_list_asks_more_the_longer_it_is(parts: Parts, acting_as: As, organisation: Organisation) -> None:
    await grow(parts, organisation, 0, SMALL)
    small, few = await count(parts, acting_as, organisation)
    await grow(parts, organisation, SMALL, LARGE)
    large, many = await count(parts, acting_as, organisation)
    assert [path for path in LISTS if many[path] < few[path] + LARGE] == []
    assert [path for path in LISTS if large[path] > small[path]] == [], "fewer where a token became known meanwhile"


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_refresh_takes_four_round_trips(parts: Parts, anyone: Client, organisation: Organisation) -> None:
    person = organisation.person("member")
    token = parts.tokens.refresh(person.session_id, 1)
    for _ in range(2):  # statements are prepared at their first use
        with round_trips(parts.database) as sent:
            answer = await refresh(anyone, token)
        token = answer.json()["refresh_token"]
    assert sent == ["BEGIN", "UPDATE", "SELECT", "COMMIT"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_of_what_is_frequent_sqlites_thread_only_commits(
    app: FastAPI, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[str] = []
    execute = Connection._execute

    async def noted(connection: Connection, work: Any, *said: Any, **named: Any) -> Any:
        turns.append(str(said[1]).split()[0] if len(said) > 2 else work.__name__.upper())
        return await execute(connection, work, *said, **named)

    async with phone_of(app, organisation.person("member")) as phone:  # connections are opened at their first use
        assert (await phone.get("/v1/auth/sessions")).status_code == 200
        token = parts_in(app).tokens.refresh(organisation.person("member").session_id, 2)
        monkeypatch.setattr(Connection, "_execute", noted)
        assert (await refresh(phone, token)).status_code == 200
        ends = {"_NOW", "COMMIT", "ROLLBACK"}
        assert [turn for turn in turns if turn in {"UPDATE", "WORK", *ends}] == ["WORK"], "the commit"
        turns.clear()
        assert (await phone.get("/v1/auth/sessions")).status_code == 200
    assert "SELECT" in turns
    assert not ends.intersection(turns)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_read_takes_three_round_trips(app: FastAPI, organisation: Organisation) -> None:
    async with phone_of(app, organisation.person("member")) as phone:
        for _ in range(2):
            with round_trips(parts_in(app).database) as sent:
                assert (await phone.get("/v1/auth/sessions")).status_code == 200
    assert sent == ["BEGIN", "SELECT", "ROLLBACK"]


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_who_writes_is_judged_in_one_statement(app: FastAPI, organisation: Organisation) -> None:
    """Then the session, its end and its devices', locked in order, and the log: its head, the thing, the channel."""
    async with phone_of(app, organisation.person("member")) as phone:
        with round_trips(parts_in(app).database) as sent:
            assert (await phone.post("/v1/auth/logout")).status_code == 204
    assert sent == ["BEGIN", "SELECT", "SELECT", "UPDATE", "WITH", "UPDATE", "INSERT", "INSERT", "COMMIT"]


async def count(parts: Parts, acting_as: As, organisation: Organisation) -> tuple[dict[str, int], dict[str, int]]:
    """For each list how many statements it takes, and its length."""
    statements: dict[str, int] = {}
    lengths: dict[str, int] = {}
    async with parts.database.reading() as session:
        amended = (await session.scalars(_MOST_AMENDED)).one()
        newest = {name: (await session.scalars(_newest(organisation.branch(name)))).one() for name in ("coso", "xa")}
        first = {kind: (await session.scalars(_studies(kind).limit(1))).one() for kind in GROWN}
    for path, asked in LISTS.items():
        client = acting_as(asked.actor)
        branch_id = organisation.branch(asked.branch).id if asked.branch else ""
        studies = {f"{kind}_id": study.id for kind, study in first.items()}
        url = path.format(branch_id=branch_id, notice_id=newest.get(asked.branch, amended).id, **studies)
        with counting(parts.database) as sent:
            said = {"limit": 100, "kind": asked.kind, "q": asked.q}
            answer = await client.get(url, params={name: value for name, value in said.items() if value is not None})
        assert answer.status_code == 200, answer.text
        lengths[path] = len(answer.json()["items"])
        statements[path] = len(sent)
    return statements, lengths
