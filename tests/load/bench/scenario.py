"""A scenario: what it promises, and how that is measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

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

    def run(self, stage: Stage) -> Findings:
        """A promise whose row never came is not measured, and says why."""
        findings = Findings()
        why = "the scenario gave no figure"
        try:
            findings.rows.extend(self.measure(stage, findings.figures))
        except (NotMeasured, LoadFailed, ServerFailed, ServerError, httpx.HTTPError) as error:
            why = str(error) or type(error).__name__
        measured = {row.promise for row in findings.rows}
        findings.rows.extend(Row(promise, why=why) for promise in self.promises if promise not in measured)
        return findings

    def skipped(self, why: str) -> Findings:
        return Findings([Row(promise, why=why) for promise in self.promises])
