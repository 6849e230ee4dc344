"""The text of PDFs and EPUBs that others made, some of them to do harm."""

import asyncio
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from content import extract as extracting
from content.extract import Extract, extract, extract_epub, extract_pdf
from content.filetypes import STUDY_TYPES, type_of_name, verify
from content.malformed import Malformed
from tests import epubs, pdfs, samples
from tests.epubs import epub
from tests.pdfs import pdf, stream

TEXT = "Nghị quyết số 57-NQ/TW\nĐường lối và khoa học"
Save = Callable[[bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(data: bytes) -> Path:
        path = tmp_path / "-tep.bin"  # looks like an option, and is none
        path.write_bytes(data)
        return path

    return write


async def refused(path: Path, kind: str = "application/pdf") -> str:
    with pytest.raises(Malformed) as refusal:
        await extract(kind, path)
    return refusal.value.code


# --- PDF ---


async def test_the_text_of_each_page(save: Save) -> None:
    assert await extract_pdf(save(pdf([TEXT, "Trang hai"]))) == Extract(f"{TEXT}\fTrang hai", 2, is_scanned=False)


@pytest.mark.parametrize(
    ("pages", "scanned"), [([""], True), (["", "", "bìa"], True), (["", "một"], False), (["một", "", "ba"], False)]
)
async def test_pages_without_text_are_scans(save: Save, pages: list[str], scanned: bool) -> None:
    found = await extract_pdf(save(pdf(pages)))
    assert (found.pages, found.is_scanned) == (len(pages), scanned)


async def test_other_types_have_no_text(save: Save) -> None:
    assert await extract("video/mp4", save(samples.mp4())) is None


HOSTILE = {
    "script that opens with it": (pdf(catalog="/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), "pdf.active"),
    "script by a reference": (pdf(catalog="/OpenAction 1000 0 R", more={1000: b"<</S/JavaScript>>"}), "pdf.active"),
    "kind of action by a reference": (
        pdf(page="/AA<</O<</S 1000 0 R>>>>", more={1000: b"/JavaScript"}),
        "pdf.active",
    ),
    "written otherwise": (pdf(catalog="/OpenAction<</S/Java#53cript/#4aS(x)>>"), "pdf.active"),
    "script in a compressed object": (pdfs.compressed(b"<</S/JavaScript/JS(app.alert\\(1\\))>>"), "pdf.active"),
    "program": (pdf(page="/Annots[<</Type/Annot/Subtype/Link/A<</S/Launch/F(cmd.exe)>>>>]"), "pdf.active"),
    "form of scripts": (pdf(catalog="/AcroForm<</XFA 1000 0 R>>", more={1000: stream(b"<xdp/>")}), "pdf.active"),
    "media that play": (pdf(page="/Annots[<</Type/Annot/Subtype/RichMedia>>]"), "pdf.active"),
    "file within": (
        pdf(
            catalog="/Names<</EmbeddedFiles<</Names[(a) 1000 0 R]>>>>",
            more={1000: b"<</Type/Filespec/F(a.exe)/EF<</F 1001 0 R>>>>", 1001: stream(b"MZ", "/Type/EmbeddedFile")},
        ),
        "pdf.embedded_files",
    ),
    "file pinned to a page": (pdf(page="/Annots[<</Type/Annot/Subtype/FileAttachment>>]"), "pdf.embedded_files"),
    "encrypted": (
        pdf(
            more={1000: b"<</Filter/Standard/V 1/R 2/O(" + b"0" * 32 + b")/U(" + b"0" * 32 + b")/P -4>>"},
            trailer="/Encrypt 1000 0 R/ID[(a)(b)]",
        ),
        "file.encrypted",
    ),
    "encrypted unknown to us": (
        pdf(more={1000: b"<</Filter/Ours/V 9>>"}, trailer="/Encrypt 1000 0 R/ID[(a)(b)]"),
        "file.encrypted",
    ),
    "not a PDF": (b"MZ" + bytes(1000), "file.damaged"),
    "nothing": (b"", "file.damaged"),
    "noise": (b"%PDF-1.7\n" + os.urandom(5000), "file.damaged"),
    "no pages": (pdf([]), "file.damaged"),
    "cut off": (pdf([TEXT])[:-300], "file.damaged"),
    "begun": (pdf([TEXT])[:200], "file.damaged"),
    "too many pages": (
        pdf(more={2: b"<</Type/Pages/Kids[" + b"10 0 R " * 5001 + b"]/Count 5001>>"}),
        "pdf.too_many_pages",
    ),
    "nested without end": (pdf(more={1000: b"[" * 100_000 + b"]" * 100_000}), "file.bomb"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_may_do_harm_is_refused(save: Save, name: str) -> None:
    data, code = HOSTILE[name]
    assert await refused(save(data)) == code


async def test_what_unpacks_without_end_is_refused_and_stopped(save: Save) -> None:
    """3 MB of text that would be 1.3 GB, set in 60 million lines."""
    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(b"BT /F 12 Tf (a) Tj ET\n" * 40_000) for _ in range(1500)) + packing.flush()
    assert await refused(save(pdf(more={11: stream(packed, "/Filter/FlateDecode")}))) == "file.bomb"


async def test_what_takes_too_long_is_ended_whole(save: Save, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"sleep 60 & echo $! > {started}; wait"
    monkeypatch.setattr(extracting, "_WAIT", 0.5)
    monkeypatch.setattr(extracting, "_command", lambda _kind, _path: ("/bin/sh", "-c", script))
    assert await refused(save(pdf())) == "file.bomb"
    pid = int(started.read_text())
    for _ in range(100):
        if not _runs(pid):
            return
        await asyncio.sleep(0.05)
    pytest.fail("what the process had started goes on")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


async def test_who_says_too_much_is_not_listened_to(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extracting, "_SAID_MOST", 100)
    assert await refused(save(pdf([TEXT] * 4))) == "file.bomb"


async def test_few_at_once(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    running = most = 0

    async def ask(_kind: str, _path: Path) -> dict[str, object]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return {"text": "", "pages": 1, "is_scanned": True}

    monkeypatch.setattr(extracting, "_turns", asyncio.Semaphore(2))
    monkeypatch.setattr(extracting, "_ask", ask)
    await asyncio.gather(*(extract_pdf(save(pdf())) for _ in range(8)))
    assert most == 2


async def test_nothing_of_ours_is_in_its_environment(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDBOOK_FILES_SECRET", "bí mật")
    command = ("/bin/sh", "-c", """printf '{"text":"%s","pages":1,"is_scanned":false}' "$HANDBOOK_FILES_SECRET" """)
    monkeypatch.setattr(extracting, "_command", lambda _kind, _path: command)
    assert (await extract_pdf(save(pdf()))).text == ""


# --- EPUB ---


async def test_the_text_of_chapters_in_the_order_of_the_book(save: Save) -> None:
    data = epub(["<h1>Chương một</h1><p>Đường lối&nbsp;mới\n trong <b>thời</b> kỳ.</p>", "<p>Hết&#x2e;</p>"])
    verify_epub(save(data))
    assert await extract_epub(save(data)) == Extract(
        "Chương một\nĐường lối mới trong thời kỳ.\fHết.", 2, is_scanned=False
    )


EPUBS = {
    "script element": (epub(["<script>alert(1)</script>"]), "file.scripts"),
    "script of another namespace": (epub(["<x:SCRIPT xmlns:x='…'>alert(1)</x:SCRIPT>"]), "file.scripts"),
    "script attribute": (epub(['<p onclick="alert(1)">a</p>']), "file.scripts"),
    "script address": (epub(['<a href=" java&#x0A;script:alert(1)">a</a>']), "file.scripts"),
    "frame": (epub(['<iframe src="https://example.org"/>']), "file.scripts"),
    "drawing with a script": (
        epub(
            manifest='<item id="s" href="a.svg" media-type="image/svg+xml"/>',
            more={"OEBPS/a.svg": '<svg><a xlink:href="javascript:alert(1)"/></svg>'},
        ),
        "file.scripts",
    ),
    "script in a style": (epub(["<style><script>alert(1)</script></style>"]), "file.scripts"),
    "script of an entity": (
        epub(more={"OEBPS/trang 0.xhtml": "<!DOCTYPE html [<!ENTITY x '<script/>'>]><html>&x;</html>"}),
        "file.scripts",
    ),
    "script on a page that is not listed": (epub(more={"OEBPS/b.HTML": "<p onload='a()'>"}), "file.scripts"),
    "file of scripts": (epub(more={"OEBPS/a.js": "alert(1)"}), "file.scripts"),
    "said to have scripts": (epub(properties="scripted"), "file.scripts"),
    "no such package": (epub(more={"META-INF/container.xml": "<container/>"}), "file.damaged"),
    "no such page": (epub(more={"OEBPS/content.opf": epubs.package(["khac.xhtml"])}), "file.damaged"),
    "page beyond": (epub(more={"OEBPS/content.opf": epubs.package(["../../etc/passwd"])}), "file.damaged"),
    "no pages": (epub([]), "file.damaged"),
    "no text": (epub(more={"OEBPS/trang 0.xhtml": b"\xff\xfa\xfb"}), "file.damaged"),
    "encrypted": (
        epub(more={"META-INF/encryption.xml": '<EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes"/>'}),
        "file.encrypted",
    ),
    "encrypted at length": (epub(more={"META-INF/encryption.xml": os.urandom(1_500_000)}), "file.encrypted"),
    "by rights": (epub(more={"META-INF/rights.xml": "<rights/>"}), "file.encrypted"),
    "says nothing": (epub(mimetype=None), "file.type_mismatch"),
    "says something else": (epub(mimetype="application/zip"), "file.type_mismatch"),
    "says so compressed": (epub(compression=zipfile.ZIP_DEFLATED), "file.type_mismatch"),
    "path out of it": (epub(more={"../a.xhtml": "a"}), "file.damaged"),
    "zeros": (epub(more={"OEBPS/a.xhtml": bytes(40_000_000)}), "file.bomb"),
    "a long page": (epub(more={"OEBPS/trang 0.xhtml": os.urandom(9_000_000)}), "file.bomb"),
    "cut off": (epub()[:-50], "file.damaged"),
}


@pytest.mark.parametrize("name", EPUBS)
async def test_books_that_may_do_harm_are_refused(save: Save, name: str) -> None:
    data, code = EPUBS[name]
    assert await refused(save(data), "application/epub+zip") == code


async def test_tags_without_end_cost_bounded_time(save: Save) -> None:
    found = await extract_epub(save(epub(["<p " + "a='" * 200_000, "<b>" * 300_000, "&" * 500_000])))
    assert found.pages == 3


def test_what_takes_long_to_read_is_not_read_as_it_arrives(save: Save) -> None:
    verify_epub(save(EPUBS["no pages"][0]))


def verify_epub(path: Path) -> None:
    kind = type_of_name("sách.epub", "application/epub+zip", STUDY_TYPES)
    with path.open("rb") as file:
        verify(file, kind)


@pytest.mark.parametrize("name", ["says something else", "file of scripts", "encrypted", "zeros", "says nothing"])
def test_what_is_seen_at_once_is_refused_as_it_arrives(save: Save, name: str) -> None:
    data, code = EPUBS[name]
    with pytest.raises(Malformed) as refusal:
        verify_epub(save(data))
    assert refusal.value.code == code


def test_notices_take_what_they_took() -> None:
    with pytest.raises(Malformed, match=r"file\.type_unknown"):
        type_of_name("sách.epub")
    with pytest.raises(Malformed, match=r"file\.form_unknown"):
        type_of_name("báo cáo.docx", types=STUDY_TYPES)
    assert type_of_name("phim.mp4").limit < 200 * 1024 * 1024 < type_of_name("phim.mp4", types=STUDY_TYPES).limit
