"""Markdown to HTML that is safe to show, and back to plain text for snippets and search."""

from html import escape
from html.parser import HTMLParser

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from content.malformed import Malformed

MARKDOWN_LIMIT = 100_000  # characters
_NESTING = 20  # blocks within blocks, the parser's own bound for untrusted text
_LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_SUMMARY_LIMIT = 200

_INLINE = frozenset({"a", "code", "em", "s", "strong"})
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


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": _NESTING})
    parser.enable(["table", "strikethrough"])
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
    text = " ".join(plain_text(render_markdown(markdown)).split())
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
        if tag not in _INLINE:
            self.parts.append("\n")
