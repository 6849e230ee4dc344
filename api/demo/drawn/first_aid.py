"""Pictures for the first-aid texts, drawn from simple shapes and digits, the same bytes every time."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_WIDTH = 720
_SCALE = 2  # drawn larger and made smaller, so that edges are smooth
_INK = "#22313f"
_HELPER = "#1f6fb2"
_HELPER_DARK = "#174f80"
_VICTIM = "#e39a3b"
_SKIN = "#f2c9a1"
_ALERT = "#c8322b"
_WATER = "#5aaee0"
_METAL = "#8d99a6"
_PALE = "#e9eef3"

_Point = tuple[float, float]


class _Sheet:
    """A white page whose measures are those of the finished picture."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._image = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), "white")
        self._draw = ImageDraw.Draw(self._image)

    def limb(self, points: Sequence[_Point], width: float, colour: str) -> None:
        """A thick line with round ends and joints."""
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(width * _SCALE), joint="curve")
        for point in points:
            self.disc(point, width / 2, colour)

    def disc(self, centre: _Point, radius: float, colour: str, edge: str | None = None, edge_width: float = 0) -> None:
        """A filled circle, with an edge where one is named."""
        (x, y), r = centre, radius
        box = [each * _SCALE for each in (x - r, y - r, x + r, y + r)]
        self._draw.ellipse(box, fill=colour, outline=edge, width=round(edge_width * _SCALE))

    def box(self, corners: tuple[float, float, float, float], colour: str, radius: float = 0) -> None:
        """A filled rectangle: left, top, right, bottom."""
        scaled = [each * _SCALE for each in corners]
        self._draw.rounded_rectangle(scaled, radius=radius * _SCALE, fill=colour)

    def polygon(self, points: Sequence[_Point], colour: str) -> None:
        """A filled shape."""
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=colour)

    def pie(self, centre: _Point, radius: float, angles: tuple[float, float], colour: str) -> None:
        """A slice, from one angle to another in degrees, clockwise from the right."""
        (x, y), r = centre, radius
        self._draw.pieslice([each * _SCALE for each in (x - r, y - r, x + r, y + r)], *angles, fill=colour)

    def arrow(self, start: _Point, end: _Point, colour: str, width: float = 10) -> None:
        """A straight arrow with a filled head."""
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        head = width * 2.2
        neck = (end[0] - head * math.cos(angle), end[1] - head * math.sin(angle))
        scaled = [(x * _SCALE, y * _SCALE) for x, y in (start, neck)]
        self._draw.line(scaled, fill=colour, width=round(width * _SCALE))
        side = (-math.sin(angle) * head * 0.75, math.cos(angle) * head * 0.75)
        self.polygon([end, (neck[0] + side[0], neck[1] + side[1]), (neck[0] - side[0], neck[1] - side[1])], colour)

    def text(self, centre: _Point, text: str, size: float, colour: str = _INK) -> None:
        """Digits and signs, centred."""
        font = ImageFont.load_default(size=size * _SCALE)
        self._draw.text((centre[0] * _SCALE, centre[1] * _SCALE), text, fill=colour, font=font, anchor="mm")

    def badge(self, centre: _Point, text: str) -> None:
        """The number of a step."""
        self.disc(centre, 24, _INK)
        self.text(centre, text, 28, "white")

    def save(self, path: Path) -> None:
        """Few colours are enough and keep the file small."""
        smooth = self._image.resize((_WIDTH, self._height), Image.Resampling.LANCZOS)
        smooth.quantize(colors=64, dither=Image.Dither.NONE).save(path, optimize=True)


def _draw_compressions(path: Path) -> None:
    """A helper kneels and presses with straight arms; below are how deep, how fast, and how often by turns."""
    sheet = _Sheet(600)
    sheet.box((40, 352, 680, 362), _METAL, 4)
    # who lies there: head on the left, legs on the right
    sheet.limb([(290, 324), (420, 326)], 52, _VICTIM)
    sheet.limb([(430, 332), (540, 338), (640, 338)], 28, _INK)
    sheet.limb([(640, 336), (648, 318)], 18, _INK)
    sheet.disc((212, 318), 33, _SKIN, _INK, 3)
    # who helps, on the far side: knees at the ground, shoulders above the hands
    sheet.limb([(440, 336), (520, 336)], 26, _HELPER_DARK)
    sheet.limb([(440, 328), (464, 240)], 32, _HELPER_DARK)
    sheet.limb([(458, 232), (356, 132)], 52, _HELPER)
    sheet.limb([(340, 144), (336, 276)], 24, _HELPER)
    sheet.limb([(336, 282), (336, 290)], 30, _SKIN)
    sheet.disc((322, 76), 34, _SKIN, _INK, 3)
    sheet.limb([(290, 324), (430, 326)], 46, _VICTIM)
    sheet.limb([(324, 294), (350, 294)], 16, _SKIN)
    # how deep
    sheet.arrow((262, 170), (262, 276), _ALERT, 12)
    sheet.text((160, 222), "5-6 cm", 36, _ALERT)
    sheet.text((590, 130), "100-120", 46, _INK)
    sheet.text((590, 178), "/ 60 s", 32, _INK)
    # by turns
    sheet.disc((210, 480), 68, _HELPER)
    sheet.text((210, 480), "30", 68, "white")
    sheet.disc((510, 480), 68, _VICTIM)
    sheet.text((510, 480), "2", 68, "white")
    sheet.arrow((296, 454), (424, 454), _INK, 10)
    sheet.arrow((424, 508), (296, 508), _INK, 10)
    sheet.save(path)


def _draw_cooling(path: Path) -> None:
    """A hand with a burn under a running tap, and a clock of which twenty minutes are filled."""
    sheet = _Sheet(420)
    sheet.box((40, 66, 66, 150), _METAL, 6)
    sheet.limb([(60, 108), (226, 108), (226, 152)], 34, _METAL)
    sheet.limb([(150, 100), (150, 58)], 14, _METAL)
    sheet.limb([(116, 54), (184, 54)], 18, _METAL)
    # arm from the left, hand to the right
    sheet.limb([(40, 290), (250, 290)], 56, _SKIN)
    for place, length in enumerate((338, 350, 346, 328)):
        sheet.limb([(262, 268 + place * 15), (length, 268 + place * 15)], 13, _SKIN)
    sheet.limb([(236, 276), (276, 240)], 17, _SKIN)
    sheet.disc((206, 290), 22, _ALERT)
    for x in (214, 226, 238):
        sheet.limb([(x, 176), (x, 256)], 6, _WATER)
    for x, y in ((196, 338), (218, 350), (240, 336), (206, 376), (232, 382)):
        sheet.polygon([(x, y - 16), (x - 7, y), (x + 7, y)], _WATER)
        sheet.disc((x, y + 1), 7.5, _WATER)
    # clock
    centre = (540.0, 200.0)
    sheet.disc(centre, 146, "white", _INK, 8)
    sheet.pie(centre, 128, (-90, 30), _WATER)
    for hour in range(12):
        angle = math.radians(hour * 30 - 90)
        ends = [(centre[0] + math.cos(angle) * r, centre[1] + math.sin(angle) * r) for r in (116, 128)]
        sheet.limb(ends, 5, _INK)
    for angle in (-90, 30):
        turned = math.radians(angle)
        sheet.limb([centre, (centre[0] + math.cos(turned) * 104, centre[1] + math.sin(turned) * 104)], 8, _INK)
    sheet.disc(centre, 12, _INK)
    sheet.text((540, 382), "0 - 20 min", 40, _ALERT)
    sheet.save(path)


def _draw_choking(path: Path) -> None:
    """On the left blows on the back of who leans forward, on the right thrusts from behind, and back again."""
    sheet = _Sheet(560)
    sheet.badge((54, 48), "1")
    sheet.badge((414, 48), "2")
    sheet.box((40, 432, 680, 440), _METAL, 4)
    # 1: who chokes leans to the right; the helper stands behind
    sheet.limb([(190, 424), (192, 340), (186, 270)], 30, _INK)
    sheet.limb([(186, 270), (262, 186)], 52, _VICTIM)
    sheet.disc((306, 150), 32, _SKIN, _INK, 3)
    sheet.limb([(256, 202), (282, 246), (274, 286)], 18, _VICTIM)
    sheet.limb([(92, 424), (94, 340), (98, 270)], 30, _HELPER_DARK)
    sheet.limb([(98, 270), (110, 168)], 52, _HELPER)
    sheet.disc((114, 104), 32, _SKIN, _INK, 3)
    sheet.limb([(112, 166), (166, 148), (206, 182)], 20, _HELPER)
    sheet.disc((212, 190), 14, _SKIN, _INK, 2)
    sheet.arrow((190, 96), (218, 166), _ALERT, 10)
    # 2: the helper stands close behind, the fist above the navel
    sheet.limb([(478, 424), (482, 344), (484, 280)], 30, _HELPER_DARK)
    sheet.limb([(484, 280), (494, 176)], 50, _HELPER)
    sheet.disc((494, 112), 32, _SKIN, _INK, 3)
    sheet.limb([(548, 424), (550, 350), (542, 284)], 30, _INK)
    sheet.limb([(542, 284), (558, 182)], 52, _VICTIM)
    sheet.disc((582, 122), 32, _SKIN, _INK, 3)
    sheet.limb([(500, 178), (528, 246), (568, 248)], 20, _HELPER)
    sheet.disc((576, 246), 15, _SKIN, _INK, 2)
    sheet.arrow((650, 262), (600, 222), _ALERT, 10)
    # by turns
    sheet.disc((190, 500), 46, _HELPER)
    sheet.text((190, 500), "5", 52, "white")
    sheet.disc((530, 500), 46, _VICTIM)
    sheet.text((530, 500), "5", 52, "white")
    sheet.arrow((262, 484), (458, 484), _INK, 9)
    sheet.arrow((458, 518), (262, 518), _INK, 9)
    sheet.save(path)


def draw(folder: Path) -> None:
    """Draw all pictures of the first-aid texts into `hinh` in this folder."""
    pictures = folder / "hinh"
    pictures.mkdir(parents=True, exist_ok=True)
    _draw_compressions(pictures / "ep-tim.png")
    _draw_cooling(pictures / "lam-mat-20-phut.png")
    _draw_choking(pictures / "hoc-di-vat.png")
