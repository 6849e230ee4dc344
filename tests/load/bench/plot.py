"""Each promise as a bar: how far the figure is beyond its bound."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.load.bench.figures import Bound, Row, Verdict
from tests.load.bench.report import Report

_COLOURS = {Verdict.KEPT: "#2a9d4a", Verdict.MISSED: "#c8362e"}


def plot(report: Report, path: Path) -> None:
    """An SVG. To the right of 1 a promise is kept; the whisker is the spread."""
    mpl.rcParams["svg.hashsalt"] = "handbook"
    rows = [row for row in report.rows if row.verdict in _COLOURS and row.promise.bound]
    figure: Any = Figure(figsize=(9, 1.6 + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for position, row in enumerate(reversed(rows)):
        low, middle, high = margins(row)
        axes.barh(position, middle, color=_COLOURS[row.verdict], height=0.6)
        axes.plot([low, high], [position, position], color="#333333", linewidth=1.5)
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set_yticks(range(len(rows)), [f"{row.promise.what}\n{row.promise.text}" for row in reversed(rows)], fontsize=7)
    axes.set_xlabel("figure ÷ bound (of an upper bound, the inverse)")
    if rows:
        axes.set_xscale("log")
    machine = report.machine
    axes.set_title(f"{machine.get('cpu', '?')}, Python {machine.get('python', '?')}", fontsize=8)
    figure.savefig(path, format="svg")


def margins(row: Row) -> tuple[float, float, float]:
    """Low, median and high as multiples of the bound, more being better."""
    judged = row.ratio if row.promise.against else row.figure
    if judged is None or not row.promise.bound:
        raise ValueError("nothing to draw")
    low, high = judged.spread
    if row.promise.sense is Bound.AT_LEAST:
        return low / row.promise.bound, judged.median / row.promise.bound, high / row.promise.bound
    least = 1e-3  # of a figure of nothing at all
    bound = row.promise.bound
    return bound / max(high, least), bound / max(judged.median, least), bound / max(low, least)
