"""Reading on and marking without a network, on several phones."""

from pathlib import Path
from typing import Any

import pytest

from tests.client.account import Account
from tests.client.fake import Server, play
from tests.client.opening import open_phone
from tests.client.queue import queued
from tests.client.studies import shown_bookmarks, shown_progress
from tests.clock import StandingClock


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def server() -> Server:
    return Server(page=9)


@pytest.fixture
def phones(tmp_path: Path, server: Server, clock: StandingClock) -> tuple[Account, Account]:
    return open_phone(tmp_path, "one", server, clock), open_phone(tmp_path, "two", server, clock)


def shown(phone: Account) -> dict[str, Any]:
    found = shown_progress(phone.store, "m1", 1)
    assert found is not None
    return found


def test_what_was_done_on_another_phone_is_shown(
    phones: tuple[Account, Account], server: Server, clock: StandingClock
) -> None:
    one, two = phones
    one.reach("m1", 1, "p9", 100, completed=True)
    one.mark("b1", "m1", 1, "p3", "Hỏi lại")
    assert (shown(one)["position"], len(shown_bookmarks(one.store))) == ("p9", 1)
    clock.advance(minutes=1)
    two.reach("m1", 1, "p2", 20)
    for phone in (two, one, two):
        play(phone.bring_up_to_date(pulled=True), server.send)
    for phone in phones:
        assert (shown(phone)["position"], shown(phone)["completed_at"] is not None) == ("p2", True)
        assert shown_bookmarks(phone.store)["b1"]["note"] == "Hỏi lại"
    two.unmark("b1")
    for phone in (two, one):
        play(phone.bring_up_to_date(pulled=True), server.send)
        assert shown_bookmarks(phone.store) == {}


def test_the_same_is_said_once(phones: tuple[Account, Account], clock: StandingClock) -> None:
    phone, _ = phones
    assert phone.reach("m1", 1, "p2", 20) is not None
    assert phone.reach("m1", 1, "p2", 20) is None
    assert phone.reach("m1", 1, "p2", 20, completed=True) is not None
    assert phone.reach("m1", 1, "p2", 20, completed=True) is None
    assert phone.reach("m1", 2, "p2", 20) is not None
    assert len(queued(phone.store)) == 3
    assert shown(phone)["completed_at"] is not None


def test_a_new_start_of_the_state_takes_them_along(phones: tuple[Account, Account], server: Server) -> None:
    phone, _ = phones
    phone.reach("m1", 1, "p2", 20)
    phone.mark("b1", "m1", 1, "p3")
    play(phone.bring_up_to_date(), server.send)
    server.progress.clear()
    server.bookmarks.clear()
    with phone.store.transaction():
        phone.store.forget("state")
    play(phone.bring_up_to_date(pulled=True), server.send)
    assert (shown_progress(phone.store, "m1", 1), shown_bookmarks(phone.store)) == (None, {})
