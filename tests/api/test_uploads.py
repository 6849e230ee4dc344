"""Files sent by those who write what is studied: looked into, noted, and nobody else's business until published."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from api.settings import Settings
from content.files import LocalFileStore
from content.filetypes import STUDY_TYPES
from models.files import File
from models.uploads import Upload
from tests import samples
from tests.api.attachments.sending import pieces
from tests.api.conftest import As, Client
from tests.api.problem_details import assert_problem
from tests.epubs import epub
from tests.organisation import Organisation
from tests.pdfs import pdf

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
BOOK = pdf(["Nghị quyết số 57-NQ/TW", "Trang hai"])


@pytest.fixture
async def editor(acting_as: As) -> Client:
    return acting_as("editor")


@pytest.fixture
def stored(settings: Settings) -> Path:
    return settings.files


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def send(
    by: Client, data: bytes | AsyncIterator[bytes] = BOOK, name: str = "Nghị quyết.pdf", declared: str | None = None
) -> httpx.Response:
    headers = {} if declared is None else {"Content-Type": declared}
    return await by.post("/v1/files", params={"name": name}, content=data, headers=headers)


async def test_a_file_is_kept_and_noted(editor: Client, parts: Parts, organisation: Organisation, stored: Path) -> None:
    answer = await send(editor)
    assert answer.status_code == 201, answer.text
    sha256 = hashlib.sha256(BOOK).hexdigest()
    assert answer.json() == {
        "sha256": sha256,
        "size": len(BOOK),
        "media_type": "application/pdf",
        "name": "Nghị quyết.pdf",
        "pages": 2,
        "is_scanned": False,
    }
    assert files_in(stored) == {sha256}
    async with parts.database.reading() as session:
        file = await session.get_one(File, sha256)
        assert (file.size, file.media_type) == (len(BOOK), "application/pdf")
        assert file.crc32 is not None
        upload = (await session.scalars(select(Upload))).one()
    assert (upload.sha256, upload.member_id) == (sha256, organisation.person("editor").id)
    assert upload.name == "Nghị quyết.pdf"


async def test_sending_it_again_changes_its_name_alone(editor: Client, admin: Client, parts: Parts) -> None:
    first = await send(editor)
    again = await send(editor, name="Bản mới.pdf")
    other = await send(admin)
    assert again.json() == {**first.json(), "name": "Bản mới.pdf"}
    assert other.json() == first.json()
    async with parts.database.reading() as session:
        assert sorted(await session.scalars(select(col(Upload.name)))) == ["Bản mới.pdf", "Nghị quyết.pdf"]
        assert len((await session.scalars(select(File))).all()) == 1


@ON_SQLITE
async def test_who_sent_it_may_fetch_it_and_nobody_else(editor: Client, admin: Client, member: Client) -> None:
    sha256 = (await send(editor)).json()["sha256"]
    answer = await editor.get(f"/v1/files/{sha256}", headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.content) == (206, BOOK[5:10])
    for stranger in (admin, member):
        assert_problem(await stranger.get(f"/v1/files/{sha256}"), 404, "not_found")


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("bìa.pdf", pdf([""]), ("application/pdf", 1, True)),
        ("sách.epub", epub(), ("application/epub+zip", 1, False)),
        ("bài nói.mp3", samples.mp3(), ("audio/mpeg", None, None)),
        ("phim.mp4", samples.mp4(), ("video/mp4", None, None)),
        ("ảnh.webp", samples.picture("WEBP"), ("image/webp", None, None)),
    ],
)
async def test_what_is_taken(editor: Client, name: str, data: bytes, said: tuple[str, int | None, bool | None]) -> None:
    answer = await send(editor, data, name)
    assert answer.status_code == 201, answer.text
    assert tuple(answer.json()[key] for key in ("media_type", "pages", "is_scanned")) == said


REFUSED = {
    "tep.docx": (b"PK\x03\x04", "file.form_unknown", "/name"),
    "tep.svg": (b"<svg/>", "file.form_unknown", "/name"),
    "../tep.pdf": (BOOK, "file.name_malformed", "/name"),
    "không phải.pdf": (samples.mp3(), "file.type_mismatch", ""),
    "trống.pdf": (b"", "file.empty", ""),
    "cụt.pdf": (BOOK[:-100], "file.damaged", ""),
    "mã lệnh.pdf": (pdf(catalog="/OpenAction<</S/JavaScript/JS(a)>>"), "pdf.active", ""),
    "tệp đính.pdf": (pdf(page="/Annots[<</Subtype/FileAttachment>>]"), "pdf.embedded_files", ""),
    "quá dài.pdf": (
        pdf(more={2: b"<</Type/Pages/Kids[" + b"10 0 R " * 5001 + b"]/Count 5001>>"}),
        "pdf.too_many_pages",
        "",
    ),
    "mật khẩu.pdf": (pdf(more={1000: b"<</Filter/X>>"}, trailer="/Encrypt 1000 0 R"), "file.encrypted", ""),
    "mã lệnh.epub": (epub(["<script>alert(1)</script>"]), "file.scripts", ""),
    "bom.epub": (epub(more={"OEBPS/a.xhtml": bytes(40_000_000)}), "file.bomb", ""),
}


@ON_SQLITE
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.usefixtures("unchanged")
async def test_what_is_refused_leaves_nothing(editor: Client, stored: Path, name: str) -> None:
    data, code, pointer = REFUSED[name]
    answer = await send(editor, data, name)
    assert_problem(answer, 422, "request.invalid")
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert "…" not in error["detail"]
    assert files_in(stored) == set()


@ON_SQLITE
@pytest.mark.usefixtures("unchanged")
async def test_a_declared_type_that_contradicts_the_name_is_refused(editor: Client, stored: Path) -> None:
    answer = await send(editor, declared="video/mp4")
    assert_problem(answer, 422, "request.invalid")
    assert answer.json()["errors"][0]["pointer"] == "/headers/Content-Type"
    assert files_in(stored) == set()


@ON_SQLITE
@pytest.mark.usefixtures("unchanged")
async def test_what_is_too_large_is_refused_declared_or_not(
    editor: Client, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tuple(replace(each, limit=1024 * 1024) if each.media_type == "video/mp4" else each for each in STUDY_TYPES)
    monkeypatch.setattr("api.routes.files.STUDY_TYPES", small)
    for data in (samples.mp4(film=2 * 1024 * 1024), pieces(2 * 1024 * 1024)):
        assert_problem(await send(editor, data, "phim.mp4"), 413, "file.too_large")
        assert files_in(stored) == set()


@ON_SQLITE
@pytest.mark.usefixtures("unchanged")
async def test_an_upload_that_breaks_off_leaves_nothing(editor: Client, stored: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield BOOK[:100]
        raise ConnectionResetError

    assert_problem(await send(editor, broken()), 503, "unavailable")
    assert files_in(stored) == set()


@pytest.mark.usefixtures("unchanged")
async def test_who_writes_nothing_to_study_sends_nothing(member: Client, secretary: Client, stored: Path) -> None:
    for nobody in (member, secretary):
        assert_problem(await send(nobody), 403, "forbidden")
    assert files_in(stored) == set()


@ON_SQLITE
@pytest.mark.usefixtures("unchanged")
async def test_a_store_that_fails_is_a_503(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("content.incoming.os.fsync", full)
    assert_problem(await send(editor), 503, "unavailable")


@ON_SQLITE
@pytest.mark.usefixtures("unchanged")
async def test_bytes_that_were_cleared_at_that_moment_are_asked_for_again(
    editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_store: object, _sha256: str) -> bool:
        return False

    monkeypatch.setattr(LocalFileStore, "exists", gone)
    assert_problem(await send(editor), 503, "unavailable")
