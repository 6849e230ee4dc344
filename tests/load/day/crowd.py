"""The process that makes the load: `python -m tests.load.day.crowd PLAN`. It is a process of its own because importing
Locust patches the standard library for gevent.

One Locust user stands at the door and lets people in by the timetable, each in a greenlet of their own: Locust's usual
users are a closed model, in which whoever waits for a slow server does not come again, and so hides that it is slow.
"""

import gc
import json
import os
import resource
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, ClassVar

import gevent
from gevent.event import Event
from gevent.pool import Group, Pool
from locust import User
from locust.env import Environment
from locust.exception import StopUser

from tests.load.day.access import News, Person, read_people
from tests.load.day.connection import SLOW_PATIENCE, Connection
from tests.load.day.curve import BURST_PUBLISHED
from tests.load.day.phone import Exchange, SocketPhone
from tests.load.day.plan import Plan
from tests.load.day.samples import Samples
from tests.load.day.syncing import open_app, set_up
from tests.load.day.target import LoadError

_SET_UP_AT_ONCE = 16
_URGENT = {
    "title": "KHẨN: phòng, chống bão số 9",
    "body": "Bão đổ bộ chiều nay.\n\n- Không ra khơi, neo đậu tàu thuyền trước 12 giờ\n- Sơ tán khỏi vùng trũng\n",
    "category": "general",
    "priority": "urgent",
    "audience": {"reach": "all"},
    "requires_ack": True,
    "publish": True,
}


class Scene:
    """What is shared by the people of one run."""

    def __init__(self, plan: Plan, people: list[Person], environment: Any) -> None:
        self.plan = plan
        self.samples = Samples()
        self.over = Event()
        self.began = 0.0
        self._environment = environment
        self._news = News()
        self._rng = plan.random("people")
        self._publisher: Person | None = None
        if plan.scenario == "burst":
            self._publisher = _publisher(people)
            people = [person for person in people if person is not self._publisher]
        self._rng.shuffle(people)
        due = plan.random("state")
        for person in people:
            person.state_due = plan.timetable.state_due(due)
        self._idle = deque(people)
        self._context = plan.target.context()
        self._inside = Group()
        self._errors = 0
        self._phones = 0
        self.refusals: list[str] = []
        environment.events.request.add_listener(self._record)

    def run(self) -> None:
        """Let people in when they are due; nobody comes twice before everybody came once, or while still inside."""
        self._set_up()
        if self.refusals:
            self.over.set()
            return
        gc.collect()
        gc.freeze()  # people live as long as the process: the collector need not look at them during the day
        arrivals = self.plan.timetable.draw(self.plan.random("arrivals"))
        self.began = time.perf_counter()
        self.samples.began = time.monotonic()
        if self._publisher is not None:
            gevent.spawn_later(BURST_PUBLISHED, self._publish, self._publisher)
        for arrival in arrivals:
            due = self.began + arrival
            while (wait := due - time.perf_counter()) > 0 or not self._idle:
                gevent.sleep(max(wait, 0.001))
            self._inside.spawn(self._visit, self._idle.popleft(), due)
        self._inside.join(timeout=SLOW_PATIENCE)
        self.samples.unfinished = len(self._inside)
        self.over.set()

    def progress(self) -> dict[str, float]:
        return {
            "seconds": time.perf_counter() - self.began if self.began else 0.0,
            "accesses": len(self.samples.opened),
            "requests": len(self.samples.due),
            "errors": self._errors,
            "inside": len(self._inside),
            "phones": self._phones,
        }

    def _set_up(self) -> None:
        """Nearly all apps were opened on an earlier day, and hold what there was then."""
        pool = Pool(_SET_UP_AT_ONCE)
        for person in self._idle:
            if person.synchronises and not person.is_new:
                pool.spawn(self._fetch, person)
        pool.join()

    def _fetch(self, person: Person) -> None:
        if self.refusals:
            return
        with Connection(self.plan.target, self._context) as connection:
            phone = SocketPhone(person, connection, time.perf_counter(), self._note)
            try:
                set_up(person, phone, self._rng)
            except Exception as error:  # noqa: BLE001 - told, not lost in a greenlet
                phone.failed("set-up", repr(error))
        self._phones += 1

    def _note(self, exchange: Exchange) -> None:
        if exchange.failure:
            self.refusals.append(f"{exchange.what}: {exchange.failure}")

    def _visit(self, person: Person, due: float) -> None:
        self.samples.opened.append((round(due - self.began, 4), round((time.perf_counter() - due) * 1000, 3)))
        person.come(due - self.began)
        with Connection(self.plan.target, self._context, slow=person.slow) as connection:
            phone = SocketPhone(person, connection, due, self._report)
            try:
                open_app(person, phone, self._rng, self._news).run()
            except Exception as error:  # noqa: BLE001 - an access that broke is a failure to be seen, not to be lost
                phone.failed("access", repr(error))
        self.samples.looks += [(round(asked - self._news.acknowledged, 4), seen) for asked, seen in phone.looks]
        self._idle.append(person)

    def _publish(self, person: Person) -> None:
        with Connection(self.plan.target, self._context) as connection:
            phone = SocketPhone(person, connection, time.perf_counter(), self._report)
            body = {"branch_id": person.publishes_at, **_URGENT}
            answer = phone.ask("publish", "POST", "/v1/notices", token=person.access_token, expected=(201,), body=body)
        if answer is not None:
            self._news.acknowledged = time.perf_counter()
            self._news.notice_id = json.loads(answer.body)["id"]

    def _report(self, exchange: Exchange) -> None:
        """Through Locust's event, so that its own statistics and any listener of it hear of every request."""
        self._environment.events.request.fire(
            request_type=exchange.method,
            name=exchange.what,
            response_time=exchange.took * 1000,
            response_length=exchange.size,
            exception=RuntimeError(exchange.failure) if exchange.failure else None,
            context={"due": exchange.due - self.began},
        )

    def _record(
        self, *, request_type: str, name: str, response_time: float, exception: object, context: Any, **_: object
    ) -> None:
        self._errors += exception is not None
        if request_type:
            self.samples.add(context["due"], response_time, name, None if exception is None else str(exception))
        else:
            self.samples.refused.append(f"{name}: {exception}")


class Doorkeeper(User):
    scene: ClassVar[Scene]
    fixed_count = 1

    def let_in(self) -> None:
        self.scene.run()
        raise StopUser

    tasks: ClassVar[list[Any]] = [let_in]


def main(path: str) -> None:
    plan = Plan.read(Path(path))
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    _allow_many_connections()
    with Path(plan.tokens).open(encoding="utf-8") as lines:
        people = read_people(lines, plan.random("apps"))
    environment = Environment(user_classes=[Doorkeeper], host=plan.target.url)
    scene = Doorkeeper.scene = Scene(plan, people, environment)
    runner = environment.create_local_runner()
    runner.start(1, spawn_rate=1)
    spent = time.process_time()
    while not scene.over.wait(timeout=1.0):
        now = time.process_time()
        if scene.began:
            scene.samples.cpu_share = max(scene.samples.cpu_share, now - spent)
        spent = now
        print(json.dumps(scene.progress()), flush=True)  # noqa: T201 - the parent reads it
    runner.quit()
    if scene.refusals:
        raise LoadError(f"{len(scene.refusals):,} phones could not be set up: {scene.refusals[0]}")
    scene.samples.write(Path(plan.results))


def _publisher(people: list[Person]) -> Person:
    for person in people:
        if person.publishes_at is not None:
            return person
    raise LoadError("nobody among the tokens may publish at the root: make them anew with --load-tokens")


def _allow_many_connections() -> None:
    """Every waiting phone is a file descriptor, and a server that hangs has them all wait."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main(sys.argv[1])
