"""The settings of pushes: what is taken, what is refused at the start, and the key of Web Push."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from api.commands.keys import keys
from api.pushing import application_server_key, channels_config
from api.settings import SettingsError, load_settings
from content.push_endpoints import PUSH_HOSTS
from notifications.channels.choice import ChannelsConfig
from notifications.channels.vapid import new_vapid_key, public_vapid_key, read_vapid_key
from tests.notifications.simulator.google import signing_key_pem

ACCOUNT = {
    "type": "service_account",
    "project_id": "handbook-test",
    "client_email": "push@handbook-test.iam.gserviceaccount.com",
    "private_key_id": "abc",
    "token_uri": "https://oauth2.googleapis.com/token",
}


def _account(folder: Path, **over: object) -> Path:
    path = folder / "account.json"
    path.write_text(json.dumps({**ACCOUNT, "private_key": signing_key_pem(), **over}))
    return path


def _key(folder: Path) -> Path:
    path = folder / "vapid.pem"
    path.write_bytes(new_vapid_key())
    return path


def test_without_settings_there_is_no_provider() -> None:
    settings = load_settings(public_url="https://sotay.example.org")
    assert channels_config(settings) == ChannelsConfig("https://sotay.example.org")
    assert application_server_key(settings) is None
    assert settings.push_hosts == PUSH_HOSTS


def test_every_setting_finds_its_channel(tmp_path: Path) -> None:
    settings = load_settings(
        public_url="https://sotay.example.org",
        fcm_account_file=_account(tmp_path),
        fcm_project="another-project",
        vapid_key_file=_key(tmp_path),
        vapid_subject="mailto:operator@example.org",
        push_hosts="push.example.org:8443, fcm.googleapis.com",
        smtp_url="smtps://user:p%40ss@mail.example.org",
        smtp_sender="Sổ tay <no-reply@example.org>",
        push_file=tmp_path / "pushes.jsonl",
    )
    config = channels_config(settings)
    assert config.fcm is not None
    assert (config.fcm.project, config.fcm.account.client_email) == ("another-project", ACCOUNT["client_email"])
    assert config.web_push is not None
    assert config.web_push.hosts == ("push.example.org:8443", "fcm.googleapis.com")
    assert application_server_key(settings) == public_vapid_key(config.web_push.key)
    assert config.email is not None
    assert config.email.server.password == "p@ss"
    assert config.file == tmp_path / "pushes.jsonl"
    for secret in ("p@ss", "p%40ss", "PRIVATE KEY", signing_key_pem()[100:140]):
        assert secret not in f"{settings!r} {config!r}"


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (
            {"fcm_account_file": "/nowhere/account.json"},
            "HANDBOOK_FCM_ACCOUNT_FILE: /nowhere/account.json cannot be read",
        ),
        ({"fcm_project": "Not A Project"}, "HANDBOOK_FCM_PROJECT"),
        ({"vapid_key_file": "/nowhere/v.pem"}, "HANDBOOK_VAPID_KEY_FILE: no key at /nowhere/v.pem: make one with"),
        ({"vapid_subject": "operator@example.org"}, "HANDBOOK_VAPID_SUBJECT: must be mailto:"),
        ({"vapid_subject": "mailto:nobody"}, "HANDBOOK_VAPID_SUBJECT: must be mailto:"),
        ({"vapid_subject": "mailto:a@example.org"}, "vapid_key_file and vapid_subject go together"),
        ({"push_hosts": "*"}, "HANDBOOK_PUSH_HOSTS: '*' is not the name of a host"),
        ({"push_hosts": "10.0.0.1"}, "HANDBOOK_PUSH_HOSTS"),
        ({"push_hosts": "localhost"}, "HANDBOOK_PUSH_HOSTS"),
        ({"smtp_url": "https://u:secret@mail.example.org"}, "HANDBOOK_SMTP_URL: must be such as smtps://"),
        ({"smtp_url": "smtp://secret@mail.example.org"}, "HANDBOOK_SMTP_URL: needs both"),
        ({"smtp_url": "smtp://mail.example.org"}, "smtp_url and smtp_sender go together"),
        ({"smtp_sender": "nobody"}, "HANDBOOK_SMTP_SENDER: must be an address"),
    ],
)
def test_broken_settings_are_refused_in_one_line(over: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(public_url="https://sotay.example.org", **over)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"private_key": "nonsense"}, "is not an RSA key"),
        ({"private_key": new_vapid_key().decode()}, "is not an RSA key"),
        ({"private_key": None}, "is not a service account's key file"),
        ({"client_email": ""}, "is not a service account's key file"),
        ({"token_uri": "http://oauth2.googleapis.com/token"}, "must be https"),
    ],
)
def test_a_service_account_that_is_broken(tmp_path: Path, over: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(public_url="https://sotay.example.org", fcm_account_file=_account(tmp_path, **over))


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff\xfe"])
def test_what_is_no_service_account_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "account.json"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="service account"):
        load_settings(public_url="https://sotay.example.org", fcm_account_file=path)


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1()])
def test_a_key_on_another_curve_is_no_vapid_key(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    path = tmp_path / "vapid.pem"
    key = ec.generate_private_key(curve)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SettingsError, match="P-256"):
        load_settings(vapid_key_file=path, vapid_subject="mailto:a@example.org")


def test_a_vapid_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vapid.pem"
    first = CliRunner().invoke(keys, ["vapid", "--file", str(path)])
    assert first.exit_code == 0, first.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = path.read_bytes()
    public = public_vapid_key(read_vapid_key(path))
    assert f"applicationServerKey: {public}" in first.output
    assert len(public) == 87
    second = CliRunner().invoke(keys, ["vapid", "--file", str(path)])
    assert (second.exit_code, path.read_bytes()) == (0, made)
    assert public in second.output
    assert "made" not in second.output


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vapid.pem"
    path.write_text("something else")
    told = CliRunner().invoke(keys, ["vapid", "--file", str(path)])
    assert told.exit_code == 1
    assert path.read_text() == "something else"


def test_the_key_can_be_made_where_the_settings_name_it_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDBOOK_VAPID_KEY_FILE", str(tmp_path / "vapid.pem"))
    monkeypatch.setenv("HANDBOOK_DATA_DIR", str(tmp_path))
    told = CliRunner().invoke(keys, ["vapid"])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "vapid.pem").exists()
