"""The process in which `content.extract` has files read: `python -m content.extracting pdf FILE` says on its output
what it found, as JSON. It can write no file, and is ended by the system where it wants too much.
"""

import json
import logging
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pypdfium2
from pypdf import PdfReader
from pypdf.errors import DependencyError, LimitReachedError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, StreamObject

from content.epub import read_epub
from content.extract import MEMORY_MOST, PAGES_MOST, SECONDS_MOST, TEXT_MOST
from content.malformed import Malformed

_OBJECTS_MOST = 300_000
_FILES_MOST = 64

# ISO 32000-2, 12.6.4 and 13: what runs, starts or fetches something when a page is opened or touched
_ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/RichMediaExecute"})
_ACTIVE_KEYS = frozenset({"/JS", "/XFA"})
_ACTIVE_KINDS = frozenset({"/RichMedia"})
_EMBEDDING_KINDS = frozenset({"/EmbeddedFile", "/FileAttachment"})


def main(kind: str, path: str) -> None:
    _limit()
    logging.disable()
    try:
        said = _READ[kind](Path(path))
    except Malformed as error:
        said = {"refused": error.code, "details": error.details}
    except (MemoryError, RecursionError, LimitReachedError):
        said = {"refused": "file.bomb", "details": {}}
    except Exception:  # noqa: BLE001 - whatever a library makes of somebody else's bytes
        said = {"refused": "file.damaged", "details": {}}
    sys.stdout.buffer.write(json.dumps(said, ensure_ascii=False).encode(errors="replace"))


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_MOST),
        (resource.RLIMIT_CPU, SECONDS_MOST),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES_MOST),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _read_pdf(path: Path) -> dict[str, Any]:
    _refuse_active(path)
    texts, empty, room = [], 0, TEXT_MOST
    with pypdfium2.PdfDocument(path) as document:
        pages = len(document)
        if pages > PAGES_MOST:
            raise Malformed("pdf.too_many_pages", limit=PAGES_MOST)
        if pages == 0:
            raise Malformed("file.damaged")
        for number in range(pages):
            text = _text_of(document, number)
            empty += not text
            texts.append(text[:room])
            room -= len(texts[-1])
    return {"text": "\f".join(texts), "pages": pages, "is_scanned": empty * 2 > pages}


def _text_of(document: Any, number: int) -> str:
    page = document[number]
    try:
        found = page.get_textpage()
        try:
            text: str = found.get_text_bounded()
        finally:
            found.close()
    finally:
        page.close()
    # not characters: NUL, and what a font's own numbering left over
    return text.translate({0: None, 0xFFFE: None, 0xFFFF: None}).replace("\r\n", "\n").strip()


def _refuse_active(path: Path) -> None:
    """Look at every object that the file's tables name, compressed ones too."""
    try:
        reader = PdfReader(path, strict=False)
    except (NotImplementedError, DependencyError) as error:  # of all that it does first, for ciphers alone
        raise Malformed("file.encrypted") from error
    with reader:
        if "/Encrypt" in reader.trailer:
            raise Malformed("file.encrypted")
        for held in _objects(reader):
            _refuse_if_active(held)
        _refuse_if_active(reader.trailer)


def _objects(reader: PdfReader) -> Iterator[PdfObject | None]:
    plain = {(generation, number) for generation, numbers in reader.xref.items() for number in numbers}
    names = sorted(plain | {(0, number) for number in reader.xref_objStm})
    if len(names) > _OBJECTS_MOST:
        raise Malformed("file.bomb")
    for generation, number in names:
        held = reader.get_object(IndirectObject(number, generation, reader))
        yield held
        if isinstance(held, StreamObject):  # with all its bytes
            reader.resolved_objects.pop((generation, number), None)


def _refuse_if_active(held: PdfObject | None) -> None:
    """It and all that it holds directly. Raises Malformed."""
    waiting: list[Any] = [held]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            _refuse_if_said(each)
            waiting += each.values()
        elif isinstance(each, ArrayObject):
            waiting += each


def _refuse_if_said(said: DictionaryObject) -> None:
    kinds = {_name(said, "/Type"), _name(said, "/Subtype")}
    if _ACTIVE_KEYS & said.keys() or _name(said, "/S") in _ACTIONS or kinds & _ACTIVE_KINDS:
        raise Malformed("pdf.active")
    if "/EF" in said or kinds & _EMBEDDING_KINDS:
        raise Malformed("pdf.embedded_files")


def _name(said: DictionaryObject, key: str) -> str:
    found: Any = said[key] if key in said else None  # noqa: SIM401 - `get` does not follow a reference
    return found if isinstance(found, str) else ""


def _read_epub(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        chapters = read_epub(file, TEXT_MOST)
    return {"text": "\f".join(chapters), "pages": len(chapters), "is_scanned": False}


_READ: Mapping[str, Callable[[Path], dict[str, Any]]] = {"pdf": _read_pdf, "epub": _read_epub}

if __name__ == "__main__":
    main(*sys.argv[1:])
