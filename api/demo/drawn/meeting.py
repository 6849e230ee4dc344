"""The files that go with the texts on branch meetings: a picture of the follow-up cycle, and the form for minutes."""

from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

PICTURE = "vong-theo-doi.png"
FORM = "mau-bien-ban.pdf"

_Color = tuple[int, int, int]
_SIZE = (720, 540)
_SCALE = 3  # drawn larger and made smaller, for smooth edges
_INK: _Color = (38, 50, 56)
_WHITE: _Color = (255, 255, 255)
_GREY: _Color = (120, 134, 142)
_BOX = (240, 180)
_CORNERS = ((30, 30), (450, 30), (450, 330), (30, 330))
"""Of the four boxes, clockwise from the upper left."""
_STRONG: tuple[_Color, ...] = ((21, 101, 192), (230, 126, 0), (123, 31, 162), (46, 125, 50))
_PALE: tuple[_Color, ...] = ((227, 242, 253), (255, 243, 224), (243, 229, 245), (232, 245, 233))

_FONT_PACKAGE = "fontpkg_be_vietnam_pro"
_FAMILY = "Be Vietnam Pro"
_LEFT, _RIGHT, _LINE = 20.0, 190.0, 7.0  # millimetres on A4
_DATED = datetime(2026, 2, 10, tzinfo=UTC)


def draw(folder: Path) -> None:
    """Write the picture into `folder`/hinh and the form into `folder`; the same bytes each time."""
    pictures = folder / "hinh"
    pictures.mkdir(parents=True, exist_ok=True)
    _draw_cycle(pictures / PICTURE)
    _draw_form(folder / FORM)


class _Board:
    """A white picture to draw on in the units of the finished one."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (_SIZE[0] * _SCALE, _SIZE[1] * _SCALE), _WHITE)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float, radius: float, fill: _Color, line: _Color) -> None:
        """A rectangle with round corners."""
        at = _scaled(x, y, x + width, y + height)
        self._draw.rounded_rectangle(at, radius * _SCALE, fill=fill, outline=line, width=4 * _SCALE)

    def disc(self, x: float, y: float, radius: float, fill: _Color) -> None:
        """A filled circle around a point."""
        self._draw.ellipse(_scaled(x - radius, y - radius, x + radius, y + radius), fill=fill)

    def area(self, *points: float, fill: _Color) -> None:
        """A filled shape with straight edges."""
        self._draw.polygon(_scaled(*points), fill=fill)

    def line(self, *points: float, fill: _Color, width: float) -> None:
        """A line through points, with round ends."""
        self._draw.line(_scaled(*points), fill=fill, width=round(width * _SCALE), joint="curve")
        for x, y in zip(points[::2], points[1::2], strict=True):
            self.disc(x, y, width / 2, fill)

    def half_disc(self, x: float, y: float, radius: float, fill: _Color) -> None:
        """The upper half of a circle around a point."""
        self._draw.pieslice(_scaled(x - radius, y - radius, x + radius, y + radius), 180, 360, fill=fill)

    def digit(self, x: float, y: float, text: str, size: int) -> None:
        """White text around a point."""
        font = ImageFont.load_default(size=size * _SCALE)
        self._draw.text((x * _SCALE, y * _SCALE), text, fill=_WHITE, font=font, anchor="mm", stroke_width=_SCALE // 2)


def _scaled(*numbers: float) -> list[float]:
    return [number * _SCALE for number in numbers]


def _draw_cycle(path: Path) -> None:
    board = _Board()
    for place, (x, y) in enumerate(_CORNERS):
        board.box(x, y, *_BOX, 22, _PALE[place], _STRONG[place])
        board.disc(x + 42, y + 42, 28, _STRONG[place])
        board.digit(x + 42, y + 42, str(place + 1), 38)
    for icon, (x, y) in zip((_list, _bell, _talk, _tick), _CORNERS, strict=True):
        icon(board, x + 145, y + 95)
    _arrow(board, 288, 120, 1, 0, 144)
    _arrow(board, 570, 226, 0, 1, 88)
    _arrow(board, 432, 420, -1, 0, 144)
    _arrow(board, 150, 314, 0, -1, 88)
    small = board.image.resize(_SIZE, Image.Resampling.LANCZOS)
    small.quantize(colors=64, dither=Image.Dither.NONE).save(path, optimize=True)


def _arrow(board: _Board, x: float, y: float, right: int, down: int, length: float) -> None:
    """From a point in one of the four directions."""
    head, half = 30.0, 20.0
    end_x, end_y = x + right * length, y + down * length
    neck_x, neck_y = end_x - right * head, end_y - down * head
    board.line(x, y, neck_x, neck_y, fill=_GREY, width=13)
    sides = (neck_x - down * half, neck_y + right * half, neck_x + down * half, neck_y - right * half)
    board.area(end_x, end_y, *sides, fill=_GREY)


def _list(board: _Board, x: float, y: float) -> None:
    """A sheet with a list of jobs."""
    board.box(x - 45, y - 62, 90, 124, 8, _WHITE, _INK)
    for row in (-34, 0, 34):
        board.disc(x - 26, y + row, 6, _STRONG[0])
        board.line(x - 10, y + row, x + 28, y + row, fill=_INK, width=6)


def _bell(board: _Board, x: float, y: float) -> None:
    """A bell."""
    board.disc(x, y + 48, 13, _INK)
    board.disc(x, y - 52, 9, _INK)
    board.half_disc(x, y - 8, 40, _STRONG[1])
    board.area(x - 40, y - 9, x + 40, y - 9, x + 46, y + 34, x - 46, y + 34, fill=_STRONG[1])
    board.line(x - 54, y + 36, x + 54, y + 36, fill=_INK, width=10)


def _talk(board: _Board, x: float, y: float) -> None:
    """Two people's words."""
    board.area(x - 50, y - 10, x - 20, y - 10, x - 52, y + 24, fill=_INK)
    board.box(x - 66, y - 58, 96, 62, 18, _WHITE, _INK)
    for column in (-42, -18, 6):
        board.disc(x + column, y - 27, 6, _INK)
    board.area(x + 54, y + 52, x + 26, y + 52, x + 58, y + 76, fill=_STRONG[2])
    board.box(x - 22, y + 2, 92, 58, 18, _STRONG[2], _STRONG[2])
    board.line(x - 2, y + 22, x + 50, y + 22, fill=_WHITE, width=6)
    board.line(x - 2, y + 40, x + 30, y + 40, fill=_WHITE, width=6)


def _tick(board: _Board, x: float, y: float) -> None:
    """A tick in a circle."""
    board.disc(x, y, 58, _STRONG[3])
    board.line(x - 28, y + 2, x - 8, y + 24, x + 30, y - 22, fill=_WHITE, width=13)


def _draw_form(path: Path) -> None:
    page = FPDF(format="A4")
    page.set_creation_date(_DATED)
    page.set_title("Mẫu biên bản sinh hoạt chi hội")
    page.set_author("Ban Tổ chức Trung ương Hội")
    page.set_lang("vi")
    page.set_margins(_LEFT, 16, 210 - _RIGHT)
    page.set_auto_page_break(False)
    for style, weight in (("", "Regular"), ("B", "Bold")):
        with as_file(files(_FONT_PACKAGE) / "files" / f"BeVietnamPro-{weight}.ttf") as font:
            page.add_font(_FAMILY, style, font)
    page.add_page()
    page.set_line_width(0.2)
    _head(page)
    _said(page)
    _decided(page)
    _signed(page)
    page.output(str(path))


def _head(page: FPDF) -> None:
    """Whose minutes these are, of which meeting, and who was there."""
    page.set_font(_FAMILY, "", 10)
    _blanks(page, ("Hội cấp trên:", 85), ("Số:", 40))
    _blanks(page, ("Chi hội:", 85))
    page.ln(4)
    page.set_font(_FAMILY, "B", 16)
    page.cell(0, 9, "BIÊN BẢN SINH HOẠT CHI HỘI", align="C", new_x="LMARGIN", new_y="NEXT")
    page.ln(2)
    page.set_font(_FAMILY, "", 10)
    _blanks(page, ("Ngày họp:", 62), ("Giờ bắt đầu:", 54), ("Giờ kết thúc:", 54))
    _blanks(page, ("Nơi họp:", 170))
    _blanks(page, ("Người chủ trì:", 85), ("Thư ký:", 85))
    _heading(page, "1. Thành phần")
    _blanks(page, ("Tổng số hội viên:", 50), ("Có mặt:", 32), ("Vắng có lý do:", 44), ("Không lý do:", 44))
    _blanks(page, ("Khách mời:", 170))


def _said(page: FPDF) -> None:
    """What was said, and how the vote went."""
    _heading(page, "2. Nội dung và ý kiến (ghi ý chính kèm lý do)")
    for _ in range(8):
        page.ln(_LINE)
        _dots(page, _LEFT, _RIGHT, page.get_y())
    page.ln(2)


def _decided(page: FPDF) -> None:
    """The decisions with who does them until when, and the votes."""
    _heading(page, "3. Quyết định của chi hội")
    widths = (12.0, 84.0, 44.0, 30.0)
    page.set_font(_FAMILY, "B", 10)
    page.set_fill_color(236, 239, 241)
    for width, text in zip(widths, ("TT", "Việc, thế nào là xong", "Phụ trách chính", "Hạn xong"), strict=True):
        page.cell(width, 8, text, border=1, align="C", fill=True)
    page.ln()
    page.set_font(_FAMILY, "", 10)
    for row in range(1, 6):
        page.cell(widths[0], 9, str(row), border=1, align="C")
        for width in widths[1:]:
            page.cell(width, 9, "", border=1)
        page.ln()
    _heading(page, "4. Biểu quyết")
    _blanks(page, ("Tham gia biểu quyết:", 54), ("Tán thành:", 36), ("Không tán thành:", 44), ("Ý kiến khác:", 36))


def _signed(page: FPDF) -> None:
    """That it was read out, and by whom it is signed."""
    page.ln(2)
    text = "Phần kết luận và kết quả biểu quyết đã được đọc lại trước chi hội và được chi hội thông qua."
    page.cell(0, _LINE, text, new_x="LMARGIN", new_y="NEXT")
    page.ln(3)
    page.set_font(_FAMILY, "B", 10)
    for text in ("THƯ KÝ", "NGƯỜI CHỦ TRÌ"):
        page.cell(85, 6, text, align="C")
    page.ln()
    page.set_font(_FAMILY, "", 9)
    for _ in range(2):
        page.cell(85, 5, "(ký, ghi rõ họ tên)", align="C")


def _heading(page: FPDF, text: str) -> None:
    page.ln(2)
    page.set_font(_FAMILY, "B", 11)
    page.cell(0, 7, text, new_x="LMARGIN", new_y="NEXT")
    page.set_font(_FAMILY, "", 10)


def _blanks(page: FPDF, *blanks: tuple[str, float]) -> None:
    """A line of words, each with a dotted line to write on up to the width that it has."""
    x, y = _LEFT, page.get_y()
    for text, width in blanks:
        page.set_xy(x, y)
        taken = page.get_string_width(text) + 2 * page.c_margin
        page.cell(taken, _LINE, text)
        _dots(page, x + taken, x + width - 2, y + _LINE - 1.6)
        x += width
    page.set_xy(_LEFT, y + _LINE)


def _dots(page: FPDF, left: float, right: float, y: float) -> None:
    page.set_dash_pattern(dash=0.3, gap=0.9)
    page.line(left, y, right, y)
    page.set_dash_pattern()
