"""Which addresses a subscription may name, and which are connected to."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from content.push_endpoints import EndpointRefused, check_endpoint, check_hosts, origin_of
from notifications.channels import connecting
from notifications.channels.connecting import NotPublic, connected_socket, is_public


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:APA91b", "https://fcm.googleapis.com"),
        ("https://FCM.googleapis.com:443/wp/abc?x=1", "https://fcm.googleapis.com"),
        ("https://updates.push.services.mozilla.com/wpush/v2/gAAA", "https://updates.push.services.mozilla.com"),
        ("https://web.push.apple.com/QO3f", "https://web.push.apple.com"),
        ("https://wns2-par02p.notify.windows.com/w/?token=BQYA", "https://wns2-par02p.notify.windows.com"),
    ],
)
def test_push_services_are_allowed(url: str, origin: str) -> None:
    assert origin_of(check_endpoint(url)) == origin


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "URL"),
        ("not a url", "URL"),
        ("http://fcm.googleapis.com/x", "https"),
        ("ftp://fcm.googleapis.com/x", "https"),
        ("//fcm.googleapis.com/x", "https"),
        ("https://example.org/x", "allowed"),
        ("https://evilfcm.googleapis.com/x", "allowed"),
        ("https://fcm.googleapis.com.evil.example/x", "allowed"),
        ("https://googleapis.com/x", "allowed"),
        ("https://localhost/x", "allowed"),
        ("https://fcm.googleapis.com:8443/x", "allowed"),
        ("https://fcm.googleapis.com:22/x", "allowed"),
        ("https://fcm.googleapis.com:0/x", "allowed"),
        ("https://fcm.googleapis.com:99999/x", "URL"),
        ("https://fcm.googleapis.com:x/x", "URL"),
        ("https://user:pass@fcm.googleapis.com/x", "credentials"),
        ("https://fcm.googleapis.com@evil.example/x", "credentials"),
        ("https://evil.example\\@fcm.googleapis.com/x", "URL"),
        ("https://fcm.googleapis.com/x#y", "fragment"),
        ("https://fcm.googleapis.com/x\r\nHost: evil", "URL"),
        ("https://fcm.googleapis.com/\tx", "URL"),
        ("https://fcm.googleapis.com./x", "name"),
        ("https://fcm.googleapis。com/x", "URL"),
        ("https://127.0.0.1/x", "IP"),
        ("https://[::1]/x", "IP"),
        ("https://[::ffff:10.0.0.1]/x", "IP"),
        ("https://[::1/x", "URL"),
        ("https://2130706433/x", "IP"),
        ("https://127.1/x", "IP"),
        ("https://0x7f.0.0.0x1/x", "IP"),
        ("https://-x.fcm.googleapis.com/x", "name"),
        ("https:///x", "name"),
        pytest.param("https://fcm.googleapis.com/" + "x" * 5_000, "long", id="long"),
    ],
)
def test_everything_else_is_refused_without_quoting_it(url: str, why: str) -> None:
    with pytest.raises(EndpointRefused, match=why) as refused:
        check_endpoint(url)
    assert "fcm" not in str(refused.value)


def test_an_installation_names_hosts_of_its_own_with_ports() -> None:
    hosts = ("push.example.org:8443", "example.net")
    check_hosts(hosts)
    assert origin_of(check_endpoint("https://a.push.example.org:8443/x", hosts)) == "https://a.push.example.org:8443"
    with pytest.raises(EndpointRefused):
        check_endpoint("https://push.example.org/x", hosts)
    with pytest.raises(EndpointRefused):
        check_endpoint("https://fcm.googleapis.com/x", hosts)


@pytest.mark.parametrize(
    "host", ["", "com", "*.example.org", "https://example.org", "10.0.0.1", "a.b:0", "a.b:x", "a b.c"]
)
def test_hosts_that_are_none_are_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        check_hosts([host])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("142.250.198.10", True),
        ("2a00:1450:4001:82f::200a", True),
        ("64:ff9b::8efa:c60a", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
        ("::7f00:1", False),
        ("fec0::1", False),
        ("64:ff9b:1::a00:1", False),
        ("2001:0:0:0:0:0:f5ff:fffe", False),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected


def _resolving(*addresses: str) -> Callable[..., Any]:
    async def resolve(_host: str, _port: int) -> list[Any]:
        return [ip_address(address) for address in addresses]

    return resolve


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("142.250.198.10", "10.0.0.1"), ("::1",), ("169.254.169.254",)])
async def test_a_name_that_leads_inside_is_not_connected_to(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(*_: object) -> socket.socket:
        raise AssertionError("was connected to")

    monkeypatch.setattr(connecting, "_resolve", _resolving(*addresses))
    monkeypatch.setattr(connecting, "_connect", connect)
    with pytest.raises(NotPublic):
        await connected_socket("fcm.googleapis.com", 443, ())


async def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked up once: a second look-up could lead elsewhere."""
    tried: list[str] = []

    async def connect(address: object, _port: int) -> socket.socket:
        tried.append(str(address))
        if len(tried) == 1:
            raise ConnectionRefusedError
        return socket.socket()

    monkeypatch.setattr(connecting, "_resolve", _resolving("2a00:1450:4001:82f::200a", "142.250.198.10"))
    monkeypatch.setattr(connecting, "_connect", connect)
    (await connected_socket("fcm.googleapis.com", 443, ())).close()
    assert tried == ["2a00:1450:4001:82f::200a", "142.250.198.10"]


async def test_a_name_without_an_address_fails_as_a_connection_does() -> None:
    with pytest.raises(OSError, match=r"known|resol|associated"):
        await connected_socket("nobody.invalid", 443, ())
