"""Data sets for measuring: an organisation of some size, what it has said, and members who are signed in.

Built once and kept under `.cache/bench`, by size, database and a digest of generator and schema.
"""

import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import asyncpg

from api.demo.loading import load_organisation
from api.demo.organisation import DEMONSTRATION, MILLION, NATIONAL, Organisation, Size
from api.security.claims import Claims
from api.security.keys import KeyringFile
from api.security.tokens import Tokens
from models.database import Database, utc_now
from models.keyring import new_keyring, save_keyring
from models.migrate import migrate
from tests.load.audience import Audience, Seat, seat, sign_in, speak, tell
from tests.load.corpus import corpus
from tests.load.postgres import CACHE
from tests.servers import create_database, drop_database

Kind = Literal["sqlite", "postgresql"]
Progress = Callable[[str], None]

CORPUS = "corpus"
"""The size whose first seat has 200 notices of real lengths to read: for bytes, not for speed."""
SIZES = {
    CORPUS: Size(50, 1_000),
    "fifty": Size(50, 12_000),
    "small": DEMONSTRATION,
    "medium": Size(3_000, 150_000),
    "million": MILLION,
    "national": NATIONAL,
}
"""`medium` is the smallest that has 10,000 plain members in 1,000 branches, and tens of thousands more beside them."""
COPIED = frozenset({CORPUS, "fifty", "small", "medium"})
"""Sizes of which each run takes a copy. The others are used in place; what members see is left as it was."""

_SEED = 2026
_ROOT = Path(__file__).parents[2]
_SOURCES = ("api/demo", "models/migrations/versions", "tests/load/audience.py", "tests/load/dataset.py")
_CORPUS_SOURCES = ("tests/load/corpus.py", "tests/load/corpus.txt")
_FRESH = timedelta(days=30)  # temporary memberships run out, and sessions lie idle
_TOKEN_LIFE = timedelta(hours=12)
_LOADED = 1
"""The log's number that the loading took."""
_DETAILS = "dataset.json"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A database of one size, the keyring it was built with, and who asks. `paths` are branch ids from the root."""

    size: str
    kind: Kind
    url: str
    keys: Path
    branches: int
    members: int
    root: UUID
    audience: Audience
    paths: dict[int, Sequence[str]]


def digest(size: str) -> str:
    """Of the generator, the schema and the size: another one means another data set."""
    found = hashlib.sha256(f"{size} {SIZES[size]}".encode())
    for source in (*_SOURCES, *(_CORPUS_SOURCES if size == CORPUS else ())):
        path = _ROOT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(str(file.relative_to(_ROOT)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


async def dataset(size: str, kind: Kind, *, server: str = "", cache: Path = CACHE, say: Progress = print) -> DataSet:
    """The kept data set of this size, built first where it is not there. `server` is a PostgreSQL server's URL."""
    folder = cache / f"{size}-{kind}-{digest(size)}"
    if await is_built(size, kind, server=server, cache=cache):
        return _read(folder, size, kind, _url(folder, kind, server))
    await _forget(size, kind, server, cache)
    say(f"building the data set {size} on {kind}: {SIZES[size].members:,} members in {SIZES[size].branches:,} branches")
    folder.mkdir(parents=True)
    keys = folder / "keys.json"
    save_keyring(keys, new_keyring(utc_now().isoformat()))
    if kind == "postgresql":
        await create_database(server, folder.name)
    url = _url(folder, kind, server)
    async with _opened(url, keys) as database:
        await migrate(database)
        organisation = Organisation(size=SIZES[size], seed=_SEED, as_of=database.clock().date())
        loaded = await load_organisation(database, organisation)
        audience = seat(loaded)
        await sign_in(database, audience)
        if size == CORPUS:
            await tell(database, loaded, audience, corpus())
        else:
            await speak(database, loaded, audience)
    details = {
        "built_at": loaded.at.isoformat(),
        "root": loaded.branch_id(1).hex,
        "publisher": _written([audience.publisher])[0],
        "seated": _written(audience.seated),
        "strangers": _written(audience.strangers),
        "paths": {
            no: [str(loaded.branch_id(above)) for above in loaded.path(no)]
            for no in sorted({one.branch_no for one in audience.seated})
        },
    }
    (folder / _DETAILS).write_text(json.dumps(details))  # last: without it the data set was not finished
    return _read(folder, size, kind, url)


async def is_built(size: str, kind: Kind, *, server: str = "", cache: Path = CACHE) -> bool:
    details = cache / f"{size}-{kind}-{digest(size)}" / _DETAILS
    if not details.exists():
        return False
    built_at = datetime.fromisoformat(json.loads(details.read_text())["built_at"])
    if datetime.now(UTC) - built_at > _FRESH:
        return False
    return kind == "sqlite" or await _exists(server, details.parent.name)


async def copied(original: DataSet, folder: Path, *, server: str = "") -> DataSet:
    """A copy to write to, in `folder` or on the server. On PostgreSQL it replaces the one of an earlier run."""
    if original.kind == "sqlite":
        target = folder / "handbook.db"
        shutil.copyfile(original.url.partition("///")[2], target)
        url = f"sqlite+aiosqlite:///{target.absolute()}"
    else:
        name = f"{original.size}-copy"
        await drop_database(server, name)
        url = await create_database(server, name, template=original.url.rpartition("/")[2])
    return DataSet(**{**{name: getattr(original, name) for name in original.__slots__}, "url": url})


def issuer(data: DataSet) -> Tokens:
    """What signs and reads tokens as the data set's servers do."""
    return Tokens(KeyringFile(data.keys), utc_now, _TOKEN_LIFE)


def access_tokens(data: DataSet, seats: Iterable[Seat]) -> list[str]:
    """Tokens as signing in gives them to plain members, whose access has not moved since the data was loaded."""
    tokens = issuer(data)
    return [tokens.access(Claims(one.member_id, one.session_id, ((one.branch_no, 0),), (), _LOADED)) for one in seats]


def _url(folder: Path, kind: Kind, server: str) -> str:
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{(folder / 'handbook.db').absolute()}"
    return f"{server.rpartition('/')[0]}/{folder.name}"


def _written(seats: Sequence[Seat]) -> list[tuple[str, str, int]]:
    return [(one.member_id.hex, one.session_id.hex, one.branch_no) for one in seats]


def _seats(rows: Iterable[tuple[str, str, int]]) -> Iterator[Seat]:
    return (Seat(UUID(member), UUID(session), no) for member, session, no in rows)


def _read(folder: Path, size: str, kind: Kind, url: str) -> DataSet:
    details = json.loads((folder / _DETAILS).read_text())
    seated, strangers = list(_seats(details["seated"])), list(_seats(details["strangers"]))
    return DataSet(
        size=size,
        kind=kind,
        url=url,
        keys=folder / "keys.json",
        branches=SIZES[size].branches,
        members=SIZES[size].members,
        root=UUID(details["root"]),
        audience=Audience(seated, strangers, next(_seats([details["publisher"]]))),
        paths={int(no): path for no, path in details["paths"].items()},
    )


@asynccontextmanager
async def _opened(url: str, keys: Path) -> AsyncIterator[Database]:
    database = Database(url, keyring=KeyringFile(keys).current)
    try:
        yield database
    finally:
        await database.close()


async def _exists(server: str, name: str) -> bool:
    connection = await asyncpg.connect(server.replace("+asyncpg", ""))
    try:
        return await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is not None
    finally:
        await connection.close()


async def _forget(size: str, kind: Kind, server: str, cache: Path) -> None:
    """What older code built of this size, and what an interrupted run left."""
    for name in _names(size, kind, cache):
        if kind == "postgresql":
            await drop_database(server, name)
        shutil.rmtree(cache / name, ignore_errors=True)


def _names(size: str, kind: Kind, cache: Path) -> list[str]:
    found = {folder.name for folder in cache.glob(f"{size}-{kind}-*")}
    return sorted(found | {f"{size}-{kind}-{digest(size)}"})
