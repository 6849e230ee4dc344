"""Bytes on a poor network: what a phone pays for, headers and all, in each encoding that apps accept."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from api.security.claims import Claims
from models.permissions import Role
from tests.load.audience import Seat
from tests.load.bench.figures import Bound, Figures, NotMeasured, Promise, Row, Series
from tests.load.bench.load import raw
from tests.load.bench.processes import Running
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.bench.syncing import SYNC, first_fetch, path, up_to_date
from tests.load.corpus import NOTICES
from tests.load.dataset import CORPUS, SIZES, DataSet, access_tokens, issuer

HOME = "/v1/home"
ENCODINGS = ("br", "zstd", "gzip")
_KB = 1_000


def _promises(what: str, most: float) -> dict[str, Promise]:
    return {name: Promise(f"{what}, {name}", "bytes", sense=Bound.AT_MOST, bound=most) for name in ENCODINGS}


NOTHING_NEW = _promises("nothing new since the last sync", 512)
FIRST = _promises("first sync of a new phone", 120 * _KB)
PAGE = _promises("its largest page", 64 * _KB)
HOME_PAGE = _promises("GET /v1/home", 8 * _KB)
TOKEN = Promise("access token", "bytes", sense=Bound.AT_MOST, bound=_KB)
_GRANTS, _BRANCHES = 5, 2
"""Few have more roles, and nobody belongs to more branches than one and, for a time, another."""
_LARGEST = SIZES["national"].branches
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """`size` is of everything that came over the wire."""

    status: int
    size: int


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data(CORPUS, "sqlite")
    seat = data.audience.seated[0]
    (token,) = access_tokens(data, [seat])
    largest = _token(data, seat)
    yield Row(TOKEN, Series((largest,)), note=f"{_GRANTS} roles, {_BRANCHES} branches; a plain member's: {len(token)}")

    running = stage.handbook(data)
    yield from _home(running, token)
    for name in ENCODINGS:
        sizes, seen = _first_sync(running, token, name)
        if seen != NOTICES:
            raise NotMeasured(f"a first sync brings {seen} notices of {NOTICES}")
        figures[f"pages of a first sync, {name}"] = Series(tuple(map(float, sizes)))
        sparing, _ = _first_sync(running, token, name, save_data=True)
        note = f"{len(sizes)} pages of {NOTICES} notices and their branches; with Save-Data: {sum(sparing):,}"
        yield Row(FIRST[name], Series((float(sum(sizes)),)), note=note)
        yield Row(PAGE[name], Series((float(max(sizes)),)))

    held = up_to_date(running.url, [token])[0]
    for name in ENCODINGS:
        headers = {"If-None-Match": held.etag}
        answer = ask(running, token, path(held.cursor), name, headers)
        if answer.status != 304:
            raise NotMeasured(f"GET {SYNC} with nothing new answers {answer.status}")
        yield Row(NOTHING_NEW[name], Series((float(answer.size),)))


def _home(running: Running, token: str) -> Iterator[Row]:
    for name, promise in HOME_PAGE.items():
        answer = ask(running, token, HOME, name)
        if answer.status != 200:
            yield Row(promise, why=f"GET {HOME} answers {answer.status}")
        else:
            yield Row(promise, Series((float(answer.size),)))


def _first_sync(running: Running, token: str, encoding: str, *, save_data: bool = False) -> tuple[list[int], int]:
    """The size of each page, and how many notices came."""
    more = {"Save-Data": "on"} if save_data else {}
    sizes, notices, cursor = [], 0, None
    with httpx.Client(base_url=running.url, headers=more, timeout=30, trust_env=False) as client:
        for answer in first_fetch(client, token):
            said = answer.json()
            notices += sum(thing["kind"] == "notice" for one in said["channels"] for thing in one["things"])
            sizes.append(ask(running, token, path(cursor), encoding, more).size)
            cursor = said["cursor"] or cursor
    return sizes, notices


def ask(running: Running, token: str, wanted: str, encoding: str, headers: dict[str, str] | None = None) -> Answer:
    """Over a socket of its own: a client that decodes would not say how many bytes came. Raises NotMeasured where the
    answer is in another encoding.
    """
    url = urlsplit(running.url)
    said = {"Authorization": f"Bearer {token}", "Accept-Encoding": encoding, "Accept-Language": "vi", **(headers or {})}
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as connection:
        connection.sendall(raw("GET", wanted, said))
        received = b""
        while _END not in received or len(received) < _length(received):
            piece = connection.recv(65_536)
            if not piece:
                break
            received += piece
    head = received.partition(_END)[0].lower()
    status = int(head.split()[1])
    if status == 200 and f"\r\ncontent-encoding: {encoding}".encode() not in head:
        raise NotMeasured(f"GET {wanted[:40]} does not answer in {encoding}")
    return Answer(status, len(received))


def _length(received: bytes) -> int:
    """Of the whole answer, by what its head says."""
    head = received.partition(_END)[0]
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(head) + len(_END) + int(line.partition(b":")[2])
    return len(head) + len(_END)


def _token(data: DataSet, seat: Seat) -> float:
    """Bytes of the access token of somebody with more roles and branches than most, in a large organisation."""
    numbers = range(_LARGEST, _LARGEST - _GRANTS, -1)
    until = int(time.time()) + 90 * 24 * 3600
    branches = tuple((no, until) for no in numbers[:_BRANCHES])
    grants = tuple((Role.SECRETARY, no, until) for no in numbers)
    return float(len(issuer(data).access(Claims(seat.member_id, seat.session_id, branches, grants, 10**9))))


SCENARIO = Scenario(
    "bytes", (*NOTHING_NEW.values(), *FIRST.values(), *PAGE.values(), *HOME_PAGE.values(), TOKEN), _measure
)
