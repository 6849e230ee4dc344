"""E-mail, against a real SMTP server that refuses on demand."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from notifications.channels.email import EmailChannel, EmailConfig, SmtpServer, check_sender, read_smtp_url
from notifications.channels.email_text import written
from notifications.channels.protocol import Alert, Endpoint, Outcome, Provider, Sent
from tests.notifications.conftest import NOTICE, push
from tests.notifications.simulator.running import PUBLIC_URL, certificates

PERSON = Endpoint(Provider.EMAIL, "lan.nguyen@example.org")


class Mailbox:
    """aiosmtpd's handler: keeps what came, and says `answers[command]` in place of a yes."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        self.is_slow = False
        self.connections = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.is_slow:
            await asyncio.Event().wait()
        assert isinstance(envelope.content, bytes)
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return self.answers.get("DATA", "250 OK")


@asynccontextmanager
async def serving(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """The port of a server; `tls` is from the first byte."""
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def made() -> SMTP:
        mailbox.connections += 1
        protocols.append(SMTP(mailbox, hostname="mail.example.org", loop=loop, **options))
        return protocols[-1]

    server = await loop.create_server(made, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for protocol in protocols:
            if isinstance(protocol.transport, asyncio.Transport):
                protocol.transport.abort()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def sending(port: int, *, seconds: float = 5, **over: Any) -> AsyncIterator[EmailChannel]:
    server = SmtpServer(**{"host": "localhost", "port": port, "is_tls": False, "starts_tls": False, **over})
    authorities = certificates().authority
    channel = EmailChannel(
        EmailConfig(server, "Sổ tay <no-reply@example.org>", PUBLIC_URL, seconds=seconds, authorities=authorities)
    )
    try:
        yield channel
    finally:
        await channel.close()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    (tmp_path / "server.pem").write_text(certificates().server)
    (tmp_path / "key.pem").write_text(certificates().key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "key.pem")
    return context


async def test_a_letter_says_as_little_as_a_push_and_where_to_read_on() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port, sending(port) as channel:
        assert await channel.send(PERSON, push(urgent=True, alert=Alert.NOTICE_URGENT)) == Sent(Outcome.SENT)
    [letter] = mailbox.messages
    assert letter["Subject"] == "Thông báo khẩn"
    assert (letter["From"], letter["To"]) == ("Sổ tay <no-reply@example.org>", PERSON.address)
    assert (letter["Auto-Submitted"], letter["Content-Language"]) == ("auto-generated", "vi")
    text = letter.get_content()
    assert f"{PUBLIC_URL}/n/{NOTICE}" in text
    assert "đăng nhập" in text


async def test_the_same_push_has_the_same_message_id_and_one_connection() -> None:
    mailbox = Mailbox()
    english = Endpoint(Provider.EMAIL, "an@example.org", language="en-GB")
    async with serving(mailbox) as port, sending(port) as channel:
        for to in (PERSON, PERSON, english):
            await channel.send(to, push(title="Họp chi bộ"))
    first, second, third = mailbox.messages
    assert first["Message-ID"] == second["Message-ID"] != third["Message-ID"]
    assert third["Subject"] == "New notice"
    assert "Họp chi bộ" in third.get_content()
    assert mailbox.connections == 1


@pytest.mark.parametrize("alert", Alert)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_alert_has_its_words(alert: Alert, language: str) -> None:
    subject, text = written(alert, language, "https://x.example/n/1", None)
    assert subject
    assert "https://x.example/n/1" in text


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("RCPT", "450 4.2.1 lan.nguyen@example.org is busy", Sent(Outcome.RETRY, detail="450 4.2.1")),
        ("RCPT", "550 5.1.1 no such user lan.nguyen@example.org", Sent(Outcome.GONE, detail="550 5.1.1")),
        ("RCPT", "550 nobody here", Sent(Outcome.GONE, detail="550")),
        ("RCPT", "554 5.7.1 relay denied", Sent(Outcome.REFUSED, detail="554 5.7.1")),
        ("MAIL", "451 4.3.0 later", Sent(Outcome.RETRY, detail="451 4.3.0")),
        ("MAIL", "553 5.1.8 not yours to send as", Sent(Outcome.REFUSED, detail="553 5.1.8")),
        ("DATA", "452 4.3.1 disk full", Sent(Outcome.RETRY, detail="452 4.3.1")),
        ("DATA", "554 5.6.0 spam", Sent(Outcome.REFUSED, detail="554 5.6.0")),
        ("DATA", "421 4.3.2 going down", Sent(Outcome.RETRY, detail="421 4.3.2")),
    ],
)
async def test_each_answer_has_its_outcome(command: str, answer: str, expected: Sent) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port, sending(port) as channel:
        mailbox.answers[command] = answer
        assert await channel.send(PERSON, push()) == expected
        del mailbox.answers[command]
        assert (await channel.send(PERSON, push())).outcome is Outcome.SENT


async def test_a_server_that_hangs_is_given_up() -> None:
    mailbox = Mailbox()
    mailbox.is_slow = True
    async with serving(mailbox) as port, sending(port, seconds=0.5) as channel:
        sent = await channel.send(PERSON, push())
    assert sent == Sent(Outcome.RETRY, detail="SMTPReadTimeoutError")


async def test_nobody_there_at_all() -> None:
    async with sending(9) as channel:
        assert (await channel.send(PERSON, push())).outcome is Outcome.RETRY


async def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    mailbox = Mailbox()
    async with serving(mailbox, timeout=0.2) as port, sending(port) as channel:
        await channel.send(PERSON, push())
        await asyncio.sleep(0.5)
        assert (await channel.send(PERSON, push())).outcome is Outcome.SENT
    assert len(mailbox.messages) == 2


async def test_closing_and_giving_up_leave_nothing_open() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port, sending(port) as channel:
        await channel.send(PERSON, push())
        mailbox.is_slow = True
        under_way = asyncio.create_task(channel.send(PERSON, push()))
        await asyncio.sleep(0.1)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way


async def test_starttls_is_demanded_and_passwords_go_after_it(tls: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    known: list[bytes] = []

    def authenticated(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        known.append(said.password)
        return AuthResult(success=said.password == b"p@ss", handled=False)

    options: dict[str, Any] = {"tls_context": tls, "authenticator": authenticated, "auth_required": True}
    async with serving(mailbox, require_starttls=True, **options) as port:
        async with sending(port, starts_tls=True, username="u", password="p@ss") as channel:
            assert await channel.send(PERSON, push()) == Sent(Outcome.SENT)
        async with sending(port, starts_tls=True, username="u", password="wrong") as channel:
            sent = await channel.send(PERSON, push())
    assert (sent.outcome, sent.detail) == (Outcome.RETRY, "535 5.7.8")
    assert b"p@ss" in known
    async with serving(mailbox) as port, sending(port, starts_tls=True, username="u", password="secret") as channel:
        assert (await channel.send(PERSON, push())).outcome is Outcome.RETRY
    assert len(mailbox.messages) == 1
    assert b"secret" not in known


async def test_tls_from_the_first_byte(tls: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    async with serving(mailbox, tls=tls) as port, sending(port, is_tls=True) as channel:
        assert await channel.send(PERSON, push()) == Sent(Outcome.SENT)


@pytest.mark.parametrize(
    "address", ["", "lan", "lan@", "a@b\r\nBcc: x@y.z", "a@b, c@d", "<a@b>", "a b@c", f"{'x' * 99}@example.org"]
)
async def test_what_is_no_address_is_not_sent_to(address: str) -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port, sending(port) as channel:
        assert (await channel.send(Endpoint(Provider.EMAIL, address), push())).outcome is Outcome.REFUSED
    assert mailbox.connections == 0


async def test_addresses_are_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    mailbox = Mailbox()
    mailbox.answers["RCPT"] = "550 5.1.1 no such user lan.nguyen@example.org"
    with caplog.at_level(logging.INFO, logger="aiosmtplib"):
        async with serving(mailbox) as port, sending(port) as channel:
            sent = await channel.send(PERSON, push())
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.log")]
    assert "lan.nguyen" not in f"{ours} {sent!r} {PERSON!r}"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://u:p%40ss@mail.example.org", SmtpServer("mail.example.org", 465, True, False, "u", "p@ss")),
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 587, False, True)),
        ("smtp://localhost:25", SmtpServer("localhost", 25, False, False)),
        ("smtp://127.0.0.1:1025/", SmtpServer("127.0.0.1", 1025, False, False)),
    ],
)
def test_a_server_by_its_url(url: str, server: SmtpServer) -> None:
    assert read_smtp_url(url) == server
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://h:x",
        "smtp://h:0",
        "smtp://u@h",
        "smtp://h/x",
    ],
)
def test_a_url_that_names_no_server(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be|needs both"):
        read_smtp_url(url)


@pytest.mark.parametrize(
    ("sender", "is_good"), [("a@b.vn", True), ("Sổ tay <a@b.vn>", True), ("a", False), ("", False)]
)
def test_the_sender_is_an_address(sender: str, is_good: bool) -> None:
    if is_good:
        check_sender(sender)
    else:
        with pytest.raises(ValueError, match="address"):
            check_sender(sender)
