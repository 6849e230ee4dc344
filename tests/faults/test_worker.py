"""`handbook worker` as processes that are killed, told to end, and lose their database meanwhile."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlmodel import col

from api import worker as working
from api.settings import Settings
from api.worker import Worker
from models.audit import AuditEvent
from models.base import new_id
from models.database import Database, utc_now
from models.duties import DUTIES
from models.keyring import Keyring, save_keyring
from models.members.table import Member, MemberStatus
from models.memberships import Membership, MembershipKind
from models.migrate import migrate
from tests.organisation import Organisation, found_organisation
from tests.servers import Postgres
from tests.serving import until

GUESTS = 600


@dataclass(frozen=True, slots=True)
class Working:
    """A process of `handbook worker`, and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    async def end(self) -> None:
        """As a service manager does, once it has begun: before, nobody listens for a signal."""

        async def has_begun() -> bool:
            return b"doing what is due" in self.log.read_bytes()

        await until(has_begun)
        self.process.terminate()
        assert self.process.wait(60) == 0


async def invite(database: Database, organisation: Organisation, count: int) -> set[UUID]:
    """So many temporary members whose time has run out, a second after the other."""
    at = utc_now() - timedelta(days=30)
    people = [new_id() for _ in range(count)]
    members = [
        {
            "id": id_,
            "member_no": f"K{n}",
            "full_name": "Khách",
            "full_name_folded": "khach",
            "sort_key": "khach",
            "status": MemberStatus.FULL,
            "revision": 1,
            "created_at": at,
        }
        for n, id_ in enumerate(people)
    ]
    stay = {"branch_no": organisation.branch("chibo").no, "kind": MembershipKind.TEMPORARY, "started_at": at}
    stays = [
        {"id": new_id(), "member_id": id_, "until": at + timedelta(seconds=n), **stay} for n, id_ in enumerate(people)
    ]
    async with database.write_engine.begin() as connection:
        await connection.execute(insert(Member), members)
        await connection.execute(insert(Membership), stays)
    return set(people)


async def expired(database: Database) -> Counter[UUID]:
    """Whose memberships ran out, as often as it was noted."""
    async with database.reading() as session:
        events = select(col(AuditEvent.target_id)).where(col(AuditEvent.action) == "membership.expire")
        return Counter(await session.scalars(events))


@contextmanager
def workers(settings: Settings, count: int) -> Iterator[list[Working]]:
    """So many processes of `handbook worker`; they log to the data folder."""
    said = {"HANDBOOK_DATA_DIR": str(settings.data_dir), "HANDBOOK_DATABASE_URL": settings.database}
    with ExitStack() as undo:
        processes = []
        for n in range(count):
            path = settings.data_dir / f"worker-{n}.log"
            log = undo.enter_context(path.open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "api", "worker"], env=os.environ | said, stdout=log, stderr=subprocess.STDOUT
            )
            undo.callback(process.wait)
            undo.callback(process.kill)
            processes.append(Working(process, path))
        yield processes


async def test_three_workers_of_which_one_is_killed_do_each_thing_once(
    database: Database, organisation: Organisation, settings: Settings
) -> None:
    guests = await invite(database, organisation, GUESTS)
    with workers(settings, 3) as (first, *others):

        async def has_begun() -> bool:
            return bool(await expired(database))

        await until(has_begun)
        first.process.kill()
        assert first.process.wait(60) == -signal.SIGKILL

        async def is_done() -> bool:
            return (await expired(database)).keys() == guests

        await until(is_done)
        for each in others:
            await each.end()
    assert set((await expired(database)).values()) == {1}
    logs = "".join(path.read_text() for path in settings.data_dir.glob("worker-*.log"))
    assert "Traceback" not in logs, logs[:5000]


async def test_a_worker_that_is_told_to_end_leaves_the_rest_for_later(
    database: Database, organisation: Organisation, settings: Settings
) -> None:
    guests = await invite(database, organisation, GUESTS)
    with workers(settings, 1) as (worker,):

        async def has_begun() -> bool:
            return bool(await expired(database))

        await until(has_begun)
        await worker.end()
    done = await expired(database)
    assert done.keys() <= guests
    assert set(done.values()) == {1}
    async with database.reading() as session:
        over = await session.scalars(select(col(Membership.member_id)).where(col(Membership.ended_at).is_not(None)))
        assert set(over) == done.keys(), "a batch is done to its end or not at all"


async def test_what_is_due_while_the_database_is_gone_is_done_when_it_is_back(
    keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(working, "TICK", 0.02)
    monkeypatch.setattr(working, "_LONGEST_PAUSE", 0.1)
    save_keyring(tmp_path / "keys.json", keyring)
    with Postgres(durable=True) as postgres:
        database = Database(postgres.url, keyring=keyring)
        await migrate(database)
        organisation = await found_organisation(database)
        guests = await invite(database, organisation, GUESTS)
        worker = Worker(database, DUTIES)
        worker.start()

        async def has_begun() -> bool:
            return bool(await expired(database))

        await until(has_begun)
        postgres.stop("immediate")

        async def is_said() -> bool:
            return bool(caplog.records)

        await until(is_said)
        began = time.monotonic()

        async def has_tried_for_a_while() -> bool:
            return time.monotonic() - began > 1

        await until(has_tried_for_a_while)
        postgres.start()

        async def is_done() -> bool:
            return (await expired(database)).keys() == guests

        await until(is_done)
        await worker.stop()
        assert set((await expired(database)).values()) == {1}
        await database.close()
    said = [record.getMessage() for record in caplog.records if record.name == "handbook"]
    # a duty whose statement fails just when the database comes back is said to rest, too
    said = [each for each in said if "cannot be gone through" not in each]
    assert len(said) == 2, said
    assert said[0].startswith("what is due waits for the database: ")
    assert said[1] == "what is due is done again"
