"""Every route of the live document, asked by everyone about everything, answers as the table says."""

from collections.abc import Iterable

import pytest

from tests.api.conftest import As, Client
from tests.api.permissions.cases import Case, ask, cases
from tests.api.permissions.table import ACTORS, TABLE
from tests.api.permissions.world import World

SOME = ("member", "secretary", "parent_secretary")
"""Whose right reaches nothing, one place and several: PostgreSQL is asked these."""
WRITING_READS = frozenset(
    {
        "GET /v1/members/{member_id}",
        *(f"GET /v1/notices/{{notice_id}}/{read}" for read in ("report", "reach")),
        *(f"GET /v1/notices/{{notice_id}}/missing{form}" for form in ("", ".csv", ".xlsx")),
    }
)
"""Opening a file or a list with phones leaves an audit event; a report is brought up to date by whoever reads it."""
_CLOSED = {"nobody": "sign_in.required", "disabled": "account.closed"}


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_table_has_the_routes_of_the_document_and_no_others(anyone: Client) -> None:
    document = (await anyone.get("/openapi.json")).json()
    served = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    listed = {case.route for noun in TABLE for case in cases(noun)}
    assert served == listed


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("noun", TABLE)
async def test_everyone_is_answered_by_the_table(noun: str, world: World, acting_as: As) -> None:
    departures = await _departures(world, acting_as, cases(noun), ACTORS)
    assert not departures, "\n".join(departures)


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("noun", TABLE)
async def test_some_are_answered_alike_by_postgresql(noun: str, world: World, acting_as: As) -> None:
    departures = await _departures(world, acting_as, cases(noun), SOME)
    assert not departures, "\n".join(departures)


async def _departures(world: World, acting_as: As, listed: Iterable[Case], actors: Iterable[str]) -> list[str]:
    """Where answers are not the table's, and where a refusal has written something. Each case begins afresh."""
    clients = {actor: acting_as(None if actor == "nobody" else actor) for actor in actors}
    found: list[str] = []
    for case in listed:
        writes = case.method != "GET" or case.route in WRITING_READS
        refused = [actor for actor in clients if case.answers[actor] >= 400]
        found += [line for actor in refused if (line := await _departure(clients[actor], world, case, actor))]
        if writes:
            found += [f"{case.route} · {case.name}: a refusal has changed {name}" for name in await world.changed()]
        for actor in clients.keys() - refused:
            if line := await _departure(clients[actor], world, case, actor):
                found.append(line)
            if writes:
                await world.restore()
    return found


async def _departure(client: Client, world: World, case: Case, actor: str) -> str | None:
    expected = case.answers[actor]
    status, slug = await ask(client, world, case, actor)
    if status == expected and (status != 401 or slug == _CLOSED[actor]):
        return None
    return f"{case.route} · {case.name} · {actor}: {expected} expected, {status} {slug}"
