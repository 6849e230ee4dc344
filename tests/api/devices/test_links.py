"""Links to this server: apps that open them, and the page for phones without the app."""

from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.settings import Settings, SettingsError, load_settings
from models.base import new_id
from notifications.channels.vapid import new_vapid_key
from tests.api.conftest import Client
from tests.api.problem_details import assert_problem
from tests.clock import StandingClock

FINGERPRINT = ":".join(["A1"] * 32)
ANDROID, APPLE = "/.well-known/assetlinks.json", "/.well-known/apple-app-site-association"


async def test_without_settings_no_app_is_named(anyone: Client) -> None:
    for path in (ANDROID, APPLE):
        assert_problem(await anyone.get(path), 404, "not_found")
    assert (await anyone.get("/v1/app-config")).json()["vapid_key"] is None


async def test_apps_of_the_settings_are_named(settings: Settings, clock: StandingClock, tmp_path: Path) -> None:
    key = tmp_path / "vapid.pem"
    key.write_bytes(new_vapid_key())
    named = load_settings(
        **settings.model_dump(include={"data_dir", "database_url"}),
        android_package="org.example.handbook",
        android_fingerprints=f"{FINGERPRINT}, {FINGERPRINT.replace('A', 'B')}",
        apple_app_ids="ABCDE12345.org.example.handbook",
        vapid_key_file=key,
        vapid_subject="mailto:operator@example.org",
    )
    app = create_app(named, clock=clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client,
    ):
        android, apple = await client.get(ANDROID), await client.get(APPLE)
        config = (await client.get("/v1/app-config")).json()
    for answer in (android, apple):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "public, max-age=3600"
    (statement,) = android.json()
    assert statement["relation"] == ["delegate_permission/common.handle_all_urls"]
    assert statement["target"] == {
        "namespace": "android_app",
        "package_name": "org.example.handbook",
        "sha256_cert_fingerprints": [FINGERPRINT, FINGERPRINT.replace("A", "B")],
    }
    (detail,) = apple.json()["applinks"]["details"]
    assert detail == {"appIDs": ["ABCDE12345.org.example.handbook"], "components": [{"/": "/n/*"}]}
    assert len(config["vapid_key"]) == 87


@pytest.mark.parametrize(
    "said",
    [
        {"android_package": "org.example.handbook"},
        {"android_fingerprints": FINGERPRINT},
        {"android_package": "handbook", "android_fingerprints": FINGERPRINT},
        {"android_package": "org.example.handbook", "android_fingerprints": FINGERPRINT.lower()},
        {"android_package": "org.example.handbook", "android_fingerprints": FINGERPRINT[3:]},
        {"apple_app_ids": "org.example.handbook"},
    ],
)
def test_apps_that_cannot_be_are_refused_at_the_start(said: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"android|HANDBOOK_A"):
        load_settings(public_url="https://sotay.example.org", **said)


async def test_the_page_behind_a_link_is_the_same_for_all(anyone: Client, member: Client) -> None:
    pages = [await client.get(f"/n/{new_id()}") for client in (anyone, anyone, member)]
    first, *others = pages
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "public, max-age=3600"
    assert "default-src 'none'; style-src 'sha256-" in first.headers["content-security-policy"]
    assert "<script" not in first.text
    assert {page.text for page in others} == {first.text}
    vi = await anyone.get(f"/n/{new_id()}", headers={"Accept-Language": "vi"})
    assert "Sổ tay điện tử" in vi.text
    assert_problem(await anyone.get("/n/anything"), 404, "not_found")
