"""Which addresses a browser's subscription may name: push services only, never a machine of ours."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

PUSH_HOSTS = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
"""Chrome's and its kin's, Firefox's, Safari's, Edge's; with every name below them."""

_LENGTH_MOST = 2_000
_LABELS = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PRINTABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Url:
    """Where to ask, in parts: an https URL."""

    host: str
    port: int
    target: str

    @property
    def authority(self) -> bytes:
        return (self.host if self.port == 443 else f"{self.host}:{self.port}").encode()


class EndpointRefused(ValueError):
    """Says why, in a few words without the address: it is a secret."""


def origin_of(url: Url) -> str:
    """As VAPID names the audience of a token: https://host[:port]."""
    return f"https://{url.authority.decode()}"


def check_hosts(hosts: Iterable[str]) -> None:
    """Raises ValueError where an allowed host is not a name of two labels or more, with a port or without."""
    for entry in hosts:
        host, colon, port = entry.partition(":")
        if not _LABELS.fullmatch(host) or "." not in host or _is_ip(host):
            raise ValueError(f"{entry!r} is not the name of a host, such as push.example.org")
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"{entry!r} has no proper port")


def check_endpoint(url: str, hosts: Sequence[str] = PUSH_HOSTS) -> Url:
    """What a subscription may be registered with. Raises EndpointRefused.

    `hosts` allow themselves and what is below them, on port 443 or the one that they name (`push.example.org:8443`).
    """
    if len(url) > _LENGTH_MOST:
        raise EndpointRefused("too long")
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise EndpointRefused("not a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EndpointRefused("not a URL") from None
    host = parts.hostname or ""
    if parts.scheme != "https":
        raise EndpointRefused("not https")
    if "@" in parts.netloc:
        raise EndpointRefused("has credentials")
    if "#" in url:
        raise EndpointRefused("has a fragment")
    if _is_ip(host):
        raise EndpointRefused("is an IP address")
    if not _LABELS.fullmatch(host):
        raise EndpointRefused("not a host's name")
    if (host, 443 if port is None else port) not in _Allowed.of(tuple(hosts)):
        raise EndpointRefused("host is not a push service that is allowed")
    path = parts.path or "/"
    return Url(host, 443 if port is None else port, f"{path}?{parts.query}" if parts.query else path)


class _Allowed:
    """Hosts and ports by suffix, label by label: `evilpush.apple.com` is not below `push.apple.com`."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = {(name, int(port or 443)) for name, _, port in (entry.partition(":") for entry in hosts)}

    @staticmethod
    @lru_cache(maxsize=16)
    def of(hosts: tuple[str, ...]) -> "_Allowed":
        return _Allowed(hosts)

    def __contains__(self, where: tuple[str, int]) -> bool:
        host, port = where
        labels = host.split(".")
        return any((".".join(labels[at:]), port) in self._hosts for at in range(len(labels)))


def _is_ip(host: str) -> bool:
    """Also in the spellings that resolvers take for IPv4: 127.1, 2130706433, 0x7f.0.0.1."""
    try:
        ip_address(host)
    except ValueError:
        last = host.rsplit(".", 1)[-1]
        return last.isdigit() or last.startswith("0x")
    return True
