"""Tokens that run out, sessions that end, accounts that close, and phones that are shared."""

from pathlib import Path

import pytest

from tests.client.account import Account
from tests.client.fake import Server, play, refused
from tests.client.identity import AccountClosed, SignInRequired, take_tokens
from tests.client.phone import Phone
from tests.client.queue import did, queued, refusals
from tests.client.wire import Answer, Request
from tests.clock import StandingClock


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path, lambda: 0.5, StandingClock())


@pytest.fixture
def server() -> Server:
    server = Server()
    server.heard = {"1:0"}
    server.publish("1:0", "n1")
    return server


@pytest.fixture
def account(phone: Phone, server: Server) -> Account:
    account = play(phone.sign_in("hoa", "bốn mùa"), server.send)
    play(account.bring_up_to_date(), server.send)
    return account


def test_an_old_token_is_refreshed_and_the_same_request_asked_again(account: Account, server: Server) -> None:
    server.expire()
    del server.asked[:]
    account.read("n1")
    play(account.bring_up_to_date(), server.send)
    events, refresh, events_again, *_ = server.asked
    assert (events.path, refresh.path) == ("/v1/me/events", "/v1/auth/refresh")
    assert events_again.body == events.body
    assert len(server.applied) == 1


def test_a_refresh_whose_answer_was_lost_is_repeated_with_the_same_token(account: Account, server: Server) -> None:
    server.expire()
    del server.asked[:]
    lost = iter([True])

    def lose(request: Request) -> Answer | None:
        answer = server.send(request)
        return None if request.path == "/v1/auth/refresh" and next(lost, False) else answer

    play(account.bring_up_to_date(), lose)
    refreshes = [request.body for request in server.asked if request.path == "/v1/auth/refresh"]
    assert refreshes == [{"refresh_token": "r1"}, {"refresh_token": "r1"}]


def test_a_refresh_that_came_too_late_takes_the_tokens_that_are_there(account: Account, server: Server) -> None:
    """The server tells a token that has just been used from one that was stolen: it ends nobody's session for it."""
    server.expire()

    def be_late(request: Request) -> Answer:
        if request.path == "/v1/auth/refresh":
            with account.store.transaction():
                take_tokens(account.store, server.send(request))
            return refused(401, "token.invalid")
        return server.send(request)

    play(account.bring_up_to_date(), be_late)
    assert account.store.value("refresh_token") == "r2"


def test_an_ended_session_keeps_store_and_queue_until_the_same_member_is_back(
    phone: Phone, account: Account, server: Server
) -> None:
    account.read("n1")
    server.ended = True
    for _ in range(2):
        with pytest.raises(SignInRequired):
            play(account.bring_up_to_date(), server.send)
    assert account.unsent == 1
    assert account.store.things()
    back = play(phone.sign_in("hoa", "bốn mùa"), server.send)
    play(back.bring_up_to_date(), server.send)
    assert len(server.applied) == 1


def test_a_closed_account_leaves_nothing_of_itself_and_all_of_others(
    phone: Phone, account: Account, server: Server
) -> None:
    account.read("n1")
    other = phone.open("lan")
    did(other.store, "read", StandingClock()(), notice_id="n1", revision=1)
    server.closed = True
    with pytest.raises(AccountClosed):
        play(account.bring_up_to_date(), server.send)
    store = account.store
    assert store.value("me") is store.value("cursor") is store.value("access_token") is None
    assert (store.things(), queued(store)) == ({}, [])
    assert other.unsent == 1


def test_an_account_that_was_closed_meanwhile_is_deleted_when_its_member_would_come_back(
    phone: Phone, account: Account, server: Server
) -> None:
    account.read("n1")
    server.ended = True
    with pytest.raises(SignInRequired):
        play(account.bring_up_to_date(), server.send)
    server.closed = True
    with pytest.raises(AccountClosed):
        play(phone.sign_in("hoa", "bốn mùa", back=account), server.send)
    assert (account.store.things(), account.unsent) == ({}, 0)


def test_signing_out_sends_the_queue_first(phone: Phone, account: Account, server: Server) -> None:
    account.read("n1")
    assert play(phone.sign_out(account), server.send) == 0
    assert len(server.applied) == 1
    assert server.ended
    assert account.store.value("access_token") is account.store.value("refresh_token") is None


def test_signing_out_without_a_network_says_what_is_not_sent(phone: Phone, account: Account, server: Server) -> None:
    account.read("n1", acknowledge=True)
    assert play(phone.sign_out(account), lambda _: None) == 1
    assert account.store.value("access_token") is not None
    assert play(phone.sign_out(account, leave_unsent=True), lambda _: None) == 1
    assert account.store.value("access_token") is None
    assert account.unsent == 1
    back = play(phone.sign_in("hoa", "bốn mùa"), server.send)
    play(back.bring_up_to_date(), server.send)
    assert len(server.applied) == 1


def test_a_member_who_signs_in_after_another_begins_with_their_own(
    phone: Phone, account: Account, server: Server
) -> None:
    account.read("n1")
    lan = Server()
    lan.heard = {"7:0"}
    lan.publish("7:0", "n7")

    def send(request: Request) -> Answer:
        answer = lan.send(request)
        return Answer(200, {}, {**answer.body, "member_id": "lan"}) if request.path == "/v1/auth/login" else answer

    other = play(phone.sign_in("lan", "bốn mùa"), send)
    assert other.store.things() == {}
    play(other.bring_up_to_date(), send)
    assert list(other.store.things()) == ["n7"]
    assert lan.applied == []
    assert lan.asked[1].query == ()
    assert list(account.store.things()) == ["n1"]
    assert account.unsent == 1


def test_five_hundred_events_are_sent_at_a_time(account: Account, server: Server) -> None:
    for _ in range(1_001):
        did(account.store, "read", StandingClock()(), notice_id="n1", revision=1)
    del server.asked[:]
    play(account.bring_up_to_date(), server.send)
    sent = [len(request.body["events"]) for request in server.asked if request.path == "/v1/me/events"]
    assert sent == [500, 500, 1]
    assert len(set(server.applied)) == 1_001


def test_one_refused_event_disturbs_no_other_and_the_member_can_be_told(account: Account, server: Server) -> None:
    refused = did(account.store, "danced", StandingClock()(), notice_id="n1")
    account.read("n1")
    play(account.bring_up_to_date(), server.send)
    assert queued(account.store) == []
    assert [(event["id"], event["problem"]["type"]) for event in refusals(account.store)] == [
        (refused, "/problems/event.unknown")
    ]


def test_reading_twice_is_one_event_and_acknowledging_another(account: Account, server: Server) -> None:
    assert account.read("n1") is not None
    assert account.read("n1") is None
    play(account.bring_up_to_date(), server.send)
    assert account.read("n1") is None
    assert account.read("n1", acknowledge=True) is not None
    assert account.read("n1", acknowledge=True) is None
    play(account.bring_up_to_date(), server.send)
    assert account.read("n1", acknowledge=True) is None
    assert len(server.applied) == 2
