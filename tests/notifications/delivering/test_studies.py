"""What there is to study reaches phones: when it is published, and some days before it is due."""

from datetime import timedelta

from api.transactions import transaction
from models.branches import Branch, BranchUpdate, update_branch
from models.database import Database
from models.permissions import OPERATOR
from models.study.collections import CollectionCreate
from models.study.life import create_study, withdraw_study
from models.study.materials import MaterialCreate
from models.study.shapes import StudyWithdraw
from models.study.table import Study, StudyKind
from notifications.channels.protocol import Alert
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, do_due, give_phone
from tests.organisation import Organisation


async def course(database: Database, organisation: Organisation, clock: StandingClock) -> Study:
    """A collection of one material, due in ten days."""
    of = {"branch_id": organisation.branch("chibo").id, "audience": {"reach": "all"}, "publish": True}
    async with transaction(database) as session:
        said = {"title": "Nghị quyết", "summary": "", "body": "Toàn văn.", "level": "basic", "language": "vi", **of}
        material, _, _ = await create_study(session, OPERATOR, StudyKind.MATERIAL, MaterialCreate.model_validate(said))
        due_at = (clock() + timedelta(days=10)).isoformat()
        said = {"title": "Chuyên đề", "summary": "", "items": [{"kind": "material", "id": material.id}], **of}
        made, _, _ = await create_study(
            session, OPERATOR, StudyKind.COLLECTION, CollectionCreate.model_validate(said | {"due_at": due_at})
        )
    return made


async def test_a_course_is_told_of_and_reminded_of_once(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    await give_phone(database, organisation.person("member"))
    post = Post(database)
    collection = await course(database, organisation, clock)
    await post.deliver()
    told = [(push.alert, push.kind, push.revision) for _, push in post.fcm.sent]
    assert sorted(told) == [(Alert.STUDY_PUBLISHED, "collection", 1), (Alert.STUDY_PUBLISHED, "material", 1)]
    assert len({push.collapse_id for _, push in post.fcm.sent}) == 1, "a phone shows the newest of a channel"
    post.fcm.sent.clear()
    clock.advance(days=6)
    await do_due(database)
    await post.deliver()
    assert post.fcm.sent == []
    clock.advance(days=1)
    for _ in range(2):
        await do_due(database)
        await post.deliver()
    ((_, push),) = post.fcm.sent
    assert (push.alert, push.id) == (Alert.STUDY_DUE, collection.id)


async def test_titles_are_sent_where_their_branch_lets_them(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    await give_phone(database, organisation.person("member"))
    post = Post(database)
    await course(database, organisation, clock)
    async with transaction(database) as session:
        branch = await session.get_one(Branch, organisation.branch("chibo").no)
        await update_branch(session, OPERATOR, branch, BranchUpdate(push_titles=True))
    await post.deliver()
    assert sorted(str(push.title) for _, push in post.fcm.sent) == ["Chuyên đề", "Nghị quyết"]


async def test_what_was_withdrawn_is_not_reminded_of(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    await give_phone(database, organisation.person("member"))
    post = Post(database)
    collection = await course(database, organisation, clock)
    await post.deliver()
    post.fcm.sent.clear()
    async with transaction(database) as session:
        revision = collection.revision
        await withdraw_study(session, OPERATOR, StudyKind.COLLECTION, collection.id, StudyWithdraw(), revision)
    clock.advance(days=8)
    await do_due(database)
    assert await post.told() == []
