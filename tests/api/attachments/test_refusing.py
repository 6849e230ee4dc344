"""What is not taken as an attachment: nothing of it is stored, and nothing is written."""

import zlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from fastapi import FastAPI

from api.parts import Parts
from content.filetypes import LARGEST
from content.office import DOCX
from tests import samples
from tests.api.attachments.conftest import Stored
from tests.api.attachments.sending import attach, detach, pieces
from tests.api.conftest import As, Client, counts
from tests.api.problem_details import assert_problem, codes
from tests.api.raw import call
from tests.serving import FEED, Desk

MB = 1024 * 1024
HTML = b"<!DOCTYPE html><script>alert(1)</script>"


@pytest.fixture
async def draft(desk: Desk, parts: Parts, stored: Stored) -> AsyncIterator[UUID]:
    """A draft to which nothing may happen."""
    notice = await desk.publish("chibo", "Nghị quyết", draft=True)
    before = await counts(parts)
    yield notice.id
    assert await counts(parts) == before
    assert stored() == []


NOT_AS_PROMISED = [
    ("a.pdf", HTML, "", "file.type_mismatch"),
    ("a.pdf", HTML, "application/pdf", "file.type_mismatch"),
    ("a.pdf", samples.picture("PNG"), "application/pdf", "file.type_mismatch"),
    ("a.txt", HTML, "text/plain", "file.type_mismatch"),
    ("a.docx", samples.zipped({"a.exe": "MZ"}), "", "file.type_mismatch"),
    ("a.docx", samples.openxml(DOCX, {"word/vbaProject.bin": "x"}), "", "file.macros"),
    ("a.png", samples.picture("PNG")[:20], "", "file.damaged"),
    ("a.csv", b"caf\xe9", "", "file.not_utf8"),
    ("a.pdf", b"", "", "file.empty"),
    ("a.png", samples.png_of(60_000, 60_000), "", "file.bomb"),
    ("a.docx", samples.forged("a", samples.zeros(64 * MB), unpacked=2**32 - 2), "", "file.bomb"),
    (
        "a.docx",
        samples.forged("a", samples.zeros(64 * MB), unpacked=10, crc=zlib.crc32(bytes(10))),
        "",
        "file.bomb",
    ),
]


async def test_bytes_that_are_not_what_they_should_be(secretary: Client, draft: UUID) -> None:
    for name, data, declared, code in NOT_AS_PROMISED:
        assert codes(await attach(secretary, draft, data, name, declared=declared or None)) == {"": code}, name


NO_NAMES = [
    ("a.svg", "file.type_unknown"),
    ("a.html", "file.type_unknown"),
    ("a.zip", "file.type_unknown"),
    ("a.exe", "file.type_unknown"),
    ("pdf", "file.type_unknown"),
    ("../a.pdf", "file.name_malformed"),
    ("a\\b.pdf", "file.name_malformed"),
    ("a\x1f.pdf", "text.control_character"),
    ("a" * 200 + ".pdf", "file.name_malformed"),
    ("", "file.type_unknown"),
    (None, "missing"),
]


async def test_names_that_are_none(secretary: Client, draft: UUID) -> None:
    for name, code in NO_NAMES:
        assert codes(await attach(secretary, draft, samples.PDF, name)) == {"/name": code}, name


async def test_a_declared_type_that_lies(secretary: Client, draft: UUID) -> None:
    for declared in ("text/html", "image/svg+xml", "application/json", "multipart/form-data; boundary=x"):
        answer = await attach(secretary, draft, declared=declared)
        assert codes(answer) == {"/headers/Content-Type": "file.type_mismatch"}


async def test_too_much(app: FastAPI, secretary: Client, draft: UUID) -> None:
    """Declared or not; what is not declared is counted as it comes, and not read on."""
    declared = await attach(secretary, draft, b"a" * (2 * MB + 1), "a.txt")
    assert_problem(declared, 413, "file.too_large")
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 64 * 1024
            yield b"a" * 64 * 1024

    counted = await attach(secretary, draft, endless(), "a.txt")
    assert_problem(counted, 413, "file.too_large")
    assert read <= 2 * MB + 64 * 1024
    assert_problem(await attach(secretary, draft, pieces(LARGEST + 1), "a.mp4"), 413)
    headers = [("Authorization", secretary.headers["authorization"]), ("If-Match", '"r1-"')]
    target = f"{FEED}/{draft}/attachments?name=a.mp4"
    said = [*headers, ("Content-Length", str(LARGEST + 1))]
    assert (await call(app, "POST", target, headers=said, chunks=[b"a"])).status == 413


class Unread:
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise AssertionError("was read")


async def test_nothing_is_read_for_those_who_may_not(
    app: FastAPI, secretary: Client, acting_as: As, desk: Desk, draft: UUID
) -> None:
    refused = {"member": 404, "editor": 404, "auditor": 404, "sibling_secretary": 404, "stranger_admin": 404, None: 401}
    for name, status in refused.items():
        answer = await attach(acting_as(name), draft, Unread())
        assert answer.status_code == status, name
    assert_problem(await attach(secretary, draft, Unread(), revision=2), 412, "revision.stale")
    missing = await secretary.post(f"{FEED}/{draft}/attachments?name=a.pdf", content=Unread())
    assert_problem(missing, 428, "revision.required")
    assert_problem(await attach(secretary, UUID(int=7), Unread()), 404, "not_found")
    assert_problem(await attach(secretary, "x", Unread()), 404, "not_found")


async def test_nothing_to_take_away(secretary: Client, acting_as: As, draft: UUID) -> None:
    assert_problem(await detach(secretary, draft, "0" * 64, revision=1), 404, "not_found")
    assert_problem(await detach(secretary, draft, "0" * 64, revision=2), 412, "revision.stale")
    assert_problem(await detach(acting_as("member"), draft, "0" * 64, revision=1), 404, "not_found")
    for name in ("A" * 64, "0" * 63, "x"):
        assert_problem(await detach(secretary, draft, name, revision=1), 404, "not_found")
