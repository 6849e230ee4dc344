"""Compression, entity tags and 304, to the letter of RFC 9110."""

import gzip
import io

import brotli
import pytest
import zstandard
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from api.encoding import preferred
from api.preferences import weights
from tests.api.conftest import As, Client
from tests.api.raw import call
from tests.organisation import Organisation


@pytest.fixture
def database_kind() -> str:
    """What leaves does not depend on the database."""
    return "sqlite"


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("zstd;q=0.1, br;q=0.2, gzip;q=0.3", "gzip"),
        ("zstd;q=0, br;q=0.0, gzip;q=0.000", "identity"),
        ("zstd ; q=0 , gzip", "gzip"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("zstd;q=0, *", "br"),
        ("br, *;q=0", "br"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("deflate", "identity"),
        ("gzip;q=abc", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=nan", "identity"),
        (",,;q=1,", "identity"),
    ],
)
def test_the_caller_s_weights_choose_the_encoding(accepted: str, chosen: str) -> None:
    assert preferred([accepted]) == chosen


@given(st.text())
def test_no_list_of_preferences_is_too_strange(header: str) -> None:
    assert all(0 <= weight <= 1 for weight in weights(header).values())


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
async def test_an_encoded_answer_says_the_same(member: Client, encoding: str) -> None:
    plain = await member.get("/v1/me", headers={"Accept-Encoding": "identity"})
    answer = await call(
        member._transport.app,  # type: ignore[attr-defined]  # httpx would decode it
        "GET",
        "/v1/me",
        headers=[("authorization", member.headers["authorization"]), ("accept-encoding", encoding)],
    )
    decode = {"zstd": zstandard.decompress, "br": brotli.decompress, "gzip": gzip.decompress}[encoding]
    assert answer.header("content-encoding") == encoding
    assert answer.header("content-length") == str(len(answer.body))
    assert decode(answer.body) == plain.content
    assert len(answer.body) < len(plain.content)
    assert "content-encoding" not in plain.headers
    assert answer.header("vary") == plain.headers["vary"] == "Accept-Encoding, Accept-Language, Authorization"
    assert answer.header("etag") != plain.headers["etag"], "two representations, two tags"


async def test_answers_with_secrets_are_never_compressed(admin: Client, organisation: Organisation) -> None:
    answer = await admin.get(f"/v1/members/{organisation.person('member').id}", headers={"Accept-Encoding": "gzip, br"})
    assert len(answer.content) > 256
    assert answer.headers["cache-control"] == "no-store"
    assert "content-encoding" not in answer.headers


async def test_a_holder_of_the_tag_gets_304_and_nothing_else(member: Client) -> None:
    tag = (await member.get("/v1/me")).headers["etag"]
    for said in (tag, f"W/{tag}", f'"other", {tag}', f'"a" , W/{tag},"b"', "*"):
        for method in ("GET", "HEAD"):
            answer = await member.request(method, "/v1/me", headers={"If-None-Match": said})
            assert answer.status_code == 304, said
            assert answer.content == b""
            assert set(answer.headers) == {"etag", "cache-control", "vary", "x-request-id"}  # the server adds Date
            assert answer.headers["etag"] == tag


async def test_several_lines_of_tags_are_one_list(member: Client, app: FastAPI) -> None:
    tag = (await member.get("/v1/me", headers={"Accept-Encoding": "identity"})).headers["etag"]
    bearer = ("authorization", member.headers["authorization"])
    answer = await call(app, "GET", "/v1/me", headers=[bearer, ("if-none-match", '"x"'), ("if-none-match", tag)])
    assert answer.status == 304


async def test_another_tag_gets_the_whole(member: Client) -> None:
    tag = (await member.get("/v1/me")).headers["etag"]
    for said in ('"other"', tag.strip('"'), tag[:-1], "", "W/", '"*"', "w/" + tag, "a" * 5000):
        answer = await member.get("/v1/me", headers={"If-None-Match": said})
        assert answer.status_code == 200, said


async def test_tags_differ_by_encoding_language_and_content(acting_as: As) -> None:
    member, fellow = acting_as("member"), acting_as("fellow")
    url = "/problems/not_found"
    tags = {
        (await client.get(path, headers={"Accept-Encoding": encoding, "Accept-Language": language})).headers["etag"]
        for client, path in ((member, "/v1/me"), (fellow, "/v1/me"))
        for encoding in ("identity", "br")
        for language in ("en",)
    } | {(await member.get(url, headers={"Accept-Language": language})).headers["etag"] for language in ("vi", "en")}
    assert len(tags) == 6


async def test_refusals_are_neither_tagged_nor_unmodified(member: Client, anyone: Client) -> None:
    for client, path in ((member, "/v1/nothing"), (anyone, "/v1/me")):
        answer = await client.get(path, headers={"If-None-Match": "*"})
        assert answer.status_code in {401, 404}
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


async def test_a_file_is_not_sent_twice(member: Client) -> None:
    image = b"\x89PNG\r\n\x1a\n"
    refused = await member.put("/v1/me/photo", content=image, headers={"Content-Type": "image/png"})
    assert refused.status_code == 422
    photo = await member.put("/v1/me/photo", content=_picture(), headers={"Content-Type": "image/png"})
    assert photo.status_code == 200, photo.text
    path = f"/v1/files/{photo.json()['photo']}"
    whole = await member.get(path)
    again = await member.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert whole.status_code == 200
    assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert whole.headers["content-length"] == str(len(whole.content))
    assert (again.status_code, again.content) == (304, b"")


def _picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(written, "PNG")
    return written.getvalue()
