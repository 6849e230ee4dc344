"""Fetching, answer by answer."""

from pathlib import Path
from typing import Any

import pytest

from tests.client.fake import NOTHING_NEW, Server, play, refused
from tests.client.patience import Patience
from tests.client.store import Store
from tests.client.syncing import PATH, sync, sync_request, take
from tests.client.wire import Answer, Refused, Request

FIRST = Request("GET", PATH)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "hoa.db")
    with store.transaction():
        store.keep("access_token", "first")
    return store


@pytest.fixture
def server() -> Server:
    server = Server()
    server.heard = {"1:0", "2:0"}
    for number in range(5):
        server.publish("1:0", f"n{number}")
    server.publish("2:0", "card", "branch")
    return server


def _sync(store: Store, server: Server) -> list[Request]:
    before = len(server.asked)
    play(sync(store, Patience(lambda: 0.5)), server.send)
    assert {i: (t["channel"], t["seq"]) for i, t in store.things().items()} == server.holds()
    return server.asked[before:]


def _entry(channel: str, **said: Any) -> dict[str, Any]:
    empty = {"reset": False, "things": [], "removed": [], "complete": False, "count": None, "digest": None}
    return {"channel": channel, **empty, **said}


def _said(*entries: dict[str, Any], **said: Any) -> Answer:
    empty = {"cursor": "k1.{}", "more": False, "me": None, "dropped": [], "channels": list(entries)}
    return Answer(200, {"etag": '"x"'}, {**empty, **said})


def test_the_first_fetch_goes_on_page_by_page_and_then_there_is_nothing_new(store: Store, server: Server) -> None:
    asked = _sync(store, server)
    assert len(asked) == 3
    assert asked[0].query == ()
    assert all("If-None-Match" not in request.headers for request in asked)
    assert store.value("me") == {"id": "hoa"}
    for condition in (None, NOTHING_NEW, NOTHING_NEW):
        (again,) = _sync(store, server)
        assert again.headers.get("If-None-Match") == condition
    server.publish("1:0", "n9")
    server.withdraw("1:0", "n2")
    server.heard.remove("2:0")
    _sync(store, server)


def test_what_went_missing_is_asked_for_whole(store: Store, server: Server) -> None:
    _sync(store, server)
    with store.transaction():
        store.write("DELETE FROM thing WHERE id = 'n1'")
    server.publish("1:0", "n9")
    server.publish("1:0", "n8")
    asked = _sync(store, server)
    assert [dict(request.query).get("again") for request in asked] == [None, "1:0", None, None, None]
    assert store.doubts() == []


def test_a_channel_that_stays_wrong_is_asked_for_once_each_time(store: Store, server: Server) -> None:
    _sync(store, server)

    def lie(request: Request) -> Answer:
        answer = server.send(request)
        for entry in (answer.body or {}).get("channels", ()):
            entry["digest"] = "0" * 32
        return answer

    server.publish("2:0", "n9")
    for expected in (2, 2):
        before = len(server.asked)
        play(sync(store, Patience(lambda: 0.5)), lie)
        assert len(server.asked) - before == expected
    assert store.doubts() == ["2:0"]
    _sync(store, server)
    assert store.doubts() == []


def test_a_refused_cursor_takes_the_things_and_leaves_the_queue(store: Store, server: Server) -> None:
    _sync(store, server)
    with store.transaction():
        store.keep("cursor", "damaged")
        store.keep("state", 7)
        store.write("INSERT INTO event (id, json) VALUES ('e', '{}')")
        store.put("9:0", {"id": "old", "kind": "notice", "seq": 1})
    _sync(store, server)
    assert store.value("state") == 7
    assert store.read("SELECT id FROM event") == [("e",)]


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_what_has_no_place_in_the_protocol_is_not_repeated(store: Store, status: int) -> None:
    slug = "sync.cursor_invalid" if status == 400 else "forbidden"
    with pytest.raises(Refused, match=str(status)):
        play(sync(store, Patience(lambda: 0.5)), lambda _: refused(status, slug))


def test_a_thing_that_changes_its_channel_is_there_whichever_is_said_first(store: Store) -> None:
    thing = {"id": "n1", "kind": "notice", "seq": 1}
    gone, come = _entry("1:0", removed=["n1"]), _entry("2:0", things=[{**thing, "seq": 2}])
    for entries in ((gone, come), (come, gone)):
        with store.transaction():
            store.forget("cursor")
        take(store, FIRST, _said(_entry("1:0", reset=True, things=[thing]), _entry("2:0", reset=True)))
        take(store, sync_request(store), _said(*entries))
        assert store.things() == {"n1": {**thing, "seq": 2, "channel": "2:0"}}


def test_an_answer_that_comes_after_the_store_has_gone_on_is_thrown_away(store: Store, server: Server) -> None:
    """Two syncs at once, or a page twice: what was left out because this phone had it may be gone from it by now."""
    slow = sync_request(store)
    late = server.send(Request(slow.method, slow.path, slow.query, {"Authorization": "Bearer first"}))
    _sync(store, server)
    held, cursor = store.things(), store.value("cursor")
    assert take(store, slow, late)
    assert (store.things(), store.value("cursor")) == (held, cursor)
    assert not take(store, sync_request(store), _said(cursor=None))


def test_kinds_that_nobody_knows_yet_are_kept_and_counted(store: Store, server: Server) -> None:
    server.publish("1:0", "q1", "quiz", question="?")
    _sync(store, server)
    assert store.things("quiz")["q1"]["question"] == "?"
    assert store.doubts() == []


def test_a_null_cursor_keeps_the_one_that_is_there(store: Store) -> None:
    take(store, FIRST, _said(cursor="k1.a", me={"id": "hoa"}))
    take(store, sync_request(store), _said(cursor=None))
    assert (store.value("cursor"), store.value("me")) == ("k1.a", {"id": "hoa"})


def test_nothing_is_written_outside_a_transaction(store: Store) -> None:
    with pytest.raises(RuntimeError):
        store.keep("cursor", "k1.a")
