"""What a member has yet to study by some day, on the first screen."""

from typing import Any

from fastapi import FastAPI

from tests.api.conftest import As, Client
from tests.api.happenings import days, written
from tests.api.progressing.readings import Library, reads
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import parts_in, phone_of


async def due(client: Client) -> list[dict[str, Any]]:
    answer = await client.get("/v1/home")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["study"]
    return found


async def test_what_is_due_leaves_when_it_is_done(member: Client, library: Library, clock: StandingClock) -> None:
    first, second, third = [await library.publish(title=f"Bài {n}") for n in range(3)]
    id_ = await library.collect(first, second, third, due_at=clock.at + days(3), optional=1)
    expected = {"collection_id": str(id_), "title": "Chuyên đề", "due_at": written(clock.at + days(3)), "required": 2}
    assert await due(member) == [{**expected, "done": 0}]
    await reads(member, first, completed=True)
    await reads(member, second, share=100)
    assert await due(member) == [{**expected, "done": 1}]
    await reads(member, second, completed=True)
    assert await due(member) == []
    # what was completed in an earlier version is not asked for again
    await library.revise(first)
    assert await due(member) == []


async def test_quizzes_are_done_once_they_are_passed(member: Client, library: Library, clock: StandingClock) -> None:
    reading, quiz_id = await library.publish(), await library.ask()
    await library.collect(reading, due_at=clock.at + days(3), quizzes=[quiz_id])
    await reads(member, reading, completed=True)
    await library.pass_quiz(quiz_id, is_passed=False)
    assert [(one["required"], one["done"]) for one in await due(member)] == [(2, 1)]
    await library.pass_quiz(quiz_id, is_passed=True)
    assert await due(member) == []


async def test_what_is_withdrawn_is_not_asked_for(member: Client, library: Library, clock: StandingClock) -> None:
    first, second = [await library.publish(title=f"Bài {n}") for n in range(2)]
    await library.collect(first, second, due_at=clock.at + days(3))
    await reads(member, first, completed=True)
    assert [one["done"] for one in await due(member)] == [1]
    await library.withdraw(second)
    assert await due(member) == []


async def test_the_next_five_are_shown_of_my_channels(
    member: Client, acting_as: As, library: Library, clock: StandingClock
) -> None:
    reading, elsewhere = await library.publish(), await library.publish("chibo2")
    for n in (4, 2, 6, 1, 3, 5):
        await library.collect(reading, due_at=clock.at + days(n), title=f"Hạn {n}")
    await library.collect(reading, due_at=None, title="Không hạn")
    await library.collect(elsewhere, due_at=clock.at, branch="chibo2", title="Bên cạnh")
    assert [one["title"] for one in await due(member)] == [f"Hạn {n}" for n in (1, 2, 3, 4, 5)]
    clock.advance(days=2)  # what is late stays, whatever the clock says
    assert [one["title"] for one in await due(acting_as("member"))] == [f"Hạn {n}" for n in (1, 2, 3, 4, 5)]
    assert [one["title"] for one in await due(acting_as("neighbour"))] == ["Bên cạnh"]
    assert await due(acting_as("stranger")) == []


async def test_one_statement_however_much_there_is(
    app: FastAPI, library: Library, organisation: Organisation, clock: StandingClock
) -> None:
    found = []
    async with phone_of(app, organisation.person("member")) as phone:
        for number in (1, 8):
            readings = [await library.publish(title=f"Bài {n}") for n in range(number)]
            for n in range(number):
                await library.collect(*readings, due_at=clock.at + days(n))
            await phone.get("/v1/home")
            with counting(parts_in(app).database) as statements:
                await phone.get("/v1/home")
            found.append(len(statements))
    assert found[0] == found[1]
