"""Markdown to HTML that is safe to show, and back to plain text for snippets and search."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

from content.malformed import Malformed
from content.text import clean_lines, words

MARKDOWN_LIMIT = 100_000  # characters
CELLS_MOST = 20_000
"""Of all tables of a text; what would have more is shown as it was written."""
_NESTING = 20  # blocks within blocks, the parser's own bound for untrusted text
_LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_SUMMARY_LIMIT = 200

_INLINE = frozenset({"a", "code", "em", "s", "strong"})
_WITHIN_LINES = _INLINE | {"img", "sup"}
_BLOCKS = frozenset(
    {
        *("blockquote", "br", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"),
        *("table", "tbody", "td", "th", "thead", "tr"),
    }
)


def _is_link(url: str) -> bool:
    return url.partition(":")[0].lower() in _LINK_SCHEMES and ":" in url


def _alternative_text(
    _renderer: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    # No image is shown: one from elsewhere would tell its server who reads, and from where.
    return escape(tokens[index].content)


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The parser fills short rows up to the head's width: a few characters would make megabytes, table by table."""
    if not table(state, start, end, silent=True):
        return False
    if silent:
        return True
    blank = next((line for line in range(start + 2, end) if state.isEmpty(line)), end)
    columns = state.src[state.bMarks[start + 1] : state.eMarks[start + 1]].count("|") + 1
    state.env["cells"] = state.env.get("cells", 0) + columns * (blank - start - 1)
    return state.env["cells"] <= CELLS_MOST and table(state, start, end, silent=False)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": _NESTING})
    parser.enable(["table", "strikethrough"])
    parser.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    parser.add_render_rule("image", _alternative_text)
    parser.validateLink = _is_link  # type: ignore[method-assign] # the documented way to narrow what links may be
    return parser


_MARKDOWN = _parser()
_CLEANER = nh3.Cleaner(
    tags=_INLINE | _BLOCKS,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    url_schemes=_LINK_SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


_FILE = re.compile(r"file:([0-9a-f]{64})")
_SYLLABLES_A_MINUTE = 200
"""Silent reading in Vietnamese, whose written words are syllables: rather slow, as one studies."""
_ANCHOR_MOST = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """`anchor` is the id of the heading in the HTML; `level` from 1."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """`files` are the pictures that the text refers to, by their SHA-256, in order; `text` is plain."""

    html: str
    headings: tuple[Heading, ...]
    files: tuple[str, ...]
    text: str
    reading_minutes: int


def _picture(renderer: RendererHTML, tokens: list[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    found = _FILE.fullmatch(str(tokens[index].attrGet("src") or ""))
    if found is None:
        return _alternative_text(renderer, tokens, index, options, env)
    alternative = escape(tokens[index].content)
    return f'<img src="{escape(env["url_of"](found[1]))}" alt="{alternative}" loading="lazy">'


def _anything(url: str) -> bool:
    return bool(url)


def _markup_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _NESTING})
    parser.validateLink = _anything  # type: ignore[method-assign] # sees what is written, not what would be shown
    return parser


_MARKUP = _markup_parser()
_ACTIVE = re.compile(
    r"<\s*/?\s*(script|iframe|object|embed|applet|form|svg|math|style|link|meta|base)\b|<[^>]*\son[a-z]+\s*=",
    re.IGNORECASE,
)
_RUNS = re.compile(r"[\s\x00-\x1f]*(javascript|vbscript|data)\s*:", re.IGNORECASE)


def clean_markdown(markdown: str) -> str:
    """`clean_lines` of what would run nothing, if anybody showed it as it is; what stands in code is text.

    Raises what `clean_lines` raises, and Malformed ``markdown.active``, ``link.unsafe``. All of it is harmless in
    what we render; who wrote it meant something else, or harm.
    """
    text = clean_lines(markdown)
    for token in _with_children(_MARKUP.parse(text)):
        if token.type in {"html_block", "html_inline"} and _ACTIVE.search(token.content):
            raise Malformed("markdown.active")
        if _RUNS.match(str(token.attrGet("href") or token.attrGet("src") or "")):
            raise Malformed("link.unsafe")
    return text


def _study_parser() -> MarkdownIt:
    parser = _parser().use(footnote_plugin)
    parser.add_render_rule("image", _picture)
    # pictures are links to the parser too; what a link leads to is looked at again when all is clean
    parser.validateLink = lambda url: _is_link(url) or _FILE.fullmatch(url) is not None  # type: ignore[method-assign]
    return parser


_STUDY_MARKDOWN = _study_parser()
_IDS = {name: {"id"} for name in ("h1", "h2", "h3", "h4", "h5", "h6")}
_STUDY_CLEANER = nh3.Cleaner(
    tags=_INLINE | _BLOCKS | {"img", "sup", "section"},
    attributes={
        **_IDS,
        "a": {"href", "title", "id"},
        "ol": {"start"},
        "li": {"id"},
        "img": {"src", "alt", "loading"},
        "th": {"style"},
        "td": {"style"},
    },
    filter_style_properties={"text-align"},
    url_schemes=_LINK_SCHEMES,
    url_relative="pass_through",
    link_rel="noopener noreferrer nofollow",
)


def render_material(markdown: str, url_of: Callable[[str], str]) -> Rendered:
    """A material's text: as `render_markdown`, with footnotes, a table of contents, and pictures written as
    `![what it shows](file:<sha256>)`, for which `url_of` gives an address. Any other picture shows as its alternative
    text. Raises Malformed ``markdown.too_long``.
    """
    if len(markdown) > MARKDOWN_LIMIT:
        raise Malformed("markdown.too_long", limit=MARKDOWN_LIMIT)
    env: dict[str, object] = {"url_of": url_of}
    tokens = _STUDY_MARKDOWN.parse(markdown, env)
    headings = _number_headings(tokens)
    files = [found[1] for token in _with_children(tokens) if (found := _named_file(token)) is not None]
    html = _STUDY_CLEANER.clean(_STUDY_MARKDOWN.renderer.render(tokens, _STUDY_MARKDOWN.options, env))
    text = plain_text(html)
    minutes = -(-len(words(text)) // _SYLLABLES_A_MINUTE)
    return Rendered(html, tuple(headings), tuple(dict.fromkeys(files)), text, minutes)


def _named_file(token: Token) -> re.Match[str] | None:
    return _FILE.fullmatch(str(token.attrGet("src") or "")) if token.type == "image" else None


def _with_children(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *_with_children(token.children or []))]


def _number_headings(tokens: list[Token]) -> list[Heading]:
    """Give each an id made of its words; of equal ones the second and later ones a number."""
    found: list[Heading] = []
    seen: dict[str, int] = {}
    for token, inline in itertools.pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(each.content for each in inline.children or [])
        anchor = "-".join(words(text))[:_ANCHOR_MOST] or "muc"
        seen[anchor] = seen.get(anchor, 0) + 1
        if seen[anchor] > 1:
            anchor = f"{anchor}-{seen[anchor]}"
        token.attrSet("id", anchor)
        found.append(Heading(int(token.tag[1:]), text, anchor))
    return found


def render_markdown(text: str) -> str:
    """HTML of CommonMark with tables and strikethrough; raw HTML shows as text, images as their alternative
    text.

    Two independent guards: the parser produces no foreign markup, and an allow-list cleans what it produced.
    Links lead to http, https, mailto and tel only, each with ``rel="noopener noreferrer nofollow"``. Raises
    Malformed ``markdown.too_long`` beyond 100,000 characters.
    """
    if len(text) > MARKDOWN_LIMIT:
        raise Malformed("markdown.too_long", limit=MARKDOWN_LIMIT)
    return _CLEANER.clean(_MARKDOWN.render(text))


def plain_text(html: str) -> str:
    """The text of HTML made by `render_markdown`: a line for each block, list item and table cell."""
    collector = _TextCollector()
    collector.feed(html)
    collector.close()
    lines = map(str.strip, "".join(collector.parts).split("\n"))
    return "\n".join(filter(None, lines))


def summarise(markdown: str, limit: int = _SUMMARY_LIMIT) -> str:
    """One line of at most `limit` characters from the beginning, cut between words and then ended by "…"."""
    return shorten(plain_text(render_markdown(markdown)), limit)


def shorten(text: str, limit: int = _SUMMARY_LIMIT) -> str:
    """One line of at most `limit` characters of plain text, cut as `summarise` does."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    head = text[:limit]
    cut = head.rfind(" ")
    # A single word longer than the limit (a URL) has no boundary to offer.
    return head[: cut if cut > 0 else limit - 1].rstrip(" ,;:–-") + "…"


class _TextCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(
        self,
        tag: str,
        attrs: list[tuple[str, str | None]],  # noqa: ARG002 - the signature is HTMLParser's
    ) -> None:
        self._break_at(tag)

    def handle_endtag(self, tag: str) -> None:
        self._break_at(tag)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def _break_at(self, tag: str) -> None:
        if tag not in _WITHIN_LINES:
            self.parts.append("\n")
