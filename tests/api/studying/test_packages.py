"""Collections to take along: complete, the same to the byte, resumable, and for nobody else."""

import io
import re
import zipfile
from typing import Any

import pytest
from PIL import Image

from tests.api.conftest import As, Client
from tests.api.problem_details import codes
from tests.api.studying.shelves import TEXT, Shelf


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(written, "PNG")
    return written.getvalue()


@pytest.fixture
async def held(shelf: Shelf) -> dict[str, Any]:
    """A collection of a text with a picture, and a quiz."""
    sent = await shelf.client.post(
        "/v1/files", params={"name": "hinh.png"}, content=picture(), headers={"Content-Type": "image/png"}
    )
    assert sent.status_code == 201, sent.text
    text = f"# Bài một\n\n![Sơ đồ](file:{sent.json()['sha256']})\n\nĐoạn[^1].\n\n[^1]: Chú thích <b>."
    text += f'\n\nViết là `src="/v1/files/{"0" * 64}"`.'  # which is said, and leads nowhere
    first = await shelf.published(TEXT | {"title": "Bài 1 < 2", "body": text}, slug="bai-mot")
    second = await shelf.published(TEXT, slug="bai-hai")
    options = [{"text": "Phải", "is_right": True}, {"text": "Trái"}]
    asked = {"title": "Ôn tập", "questions": [{"kind": "single", "text": "Đi đường nào?", "options": options}]}
    quiz = await shelf.published(asked, "quizzes")
    items = [{"kind": "material", "id": first["id"]}, {"kind": "material", "id": second["id"], "is_required": False}]
    items.append({"kind": "quiz", "id": quiz["id"]})
    content = {"title": "Chuyên đề", "items": items, "due_at": "2026-12-31T16:00:00Z"}
    made = await shelf.published(content, "collections", slug="chuyen-de")
    return {"id": made["id"], "first": first["id"], "second": second["id"], "picture": sent.json()["sha256"]}


async def package(client: Client, held: dict[str, Any], **params: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/collections/{held['id']}/package", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_package_is_all_there_is_and_needs_nothing_else(held: dict[str, Any], member: Client) -> None:
    said = await package(member, held)
    answer = await member.get(f"/v1/collections/{held['id']}/package.zip")
    assert (answer.status_code, len(answer.content)) == (200, said["size"])
    assert answer.headers["etag"] == f'"{said["digest"]}"'
    assert answer.headers["content-disposition"] == 'attachment; filename="chuyen-de.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as read:
        assert read.testzip() is None
        assert read.namelist() == [file["path"] for file in said["files"]]
        pages = {name: read.read(name).decode() for name in read.namelist() if name.endswith(".html")}
        assert read.read(f"files/{held['picture']}.png") == picture()
    assert sorted(pages) == ["001-bai-mot.html", "002-bai-hai.html", "003-on-tap.html", "index.html"]
    assert "31/12/2026" in pages["index.html"]
    assert "Bài 1 &lt; 2" in pages["index.html"]
    assert f'src="files/{held["picture"]}.png"' in pages["001-bai-mot.html"]
    everything = "".join(pages.values()).replace(f'src="/v1/files/{"0" * 64}"', "")
    assert not re.search(r'(src|href)="(?!files/|#|\d{3}-|index\.html)', everything)
    assert "is_right" not in everything
    assert "<script" not in everything
    assert everything.count("default-src 'none'") == len(pages)


async def test_the_same_bytes_whenever_and_in_parts(held: dict[str, Any], member: Client, acting_as: As) -> None:
    path = f"/v1/collections/{held['id']}/package.zip"
    whole = await member.get(path)
    tag, size = whole.headers["etag"], len(whole.content)
    got = b""
    for first in range(0, size, 4_096):
        last = min(first + 4_095, size - 1)
        part = await acting_as("fellow").get(path, headers={"Range": f"bytes={first}-{last}", "If-Range": tag})
        assert part.status_code == 206
        got += part.content
    assert got == whole.content
    assert (await member.get(path, headers={"If-None-Match": tag})).status_code == 304
    assert (await member.get(path, headers={"Range": f"bytes={size}-"})).status_code == 416
    assert (await member.head(path)).headers["content-length"] == str(size)


async def test_what_changed_since_is_told(held: dict[str, Any], member: Client, shelf: Shelf) -> None:
    old = await package(member, held)
    assert (await package(member, held, since=old["version"]))["changes"] == {"fetch": [], "drop": []}
    await shelf.change(held["first"], {"body": "Bài viết lại."})
    await shelf.do(held["first"], "publish")
    await shelf.do(held["second"], "withdraw")
    new = await package(member, held, since=old["version"])
    changes = new["changes"]
    assert set(changes["fetch"]) == {"index.html", "001-bai-mot.html", "002-on-tap.html"}
    assert set(changes["drop"]) == {"002-bai-hai.html", "003-on-tap.html", f"files/{held['picture']}.png"}
    paths = {file["path"]: file["sha256"] for file in old["files"] if file["path"] not in changes["drop"]}
    assert {path for path in paths if path not in changes["fetch"]} | set(changes["fetch"]) == {
        file["path"] for file in new["files"]
    }
    unknown = await package(member, held, since="999-1-1")
    assert unknown["changes"]["fetch"] == [file["path"] for file in unknown["files"]]
    for wrong in ("../x", "1-1-"):
        refused = await member.get(f"/v1/collections/{held['id']}/package", params={"since": wrong})
        assert (refused.status_code, codes(refused)) == (422, {"/query/since": "package.version_malformed"})


async def test_it_is_nobody_elses(held: dict[str, Any], acting_as: As) -> None:
    for name in ("neighbour", "stranger"):
        for path in ("package", "package.zip"):
            assert (await acting_as(name).get(f"/v1/collections/{held['id']}/{path}")).status_code == 404
        assert (await acting_as(name).get(f"/v1/files/{held['picture']}")).status_code == 404
    assert (await acting_as("member").get(f"/v1/files/{held['picture']}")).status_code == 200
