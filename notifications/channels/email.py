"""E-mail by SMTP, for those without a phone: plain text with a link."""

import hashlib
import re
import ssl
import time
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiosmtplib

from notifications.channels.email_text import spoken, written
from notifications.channels.payload import link_of
from notifications.channels.protocol import Endpoint, Outcome, Push, Sent

_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\"\\\x00-\x1f\x7f]{1,64}@[^@\s<>()\[\],;:\"\\\x00-\x1f\x7f]{1,255}")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_IDLE_SECONDS = 20.0
"""How long a connection is used again: servers close idle ones after some minutes at the earliest (RFC 5321: five)."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """TLS from the first byte (`smtps:`), or by STARTTLS; on this machine itself neither is needed."""

    host: str
    port: int
    is_tls: bool
    starts_tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def read_smtp_url(url: str) -> SmtpServer:
    """`smtp[s]://[user:password@]host[:port]`. Raises ValueError, which never quotes it."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0 or parts.path.strip("/") or parts.query:
        raise ValueError("must be such as smtps://user:password@mail.example.org:465")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("needs both a user and a password, or neither")
    is_tls = parts.scheme == "smtps"
    return SmtpServer(
        parts.hostname,
        port or (465 if is_tls else 587),
        is_tls,
        not is_tls and not _is_loopback(parts.hostname),
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
    )


def check_sender(sender: str) -> None:
    """Raises ValueError unless it is an address, such as `Sổ tay <no-reply@example.org>`."""
    if "\n" in sender or "\r" in sender or not _ADDRESS.fullmatch(parseaddr(sender)[1]):
        raise ValueError("must be an address, such as Handbook <no-reply@example.org>")


@dataclass(frozen=True, slots=True)
class EmailConfig:
    server: SmtpServer
    sender: str
    public_url: str
    seconds: float = 20.0
    """Of each step of the dialogue."""
    concurrency: int = 4
    authorities: str | None = field(default=None, repr=False)
    """Certificates to trust in place of the machine's, in PEM."""


class EmailChannel:
    """A PushChannel. Connections are kept for the next message, one for each that is under way."""

    def __init__(self, config: EmailConfig) -> None:
        self.concurrency = config.concurrency
        self._config = config
        self._trust = ssl.create_default_context(cadata=config.authorities)
        self._envelope_sender = parseaddr(config.sender)[1]
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []
        self._is_closed = False

    async def send(self, to: Endpoint, push: Push) -> Sent:
        if not _ADDRESS.fullmatch(to.address):
            return Sent(Outcome.REFUSED, detail="not an e-mail address")
        try:
            message = self._message(to, push).as_bytes()
        except (ValueError, MessageError) as error:
            return Sent(Outcome.REFUSED, detail=type(error).__name__)
        try:
            return await self._delivered(to.address, message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _judged(error)

    async def close(self) -> None:
        self._is_closed = True
        while self._idle:
            client, _ = self._idle.pop()
            await _quit(client)

    async def _delivered(self, address: str, message: bytes) -> Sent:
        """Raises what aiosmtplib raises; a connection on which anything went wrong is not used again."""
        client = await self._connected()
        is_sound = False
        try:
            options = [] if address.isascii() else ["smtputf8"]
            await client.sendmail(self._envelope_sender, [address], message, mail_options=options)
            is_sound = True
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError):
            is_sound = client.is_connected  # the server's word on one message; RSET has been said
            raise
        finally:
            if is_sound and not self._is_closed:
                self._idle.append((client, time.monotonic()))
            else:
                client.close()
        return Sent(Outcome.SENT)

    async def _connected(self) -> aiosmtplib.SMTP:
        while self._idle:
            client, since = self._idle.pop()
            if client.is_connected and time.monotonic() - since < _IDLE_SECONDS:
                return client
            client.close()
        server = self._config.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.is_tls,
            start_tls=server.starts_tls,
            tls_context=self._trust,
            timeout=self._config.seconds,
        )
        await client.connect()
        return client

    def _message(self, to: Endpoint, push: Push) -> EmailMessage:
        """The same Message-ID for the same push to the same person: mailboxes show what came twice once."""
        link = link_of(push.id, self._config.public_url)
        subject, text = written(push.alert, to.language, link, push.title)
        once = hashlib.sha256(f"{push.collapse_id}\n{push.revision}\n{to.address}".encode()).hexdigest()[:32]
        message = EmailMessage()
        message["From"] = self._config.sender
        message["To"] = to.address
        message["Subject"] = subject
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = f"<{once}@{self._envelope_sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        if push.urgent:
            message["Importance"] = "high"
        message.set_content(text, cte="base64")
        message["Content-Language"] = spoken(to.language)
        return message


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=2)
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _judged(error: Exception) -> Sent:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _of_recipient(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _of_dialogue(error)
    # A server without SMTPUTF8 where the address needs it, and an address that no dialogue can carry, stay so.
    is_final = isinstance(error, aiosmtplib.SMTPNotSupported | ValueError)
    return Sent(Outcome.REFUSED if is_final else Outcome.RETRY, detail=type(error).__name__)


def _of_recipient(error: aiosmtplib.SMTPRecipientRefused) -> Sent:
    """4xx passes; 5xx means nobody of that name, unless it speaks of policy (5.7, RFC 3463)."""
    if error.code < 500:
        return Sent(Outcome.RETRY, detail=_told(error))
    word = _ENHANCED.match(error.message)
    is_policy = word is not None and word[0].startswith("5.7")
    return Sent(Outcome.REFUSED if is_policy else Outcome.GONE, detail=_told(error))


def _of_dialogue(error: aiosmtplib.SMTPResponseException) -> Sent:
    """What a server says of the message is final where it is 5xx; of the greeting or our password it is for an operator
    to mend, and nothing is lost meanwhile.
    """
    is_final = isinstance(error, aiosmtplib.SMTPDataError | aiosmtplib.SMTPSenderRefused) and error.code >= 500
    return Sent(Outcome.REFUSED if is_final else Outcome.RETRY, detail=_told(error))


def _told(error: aiosmtplib.SMTPResponseException) -> str:
    """The codes alone: what servers write beside them often quotes the address."""
    word = _ENHANCED.match(error.message)
    return f"{error.code} {word[0]}" if word else str(error.code)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
