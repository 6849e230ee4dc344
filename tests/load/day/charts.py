"""Line charts as inline SVG: they need nothing from elsewhere, and take their colours from the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 920, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 14, 30
_LABELS = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """`style` is a class of the page's style sheet."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """`marks` are where the horizontal axis is labelled, `band` what is shaded on it."""

    end: float
    marks: Sequence[tuple[float, str]]
    band: tuple[float, float] | None = None


def chart(
    title: str,
    unit: str,
    axis: Axis,
    curves: Sequence[Curve],
    *,
    logarithmic: bool = False,
    limit: float | None = None,
) -> str:
    """A figure with a legend. `limit` draws a promise across it."""
    highest = max([value for curve in curves for _, value in curve.points] + [limit or 0.0, 1.0])
    lowest = 1.0 if logarithmic else 0.0
    top = 10 ** math.ceil(math.log10(highest) + 0.05) if logarithmic else _rounded(highest * 1.05)

    def x(at: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * at / axis.end

    def y(value: float) -> float:
        share = math.log10(max(value, lowest)) / math.log10(top) if logarithmic else value / top
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">']
    if axis.band is not None:
        first, last = (x(at) for at in axis.band)
        parts.append(
            f'<rect class="band" x="{first:.1f}" y="{_TOP}" width="{last - first:.1f}"'
            f' height="{_HEIGHT - _TOP - _BOTTOM}"/>'
        )
    for value in _steps(top, logarithmic=logarithmic):
        at = y(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{value:,g}</text>')
    for at, label in axis.marks:
        parts.append(f'<text x="{x(at):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>')
    if limit is not None:
        parts.append(
            f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(limit):.1f}" y2="{y(limit):.1f}"/>'
        )
    for curve in curves:
        path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in curve.points)
        parts.append(f'<polyline class="curve {curve.style}" points="{path}"/>')
    legend = " ".join(f'<span><i class="{curve.style}"></i>{escape(curve.name)}</span>' for curve in curves)
    if limit is not None:
        legend += f' <span><i class="limit"></i>promised: {limit:,g} {escape(unit)}</span>'
    head = f"<figcaption><b>{escape(title)}</b>, {escape(unit)} {legend}</figcaption>"
    return f"<figure>{head}{''.join(parts)}</svg></figure>"


def _rounded(value: float) -> float:
    """The next of 1, 2, 2.5 or 5 times a power of ten, five of which a scale can be divided by."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def _steps(top: float, *, logarithmic: bool) -> list[float]:
    if logarithmic:
        return [10.0**exponent for exponent in range(round(math.log10(top)) + 1)]
    return [top * step / _LABELS for step in range(_LABELS + 1)]
