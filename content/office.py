"""Documents of office programs: OOXML and OpenDocument, both of which are zips."""

import re
from typing import BinaryIO

from content.archives import survey
from content.malformed import Malformed

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"

_CONTENT_TYPES = "[Content_Types].xml"
_MIMETYPE = "mimetype"
_MANIFEST = "META-INF/manifest.xml"
# OpenDocument's lists of libraries are there without any macro too
_MACROS = re.compile(
    r"(^|/)vbaProject[^/]*\.bin$|^Basic/(?!.*script-l[bc]\.xml$).*[^/]$|^Scripts/.*[^/]$", re.IGNORECASE
)


def check_document(file: BinaryIO, media_type: str) -> None:
    """Raise Malformed unless the file is a document of this type: ``file.type_mismatch``, ``file.macros``,
    ``file.encrypted`` and what `survey` raises.
    """
    found = survey(file, {_CONTENT_TYPES, _MIMETYPE, _MANIFEST})
    types = found.kept.get(_CONTENT_TYPES, b"")
    # a type by OOXML is that of its main part (ECMA-376-1, 11–15.2), by OpenDocument what it says at its beginning
    is_openxml = f'"{media_type}.main+xml"'.encode() in types.replace(b"'", b'"')
    is_opendocument = found.kept.get(_MIMETYPE, b"").strip() == media_type.encode()
    if b"macroEnabled" in types or any(map(_MACROS.search, found.names)):
        raise Malformed("file.macros")
    if not (is_openxml or is_opendocument):
        raise Malformed("file.type_mismatch")
    if b"encryption-data" in found.kept.get(_MANIFEST, b""):
        raise Malformed("file.encrypted")
