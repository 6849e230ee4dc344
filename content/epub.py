"""EPUB: a zip of XHTML pages with a list that says in which order they are read (EPUB 3.3).

Its lists and pages are read as tags, not as XML: no entity is expanded, and nothing outside is asked for.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from zipfile import ZIP_STORED, ZipFile

from content.archives import survey
from content.malformed import Malformed

EPUB = "application/epub+zip"

_MIMETYPE = "mimetype"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_RIGHTS = "META-INF/rights.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "image/svg+xml"})
_ENDINGS = (".xhtml", ".html", ".htm", ".xml", ".svg")
_ENTITIES = re.compile(r"<!ENTITY|<!DOCTYPE[^>\[]*\[", re.IGNORECASE)
_SCRIPTS = re.compile(r"^(text|application)/(x-)?(javascript|ecmascript)$", re.IGNORECASE)
_FONT_OBFUSCATION = re.compile(
    rb'Algorithm\s*=\s*["\']http://(www\.idpf\.org/2008/embedding|ns\.adobe\.com/pdf/enc#RC)'
)
_ALGORITHM = re.compile(rb"EncryptionMethod\b")
_PAGE_MOST = 8 * 1024 * 1024
_LIST_MOST = 4 * 1024 * 1024
_PAGES_MOST = 5_000
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"}
    | {"td", "th", "tr", "ul"}
)
_UNSEEN = frozenset({"head", "style", "title", "metadata"})
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


@dataclass(slots=True)
class _Package:
    """`pages` are the names of its pages in reading order, `others` of pages beside them."""

    pages: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def check_epub(file: BinaryIO) -> None:
    """Raise Malformed unless the file is an EPUB, by its parts: ``file.type_mismatch``, ``file.damaged``,
    ``file.encrypted``, ``file.scripts`` and what `survey` raises. Its lists and pages are looked into by `read_epub`.
    """
    found = survey(file, {_MIMETYPE, _CONTAINER, _ENCRYPTION})
    first = found.names[0] if found.names else ""
    if first != _MIMETYPE or found.kept.get(_MIMETYPE, b"").strip() != EPUB.encode():
        raise Malformed("file.type_mismatch")
    if _CONTAINER not in found.kept:
        raise Malformed("file.damaged")
    encrypted = found.kept.get(_ENCRYPTION, b"EncryptionMethod" if _ENCRYPTION in found.names else b"")
    if len(_ALGORITHM.findall(encrypted)) > len(_FONT_OBFUSCATION.findall(encrypted)) or _RIGHTS in found.names:
        raise Malformed("file.encrypted")
    if any(name.lower().endswith((".js", ".mjs")) for name in found.names):
        raise Malformed("file.scripts")
    with ZipFile(file) as archive:
        if archive.getinfo(_MIMETYPE).compress_type != ZIP_STORED:
            raise Malformed("file.type_mismatch")


def read_epub(file: BinaryIO, most: int) -> list[str]:
    """The text of each page in reading order, `most` characters together. Raises what `check_epub` raises, of its lists
    and pages too, listed or not. Nothing bounds how long Python's parser takes: only where its time is bounded.
    """
    check_epub(file)
    chapters: list[str] = []
    with ZipFile(file) as archive:
        package = _package(archive)
        unlisted = (name for name in archive.namelist() if _is_page(name) and name not in package.pages)
        for name in dict.fromkeys([*package.others, *unlisted]):
            _Page(_member(archive, name, _PAGE_MOST))
        for name in package.pages:
            text = _Page(_member(archive, name, _PAGE_MOST)).text[:most]
            most -= len(text)
            chapters.append(text)
    return chapters


def _is_page(name: str) -> bool:
    """By its name, as a reader may take it that does not ask the list."""
    return name.lower().endswith(_ENDINGS) and not name.startswith("META-INF/")


def _package(archive: ZipFile) -> _Package:
    """What the first rendition of the book holds (EPUB 3.3, 4.2.6 and 5)."""
    container = _Tags(_member(archive, _CONTAINER, _LIST_MOST))
    path = next((said.get("full-path", "") for tag, said in container.tags if tag == "rootfile"), "")
    manifest: dict[str, tuple[str, str]] = {}
    spine: list[str] = []
    for tag, said in _Tags(_member(archive, path, _LIST_MOST)).tags:
        kind = said.get("media-type", "")
        if tag == "item":
            if _SCRIPTS.match(kind) or "scripted" in said.get("properties", "").split():
                raise Malformed("file.scripts")
            manifest[said.get("id", "")] = (_beside(path, said.get("href", "")), kind)
        elif tag == "itemref":
            spine.append(said.get("idref", ""))
    pages = [manifest[id_][0] for id_ in spine if id_ in manifest and manifest[id_][1] in _PAGES]
    if not pages or len(manifest) > _PAGES_MOST or len(spine) > _PAGES_MOST:
        raise Malformed("file.damaged")
    others = [name for name, kind in manifest.values() if kind in _PAGES and name not in pages]
    return _Package(list(dict.fromkeys(pages)), others)


def _beside(path: str, href: str) -> str:
    return normpath(join(dirname(path), unquote(urlsplit(href).path)))


def _member(archive: ZipFile, name: str, most: int) -> str:
    """`survey` has seen that it is as long as it says. Raises Malformed."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise Malformed("file.damaged") from None
    if info.file_size > most:
        raise Malformed("file.bomb")
    data = archive.read(info)
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Malformed("file.damaged") from error


class _Tags(HTMLParser):
    """The tags of a list, without the prefixes of their namespaces."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name.rpartition(":")[2]: value or "" for name, value in attrs}
        self.tags.append((tag.rpartition(":")[2], said))


class _Page(HTMLParser):
    """A page's text, a line a paragraph. Raises Malformed ``file.scripts`` for what a reader might run."""

    # pages are XML, in which a style or a title may hold other elements
    CDATA_CONTENT_ELEMENTS = ()  # type: ignore[misc]  # final to typeshed
    RCDATA_CONTENT_ELEMENTS = ()  # type: ignore[misc]

    def __init__(self, page: str) -> None:
        if _ENTITIES.search(page):  # an entity of its own may hold anything
            raise Malformed("file.scripts")
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        return _LINES.sub("\n", _BLANKS.sub(" ", "".join(self._pieces))).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _refuse_script(tag, attrs)
        name = tag.rpartition(":")[2]
        if name in _UNSEEN:
            self._unseen += 1
        elif name in _BLOCKS:
            self._pieces.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _refuse_script(tag, attrs)
        if tag.rpartition(":")[2] in _BLOCKS:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif name in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(data.replace("\n", " "))


def _refuse_script(tag: str, attrs: list[tuple[str, str | None]]) -> None:
    if tag.rpartition(":")[2] in {"script", "object", "embed", "iframe"} or any(_runs(*each) for each in attrs):
        raise Malformed("file.scripts")


def _runs(name: str, value: str | None) -> bool:
    local = name.rpartition(":")[2]
    if local.startswith("on"):
        return True
    addressed = "".join(each for each in value or "" if each > " ").lower()
    return local in {"href", "src", "data", "action", "formaction", "to", "values"} and addressed.startswith(
        ("javascript:", "vbscript:", "data:text/html")
    )
