"""Apps that hold the handbook offline: answers as api/guides/sync.md has them, and what must not be taken for one."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from random import Random
from typing import Any

import pytest

from tests.load.day.access import Listing, News, Person
from tests.load.day.connection import Answer
from tests.load.day.holding import Holding, Thing, digest
from tests.load.day.scripted import ScriptedPhone, Sure
from tests.load.day.syncing import SENDING, Syncing, open_app, set_up

Said = Mapping[str, Any]


def notice(number: int, **more: object) -> dict[str, Any]:
    return {"kind": "notice", "id": f"n{number}", "seq": number, "revision": 1, "body_html": "<p>…</p>", **more}


def channel(name: str, things: Sequence[Said], *, holds: Sequence[Said] | None = None, **more: object) -> Said:
    lines = sorted(f"{one['id']}:{one['seq']}" for one in (things if holds is None else holds))
    check = sha256("\n".join(lines).encode()).hexdigest()[:32]
    entry = {"channel": name, "reset": False, "things": things, "removed": [], "complete": True}
    return {**entry, "count": len(lines), "digest": check, **more}


def answered(*channels: Said, cursor: str | None = "c1", more: bool = False, dropped: Sequence[str] = ()) -> Answer:
    said = {"cursor": cursor, "more": more, "me": None, "dropped": dropped, "channels": channels}
    return Answer(200, {"etag": f'"{cursor}"'}, json.dumps(said).encode())


WHOLE = answered(channel("1:0", [notice(3), notice(7, requires_ack=True)]), channel("5:0", [notice(5)]))
NOTHING = answered(cursor=None)
NOT_MODIFIED = Answer(304, {"etag": '"None"'})


class Server:
    """Answers to `sync` in their order, the last again and again; events are applied, the state is `state`."""

    def __init__(self, *syncs: Answer, result: str = "applied", state: Said | None = None) -> None:
        self._syncs = list(syncs)
        self._result = result
        self._state = state or {"state": 4, "reset": False, "more": False, "receipts": []}
        self.phone = ScriptedPhone(self._reply)

    def _reply(self, what: str) -> Answer | None:
        if what in {"sync", "first sync"}:
            return self._syncs.pop(0) if len(self._syncs) > 1 else self._syncs[0]
        said: Said = self._state
        if what == "refresh":
            said = {"access_token": "new", "refresh_token": "next"}
        elif what == "events":
            body: Any = self.phone.bodies[-1]
            result = {"result": self._result, "problem": {"type": "/problems/event.notice_unknown"}}
            said = {"results": [{"id": one["id"], **result} for one in body["events"]]}
            said |= {"since": 4, "state": 5, "more": False, "receipts": []}
        return Answer(401 if what == "late token" else 200, {"etag": f'"{what}"'}, json.dumps(said).encode())


def visit(server: Server, person: Person, rng: Random, news: News | None = None) -> ScriptedPhone:
    Syncing(person, server.phone, rng, news or News()).run()
    return server.phone


def somebody(**more: Any) -> Person:
    return Person("token", "first", synchronises=True, **more)


def test_a_new_phone_fetches_page_after_page_and_then_only_asks() -> None:
    first = answered(channel("1:0", [notice(3)], complete=False), cursor="c 0", more=True)
    second = answered(channel("1:0", [notice(7)], holds=[notice(3), notice(7)]))
    person, server = somebody(), Server(first, second, NOTHING, NOT_MODIFIED)
    phone = visit(server, person, Sure(0.99))
    assert phone.requests == ["GET /v1/sync", "GET /v1/sync?cursor=c+0", "GET /v1/me/state"]
    assert phone.whats == ["first sync", "sync", "state"]
    assert [line.id for line in person.feed] == ["n7", "n3"]
    for _ in range(2):
        visit(server, person, Sure(0.99))
    assert phone.requests[3:] == ["GET /v1/sync?cursor=c1"] * 2, "the state is asked for once a day"
    assert [tag for what, _, tag in phone.asked if what == "sync"] == [None, None, '"None"']
    assert not phone.failures


def test_changes_removals_and_lost_channels_are_applied() -> None:
    holding = Holding()
    assert holding.apply(json.loads(WHOLE.body)) == []
    again = channel("1:0", [notice(9, id="n7")], holds=[notice(9, id="n7")], removed=["n3"])
    assert holding.apply(json.loads(answered(again, dropped=["5:0", "6:0"]).body)) == []
    assert {name: [thing.id for thing in things] for name, things in holding.channels.items()} == {"1:0": ["n7"]}
    reset = channel("1:0", [notice(1)], reset=True)
    assert holding.apply(json.loads(answered(reset, cursor=None).body)) == []
    assert [thing.id for thing in holding.notices] == ["n1"]
    assert holding.cursor == "c1"
    moved = channel("7:0", [notice(12, id="n1")])
    assert holding.apply(json.loads(answered(moved).body)) == []
    assert {name: len(things) for name, things in holding.channels.items()} == {"1:0": 0, "7:0": 1}


def test_a_channel_that_differs_from_what_the_server_says_is_a_failure() -> None:
    lost = answered(channel("1:0", [notice(3)], holds=[notice(3), notice(7)]))
    assert visit(Server(lost), somebody(), Sure(0.99)).failures == ["first sync: a channel differs"]
    assert digest([]) == sha256(b"").hexdigest()[:32]


def test_phones_of_one_branch_share_what_they_hold() -> None:
    one, other = somebody(), somebody()
    for person in (one, other):
        visit(Server(WHOLE), person, Sure(0.99))
    assert one.holding.channels["1:0"] is other.holding.channels["1:0"]


def test_what_is_read_is_sent_as_an_event_and_needs_no_request_to_open() -> None:
    person = somebody(holding=Holding())
    phone = visit(Server(WHOLE), person, Sure(0.25))
    assert phone.whats == ["refresh", "first sync", "state", "events"]
    (event,) = phone.bodies[-1]["events"]  # type: ignore[index]  # what was sent is of any shape
    said = {name: event[name] for name in ("kind", "notice_id", "revision")}
    assert said == {"kind": "acknowledged", "notice_id": "n7", "revision": 1}
    assert not person.queue
    assert person.read == {"n7"}
    assert not phone.failures


def test_what_was_not_sent_stays_on_the_queue_and_goes_first_the_next_time() -> None:
    assert SENDING < 0.9
    person, news = somebody(), News("n7")
    phone = visit(Server(WHOLE), person, Sure(0.9), news)
    assert phone.whats == ["first sync", "state"]
    (event,) = person.queue
    later = visit(Server(NOTHING), person, Sure(0.9), news)
    assert later.whats == ["events", "sync"]
    assert [one["id"] for one in later.bodies[0]["events"]] == [event["id"]]  # type: ignore[index]  # as above
    assert person.state == 5, "the answer said what there is after the state that the app had"
    assert not person.queue


def test_a_refused_event_is_a_failure() -> None:
    person = somebody(queue=[{"id": "e1"}])
    phone = visit(Server(WHOLE, result="refused"), person, Sure(0.99))
    assert phone.failures == ["events: refused event.notice_unknown"]
    assert visit(Server(WHOLE, result="duplicate"), somebody(queue=[{"id": "e1"}]), Sure(0.99)).failures == []


def test_what_was_read_on_another_device_is_read() -> None:
    person = somebody()
    state = {"state": 5, "reset": False, "more": False, "receipts": [{"notice_id": "n7"}]}
    assert visit(Server(WHOLE, state=state), person, Sure(0.99), News("n7")).whats == ["first sync", "state"]
    assert (person.read, person.state) == ({"n7"}, 5)


def test_a_text_that_was_left_out_to_save_data_is_asked_for() -> None:
    person = somebody(slow=True)
    assert person.saves_data
    assert not Person("token", "first", slow=True).saves_data
    spare = answered(channel("1:0", [notice(3, body_html=None)]))
    assert "GET /v1/notices/n3" in visit(Server(spare), person, Sure(0.25)).requests


def test_everyone_sees_the_urgent_notice_or_says_that_they_do_not() -> None:
    news = News("n7", acknowledged=5.0)
    assert visit(Server(WHOLE), somebody(), Sure(0.99), news).looks == [(10.0, True)]
    assert visit(Server(answered(channel("1:0", []))), somebody(), Sure(0.99), news).looks == [(10.0, False)]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (NOT_MODIFIED, "304 unasked"),
        (Answer(200, {"etag": '"x"'}, b"<html>"), "unreadable answer"),
        (Answer(200, {"etag": '"x"'}, b"[]"), "unreadable answer"),
        (Answer(200, {"etag": '"x"'}, b'{"more": false}'), "unreadable answer"),
        (Answer(200, {}, NOTHING.body), "no ETag"),
        (answered(more=True), "does not end"),
    ],
)
def test_a_wrong_answer_is_a_failure(answer: Answer, failure: str) -> None:
    phone = visit(Server(answer), somebody(), Sure(0.99))
    assert [one.partition(": ")[2] for one in phone.failures] == [failure]
    assert "state" not in phone.whats


def test_phones_are_set_up_before_the_day_and_late_tokens_stay_late() -> None:
    person, server = somebody(late=True), Server(WHOLE, NOTHING)
    assert set_up(person, server.phone, Random(1))
    tokens = [(what, token) for what, token, _ in server.phone.asked]
    assert tokens == [("refresh", None), ("first sync", "new"), ("sync", "new"), ("state", "new")]
    assert person.holding.tag == '"None"'
    assert (person.access_token, person.refresh_token, person.late) == ("token", "next", True)
    assert not set_up(somebody(), ScriptedPhone(lambda _: None), Random(1))
    on_time = Server(WHOLE, NOTHING)
    assert set_up(somebody(), on_time.phone, Random(1))
    assert on_time.phone.whats == ["first sync", "sync", "state"]


def test_the_state_is_asked_for_a_day_after_it_was() -> None:
    person, server = somebody(state_due=50.0), Server(WHOLE, NOTHING, NOT_MODIFIED)
    assert set_up(person, server.phone, Random(1))
    asked = []
    for at in (10.0, 50.5, 51.0):
        server.phone.asked.clear()
        person.come(at)
        asked.append("state" in visit(server, person, Sure(0.99)).whats)
    assert asked == [False, True, False]
    newcomer = somebody(state_due=50.0)
    newcomer.come(10.0)
    assert "state" in visit(Server(WHOLE), newcomer, Sure(0.99)).whats, "there is nothing yet to go by"


def test_thin_clients_list() -> None:
    assert isinstance(open_app(somebody(), ScriptedPhone(lambda _: None), Random(1), News()), Syncing)
    thin = open_app(Person("token", "first"), ScriptedPhone(lambda _: None), Random(1), News())
    assert isinstance(thin, Listing)


def test_a_thing_of_an_unknown_kind_is_kept_and_not_shown() -> None:
    holding = Holding()
    strange = {"kind": "quiz", "id": "q1", "seq": 2}
    assert holding.apply(json.loads(answered(channel("1:0", [strange, notice(3)])).body)) == []
    assert [thing.id for thing in holding.notices] == ["n3"]
    assert Thing("q1", 2, "quiz", 1, False, False) in holding.channels["1:0"]
