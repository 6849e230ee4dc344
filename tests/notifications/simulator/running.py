"""The simulator itself."""

import asyncio
import json
import secrets
import ssl
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from content.push_keys import encoded
from notifications.channels.fcm import FcmConfig
from notifications.channels.google import ServiceAccount
from notifications.channels.protocol import Endpoint, Provider
from notifications.channels.vapid import new_vapid_key, public_vapid_key
from notifications.channels.webpush import WebPushConfig
from tests.notifications.simulator.behaviours import BATCHES, EVERYONE, TOKENS, WELL, Behaviour
from tests.notifications.simulator.browsers import Browser, refused_push
from tests.notifications.simulator.certificates import Certificates, make_certificates
from tests.notifications.simulator.google import (
    OF_ADDRESS,
    UNAUTHENTICATED,
    Issued,
    Json,
    fcm_error,
    google_error,
    refused_message,
    signing_key_pem,
)
from tests.notifications.simulator.record import Kind, Received
from tests.notifications.simulator.serving import Receive, Scope, Send, Serving, serving

PROJECT = "handbook-test"
PUBLIC_URL = "https://handbook.example.org"

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Urls:
    """Where each provider is; FCM's and the batch API's are without a path, as their channels take them."""

    fcm: str
    topics: str
    token: str
    web_push: str


@cache
def certificates() -> Certificates:
    return make_certificates("localhost")


class Simulator:
    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps
        self.received: list[Received] = []
        self.counts: Counter[Kind] = Counter()
        self.topics: dict[str, set[str]] = defaultdict(set)
        self.ca = certificates().authority
        self.trust = ssl.create_default_context(cadata=self.ca)
        self.vapid_key = new_vapid_key()
        self._vapid = load_pem_private_key(self.vapid_key, None)
        self._browsers: dict[str, Browser] = {}
        self._behaviours: dict[str, tuple[Behaviour, int | None]] = {}
        self._changed = asyncio.Event()

    def started(self, here: Serving) -> None:
        base = f"https://localhost:{here.port}"
        self.urls = Urls(base, base, f"{base}/token", base)
        self._here = here
        self.account = ServiceAccount(
            project_id=PROJECT,
            client_email=f"push@{PROJECT}.iam.gserviceaccount.com",
            private_key_id=secrets.token_hex(20),
            private_key=signing_key_pem(),
            token_uri=self.urls.token,
        )
        self.tokens = Issued(self.account.client_email, self.urls.token)

    @property
    def accepted(self) -> list[Received]:
        """What a provider took on, in the order in which it came."""
        return [received for received in self.received if received.is_accepted]

    @property
    def host(self) -> str:
        """The push service's, as settings allow it."""
        return f"localhost:{self._here.port}"

    @property
    def connected(self) -> int:
        """Connections so far."""
        return self._here.connected

    def fcm_config(self, **over: Any) -> FcmConfig:
        config = FcmConfig(
            self.account, PUBLIC_URL, url=self.urls.fcm, topics_url=self.urls.topics, authorities=self.ca
        )
        return replace(config, **over)

    def web_push_config(self, **over: Any) -> WebPushConfig:
        config = WebPushConfig(
            self._vapid,  # type: ignore[arg-type]  # new_vapid_key makes no other
            "mailto:operator@example.org",
            PUBLIC_URL,
            hosts=(self.host,),
            allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
            authorities=self.ca,
        )
        return replace(config, **over)

    def device(self, language: str = "vi") -> Endpoint:
        """One with a new FCM token; any other text is a token too."""
        return Endpoint(
            Provider.FCM, f"{secrets.token_urlsafe(16)}:APA91b{secrets.token_urlsafe(99)}", language=language
        )

    def browser(self, language: str = "vi") -> Endpoint:
        """One with a new subscription: only those are known to the push service."""
        browser = Browser()
        address = f"{self.urls.web_push}/wp/{secrets.token_urlsafe(24)}"
        self._browsers[address] = browser
        return Endpoint(Provider.WEB_PUSH, address, browser.p256dh, encoded(browser.secret), language)

    def behave(self, address: str, behaviour: Behaviour, times: int | None = None) -> None:
        """Towards this address from now on, or the next `times` requests for it."""
        self._behaviours[address] = (behaviour, times)

    def expire_tokens(self) -> None:
        """Every access token that was given out ends now."""
        self.tokens.ends.clear()

    async def arrived(self, count: int) -> None:
        """Wait until so many requests have come in all, answered or not."""
        await self.until(lambda: self.counts.total() >= count)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that requests bring about."""
        while not is_so():
            self._changed.clear()
            await self._changed.wait()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every provider, told apart by path."""
        if scope["type"] != "http":
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self._changed.set()
        body = await _read(receive)
        path: str = scope["path"]
        exchange = _Exchange(self, scope, receive, send, headers, body)
        if path == "/token":
            await exchange.token()
        elif path == f"/v1/projects/{PROJECT}/messages:send":
            await exchange.message()
        elif path in {"/iid/v1:batchAdd", "/iid/v1:batchRemove"}:
            await exchange.batch("subscribe" if path.endswith("Add") else "unsubscribe")
        elif path.startswith("/wp/"):
            await exchange.push(f"{self.urls.web_push}{path}")
        elif path == "/received":
            await exchange.answer(200, {str(kind): count for kind, count in self.counts.items()})
        else:
            await exchange.answer(404, google_error(404, "NOT_FOUND", "No such project or method."))
        self._changed.set()

    def towards(self, address: str, *, else_everyone: bool = True) -> Behaviour:
        """How this request is answered; counts it."""
        key = address if address in self._behaviours or not else_everyone else EVERYONE
        behaviour, times = self._behaviours.get(key, (WELL, None))
        if times is not None:
            if times <= 1:
                del self._behaviours[key]
            else:
                self._behaviours[key] = (behaviour, times - 1)
        return behaviour

    def note(self, kind: Kind, address: str, status: int, message: Json, headers: Headers) -> None:
        self.counts[kind] += 1
        if self._keeps:
            self.received.append(Received(kind, address, status, message, headers))
        self._changed.set()

    def browser_at(self, address: str) -> Browser | None:
        return self._browsers.get(address)

    @property
    def application_key(self) -> str:
        return public_vapid_key(self._vapid)  # type: ignore[arg-type]  # new_vapid_key makes no other

    def break_connection(self, scope: Scope) -> None:
        self._here.break_connection(scope)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request and its answer."""

    simulator: Simulator
    scope: Scope
    receive: Receive
    send: Send
    headers: Headers
    body: bytes

    async def token(self) -> None:
        behaviour = self.simulator.towards(TOKENS, else_everyone=False)
        if await self.is_silent(behaviour):
            return
        if behaviour.status:
            await self.answer(behaviour.status, {"error": "internal_failure"}, behaviour.retry_after)
        else:
            await self.answer(*self.simulator.tokens.answer(self.body))

    async def message(self) -> None:
        message: Json = json.loads(self.body).get("message", {})
        kind: Kind = "topic" if "topic" in message else "device"
        address = message.get("token") or f"/topics/{message.get('topic')}"
        if not self.simulator.tokens.knows(self.headers.get("authorization", "")):
            await self.answer(401, UNAUTHENTICATED)
            return
        behaviour = self.simulator.towards(address)
        status, said = 200, {"name": f"projects/{PROJECT}/messages/0:{secrets.randbits(60)}"}
        if behaviour.status:
            status, said = fcm_error(behaviour)
        elif refused := refused_message({"message": message}):
            status, said = refused
        silent = behaviour.hangs or behaviour.drops
        self.simulator.note(kind, address, 0 if silent else status, message, self.headers)
        if not await self.is_silent(behaviour):
            await self.answer(status, said, behaviour.retry_after)

    async def batch(self, kind: Kind) -> None:
        document: Json = json.loads(self.body)
        if not self.simulator.tokens.knows(self.headers.get("authorization", "")):
            await self.answer(401, {"error": "Unauthorized"})
            return
        behaviour = self.simulator.towards(BATCHES, else_everyone=False)
        addresses: list[str] = document["registration_tokens"]
        status = behaviour.status
        if self.headers.get("access_token_auth") != "true" or len(addresses) > 1_000:
            status = 400
        silent = behaviour.hangs or behaviour.drops
        self.simulator.note(kind, document["to"], 0 if silent else status or 200, document, self.headers)
        if await self.is_silent(behaviour):
            return
        if status:
            await self.answer(status, {"error": behaviour.code or "InvalidRequest"}, behaviour.retry_after)
            return
        await self.answer(200, {"results": [self.one(kind, document["to"], address) for address in addresses]})

    def one(self, kind: Kind, topic: str, address: str) -> Json:
        code = self.simulator.towards(address, else_everyone=False).code
        if code:
            return {"error": OF_ADDRESS.get(code, code)}
        members = self.simulator.topics[topic.removeprefix("/topics/")]
        members.add(address) if kind == "subscribe" else members.discard(address)
        return {}

    async def push(self, address: str) -> None:
        origin = self.simulator.urls.web_push
        behaviour = self.simulator.towards(address)
        browser = self.simulator.browser_at(address)
        status = refused_push(self.headers, self.body, origin, self.simulator.application_key)
        status = status or (404 if browser is None else 0) or behaviour.status or 201
        message = {} if browser is None or status in {400, 413} else browser.read(self.body)
        silent = behaviour.hangs or behaviour.drops
        self.simulator.note("browser", address, 0 if silent else status, message, self.headers)
        if not await self.is_silent(behaviour):
            await self.answer(status, None, behaviour.retry_after)

    async def is_silent(self, behaviour: Behaviour) -> bool:
        """Wait, hang or break as told; whether there is to be no answer."""
        await asyncio.sleep(behaviour.wait)
        if behaviour.drops:
            self.simulator.break_connection(self.scope)
        if behaviour.hangs or behaviour.drops:
            while (await self.receive())["type"] != "http.disconnect":
                pass
        return behaviour.hangs or behaviour.drops

    async def answer(self, status: int, document: Json | None, retry_after: int | str | None = None) -> None:
        headers = [(b"content-type", b"application/json; charset=UTF-8")]
        if retry_after is not None:
            headers.append((b"retry-after", str(retry_after).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if document is None else json.dumps(document).encode()
        await self.send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return bytes(body)


@asynccontextmanager
async def running_simulator(*, keeps: bool = True) -> AsyncIterator[Simulator]:
    """On free ports of this machine. Without `keeps` what arrives is counted (`counts`) and not kept."""
    simulator = Simulator(keeps=keeps)
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = await asyncio.to_thread(_written, Path(folder))
        async with serving(simulator.app, certificate, key) as here:
            simulator.started(here)
            yield simulator


def _written(folder: Path) -> tuple[Path, Path]:
    """The server's certificate and key, as files: what `ssl` and hypercorn take."""
    certificate, key = folder / "server.pem", folder / "key.pem"
    certificate.write_text(certificates().server)
    key.write_text(certificates().key)
    return certificate, key
