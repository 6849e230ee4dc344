"""Values that are none: each refused by its field, and nothing changed; and what may pass is kept as it should be."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from tests.api.conftest import As, Client
from tests.api.hostile import ALPHABETS, NO_DAYS, NO_INSTANTS
from tests.api.operations import resolved, send, with_bodies
from tests.api.problem_details import assert_problem, codes
from tests.organisation import Organisation


@pytest.fixture
def database_kind() -> str:
    """What is refused at the door does not meet the database; a test of what may pass says so."""
    return "sqlite"


BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.mark.usefixtures("unchanged")
async def test_a_day_is_a_day_of_the_calendar(secretary: Client, organisation: Organisation) -> None:
    for day in NO_DAYS:
        for name in ("birth_date", "admitted_on", "confirmed_on"):
            answer = await secretary.post("/v1/members", json={**someone(organisation), name: day})
            assert codes(answer).keys() == {f"/{name}"}, day


@BOTH
@pytest.mark.usefixtures("unchanged")
async def test_an_instant_has_an_offset_and_exists(admin: Client, organisation: Organisation) -> None:
    path = f"/v1/branches/{organisation.branch('chibo').id}/role-grants"
    for instant in NO_INSTANTS:
        grant = {"member_id": str(organisation.person("fellow").id), "role": "clerk", "until": instant}
        assert codes(await admin.post(path, json=grant)).keys() == {"/until"}, instant


@BOTH
async def test_words_to_search_may_be_anything(admin: Client, organisation: Organisation) -> None:
    strange = [
        "%",
        "_",
        "'",
        "''",
        "\\",
        "\\'",
        ":*",
        "a:*",
        "!a",
        "a & b",
        "a | (b",
        "<->",
        '"',
        "--",
        "/*",
        "%%%",
        "٣",
        "𝟗",
        "ﬃ" * 100,
        "\u202eabc",
        "\u200b",
        "😀",
        "đ" * 100,
        "a " * 50,
        "\u0301" * 100,
        "İ",
        "NULL",
        "\n",
        "\t",
        *ALPHABETS[3:],
    ]
    for q in strange:
        for path in ("/v1/branches", "/v1/members", f"/v1/branches/{organisation.branch('chibo').id}/members"):
            answer = await admin.get(path, params={"q": q})
            assert answer.status_code == 200 or codes(answer).keys() == {"/q"}, f"{q!r} {answer.text}"
    for path in ("/v1/branches", "/v1/members"):
        for q in ("%", "_", "\\"):
            assert (await admin.get(path, params={"q": "khôngcó" + q})).json()["items"] == []
    assert codes(await admin.get("/v1/branches", params={"q": "a" * 101})) == {"/q": "string_too_long"}
    assert codes(await admin.get("/v1/branches", params={"q": "a" * 60_000})) == {"/q": "string_too_long"}


@pytest.mark.usefixtures("unchanged")
async def test_an_id_is_an_id(admin: Client, organisation: Organisation) -> None:
    numbers: list[object] = [1, True, [], {}]
    for bad in ("", "x", "1", "0" * 31, "0" * 33, "0" * 5000, "g" * 32, "٠" * 32, f"{'0' * 8}-0000", *numbers):
        answer = await admin.post("/v1/branches", json={"parent_id": bad, "code": "N1", "name": "N", "kind": "cell"})
        assert codes(answer).keys() == {"/parent_id"}
    nobody = {"parent_id": "00000000-0000-0000-0000-000000000000", "code": "N1", "name": "N", "kind": "cell"}
    assert codes(await admin.post("/v1/branches", json=nobody)) == {"/parent_id": "branch.unknown"}


@pytest.mark.usefixtures("unchanged")
@BOTH
async def test_codes_and_names_are_readable(admin: Client, organisation: Organisation) -> None:
    good = {"parent_id": str(organisation.branch("coso").id), "code": "N1", "name": "Chi hội", "kind": "cell"}
    for code in (
        "",
        " ",
        "a b",
        "-a",
        "a" * 41,
        "٣",
        "mã",
        "a\u202eb" + "c" * 40,
        "a\nb",
        "a\u0007",
        "a'b",
        "<b>",
        "a%",
        "x\\y",
        "=1+1",
        "@a",
    ):
        assert codes(await admin.post("/v1/branches", json={**good, "code": code})).keys() == {"/code"}, code
    for name in ("", "   ", "\u200b", "\u202e\u2066", "a\u0007b", "a\x7fb", "a\x85b", "a" * 201, "\ufeff"):
        assert codes(await admin.post("/v1/branches", json={**good, "name": name})).keys() == {"/name"}, repr(name)


async def test_what_reads_backwards_or_is_not_seen_is_taken_out(admin: Client, organisation: Organisation) -> None:
    good = {"parent_id": str(organisation.branch("coso").id), "code": "N1", "kind": "cell"}
    answer = await admin.post("/v1/branches", json={**good, "name": "  Chi\u202e hội\u200b \u00a0 Đoài\u2069 "})
    assert (answer.status_code, answer.json()["name"]) == (201, "Chi hội Đoài")


@BOTH
async def test_letters_that_grow_when_folded_fit_the_columns(admin: Client, organisation: Organisation) -> None:
    for index, letter in enumerate(("ﬃ", "ß", "İ", "ΐ", "ﷺ", "😀", "Đ", "ậ", "𝟗")):
        name = letter * 200
        body = {"parent_id": str(organisation.branch("coso").id), "code": f"N{index}", "name": name, "kind": "cell"}
        assert (await admin.post("/v1/branches", json=body)).status_code == 201, letter
        person = {**someone(organisation), "member_no": f"M{index}", "full_name": name}
        assert (await admin.post("/v1/members", json=person)).status_code == 201, letter


@pytest.mark.usefixtures("unchanged")
@BOTH
async def test_no_login_is_too_strange(anyone: Client) -> None:
    for index, login in enumerate(
        (
            "\u202e",
            "' OR 1=1 --",
            "%",
            "x" * 254,
            "😀" * 50,
            "٠٩١٢٠٠٠٠٠١",
            "a@b",
            "ﬃ@ﬃ.vn",
            "+84" + "9" * 60,
            "\x7f",
            "a\nb",
        )
    ):
        client = f"198.51.100.{index}"
        answer = await anyone.post(
            "/v1/auth/login", json={"login": login, "password": "x" * 128, "device": {"name": client}}
        )
        assert_problem(answer, {401, 422, 429})
    for token in ("", ".", "a.b", "🐉", "a" * 200, "a" * 201, "x." + "A" * 48, "\x7f"):
        answer = await anyone.post("/v1/auth/refresh", json={"refresh_token": token})
        assert_problem(answer, {401, 422})


# --- and what nobody thought of ---


def values(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly what the schema takes, often near it, sometimes anything."""
    schema = resolved(schema, document)
    if "anyOf" in schema:
        return st.one_of([values(option, document) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from([*schema["enum"], "other"])
    if schema.get("type") == "array":
        return st.lists(values(schema["items"], document), max_size=3)
    if schema.get("type") == "object":
        inner = {name: values(part, document) for name, part in schema.get("properties", {}).items()}
        required = {name: inner.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=inner)
    return SCALARS.get(schema.get("format") or schema.get("type") or "", st.none())


TEXTS = st.text(st.sampled_from(ALPHABETS) | st.characters(), max_size=60) | st.text("0123456789AĐđ-+@.", max_size=24)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda at: at.isoformat() + "Z"),
    "boolean": st.booleans(),
    "integer": st.integers() | st.sampled_from([0, -1, 2**31, 2**63, 2**64]),
    "string": TEXTS,
}


def anything() -> st.SearchStrategy[Any]:
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    )


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_no_body_is_answered_with_a_fault(app: FastAPI, acting_as: As, organisation: Organisation) -> None:
    """PostgreSQL is the stricter of the two: it minds lengths, ranges and NULs that SQLite keeps."""
    clients = [acting_as(name) for name in ("admin", "secretary", "member")]
    for operation in with_bodies(app):
        if "/auth/" in operation.path and operation.path != "/v1/auth/refresh":
            continue  # each costs a hash, and the limits answer soon
        schema = operation.json_body or {}
        for index, body in enumerate(drawn(values(schema, operation.document) | anything(), 25)):
            raw = json.dumps(body).encode()
            answer = await send(clients[index % 3], operation, organisation, raw)
            assert answer.status_code < 500, f"{operation} {raw!r} {answer.text}"
            if answer.status_code >= 400:
                assert_problem(answer, answer.status_code)


def drawn(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """Examples, outside of hypothesis's own loop, which runs no coroutines."""
    found: list[Any] = []

    @bounded(max_examples=number, database=None, suppress_health_check=list(HealthCheck), deadline=None)
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def someone(organisation: Organisation) -> dict[str, object]:
    return {"member_no": "M1", "full_name": "Nguyễn Thị Mới", "branch_id": str(organisation.branch("chibo").id)}
