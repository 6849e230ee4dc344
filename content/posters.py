"""A notice on paper, for the noticeboard of a village hall."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from content.printing import printed_page, qr_picture
from content.times import Language, dated, instant_in_words, span_in_words

_TIMES_MOST = 6  # of a series: what still leaves the page to the notice


@dataclass(frozen=True, slots=True)
class PosterActivity:
    """`times` are from and until, in order: those to come."""

    times: Sequence[tuple[datetime, datetime]]
    timezone: str
    place: str | None = None
    online_url: str | None = None
    rsvp_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Poster:
    """`body_html` has been sanitised (`content.render`); all else is text. `url` is what the QR code opens.

    `dated_on` is the day that the paper bears. `signed_as` is the office (“Bí thư chi bộ”) of `signed_by`.
    """

    branch_name: str
    title: str
    body_html: str
    dated_on: date
    url: str
    signed_by: str | None = None
    signed_as: str | None = None
    urgent: bool = False
    activity: PosterActivity | None = None


_WORDS: dict[Language, dict[str, str]] = {
    "vi": {
        "notice": "Thông báo",
        "urgent": "Thông báo khẩn",
        "activity": "Thông báo sinh hoạt",
        "time": "Thời gian",
        "more": "và {number} buổi nữa",
        "place": "Địa điểm",
        "online": "Trực tuyến",
        "rsvp_by": "Trả lời trước",
        "scan": "Quét mã để xem trong sổ tay điện tử",
        "qr": "Mã QR của thông báo {title}",
    },
    "en": {
        "notice": "Notice",
        "urgent": "Urgent notice",
        "activity": "Activity",
        "time": "Time",
        "more": "and {number} more",
        "place": "Place",
        "online": "Online",
        "rsvp_by": "Answer by",
        "scan": "Scan to open in the member handbook",
        "qr": "QR code of the notice {title}",
    },
}
_STYLE = """
@page { size: A4; margin: 18mm 18mm 20mm; @bottom-center { content: counter(page) " / " counter(pages) } }
body { max-width: 174mm; font-size: 14pt; line-height: 1.45; overflow-wrap: anywhere }
header { text-align: center; border-bottom: 0.6mm solid; padding-bottom: 4mm; margin-bottom: 6mm }
header p { margin: 0; font-size: 15pt; font-weight: bold; text-transform: uppercase }
.kind { margin-top: 4mm; letter-spacing: 0.12em }
.urgent .kind { display: inline-block; padding: 1mm 4mm; color: #fff; background: #b00020; print-color-adjust: exact;
  -webkit-print-color-adjust: exact }
h1 { margin: 3mm 0 0; font-size: 26pt; line-height: 1.2; text-wrap: balance }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1.5mm 5mm; margin: 0 0 6mm; padding: 4mm 5mm;
  font-size: 13pt; line-height: 1.35; border: 0.4mm solid; border-radius: 2mm; break-inside: avoid }
dt { font-weight: bold }
dd { margin: 0 }
dd p { margin: 0 0 1mm; text-wrap: balance }
.said h1, .said h2, .said h3, .said h4, .said h5, .said h6 { margin: 5mm 0 2mm; font-size: 16pt; break-after: avoid }
.said p, .said li { orphans: 3; widows: 3 }
.said p { margin: 0 0 3mm }
.said pre { white-space: pre-wrap }
.said blockquote { margin: 0 0 3mm; padding-left: 5mm; border-left: 0.6mm solid #777 }
.said table { width: 100%; border-collapse: collapse; margin: 0 0 3mm }
.said th, .said td { padding: 1mm 2mm; border: 0.2mm solid; text-align: left; vertical-align: top }
.said tr { break-inside: avoid }
.said a { color: inherit }
.said a[href^="http"]::after { content: " (" attr(href) ")"; font-size: 10pt }
footer { display: flex; justify-content: space-between; gap: 8mm; margin-top: 8mm; break-inside: avoid }
figure { margin: 0; width: 44mm; text-align: center; font-size: 10pt; line-height: 1.25 }
figure svg { display: block; width: 44mm; height: 44mm }
.signed { flex: 1; max-width: 105mm; text-align: center }
.signed p { margin: 0 }
.signed .day { font-style: italic }
.signed .office { font-weight: bold; text-transform: uppercase }
.signed .name { margin-top: 22mm; font-weight: bold }
"""


def noticeboard(poster: Poster, *, language: Language) -> str:
    """One HTML document for A4 paper, on as many pages as the text needs: no script, nothing fetched from elsewhere.

    Who signed comes with room for a signature and a stamp.
    """
    words = _WORDS[language]
    kind = "urgent" if poster.urgent else "notice" if poster.activity is None else "activity"
    parts = [
        f'<header class="{kind}">\n<p>{escape(poster.branch_name)}</p>',
        f'<p class="kind">{words[kind]}</p>\n<h1>{escape(poster.title)}</h1>\n</header>',
        *([] if poster.activity is None else [_activity(poster.activity, words, language)]),
        f'<main class="said">\n{poster.body_html}\n</main>',
        f"<footer>\n<figure>{qr_picture(poster.url, words['qr'].format(title=poster.title))}",
        f"<figcaption>{words['scan']}</figcaption></figure>\n{_signed(poster, language)}\n</footer>",
    ]
    title = f"{poster.title} – {poster.branch_name}"
    return printed_page(title, "\n".join(parts), style=_STYLE, language=language)


def _activity(activity: PosterActivity, words: dict[str, str], language: Language) -> str:
    shown, more = activity.times[:_TIMES_MOST], len(activity.times) - _TIMES_MOST
    times = [span_in_words(starts_at, ends_at, activity.timezone, language) for starts_at, ends_at in shown]
    if more > 0:
        times.append(words["more"].format(number=more))
    rsvp_by = activity.rsvp_by and instant_in_words(activity.rsvp_by, activity.timezone, language)
    rows = {
        "time": "".join(f"<p>{time[:1].upper()}{time[1:]}</p>" for time in times),
        "place": escape(activity.place or ""),
        "online": escape(activity.online_url or ""),
        "rsvp_by": rsvp_by,
    }
    told = "\n".join(f"<dt>{words[name]}</dt><dd>{said}</dd>" for name, said in rows.items() if said)
    return f"<dl>\n{told}\n</dl>"


def _signed(poster: Poster, language: Language) -> str:
    day = dated(poster.dated_on, language)
    lines = {"day": day[:1].upper() + day[1:], "office": poster.signed_as, "name": poster.signed_by}
    told = "\n".join(f'<p class="{name}">{escape(said)}</p>' for name, said in lines.items() if said)
    return f'<div class="signed">\n{told}\n</div>'
