"""`python -m tests.load.day`: load a server with a day, or with an urgent notice, and say whether it kept its
promises.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tests.load.day.curve import Scenario
from tests.load.day.plan import Plan
from tests.load.day.report import Outcome, print_summary, write_report
from tests.load.day.samples import Samples
from tests.load.day.serving import Size, Watch, end, require_handbook, serving
from tests.load.day.target import LoadError, Target, read_target
from tests.load.day.verdict import judge

REPORT = Path("var/load")
_SEED = 2026
_SAID = "{phones:,} set up, {accesses:,} accesses, {requests:,} requests, {errors:,} errors, {inside:,} inside"
console = Console(highlight=False)


def main(
    size: Annotated[
        Size, typer.Option(help="demo: the default install. national: PostgreSQL, Valkey, 5.3 million.")
    ] = "demo",
    quick: Annotated[bool, typer.Option("--quick", help="A shorter day at the same rates.")] = False,
    burst: Annotated[
        bool, typer.Option("--burst", help="An urgent notice that everyone opens, instead of a day.")
    ] = False,
    target: Annotated[str | None, typer.Option(help="Another server of yours; needs --tokens.")] = None,
    tokens: Annotated[
        Path | None, typer.Option(help="Its new file from `handbook demo --load-tokens`: a run uses it up.")
    ] = None,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="The target may be another machine.")] = False,
) -> None:
    """Load a server of our own, or the target, and write var/load/report.html; exit code 1 where a promise broke."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    try:
        _require_sense(target, tokens)
        scenario: Scenario = "burst" if burst else "day"
        with tempfile.TemporaryDirectory(prefix="day-", dir=_scratch()) as name:
            if target is not None and tokens is not None:
                aim = read_target(target, allow_remote=allow_remote)
                outcome = _load_target(scenario, quick, aim, tokens, Path(name))
            else:
                outcome = _load_own(scenario, quick, size, Path(name))
    except (LoadError, OSError) as error:
        console.print(f"[red]✗[/red] {error}", markup=True, soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    print_summary(outcome, console)
    write_report(outcome, REPORT)
    console.print(f"\n{REPORT / 'report.html'}")
    raise typer.Exit(0 if outcome.verdict.held else 1)


def _load_own(scenario: Scenario, quick: bool, size: Size, folder: Path) -> Outcome:
    server_core, load_core = _cores()
    with ExitStack() as undo:
        with console.status(f"making an organisation of size {size}"):
            served = undo.enter_context(serving(size, folder, server_core))
        plan = _plan(scenario, quick, served.target, served.tokens, folder, load_core)
        with Watch(served.pid) as watch:
            samples = _run(plan, folder)
    memory = max((reading.memory for reading in watch.readings), default=None)
    told = {"demo": "SQLite, one process", "national": "PostgreSQL and Valkey, one process, 5.3 million members"}[size]
    pinned = "" if server_core is not None else ", sharing its processor with the load"
    return Outcome(
        plan,
        told + pinned,
        datetime.now().astimezone(),
        samples,
        judge(plan, samples, memory),
        watch.since(samples.began),
        served.ready_after,
    )


def _load_target(scenario: Scenario, quick: bool, target: Target, tokens: Path, folder: Path) -> Outcome:
    require_handbook(target)
    plan = _plan(scenario, quick, target, tokens, folder, None)
    samples = _run(plan, folder)
    return Outcome(plan, target.url, datetime.now().astimezone(), samples, judge(plan, samples, None), (), None)


def _plan(scenario: Scenario, quick: bool, target: Target, tokens: Path, folder: Path, core: int | None) -> Plan:
    with tokens.open(encoding="utf-8") as lines:
        people = sum(1 for _ in lines)
    return Plan(
        scenario=scenario,
        quick=quick,
        host=target.host,
        port=target.port,
        tls=target.tls,
        tokens=str(tokens.absolute()),
        people=people,
        results=str(folder.absolute() / "samples.json"),
        core=core,
        seed=_SEED,
    )


def _run(plan: Plan, folder: Path) -> Samples:
    """Run the process that makes the load, showing what it says of itself. Raises LoadError where it fails."""
    path = folder / "plan.json"
    plan.write(path)
    log = folder / "crowd.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.load.day.crowd", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
        )
    try:
        _follow(process, plan)
        code = process.wait()
    finally:
        end(process)
    if code or not Path(plan.results).exists():
        raise LoadError(f"the load broke off\n{log.read_text(errors='replace')[-2000:]}")
    return Samples.read(Path(plan.results))


def _follow(process: subprocess.Popen[bytes], plan: Plan) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), TextColumn("{task.fields[said]}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(plan.scenario, total=plan.timetable.seconds, said="")
        for line in process.stdout or ():
            now = json.loads(line)
            said = _SAID.format(**now)
            bar.update(task, completed=now["seconds"], said=said)


def _cores() -> tuple[int | None, int | None]:
    """One processor for the server and another for the load, where there are two."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else (None, None)


def _scratch() -> Path:
    """On the disk that the project is on: a temporary file system would make every write free."""
    folder = Path(".cache/load")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _require_sense(target: str | None, tokens: Path | None) -> None:
    if (target is None) != (tokens is None):
        raise LoadError("--target and --tokens belong together")
    if importlib.util.find_spec("locust") is None:
        raise LoadError("Locust is not installed here: `make load` installs it")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
