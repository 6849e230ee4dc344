import pytest

from models import changes
from models.branches import move_branch, search_branches
from models.database import Database
from models.errors import Conflict, Forbidden
from models.paging import PageRequest
from tests.organisation import Organisation


async def test_moving_a_branch_takes_its_subtree_along(database: Database, organisation: Organisation) -> None:
    async with database.writing() as session:
        admin = await organisation.viewer(session, "admin")
        moved = await move_branch(session, admin, organisation.branch("chibo").id, organisation.branch("xa").id)
        await changes.commit(session)
    async with database.reading() as session:
        (group,) = (await search_branches(session, "to so 1", PageRequest("q"))).items
    assert moved.path == f"{organisation.branch('xa').path}{moved.no}/"
    assert [step.id for step in group.path][-2:] == [moved.id, organisation.branch("to").id]


async def test_a_branch_cannot_move_below_itself(database: Database, organisation: Organisation) -> None:
    async with database.writing() as session:
        admin = await organisation.viewer(session, "admin")
        with pytest.raises(Conflict, match=r"branch\.move_into_itself"):
            await move_branch(session, admin, organisation.branch("coso").id, organisation.branch("to").id)


async def test_moving_needs_the_right_at_both_ends(database: Database, organisation: Organisation) -> None:
    async with database.writing() as session:
        admin = await organisation.viewer(session, "admin")
        with pytest.raises(Forbidden):
            await move_branch(session, admin, organisation.branch("chibo").id, organisation.branch("kh").id)
