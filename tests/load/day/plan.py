"""What the process that makes the load is told, and the scenario that both processes know."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Self

from tests.load.day.curve import BURST_PEOPLE_MOST, Burst, Day, Scenario, quick_day
from tests.load.day.target import Target


@dataclass(frozen=True, slots=True)
class Plan:
    """`people` is how many there are tokens for; `core` the processor to stay on, if any."""

    scenario: Scenario
    quick: bool
    host: str
    port: int
    tls: bool
    tokens: str
    people: int
    results: str
    core: int | None
    seed: int

    @property
    def target(self) -> Target:
        return Target(self.host, self.port, self.tls)

    @property
    def timetable(self) -> Day | Burst:
        if self.scenario == "burst":
            return Burst(min(self.people, BURST_PEOPLE_MOST))
        return quick_day() if self.quick else Day()

    def random(self, purpose: str) -> Random:
        """The same for the same seed and purpose."""
        return Random(f"{self.seed} {purpose}")

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(**json.loads(path.read_bytes()))
