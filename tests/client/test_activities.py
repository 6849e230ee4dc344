"""Answering and checking in without a network, on several phones."""

import json
from pathlib import Path

import pytest

from tests.client.account import Account
from tests.client.activities import attendance, shown_rsvp
from tests.client.fake import Server, play
from tests.client.opening import open_phone
from tests.client.queue import queued
from tests.clock import StandingClock


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def server() -> Server:
    server = Server(page=9)
    server.heard = {"1:0"}
    server.publish("1:0", "n1")
    return server


@pytest.fixture
def phone(tmp_path: Path, server: Server, clock: StandingClock) -> Account:
    return open_phone(tmp_path, "one", server, clock)


def test_the_last_answer_on_the_queue_is_shown_and_then_what_stands(
    phone: Account, server: Server, clock: StandingClock
) -> None:
    assert shown_rsvp(phone.store, "n1", 1) is None
    for answer in ("yes", "yes", "no", "maybe"):
        phone.answer("n1", answer)
        clock.advance(minutes=1)
    assert [event["answer"] for event in queued(phone.store)] == ["yes", "no", "maybe"], "the same is said once"
    shown = {"notice_id": "n1", "occurrence": 1, "answer": "maybe", "note": None}
    assert shown_rsvp(phone.store, "n1", 1) == shown
    play(phone.bring_up_to_date(), server.send)
    assert (queued(phone.store), shown_rsvp(phone.store, "n1", 1)) == ([], shown)
    assert phone.answer("n1", "maybe") is None
    assert phone.answer("n1", "maybe", occurrence=2) is not None
    assert phone.answer("n1", "maybe", note="Đến muộn") is not None


def test_two_phones_come_to_show_what_stands(
    phone: Account, tmp_path: Path, server: Server, clock: StandingClock
) -> None:
    other = open_phone(tmp_path, "other", server, clock)
    phone.answer("n1", "yes")
    clock.advance(minutes=1)
    other.answer("n1", "no")
    play(other.bring_up_to_date(), server.send)
    play(phone.bring_up_to_date(), server.send)
    assert [one["answer"] for one in shown(phone, other)] == ["no", "no"]
    phone.answer("n1", "maybe")
    play(phone.bring_up_to_date(), server.send)
    play(other.bring_up_to_date(pulled=True), server.send)
    assert [one["answer"] for one in shown(phone, other)] == ["maybe", "maybe"]


def shown(*phones: Account) -> list[dict[str, str]]:
    return [one for phone in phones if (one := shown_rsvp(phone.store, "n1", 1)) is not None]


def test_a_clock_that_is_slow_loses_to_what_was_said_later(
    phone: Account, server: Server, clock: StandingClock
) -> None:
    server.hear("n1", 1, "no", "2027-01-01T00:00:00Z")
    play(phone.bring_up_to_date(pulled=True), server.send)
    phone.answer("n1", "yes")
    assert shown(phone)[0]["answer"] == "yes"
    play(phone.bring_up_to_date(), server.send)
    assert shown(phone)[0]["answer"] == "no", "though it knew of it before"


def test_what_a_code_came_to_is_known_when_it_was_sent(phone: Account, server: Server) -> None:
    phone.check_in("n1/1")
    phone.check_in("n1/2")
    assert attendance(phone.store, "n1", 1) is None
    server.mark("n1", 2, "excused")
    play(phone.bring_up_to_date(), server.send)
    found = [attendance(phone.store, "n1", no) for no in (1, 2)]
    assert [one and (one["status"], one["method"]) for one in found] == [("present", "code"), ("excused", "secretary")]


def test_a_new_start_of_the_state_takes_answers_and_attendance_along(phone: Account, server: Server) -> None:
    phone.answer("n1", "yes")
    phone.check_in("n1/1")
    play(phone.bring_up_to_date(), server.send)
    for lost in (server.rsvps, server.attendance, server.receipts):
        lost.clear()
    with phone.store.transaction():
        phone.store.forget("state")
    play(phone.bring_up_to_date(pulled=True), server.send)
    assert (shown_rsvp(phone.store, "n1", 1), attendance(phone.store, "n1", 1)) == (None, None)


def test_an_answer_that_was_refused_is_taken_back(phone: Account, server: Server, clock: StandingClock) -> None:
    phone.answer("n1", "maybe")
    play(phone.bring_up_to_date(), server.send)
    event_id = phone.answer("n1", "yes")
    with phone.store.transaction():
        (event,) = queued(phone.store)
        phone.store.write("UPDATE event SET json = ? WHERE id = ?", json.dumps({**event, "kind": "danced"}), event_id)
    play(phone.bring_up_to_date(), server.send)
    assert shown(phone)[0]["answer"] == "maybe"
