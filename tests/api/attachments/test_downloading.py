"""Downloads: whole, in part, resumed, and never run by a browser."""

from urllib.parse import unquote

import pytest

from tests import samples
from tests.api.attachments.sending import attached
from tests.api.conftest import As, Client
from tests.api.problem_details import assert_problem
from tests.serving import FEED, Desk

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
DATA = "Kính mời các đồng chí dự họp. ".encode() * 20_000


@pytest.fixture(params=["of the notice", "by its content"])
async def address(request: pytest.FixtureRequest, secretary: Client, desk: Desk) -> str:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    sha256 = await attached(secretary, draft.id, DATA, "Toàn văn.txt")
    return f"{FEED}/{draft.id}/attachments/{sha256}" if request.param == "of the notice" else f"/v1/files/{sha256}"


async def test_a_file_comes_as_it_was_sent(secretary: Client, address: str) -> None:
    answer = await secretary.get(address)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{address.rpartition("/")[2]}"'
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "content-encoding" not in answer.headers
    held = await secretary.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (held.status_code, held.content) == (304, b"")
    assert {"etag", "cache-control"} <= set(held.headers) <= {"etag", "cache-control", "vary", "x-request-id"}
    head = await secretary.head(address)
    assert (head.status_code, head.content) == (200, b"")
    different = {"x-request-id"}
    assert {n: v for n, v in head.headers.items() if n not in different} == {
        n: v for n, v in answer.headers.items() if n not in different
    }


PARTS = [
    ("bytes=0-0", 0, 1),
    ("bytes=0-99", 0, 100),
    ("bytes=300000-300009", 300_000, 300_010),
    ("Bytes=100-", 100, len(DATA)),
    ("bytes=-10", len(DATA) - 10, len(DATA)),
    (f"bytes=-{len(DATA) * 2}", 0, len(DATA)),
    (f"bytes={len(DATA) - 1}-", len(DATA) - 1, len(DATA)),
    (f"bytes=10-{10**17}", 10, len(DATA)),
]


@ON_SQLITE
async def test_a_part_comes_as_it_is_asked_for(secretary: Client, address: str) -> None:
    for wanted, start, end in PARTS:
        answer = await secretary.get(address, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (206, DATA[start:end]), wanted
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
        assert answer.headers["content-length"] == str(end - start)
        head = await secretary.head(address, headers={"Range": wanted})
        assert (head.status_code, head.headers["content-length"]) == (206, str(end - start))


@ON_SQLITE
async def test_beyond_the_end_there_is_nothing(secretary: Client, address: str) -> None:
    for wanted in (f"bytes={len(DATA)}-", f"bytes={len(DATA) + 5}-{len(DATA) + 9}", "bytes=-0"):
        answer = await secretary.get(address, headers={"Range": wanted})
        assert_problem(answer, 416, "range.unsatisfiable")
        assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


NO_RANGES = (
    *("bytes=0-1,5-6", "bytes=5-4", "bytes=-", "bytes=", "bytes=a-b", "bytes 0-1", "rows=0-1", "bytes=0-1-2", "", "-1"),
    *("bytes=" + "9" * 30 + "-", "bytes=0-" + "9" * 5000),
)


@ON_SQLITE
async def test_what_is_no_single_range_brings_the_whole(secretary: Client, address: str) -> None:
    for wanted in NO_RANGES:
        answer = await secretary.get(address, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (200, DATA), wanted
        assert "content-range" not in answer.headers


@ON_SQLITE
async def test_a_part_of_other_bytes_brings_the_whole(secretary: Client, address: str) -> None:
    tag = f'"{address.rpartition("/")[2]}"'
    for said, status in (
        (tag, 206),
        (f'"{"0" * 64}"', 200),
        (f"W/{tag}", 200),
        ("Sun, 22 Nov 2026 00:00:00 GMT", 200),
    ):
        answer = await secretary.get(address, headers={"Range": "bytes=5-", "If-Range": said})
        assert (answer.status_code, answer.content) == (status, DATA[5:] if status == 206 else DATA), said
    held = await secretary.get(address, headers={"Range": "bytes=9999999-", "If-None-Match": tag})
    assert held.status_code == 304


async def test_a_download_is_resumed_where_it_broke_off(secretary: Client, address: str) -> None:
    got, tag = b"", ""
    while len(got) < len(DATA):
        headers = {"Range": f"bytes={len(got)}-", **({"If-Range": tag} if tag else {})}
        answer = await secretary.get(address, headers=headers)
        assert answer.status_code == 206
        tag = answer.headers["etag"]
        got += answer.content[: 77_777 if len(got) < 400_000 else None]
    assert got == DATA


SAVED_AS = {
    "Nghị quyết số 5.pdf": "Nghi quyet so 5.pdf",
    "Đề án đổi mới.pdf": "De an doi moi.pdf",
    "50%, 'mới'; tệp.pdf": "50_, 'moi'; tep.pdf",
    "会议 😀.pdf": "__ _.pdf",
    "plain.pdf": "plain.pdf",
}


@ON_SQLITE
async def test_it_is_saved_under_its_name(secretary: Client, desk: Desk) -> None:
    for name, ascii_name in SAVED_AS.items():
        draft = await desk.publish("chibo", "Nghị quyết", draft=True)
        sha256 = await attached(secretary, draft.id, samples.PDF, name)
        said = (await secretary.get(f"{FEED}/{draft.id}/attachments/{sha256}")).headers["content-disposition"]
        assert said.startswith(f'attachment; filename="{ascii_name}"')
        assert said.isascii()
        assert unquote(said.partition("filename*=UTF-8''")[2]) == ("" if name == ascii_name else name)


async def test_a_file_that_the_storage_lost_is_not_found(secretary: Client, desk: Desk) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    sha256 = await attached(secretary, draft.id)
    files = desk.app.state.parts.files
    await files.delete(sha256)
    for address in (f"{FEED}/{draft.id}/attachments/{sha256}", f"/v1/files/{sha256}"):
        assert_problem(await secretary.get(address), 404, "not_found")


async def test_a_photo_is_resumed_too(member: Client, acting_as: As) -> None:
    answer = await member.put(
        "/v1/me/photo", content=samples.picture("JPEG", side=300), headers={"Content-Type": "image/jpeg"}
    )
    address = f"/v1/files/{answer.json()['photo']}"
    whole = await acting_as("fellow").get(address)
    assert "content-disposition" not in whole.headers
    rest = await acting_as("fellow").get(address, headers={"Range": "bytes=20-"})
    assert (rest.status_code, rest.content) == (206, whole.content[20:])
