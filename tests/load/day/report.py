"""What a run found: a summary for the terminal, a page to look at, and JSON to compare runs by."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.markup import escape as plain
from rich.table import Table

from tests.load.day.charts import Axis, Curve, chart
from tests.load.day.curve import BURST_PUBLISHED, HOURS, Day
from tests.load.day.plan import Plan
from tests.load.day.samples import Bin, Samples, Summary, bins, summarise
from tests.load.day.serving import Reading
from tests.load.day.verdict import MEMORY_MOST, P99_MOST, Verdict

_BINS = 96
_SIGNS = {True: "✓", False: "✗", None: "–"}
_COLOURS = {True: "green", False: "red", None: "yellow"}
_HEADINGS = ("", "answered", "p50", "p90", "p99", "max")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`server` says what was loaded, `readings` how it fared; `ready_after` is None for another's server."""

    plan: Plan
    server: str
    at: datetime
    samples: Samples
    verdict: Verdict
    readings: Sequence[Reading]
    ready_after: float | None

    @property
    def title(self) -> str:
        timetable = self.plan.timetable
        if isinstance(timetable, Day):
            return f"A day of {timetable.accesses:,} accesses in {timetable.seconds / 60:.1f} minutes"
        return f"An urgent notice, opened by {timetable.people:,} people within {timetable.seconds:.0f} seconds"

    @property
    def rows(self) -> list[tuple[str, Summary]]:
        """Overall, at the peak, and by what was asked for."""
        peak = "at the peak" if self.plan.scenario == "burst" else "at the peak hour"
        rows = [("all requests", self.verdict.overall), (peak, self.verdict.peak)]
        samples = self.samples
        for what in sorted(set(samples.what)):
            kinds = zip(samples.what, samples.took, samples.failure, strict=True)
            rows.append((what, summarise([took for kind, took, failure in kinds if kind == what and not failure])))
        return rows

    @property
    def memory(self) -> float:
        return max((reading.memory for reading in self.readings), default=0.0)

    @property
    def notes(self) -> list[str]:
        first, last = self.plan.timetable.peak
        said = [
            f"load generator: at most {self.samples.cpu_share:.0%} of its core, p99 {self.verdict.late:.1f} ms late"
        ]
        at_peak = [reading for reading in self.readings if first <= reading.at < last]
        if at_peak:
            share, busy = fmean(one.cpu for one in at_peak), fmean(one.busy for one in at_peak)
            said.append(f"server: {share:.0%} of its core at the peak, {self.memory:.0f} MiB at most")
            said.append(f"all processors of the machine: {busy:.0%} busy then, whatever runs on them")
        if self.ready_after is not None:
            said.append(f"server ready after {self.ready_after:.1f} s")
        return said


def print_summary(outcome: Outcome, console: Console) -> None:
    console.print(f"\n[bold]{outcome.title}[/bold] on {plain(outcome.server)}\n")
    table = Table(box=None, pad_edge=False)
    for index, heading in enumerate(_HEADINGS):
        table.add_column(f"{heading} ms" if index > 1 else heading, justify="right" if index else "left")
    for what, summary in outcome.rows:
        table.add_row(what, f"{summary.count:,}", *(f"{value:,.1f}" for value in _milliseconds(summary)))
    console.print(table)
    for error, count in outcome.samples.errors.most_common(12):
        console.print(f"[red]{count:>8,}[/red] {plain(error)}")
    console.print("\n" + "; ".join(outcome.notes), style="dim")
    verdicts = Table(box=None, pad_edge=False)
    for heading in ("", "", "promised", "measured"):
        verdicts.add_column(heading, justify="right" if heading else "left")
    for line in outcome.verdict.lines:
        colour = _COLOURS[line.held]
        verdicts.add_row(f"[{colour}]{_SIGNS[line.held]}[/{colour}]", line.what, line.promised, line.measured)
    console.print()
    console.print(verdicts)


def write_report(outcome: Outcome, folder: Path) -> None:
    """`report.html` and `report.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(page(outcome), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(document(outcome), ensure_ascii=False, indent=1), encoding="utf-8")


def document(outcome: Outcome) -> dict[str, object]:
    found = bins(outcome.samples, outcome.plan.timetable.seconds, _BINS)
    return {
        "title": outcome.title,
        "scenario": outcome.plan.scenario,
        "quick": outcome.plan.quick,
        "seed": outcome.plan.seed,
        "server": outcome.server,
        "at": outcome.at.isoformat(timespec="seconds"),
        "held": outcome.verdict.held,
        "promises": [asdict(line) for line in outcome.verdict.lines],
        "milliseconds": {what: asdict(summary) for what, summary in outcome.rows},
        "errors": dict(outcome.samples.errors),
        "generator": {"core": outcome.samples.cpu_share, "late_p99_ms": outcome.verdict.late},
        "ready_after": outcome.ready_after,
        "curve": [asdict(stretch) for stretch in found],
        "server_readings": [asdict(reading) for reading in outcome.readings],
    }


def page(outcome: Outcome) -> str:
    """A page that asks nobody for anything."""
    found = bins(outcome.samples, outcome.plan.timetable.seconds, _BINS)
    promises = _table(
        ("", "promise", "promised", "measured"),
        [(_SIGNS[line.held], line.what, line.promised, line.measured) for line in outcome.verdict.lines],
    )
    times = _table(
        tuple(f"{heading} (ms)" if index > 1 else heading for index, heading in enumerate(_HEADINGS)),
        [(w, f"{s.count:,}", *(f"{value:,.1f}" for value in _milliseconds(s))) for w, s in outcome.rows],
    )
    errors = _table(("error", "times"), [(what, f"{n:,}") for what, n in outcome.samples.errors.most_common()])
    return _PAGE.format(
        title=escape(outcome.title),
        about=escape(f"{outcome.server} · {outcome.at:%Y-%m-%d %H:%M} · {'; '.join(outcome.notes)}"),
        promises=promises,
        charts="".join(_charts(outcome, found)),
        times=times,
        errors=errors if outcome.samples.errors else "<p>None.</p>",
    )


def _charts(outcome: Outcome, found: Sequence[Bin]) -> list[str]:
    axis = _axis(outcome.plan)

    def curve(name: str, style: str, values: Sequence[float]) -> Curve:
        return Curve(name, style, [(stretch.at, value) for stretch, value in zip(found, values, strict=True)])

    rates = [
        curve("people opening the app", "a", [stretch.accesses for stretch in found]),
        curve("requests", "b", [stretch.requests for stretch in found]),
    ]
    times = [
        curve("max", "d", [stretch.took.most for stretch in found]),
        curve("p99", "c", [stretch.took.p99 for stretch in found]),
        curve("p90", "b", [stretch.took.p90 for stretch in found]),
        curve("p50", "a", [stretch.took.p50 for stretch in found]),
    ]
    charts = [
        chart("Arrivals and requests", "a second", axis, rates),
        chart("Errors", "a second", axis, [curve("errors", "c", [stretch.errors for stretch in found])]),
        chart("From due to answered", "ms", axis, times, logarithmic=True, limit=P99_MOST),
    ]
    seen = [reading for reading in outcome.readings if reading.at <= axis.end]
    if seen:
        memory = Curve("resident", "a", [(reading.at, reading.memory) for reading in seen])
        work = Curve("of one core", "b", [(reading.at, reading.cpu * 100) for reading in seen])
        charts.append(chart("The server's memory", "MiB", axis, [memory], limit=MEMORY_MOST))
        charts.append(chart("The server's processor", "%", axis, [work]))
    return charts


def _axis(plan: Plan) -> Axis:
    timetable = plan.timetable
    if isinstance(timetable, Day):
        marks = [(hour * timetable.seconds / HOURS, f"{hour}:00") for hour in range(0, HOURS + 1, 3)]
        return Axis(timetable.seconds, marks[:-1], timetable.peak)
    seconds = range(0, int(timetable.seconds) + 1, 10)
    return Axis(timetable.seconds, [(at, f"{at - BURST_PUBLISHED:+.0f} s") for at in seconds][:-1], timetable.peak)


def _milliseconds(summary: Summary) -> tuple[float, ...]:
    return summary.p50, summary.p90, summary.p99, summary.most


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>
:root {{ color-scheme: light dark; --a: #2563b8; --b: #2c8a57; --c: #c2571a; --d: #8d8d99; --limit: #c4283c }}
@media (prefers-color-scheme: dark) {{
  :root {{ --a: #74a9f0; --b: #63c793; --c: #f09a5d; --d: #8d8d99; --limit: #f2707f }}
}}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin-top: 2rem }}
figure {{ margin: 1.5rem 0 }} figcaption span {{ margin-left: 1rem; white-space: nowrap }}
svg {{ width: 100%; height: auto; display: block }} svg text {{ font-size: 11px; fill: currentColor; opacity: .75 }}
.grid {{ stroke: currentColor; opacity: .14 }} .band {{ fill: currentColor; opacity: .07 }}
.curve {{ fill: none; stroke-width: 1.6 }} line.limit {{ stroke: var(--limit); stroke-dasharray: 5 4 }}
.curve.a {{ stroke: var(--a) }} .curve.b {{ stroke: var(--b) }}
.curve.c {{ stroke: var(--c) }} .curve.d {{ stroke: var(--d); stroke-width: 1 }}
i {{ display: inline-block; width: 1.2em; height: .25em; margin-right: .4em; vertical-align: middle }}
i.a {{ background: var(--a) }} i.b {{ background: var(--b) }} i.c {{ background: var(--c) }}
i.d {{ background: var(--d) }} i.limit {{ background: var(--limit) }}
table {{ border-collapse: collapse }} th, td {{ padding: .2rem .9rem .2rem 0; text-align: right }}
th:first-child, td:first-child, td:nth-child(2):not(:last-child) {{ text-align: left }}
</style></head><body>
<h1>{title}</h1><p>{about}</p>
<h2>Promises</h2>{promises}
<h2>Curves</h2><p>The shaded stretch is the peak that the promise speaks of.</p>{charts}
<h2>Times</h2><p>From when a request was due to its last byte, for slow phones to its first.</p>{times}
<h2>Errors</h2>{errors}
</body></html>
"""
