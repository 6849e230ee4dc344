"""Sheets to print and cut up: how members without e-mail get their first sign-in, from hand to hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape

from content.printing import printed_page, qr_picture
from content.times import Language, written_day


@dataclass(frozen=True, slots=True)
class SheetPerson:
    full_name: str
    member_no: str
    code: str = field(repr=False)
    url: str = field(repr=False)  # holds the code


_WORDS: dict[Language, dict[str, str]] = {
    "vi": {
        "title": "Phiếu kích hoạt sổ tay điện tử",
        "how": "Quét mã QR bằng máy ảnh điện thoại, hoặc mở ứng dụng, chọn “Kích hoạt” "
        "rồi nhập số thẻ và mã kích hoạt.",
        "once": "Mã chỉ dùng được một lần, đến hết ngày {day}. Không đưa mã cho người khác.",
        "keep": "Cắt theo đường kẻ, trao tận tay từng người; không chụp ảnh, không gửi qua mạng.",
        "member_no": "Số thẻ",
        "code": "Mã kích hoạt",
        "qr": "Mã QR kích hoạt của {name}",
        "none": "Không có ai cần kích hoạt.",
    },
    "en": {
        "title": "Member handbook activation sheet",
        "how": "Scan the QR code with your phone’s camera, or open the app, choose “Activate” and enter your "
        "member number and activation code.",
        "once": "The code works once, until the end of {day}. Do not pass it on.",
        "keep": "Cut along the lines and hand each card to its owner; do not photograph or send it.",
        "member_no": "Member number",
        "code": "Activation code",
        "qr": "Activation QR code of {name}",
        "none": "Nobody needs activating.",
    },
}
_STYLE = """
@page { size: A4; margin: 12mm }
body { max-width: 186mm }
h1 { margin: 0; font-size: 15pt }
header p { margin: 1mm 0 4mm }
.cards { display: grid; grid-template-columns: 1fr 1fr }
.card { display: flex; gap: 4mm; height: 62mm; padding: 4mm; border: 1px dashed #777; margin: 0 -1px -1px 0;
  break-inside: avoid; overflow: hidden }
.card svg { flex: none; width: 32mm; height: 32mm }
.card div { min-width: 0; overflow-wrap: anywhere }
.card h2 { margin: 0 0 1mm; font-size: 12pt; line-height: 1.2 }
.card p { margin: 0 0 1mm; font-size: 8pt; line-height: 1.25 }
.card strong { font-size: 10pt }
.code { font: bold 13pt/1.3 "Cascadia Mono", "DejaVu Sans Mono", monospace }
"""


def activation_sheet(branch_name: str, people: Sequence[SheetPerson], *, language: Language, expires_on: date) -> str:
    """One HTML page for A4 paper, eight cards a page, complete in itself: no script, nothing fetched from
    elsewhere.

    A card has name, member number, the code in groups of five and a QR code of the URL. `expires_on` is the
    last day on which the codes work.
    """
    words = _WORDS[language]
    day = written_day(expires_on, language)
    cards = "\n".join(_card(person, words, day) for person in people)
    body = f"""<header>
<h1>{words["title"]}</h1>
<p>{escape(branch_name)}. {words["keep"]}</p>
</header>
{f'<main class="cards">{cards}</main>' if people else f"<p>{words['none']}</p>"}"""
    return printed_page(f"{words['title']} – {branch_name}", body, style=_STYLE, language=language)


def _card(person: SheetPerson, words: dict[str, str], day: str) -> str:
    picture = qr_picture(person.url, words["qr"].format(name=person.full_name))
    return f"""<section class="card">
{picture}
<div>
<h2>{escape(person.full_name)}</h2>
<p>{words["member_no"]}: <strong>{escape(person.member_no)}</strong></p>
<p>{words["code"]}:<br><span class="code">{escape(_grouped(person.code))}</span></p>
<p>{words["how"]}</p>
<p>{words["once"].format(day=day)}</p>
</div>
</section>"""


def _grouped(code: str) -> str:
    """ABCDE FGHIJ: groups that a person can hold in mind while typing."""
    return " ".join(code[at : at + 5] for at in range(0, len(code), 5))
