"""The conventions that hold for every route, the ones of tomorrow included: they are read off the live document."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import AnyHttpUrl
from sqlalchemy import select, text
from sqlmodel import col

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from models.database import Database
from models.sessions import DeviceSession
from tests.api.conftest import As, Client
from tests.api.operations import REVISION, holding, operations, places, pointer, types
from tests.api.problem_details import SECURITY, assert_problem, codes
from tests.api.raw import call
from tests.clock import StandingClock
from tests.organisation import Organisation

MIB = 1024 * 1024
SAMPLES: dict[str, object] = {
    "null": None,
    "boolean": True,
    "integer": 20270101,
    "number": 1.5,
    "string": "a canary sang",
    "array": [],
    "object": {},
}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


# --- refusals ---


async def test_each_kind_of_refusal_is_a_problem_in_the_caller_s_language(
    acting_as: As, organisation: Organisation
) -> None:
    admin, member, anyone = acting_as("admin"), acting_as("member"), acting_as(None)
    branch = organisation.branch("chibo").id
    taken = {"parent_id": str(branch), "code": "CHIBO", "name": "Chi hội", "kind": "cell"}
    login = {"login": "T0001", "password": "không phải mật khẩu"}
    person = f"/v1/members/{organisation.person('fellow').id}"
    refusals: list[tuple[Client, str, str, dict[str, Any], int, str]] = [
        (member, "GET", "/v1/me?q=%00", {}, 400, "request.malformed"),
        (anyone, "GET", "/v1/me", {}, 401, "sign_in.required"),
        (anyone, "GET", "/v1/me", {"headers": {"Authorization": "Bearer x"}}, 401, "token.invalid"),
        (acting_as("disabled"), "GET", "/v1/me", {}, 401, "account.closed"),
        (anyone, "POST", "/v1/auth/login", {"json": login}, 401, "sign_in.required"),
        (member, "POST", "/v1/branches", {"json": {**taken, "code": "X"}}, 403, "forbidden"),
        (member, "GET", "/v1/nothing", {}, 404, "not_found"),
        (member, "GET", "/v1/branches/not-an-id", {}, 404, "not_found"),
        (member, "DELETE", "/v1/me", {}, 405, "method.not_allowed"),
        (admin, "POST", "/v1/branches", {"json": taken}, 409, "branch.code_taken"),
        (admin, "PATCH", person, {"json": {}}, 428, "revision.required"),
        (admin, "PATCH", person, {"json": {}, "headers": {"If-Match": '"r9-"'}}, 412, "revision.stale"),
        (admin, "POST", "/v1/branches", {"content": b"{}"}, 415, "media_type.unsupported"),
        (admin, "POST", "/v1/branches", {"json": {}}, 422, "request.invalid"),
    ]
    for client, method, path, said, status, slug in refusals:
        for language in ("vi", "en"):
            headers = {"Accept-Language": language, **said.get("headers", {})}
            assert_problem(await client.request(method, path, **{**said, "headers": headers}), status, slug, language)


async def test_too_many_tries_say_how_long_to_wait(anyone: Client, organisation: Organisation) -> None:
    wrong = {"login": organisation.person("member").member_no, "password": "không phải mật khẩu"}
    for _ in range(60):
        answer = await anyone.post("/v1/auth/login", json=wrong)
        if answer.status_code != 401:
            break
    assert_problem(answer, 429, "sign_in.too_many")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["ratelimit"]


async def test_without_a_database_the_answer_is_503(app: FastAPI, parts: Parts, member: Client, anyone: Client) -> None:
    nowhere = Database("sqlite+aiosqlite:////nonexistent/handbook.db", keyring=parts.database._keyring)
    app.state.parts = replace(parts, database=nowhere)
    answer = await member.get("/v1/me")
    assert_problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert (await anyone.get("/health/live")).status_code == 200
    ready = await anyone.get("/health/ready")
    assert (ready.status_code, ready.json()["checks"].keys()) == (503, {"database"})
    assert int(ready.headers["retry-after"]) > 0
    assert "nonexistent" not in ready.text
    await nowhere.close()


async def test_a_schema_of_another_release_is_not_ready(parts: Parts, anyone: Client) -> None:
    assert (await anyone.get("/health/ready")).status_code == 200
    async with parts.database.write_engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = await anyone.get("/health/ready")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "needs `handbook migrate`"})
    async with parts.database.write_engine.begin() as connection:
        await connection.execute(text("DROP TABLE alembic_version"))
    assert (await anyone.get("/health/ready")).status_code == 503


async def test_a_wrong_method_is_told_all_right_ones(app: FastAPI, anyone: Client, organisation: Organisation) -> None:
    allowed: dict[str, set[str]] = {}
    for operation in operations(app):
        allowed.setdefault(operation.url(organisation), set()).add(operation.method)
    allowed = {url: methods | ({"HEAD"} if "GET" in methods else set()) for url, methods in allowed.items()}
    for url, methods in {**allowed, "/docs": {"GET", "HEAD"}, "/docs/static/favicon.png": {"GET", "HEAD"}}.items():
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get"} - methods:
            answer = await call(app, method, url, headers=[("accept-language", "en")])
            assert answer.status == 405, f"{method} {url}: {answer.body!r}"
            assert set((answer.header("allow") or "").split(", ")) == methods, url


async def test_what_is_too_large_is_refused_before_it_is_read(app: FastAPI, acting_as: As) -> None:
    bearer = ("authorization", acting_as("member").headers["authorization"])
    for method, path, most, kind in (
        ("POST", "/v1/auth/login", MIB, "application/json"),
        ("PUT", "/v1/me/photo", 10 * MIB, "image/png"),
    ):
        declared = [bearer, ("content-type", kind), ("content-length", str(most + 1))]
        refused = await call(app, method, path, headers=declared, chunks=[b"{"])
        assert (refused.status, refused.json()["type"]) == (413, "/problems/body.too_large")
        pulled = 0

        def endless(most: int = most) -> Any:
            nonlocal pulled
            for _ in range(0, 3 * most, 64 * 1024):
                pulled += 64 * 1024
                yield b"a" * 64 * 1024

        answer = await call(app, method, path, headers=[bearer, ("content-type", kind)], chunks=endless())
        assert answer.status == 413
        assert answer.json()["type"] == "/problems/body.too_large"
        assert answer.header("content-type") == "application/problem+json"
        assert pulled <= most + 64 * 1024, "no more was read than shows that it is too much"


async def test_a_body_that_just_fits_is_read(anyone: Client) -> None:
    body = b'{"login": "' + b"a" * (MIB - 13) + b'"}'
    assert len(body) == MIB
    kind = {"Content-Type": "application/json"}
    assert codes(await anyone.post("/v1/auth/login", content=body, headers=kind))["/login"] == "string_too_long"
    assert_problem(await anyone.post("/v1/auth/login", content=body + b" ", headers=kind), 413, "body.too_large")


# --- request bodies ---


async def test_every_body_refuses_unknown_fields_everywhere(
    app: FastAPI, admin: Client, organisation: Organisation
) -> None:
    tried = 0
    for operation in operations(app):
        if operation.json_body is None:
            continue
        for steps, schema in places(operation.json_body, operation.document):
            if "object" in types(schema, operation.document) and schema.get("properties"):
                assert schema.get("additionalProperties") is False, f"{operation}{pointer(steps)} takes anything"
                body = holding((*steps, "no_such_field"), "a canary sang")
                answer = await admin.request(operation.method, operation.url(organisation), json=body, headers=REVISION)
                assert codes(answer).get(pointer((*steps, "no_such_field"))) == "extra_forbidden", str(operation)
                assert "canary" not in answer.text
                tried += 1
    assert tried >= 10


async def test_every_field_refuses_other_json_types(app: FastAPI, admin: Client, organisation: Organisation) -> None:
    tried = 0
    for operation in operations(app):
        if operation.json_body is None:
            continue
        for steps, schema in places(operation.json_body, operation.document):
            allowed = types(schema, operation.document)
            if "number" in allowed:
                allowed |= {"integer"}
            for name, value in SAMPLES.items():
                if name in allowed or "any" in allowed:
                    continue
                answer = await admin.request(
                    operation.method, operation.url(organisation), json=holding(steps, value), headers=REVISION
                )
                found = codes(answer)
                assert any(where.startswith(pointer(steps)) for where in found), f"{operation}{pointer(steps)}: {found}"
                assert "canary" not in answer.text
                tried += 1
    assert tried >= 50


async def test_every_query_parameter_refuses_what_it_cannot_be(
    app: FastAPI, admin: Client, organisation: Organisation
) -> None:
    for operation in operations(app):
        for name in (p["name"] for p in operation.about.get("parameters", ()) if p["in"] == "query"):
            for value in (
                "",
                "a canary sang",
                "-1",
                "9" * 400,
                "null",
                "[]",
                "{}",
                "\u202e",
                "٣",
                "2026-02-30",
                "true,false",
            ):
                answer = await admin.request(operation.method, operation.url(organisation), params={name: value})
                if answer.status_code >= 400:
                    assert_problem(answer, {400, 403, 404, 422, 428, 429})
                    assert "canary" not in answer.text


# --- every answer ---


async def test_head_is_get_without_the_body(app: FastAPI, admin: Client, organisation: Organisation) -> None:
    # what /metrics counts moves with every request
    gets = [o for o in operations(app) if o.method == "GET" and not str(o).endswith("/metrics")]
    paths = [operation.url(organisation) for operation in gets]
    for path in [*paths, "/docs", "/docs/start.js", "/docs/static/favicon.png", "/openapi.json", "/nowhere"]:
        same = {"X-Request-ID": "one-and-the-same"}
        get, head = await admin.get(path, headers=same), await admin.head(path, headers=same)
        assert head.content == b"", path
        assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers)), path
        assert int(head.headers["content-length"]) > 0


async def test_each_route_s_answer_may_be_kept_as_declared(
    app: FastAPI, admin: Client, organisation: Organisation
) -> None:
    for operation in operations(app):
        if operation.method == "GET":
            answer = await admin.get(operation.url(organisation))
            declared = operation.about["x-cached"] if answer.status_code < 400 else "no-store"
            assert answer.headers["cache-control"] == declared, str(operation)
            assert ("etag" in answer.headers) >= ("no-store" not in declared), str(operation)
            assert answer.headers["content-language"] == "en", str(operation)


async def test_what_a_member_reads_is_private_and_what_is_sensitive_is_not_kept(
    admin: Client, organisation: Organisation
) -> None:
    assert (await admin.get("/v1/me")).headers["cache-control"] == "private, no-cache"
    for path in (
        "/v1/auth/sessions",
        "/v1/me/access-log",
        "/v1/audit",
        f"/v1/members/{organisation.person('member').id}",
    ):
        assert (await admin.get(path)).headers["cache-control"] == "no-store"


async def test_security_headers_are_on_every_answer(admin: Client, anyone: Client) -> None:
    for path in ("/v1/me", "/v1/nothing", "/v1//me", "/health/live", "/openapi.json", "/docs/start.js", "/v1/me?q=%00"):
        for client in (admin, anyone):
            answer = await client.get(path)
            assert SECURITY.items() <= dict(answer.headers).items(), path
            assert "strict-transport-security" not in answer.headers, "not behind TLS"
            assert not {"server", "x-powered-by", "set-cookie"} & set(answer.headers)


async def test_hsts_is_sent_behind_tls(settings: Settings, clock: StandingClock) -> None:
    async with serving(settings, clock, public_url=AnyHttpUrl("https://so-tay.example.vn")) as client:
        for path in ("/health/live", "/v1/me", "/nowhere", "/docs"):
            assert (await client.get(path)).headers["strict-transport-security"].startswith("max-age=31536000")


async def test_the_caller_s_request_id_counts_where_it_is_one(anyone: Client, caplog: pytest.LogCaptureFixture) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for path in ("/health/live", "/v1/me", "/nowhere"):
        for good in ("01234567", "a" * 64, "Request.1_of-2"):
            assert (await anyone.get(path, headers={"X-Request-ID": good})).headers["x-request-id"] == good
        for bad in ("", "short", "a" * 65, "with blank here", "semi;colon-1", 'quote"quote', "bang!bang!"):
            said = (await anyone.get(path, headers={"X-Request-ID": bad})).headers["x-request-id"]
            assert re.fullmatch("[0-9a-f]{32}", said), bad
        parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        assert (await anyone.get(path, headers=parent)).headers["x-request-id"] == trace
        for bad in (f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{trace}-{'0' * 16}-01", f"00-{trace}", "x"):
            assert (await anyone.get(path, headers={"traceparent": bad})).headers["x-request-id"] != trace


async def test_no_line_of_the_log_can_be_forged(anyone: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "handbook.access")
    await anyone.get("/v1/x%0aGET /v1/admin 200?q=bí-mật")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "handbook.access"]
    assert line == "GET /v1/x%0aGET%20/v1/admin%20200 404"


async def test_a_caller_who_hangs_up_is_no_fault(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    answer = await call(app, "POST", "/v1/auth/login", headers=[("content-type", "application/json")], chunks=[])
    assert answer.status == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# --- what surrounds the application ---


@asynccontextmanager
async def serving(settings: Settings, clock: StandingClock, **other: object) -> AsyncIterator[Client]:
    app = create_app(settings.model_copy(update=other), clock=clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, client=("10.1.2.3", 5000))
        yield await stack.enter_async_context(Client(transport=transport, base_url="http://testserver"))


async def test_other_sites_may_not_call_unless_configured(anyone: Client) -> None:
    origin = {"Origin": "https://app.example.vn", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = await anyone.request(method, "/v1/app-config", headers=origin)
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_configured_site_may_call_and_read_refusals(settings: Settings, clock: StandingClock) -> None:
    async with serving(settings, clock, cors_origins=("https://app.example.vn",)) as client:
        origin = {"Origin": "https://app.example.vn"}
        for path in ("/v1/app-config", "/v1/me", "/nowhere"):
            answer = await client.get(path, headers=origin)
            assert answer.headers["access-control-allow-origin"] == "https://app.example.vn"
            assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers
            assert "Origin" in answer.headers["vary"]
        asked = {**origin, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
        preflight = await client.options("/v1/members/1", headers=asked)
        assert preflight.status_code == 200
        other = await client.get("/v1/app-config", headers={"Origin": "https://app.example.vn.evil.example"})
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("trusted", "seen"), [("10.0.0.0/8", "198.51.100.9"), ("192.0.2.0/24", "10.1.2.3"), ("", "10.1.2.3")]
)
async def test_a_forwarded_address_counts_from_a_trusted_proxy_alone(
    settings: Settings,
    clock: StandingClock,
    secretary: Client,
    parts: Parts,
    organisation: Organisation,
    trusted: str,
    seen: str,
) -> None:
    issued = (await secretary.post(f"/v1/members/{organisation.person('member').id}/activation-code")).json()
    opening = {"login": issued["login"], "activation_code": issued["activation_code"], "password": "một hai ba bốn"}
    proxies = Settings(data_dir=settings.data_dir, trusted_proxies=trusted).trusted_proxies
    async with serving(settings, clock, trusted_proxies=proxies) as client:
        forwarded = {"X-Forwarded-For": "203.0.113.66, 198.51.100.9"}
        opened = await client.post("/v1/auth/activate", json=opening, headers=forwarded)
    assert opened.status_code == 200, opened.text
    async with parts.database.reading() as session:
        addresses = await session.scalars(select(col(DeviceSession.address)).order_by(col(DeviceSession.id)))
        assert addresses.all()[-1] == seen


async def test_the_documentation_needs_no_other_host(anyone: Client) -> None:
    page = await anyone.get("/docs")
    assert page.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), "no script stands in the page itself"
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 4
    for link in links:
        assert link.startswith("/"), link
        assert not link.startswith("//"), link
        answer = await anyone.get(link)
        assert answer.status_code == 200, link
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert SECURITY["x-content-type-options"] == answer.headers["x-content-type-options"]
    assert "http" not in (await anyone.get("/docs/start.js")).text
    document = await anyone.get("/openapi.json")
    assert document.json()["openapi"].startswith("3.1")
    assert len(document.content) > 10_000
    assert document.headers["content-encoding"] in {"zstd", "br", "gzip"}


async def test_every_problem_type_explains_itself(anyone: Client) -> None:
    problem = (await anyone.get("/v1/nothing")).json()
    for language in ("vi", "en"):
        page = await anyone.get(problem["type"], headers={"Accept-Language": language})
        assert page.status_code == 200
        assert page.headers["content-language"] == language
    assert page.json()["title"] == problem["title"]
    assert_problem(await anyone.get("/problems/no.such"), 404, "not_found")


async def test_the_guide_on_sync_is_served_as_it_is_written(anyone: Client) -> None:
    page = await anyone.get("/docs/guides/sync")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Keeping the handbook on a phone</h1>" in page.text
    assert "<table>" in page.text
    for name in ("nothing", "../documentation", "..%2f..%2fREADME", "sync.md"):
        assert (await anyone.get(f"/docs/guides/{name}")).status_code == 404
