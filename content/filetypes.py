"""What may be sent: types by the bytes, with limits by what for. Names and declared types are only believed where the
bytes agree.

Left out on purpose: SVG and HTML, which run scripts; archives, which hide what they hold. Scripts within PDFs are not
searched for here: they can be compressed in many ways, and only `content.extract` takes them apart.
"""

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

import puremagic

from content.epub import EPUB, check_epub
from content.images import measure
from content.malformed import Malformed
from content.office import DOCX, ODP, ODS, ODT, PPTX, XLSX, check_document
from content.recordings import check_mp3, check_mp4
from content.text import clean

NAME_MOST = 120
"""Characters."""
_MB = 1024 * 1024
_CHUNK = 256 * 1024
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(r"\s*(<[!?/a-z]|%PDF-|\{\\rtf|#!)", re.IGNORECASE)
_ENDS_WITHIN = 1024
_PDF_BEGINS = re.compile(rb"%PDF-[12]\.[0-9]\s")
_PDF_ENDS = re.compile(rb"startxref\s+[0-9]{1,10}\s+%%EOF")


@dataclass(frozen=True, slots=True)
class FileType:
    """`limit` is in bytes. `aliases` are other names that programs declare it by, `signs` the extensions by which
    puremagic knows it; `look` goes through the bytes and raises Malformed.
    """

    media_type: str
    extensions: tuple[str, ...]
    limit: int
    look: Callable[[BinaryIO], None]
    aliases: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()


def _check_pdf(file: BinaryIO) -> None:
    file.seek(0)
    begins = file.read(_ENDS_WITHIN)
    file.seek(max(0, file.seek(0, 2) - _ENDS_WITHIN))
    if not _PDF_BEGINS.match(begins):
        raise Malformed("file.type_mismatch")
    if not _PDF_ENDS.search(file.read()):
        raise Malformed("file.damaged")


def _check_picture(file: BinaryIO, form: str) -> None:
    try:
        measure(file, form)
    except Malformed as error:
        raise Malformed("file.bomb" if error.code == "photo.too_large" else "file.damaged") from error


def _check_text(file: BinaryIO) -> None:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    begins = True
    try:
        while chunk := file.read(_CHUNK):
            if _CONTROL.search(chunk):
                raise Malformed("file.type_mismatch")
            text = decoder.decode(chunk)
            if begins and _MARKUP.match(text):
                raise Malformed("file.type_mismatch")
            begins = begins and not text.strip()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Malformed("file.not_utf8") from error


_ZIPPED = frozenset({".zip", ".docx", ".odt"})


def _office(media_type: str, extension: str) -> FileType:
    return FileType(media_type, (extension,), 20 * _MB, partial(check_document, media_type=media_type), signs=_ZIPPED)


def _picture(form: str, extensions: tuple[str, ...], aliases: frozenset[str] = frozenset()) -> FileType:
    look = partial(_check_picture, form=form)
    return FileType(f"image/{form.lower()}", extensions, 10 * _MB, look, aliases, frozenset({extensions[0]}))


FILE_TYPES = (
    FileType("application/pdf", (".pdf",), 30 * _MB, _check_pdf, frozenset({"application/x-pdf"}), frozenset({".pdf"})),
    _picture("JPEG", (".jpg", ".jpeg"), frozenset({"image/jpg", "image/pjpeg"})),
    _picture("PNG", (".png",), frozenset({"image/x-png"})),
    _picture("WEBP", (".webp",)),
    _office(DOCX, ".docx"),
    _office(XLSX, ".xlsx"),
    _office(PPTX, ".pptx"),
    _office(ODT, ".odt"),
    _office(ODS, ".ods"),
    _office(ODP, ".odp"),
    FileType("text/plain", (".txt",), 2 * _MB, _check_text),
    # Windows with Excel declares CSV as a workbook
    FileType(
        "text/csv",
        (".csv",),
        5 * _MB,
        _check_text,
        frozenset({"text/plain", "application/csv", "text/x-csv", "application/vnd.ms-excel"}),
    ),
    FileType("audio/mpeg", (".mp3",), 30 * _MB, check_mp3, frozenset({"audio/mp3", "audio/x-mp3", "audio/mpeg3"})),
    FileType(
        "audio/mp4",
        (".m4a",),
        30 * _MB,
        partial(check_mp4, sound=True),
        frozenset({"audio/m4a", "audio/x-m4a", "audio/aac", "video/mp4"}),
    ),
    FileType("video/mp4", (".mp4",), 50 * _MB, partial(check_mp4, sound=False), frozenset({"video/x-m4v"})),
)
"""What goes with notices, on every phone that reads them."""

_STUDY_LIMITS = {
    "application/pdf": 300 * _MB,
    "image/jpeg": 10 * _MB,
    "image/png": 10 * _MB,
    "image/webp": 10 * _MB,
    "audio/mpeg": 300 * _MB,
    "audio/mp4": 300 * _MB,
    "video/mp4": 1024 * _MB,
}
STUDY_TYPES = (
    FileType(EPUB, (".epub",), 100 * _MB, check_epub, signs=frozenset({".zip", ".epub"})),
    *(replace(each, limit=_STUDY_LIMITS[each.media_type]) for each in FILE_TYPES if each.media_type in _STUDY_LIMITS),
)
"""What is studied, fetched by those who want to; and the pictures in texts."""


def largest(types: Sequence[FileType]) -> int:
    return max(each.limit for each in types)


LARGEST = largest(FILE_TYPES)


def read_file_name(name: str, types: Sequence[FileType] = FILE_TYPES) -> str:
    """A file's name as it is kept, at most 120 characters, without anything that a system takes for a path.

    Raises Malformed ``file.name_malformed``, what `type_of_name` raises for its extension, and what `clean` raises.
    """
    name = clean(name)
    if len(name) > NAME_MOST or _NOT_IN_NAMES.search(name) or name.startswith(".") or name.endswith((" ", ".")):
        raise Malformed("file.name_malformed")
    type_of_name(name, types=types)
    return name


def type_of_name(name: str, declared: str = "", types: Sequence[FileType] = FILE_TYPES) -> FileType:
    """The type that a name and a Content-Type promise, of those that are taken. Raises Malformed ``file.type_unknown``,
    or of `STUDY_TYPES` ``file.form_unknown``, and ``file.type_mismatch`` where they contradict each other.
    """
    stem, dot, extension = name.rpartition(".")
    found = _by_extension(types).get(f".{extension.lower()}") if dot and stem else None
    if found is None:
        raise Malformed("file.form_unknown" if types is STUDY_TYPES else "file.type_unknown")
    said = declared.partition(";")[0].strip().lower()
    if said not in {*_UNSAID, found.media_type, *found.aliases}:
        raise Malformed("file.type_mismatch")
    return found


def _by_extension(types: Sequence[FileType]) -> dict[str, FileType]:
    return {extension: each for each in types for extension in each.extensions}


def verify(file: BinaryIO, promised: FileType) -> None:
    """Raise Malformed unless the bytes are what was promised; in bounded memory, but of a document's compressed parts
    every byte is looked at, so call it in a thread.

    Codes: ``file.empty``, ``file.too_large``, ``file.type_mismatch``, ``file.damaged``, ``file.bomb`` (would be too
    much for whoever opens it), ``file.macros``, ``file.scripts``, ``file.encrypted``, ``file.not_utf8``.
    """
    size = file.seek(0, 2)
    if size == 0:
        raise Malformed("file.empty")
    if size > promised.limit:
        raise Malformed("file.too_large", limit=promised.limit)
    if promised.signs and not promised.signs & _signs(file):
        raise Malformed("file.type_mismatch")
    promised.look(file)


def _signs(file: BinaryIO) -> frozenset[str]:
    """The extensions of all that begins or ends as the file does."""
    file.seek(0)
    try:
        # by the stream and without its name, puremagic 1 and 2 both look at some kilobytes alone
        return frozenset(match.extension for match in puremagic.magic_stream(file))
    except puremagic.PureError:
        return frozenset()
