"""Files as secretaries send them."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any
from uuid import UUID

import httpx

from tests import samples
from tests.serving import FEED

NAME = "Nghị quyết.pdf"


async def attach(
    by: httpx.AsyncClient,
    notice_id: UUID | str,
    data: bytes | AsyncIterable[bytes] = samples.PDF,
    name: str | None = NAME,
    *,
    revision: int = 1,
    declared: str | None = None,
) -> httpx.Response:
    said = {"If-Match": f'"r{revision}-"'} | ({} if declared is None else {"Content-Type": declared})
    params = {} if name is None else {"name": name}
    return await by.post(f"{FEED}/{notice_id}/attachments", params=params, content=data, headers=said)


async def attached(by: httpx.AsyncClient, notice_id: UUID | str, *args: Any, **said: Any) -> str:
    """The SHA-256 of a file that is attached."""
    answer = await attach(by, notice_id, *args, **said)
    assert answer.status_code == 201, answer.text
    sha256: str = answer.json()["attachments"][-1]["sha256"]
    return sha256


async def detach(by: httpx.AsyncClient, notice_id: UUID | str, sha256: str, *, revision: int) -> httpx.Response:
    headers = {"If-Match": f'"r{revision}-"'}
    return await by.delete(f"{FEED}/{notice_id}/attachments/{sha256}", headers=headers)


async def publish(by: httpx.AsyncClient, notice_id: UUID | str, *, revision: int) -> None:
    answer = await by.post(f"{FEED}/{notice_id}/publish", headers={"If-Match": f'"r{revision}-"'})
    assert answer.status_code == 200, answer.text


async def pieces(size: int, of: int = 64 * 1024) -> AsyncIterator[bytes]:
    """A film of so many bytes, as it comes over a network."""
    begins = samples.mp4()[: -64 - 8]
    film = size - len(begins)
    yield begins + film.to_bytes(4) + b"mdat"
    left = film - 8
    while left:
        yield bytes(min(of, left))
        left -= min(of, left)
