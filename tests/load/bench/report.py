"""What was found: a table for people, JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.load.bench.design import BARE, MEASURED, explanations
from tests.load.bench.figures import Figures, Row, Series, Verdict
from tests.load.bench.stage import CPU

_COLOURS = {Verdict.KEPT: "green", Verdict.MISSED: "red", Verdict.SHOWN: "dim", Verdict.NOT_MEASURED: "yellow"}


@dataclass(slots=True)
class Report:
    """`page_bytes` is the size of the page that the baselines send too."""

    machine: Mapping[str, Any]
    options: Mapping[str, Any]
    rows: list[Row] = field(default_factory=list)
    figures: Figures = field(default_factory=dict)
    page_bytes: int | None = None

    @property
    def missed(self) -> Sequence[Row]:
        return [row for row in self.rows if row.verdict is Verdict.MISSED]

    def as_json(self) -> dict[str, Any]:
        return {
            "machine": dict(self.machine),
            "options": {name: str(value) if isinstance(value, Path) else value for name, value in self.options.items()},
            "page_bytes": self.page_bytes,
            "rows": [_row(row) for row in self.rows],
            "figures": {name: _series(series) for name, series in self.figures.items()},
            "explanations": explanations(self.figures, self.page_bytes),
        }

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def print(self, console: Console) -> None:
        console.print(self._table())
        if any(name in self.figures for name in ("bare", *MEASURED)):
            console.print(self._baselines())

    def _table(self) -> Table:
        table = Table(
            "promise", "bound", "figure", "ratio", "spread", "verdict", title="Promises", title_justify="left"
        )
        for row in self.rows:
            judged = row.ratio if row.promise.against else row.figure
            said = " ".join(filter(None, [f"[{_COLOURS[row.verdict]}]{row.verdict}[/]", row.why and f": {row.why}"]))
            table.add_row(
                row.promise.what + (f"\n[dim]{row.note}[/]" if row.note else ""),
                row.promise.text,
                f"{_number(row.figure.median)} {row.promise.unit}" if row.figure else "",
                f"{row.ratio.median:.3g}" if row.ratio else "",
                _spread(judged),
                said.replace(" : ", ": "),
            )
        return table

    def _baselines(self) -> Table:
        table = Table(
            "served by",
            "req/s",
            "of bare",
            "in the design",
            "CPU µs/request",
            "off by more than a third",
            title="Beside it",
            title_justify="left",
        )
        bare, why = self.figures.get("bare"), explanations(self.figures, self.page_bytes)
        for name in ("handbook", "bare", *MEASURED):
            found = self.figures.get(name)
            if found is None:
                continue
            designed = f"{MEASURED[name] / BARE:.4f}" if name in MEASURED else ""
            share = f"{found.over(bare).median:.4f}" if bare else ""
            worked = self.figures.get(f"{name}{CPU}")
            cost = _number(worked.median) if worked else ""
            table.add_row(name, _number(found.median), share, designed, cost, why.get(name, ""))
        return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _spread(series: Series | None) -> str:
    if series is None or len(series.values) < 2:
        return ""
    return " – ".join(_number(end) if end >= 100 else f"{end:.3g}" for end in series.spread)


def _series(series: Series | None) -> dict[str, Any] | None:
    if series is None:
        return None
    return {"median": series.median, "spread": list(series.spread), "values": list(series.values)}


def _row(row: Row) -> dict[str, Any]:
    return {
        **asdict(row.promise),
        "figure": _series(row.figure),
        "ratio": _series(row.ratio),
        "verdict": row.verdict,
        "why": row.why,
        "note": row.note,
    }
