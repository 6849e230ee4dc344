"""What needs the bench's own environment: wrk, Django, Matplotlib. `make bench-check` runs it, `make test` does not."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from tests.load.bench.baselines import bare_environment, said
from tests.load.bench.figures import Bound, Promise, Row, Series
from tests.load.bench.load import LoadFailed, feed_request, in_turn, load, written, zipf
from tests.load.bench.pages import SECRET, Pages, baseline_tokens, fill_database
from tests.load.bench.plot import margins, plot
from tests.load.bench.processes import Running
from tests.load.bench.report import Report
from tests.load.dataset import DataSet, access_tokens
from tests.load.serving import feed, served
from tests.servers import Valkey, create_database, drop_database, running

FASTER = Promise("hit", "req/s", "bare", bound=2)
SOONER = Promise("start", "s", sense=Bound.AT_MOST, bound=2)
NEVER = Promise("queries", "queries", sense=Bound.AT_MOST, bound=0)


def test_drf_says_the_same(small: DataSet, pages: Pages, postgres_url: str, tmp_path: Path) -> None:
    name = f"baselines_{uuid4().hex[:8]}"
    url = asyncio.run(create_database(postgres_url, name))
    asyncio.run(fill_database(url, pages, [uuid4()]))
    with running(Valkey) as redis:
        environment = {"JWT_SECRET": SECRET, "DATABASE_URL": url, "REDIS_URL": redis}
        django = served("drf.project", tmp_path, environment, "/v1/notices")
        try:
            seats = small.audience.seated[:5]
            for _ in ("from the database", "from the cache"):
                for seat, token in zip(seats, baseline_tokens(small, seats), strict=True):
                    assert said(feed(django.url, token).content) == said(pages[seat.branch_no].body)
            assert feed(django.url, "forged").status_code == 403
        finally:
            django.stop()
    asyncio.run(drop_database(postgres_url, name))


def test_wrk_plays_around_and_through(small: DataSet, pages: Pages, tmp_path: Path) -> None:
    page = pages[small.audience.seated[0].branch_no]
    bare = served("bare", tmp_path, bare_environment(tmp_path, page), "/")
    try:
        requests = [feed_request(str(number)) for number in range(20_000)]
        around = written(tmp_path, "around", requests, order=zipf(len(requests)))
        found = load(bare.url, around, seconds=1, cores=None)
        assert found.rate == pytest.approx(found.requests, rel=0.5)
        assert found.size > len(page.body)
        # each once, and what was on its way when the last had gone
        through = load(bare.url, in_turn(around, 3_000), seconds=60, cores=None)
        assert through.requests >= 3_000
        assert through.requests / through.rate < 30
    finally:
        bare.stop()


def test_refusals_are_no_figure(small: DataSet, server: Running, tmp_path: Path) -> None:
    good, bad = access_tokens(small, small.audience.seated[:1])[0], "forged"
    play = written(tmp_path, "mixed", [feed_request(good), feed_request(bad)])
    with pytest.raises(LoadFailed, match="refused"):
        load(server.url, play, seconds=1, cores=None)


def test_the_plot_shows_what_was_judged(tmp_path: Path) -> None:
    rows = [
        Row(FASTER, Series((10,)), Series((3, 4, 5))),
        Row(SOONER, Series((1, 4))),
        Row(NEVER, Series((0,))),
        Row(FASTER, why="no wrk"),
    ]
    assert margins(rows[0]) == (1.5, 2, 2.5)
    assert margins(rows[1]) == (0.5, 0.8, 2)
    plot(Report({"cpu": "x"}, {}, rows), tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").read_text().count("<svg") == 1
