"""Draws the pictures of the sample collection on digital skills.

They are made of shapes, digits and web addresses alone, so that no font file is needed, and are the same every time.
"""

from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SCALE = 2
"""Everything is drawn larger and then shrunk, which smooths the edges."""
_WIDTH = 720
_COLOURS = 128

_INK = "#1f2937"
_BLUE = "#1d4ed8"
_PALE = "#dbeafe"
_GREEN = "#15803d"
_PALE_GREEN = "#dcfce7"
_RED = "#b91c1c"
_PALE_RED = "#fee2e2"
_AMBER = "#f59e0b"
_GREY = "#9ca3af"
_WHITE = "#ffffff"


class _Canvas:
    """A white sheet on which everything is given in pixels of the finished picture."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._image = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), _WHITE)
        self._draw = ImageDraw.Draw(self._image)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        *,
        fill: str | None = None,
        outline: str | None = None,
        width: int = 4,
        radius: int = 0,
    ) -> None:
        """A rectangle, with round corners if there is a radius."""
        corners = (left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE)
        line = width * _SCALE if outline else 0
        self._draw.rounded_rectangle(corners, radius * _SCALE, fill=fill, outline=outline, width=line)

    def circle(
        self, x: float, y: float, radius: float, *, fill: str | None = None, outline: str | None = None, width: int = 4
    ) -> None:
        """A circle around a point."""
        corners = ((x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE)
        self._draw.ellipse(corners, fill=fill, outline=outline, width=width * _SCALE if outline else 0)

    def line(self, *points: tuple[float, float], colour: str = _INK, width: int = 4) -> None:
        """A line through points, with round ends and corners."""
        self._draw.line([(x * _SCALE, y * _SCALE) for x, y in points], colour, width * _SCALE, joint="curve")
        for x, y in points:
            self.circle(x, y, width / 2, fill=colour)

    def shape(self, *points: tuple[float, float], fill: str) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=fill)

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, *, colour: str = _INK, width: int = 4
    ) -> None:
        """Part of a circle, clockwise from `start` to `end` degrees, of which 0 is on the right."""
        corners = ((x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE)
        self._draw.arc(corners, start, end, colour, width * _SCALE)

    def text(self, x: float, y: float, text: str, size: int, *, colour: str = _INK, anchor: str = "mm") -> None:
        """ASCII alone: it is all that the built-in font has."""
        font = ImageFont.load_default(size=size * _SCALE)
        self._draw.text((x * _SCALE, y * _SCALE), text, fill=colour, font=font, anchor=anchor)

    def length(self, text: str, size: int) -> float:
        """How wide a text of that size is."""
        return ImageFont.load_default(size=size * _SCALE).getlength(text) / _SCALE

    def save(self, path: Path) -> None:
        """As a small PNG of few colours, of which none of the rare ones is lost."""
        shrunk = self._image.resize((_WIDTH, self._height), Image.Resampling.LANCZOS)
        few = shrunk.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, "PNG", optimize=True)


def draw(folder: Path) -> None:
    """Draws all pictures of the collection into `hinh` of its folder."""
    pictures = folder / "hinh"
    pictures.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, tuple[int, Callable[[_Canvas], None]]] = {
        "hai-lop.png": (260, _two_layers),
        "dung-kiem-bao.png": (270, _stop_check_tell),
        "ten-mien.png": (300, _domain_names),
        "sao-luu-321.png": (320, _backups),
    }
    for name, (height, paint) in drawn.items():
        canvas = _Canvas(height)
        paint(canvas)
        canvas.save(pictures / name)


def _two_layers(canvas: _Canvas) -> None:
    """A password, then a code on a phone, then an open lock."""
    canvas.box(24, 90, 224, 170, fill=_PALE, outline=_BLUE, radius=14)
    for place in range(6):
        canvas.circle(54 + place * 28, 130, 8, fill=_INK)
    _number(canvas, 124, 46, 1)

    _arrow(canvas, 240, 130, 296)
    _phone(canvas, 320, 80, 110, 168)
    canvas.text(375, 156, "482 915", 22, colour=_BLUE)
    _number(canvas, 375, 46, 2)

    _arrow(canvas, 448, 130, 504)
    _open_lock(canvas, 582, 180)
    _tick(canvas, 668, 92, 26)


def _stop_check_tell(canvas: _Canvas) -> None:
    """A stop sign, a magnifying glass over a message, a call to people one trusts."""
    for place, x in enumerate((120, 360, 600), start=1):
        canvas.box(x - 96, 82, x + 96, 254, outline=_GREY, width=2, radius=18)
        _number(canvas, x, 46, place)
    _arrow(canvas, 222, 168, 258)
    _arrow(canvas, 462, 168, 498)

    near, far = 26, 62
    corners = ((-near, -far), (near, -far), (far, -near), (far, near), (near, far), (-near, far), (-far, near))
    canvas.shape(*((120 + x, 168 + y) for x, y in (*corners, (-far, -near))), fill=_RED)
    canvas.box(95, 140, 113, 196, fill=_WHITE, radius=4)
    canvas.box(127, 140, 145, 196, fill=_WHITE, radius=4)

    canvas.box(292, 112, 400, 206, fill=_PALE, outline=_BLUE, width=3, radius=8)
    for y, right in ((134, 382), (154, 370), (174, 382)):
        canvas.line((310, y), (right, y), colour=_GREY, width=5)
    canvas.line((404, 194), (432, 224), colour=_INK, width=12)
    canvas.circle(382, 170, 32, fill=_WHITE, outline=_INK, width=6)
    canvas.text(382, 170, "?", 38, colour=_RED)

    _phone(canvas, 522, 112, 64, 112)
    for radius in (16, 30, 44):
        canvas.arc(590, 168, radius, -40, 40, colour=_GREEN, width=5)
    _person(canvas, 662, 164)


def _domain_names(canvas: _Canvas) -> None:
    """Three address bars: a right one and two that only look like it."""
    bars = (
        (50, True, "dichvucong", ".gov.vn"),
        (150, False, "dichvucong", "-gov.example"),
        (250, False, "dichvucong.gov.vn", ".example"),
    )
    for y, is_right, first, last in bars:
        colour, pale = (_GREEN, _PALE_GREEN) if is_right else (_RED, _PALE_RED)
        canvas.box(24, y - 34, 608, y + 34, fill=pale, outline=colour, width=3, radius=34)
        _closed_lock(canvas, 66, y + 16)
        middle = 104 + canvas.length(first, 32) + 3
        canvas.text(104, y, first, 32, anchor="lm")
        canvas.text(middle, y, last, 32, colour=colour, anchor="lm")
        canvas.line((middle + 2, y + 25), (middle + canvas.length(last, 32), y + 25), colour=colour, width=4)
        (_tick if is_right else _cross)(canvas, 660, y, 30)


def _backups(canvas: _Canvas) -> None:
    """Three copies on two kinds of things, one of them elsewhere."""
    for x, digit in ((120, 3), (360, 2), (600, 1)):
        canvas.box(x - 106, 12, x + 106, 308, outline=_GREY, width=2, radius=18)
        canvas.text(x, 66, str(digit), 76, colour=_BLUE)
    for x in (56, 120, 184):
        _photo(canvas, x, 206)

    _phone(canvas, 272, 140, 62, 118)
    canvas.box(358, 168, 438, 228, fill=_PALE, outline=_INK, width=4, radius=6)
    canvas.shape((348, 236), (448, 236), (456, 252), (340, 252), fill=_INK)

    _house(canvas, 544, 224)
    _arrow(canvas, 588, 220, 624)
    _cloud(canvas, 660, 148)
    _photo(canvas, 660, 220)


def _number(canvas: _Canvas, x: float, y: float, number: int) -> None:
    canvas.circle(x, y, 26, fill=_BLUE)
    canvas.text(x, y, str(number), 32, colour=_WHITE)


def _arrow(canvas: _Canvas, left: float, y: float, right: float) -> None:
    canvas.line((left + 3, y), (right - 16, y), colour=_AMBER, width=8)
    canvas.shape((right, y), (right - 20, y - 15), (right - 20, y + 15), fill=_AMBER)


def _tick(canvas: _Canvas, x: float, y: float, radius: float) -> None:
    canvas.circle(x, y, radius, fill=_GREEN)
    points = ((x - radius * 0.45, y + radius * 0.02), (x - radius * 0.1, y + radius * 0.4))
    canvas.line(*points, (x + radius * 0.48, y - radius * 0.36), colour=_WHITE, width=6)


def _cross(canvas: _Canvas, x: float, y: float, radius: float) -> None:
    arm = radius * 0.4
    canvas.circle(x, y, radius, fill=_RED)
    canvas.line((x - arm, y - arm), (x + arm, y + arm), colour=_WHITE, width=6)
    canvas.line((x - arm, y + arm), (x + arm, y - arm), colour=_WHITE, width=6)


def _phone(canvas: _Canvas, left: float, top: float, width: float, height: float) -> None:
    canvas.box(left, top, left + width, top + height, fill=_INK, radius=12)
    canvas.box(left + 6, top + 14, left + width - 6, top + height - 18, fill=_PALE, radius=3)
    canvas.circle(left + width / 2, top + height - 9, 4, fill=_WHITE)


def _open_lock(canvas: _Canvas, x: float, y: float) -> None:
    """Its body is around the point, its shackle swung up."""
    canvas.arc(x, y - 82, 34, 180, 360, colour=_INK, width=12)
    canvas.line((x - 28, y - 82), (x - 28, y - 40), colour=_INK, width=12)
    canvas.line((x + 28, y - 82), (x + 28, y - 74), colour=_INK, width=12)
    canvas.box(x - 54, y - 44, x + 54, y + 46, fill=_GREEN, radius=12)
    canvas.circle(x, y - 6, 11, fill=_WHITE)
    canvas.shape((x - 6, y - 2), (x + 6, y - 2), (x + 9, y + 26), (x - 9, y + 26), fill=_WHITE)


def _closed_lock(canvas: _Canvas, x: float, bottom: float) -> None:
    canvas.arc(x, bottom - 24, 10, 180, 360, colour=_INK, width=4)
    canvas.box(x - 14, bottom - 24, x + 14, bottom, fill=_INK, radius=4)


def _person(canvas: _Canvas, x: float, y: float) -> None:
    canvas.circle(x, y - 26, 15, fill=_BLUE)
    canvas.box(x - 24, y - 6, x + 24, y + 52, fill=_BLUE, radius=20)
    canvas.box(x - 24, y + 28, x + 24, y + 52, fill=_BLUE)


def _photo(canvas: _Canvas, x: float, y: float) -> None:
    canvas.box(x - 28, y - 38, x + 28, y + 38, fill=_PALE, outline=_INK, width=3, radius=4)
    canvas.circle(x + 12, y - 18, 7, fill=_AMBER)
    canvas.shape((x - 24, y + 34), (x - 6, y - 2), (x + 8, y + 18), (x + 14, y + 10), (x + 24, y + 34), fill=_GREEN)


def _house(canvas: _Canvas, x: float, y: float) -> None:
    canvas.shape((x - 40, y - 12), (x, y - 48), (x + 40, y - 12), fill=_RED)
    canvas.box(x - 30, y - 12, x + 30, y + 40, fill=_PALE, outline=_INK, width=3)
    canvas.box(x - 9, y + 8, x + 9, y + 40, fill=_INK)


def _cloud(canvas: _Canvas, x: float, y: float) -> None:
    for across, down, radius in ((-22, 6, 16), (0, -6, 22), (22, 6, 16)):
        canvas.circle(x + across, y + down, radius, fill=_GREEN)
    canvas.box(x - 24, y, x + 24, y + 22, fill=_GREEN)
