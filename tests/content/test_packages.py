"""Zips that are never made: the same bytes whichever part is asked for, and what other programs read from them."""

import asyncio
import io
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.files import LocalFileStore
from content.malformed import Malformed
from content.packages import Member, PackageTooLarge, PackageVersion, Zip, difference, lay_out, read_zip

PATHS = st.from_regex(r"[a-z0-9à-ỹ]{1,12}(/[a-z0-9]{1,8})?\.html", fullmatch=True)
HELD = st.dictionaries(PATHS, st.binary(max_size=300), max_size=8)


def members(held: dict[str, bytes]) -> list[Member]:
    return [Member.of(path, "text/html", data) for path, data in held.items()]


async def whole(package: Zip, files: LocalFileStore, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in read_zip(package, files, start, package.size if end is None else end)])


@given(held=HELD, data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_part_is_that_part_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, held: dict[str, bytes], data: st.DataObject
) -> None:
    files = LocalFileStore(tmp_path_factory.getbasetemp() / "kept")
    package = lay_out(members(held))
    everything = asyncio.run(whole(package, files))
    assert len(everything) == package.size
    start = data.draw(st.integers(0, package.size))
    end = data.draw(st.integers(start, package.size))
    assert asyncio.run(whole(package, files, start, end)) == everything[start:end]
    with zipfile.ZipFile(io.BytesIO(everything)) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == held


@given(held=HELD)
@settings(max_examples=30, deadline=None)
def test_the_same_is_the_same_in_whichever_order(held: dict[str, bytes]) -> None:
    made = lay_out(members(held))
    again = lay_out(reversed(members(held)))
    assert made == again
    if held:
        changed = dict(held) | {next(iter(held)): b"else"}
        assert (lay_out(members(changed)).digest == made.digest) == (changed == held)


async def test_kept_files_lie_in_it_as_they_are(tmp_path: Path) -> None:
    files = LocalFileStore(tmp_path)
    data = bytes(range(256)) * 4_000
    kept = await files.put(data)
    file = Member("files/a.bin", "application/octet-stream", kept.sha256, kept.size, zlib.crc32(data))
    package = lay_out([file, Member.of("index.html", "text/html", b"<p>")])
    with zipfile.ZipFile(io.BytesIO(await whole(package, files))) as read:
        assert read.testzip() is None
        assert read.read("files/a.bin") == data
        assert {info.date_time for info in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_no_plain_zip_can_hold_is_refused() -> None:
    large = Member("a", "video/mp4", "0" * 64, 3 * 2**30, 0)
    for held in ([large, Member("b", "video/mp4", "1" * 64, 2 * 2**30, 0)], [large] * 2_001):
        with pytest.raises(PackageTooLarge):
            lay_out(held)


@given(collection=st.integers(1, 10**8), items=st.lists(st.integers(0, 10**8), min_size=1, max_size=200))
def test_versions_are_read_as_they_are_written(collection: int, items: list[int]) -> None:
    version = PackageVersion(collection, tuple(items))
    assert PackageVersion.read(str(version)) == version


@pytest.mark.parametrize(
    "text", ["", "1", "1-2", "x-1-1", "1-1-1..2", "1-1-", "1-1-1.", "1--1", "1-1-1-1", "1-1-9999999999"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match=r"package\.version_malformed"):
        PackageVersion.read(text)


def test_of_another_format_nothing_is_known() -> None:
    assert PackageVersion.read("999-1-1") is None


def test_who_has_the_old_fetches_what_is_new_and_drops_what_is_gone() -> None:
    assert difference({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "d": "4"}) == (["b", "d"], ["c"])
