"""Files far larger than what a process may take for them: sent, broken off, resumed, and the same to the bit."""

import asyncio
import hashlib
import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.security.claims import unresolved
from api.security.keys import KeyringFile
from api.security.tokens import Tokens
from api.settings import Settings
from models.database import utc_now
from tests import samples
from tests.buckets import new_bucket, object_storage
from tests.organisation import Organisation
from tests.serving import listening, until

MB = 1024 * 1024
EXTRA_MOST = 64 * MB
PIECE = 64 * 1024


def film(size: int, seed: int = 6) -> Iterator[bytes]:
    """An MP4 of so many bytes, the same for a seed, that nothing can compress."""
    begins = samples.mp4()[: -64 - 8]
    left = size - len(begins) - 8
    yield begins + (left + 8).to_bytes(4) + b"mdat"
    noise = random.Random(seed)
    while left > 0:
        piece = noise.randbytes(min(PIECE, left))
        left -= len(piece)
        yield piece


class Memory:
    """What a process of `handbook serve` takes, found by the port it was told."""

    def __init__(self, url: str) -> None:
        said = f"HANDBOOK_PORT={urlsplit(url).port}".encode()
        self._process = next(
            path.parent for path in Path("/proc").glob("[0-9]*/environ") if said in _read(path).split(b"\0")
        )
        (self._process / "clear_refs").write_text("5")  # forget the peak
        self._before = self._value("VmRSS")

    def extra(self) -> int:
        """Bytes, at the worst moment since the beginning."""
        return self._value("VmHWM") - self._before

    def _value(self, name: str) -> int:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended, or is somebody else's
        return b""


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that keeps files in a folder or in a bucket."""
    with ExitStack() as stack:
        if request.param == "bucket":
            bucket = new_bucket(stack.enter_context(object_storage()))
            monkeypatch.setenv("HANDBOOK_FILES_URL", f"s3://{bucket.name}/{bucket.prefix}")
            for name, value in (("ENDPOINT", bucket.endpoint), ("KEY", bucket.key), ("SECRET", bucket.secret)):
                monkeypatch.setenv(f"HANDBOOK_FILES_{name}", value or "")
        (served,) = stack.enter_context(listening(settings))
        yield served


@pytest.fixture
async def editor(url: str, settings: Settings, organisation: Organisation) -> AsyncIterator[httpx.AsyncClient]:
    person = organisation.person("editor")
    token = Tokens(KeyringFile(settings.keys), utc_now, timedelta(hours=1)).access(
        unresolved(person.id, person.session_id)
    )
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as client:
        yield client


async def _sent(size: int) -> AsyncIterator[bytes]:
    for piece in film(size):
        yield piece


async def _fetch(client: httpx.AsyncClient, address: str, path: Path, leave_at: int | None = None) -> None:
    """Go on from what is held, and leave in the middle if told to."""
    headers = {"Range": f"bytes={_size(path)}-", "If-Range": f'"{address.rpartition("/")[2]}"'}
    async with client.stream("GET", address, headers=headers) as answer:
        assert answer.status_code == 206, await answer.aread()
        with path.open("ab") as file:
            async for piece in answer.aiter_raw():
                file.write(piece)
                if leave_at is not None and file.tell() >= leave_at:
                    return


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # httpx, when it leaves in the middle
@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_large_upload_and_a_download_that_breaks_off_take_little_memory(
    url: str, editor: httpx.AsyncClient, tmp_path: Path, *, is_long: bool
) -> None:
    size = 200 * MB if is_long else 96 * MB
    small = await editor.post("/v1/files", params={"name": "nhỏ.mp4"}, content=samples.mp4())
    assert small.status_code == 201, small.text  # all that a process loads for its first file
    assert (await editor.get(f"/v1/files/{small.json()['sha256']}")).status_code == 200
    memory = Memory(url)
    answer = await editor.post("/v1/files", params={"name": "phim.mp4"}, content=_sent(size))
    assert answer.status_code == 201, answer.text
    digest = hashlib.sha256()
    for piece in film(size):
        digest.update(piece)
    sha256 = answer.json()["sha256"]
    assert sha256 == digest.hexdigest()
    assert answer.json()["size"] == size
    uploading = memory.extra()
    address, fetched = f"/v1/files/{sha256}", tmp_path / "fetched.mp4"
    for leave_at in (size // 3, size // 2 + 1, None):
        await _fetch(editor, address, fetched, leave_at)
    assert _hash(fetched) == sha256
    beyond = await editor.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert uploading < EXTRA_MOST, f"{uploading / MB:.1f} MB"
    assert memory.extra() < EXTRA_MOST, f"{memory.extra() / MB:.1f} MB"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("url", ["folder"], indirect=True)
async def test_an_upload_that_is_cut_off_leaves_nothing(
    url: str, editor: httpx.AsyncClient, settings: Settings
) -> None:
    """By a network that is gone: fewer bytes than were declared, and no more."""
    data = b"".join(film(4 * MB))
    head = (
        f"POST /v1/files?name=phim.mp4 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n"
        f"Authorization: {editor.headers['Authorization']}\r\n\r\n"
    )
    incoming = settings.files / "incoming"

    def arriving() -> list[Path]:
        return list(incoming.iterdir()) if incoming.exists() else []

    async def has_begun() -> bool:
        return arriving() != []

    async def is_gone() -> bool:
        return arriving() == []

    server = urlsplit(url)
    with socket.create_connection((server.hostname, server.port)) as line:
        await asyncio.to_thread(line.sendall, head.encode() + data[: len(data) // 2])
        await until(has_begun)
    await until(is_gone)
    held = {path.name for path in settings.files.rglob("*") if path.is_file()}
    assert held == set()
    again = await editor.post("/v1/files", params={"name": "phim.mp4"}, content=data)
    assert again.status_code == 201, again.text
