"""Connections over TLS, and where asked never to addresses that are not public.

An address is checked when its name has been resolved, and then connected to as it is, so that no second look-up (DNS
rebinding) can lead elsewhere.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_ATTEMPT_SECONDS = 3.0
"""How long one address of a host is tried: a network whose IPv6 leads nowhere must leave time for IPv4."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as IPv6-only networks write them (RFC 6052)."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out for the internet; `is_global` alone is also said of reserved ranges."""


class NotPublic(Exception):
    """The name of a push service leads to a private, loopback, link-local or other address that is not public."""


def is_public(address: IpAddress) -> bool:
    """Whether it is an address of the open internet, however an IPv4 address may be wrapped in an IPv6 one."""
    inner = _unwrapped(address) if isinstance(address, IPv6Address) else address
    is_unicast = inner in _GLOBAL_UNICAST if isinstance(inner, IPv6Address) else not inner.is_multicast
    return inner.is_global and is_unicast


def _unwrapped(address: IPv6Address) -> IpAddress:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


async def connected_socket(host: str, port: int, allowed_networks: Sequence[IpNetwork] | None) -> socket.socket:
    """With `allowed_networks` only public addresses and those networks are connected to; with None all are.

    Raises NotPublic where one of a name's addresses may not be connected to (a name of both kinds is an attempt), and
    OSError.
    """
    addresses = await _resolve(host, port)
    if allowed_networks is not None and not all(
        is_public(address) or any(address in network for network in allowed_networks) for address in addresses
    ):
        raise NotPublic
    failure: OSError = OSError("the name has no address")
    for address in addresses:
        try:
            return await _connect(address, port)
        except OSError as error:
            failure = error
    raise failure


class Connecting(httpcore.AsyncNetworkBackend):
    """The same for httpcore's pool. `allowed_networks`: see `connected_socket`."""

    def __init__(self, allowed_networks: Sequence[IpNetwork] | None = None) -> None:
        self._allowed_networks = allowed_networks

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - httpcore's signature; the wire has one deadline
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        return _Connected(await connected_socket(host, port, self._allowed_networks))


async def _resolve(host: str, port: int) -> Sequence[IpAddress]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(where[0]).partition("%")[0]) for *_, where in found))


async def _connect(address: IpAddress, port: int) -> socket.socket:
    connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(_ATTEMPT_SECONDS):
            await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


class _Connected(httpcore.AsyncNetworkStream):
    """A connection before TLS: nothing is ever said on it in the clear."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        try:
            reader, writer = await asyncio.open_connection(
                sock=self._socket, ssl=ssl_context, server_hostname=server_hostname
            )
        except BaseException:
            self._socket.close()
            raise
        return _Encrypted(reader, writer)

    async def aclose(self) -> None:
        self._socket.close()


class _Encrypted(httpcore.AsyncNetworkStream):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109, ARG002
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(type(error).__name__) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109, ARG002
        if not buffer:
            return
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except (OSError, RuntimeError) as error:  # RuntimeError: the transport is closing
            raise httpcore.WriteError(type(error).__name__) from error

    async def aclose(self) -> None:
        """At once: a peer that hangs is not waited for to say good-bye."""
        self._writer.transport.abort()
        await asyncio.sleep(0)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # what httpcore asks before it uses an idle connection again
            return self._reader.at_eof() or self._writer.transport.is_closing()
        return self._writer.get_extra_info(info)
