"""A scenario: what it promises, and how that is measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import httpx

from tests.load.bench.figures import Figures, NotMeasured, Promise, Row
from tests.load.bench.load import LoadFailed
from tests.load.bench.processes import ServerFailed
from tests.load.bench.stage import Stage
from tests.servers import ServerError


@dataclass(slots=True)
class Findings:
    """Rows in the order of the promises, and the figures of baselines by name."""

    rows: list[Row] = field(default_factory=list)
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`measure` yields rows as it goes, and its figures into the findings' `figures`."""

    name: str
    promises: Sequence[Promise]
    measure: Callable[[Stage, Figures], Iterator[Row]]

    def run(self, stage: Stage, remaining: int = 1) -> Findings:
        """A promise whose row never came is not measured, and says why. `remaining` scenarios share what time is left,
        this one among them.
        """
        findings = Findings()
        why = "the scenario gave no figure"
        stage.cut_short = False
        try:
            with stage.budget.share(remaining):
                for row in self.measure(stage, findings.figures):
                    findings.rows.append(row)
                    if row.figure is not None:  # said at once: what comes later may fail
                        stage.say(f"         {row.promise.what}: {row.figure.median:,.4g} {row.promise.unit}")
        except (NotMeasured, LoadFailed, ServerFailed, ServerError, httpx.HTTPError) as error:
            why = str(error) or type(error).__name__
        if stage.cut_short:
            findings.rows = [replace(row, note="; ".join(filter(None, (row.note, _FEWER)))) for row in findings.rows]
        measured = {row.promise for row in findings.rows}
        findings.rows.extend(Row(promise, why=why) for promise in self.promises if promise not in measured)
        return findings


_FEWER = "fewer repetitions than planned, for want of time"
