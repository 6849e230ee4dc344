"""How a member wishes to be told of news."""

from typing import Any

import pytest

from tests.api.conftest import As, Client
from tests.api.problem_details import assert_problem, codes

PREFERENCES = "/v1/me/preferences"
NOTHING_SAID: dict[str, Any] = {
    "quiet_from": None,
    "quiet_until": None,
    "timezone": "Asia/Ho_Chi_Minh",
    "muted": [],
    "email": False,
    "language": "vi",
}
NIGHT: dict[str, Any] = {
    "quiet_from": "22:00",
    "quiet_until": "06:30",
    "timezone": "Europe/Berlin",
    "muted": ["reminder", "study"],
    "email": True,
    "language": "en",
}


async def test_preferences_are_one_s_own_and_said_as_a_whole(acting_as: As) -> None:
    member = acting_as("member")
    assert (await member.get(PREFERENCES)).json() == NOTHING_SAID
    for said, kept in ((NIGHT, NIGHT), ({"email": True}, NOTHING_SAID | {"email": True}), (NIGHT, NIGHT)):
        answer = await member.put(PREFERENCES, json=said)
        assert (answer.status_code, answer.json()) == (200, kept)
        assert (await member.get(PREFERENCES)).json() == kept
    assert (await acting_as("fellow").get(PREFERENCES)).json() == NOTHING_SAID


async def test_what_is_muted_twice_is_muted_once(member: Client) -> None:
    answer = await member.put(PREFERENCES, json={"muted": ["study", "notice", "study"]})
    assert answer.json()["muted"] == ["notice", "study"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"quiet_from": "22:00"}, {"/quiet_until": "preferences.quiet_half"}),
        ({"quiet_until": "22:00"}, {"/quiet_from": "preferences.quiet_half"}),
        ({"quiet_from": "24:00", "quiet_until": "06:00"}, {"/quiet_from": "time.malformed"}),
        ({"quiet_from": "22:00:00", "quiet_until": "6:00"}, {"/quiet_from": "", "/quiet_until": ""}),
        ({"timezone": "Asia/Sài_Gòn"}, {"/timezone": "timezone.unknown"}),
        ({"timezone": "../../etc/passwd"}, {"/timezone": "timezone.unknown"}),
        ({"timezone": None}, {"/timezone": "string_type"}),
        ({"muted": ["urgent"]}, {"/muted/0": "enum"}),
        ({"muted": ["study"] * 6}, {"/muted": "too_long"}),
        ({"email": "yes"}, {"/email": "bool_type"}),
        ({"language": "VI"}, {"/language": "string_pattern_mismatch"}),
        ({"sound": "loud"}, {"/sound": "extra_forbidden"}),
    ],
)
async def test_what_is_no_preference_is_refused(member: Client, said: dict[str, Any], expected: dict[str, str]) -> None:
    answer = await member.put(PREFERENCES, json=said)
    assert_problem(answer, 422, "request.invalid")
    assert codes(answer) == {where: code or "time.malformed" for where, code in expected.items()}
