"""Phones that are up to date: what they hold after a first fetch, by the protocol in api/guides/sync.md."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from tests.load.bench.figures import NotMeasured
from tests.load.bench.load import raw

SYNC = "/v1/sync"
_AT_ONCE = 8
_PAGES_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """`etag` is that of the answer that nothing is new."""

    token: str
    cursor: str
    etag: str

    @property
    def request(self) -> bytes:
        """Is anything new?"""
        return raw("GET", path(self.cursor), {"Authorization": f"Bearer {self.token}", "If-None-Match": self.etag})


def path(cursor: str | None) -> str:
    return SYNC if cursor is None else f"{SYNC}?cursor={quote(cursor, safe='')}"


def first_fetch(client: httpx.Client, token: str) -> Iterator[httpx.Response]:
    """Page after page until nothing is left. Raises NotMeasured where the protocol is not kept."""
    cursor: str | None = None
    for _ in range(_PAGES_MOST):
        answer = client.get(path(cursor), headers={"Authorization": f"Bearer {token}"})
        if answer.status_code != 200:
            raise NotMeasured(f"GET {SYNC} answers {answer.status_code}")
        yield answer
        said = answer.json()
        cursor = said["cursor"] or cursor
        if not said["more"]:
            return
    raise NotMeasured(f"GET {SYNC} has more after {_PAGES_MOST} pages")


def up_to_date(url: str, tokens: Sequence[str]) -> list[Held]:
    """Each after a first fetch and an answer that nothing is new, which one has not modified. Raises NotMeasured."""
    limits = httpx.Limits(max_connections=_AT_ONCE)
    plain = {"Accept-Encoding": "identity"}
    with (
        httpx.Client(base_url=url, headers=plain, timeout=30, trust_env=False, limits=limits) as client,
        ThreadPoolExecutor(_AT_ONCE) as threads,
    ):
        held = list(threads.map(lambda token: _hold(client, token), tokens))
        one = held[0]
        headers = {"Authorization": f"Bearer {one.token}", "If-None-Match": one.etag}
        again = client.get(path(one.cursor), headers=headers)
    if again.status_code != 304:
        raise NotMeasured(f"GET {SYNC} with nothing new answers {again.status_code} to If-None-Match")
    return held


def _hold(client: httpx.Client, token: str) -> Held:
    cursor = ""
    for answer in first_fetch(client, token):
        cursor = answer.json()["cursor"] or cursor
    nothing = client.get(path(cursor), headers={"Authorization": f"Bearer {token}"})
    if nothing.status_code != 200 or nothing.json()["cursor"] is not None:
        raise NotMeasured(f"GET {SYNC} has something new after a first fetch: {nothing.status_code}")
    return Held(token, cursor, nothing.headers["etag"])
