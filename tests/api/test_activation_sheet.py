"""The sheet of activation cards that a branch prints."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from api.parts import Parts
from models import changes
from models.members.table import Member
from tests.api.conftest import As
from tests.api.identity import Client, account_of, activate, events, give_password, slug
from tests.clock import StandingClock
from tests.organisation import Organisation

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


async def sheet(client: Client, organisation: Organisation, branch: str = "chibo") -> httpx.Response:
    return await client.post(f"/v1/branches/{organisation.branch(branch).id}/activation-sheet")


def cards(page: str) -> dict[str, tuple[str, str]]:
    """Member number → name and code, of every card."""
    found = {}
    for card in re.findall(r'<section class="card">.*?</section>', page, re.DOTALL):
        assert "<svg" in card
        assert "<path" in card, "a QR"
        name = re.search(r"<h2>(.*?)</h2>", card)
        number = re.search(r"<strong>(.*?)</strong>", card)
        code = re.search(r'class="code">(.*?)<', card)
        assert name is not None
        assert number is not None
        assert code is not None
        found[unescape(number[1])] = (unescape(name[1]), code[1])
    return found


async def test_a_sheet_has_a_card_for_each_of_the_branch_who_never_signed_in(
    secretary: Client, anyone: Client, parts: Parts, organisation: Organisation
) -> None:
    await give_password(parts, organisation.person("fellow").id)
    answer = await sheet(secretary, organisation)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    found = cards(answer.text)
    expected = {"member", "deputy", "clerk", "editor", "auditor"}
    # none for who signed in, was disabled, sits in the group below or the neighbour branch; none for the secretary
    # herself, and none for the provincial leader, an ordinary member of this branch
    assert found.keys() == {organisation.person(name).member_no for name in expected}
    written = await events(parts, "member.activate")
    assert {event.target_id for event in written} == {organisation.person(name).id for name in expected}
    assert len(written) == len(expected)
    assert (await account_of(parts, organisation.person("leader").id)).activation_digest is None
    number = organisation.person("member").member_no
    assert found[number][0] == "Nguyễn Thị Bình"
    assert (await activate(anyone, number, found[number][1])).status_code == 200
    assert number not in cards((await sheet(secretary, organisation)).text)


async def test_an_admin_prints_for_leaders_too(admin: Client, organisation: Organisation) -> None:
    found = cards((await sheet(admin, organisation)).text)
    assert {organisation.person("leader").member_no, organisation.person("secretary").member_no} <= found.keys()


async def test_who_may_print_a_sheet(acting_as: As, parts: Parts, organisation: Organisation) -> None:
    refused = ("member", "clerk", "auditor", "sibling_secretary", "stranger_admin")
    for name in refused:
        answer = await sheet(acting_as(name), organisation)
        assert answer.status_code == 403, name
    assert slug(await sheet(acting_as(None), organisation)) == "sign_in.required"
    assert await events(parts, "member.activate") == []


@ON_SQLITE
async def test_nothing_on_a_sheet_is_markup(secretary: Client, parts: Parts, organisation: Organisation) -> None:
    hostile = '<script>alert(1)</script> & "Bình" </title>'
    async with parts.database.writing() as session:
        member = await session.get_one(Member, organisation.person("member").id)
        member.full_name = hostile
        await changes.commit(session)
    page = (await sheet(secretary, organisation)).text
    assert "<script" not in page
    assert page.count("</title>") == 1 + page.count("<svg"), "the page's and one of each picture"
    assert cards(page)[organisation.person("member").member_no][0] == hostile


@ON_SQLITE
async def test_the_day_on_a_card_is_over_before_its_code_is(
    secretary: Client, anyone: Client, organisation: Organisation, clock: StandingClock
) -> None:
    page = (await sheet(secretary, organisation)).text
    last = clock() + timedelta(days=13)
    assert f"{last.day} {last:%B} {last.year}" in page
    number = organisation.person("member").member_no
    clock.at = last.replace(hour=23, minute=59)
    assert (await activate(anyone, number, cards(page)[number][1])).status_code == 200
