"""The server that is loaded: on this machine unless it was said in so many words."""

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit


class LoadError(RuntimeError):
    """The load cannot be started, or says nothing; the message is one line for whoever runs it."""


@dataclass(frozen=True, slots=True)
class Target:
    host: str
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context() if self.tls else None


def read_target(url: str, *, allow_remote: bool = False) -> Target:
    """Raises LoadError for what is no address of a server, and for another machine's without `allow_remote`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or parts.scheme not in {"http", "https"} or parts.path.strip("/") or parts.query or parts.username:
        raise LoadError(f"{url} is not the address of a server, such as http://127.0.0.1:8000")
    if not (allow_remote or _is_loopback(host)):
        raise LoadError(f"{host} is another machine: load it only if it is yours, with --allow-remote")
    tls = parts.scheme == "https"
    return Target(host, port or (443 if tls else 80), tls)


def _is_loopback(host: str) -> bool:
    """A name that merely resolves to this machine today is not enough."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
