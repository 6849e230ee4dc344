"""Web Push against a push service that verifies and decrypts."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from content.push_keys import encoded
from notifications.channels.protocol import Endpoint, Outcome, Provider, Sent
from notifications.channels.vapid import Vapid
from notifications.channels.webpush import WebPush
from tests.notifications.conftest import NOTICE, push
from tests.notifications.simulator import (
    Behaviour,
    Simulator,
    drop,
    fail,
    gone,
    hang,
    mismatch,
    throttle,
)


async def test_a_browser_reads_which_thing_it_is_about(simulator: Simulator, web_push: WebPush) -> None:
    browser = simulator.browser()
    assert await web_push.send(browser, push(urgent=True)) == Sent(Outcome.SENT)
    [arrived] = simulator.accepted
    assert arrived.address == browser.address
    assert arrived.data == {
        "alert": "notice_published",
        "kind": "notice",
        "id": str(NOTICE),
        "channel": "12.all",
        "revision": "3",
        "link": f"https://handbook.example.org/n/{NOTICE}",
    }
    assert arrived.collapse_id == NOTICE.hex
    assert (arrived.headers["ttl"], arrived.headers["urgency"]) == ("86400", "high")


async def test_a_title_goes_along_only_where_the_push_has_one(simulator: Simulator, web_push: WebPush) -> None:
    await web_push.send(simulator.browser(), push(title="Họp chi bộ"))
    await web_push.send(simulator.browser(), push())
    assert [arrived.data.get("title") for arrived in simulator.accepted] == ["Họp chi bộ", None]


async def test_a_collapse_id_of_any_kind_is_a_topic_and_stays_the_same(simulator: Simulator, web_push: WebPush) -> None:
    for _ in range(2):
        await web_push.send(simulator.browser(), push(collapse_id=f"notice:{NOTICE}", ttl=timedelta(days=365)))
    first, second = simulator.accepted
    assert first.collapse_id == second.collapse_id
    assert first.headers["ttl"] == str(28 * 86_400)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour(200), Sent(Outcome.SENT)),
        (Behaviour(202), Sent(Outcome.SENT)),
        (Behaviour(204), Sent(Outcome.SENT)),
        (gone(), Sent(Outcome.GONE, detail="410")),
        (fail(404), Sent(Outcome.GONE, detail="404")),
        (throttle(3), Sent(Outcome.RETRY, 3.0, "429")),
        (fail(413), Sent(Outcome.REFUSED, detail="413")),
        (fail(400), Sent(Outcome.REFUSED, detail="400")),
        (mismatch(), Sent(Outcome.REFUSED, detail="403")),
        (fail(307), Sent(Outcome.REFUSED, detail="307")),
        (fail(500), Sent(Outcome.RETRY, detail="500")),
        (fail(503, retry_after=4), Sent(Outcome.RETRY, 4.0, "503")),
        (drop(), Sent(Outcome.RETRY, detail="disconnected")),
    ],
)
async def test_each_answer_has_its_outcome(
    simulator: Simulator, web_push: WebPush, behaviour: Behaviour, expected: Sent
) -> None:
    browser = simulator.browser()
    simulator.behave(browser.address, behaviour)
    assert await web_push.send(browser, push()) == expected
    assert (await web_push.send(simulator.browser(), push())).outcome is Outcome.SENT


async def test_a_service_that_hangs_is_given_up(simulator: Simulator) -> None:
    web_push = WebPush(simulator.web_push_config(seconds=0.4))
    browser = simulator.browser()
    simulator.behave(browser.address, hang())
    assert await web_push.send(browser, push()) == Sent(Outcome.RETRY, detail="timeout")
    await web_push.close()


async def test_loopback_is_not_connected_to_unless_it_is_allowed(simulator: Simulator) -> None:
    web_push = WebPush(simulator.web_push_config(allowed_networks=()))
    sent = await web_push.send(simulator.browser(), push())
    assert sent == Sent(Outcome.REFUSED, detail="address is not public")
    assert simulator.connected == 0
    await web_push.close()


async def test_endpoints_and_keys_are_checked_when_it_is_sent_too(simulator: Simulator, web_push: WebPush) -> None:
    browser = simulator.browser()
    for broken in (
        Endpoint(Provider.WEB_PUSH, "https://169.254.169.254/latest", browser.p256dh, browser.auth),
        Endpoint(Provider.WEB_PUSH, "https://example.org/x", browser.p256dh, browser.auth),
        replace(browser, p256dh=encoded(b"\x04" + bytes(64))),
        replace(browser, auth=""),
    ):
        assert (await web_push.send(broken, push())).outcome is Outcome.REFUSED
    assert simulator.connected == 0


async def test_a_subscription_for_another_key_is_refused(simulator: Simulator) -> None:
    web_push = WebPush(simulator.web_push_config(key=ec.generate_private_key(ec.SECP256R1())))
    assert await web_push.send(simulator.browser(), push()) == Sent(Outcome.REFUSED, detail="403")
    await web_push.close()


async def test_many_at_once(simulator: Simulator, web_push: WebPush) -> None:
    browsers = [simulator.browser() for _ in range(60)]
    sent = await asyncio.gather(*(web_push.send(browser, push()) for browser in browsers))
    assert {one.outcome for one in sent} == {Outcome.SENT}
    assert len({arrived.headers["authorization"] for arrived in simulator.accepted}) == 1
    assert simulator.connected == 1


def test_each_service_gets_a_token_of_its_own_until_it_is_old() -> None:
    now = time.time()
    vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), "mailto:operator@example.org", clock=lambda: now)
    first = vapid.authorization("https://fcm.googleapis.com")
    assert vapid.authorization("https://fcm.googleapis.com") == first
    assert vapid.authorization("https://web.push.apple.com") != first
    now += 11 * 3600 + 1
    later = vapid.authorization("https://fcm.googleapis.com")
    claims = jwt.decode(later.split(b"t=")[1].partition(b",")[0], options={"verify_signature": False})
    assert later != first
    assert claims["exp"] - now < 24 * 3600


async def test_endpoints_and_payloads_are_in_no_log_and_no_repr(
    simulator: Simulator, web_push: WebPush, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        browser = simulator.browser()
        simulator.behave(browser.address, fail(500))
        sent = await web_push.send(browser, push(title="Riêng tư"))
    told = f"{caplog.text} {sent!r} {browser!r} {simulator.received!r} {simulator.web_push_config()!r}"
    for secret in (browser.address.rpartition("/")[2], browser.auth, browser.p256dh, "Riêng tư"):
        assert secret not in told
