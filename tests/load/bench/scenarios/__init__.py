"""What is measured, one scenario a module; `ALL` is the order of the report."""

from tests.load.bench.scenario import Scenario
from tests.load.bench.scenarios import (
    branches,
    cold,
    hit,
    never_seen,
    not_modified,
    publish,
    push,
    receipts,
    refresh,
    report,
    root_notice,
    search,
    start,
    sync,
    volume,
)

ALL: tuple[Scenario, ...] = (
    hit.SCENARIO,
    not_modified.SCENARIO,
    never_seen.SCENARIO,
    refresh.SCENARIO,
    root_notice.SCENARIO,
    cold.SCENARIO,
    publish.SCENARIO,
    sync.SCENARIO,
    volume.SCENARIO,
    receipts.SCENARIO,
    report.SCENARIO,
    search.SCENARIO,
    push.SCENARIO,
    start.SCENARIO,
    branches.SCENARIO,
)
