"""Bringing folders in: new, changed, same, refused; and nothing of what is refused."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from api import documentation, unpacking
from api.parts import Parts
from models.file_texts import FileText
from models.files import File, keep_file
from models.study.table import Study, StudyVersion
from tests.api.attending.meetings import stored
from tests.api.conftest import As, Client, counts
from tests.api.importing.folders import bring, picture, post, problems, results, text, zipped
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.pdfs import pdf
from tests.queries import counting

QUIZ = """
title = "Hỏi nhanh"
slug = "hoi-nhanh"
pass_mark = 80

[[questions]]
kind = "single"
text = "Gọi cấp cứu số nào?"
options = [{text = "115", is_right = true}, {text = "113"}]
"""
FOLDER: dict[str, str | bytes] = {
    "bài/một.md": text("Bài một", "Xem ![sơ đồ](../ảnh/a.png).", tags='["sơ cứu"]', issued_on="2026-01-02"),
    "bài/hai.md": text("Bài hai", "Kèm tệp.", file='"nq.pdf"', document_no='"57-NQ/TW"'),
    "bài/nq.pdf": pdf(["Nghị quyết"]),
    "ảnh/a.png": picture(),
    "chuyen-de/collection.toml": (
        'title = "Chuyên đề"\ndue_at = 2026-12-31T17:00:00+07:00\n'
        'items = [{material = "mot"}, {material = "hai", required = false}, {quiz = "hoi-nhanh"}]\n'
    ),
    "chuyen-de/quiz.toml": QUIZ,
}


async def titles(client: Client, kind: str = "materials") -> set[str]:
    return {item["title"] for item in (await client.get(f"/v1/{kind}")).json()["items"]}


async def test_a_folder_is_published(
    editor: Client, member: Client, acting_as: As, organisation: Organisation, parts: Parts
) -> None:
    outcome = await bring(editor, organisation, FOLDER)
    assert {name: outcome[name] for name in ("dry_run", "new", "changed", "same", "refused")} == {
        "dry_run": False,
        "new": 4,
        "changed": 0,
        "same": 0,
        "refused": 0,
    }
    assert {(thing["kind"], thing["slug"], thing["version"]) for thing in outcome["things"]} == {
        ("material", "mot", 1),
        ("material", "hai", 1),
        ("quiz", "hoi-nhanh", 1),
        ("collection", "chuyen-de", 1),
    }
    assert await titles(member) == {"Bài một", "Bài hai"}
    by_slug = {thing["slug"]: thing for thing in outcome["things"]}
    shown = (await member.get(f"/v1/materials/{by_slug['hai']['id']}")).json()
    assert (shown["form"], shown["file"]["name"], shown["document_no"]) == ("pdf", "nq.pdf", "57-NQ/TW")
    collection = (await member.get(f"/v1/collections/{by_slug['chuyen-de']['id']}")).json()
    assert [(item["title"], item["is_required"]) for item in collection["items"]] == [
        ("Bài một", True),
        ("Bài hai", False),
        ("Hỏi nhanh", True),
    ]
    assert datetime.fromisoformat(collection["due_at"]) == datetime(2026, 12, 31, 10, tzinfo=UTC)
    assert await titles(acting_as("neighbour")) == set()
    files = await stored(parts, File)
    assert {file.media_type for file in files} == {"application/pdf", "image/png"}
    for file in files:
        assert await parts.files.size(file.sha256) == file.size


async def test_the_guide_says_how_it_is(editor: Client, organisation: Organisation) -> None:
    guide = Path(documentation.__file__).parent / "guides" / "folders.md"
    _, words, collection, quiz = (part.lstrip("\n") for part in guide.read_text().split("```")[1::2])
    folder: dict[str, str | bytes] = {
        "so-cuu/bong.md": words,
        "so-cuu/gay-xuong.md": text(),
        "so-cuu/tep/bong.pdf": pdf(["Nghị quyết"]),
        "so-cuu/anh/doi-nuoc.png": picture(),
        "so-cuu/collection.toml": collection,
        "so-cuu/quiz.toml": quiz,
    }
    assert (await bring(editor, organisation, folder))["new"] == 4


async def test_again_it_is_the_same_and_what_changed_is_one_new_version(
    editor: Client, member: Client, organisation: Organisation, parts: Parts, clock: StandingClock
) -> None:
    await bring(editor, organisation, FOLDER)
    before = await counts(parts)
    again = await bring(editor, organisation, FOLDER)
    assert (again["same"], set(results(again).values())) == (4, {"same"})
    assert await counts(parts) == before
    clock.advance(minutes=1)
    changed = FOLDER | {
        "bài/một.md": text("Bài một", "Viết lại ![sơ đồ](../ảnh/a.png).", change='"Viết lại"'),
        "ảnh/a.png": picture("blue"),
    }
    outcome = await bring(editor, organisation, changed)
    assert (outcome["changed"], outcome["same"], results(outcome)["bài/một.md"]) == (1, 3, "changed")
    (thing,) = [thing for thing in outcome["things"] if thing["result"] == "changed"]
    assert thing["version"] == 2
    log = (await member.get(f"/v1/materials/{thing['id']}/versions")).json()["items"]
    assert [(each["version"], each["change"]) for each in log] == [(2, "Viết lại"), (1, None)]
    assert (await bring(editor, organisation, changed))["same"] == 4
    assert len(await stored(parts, StudyVersion)) == 5


async def test_a_dry_run_says_the_same_and_writes_nothing(
    editor: Client, organisation: Organisation, parts: Parts
) -> None:
    before = await counts(parts)
    outcome = await bring(editor, organisation, FOLDER | {"ba.md": "không"}, dry_run=True)
    assert (outcome["dry_run"], outcome["new"], outcome["refused"]) == (True, 4, 1)
    assert await counts(parts) == before
    assert list(parts.settings.files.rglob("*")) == [] or not any(p.is_file() for p in parts.settings.files.rglob("*"))
    await bring(editor, organisation, FOLDER)
    outcome = await bring(editor, organisation, FOLDER | {"bài/một.md": text("Khác")}, dry_run=True)
    assert (outcome["changed"], outcome["same"]) == (1, 3)
    assert await titles(editor) == {"Bài một", "Bài hai"}


async def test_the_rest_goes_in_where_something_is_refused(
    editor: Client, member: Client, organisation: Organisation, parts: Parts
) -> None:
    outcome = await bring(
        editor,
        organisation,
        {
            "tốt.md": text("Tốt"),
            "thẻ.md": text("<script>alert(1)</script>"),
            "rỗng.md": text(body=""),
            "lạ.md": text(author='"Ai"'),
            "mức.md": text(level='"khó"'),
            "ngày.md": text(issued_on="2026-01-02T03:04:05Z"),
            "hình.md": text(body="![a](hỏng.png)"),
            "tệp.md": text(file='"hỏng.pdf"'),
            "hỏng.png": b"<svg onload='x'/>",
            "hỏng.pdf": b"%PDF-1.7 ...",
            "slug.md": text(slug='"Viết Hoa"'),
            "a/collection.toml": 'title = "A"\nitems = [{material = "tot"}, {material = "khong-co"}]\n',
            "b/collection.toml": 'title = "B"\nitems = [{material = "the"}]\n',
            "c/collection.toml": 'title = "C"\n',
            "c/quiz.toml": 'title = "Không đáp án"\n[[questions]]\nkind = "single"\ntext = "?"\noptions = []\n',
        },
    )
    assert results(outcome) == {path: "new" if path == "tốt.md" else "refused" for path in results(outcome)}
    found = problems(outcome)
    assert found["thẻ.md"] == {"/title": "text.markup"}
    assert found["rỗng.md"] == {"": "material.empty"}
    assert found["lạ.md"] == {"/author": "extra_forbidden"}
    assert found["mức.md"].keys() == {"/level"}
    assert found["ngày.md"].keys() == {"/issued_on"}
    assert found["hình.md"].keys() == {"/body"}
    assert found["tệp.md"] == {"/file": "file.damaged"}
    assert found["slug.md"].keys() == {"/slug"}
    assert found["a/collection.toml"] == {"/items/1": "folder.item_unknown"}
    assert found["b/collection.toml"] == {"/items/0": "folder.item_unknown"}
    assert found["c/collection.toml"].keys() == {"/items"}
    assert any(pointer.startswith("/questions/0") for pointer in found["c/quiz.toml"])
    assert await titles(member) == {"Tốt"}
    assert [study.slug for study in await stored(parts, Study)] == ["tot"]
    assert await stored(parts, File) == []


async def test_a_scanned_pdf_is_said_to_be_so(editor: Client, organisation: Organisation, parts: Parts) -> None:
    folder = {"chữ.pdf": pdf(["Nghị quyết"]), "ảnh.pdf": pdf(["", "", "Trang ba"])}
    for dry_run in (True, False, False):
        outcome = await bring(editor, organisation, folder, dry_run=dry_run)
        assert {thing["path"]: thing["scanned"] for thing in outcome["things"]} == {"chữ.pdf": False, "ảnh.pdf": True}
    assert {file.crc32 is None for file in await stored(parts, File)} == {False}


async def test_what_was_kept_as_something_else_is_looked_into(
    editor: Client, organisation: Organisation, parts: Parts
) -> None:
    """As an attachment of a notice, of which nobody took the text."""
    kept = await parts.files.put(pdf([""]))
    async with parts.transaction() as session:
        await keep_file(session, kept.sha256, kept.size, "application/pdf")
    for _ in range(2):
        (thing,) = (await bring(editor, organisation, {"a.pdf": pdf([""])}))["things"]
        assert thing["scanned"]
    (text_found,) = await stored(parts, FileText)
    assert (text_found.sha256, text_found.pages) == (kept.sha256, 1)


async def test_a_pdf_that_does_something_is_refused(editor: Client, organisation: Organisation, parts: Parts) -> None:
    runs = "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
    outcome = await bring(editor, organisation, {"a.pdf": pdf(["Chữ"], catalog=runs), "b.md": text()})
    assert problems(outcome) == {"a.pdf": {"/file": "pdf.active"}}
    assert await stored(parts, File) == []
    assert not any(path.is_file() for path in parts.settings.files.rglob("*"))


async def test_what_was_withdrawn_is_not_brought_back(editor: Client, organisation: Organisation) -> None:
    (thing,) = (await bring(editor, organisation, {"mot.md": text()}))["things"]
    revision = (await editor.get(f"/v1/materials/{thing['id']}/draft")).json()["revision"]
    headers = {"If-Match": f'"r{revision}-x"'}
    assert (await editor.post(f"/v1/materials/{thing['id']}/withdraw", json={}, headers=headers)).status_code == 200
    for said in (text(), text("Khác")):
        assert problems(await bring(editor, organisation, {"mot.md": said})) == {"mot.md": {"": "study.withdrawn"}}


async def test_a_draft_of_that_name_is_published(editor: Client, member: Client, organisation: Organisation) -> None:
    draft = {
        "branch_id": str(organisation.branch("chibo").id),
        "slug": "mot",
        "title": "Sơ cứu căn bản",
        "body": "Gọi 115.",
    }
    assert (await editor.post("/v1/materials", json=draft)).status_code == 201
    outcome = await bring(editor, organisation, {"mot.md": text()})
    assert (outcome["changed"], outcome["things"][0]["version"]) == (1, 1)
    assert await titles(member) == {"Sơ cứu căn bản"}


@pytest.mark.usefixtures("unchanged")
async def test_only_those_bring_in_who_may_publish(acting_as: As, organisation: Organisation) -> None:
    body = zipped({"mot.md": text()})
    for name, branch, status in (
        ("member", "chibo", 403),
        ("secretary", "chibo", 403),
        ("editor", "chibo2", 403),
        ("editor", "xa", 403),
        ("stranger_admin", "chibo", 403),
        (None, "chibo", 401),
    ):
        assert_problem(await post(acting_as(name), organisation, body, branch), status)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "file.damaged"),
        (b"no zip", "file.damaged"),
        (zipped({"../ngoai.md": text()}), "file.damaged"),
        (zipped({"/etc/ngoai.md": text()}), "file.damaged"),
        (zipped({"a\\..\\b.md": text()}), "file.damaged"),
        (zipped({"a": "tệp", "a/b.md": text()}), "file.damaged"),
        (zipped({"a" * 300 + ".md": text()}), "file.damaged"),
        (zipped({"to.md": b"\0" * 40_000_000}), "file.bomb"),
        (zipped({"một.md": text()})[:-30], "file.damaged"),
    ],
    ids=["empty", "none", "up", "root", "backslash", "folder and file", "long name", "bomb", "cut"],
)
async def test_what_is_no_good_zip_is_refused_whole(
    body: bytes, code: str, editor: Client, organisation: Organisation, parts: Parts
) -> None:
    assert codes(await post(editor, organisation, body)) == {"": code}
    assert [path.name for path in parts.settings.data_dir.glob("unpacked-*")] == []
    assert not any(path.is_file() for path in parts.settings.files.rglob("*"))
    assert not (parts.settings.data_dir.parent / "ngoai.md").exists()


async def test_a_link_within_a_zip_is_a_text_of_its_target(editor: Client, organisation: Organisation) -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        link = zipfile.ZipInfo("mot.md")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    answer = await post(editor, organisation, written.getvalue())
    assert problems(answer.json()) == {"mot.md": {"": "folder.front_matter_missing"}}


@pytest.mark.usefixtures("unchanged")
async def test_what_is_too_large_or_too_much_at_once_is_refused(
    editor: Client, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ARCHIVE_MOST", 100)
    assert_problem(await post(editor, organisation, zipped({"mot.md": text()})), 413, "file.too_large")
    async with unpacking._unpacking:
        assert_problem(await post(editor, organisation, b""), 503, "unavailable")


async def test_hundreds_twice(
    editor: Client, organisation: Organisation, parts: Parts, *, database_kind: str, is_long: bool
) -> None:
    """In the long form two thousand on the embedded database; else some, in the same way."""
    number = 120 if database_kind == "postgresql" else 2_000 if is_long else 200
    folder: dict[str, str | bytes] = {f"bai-{n:04}.md": text(f"Bài {n}") for n in range(number)}
    with counting(parts.database) as first:
        assert (await bring(editor, organisation, folder))["new"] == number
    before = await counts(parts)
    with counting(parts.database) as second:
        assert (await bring(editor, organisation, folder))["same"] == number
    assert await counts(parts) == before
    assert len(second) < len(first) / 50
    assert len([one for one in second if not one.startswith("SELECT")]) == 0
    folder["bai-0007.md"] = text("Bài 7", "Khác.")
    outcome = await bring(editor, organisation, folder)
    assert (outcome["changed"], outcome["same"]) == (1, number - 1)
    async with parts.database.reading() as session:
        versions = (await session.execute(select(col(StudyVersion.version)))).scalars().all()
    assert sorted(versions)[-2:] == [1, 2]
    assert len(versions) == number + 1
