"""Folders of study things: what is read of them, and that nothing leads out of them."""

from pathlib import Path

import pytest
from PIL import Image

from content import folders
from content.folders import Broken, Entry, EntryKind, Folder, Held, Item
from content.malformed import Malformed

FENCED = '+++\ntitle = "Sơ cứu"\n{more}+++\n{body}'


def write(root: Path, files: dict[str, str | bytes]) -> Folder:
    for name, said in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(said.encode() if isinstance(said, str) else said)
    return Folder(root)


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), "red").save(path, "PNG")


def text(more: str = "", body: str = "Gọi 115.") -> str:
    return FENCED.format(more=more, body=body)


def only(folder: Folder) -> Item:
    (entry,) = folder.entries
    assert folder.refused == []
    return folder.read(entry)


def codes(folder: Folder, entry: Entry | None = None) -> set[tuple[str, str]]:
    with pytest.raises(Broken) as broken:
        folder.read(entry or folder.entries[0])
    return {(error.pointer, error.code) for error in broken.value.errors}


def refused(folder: Folder) -> set[tuple[str, str, str]]:
    return {(path, error.pointer, error.code) for path, error in folder.refused}


def test_a_text_is_a_material(tmp_path: Path) -> None:
    more = 'tags = ["sơ cứu"]\nissued_on = 2026-01-02\nchange = "Số mới"\n'
    item = only(write(tmp_path, {"Sơ Cứu 1.md": text(more, "\r\n# Một\r\n\nHai\n\n")}))
    assert item.entry == Entry("Sơ Cứu 1.md", EntryKind.MATERIAL, "so-cuu-1")
    assert item.fields == {"title": "Sơ cứu", "tags": ["sơ cứu"], "issued_on": "2026-01-02", "body": "# Một\n\nHai"}
    assert (item.change, item.files, item.holds) == ("Số mới", (), ())


def test_pictures_are_named_by_their_bytes(tmp_path: Path) -> None:
    picture(tmp_path / "bài" / "ảnh" / "sơ đồ.png")
    body = (
        "![a](../ảnh/sơ%20đồ.png) ![b](<../ảnh/sơ đồ.png> 'tên')\n\n"
        "![c][d] ![ngoài](https://example.org/x.png)\n\n[d]: ../ảnh/sơ%20đồ.png\n"
    )
    folder = write(tmp_path, {"bài/một/một.md": text(body=body)})
    item = only(folder)
    (file,) = item.files
    assert (file.path, file.name) == ("bài/ảnh/sơ đồ.png", "sơ đồ.png")
    assert item.fields["body"] == (
        f"![a](file:{file.sha256}) ![b](<file:{file.sha256}> 'tên')\n\n"
        f"![c][d] ![ngoài](https://example.org/x.png)\n\n[d]: file:{file.sha256}"
    )
    assert len(folder.path(file).read_bytes()) == file.kept.size


def test_a_file_goes_with_its_text_or_stands_alone(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "tệp/nq57.pdf": b"%PDF-1.7",
        "Điều lệ_2026.pdf": b"%PDF-1.7 b",
        "một.md": text('file = "tệp/nq57.pdf"\n'),
    }
    folder = write(tmp_path, files)
    assert [(entry.path, entry.slug) for entry in folder.entries] == [
        ("một.md", "mot"),
        ("Điều lệ_2026.pdf", "dieu-le-2026"),
    ]
    with_text, alone = (folder.read(entry) for entry in folder.entries)
    assert with_text.fields["file"] == {"sha256": with_text.files[0].sha256, "name": "nq57.pdf"}
    assert alone.fields["title"] == "Điều lệ 2026"
    assert alone.fields["file"]["name"] == "Điều lệ_2026.pdf"


def test_collections_come_last_and_hold_by_slug(tmp_path: Path) -> None:
    said = 'title = "Chuyên đề"\ndue_at = 2026-12-31T17:00:00+07:00\n'
    items = 'items = [{material = "a"}, {quiz = "hoi", required = false}]\n'
    question = '[[questions]]\nkind = "single"\ntext = "Gọi số nào?"\n'
    folder = write(
        tmp_path,
        {
            "cd/collection.toml": said + items,
            "cd/hỏi/quiz.toml": f'title = "Hỏi"\nslug = "hoi"\n{question}',
            "z.md": text(),
            ".git/x.md": "",
            "__MACOSX/y.md": "",
            "ghi chú.txt": "",
        },
    )
    assert [entry.slug for entry in folder.entries] == ["z", "hoi", "cd"]
    _, quiz, collection = (folder.read(entry) for entry in folder.entries)
    assert quiz.fields["questions"] == [{"kind": "single", "text": "Gọi số nào?"}]
    assert collection.fields == {"title": "Chuyên đề", "due_at": "2026-12-31T17:00:00+07:00"}
    assert collection.holds == (Held(EntryKind.MATERIAL, "a", True), Held(EntryKind.QUIZ, "hoi", False))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("# Một", "folder.front_matter_missing"),
        ("---\ntitle: Một\n---\n", "folder.front_matter_yaml"),
        ("+++\ntitle = \n+++\n", "folder.toml_malformed"),
        ("+++\ntitle = " + "[" * 5_000 + "\n+++\n", "folder.toml_malformed"),
        (f"+++\nn = {'9' * 5_000}\n+++\n", "folder.toml_malformed"),
        ('+++\ntitle = "a"\n', "folder.front_matter_missing"),
        (f'+++\ntitle = "{"a" * 40_000}"\n+++\n', "folder.text_too_long"),
        (text(body="a" * 600_000), "folder.text_too_long"),
        (b"+++\ntitle = '\xff'\n+++\n", "file.not_utf8"),
    ],
)
def test_what_cannot_be_read_is_refused_alone(said: str | bytes, code: str, tmp_path: Path) -> None:
    folder = write(tmp_path, {"một.md": said, "hai.md": text()})
    assert refused(folder) == {("một.md", "", code)}
    assert [entry.path for entry in folder.entries] == ["hai.md"]


def test_slugs_that_are_taken_twice_are_refused_both(tmp_path: Path) -> None:
    folder = write(tmp_path, {"một.md": text(), "b/một.md": text(), "hai.md": text('slug = "ba"\n')})
    assert refused(folder) == {(path, "/slug", "folder.slug_repeated") for path in ("một.md", "b/một.md")}
    assert [entry.slug for entry in folder.entries] == ["ba"]
    assert refused(write(tmp_path / "c", {"!.md": text()})) == {("!.md", "/slug", "folder.slug_missing")}


@pytest.mark.parametrize(
    ("more", "body", "found"),
    [
        ('file = "không.pdf"\n', "", ("/file", "folder.file_missing")),
        (f'file = "{"a" * 300}.pdf"\n', "", ("/file", "folder.file_missing")),
        ('file = "../x.pdf"\n', "", ("/file", "folder.outside")),
        ('file = "/etc/x.pdf"\n', "", ("/file", "folder.outside")),
        ("file = 1\n", "", ("/file", "string_type")),
        ('file = "trang.html"\n', "", ("/file", "file.form_unknown")),
        ("", "![a](../../x.png)", ("/body", "folder.outside")),
        ("", "![a](..%2f..%2fx.png)", ("/body", "folder.outside")),
        ("", "![a](..\\x.png)", ("/body", "folder.outside")),
        ("", "![a](không.png)", ("/body", "folder.file_missing")),
        ("", "![a](trang.svg)", ("/body", "file.form_unknown")),
    ],
)
def test_what_leads_elsewhere_is_refused(more: str, body: str, found: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "trang.html").write_text("<p>")
    (tmp_path / "trang.svg").write_text("<svg onload='x'/>")
    assert codes(write(tmp_path, {"một.md": text(more, body)})) == {found}


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "ngoài"
    picture(outside / "bí mật.png")
    (outside / "bí mật.md").write_text(text())
    root = tmp_path / "trong"
    folder = write(root, {"một.md": text(body="![a](ảnh.png)"), "hai.md": text(body="![a](thư%20mục/bí%20mật.png)")})
    (root / "ảnh.png").symlink_to(outside / "bí mật.png")
    (root / "ba.md").symlink_to(outside / "bí mật.md")
    (root / "thư mục").symlink_to(outside)
    folder = Folder(root)
    assert refused(folder) == {("ba.md", "", "folder.outside")}
    assert [codes(folder, entry) for entry in folder.entries] == [{("/body", "folder.outside")}] * 2


@pytest.mark.parametrize(
    ("items", "pointer", "code"),
    [
        ('[{thing = "a"}]', "/items/0", "folder.item_malformed"),
        ('[{material = "a", quiz = "b"}]', "/items/0", "folder.item_malformed"),
        ("[{material = 1}]", "/items/0", "folder.item_malformed"),
        ('[{material = "a", due = 1}]', "/items/0", "folder.item_malformed"),
        ('[{material = "a", required = 1}]', "/items/0/required", "bool_type"),
        ('"a"', "/items/0", "folder.item_malformed"),
    ],
)
def test_broken_manifests_are_refused(items: str, pointer: str, code: str, tmp_path: Path) -> None:
    folder = write(tmp_path, {"cd/collection.toml": f'title = "Chuyên đề"\nitems = {items}\n'})
    assert codes(folder) == {(pointer, code)}


def test_there_are_not_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "FILES_MOST", 2)
    with pytest.raises(Malformed, match="too_many_files"):
        write(tmp_path, {f"{n}.txt": "" for n in range(3)})
