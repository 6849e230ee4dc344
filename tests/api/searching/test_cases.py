"""What people type, and what they find first: the same on both databases."""

import pytest

from tests.api.conftest import Client
from tests.api.searching.library import CASES, LIBRARY, NOTHING
from tests.api.studying.shelves import Shelf
from tests.organisation import Organisation


@pytest.fixture
async def library(admin: Client, organisation: Organisation) -> dict[str, str]:
    """Slugs by id."""
    shelf = Shelf(admin, organisation, "tinh")
    return {(await shelf.published(each))["id"]: each["slug"] for each in LIBRARY}


async def test_what_is_typed_finds_what_was_meant(library: dict[str, str], member: Client) -> None:
    wrong = {}
    for typed, expected in CASES:
        answer = await member.get("/v1/search", params={"q": typed})
        assert answer.status_code == 200, (typed, answer.text)
        found = [library[item["id"]] for item in answer.json()["items"]]
        if found[:1] != [expected]:
            wrong[typed] = (expected, found)
    assert not wrong
    assert len(CASES) >= 60


async def test_what_is_not_there_is_not_found(library: dict[str, str], member: Client) -> None:
    for typed in NOTHING:
        answer = await member.get("/v1/search", params={"q": typed})
        if typed == "-":
            assert answer.status_code == 422
        else:
            assert [library[item["id"]] for item in answer.json()["items"]] == [], typed
