"""What operators watch at `/metrics`: requests, the cache, the log's lag, Redis, the queue for passwords, what is due.

Counters of several worker processes are added up through files in `PROMETHEUS_MULTIPROC_DIR`, which `handbook serve`
sets before the workers begin.
"""

from collections.abc import Mapping

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from api.cache.metrics import Counts
from api.settings import metrics_are_shared
from notifications.means import Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_requests = Histogram(
    "handbook_request_seconds",
    "Requests that reached the application, by route and status",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_pages = Counter("handbook_pages_total", "Shared pages and what answered them", ("by",))
_head = Gauge("handbook_log_head", "The log's number up to which this process knows", multiprocess_mode="livemin")
_lag = Gauge(
    "handbook_log_lag", "Numbers that the slowest process was behind at its last look", multiprocess_mode="livemax"
)
_age = Gauge("handbook_view_age_seconds", "Since the view was last confirmed", multiprocess_mode="livemax")
_breaker = Gauge("handbook_redis_breaker_open", "1 while Redis is left alone", multiprocess_mode="livemax")
_waiting = Gauge("handbook_password_queue", "Passwords waiting to be hashed", multiprocess_mode="livesum")

_due = Counter("handbook_due_total", "What time made due, by duty, and whether it was done or failed", ("duty", "how"))
_behind = Gauge(
    "handbook_due_behind_seconds",
    "Since a process last had nothing left to do of a duty",
    ("duty",),
    multiprocess_mode="livemin",
)
_pushes = Counter(
    "handbook_pushes_total", "What was for a device, by provider, and what became of it", ("provider", "how")
)
_push = Histogram(
    "handbook_push_seconds",
    "Sending one push, by provider",
    ("provider",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_push_behind = Gauge(
    "handbook_push_behind_seconds",
    "Since the oldest push that was claimed last was due",
    ("provider",),
    multiprocess_mode="livemax",
)
_push_breaker = Gauge(
    "handbook_push_breaker_open", "1 while a provider is left alone", ("provider",), multiprocess_mode="livemax"
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is a template, never a path: paths would make a series each."""
    _requests.labels(method, route, str(status)).observe(seconds)


def publish(counts: Counts, *, head: int, lag: int, age: float, breaker_open: bool, waiting: int) -> None:
    """Bring what the hit path counted in plain integers, and how things stand, to the registry."""
    for name, count in counts.take().items():
        if count:
            _pages.labels(name).inc(count)
    _head.set(head)
    _lag.set(lag)
    _age.set(age)
    _breaker.set(int(breaker_open))
    _waiting.set(waiting)


def count_due(duty: str, *, done: int, failed: int) -> None:
    _due.labels(duty, "done").inc(done)
    _due.labels(duty, "failed").inc(failed)


def publish_behind(seconds: Mapping[str, float]) -> None:
    """By duty."""
    for duty, behind in seconds.items():
        _behind.labels(duty).set(behind)


def publish_pushes(figures: Figures) -> None:
    """Bring what delivery counted since the last time to the registry."""
    pushes, seconds = figures.take()
    for (provider, how), count in pushes.items():
        _pushes.labels(provider, how).inc(count)
    for provider, took in seconds:
        _push.labels(provider).observe(took)
    for provider, behind in figures.behind.items():
        _push_behind.labels(provider).set(behind)
    for provider, is_open in figures.open_breakers.items():
        _push_breaker.labels(provider).set(int(is_open))


def exposition() -> bytes:
    if not metrics_are_shared():
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return generate_latest(registry)
