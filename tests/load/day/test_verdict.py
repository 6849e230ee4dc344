import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from tests.load.day.plan import Plan
from tests.load.day.report import Outcome, document, page
from tests.load.day.samples import Samples
from tests.load.day.serving import Reading
from tests.load.day.verdict import judge

PLAN = Plan(
    scenario="day",
    quick=True,
    host="127.0.0.1",
    port=8000,
    tls=False,
    tokens="",
    people=5_000,
    results="",
    core=None,
    seed=1,
)
BURST = replace(PLAN, scenario="burst")


def good(plan: Plan) -> Samples:
    arrivals = plan.timetable.draw(plan.random("arrivals"))
    samples = Samples(opened=[(at, 0.2) for at in arrivals])
    for at in arrivals:
        samples.add(at, 8.0, "notices", None)
    if plan.scenario == "burst":
        samples.looks = [(0.01, True), (5.0, True)]
    return samples


def broken(plan: Plan, samples: Samples, memory: float | None = 150.0) -> list[str]:
    return [line.what for line in judge(plan, samples, memory).lines if line.held is False]


@pytest.mark.parametrize("plan", [PLAN, BURST])
def test_all_is_well(plan: Plan) -> None:
    verdict = judge(plan, good(plan), 150.0)
    assert verdict.held
    assert all(line.held for line in verdict.lines)
    assert verdict.peak.p99 == 8.0


def test_one_error_breaks_the_promise() -> None:
    samples = good(PLAN)
    samples.add(1.0, 3.0, "receipt", "503 unavailable")
    assert broken(PLAN, samples) == ["errors"]
    wrong = good(PLAN)
    wrong.refused.append("notices: no ETag")
    assert broken(PLAN, wrong) == ["errors"]


def test_slow_answers_count_at_the_peak_alone() -> None:
    first, last = PLAN.timetable.peak
    night, evening = good(PLAN), good(PLAN)
    for _ in range(500):
        night.add(1.0, 80.0, "notices", None)
        evening.add((first + last) / 2, 80.0, "notices", None)
    assert broken(PLAN, night) == []
    assert broken(PLAN, evening) == ["p99 at the peak"]


def test_no_answer_at_the_peak_is_not_a_fast_one() -> None:
    samples = good(PLAN)
    samples.failure = ["timeout"] * len(samples.due)
    assert broken(PLAN, samples) == ["errors", "p99 at the peak"]


def test_memory_counts_where_it_can_be_seen() -> None:
    assert broken(PLAN, good(PLAN), 301.0) == ["memory of a process"]
    assert broken(PLAN, good(PLAN), None) == []
    assert [line.what for line in judge(PLAN, good(PLAN), None).lines if line.held is None] == ["memory of a process"]


def test_a_late_load_generator_voids_the_figures() -> None:
    samples = good(PLAN)
    samples.opened = [(at, 15.0) for at, _ in samples.opened]
    assert broken(PLAN, samples) == ["load generator on time, p99"]


def test_whoever_did_not_come_is_missed() -> None:
    samples = good(PLAN)
    samples.opened.pop()
    assert broken(PLAN, samples) == ["accesses"]


@pytest.mark.parametrize("looks", [[], [(0.1, False)], [(0.1, True), (1.5, False)]])
def test_an_urgent_notice_must_be_seen_within_a_second(looks: list[tuple[float, bool]]) -> None:
    samples = good(BURST)
    samples.looks = looks
    assert broken(BURST, samples) == ["publish → seen by all"]


@pytest.mark.parametrize("plan", [PLAN, BURST])
def test_the_page_asks_nobody_for_anything(plan: Plan) -> None:
    samples = good(plan)
    samples.add(1.0, 3.0, "<script>", "503 <b>")
    readings = [Reading(0.5, 140.0, 0.4), Reading(1.0, 150.0, 0.6)]
    verdict = judge(plan, samples, 150.0)
    outcome = Outcome(plan, "SQLite & one process", datetime(2026, 6, 1, tzinfo=UTC), samples, verdict, readings, 1.2)
    html = page(outcome)
    charts = re.findall(r"<svg.*?</svg>", html)
    assert len(charts) == 5
    for drawn in charts:
        assert ET.fromstring(drawn).findall(".//polyline")  # noqa: S314 - our own
    for foreign in ("<script", "http:", "https:", "url(", "<link", "<img", "src="):
        assert foreign not in html
    assert "SQLite &amp; one process" in html
    assert document(outcome)["held"] is False
