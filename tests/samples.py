"""The smallest files of each kind that are what they say, and zips that are not."""

import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from PIL import Image
from xlsxwriter import Workbook

from content.office import DOCX, PPTX, XLSX

PDF = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 1\ntrailer\n<</Size 1>>\nstartxref\n48\n%%EOF\n"
_MAIN = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml", PPTX: "ppt/presentation.xml"}


def picture(form: str, *, lossless: bool = False, side: int = 8) -> bytes:
    written = BytesIO()
    image = Image.new("RGB", (side, side), "teal")
    image.save(written, form, **({"lossless": lossless} if form == "WEBP" else {}))
    return written.getvalue()


def zipped(members: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def openxml(media_type: str, more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A Word, Excel or PowerPoint file by the parts that are told apart, with `more` members."""
    types = f'<Types><Override PartName="/{_MAIN[media_type]}" ContentType="{media_type}.main+xml"/></Types>'
    return zipped({"[Content_Types].xml": types, _MAIN[media_type]: "<x/>", **(more or {})})


def workbook() -> bytes:
    """As a program that is widely used writes it."""
    written = BytesIO()
    with Workbook(written, {"in_memory": True}) as book:
        book.add_worksheet("Danh sách").write(0, 0, "Họ và tên")
    return written.getvalue()


def opendocument(media_type: str, more: Mapping[str, bytes | str] | None = None) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", media_type)
        manifest = "<manifest:manifest/>"
        for name, content in {"META-INF/manifest.xml": manifest, "content.xml": "<x/>", **(more or {})}.items():
            archive.writestr(name, content)
    return written.getvalue()


def mp3(*, tagged: bool = True, frames: int = 5) -> bytes:
    """Frames of MPEG-1 layer III at 128 kbit/s and 44.1 kHz, 417 bytes each."""
    tag = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128) if tagged else b""
    return tag + (b"\xff\xfb\x90\x64" + bytes(413)) * frames


def mp4(brand: bytes = b"isom", *, film: int = 64) -> bytes:
    """`film` bytes of what is not looked at."""
    begins = box(b"ftyp", brand + bytes(4) + brand + b"isom") + box(b"moov", bytes(16))
    return begins + box(b"mdat", bytes(film))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L4s", 8 + len(content), kind) + content


def png_of(width: int, height: int) -> bytes:
    """A small PNG that says to be so large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(bytes(1000)), b"IEND"]
    framed = [struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def zeros(size: int) -> bytes:
    """So many zeros as one deflate stream, made in pieces."""
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    piece = bytes(1024 * 1024)
    packed = [deflate.compress(piece) for _ in range(size // len(piece))]
    return b"".join(packed) + deflate.flush()


def forged(name: str, packed: bytes, *, unpacked: int, crc: int = 0) -> bytes:
    """A zip of one deflated member that says of itself what it likes."""
    said = struct.pack("<5HLLL2H", 20, 0, 8, 0, 33, crc, len(packed), unpacked, len(name), 0)
    local = b"PK\x03\x04" + said + name.encode() + packed
    central = b"PK\x01\x02" + struct.pack("<H", 20) + said + struct.pack("<3HLL", 0, 0, 0, 0, 0) + name.encode()
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end
