"""Pictures in Markdown: from where they lie beside a text to the hashes by which they are kept."""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from content.malformed import Malformed

PICTURES_MOST = 200
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def _parser() -> MarkdownIt:
    """Sees what is written, not what would be shown."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.enable(["table"])
    parser.normalizeLink = _as_written  # type: ignore[method-assign] # the documented way
    parser.validateLink = _anything  # type: ignore[method-assign] # the documented way
    return parser


def _as_written(url: str) -> str:
    return url


def _anything(url: str) -> bool:
    return bool(url)


_PARSER = _parser()


def name_pictures(text: str, hash_of: Callable[[str], str | None]) -> str:
    """The text with `file:<sha256>` wherever it shows a picture beside it; `hash_of` a path, None to leave it.

    Raises Malformed ``picture.unclear`` where the path of a
    picture is written in a way that cannot be found again, ``picture.too_many``.
    """
    shown = dict.fromkeys(_pictures(text))
    if len(shown) > PICTURES_MOST:
        raise Malformed("picture.too_many", limit=PICTURES_MOST)
    hashes = {path: sha256 for path in shown if (sha256 := hash_of(path)) is not None}
    if not hashes:
        return text
    paths = "|".join(re.escape(path) for path in sorted(hashes, key=len, reverse=True))
    for place in (rf"(?<=\]\()([ \t]*<?)({paths})(?=[>\s)])", rf"^( {{0,3}}\[[^\]\n]+\]:[ \t]*<?)({paths})(?=[>\s]|$)"):
        text = re.sub(place, lambda found: f"{found[1]}file:{hashes[found[2]]}", text, flags=re.MULTILINE)
    if hashes.keys() & set(_pictures(text)):
        raise Malformed("picture.unclear")
    return text


def _pictures(text: str) -> Iterator[str]:
    """Paths of those that lie beside the text."""
    for token in _inline(text):
        source = str(token.attrs.get("src", ""))
        if token.type == "image" and source and not _SCHEME.match(source):
            yield source


def _inline(text: str) -> Iterator[Token]:
    for block in _PARSER.parse(text):
        yield from block.children or ()
