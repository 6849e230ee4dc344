import json
from random import Random

import pytest

from tests.load.day.access import NEW, SLOW, SYNCING, Listing, News, Person, read_people
from tests.load.day.connection import Answer
from tests.load.day.scripted import Reply, ScriptedPhone, Sure

FRESH, PAST = "2999-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00"


def server(what: str) -> Answer:
    bodies = {
        "refresh": {"access_token": "new", "refresh_token": "next"},
        "notices": {"items": [{"id": f"n{number}", "requires_ack": number == 1, "revision": 1} for number in range(3)]},
    }
    status = 401 if what == "late token" else 200
    return Answer(status, {"etag": f'"{what}"'}, json.dumps(bodies.get(what, {})).encode())


def visit(person: Person, rng: Random, reply: Reply = server, news: News | None = None) -> ScriptedPhone:
    phone = ScriptedPhone(reply)
    Listing(person, phone, rng, news or News()).run()
    return phone


def test_a_late_token_is_refreshed_first() -> None:
    person = Person("old", "first", late=True)
    assert visit(person, Sure(0.99)).asked == [("refresh", None, None), ("notices", "new", None)]
    assert (person.late, person.access_token, person.refresh_token) == (False, "new", "next")
    assert visit(person, Sure(0.99)).asked == [("notices", "new", '"notices"')]


def test_an_app_whose_clock_is_wrong_learns_by_a_401() -> None:
    phone = visit(Person("old", "first", late=True), Sure(0.05))
    assert phone.whats == ["late token", "refresh", "notices", "notice", "receipt"]
    assert not phone.failures


def test_what_was_read_is_not_read_again() -> None:
    person = Person("token", "first")
    assert visit(person, Sure(0.25)).whats[-1] == "receipt"
    assert len(person.read) == 1
    person.read = {"n0", "n1", "n2"}
    again = visit(person, Sure(0.25))
    assert again.whats == ["refresh", "notices", "notice"]


def test_a_304_leaves_the_list_as_it_was() -> None:
    person = Person("token", "first")
    visit(person, Sure(0.99))
    feed = person.feed
    phone = visit(person, Sure(0.99), lambda _: Answer(304, {"etag": '"notices"'}))
    assert person.feed == feed
    assert not phone.failures


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(200, {}, b'{"items": []}'), "notices: no ETag"),
        (Answer(304, {"etag": '"x"'}), "notices: 304 unasked"),
        (Answer(200, {"etag": '"x"'}, b"<html>"), "notices: unreadable answer"),
        (Answer(200, {"etag": '"x"'}, b'{"items": [{}]}'), "notices: unreadable answer"),
        (Answer(200, {"etag": '"x"', "content-encoding": "gzip"}, b"{}"), "notices: unreadable answer"),
        (Answer(200, {"etag": '"x"', "content-encoding": "zstd"}, b"{}"), "notices: unreadable answer"),
    ],
)
def test_a_wrong_answer_is_a_failure(answer: Answer, failure: str) -> None:
    phone = visit(Person("token", "first"), Sure(0.99), lambda _: answer)
    assert phone.failures == [failure]
    assert phone.whats == ["notices"]


@pytest.mark.parametrize("what", ["refresh", "notices", "notice"])
def test_an_access_ends_where_it_fails(what: str) -> None:
    phone = visit(Person("token", "first"), Sure(0.25), lambda asked: None if asked == what else server(asked))
    assert phone.whats[-1] == what


def test_everyone_opens_and_acknowledges_the_urgent_notice_once() -> None:
    person, news = Person("token", "first"), News("n1", acknowledged=5.0)
    phone = visit(person, Sure(0.99), news=news)
    assert phone.whats == ["notices", "notice", "receipt"]
    assert phone.requests == ["GET /v1/notices", "GET /v1/notices/n1", "PUT /v1/notices/n1/receipt"]
    assert phone.bodies[-1] == {"acknowledged": True}
    assert phone.looks == [(10.0, True)]
    assert visit(person, Sure(0.99), news=news).whats == ["notices"]


def test_lists_without_the_urgent_notice_are_told() -> None:
    assert visit(Person("token", "first"), Sure(0.99), news=News("n9", acknowledged=5.0)).looks == [(10.0, False)]
    assert visit(Person("token", "first"), Sure(0.99), news=News("n9", acknowledged=11.0)).looks == []


def test_people_are_read_from_the_tokens_file() -> None:
    lines = [
        json.dumps({"access_token": f"a{number}", "refresh_token": f"r{number}", "expires_at": expires_at})
        for number, expires_at in enumerate([FRESH, PAST] * 1_000)
    ]
    people = read_people(lines, Random(1))
    assert [person.late for person in people[:2]] == [False, True]
    assert (people[1].access_token, people[1].refresh_token) == ("a1", "r1")
    assert 0.5 * SLOW < sum(person.slow for person in people) / len(people) < 2 * SLOW
    assert sum(person.synchronises for person in people) / len(people) == pytest.approx(SYNCING, rel=0.1)
    assert 0.3 * NEW < sum(person.is_new for person in people) / len(people) < 3 * NEW
    assert {person.saves_data for person in people if person.synchronises} == {True, False}
    assert {person.encoding for person in people} == {"gzip", "gzip, deflate, br", "identity"}
    assert people == read_people(lines, Random(1))
    with pytest.raises(KeyError):
        read_people(["{}"], Random(1))
