"""Clients generated from the document, as app developers would: they compile, and they can talk to a real server."""

import importlib
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from tests.contract.conftest import PASSWORD, World
from tests.contract.node import find_node, install, run
from tests.contract.snapshot import live

TYPESCRIPT = Path(__file__).with_name("typescript")
SPOKEN = ("application/json", "multipart/form-data")
"""What the generator reads by itself. All else is bytes to it."""
PATIENCE = 30


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """Where the application is served on this machine, by uvicorn, over a real socket."""
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    patience = time.monotonic() + PATIENCE
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < patience, "the server takes too long to start"
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield f"http://{host}:{port}"
    server.should_exit = True
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(json.dumps(live()), encoding="utf-8")
    return path


def test_a_generated_python_client_signs_in_and_reads(
    address: str, world: World, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(document, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    client = importlib.import_module("handbook_client")
    models = importlib.import_module("handbook_client.models")
    log_in = importlib.import_module("handbook_client.api.auth.log_in")
    read_me = importlib.import_module("handbook_client.api.me.read_me")
    member = world.organisation.person("member")

    with client.Client(base_url=address) as anyone:
        wrong = log_in.sync_detailed(
            client=anyone, body=models.LoginRequest(login=member.member_no, password="không phải mật khẩu")
        )
        assert wrong.status_code == 401
        assert isinstance(wrong.parsed, models.Problem)
        assert wrong.parsed.type_ == "/problems/sign_in.required"
        tokens = log_in.sync(client=anyone, body=models.LoginRequest(login=member.member_no, password=PASSWORD))
    assert isinstance(tokens, models.Tokens)

    with client.AuthenticatedClient(base_url=address, token=tokens.access_token) as signed_in:
        me = read_me.sync(client=signed_in)
    assert isinstance(me, models.MemberProfile)
    assert me.full_name == "Nguyễn Thị Bình"
    assert me.memberships[0].branch.code == "CHIBO"


def generate(document: Path, into: Path) -> None:
    """The client, with no warning: a part of the document that the generator cannot read would be left out."""
    settings = into / "settings.json"
    kinds = dict.fromkeys(_media_types(json.loads(document.read_text())), "application/octet-stream")
    kinds["application/problem+json"] = "application/json"
    settings.write_text(json.dumps({"content_type_overrides": kinds, "post_hooks": []}), encoding="utf-8")
    output = into / "handbook_client"
    said = ["--path", document, "--config", settings, "--meta", "none", "--output-path", output, "--fail-on-warning"]
    command = [sys.executable, "-m", "openapi_python_client", "generate", *map(str, said)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _media_types(described: object) -> Iterator[str]:
    """Of all that is sent and answered, but for those that the generator knows."""
    if isinstance(described, dict):
        content = described.get("content")
        yield from (kind for kind in content or () if isinstance(content, dict) and not kind.startswith(SPOKEN))
    parts = described.values() if isinstance(described, dict) else described if isinstance(described, list) else ()
    for part in parts:
        yield from _media_types(part)


def test_a_typescript_client_compiles(document: Path, tmp_path: Path) -> None:
    modules = install(TYPESCRIPT)
    node, _ = find_node()
    for name in ("reading_me.ts", "tsconfig.json"):
        shutil.copy(TYPESCRIPT / name, tmp_path)
    generator = modules / "openapi-typescript" / "bin" / "cli.js"
    run([node, str(generator), str(document), "--output", str(tmp_path / "api.d.ts")], tmp_path)
    run([node, str(modules / "typescript" / "bin" / "tsc"), "--project", str(tmp_path)], tmp_path)
