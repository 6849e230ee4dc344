"""`python -m tests.load.bench`: measure the promises, print them, keep them as JSON and SVG."""

import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.load.bench.machine import facts
from tests.load.bench.plot import plot
from tests.load.bench.report import Report
from tests.load.bench.scenarios import ALL
from tests.load.bench.stage import Options, Stage
from tests.load.dataset import SIZES

_WIDTH = 160
"""Of the report in a file."""


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Under three minutes; rougher figures.")] = False,
    only: Annotated[str, typer.Option(help="Scenarios, by comma: " + ", ".join(one.name for one in ALL))] = "",
    size: Annotated[str, typer.Option(help="The data set: " + ", ".join(SIZES))] = "medium",
    output: Annotated[Path, typer.Option(help="Where results are written.")] = Path("var/bench"),
) -> None:
    """Measure the promises of speed on this machine."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    chosen = {name.strip() for name in only.split(",") if name.strip()}
    unknown = chosen - {one.name for one in ALL}
    if unknown or size not in SIZES:
        raise typer.BadParameter(f"unknown: {', '.join(sorted(unknown)) or size}")
    if shutil.which("wrk") is None:
        console.print("[red]✗[/red] wrk, the load generator, is not installed: apt-get install wrk")
        raise typer.Exit(1)
    options = Options.hurried(size, output) if quick else Options(quick=False, size=size, output=output)
    report = Report(facts(), asdict(options))
    wanted = [one for one in ALL if not chosen or one.name in chosen]
    with Stage(options, console.print) as stage:
        for turn, scenario in enumerate(wanted):
            console.print(f"[dim]{stage.budget.spent:5.0f} s[/dim]  {scenario.name}")
            findings = scenario.run(stage, remaining=len(wanted) - turn)
            report.rows.extend(findings.rows)
            report.figures.update(findings.figures)
        report.page_bytes = stage.page_bytes
    report.print(console)
    stem = output / f"{datetime.now(UTC):%Y%m%d-%H%M%S}{'-quick' if quick else ''}"
    report.write(stem.with_suffix(".json"))
    plot(report, stem.with_suffix(".svg"))
    console.print(f"\n{stem}.json and .svg, after {stage.budget.spent:.0f} s")


if __name__ == "__main__":
    typer.run(main)
