"""The bench's own pieces: arithmetic, verdicts, requests, data sets; and the baselines say what the server says."""

import asyncio
import json
import random
import signal
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from rich.console import Console

from tests.load.bench.baselines import MODULES, bare_environment, said
from tests.load.bench.budget import Budget
from tests.load.bench.design import BARE, explanations
from tests.load.bench.figures import (
    Bound,
    Figures,
    NotMeasured,
    Promise,
    Row,
    Series,
    Verdict,
    compared,
    interleaved,
    percentile,
)
from tests.load.bench.load import LoadFailed, feed_request, raw, read_figures, written, zipf
from tests.load.bench.metrics import pages_by, since
from tests.load.bench.pages import SECRET, Pages, baseline_tokens, fill_database, fill_redis
from tests.load.bench.processes import Running, ServerFailed
from tests.load.bench.publisher import Publisher
from tests.load.bench.report import Report
from tests.load.bench.scenario import Scenario
from tests.load.bench.scenarios import ALL, receipts, volume
from tests.load.bench.stage import Options, Stage
from tests.load.bench.statements import read_statements, told
from tests.load.bench.syncing import SYNC, path, up_to_date
from tests.load.dataset import DataSet, access_tokens
from tests.load.serving import feed, served
from tests.servers import Valkey, create_database, drop_database, running

RATE = Promise("hit", "req/s", "bare", bound=0.85)
DELAY = Promise("start", "s", sense=Bound.AT_MOST, bound=2)
SHOWN = Promise("memory", "MiB")


def test_every_ratio_names_a_baseline_and_every_scenario_has_a_name_of_its_own() -> None:
    names = [scenario.name for scenario in ALL]
    assert len(set(names)) == len(names)
    known = {*MODULES, "50 branches"}
    assert {promise.against for scenario in ALL for promise in scenario.promises} <= {None, *known}


def test_series() -> None:
    assert Series((3, 1, 2)).median == 2
    assert Series((3, 1, 2)).spread == (1, 3)
    assert Series((1, 2, 3, 4, 100)).spread == (2, 4)
    assert Series((10, 30)).over(Series((5, 10))).values == (2, 3)
    with pytest.raises(ValueError, match="zip"):
        Series((1, 2)).over(Series((1,)))
    with pytest.raises(ValueError, match="nothing"):
        Series(())


@pytest.mark.parametrize(
    ("promise", "found", "verdict"),
    [
        (RATE, 0.85, Verdict.KEPT),
        (RATE, 0.8499, Verdict.MISSED),
        (DELAY, 2.0, Verdict.KEPT),
        (DELAY, 2.001, Verdict.MISSED),
        (SHOWN, 1e9, Verdict.SHOWN),
    ],
)
def test_verdict(promise: Promise, found: float, verdict: Verdict) -> None:
    assert promise.judge(found) is verdict


def test_a_ratio_is_judged_pair_by_pair() -> None:
    ours, figures = Series((85, 45, 850)), {"bare": Series((100, 50, 1000))}
    row = compared(RATE, ours, figures)
    assert row.ratio == Series((0.85, 0.9, 0.85))
    assert row.verdict is Verdict.KEPT
    assert compared(DELAY, Series((1,)), {}).verdict is Verdict.KEPT


def test_without_its_baseline_a_ratio_is_not_measured() -> None:
    row = compared(RATE, Series((85,)), {})
    assert row.verdict is Verdict.NOT_MEASURED
    assert row.why == "bare did not run"


def test_percentile() -> None:
    values = list(range(1, 101))
    random.Random(1).shuffle(values)
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert percentile([7], 0.5) == 7


def test_contestants_take_turns() -> None:
    turns: list[str] = []

    def run(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    found = interleaved([("a", lambda: run("a")), ("b", lambda: run("b"))], 2)
    assert turns == ["a", "b", "a", "b"]
    assert found == {"a": Series((1, 3)), "b": Series((2, 4))}


def test_contestants_take_no_more_turns_than_there_is_time_for() -> None:
    found = interleaved([("a", lambda: 1.0), ("b", lambda: 2.0)], 5, enough=lambda: True)
    assert found == {"a": Series((1,)), "b": Series((2,))}


def test_scenarios_share_the_time_that_is_left() -> None:
    budget = Budget(60)
    with budget.share(10**9):
        assert budget.used_up()
    with budget.share(1):
        assert not budget.used_up()
    with Budget().share(1):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_run_ends_in_the_middle_of_what_it_does(tmp_path: Path) -> None:
    def measure(_: Stage, _figures: Figures) -> Iterator[Row]:
        yield Row(DELAY, Series((1,)))
        time.sleep(30)

    stage = Stage(Options(quick=True, budget=0.2, output=tmp_path), print)
    findings = Scenario("some", (DELAY, RATE), measure).run(stage)
    assert [row.verdict for row in findings.rows] == [Verdict.KEPT, Verdict.NOT_MEASURED]
    assert findings.rows[1].why.startswith("out of time")
    assert {row.why[:11] for row in Scenario("next", (DELAY,), measure).run(stage).rows} == {"out of time"}
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_fewer_repetitions_are_told(tmp_path: Path) -> None:
    def measure(stage: Stage, _: Figures) -> Iterator[Row]:
        yield Row(DELAY, stage.repeat([("start", lambda: 1.0)])["start"], note="here")

    hurried = Stage(Options(quick=True, repetitions=3, budget=60, output=tmp_path), print)
    (row,) = Scenario("some", (DELAY,), measure).run(hurried, remaining=10**9).rows
    assert row.note == "here; fewer repetitions than planned, for want of time"
    (row,) = Scenario("some", (DELAY,), measure).run(Stage(Options(quick=False, output=tmp_path), print)).rows
    assert row.note == "here"


def test_zipf_draws_the_same_numbers_the_first_most_often() -> None:
    drawn = list(zipf(100, draws=50_000))
    assert drawn == list(zipf(100, draws=50_000))
    assert set(drawn) == set(range(1, 101))
    assert drawn.count(1) / drawn.count(10) == pytest.approx(10, rel=0.2)


def test_requests_are_written_as_they_go_over_the_wire(tmp_path: Path) -> None:
    plain = feed_request("abc")
    assert plain == b"GET /v1/notices HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer abc\r\n\r\n"
    assert b'\r\nIf-None-Match: "x-1"\r\n' in feed_request("abc", '"x-1"')
    posted = raw("POST", "/r", {}, '{"ồ": 1}'.encode())
    assert posted.endswith(b"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n" + '{"ồ": 1}'.encode())
    play = written(tmp_path, "both", [plain, posted], order=[2, 1, 2])
    assert play.requests.read_bytes() == b"%d\n%s%d\n%s" % (len(plain), plain, len(posted), posted)
    assert play.order.read_text() == "2\n1\n2\n"


def test_what_wrk_says_is_read() -> None:
    counted = {"requests": 500, "microseconds": 250_000, "bytes": 5_000, "refused": 0, "broken": 0}
    line = f"figures {json.dumps({**counted, 'p50': 900, 'p99': 4000})}\n"
    found = read_figures(["Running\n", line])
    assert (found.rate, found.size, found.p50, found.p99) == (2000, 10, 0.9, 4)
    for spoilt in (line.replace('"refused": 0', '"refused": 1'), line.replace('"broken": 0', '"broken": 1'), "?"):
        with pytest.raises(LoadFailed):
            read_figures([spoilt])


def test_statements_are_read_from_postgresqls_log() -> None:
    log = (
        "bench LOG:  execute __asyncpg_1__: SELECT notice.id\n\tFROM notice\n\tWHERE x = 1\n"
        "bench DETAIL:  parameters: $1 = '1'\n"
        "bench LOG:  statement: BEGIN;\n"
        "bench LOG:  execute <unnamed>: SELECT seq FROM log_head\n"
        "bench LOG:  execute <unnamed>: SELECT l.seq, branch.no FROM log_head AS l LEFT OUTER JOIN branch ON true\n"
        "bench LOG:  execute <unnamed>: SELECT c.seq FROM channel_version AS c JOIN notice ON true\n"
        "bench LOG:  execute <unnamed>: SELECT oid FROM pg_type\n"
        "other LOG:  execute <unnamed>: SELECT 1 FROM notice\n"
    )
    found = list(read_statements(log, "bench"))
    assert found == [
        "SELECT notice.id FROM notice WHERE x = 1",
        "SELECT c.seq FROM channel_version AS c JOIN notice ON true",
    ]


def test_statements_are_told_by_what_they_do_to_which_tables() -> None:
    sent = [
        "SELECT a FROM notice JOIN branch ON true",
        "SELECT b FROM notice JOIN branch ON true",
        "DELETE FROM x",
        "?",
    ]
    assert told(sent) == "DELETE x; SELECT notice, branch"


def test_only_baselines_that_are_off_are_explained() -> None:
    bare = Series((BARE,))
    assert explanations({"bare": bare, "plain+redis": Series((3_250 * 1.3,))}, None) == {}
    off = explanations({"bare": bare, "plain+redis": Series((3_250 * 1.4,)), "drf": Series((1_000,))}, 7_400)
    assert set(off) == {"plain+redis"}
    assert off["plain+redis"].startswith("+40%. Besides the machine: a page for each of a thousand branches")
    assert off["plain+redis"].endswith("a page of 7.4 KB rather than 6")
    assert explanations({"plain+redis": Series((1,))}, None) == {}


def test_what_a_scenario_could_not_measure_says_why(tmp_path: Path) -> None:
    def measure(_: Stage, figures: Figures) -> Iterator[Row]:
        figures["bare"] = Series((1,))
        yield Row(DELAY, Series((1,)))
        raise NotMeasured("no such thing yet")

    findings = Scenario("some", (DELAY, RATE), measure).run(Stage(Options(quick=True, output=tmp_path), print))
    assert [row.verdict for row in findings.rows] == [Verdict.KEPT, Verdict.NOT_MEASURED]
    assert findings.rows[1].why == "no such thing yet"

    report = Report({"cpu": "x"}, {"quick": True}, findings.rows, findings.figures)
    report.write(tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text())
    assert [row["verdict"] for row in document["rows"]] == ["kept", "not measured"]
    assert document["rows"][0]["figure"] == {"median": 1, "spread": [1, 1], "values": [1]}
    screen = StringIO()
    report.print(Console(file=screen, width=200))
    assert "not measured: no such thing yet" in screen.getvalue()

    figures = {"bare": Series((100,)), "drf": Series((50,))}
    Report({}, {}, [], figures, page_bytes=6_000).print(Console(file=screen, width=250))
    (beside,) = [line for line in screen.getvalue().splitlines() if "drf" in line]
    assert "ten thousand tokens" in beside


def test_a_data_set_has_full_pages_and_nobody_asks_twice(small: DataSet, pages: Pages) -> None:
    seats = [*small.audience.seated, *small.audience.strangers]
    assert len({one.member_id for one in seats}) == len({one.session_id for one in seats}) == len(seats) > 100
    assert {one.branch_no for one in seats} == set(pages) == set(small.paths)
    for no, page in pages.items():
        assert len(page.items) == 20
        assert {item["branch"]["id"] for item in page.items} <= set(small.paths[no])


def test_what_was_read_is_answered_304_and_counts_as_such(small: DataSet, server: Running, pages: Pages) -> None:
    seat = small.audience.seated[0]
    (token,) = access_tokens(small, [seat])
    etag = pages[seat.branch_no].etag
    assert etag is not None
    assert feed(server.url, token, **{"If-None-Match": etag}).status_code == 304
    assert feed(server.url, token, **{"If-None-Match": '"other"'}).content == pages[seat.branch_no].body


def test_publishing_is_taken_back(small: DataSet, server: Running) -> None:
    (token,) = access_tokens(small, small.audience.seated[:1])
    before = feed(server.url, token).content
    with Publisher(server.url, small) as publisher:
        published, took = publisher.publish()
        assert took > 0
        assert feed(server.url, token).json()["items"][0]["id"] == published
    assert feed(server.url, token).content == before


def test_what_answered_pages_is_counted(small: DataSet, server: Running) -> None:
    (token,) = access_tokens(small, small.audience.seated[:1])
    with Publisher(server.url, small) as publisher:
        feed(server.url, token)
        publisher.move()
        before = pages_by(server.url)
        feed(server.url, token)
        feed(server.url, token)
        after = pages_by(server.url)
        publisher.move()
        assert "Thông báo số 1" not in feed(server.url, token).text
    assert [since(before, after, name) for name in ("render", "known", "stale")] == [1, 1, 0]


def test_fifty_receipts_are_applied_and_counted_when_they_come_again(small: DataSet, server: Running) -> None:
    first, second, *_ = receipts.readers_of(small)
    notices = receipts.root_notices(server, first)
    assert len({one["id"] for one in notices}) == 50
    receipts.check(server, first, notices)
    with pytest.raises(NotMeasured, match="says refused where applied"):
        receipts.check(server, second, [{"id": str(uuid4()), "revision": 1}])


def test_phones_are_up_to_date_and_told_so_in_few_bytes(small: DataSet, server: Running) -> None:
    tokens = access_tokens(small, small.audience.seated[:3])
    held = up_to_date(server.url, tokens)
    assert [one.token for one in held] == tokens
    headers = {"If-None-Match": held[0].etag}
    answer = volume.ask(server, tokens[0], path(held[0].cursor), "br", headers)
    assert answer.status == 304
    assert 100 < answer.size < 512
    whole = httpx.get(f"{server.url}{SYNC}", headers={"Authorization": f"Bearer {tokens[0]}"}, trust_env=False)
    assert volume.ask(server, tokens[0], SYNC, "gzip").size < len(whole.content)
    with pytest.raises(NotMeasured, match="401"):
        up_to_date(server.url, ["forged"])


def test_bare_sends_the_same_bytes(small: DataSet, pages: Pages, tmp_path: Path) -> None:
    page = pages[small.audience.seated[0].branch_no]
    bare = served("bare", tmp_path, bare_environment(tmp_path, page), "/")
    try:
        answer = feed(bare.url, "any")
        assert answer.content == page.body
        assert [pair for pair in answer.headers.multi_items() if pair[0] not in {"date", "server"}] == page.headers
    finally:
        bare.stop()


def test_plain_redis_sends_the_same_bytes(small: DataSet, pages: Pages, tmp_path: Path) -> None:
    with running(Valkey) as url:
        fill_redis(url, pages)
        plain = served("plain_redis", tmp_path, {"JWT_SECRET": SECRET, "REDIS_URL": url})
        try:
            seats = small.audience.seated[:5]
            for seat, token in zip(seats, baseline_tokens(small, seats), strict=True):
                assert feed(plain.url, token).content == pages[seat.branch_no].body
            assert feed(plain.url, "forged").status_code == 401
        finally:
            plain.stop()


def test_plain_db_says_the_same(small: DataSet, pages: Pages, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'plain.db'}"
    asyncio.run(fill_database(url, pages, [uuid4()]))
    plain = served("plain_db", tmp_path, {"JWT_SECRET": SECRET, "DATABASE_URL": url})
    try:
        seats = small.audience.seated[:5]
        for seat, token in zip(seats, baseline_tokens(small, seats), strict=True):
            assert said(feed(plain.url, token).content) == said(pages[seat.branch_no].body)
        assert feed(plain.url, "forged").status_code == 401
    finally:
        plain.stop()


@pytest.fixture
def plain_postgres(postgres_url: str, pages: Pages) -> Iterator[tuple[str, UUID]]:
    """A database of the baselines with one device."""
    name = f"baselines_{uuid4().hex[:8]}"
    device = uuid4()
    url = asyncio.run(create_database(postgres_url, name))
    asyncio.run(fill_database(url, pages, [device]))
    yield url, device
    asyncio.run(drop_database(postgres_url, name))


async def _value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        value: object = await connection.fetchval(query)
        return value
    finally:
        await connection.close()


def test_one_update_is_committed(plain_postgres: tuple[str, UUID], tmp_path: Path) -> None:
    url, device = plain_postgres
    plain = served("one_update", tmp_path, {"DATABASE_URL": url})
    try:
        with httpx.Client(base_url=plain.url, trust_env=False) as client:
            assert client.post("/refresh", json={"device_id": str(device)}).status_code == 200
            assert client.post("/refresh", json={"device_id": str(uuid4())}).status_code == 404
    finally:
        plain.stop()
    assert asyncio.run(_value(url, "SELECT sum(generation) FROM device")) == 1


def test_one_insert_is_committed(plain_postgres: tuple[str, UUID], tmp_path: Path) -> None:
    url, _ = plain_postgres
    plain = served("one_insert", tmp_path, {"DATABASE_URL": url})
    try:
        body = {"notice_id": str(uuid4()), "member_id": str(uuid4())}
        assert httpx.post(f"{plain.url}/receipts", json=body, trust_env=False).status_code == 201
    finally:
        plain.stop()
    assert asyncio.run(_value(url, "SELECT count(*) FROM receipt")) == 1


def test_a_server_that_does_not_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="JWT_SECRET"):
        served("sign_in", tmp_path, {}, "/")
