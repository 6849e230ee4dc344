"""A collection as pages that a browser shows without a network and without the app: nothing run and nothing fetched."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from content.printing import printed_page
from content.times import Language

_PICTURE = re.compile(r'<img src="/v1/files/([0-9a-f]{64})"')
"""Text may say the same but for the bracket, which is escaped in it."""
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "video/mp4": ".mp4",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}
_WORDS: dict[Language, dict[str, str]] = {
    "vi": {
        "contents": "Mục lục",
        "due": "Hoàn thành trước",
        "required": "bắt buộc",
        "optional": "tham khảo",
        "minutes": "{} phút đọc",
        "quiz": "Câu hỏi ôn tập",
        "version": "phiên bản {}",
        "open": "Mở tệp",
        "before": "Trước",
        "after": "Tiếp",
        "all": "Về mục lục",
        "answers": "Làm bài và xem kết quả trong ứng dụng.",
        "single": "Chọn một đáp án.",
        "multiple": "Chọn các đáp án đúng.",
        "true_false": "Đúng hay sai?",
        "ordering": "Sắp xếp theo thứ tự đúng.",
        "in_page": "Trong bài",
    },
    "en": {
        "contents": "Contents",
        "due": "To be completed by",
        "required": "required",
        "optional": "optional",
        "minutes": "{} min read",
        "quiz": "Questions",
        "version": "version {}",
        "open": "Open the file",
        "before": "Back",
        "after": "Next",
        "all": "All contents",
        "answers": "Answer in the app to see how you did.",
        "single": "Choose one.",
        "multiple": "Choose all that are right.",
        "true_false": "True or false?",
        "ordering": "Put them in order.",
        "in_page": "On this page",
    },
}
_BETWEEN = "\N{NO-BREAK SPACE}· "
"""Lines of phones are short, and none should begin with a dot."""
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --paper: #fff; --soft: #5b6670; --line: #d8dde2; --link: #a3161d }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #15191d; --soft: #9aa5af; --line: #343c44; --link: #ff8a80 }
}
html { -webkit-text-size-adjust: 100% }
body {
  max-width: 42rem; padding: 1.25rem 1.1rem 3rem; color: var(--ink); background: var(--paper);
  font: 1.0625rem/1.65 system-ui, "Be Vietnam Pro", "Noto Sans", Roboto, "Segoe UI", sans-serif;
  overflow-wrap: break-word
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: .2rem 0 .6rem }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2rem 0 .5rem }
h3 { font-size: 1.08rem; margin: 1.5rem 0 .4rem }
p, ul, ol, table, blockquote, pre, figure { margin: 0 0 1rem } ul, ol { padding-left: 1.75rem } a { color: var(--link) }
.soft, nav, footer { color: var(--soft); font-size: .92rem }
.summary { font-size: 1.1rem; color: var(--soft) }
ol.items { list-style: none; padding: 0; border-top: 1px solid var(--line) }
ol.items li { border-bottom: 1px solid var(--line); padding: .85rem 0 }
ol.items a { font-weight: 600; text-decoration: none }
ol.items p { margin: .15rem 0 0; color: var(--soft); font-size: .92rem }
img { max-width: 100%; height: auto; display: block; margin: .5rem auto; background: #fff; border-radius: 4px }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .95rem; line-height: 1.45 }
th, td { border: 1px solid var(--line); padding: .4rem .55rem; text-align: left; vertical-align: top }
th, td { min-width: 6.5rem }
blockquote { border-left: 3px solid var(--line); padding-left: .9rem; color: var(--soft); margin-left: 0 }
pre { overflow-x: auto } code { font-size: .95em }
sup a { text-decoration: none; padding: 0 .15em } section { font-size: .92rem; color: var(--soft) }
hr { border: 0; border-top: 1px solid var(--line); margin: 2rem 0 1rem }
nav { display: flex; justify-content: space-between; gap: 1rem; margin: 2.5rem 0 0; padding-top: .5rem }
nav { border-top: 1px solid var(--line) } nav a { padding: .5rem 0 }
.file { display: inline-block; border: 1px solid var(--line); border-radius: 6px; padding: .55rem .9rem }
.file { text-decoration: none }
details { margin: 0 0 1rem } summary { cursor: pointer; color: var(--soft) } ul.toc { margin: .4rem 0 0 }
ol.questions > li { margin-bottom: 1.4rem } ol.questions p { margin: 0 0 .3rem } ul.options { list-style: circle }
@media print { nav, details { display: none } body { max-width: none; font-size: 11pt } a { color: inherit } }
"""


@dataclass(frozen=True, slots=True)
class OfflineFile:
    sha256: str
    media_type: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class OfflineQuestion:
    """`kind` is `single`, `multiple`, `true_false` or `ordering`."""

    kind: str
    text: str
    options: Sequence[str]


@dataclass(frozen=True, slots=True)
class OfflineItem:
    """`html` is clean, as `content.render.render_material` makes it; empty of quizzes, which have `questions`."""

    slug: str
    title: str
    summary: str
    version: int
    is_required: bool
    language: Language = "vi"
    html: str = ""
    headings: Sequence[tuple[int, str, str]] = ()
    """Level, text and anchor of each."""
    minutes: int = 0
    byline: str = ""
    file: OfflineFile | None = None
    questions: Sequence[OfflineQuestion] = ()


def file_path(sha256: str, media_type: str) -> str:
    """Where a package holds a file."""
    return f"files/{sha256}{_EXTENSIONS.get(media_type, '')}"


def page_path(place: int, item: OfflineItem) -> str:
    """`place` is from 0."""
    return f"{place + 1:03}-{item.slug}.html"


def index_page(
    title: str, summary: str, byline: str, due: str | None, items: Sequence[OfflineItem], language: Language
) -> str:
    """What the collection holds. `byline` says whose it is and which version, `due` the day as people write it."""
    said = _WORDS[language]
    lines = []
    for place, item in enumerate(items):
        about = [said["required"] if item.is_required else said["optional"]]
        about += [said["quiz"]] if item.questions else []
        about += [said["minutes"].format(item.minutes)] if item.minutes else []
        summary_line = f"<p>{escape(item.summary)}</p>" if item.summary else ""
        lines.append(
            f'<li><a href="{page_path(place, item)}">{place + 1}. {escape(item.title)}</a>'
            f"{summary_line}<p>{escape(_BETWEEN.join(about))}</p></li>"
        )
    until = f'<p class="soft">{said["due"]} <strong>{escape(due)}</strong></p>' if due else ""
    lead = f'<p class="summary">{escape(summary)}</p>' if summary else ""
    body = (
        f"<h1>{escape(title)}</h1>{lead}{until}<h2>{said['contents']}</h2>"
        f'<ol class="items">{"".join(lines)}</ol><footer>{escape(byline)}</footer>'
    )
    return printed_page(title, body, style=_STYLE, language=language, shows_images=True)


def item_page(items: Sequence[OfflineItem], place: int, type_of: Callable[[str], str]) -> str:
    """One material or quiz, with the way to the ones beside it. `type_of` gives a picture's media type by its
    SHA-256.
    """
    item = items[place]
    said = _WORDS[item.language]
    about = [item.byline] if item.byline else []
    about += [said["minutes"].format(item.minutes)] if item.minutes else []
    about.append(said["version"].format(item.version))
    parts = [f"<h1>{escape(item.title)}</h1>"] if not _begins_with_its_title(item) else []
    parts.append(f'<p class="soft">{escape(_BETWEEN.join(about))}</p>')
    if item.file is not None:
        address = file_path(item.file.sha256, item.file.media_type)
        size = f"{max(1, round(item.file.size / 1024)):,} KB"
        parts.append(f'<p><a class="file" href="{address}">{said["open"]}: {escape(item.file.name)} ({size})</a></p>')
    below = [heading for heading in item.headings if heading[0] in {2, 3}]
    if len(below) > 2:
        entries = "".join(f'<li><a href="#{escape(anchor)}">{escape(text)}</a></li>' for _, text, anchor in below)
        parts.append(f'<details><summary>{said["in_page"]}</summary><ul class="toc">{entries}</ul></details>')
    html = _PICTURE.sub(lambda found: f'<img src="{file_path(found[1], type_of(found[1]))}"', item.html)
    parts.append(html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>"))
    if item.questions:
        parts.append(_questions(item, said))
    parts.append(_beside(items, place, said))
    return printed_page(item.title, "\n".join(parts), style=_STYLE, language=item.language, shows_images=True)


def _begins_with_its_title(item: OfflineItem) -> bool:
    return bool(item.headings) and item.headings[0][0] == 1 and item.html.lstrip().startswith("<h1")


def _questions(item: OfflineItem, said: dict[str, str]) -> str:
    lines = []
    for question in item.questions:
        options = "".join(f"<li>{escape(option)}</li>" for option in question.options)
        lines.append(
            f'<li><p>{escape(question.text)}</p><p class="soft">{said[question.kind]}</p>'
            f'<ul class="options">{options}</ul></li>'
        )
    return f'<ol class="questions">{"".join(lines)}</ol><p class="soft">{said["answers"]}</p>'


def _beside(items: Sequence[OfflineItem], place: int, said: dict[str, str]) -> str:
    before = f'<a href="{page_path(place - 1, items[place - 1])}">← {said["before"]}</a>' if place else "<span></span>"
    is_last = place + 1 == len(items)
    after = "<span></span>" if is_last else f'<a href="{page_path(place + 1, items[place + 1])}">{said["after"]} →</a>'
    return f'<nav>{before}<a href="index.html">{said["all"]}</a>{after}</nav>'
