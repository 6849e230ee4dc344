"""Which statements a server sends: PostgreSQL's own log says, so that the server need not be asked."""

import asyncio
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import asyncpg

from tests.load.postgres import KeptPostgres

_LINE = re.compile(r"^(\S+) LOG:  (?:statement|execute [^:]*): (.*)$")
_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+\"?(\w+)", re.IGNORECASE)
_FOLLOWING = frozenset({"log_head", "change", "channel_version", "lost_range"})
"""Tables of the log: statements on these alone are the follower's, whatever is asked meanwhile."""
_LOOKED_AT = "log_head"
"""Only who follows the log reads its head, twice a second whether or not anybody asks anything; branches are joined."""
_SETTLE = 0.3


@contextmanager
def statements(postgres: KeptPostgres, database: str) -> Iterator[list[str]]:
    """Fills with the statements on data that `database` was sent inside the block, complete once it has ended."""
    found: list[str] = []
    _log_statements(postgres, "'all'")
    before = postgres.log.stat().st_size
    try:
        yield found
        time.sleep(_SETTLE)
        with postgres.log.open("rb") as log:
            log.seek(before)
            found.extend(read_statements(log.read().decode(errors="replace"), database))
    finally:
        _log_statements(postgres, "'none'")


def read_statements(log: str, database: str) -> Iterator[str]:
    """Those on a table of the handbook that are not a look at the log, which the clock causes and no request.

    Lines that begin with a tab go on with a statement.
    """
    for line in log.replace("\n\t", " ").splitlines():
        found = _LINE.match(line)
        if found is None or found[1] != database:
            continue
        tables = {name for name in _TABLE.findall(found[2]) if not name.startswith("pg_")}
        if _LOOKED_AT not in tables and tables - _FOLLOWING:
            yield found[2]


def told(sent: Iterable[str]) -> str:
    """What they were, without their values and shortened: a figure that is too high can be looked into."""
    found = ((one.split()[0], dict.fromkeys(_TABLE.findall(one))) for one in sent)
    return "; ".join(sorted({f"{what} {', '.join(tables)}" for what, tables in found if tables}))


def _log_statements(postgres: KeptPostgres, value: str) -> None:
    asyncio.run(_set(postgres.url, value))
    time.sleep(_SETTLE)  # sessions read it between two statements


async def _set(url: str, value: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(f"ALTER SYSTEM SET log_statement = {value}")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()
