import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZIP_STORED

import pytest

from content import archives
from content.filetypes import FILE_TYPES, LARGEST, FileType, read_file_name, type_of_name, verify
from content.malformed import Malformed
from content.office import DOCX, ODP, ODS, ODT, PPTX, XLSX
from tests import samples

MB = 1024 * 1024
GOOD: dict[str, bytes] = {
    "Nghị quyết.pdf": samples.PDF,
    "ảnh.jpg": samples.picture("JPEG"),
    "ảnh.JPEG": samples.picture("JPEG"),
    "ảnh.png": samples.picture("PNG"),
    "ảnh.webp": samples.picture("WEBP"),
    "không mất nét.webp": samples.picture("WEBP", lossless=True),
    "báo cáo.docx": samples.openxml(DOCX),
    "biểu mẫu.docx": samples.openxml(DOCX, {"word/embeddings/bang.xlsx": samples.workbook()}),
    "danh sách.xlsx": samples.workbook(),
    "trình chiếu.pptx": samples.openxml(PPTX),
    "báo cáo.odt": samples.opendocument(ODT),
    "có danh mục macro rỗng.odt": samples.opendocument(
        ODT, {"Basic/script-lc.xml": "", "Basic/Standard/script-lb.xml": ""}
    ),
    "bảng.ods": samples.opendocument(ODS),
    "trình chiếu.odp": samples.opendocument(ODP),
    "ghi chú.txt": "Kính gửi các đồng chí,\r\n\tMời họp.\f\n".encode(),
    "có dấu đầu.txt": b"\xef\xbb\xbf" + "Mời họp".encode(),
    "BM đứng đầu.txt": b"BM la viet tat cua ...",
    "danh sách.csv": "Họ tên;Năm sinh\nNguyễn Văn A;1960\n".encode(),
    "bài nói.mp3": samples.mp3(),
    "không nhãn.mp3": samples.mp3(tagged=False),
    "hai nhãn.mp3": b"ID3\x03\x00\x00\x00\x00\x00\x05" + bytes(5) + samples.mp3(),
    "một khung.mp3": samples.mp3(frames=1),
    "bài nói.m4a": samples.mp4(b"M4A "),
    "ghi âm.m4a": samples.mp4(b"mp42"),
    "phim.mp4": samples.mp4(),
    "phim mới.mp4": samples.mp4(b"iso6"),
    "phim dài.mp4": samples.mp4()[:-72] + struct.pack(">L4sQ", 1, b"mdat", 32) + bytes(16),
    "phim tới hết.mp4": samples.mp4()[:-72] + struct.pack(">L4s", 0, b"mdat") + bytes(16),
}

HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
EXE = b"MZ\x90\x00" + bytes(200)
WORD_97 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)

LIES: dict[str, bytes] = {
    "html.pdf": HTML,
    "html.txt": HTML,
    "html.csv": b"\xef\xbb\xbf \n<HTML>",
    "html sau nhiều dòng trống.txt": b"\n" * 300_000 + HTML,
    "svg.png": SVG,
    "svg.txt": SVG,
    "svg có khai báo.txt": b'<?xml version="1.0"?>' + SVG,
    "chương trình.pdf": EXE,
    "chương trình.docx": EXE,
    "chương trình.mp3": EXE,
    "chương trình.mp4": EXE,
    "chương trình.txt": EXE,
    "pdf.txt": samples.PDF,
    "rtf.txt": b"{\\rtf1 hello}",
    "script.txt": b"#!/bin/sh\nrm -rf /\n",
    "jpeg.png": samples.picture("JPEG"),
    "png.jpg": samples.picture("PNG"),
    "gif.png": b"GIF89a" + bytes(40),
    "pdf sau trang.pdf": HTML + samples.PDF,
    "lưu trữ.docx": samples.zipped({"a.txt": "a"}),
    "java.docx": samples.zipped({"META-INF/MANIFEST.MF": "a", "A.class": "a"}),
    "xlsx.docx": samples.workbook(),
    "docx.xlsx": samples.openxml(DOCX),
    "odt.ods": samples.opendocument(ODT),
    "odt.docx": samples.opendocument(ODT),
    "word 97.docx": WORD_97,
    "heic.mp4": samples.mp4(b"heic"),
    "quicktime.mp4": samples.mp4(b"qt  "),
    "âm thanh.mp4": samples.mp4(b"M4A "),
    "mp4.mp3": samples.mp4(),
    "mp3.m4a": samples.mp3(),
    "chỉ có nhãn.mp3": b"ID3\x04\x00\x00\x00\x00\x00\x05" + bytes(5),
    "utf-16.mp3": "Mời họp".encode("utf-16"),
    "nul.txt": b"a\x00b",
    "một khung lạ.mp3": samples.mp3(frames=1) + b"hello, this is no frame",
}

MACROS = {
    "docm.docx": samples.openxml(DOCX, {"word/vbaProject.bin": "x"}),
    "hoa thường.docx": samples.openxml(DOCX, {"word/VBAPROJECT.BIN": "x"}),
    "chữ ký.docx": samples.openxml(DOCX, {"word/vbaProjectSignature.bin": "x"}),
    "bên trong.docx": samples.openxml(
        DOCX, {"word/embeddings/a.xlsx": samples.openxml(XLSX, {"xl/vbaProject.bin": "x"})}
    ),
    "khai báo.docx": samples.zipped(
        {"[Content_Types].xml": f'"{DOCX}.main+xml" "application/vnd.ms-word.document.macroEnabled.main+xml"'}
    ),
    "basic.odt": samples.opendocument(ODT, {"Basic/Standard/Module1.xml": "x"}),
    "python.odt": samples.opendocument(ODT, {"Scripts/python/a.py": "x"}),
}


def code_of(name: str, data: bytes) -> str:
    with pytest.raises(Malformed) as refusal:
        verify(BytesIO(data), type_of_name(name))
    return refusal.value.code


@pytest.mark.parametrize("name", GOOD)
def test_what_is_what_it_says_is_taken(name: str) -> None:
    verify(BytesIO(GOOD[name]), type_of_name(name))


@pytest.mark.parametrize("name", LIES)
def test_what_lies_is_refused(name: str) -> None:
    assert code_of(name, LIES[name]) == "file.type_mismatch"


@pytest.mark.parametrize("name", MACROS)
def test_macros_are_refused(name: str) -> None:
    assert code_of(name, MACROS[name]) == "file.macros"


@pytest.mark.parametrize("kind", FILE_TYPES, ids=lambda kind: kind.extensions[0])
def test_every_type_has_its_limit_and_something_in_it(kind: FileType) -> None:
    name = f"a{kind.extensions[0]}"
    assert type_of_name(name) is kind
    assert kind.limit <= LARGEST
    assert code_of(name, b"") == "file.empty"
    assert code_of(name, b" " * (kind.limit + 1)) == "file.too_large"


@pytest.mark.parametrize("kind", FILE_TYPES, ids=lambda kind: kind.extensions[0])
def test_noise_is_refused_and_nothing_else_happens(kind: FileType) -> None:
    """Random bytes, and good files cut or changed at random, are taken or refused, and raise nothing else."""
    chance = random.Random(kind.media_type)
    good = [data for name, data in GOOD.items() if type_of_name(name) is kind]
    for _ in range(150):
        data = bytearray(chance.choice(good)) if chance.random() < 0.8 else bytearray(chance.randbytes(200))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        data = data[: chance.randrange(1, len(data) + 1)] if chance.random() < 0.3 else data
        with suppress(Malformed):
            verify(BytesIO(bytes(data)), kind)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cụt.pdf", samples.PDF[:-8]),
        ("cụt.docx", samples.openxml(DOCX)[:-30]),
        ("cụt.mp4", samples.mp4()[:-1]),
        ("thiếu phim.mp4", samples.mp4()[:-72]),
        ("cụt.webp", samples.picture("WEBP")[:29]),
        ("cụt.png", samples.picture("PNG")[:20]),
    ],
)
def test_what_is_cut_off_is_damaged(name: str, data: bytes) -> None:
    assert code_of(name, data) == "file.damaged"


@pytest.mark.parametrize("encoded", ["Hội nghị".encode("latin-1", "replace") + b"\xf4", b"abc\xc3", b"\xc0\xaf"])
def test_text_is_utf_8(encoded: bytes) -> None:
    assert code_of("a.txt", encoded) == "file.not_utf8"
    assert code_of("a.csv", encoded) == "file.not_utf8"


def test_letters_may_lie_across_pieces() -> None:
    for shift in range(3):
        verify(BytesIO(b"a" * (256 * 1024 - shift) + "ộ".encode()), type_of_name("a.txt"))


# --- bombs ---


def document(member: bytes) -> bytes:
    return samples.openxml(DOCX, {"word/media/image.bin": member})


def overlapping() -> bytes:
    """Many members, all of them the same bytes."""
    single = samples.forged("a", samples.zeros(MB), unpacked=MB, crc=zlib.crc32(bytes(MB)))
    local, _, rest = single.partition(b"PK\x01\x02")
    central = b"PK\x01\x02" + rest.partition(b"PK\x05\x06")[0]
    renamed = [central[:-1] + bytes([letter]) for letter in b"abcdefgh"]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 8, 8, len(b"".join(renamed)), len(local), 0)
    return local + b"".join(renamed) + end


BOMBS: dict[str, Callable[[], bytes]] = {
    "ten gigabytes that it admits": lambda: samples.forged(
        "a", samples.zeros(64 * MB), unpacked=10 * 1024 * MB - 1 & 0xFFFFFFFF
    ),
    "a gigabyte that it admits": lambda: samples.forged("a", samples.zeros(64 * MB), unpacked=1024 * MB),
    "64 MB that it admits, of 64 KB": lambda: samples.forged(
        "a", samples.zeros(64 * MB), unpacked=64 * MB, crc=zlib.crc32(bytes(64 * MB))
    ),
    "64 MB, said to be ten bytes": lambda: samples.forged(
        "a", samples.zeros(64 * MB), unpacked=10, crc=zlib.crc32(bytes(10))
    ),
    "a zip in a zip in a zip": lambda: document(document(document(b"x"))),
    "a bomb within": lambda: document(
        samples.forged("a", samples.zeros(64 * MB), unpacked=10, crc=zlib.crc32(bytes(10)))
    ),
    "a bomb within, stored": lambda: samples.zipped(
        {"a": samples.forged("a", samples.zeros(64 * MB), unpacked=64 * MB, crc=zlib.crc32(bytes(64 * MB)))},
        compression=ZIP_STORED,
    ),
    "more members than anybody needs": lambda: samples.zipped({f"{number:05}": "" for number in range(10_001)}),
    "members that overlap": overlapping,
    "a directory of three megabytes": lambda: samples.zipped(
        {f"{number:05}" + "a" * 600: "" for number in range(4_000)}
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_found_within_bounded_memory(name: str) -> None:
    data = BOMBS[name]()
    tracemalloc.start()
    try:
        assert code_of("a.docx", data) == "file.bomb"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * MB


def test_a_picture_beyond_all_is_a_bomb() -> None:
    assert code_of("a.png", samples.png_of(60_000, 60_000)) == "file.bomb"
    assert code_of("a.png", samples.png_of(8_000, 6_000)) == "file.bomb"
    verify(BytesIO(samples.png_of(8_000, 5_000)), type_of_name("a.png"))
    canvas = (20_000 - 1).to_bytes(3, "little") * 2
    vp8x = b"RIFF" + struct.pack("<L", 22) + b"WEBPVP8X" + struct.pack("<L", 10) + bytes(4) + canvas
    assert code_of("a.webp", vp8x) == "file.bomb"


@pytest.mark.parametrize("compression", [ZIP_BZIP2, ZIP_LZMA])
def test_other_compressions_are_not_read(compression: int) -> None:
    assert code_of("a.docx", samples.zipped({"a": "x" * 100}, compression=compression)) == "file.damaged"


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a\\b", "C:/a", "./a", "a//b", "a\x01b", ".."])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    assert code_of("a.docx", samples.openxml(DOCX, {name: "x"})) == "file.damaged"


def test_a_zip_is_the_whole_file() -> None:
    good = samples.openxml(DOCX)
    assert code_of("a.docx", good[:4] + good) == "file.damaged"
    assert code_of("a.docx", good + b"more") == "file.damaged"
    assert code_of("a.docx", good + good) == "file.damaged"


def test_a_password_is_refused() -> None:
    flagged = samples.forged("a", samples.zeros(MB), unpacked=MB).replace(
        struct.pack("<2H", 20, 0), struct.pack("<2H", 20, 1)
    )
    assert code_of("a.docx", flagged) == "file.encrypted"
    locked = samples.opendocument(ODT, {"META-INF/manifest.xml": "<manifest:encryption-data/>"})
    assert code_of("a.odt", locked) == "file.encrypted"


def test_the_64_bit_record_counts_where_there_is_one() -> None:
    """Some programs always write it."""
    good = samples.openxml(DOCX)
    begins, end = good[:-22], good[-22:]
    _, _, _, here, count, length, offset, _ = struct.unpack("<4s4H2LH", end)

    def with_record(length: int) -> bytes:
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, here, count, length, offset)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(begins), 1)
        return begins + record + locator + end

    verify(BytesIO(with_record(length)), type_of_name("a.docx"))
    assert code_of("a.docx", with_record(length - 1)) == "file.damaged"
    assert code_of("a.docx", with_record(2**40)) == "file.bomb"


def test_a_large_file_is_not_read_into_memory(tmp_path: Path) -> None:
    for name, data in {"a.mp4": samples.mp4(film=45 * MB), "a.txt": b"a" * (2 * MB)}.items():
        path = tmp_path / name
        path.write_bytes(data)
        tracemalloc.start()
        try:
            with path.open("rb") as file:
                verify(file, type_of_name(name))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 4 * MB


def test_a_document_may_unpack_to_much_that_differs() -> None:
    rows = "".join(f"<row>{number}</row>" for number in range(200_000))
    verify(BytesIO(samples.openxml(XLSX, {"xl/worksheets/sheet1.xml": rows})), type_of_name("a.xlsx"))
    assert archives.UNPACKED_MOST > 100 * MB


# --- names ---


@pytest.mark.parametrize(
    "name", ["a", "pdf", ".pdf", "a.exe", "a.svg", "a.html", "a.zip", "a.docm", "a.pdf.exe", "a.", ""]
)
def test_only_known_types_are_taken(name: str) -> None:
    with pytest.raises(Malformed) as refusal:
        type_of_name(name)
    assert refusal.value.code == "file.type_unknown"


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("a.pdf", "text/html"),
        ("a.pdf", "image/svg+xml"),
        ("a.pdf", "application/json"),
        ("a.jpg", "image/png"),
        ("a.docx", XLSX),
        ("a.mp4", "audio/mp4"),
    ],
)
def test_name_and_declared_type_agree(name: str, declared: str) -> None:
    with pytest.raises(Malformed) as refusal:
        type_of_name(name, declared)
    assert refusal.value.code == "file.type_mismatch"


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("a.pdf", "Application/PDF; charset=binary"),
        ("a.pdf", "application/octet-stream"),
        ("a.jpg", "image/jpg"),
        ("a.csv", "application/vnd.ms-excel"),
        ("a.m4a", "audio/x-m4a"),
        ("a.txt", "text/plain; charset=utf-8"),
    ],
)
def test_what_programs_call_a_type_is_taken(name: str, declared: str) -> None:
    assert type_of_name(name, declared).extensions == (f".{name[2:]}",) or name == "a.jpg"


def test_names_are_cleaned() -> None:
    assert read_file_name("  Nghị  quyết \u202e.pdf\u200b ") == "Nghị quyết .pdf"
    assert read_file_name("Nghi\u0323 quye\u0302\u0301t.PDF") == "Nghị quyết.PDF"
    assert read_file_name("a" * 116 + ".pdf")


@pytest.mark.parametrize(
    "name", ["../a.pdf", "a/b.pdf", "a\\b.pdf", "C:a.pdf", "..pdf", ".a.pdf", "a*.pdf", "a?.pdf", "a" * 117 + ".pdf"]
)
def test_names_are_no_paths(name: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read_file_name(name)
    assert refusal.value.code == "file.name_malformed"


@pytest.mark.parametrize("name", ["a\x00.pdf", "a\x1b.pdf"])
def test_names_have_no_control_characters(name: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read_file_name(name)
    assert refusal.value.code == "text.control_character"
