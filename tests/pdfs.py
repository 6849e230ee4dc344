"""PDFs built by hand: what they say of themselves is what the test wants."""

import zlib
from collections.abc import Mapping, Sequence

_CMAP = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0000> <FFFF> <0000> endbfrange
endcmap end end"""


def pdf(
    pages: Sequence[str] = ("",),
    *,
    catalog: str = "",
    page: str = "",
    more: Mapping[int, bytes] | None = None,
    trailer: str = "",
) -> bytes:
    """A page a text, any text; with more entries of the catalog, of each page and of the trailer, and with `more`
    objects, numbered from 1000.
    """
    objects: dict[int, bytes] = {
        1: f"<</Type/Catalog/Pages 2 0 R {catalog}>>".encode(),
        3: b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 6 0 R>>",
        4: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        b"/Supplement 0>>/FontDescriptor 5 0 R/DW 600>>",
        5: b"<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 0 600 800]/ItalicAngle 0/Ascent 800/Descent 0"
        b"/CapHeight 700/StemV 80>>",
        6: stream(_CMAP),
    }
    kids = []
    for number, text in enumerate(pages):
        at = 10 + 2 * number
        kids.append(f"{at} 0 R")
        shown = "\n".join(
            f"BT /F 12 Tf 20 {780 - 15 * n} Td <{line.encode('utf-16-be').hex()}> Tj ET"
            for n, line in enumerate(text.splitlines())
        )
        objects[at] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents {at + 1} 0 R "
            f"{page}>>"
        ).encode()
        objects[at + 1] = stream(shown.encode())
    objects[2] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    return built({**objects, **(more or {})}, trailer)


def built(objects: Mapping[int, bytes], trailer: str = "") -> bytes:
    written = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = {}
    for number, said in sorted(objects.items()):
        offsets[number] = len(written)
        written += f"{number} 0 obj\n".encode() + said + b"\nendobj\n"
    begins = len(written)
    written += b"xref\n0 1\n0000000000 65535 f \n"
    for number, at in offsets.items():
        written += f"{number} 1\n{at:010} 00000 n \n".encode()
    size = max(objects) + 1
    written += f"trailer\n<</Size {size}/Root 1 0 R {trailer}>>\nstartxref\n{begins}\n%%EOF\n".encode()
    return bytes(written)


def stream(data: bytes, said: str = "") -> bytes:
    return f"<</Length {len(data)} {said}>>\nstream\n".encode() + data + b"\nendstream"


def deflated(data: bytes, said: str = "") -> bytes:
    return stream(zlib.compress(data), f"/Filter/FlateDecode {said}")


def object_stream(objects: Mapping[int, bytes]) -> bytes:
    """So that they are found compressed, if a table says so."""
    heads, bodies, at = [], b"", 0
    for number, said in objects.items():
        heads.append(f"{number} {at}")
        bodies += said + b" "
        at = len(bodies)
    head = " ".join(heads).encode() + b" "
    return deflated(head + bodies, f"/Type/ObjStm/N {len(objects)}/First {len(head)}")


def compressed(hidden: bytes) -> bytes:
    """One page, whose objects are found through a stream that is their table (ISO 32000-2, 7.5.8); object 7 is
    `hidden` in an object stream, and the page's /AA refers to it.
    """
    written = bytearray(b"%PDF-1.7\n")
    offsets = {}
    plain = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/AA<</O 7 0 R>>>>",
        6: object_stream({7: hidden}),
    }
    for number, said in plain.items():
        offsets[number] = len(written)
        written += f"{number} 0 obj\n".encode() + said + b"\nendobj\n"
    begins = len(written)
    entries = []
    for number in range(9):
        if number in offsets:
            kind, at, index = 1, offsets[number], 0
        elif number == 7:
            kind, at, index = 2, 6, 0
        elif number == 8:
            kind, at, index = 1, begins, 0
        else:
            kind, at, index = 0, 0, 0
        entries.append(bytes([kind]) + at.to_bytes(4) + bytes([index]))
    table = deflated(b"".join(entries), "/Type/XRef/Size 9/W[1 4 1]/Root 1 0 R")
    written += b"8 0 obj\n" + table + b"\nendobj\n" + f"startxref\n{begins}\n%%EOF\n".encode()
    return bytes(written)
