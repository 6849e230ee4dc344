"""How many have taken and passed a quiz, by branch: of those whom it spoke to, and nobody by name."""

from typing import Any

from api.parts import Parts
from models import changes
from models.base import new_id
from models.branches import BranchCreate, create_branch
from models.channels import Reach
from models.database import lock, now
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.memberships import MembershipKind, open_membership
from models.notices.shapes import Audience
from models.permissions import OPERATOR
from models.quizzes.table import Attempt
from tests.api.conftest import As
from tests.api.happenings import days, transfer
from tests.api.problem_details import assert_problem
from tests.api.quizzing.sittings import WRONG, Room, Set, begun, handed_in, right_to
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting


async def take(room: Room, quiz: Set, *names: str, passing: bool) -> None:
    for name in names:
        phone = room.acting_as(name)
        attempt = await begun(phone, quiz)
        await handed_in(phone, attempt, right_to(quiz, attempt) if passing else WRONG)


async def test_each_branch_below_with_all_that_is_below_it(room: Room, acting_as: As) -> None:
    quiz = await room.set("coso")
    await take(room, quiz, "member", "grouped", "neighbour", passing=True)
    await take(room, quiz, "fellow", passing=False)
    await take(room, quiz, "member", passing=False)  # once passed is passed, and counts once
    await begun(acting_as("clerk"), quiz)  # not handed in
    report = (await acting_as("parent_secretary").get(f"{quiz.url}/report")).json()
    parts = {part["branch"]["code"]: (part["people"], part["completed"], part["passed"]) for part in report["branches"]}
    assert parts == {"CHIBO": (10, 3, 2), "CHIBO2": (4, 1, 1)}
    assert [report["here"][name] for name in ("people", "completed", "passed", "passed_percent")] == [0, 0, 0, None]
    assert [report[name] for name in ("people", "completed", "passed")] == [14, 4, 3]
    assert [report[name] for name in ("completed_percent", "passed_percent")] == [28, 21]
    (shown,) = [part for part in report["branches"] if part["branch"]["code"] == "CHIBO"]
    assert (shown["completed_percent"], shown["passed_percent"]) == (30, 20)
    for person in ("member", "fellow"):
        assert room.organisation.person(person).member_no not in str(report)
        assert str(room.organisation.person(person).id) not in str(report)


async def test_those_below_see_their_own_part(room: Room, acting_as: As, organisation: Organisation) -> None:
    quiz = await room.set("coso")
    await take(room, quiz, "member", "neighbour", passing=True)
    report = (await acting_as("secretary").get(f"{quiz.url}/report")).json()
    assert (report["branch"]["code"], report["completed"]) == ("CHIBO", 1)
    assert [part["branch"]["code"] for part in report["branches"]] == ["TO"]
    below = {"branch_id": str(organisation.branch("to").id)}
    assert (await acting_as("secretary").get(f"{quiz.url}/report", params=below)).json()["people"] == 1
    for branch in ("chibo2", "coso", "kh_chibo"):
        params = {"branch_id": str(organisation.branch(branch).id)}
        assert_problem(await acting_as("secretary").get(f"{quiz.url}/report", params=params), 404)
    assert_problem(await acting_as("member").get(f"{quiz.url}/report"), 403)
    assert_problem(await acting_as("stranger_admin").get(f"{quiz.url}/report"), 404)


async def test_the_audience_is_that_of_the_close(
    room: Room,
    acting_as: As,
    organisation: Organisation,
    parts: Parts,
    clock: StandingClock,
) -> None:
    quiz = await room.set(closes_at=clock.at + days(5))
    await take(room, quiz, "member", "fellow", passing=True)
    before = (await acting_as("secretary").get(f"{quiz.url}/report")).json()
    assert (before["people"], before["passed"]) == (10, 2)
    clock.advance(days=6)
    await transfer(parts.database, organisation.person("member"), organisation.branch("chibo2"))
    await transfer(parts.database, organisation.person("neighbour"), organisation.branch("chibo"))
    after = (await acting_as("secretary").get(f"{quiz.url}/report")).json()
    assert after["audience_at"] == (clock.at - days(1)).isoformat().replace("+00:00", "Z")
    assert {name: after[name] for name in ("people", "passed")} == {"people": 10, "passed": 2}


async def test_of_those_who_left_before_nobody_is_counted(
    room: Room, acting_as: As, organisation: Organisation, parts: Parts, clock: StandingClock
) -> None:
    quiz = await room.set()
    await take(room, quiz, "member", passing=True)
    clock.advance(hours=1)
    await transfer(parts.database, organisation.person("member"), organisation.branch("chibo2"))
    report = (await acting_as("secretary").get(f"{quiz.url}/report")).json()
    assert (report["people"], report["completed"], report["passed"]) == (9, 0, 0)


async def test_who_belongs_to_two_branches_stands_in_one(
    room: Room, acting_as: As, organisation: Organisation, parts: Parts
) -> None:
    quiz = await room.set("coso")
    async with parts.database.writing() as session:
        branch, person = organisation.branch("chibo2"), organisation.person("member")
        await open_membership(session, OPERATOR, person.id, branch, MembershipKind.TEMPORARY)
        await changes.commit(session)
    await take(room, quiz, "member", passing=True)
    report = (await acting_as("parent_secretary").get(f"{quiz.url}/report")).json()
    assert (report["people"], report["passed"]) == (14, 1)
    assert {part["branch"]["code"]: part["passed"] for part in report["branches"]} == {"CHIBO": 1, "CHIBO2": 0}


async def test_a_quiz_for_the_branch_itself_has_no_other_parts(
    room: Room, acting_as: As, organisation: Organisation
) -> None:
    quiz = await room.set(audience=Audience(reach=Reach.HERE))
    await take(room, quiz, "member", passing=True)
    report = (await acting_as("secretary").get(f"{quiz.url}/report")).json()
    assert (report["people"], report["here"]["people"], report["branches"]) == (9, 9, [])
    params = {"branch_id": str(organisation.branch("to").id)}
    assert_problem(await acting_as("secretary").get(f"{quiz.url}/report", params=params), 404)


async def test_a_draft_has_no_report_and_what_was_withdrawn_keeps_its(room: Room, acting_as: As) -> None:
    draft, quiz = await room.set(publish=False), await room.set()
    assert_problem(await acting_as("secretary").get(f"{draft.url}/report"), 404)
    await take(room, quiz, "member", passing=True)
    await room.withdraw(quiz)
    assert (await acting_as("secretary").get(f"{quiz.url}/report")).json()["passed"] == 1


async def test_a_report_asks_no_more_the_more_there_are(
    room: Room, acting_as: As, parts: Parts, organisation: Organisation
) -> None:
    quiz = await room.set("coso")
    asking = acting_as("parent_secretary")
    statements, lengths = [], []
    for size in (1, 12):
        async with parts.database.writing() as session:
            await lock(session, "tree")
            for n in range(size):
                code = f"N{size}-{n}"
                data = BranchCreate(parent_id=organisation.branch("coso").id, code=code, name=code, kind="cell")
                branch = await create_branch(session, OPERATOR, data)
                enrolled = MemberCreate(member_no=code, full_name="Lê Văn Mới", branch_id=branch.id)
                person = await create_member(session, OPERATOR, enrolled)
                result: dict[str, Any] = {"points": 1, "of": 1, "percent": 100, "is_passed": True, "answers": {}}
                said: dict[str, Any] = {
                    "quiz_id": quiz.id,
                    "version": 1,
                    "draw_no": 1,
                    "started_at": now(session),
                    "seq": 1,
                }
                attempt = Attempt(member_id=person.id, id=new_id(), submitted_at=now(session), **said, **result)
                session.add(attempt)
            await changes.commit(session)
        await asking.get(f"{quiz.url}/report")
        with counting(parts.database) as sent:
            report = (await asking.get(f"{quiz.url}/report")).json()
        assert (report["passed"], report["completed"]) == (13 if size == 12 else 1,) * 2
        statements.append(len(sent))
        lengths.append(len(report["branches"]))
    assert lengths == [3, 15]
    assert statements[0] == statements[1]
