"""What users do first: run the README's words, and install the wheel."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "README.md").read_text()
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """`handbook demo`, as `make run` starts it, on a free port and in a folder of its own."""
    port, data = free_port(), tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "api", "demo", "--port", str(port), "--data", str(data)]
    log = data / "server.log"
    with log.open("w") as out, subprocess.Popen(command, cwd=HOUSE, stdout=out, stderr=subprocess.STDOUT) as server:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield port, data
        server.terminate()
        assert server.wait(PATIENCE) == -signal.SIGTERM, log.read_text()  # uvicorn ends by the signal, once all is done


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_the_readme_works_as_it_stands(demonstration: tuple[int, Path], tmp_path: Path) -> None:
    port, data = demonstration
    block = next(b for b in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "login()" in b)
    script = block.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("var/demo", str(data))
    script = re.sub(r"(?m)^curl -s", "curl -fsS -w '\\\\n'", script)
    shell = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    me, feed, audience, receipt, home, missing, report, found, collection, nothing_new = (
        json.loads(line) for line in filter(None, done.stdout.splitlines())
    )
    assert me["memberships"][0]["branch"]["path"]
    assert feed["items"]
    assert audience["people"] > 1
    assert receipt["acknowledged_at"] is not None
    assert (home["notices"]["items"], home["activities"]) != ([], [])
    assert len(missing["items"]) == 5
    assert report["total"]["eligible"] == audience["people"]
    assert "Mật khẩu" in found["items"][0]["title"]
    assert collection["items"]
    with zipfile.ZipFile(tmp_path / "package.zip") as package:
        assert package.testzip() is None
        assert "index.html" in package.namelist()
    assert (nothing_new["cursor"], nothing_new["channels"]) == (None, [])


def test_the_demonstration_says_who_may_sign_in(demonstration: tuple[int, Path]) -> None:
    _, data = demonstration
    accounts = json.loads((data / "accounts.json").read_text())
    assert {"member", "secretary", "admin"} == set(accounts)
    assert all({"login", "password"} <= set(account) for account in accounts.values())
    said = (data / "server.log").read_text()
    for account in accounts.values():
        assert account["login"] in said
        assert account["password"] in said


def test_the_demonstration_does_what_is_due(demonstration: tuple[int, Path]) -> None:
    port, _ = demonstration
    assert 'handbook_due_behind_seconds{duty="role.expire"}' in httpx.get(f"http://127.0.0.1:{port}/metrics").text


def test_a_situation_is_rehearsed_while_the_demonstration_is_served(demonstration: tuple[int, Path]) -> None:
    port, data = demonstration

    def rehearse(*said: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "api", "demo", "--data", str(data), "rehearse", *said]
        return subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=PATIENCE)

    def feed() -> list[str]:
        answer = phone.get("/v1/notices")
        assert answer.status_code == 200, answer.text
        return [notice["title"] for notice in answer.json()["items"]]

    listed = rehearse()
    assert listed.returncode == 0, listed.stderr
    people = json.loads((data / "rehearsals.json").read_text())
    assert all(each["login"] in listed.stdout and each["password"] in listed.stdout for each in people.values())
    assert rehearse("earthquake").returncode == 1
    refused = rehearse("restored")
    assert (refused.returncode, "sign in" in refused.stderr) == (1, True)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as phone:
        account = {name: people["restored"][name] for name in ("login", "password")}
        token = phone.post("/v1/auth/login", json=account).json()["access_token"]
        phone.headers["Authorization"] = f"Bearer {token}"
        before = feed()
        for is_as_before in (False, True):
            done = rehearse("restored")
            assert done.returncode == 0, done.stderr
            assert "reset" in done.stdout
            deadline = time.monotonic() + PATIENCE
            while (feed() == before) is not is_as_before:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_the_documentation_page_asks_nothing_of_other_hosts(demonstration: tuple[int, Path]) -> None:
    port, _ = demonstration
    page = httpx.get(f"http://127.0.0.1:{port}/docs").text
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert wanted
    for address in wanted:
        assert address.startswith("/")
        assert httpx.get(f"http://127.0.0.1:{port}{address}").status_code == 200


def test_the_wheel_runs_from_where_it_is_installed(tmp_path: Path) -> None:
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), cwd=HOUSE)
    (wheel,) = (tmp_path / "dist").glob("handbook-*.whl")
    installed = tmp_path / "installed"
    _run(
        sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(installed), str(wheel), cwd=tmp_path
    )
    there = os.environ | {
        "PYTHONPATH": str(installed),
        "HANDBOOK_DATA_DIR": str(tmp_path / "data"),
        "HANDBOOK_PUBLIC_URL": "https://sotay.example.org",
    }
    handbook = str(installed / "bin" / "handbook")
    where = _run(sys.executable, "-c", "import api; print(api.__file__)", cwd=tmp_path, env=there)
    assert where.startswith(str(installed))
    said = _run(
        *(
            handbook,
            "init",
            "--name",
            "Hội thử",
            "--code",
            "HT",
            "--admin-name",
            "Nguyễn Văn An",
            "--admin-number",
            "1",
        ),
        cwd=tmp_path,
        env=there,
    )
    assert "activation code" in said
    assert "integrity" in _run(handbook, "doctor", cwd=tmp_path, env=there)


def _run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_settings_are_documented_as_they_are() -> None:
    said = _run(sys.executable, "-c", "from api.settings import env_example; print(env_example(), end='')", cwd=HOUSE)
    assert (HOUSE / ".env.example").read_text() == said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HANDBOOK_PORT", "eighty", "HANDBOOK_PORT"),
        ("HANDBOOK_DATABASE_URL", "mysql://x", "HANDBOOK_DATABASE_URL"),
        ("HANDBOOK_REDIS_URL", "127.0.0.1:6379", "HANDBOOK_REDIS_URL"),
        ("HANDBOOK_PUBLIC_URL", "http://sotay.example.org", "https"),
        ("HANDBOOK_CORS_ORIGINS", "*", "HANDBOOK_CORS_ORIGINS"),
        ("HANDBOOK_KEYS_FILE", "/nowhere/keys.json", "handbook keys init"),
    ],
)
def test_a_broken_setting_is_one_readable_line(name: str, value: str, said: str, tmp_path: Path) -> None:
    env = os.environ | {
        "HANDBOOK_DATA_DIR": str(tmp_path),
        "HANDBOOK_PUBLIC_URL": "https://sotay.example.org",
        name: value,
    }
    command = [sys.executable, "-m", "api", "serve"]
    done = subprocess.run(command, cwd=HOUSE, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_second_start_keeps_the_data(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api", "demo", "--no-serve", "--data", str(tmp_path)]
    _run(*command, cwd=HOUSE)
    first = (tmp_path / "accounts.json").read_text()
    _run(*command, cwd=HOUSE)
    assert (tmp_path / "accounts.json").read_text() == first
