"""What no client of ours sends, and others will: each a 4xx problem in the caller's language, and nothing changed."""

import itertools
import json
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from api.bodies import strict_json
from tests.api.conftest import As, Client
from tests.api.hostile import BROKEN, HOSTILE_PATHS
from tests.api.operations import send, with_bodies
from tests.api.problem_details import assert_problem
from tests.api.raw import call
from tests.organisation import Organisation

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def database_kind() -> str:
    """What is refused at the door does not meet the database."""
    return "sqlite"


# --- bodies that are no JSON, or JSON that not everybody reads alike ---


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_json_is_not_read(what: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each reader has its own words
        strict_json(BROKEN[what])


@pytest.mark.parametrize(
    "body",
    [rb'{"name": "a\\u0000b"}', rb'"\\\\u0000"', '{"tên": [1, -0.5, true, null, "😀"]}'.encode(), rb'"\ud83d\ude00"'],
)
def test_what_is_json_is_read_as_others_read_it(body: bytes) -> None:
    assert strict_json(body) == json.loads(body)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4
            )
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_all_json_is_read(value: Any, ascii_only: bool) -> None:
    assert strict_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60))
def test_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    try:
        strict_json(body)
    except ValueError:
        return
    json.loads(body.decode())


@pytest.mark.usefixtures("unchanged")
async def test_every_broken_body_is_a_422(acting_as: As) -> None:
    admin = acting_as("admin")
    for what, body in BROKEN.items():
        for client, path, language in ((admin, "/v1/branches", "vi"), (acting_as(None), "/v1/auth/login", "en")):
            answer = await client.post(path, content=body, headers={**JSON, "Accept-Language": language})
            problem = assert_problem(answer, 422, "request.invalid", language)
            assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("", "json_invalid")], what


@pytest.mark.usefixtures("unchanged")
async def test_a_body_of_the_wrong_shape_is_a_422(app: FastAPI, admin: Client, organisation: Organisation) -> None:
    for operation in with_bodies(app):
        for body in (b"[]", b"[{}]", b"null", b"true", b"1", b'"x"', b""):
            answer = await send(admin, operation, organisation, body)
            assert_problem(answer, 422, "request.invalid")


@pytest.mark.usefixtures("unchanged")
async def test_a_body_of_another_type_is_a_415(app: FastAPI, admin: Client, organisation: Organisation) -> None:
    kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "application/vnd.api+json",
        "text/json",
        "application/json, text/plain",
        "*/*",
        "json",
        "",
        "application/json; charset=utf-16",
        "application/json;charset=latin-1",
        'application/json; charset="iso-8859-1"',
        "application/json; charset=utf-8; charset=utf-16",
    ]
    for operation in with_bodies(app):
        for kind in kinds:
            answer = await send(admin, operation, organisation, b"{}", {"Content-Type": kind})
            assert_problem(answer, 415, "media_type.unsupported")
    for kind in (
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; a=b",
    ):
        assert_problem(await admin.post("/v1/branches", content=b"{}", headers={"Content-Type": kind}), 422)


@pytest.mark.usefixtures("unchanged")
async def test_two_mebibytes_are_too_many(app: FastAPI, admin: Client, organisation: Organisation) -> None:
    body = b'{"name": "' + b"a" * 2 * 1024 * 1024 + b'"}'
    for operation in with_bodies(app):
        assert_problem(await send(admin, operation, organisation, body), 413, "body.too_large")


# --- addresses, headers, methods ---


async def test_no_strange_path_is_found(app: FastAPI, acting_as: As) -> None:
    bearer = ("authorization", acting_as("admin").headers["authorization"])
    for path, language in itertools.product(HOSTILE_PATHS, ("vi", "en")):
        answer = await call(app, "GET", path, headers=[bearer, ("accept-language", language)])
        assert answer.status == 404, path
        assert answer.header("content-type") == "application/problem+json"
        assert answer.header("content-language") == language
        assert answer.header("cache-control") == "no-store"
        assert b"passwd" not in answer.body


async def test_a_query_that_is_no_text_is_a_400(app: FastAPI, acting_as: As) -> None:
    bearer = ("authorization", acting_as("admin").headers["authorization"])
    queries = [
        "q=%00",
        "q=a%00b",
        "%00=1",
        "q=%ff",
        "q=%c0%af",
        "q=%ED%A0%80",
        "q=\xff",
        "cursor=%00",
        "limit=%00",
        "x=%FE%FF",
    ]
    for path, query in itertools.product(("/v1/branches", "/v1/members", "/health/live", "/nowhere"), queries):
        answer = await call(app, "GET", f"{path}?{query}", headers=[bearer])
        assert answer.status == 400
        assert answer.json()["type"] == "/problems/request.malformed"
        assert answer.header("content-language") == "vi"


async def test_no_header_is_too_strange(app: FastAPI, acting_as: As) -> None:
    bearer = acting_as("admin").headers["authorization"]
    values = [
        b"",
        b" ",
        b",",
        b";",
        b"=",
        b"\xff\xfe",
        "đ".encode(),
        b"a" * 60_000,
        b'"' * 999,
        b"q=" * 999,
        b"*;q=1e999",
        b"bytes=-1",
        b"bytes=9-1,,",
    ]
    names = [
        "accept",
        "accept-encoding",
        "accept-language",
        "if-none-match",
        "range",
        "x-request-id",
        "traceparent",
        "content-type",
        "content-length",
        "cookie",
        "origin",
        "x-forwarded-for",
        "forwarded",
        "expect",
        "user-agent",
        "if-modified-since",
        "x-http-method-override",
    ]
    for name in names:
        for value in values:
            for path in ("/v1/me", "/v1/app-config", "/docs/start.js"):
                answer = await call(app, "GET", path, headers=[("authorization", bearer), (name, value)])
                assert answer.status == 200, f"{name}: {value[:20]!r}"
    for value in (
        *values,
        b"Bearer",
        b"Bearer ",
        b"Bearer a.b.c",
        b"Basic YTpi",
        b"bearer " + b"e" * 2000,
        b"Bearer \xff.\xff.\xff",
    ):
        answer = await call(app, "GET", "/v1/me", headers=[("authorization", value)])
        assert answer.status == 401
        assert answer.header("www-authenticate")


async def test_no_if_match_is_too_strange(app: FastAPI, acting_as: As, organisation: Organisation) -> None:
    path = f"/v1/members/{organisation.person('fellow').id}"
    bearer = ("authorization", acting_as("admin").headers["authorization"])
    json_ = ("content-type", "application/json")
    expected = {
        b"": 428,
        b" ": 428,
        b"*": 428,
        b"r1-": 412,
        b'"r1"': 412,
        b'"r-1-"': 412,
        b'"r' + b"9" * 100 + b'-"': 412,
        b'"r2-x": ': 412,
        b'"r1-x" "r2-x"': 412,
        b'"x", "y"': 412,
        b"\xff": 412,
        b'"r\xb2-"': 412,
        b'"r999999999999999999-"': 412,
        b"a" * 201: 422,
    }
    for value, status in expected.items():
        answer = await call(
            app, "PATCH", path, headers=[bearer, json_, ("if-match", value)], chunks=[b'{"full_name": "X"}']
        )
        assert answer.status == status, value
    tag = (await acting_as("admin").get(path)).headers["etag"]
    for good in (tag, f"W/{tag}", f'"r0-x", {tag}', f'{tag},"x"'):
        answer = await call(app, "PATCH", path, headers=[bearer, json_, ("if-match", good)], chunks=[b"{}"])
        assert answer.status == 200, answer.body


async def test_methods_that_nobody_knows_are_refused(app: FastAPI) -> None:
    for method in ("BREW", "PROPFIND", "CONNECT", "get", "", "GET ", "POST\x00", "Đ"):
        answer = await call(app, method, "/v1/me")
        assert answer.status == 405
        assert answer.header("allow") == "HEAD, GET"
