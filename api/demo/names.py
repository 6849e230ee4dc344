"""Vietnamese personal names, drawn by how common they are, by gender and by generation.

Family names follow the shares in Lê Trung Hoa, "Họ và tên người Việt Nam" (2005), the tail spread evenly.
Given names are those typical of people born before 1960, from 1960 to 1984, and since. A name is a table
look-up: the tables' lengths are powers of two, so that a few random bits choose one.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from random import Random

FAMILY_BITS = 12
GIVEN_BITS = 12
MINORITY_BITS = 10

# Shares in thousandths of the population.
_FAMILY_SHARES: dict[str, int] = {
    "Nguyễn": 384, "Trần": 121, "Lê": 95, "Phạm": 70, "Hoàng": 26, "Huỳnh": 25, "Phan": 45,
    "Vũ": 21, "Võ": 18, "Đặng": 21, "Bùi": 20, "Đỗ": 14, "Hồ": 13, "Ngô": 13, "Dương": 10, "Lý": 5,
}  # fmt: skip
_FAMILY_TAIL = (
    "Đinh Trịnh Đoàn Mai Lương Đào Trương Lâm Hà Tạ Cao Châu Phùng Tô Vương Quách Thái Tống Nghiêm "
    "Kiều La Khổng Thân Chu Từ Triệu Bạch Văn Ông Âu Giáp Lục Tăng Doãn Mạc Nông Cù Đàm Đồng Hứa "
    "Khuất Lã Lưu Mẫn Ninh Phí Quản Sái Tiêu Trà Ứng Viên Xa Yên Thiều Thẩm Sầm Ngụy Nhâm Hàn Đậu "
    "Cung Biện Bành An"
)

_MIDDLE = {
    ("male", 0): ("Văn Văn Văn Văn Văn Văn Văn Đình Đức Hữu Xuân Công Quang Bá Ngọc Trọng Viết Duy Huy Thế Như"),
    ("male", 1): ("Văn Văn Văn Văn Đình Đức Hữu Xuân Công Quang Minh Mạnh Ngọc Quốc Thanh Anh Tiến Trung Hồng Duy"),
    ("male", 2): ("Minh Đức Quang Quốc Tuấn Anh Hoàng Gia Thành Duy Văn Văn Ngọc Trung Hải Tiến Công Nhật Thế Bảo"),
    ("female", 0): ("Thị Thị Thị Thị Thị Thị Thị Thị Thị Thị Ngọc Kim Bích Tuyết Minh"),
    ("female", 1): ("Thị Thị Thị Thị Thị Thị Thanh Thu Thúy Ngọc Kim Bích Hồng Phương Lan Minh"),
    ("female", 2): ("Thị Thị Thị Thị Thu Thanh Phương Ngọc Minh Thùy Khánh Quỳnh Hồng Hoài Mai Bảo Diệu Hà"),
}
_GIVEN = {
    ("male", 0): (
        "Hùng Dũng Bình Sơn Thắng Minh Hòa Lợi Tài Thành Chiến Quý Thuận Bảy Tư Năm Sáu Khoa Lộc Phúc "
        "Thọ Đức Nghĩa Nhân Tín Khải Cường Tiến Định Mậu Kỷ Canh Tý Sửu Dần Mão Tỵ Ngọ Mùi Thân Hợi "
        "Cần Kiệm Chính Liêm Đạt Hiến"
    ),
    ("male", 1): (
        "Hùng Dũng Tuấn Cường Sơn Hải Thắng Minh Hòa Long Thành Trung Nam Quân Chiến Việt Hưng Toàn "
        "Tâm Phong Khánh Đông Giang Lâm Tùng Bình Anh Vinh Hiếu Hoàng Kiên Quyết Thịnh Tú Phương "
        "Nghĩa Đức Hà Thủy Quỳnh Oanh"
    ),
    ("male", 2): (
        "Huy Khang Bảo Minh Phúc Anh Khoa Phát Đạt Khôi Long Nam Duy Quân Kiệt Thịnh Tuấn Hưng Hoàng "
        "Hiếu Nhân Trí Tài Phong Nguyên Thiện Lâm Dũng Sơn Hải Tùng Linh Việt Đức Trung Kiên Vũ Nghĩa "
        "Thắng Quang Vinh Tân"
    ),
    ("female", 0): (
        "Hoa Lan Hồng Cúc Mai Đào Huệ Liên Nga Nguyệt Tuyết Bích Loan Phượng Thơm Hiền Lành Thảo Nhàn "
        "Tám Chín Gái Bé Út Sen Thoa Nhung Lụa Gấm Mận Lựu Na Tâm Yến Oanh Dung Hạnh Hòa Bình Vân "
        "Minh Xuân Thu Đông Chanh Dậu Tỵ"
    ),
    ("female", 1): (
        "Hương Hà Lan Hoa Thủy Hằng Hạnh Nga Thu Mai Hiền Huyền Thanh Vân Loan Yến Nhung Dung Phương "
        "Tuyết Hồng Liên Bình Minh Oanh Hường Thoa Tâm Xuân Nguyệt Lệ Bích Thảo Tuyến Chi Lý Quyên "
        "Ngân Sen Trang Anh Hải Quỳnh"
    ),
    ("female", 2): (
        "Linh Trang Anh Hương Phương Thảo Ngân Huyền Hà Mai Chi Nhi My Quỳnh Vy Ngọc Trâm Yến Thư Hân "
        "Nhung Thúy Hằng Giang Uyên Châu Duyên Trinh Hạnh Như Dung Ly Vân Tú Tuyền Diệp Khanh An Lam "
        "Oanh Hiền Thùy Loan Nguyệt"
    ),
}


@dataclass(frozen=True, slots=True)
class People:
    """How one of the country's peoples composes a name: `{f}` family, `{g}` given, for each gender."""

    families: str
    male: str
    male_given: str
    female: str
    female_given: str


_PEOPLES = (
    People(  # Mông
        "Vàng Giàng Thào Sùng Mùa Lầu Hờ Cứ Ly Hạng Sồng Vừ",
        "{f} A {g}|{f} Seo {g}|{f} Mí {g}|{f} Chứ {g}",
        "Sử Páo Dờ Chống Pháng Của Tủa Lử Súa Dế Phông Chua Sình Vảng Lềnh Tráng",
        "{f} Thị {g}|{f} {g}",
        "Mỷ Dua Sua Chở Máy Dợ Xua Ly Pàng Mảy Kía Nhìa",
    ),
    People(  # Thái
        "Lò Cầm Quàng Lường Tòng Cà Bạc Đèo Vì Hoàng Lù Mè",
        "{f} Văn {g}",
        "Páo Ín Hặc Pâng Panh Ún Thoan Phanh Xôm Tiện Ánh Hịa Pọm",
        "{f} Thị {g}",
        "Mai Inh Ọi Pánh Xoan Phương Lả Hặc Sương Bun Ngoan Yên",
    ),
    People(  # Tày, Nùng
        "Nông Hoàng Ma Bế Lục Triệu Vi Đàm Hứa Lô Lương Sầm",
        "{f} Văn {g}|{f} Đức {g}|{f} Ích {g}",
        "Páo Thắng Lưu Ngự Sấn Phùng Kiều Đoàn Tòng Khải Nghiệp",
        "{f} Thị {g}",
        "Pẩu Nhình Lả Nụ Hến Slao Điệp Bườn Thiết Mến",
    ),
    People(  # Dao
        "Phàn Tẩn Chảo Bàn Triệu Lý Đặng Phùng",
        "{f} Láo {g}|{f} Sài {g}|{f} Văn {g}|{f} Tòn {g}",
        "Tả Phù Sếnh Lở Sành Chẳn Quyên Pham Khé Ú",
        "{f} {g} Mẩy|{f} Thị {g}|{f} Mùi {g}",
        "Tả Mùi Sểnh Nái Lai Khé Pết Ghển",
    ),
    People(  # Mường
        "Bùi Đinh Quách Bạch Hà Xa",
        "{f} Văn {g}|{f} Công {g}",
        "Ểu Nhển Dựng Thiệm Khịa Rậm Nhịn Lực",
        "{f} Thị {g}",
        "Ẻn Bưởi Nhiệm Dịu Hẳn Mẩy Chiển",
    ),
    People(  # Ê Đê, M'Nông
        "Niê Mlô Êban Ayŭn Kbuôr Byă Kđoh Buôn|Yă Hđơk Niê|Kđăm",
        "Y {g} {f}",
        "Blin Wang Bhăm Knuh Ngông Thŭ Djuang Krông Mŭt Sĭk",
        "H'{g} {f}|H' {g} {f}",
        "Bia Ƀlơm Yăm Nguôm Mrang Ƀuăn Lĭm Juôn",
    ),
    People(  # Gia Rai
        "Siu Kpă Ksor Nay Rơ|Châm Rơ|Mah Rah|Lan Rcom",
        "{f} {g}|{f} Y {g}",
        "Thìn Del Hlơi Bơng Thuih Klơh Tơng Phưng",
        "{f} H'{g}",
        "Blen Yơm Nhơt Lúp Djưn Bluin",
    ),
    People(  # K'Ho, Mạ: no family name in everyday use
        "-",
        "K'{g}",
        "Brếh Tem Broh Wél Krajăn Bral Sếu Đước Brẹo Tiếu Jơnh Bẻo Sanh Hùng",
        "Ka {g}",
        "Hiền Dịu Brếp Rơng Thuyên Dỡn Hoàn Nhẹm Duyên",
    ),
    People(  # Khmer
        "Thạch Sơn Kim Danh Kiên Châu Lâm Trà",
        "{f} {g}|{f} Sóc {g}|{f} Sa {g}",
        "Sang Rinh Kha Phước Út Rạ Phone Mươne Khêne Thươne",
        "{f} Thị {g}|{f} Thị Sa {g}",
        "Ra Phia Rinh Sara Nuôl Chane Liêne",
    ),
    People(  # Chăm
        "Bá Đàng Quảng Hán Thiên Lưu Đạt Kiều",
        "{f} Văn {g}|{f} Trung {g}|{f} Đại {g}",
        "Sếch Thập Phụ Cẩn Ngọa Xuyến Tỷ",
        "{f} Thị {g}",
        "Mộ Vạn Xuyến Thiềm Bích Lợi",
    ),
)


@dataclass(frozen=True, slots=True)
class NameTables:
    """Look-up tables; every name stands beside its spelling for an e-mail address (ASCII, lower case).

    `family` has 2**FAMILY_BITS entries, `given[gender, generation]` (middle and given name together)
    2**GIVEN_BITS, `minority[gender]` (whole names) 2**MINORITY_BITS; generations as in `generation_of`.
    """

    family: list[tuple[str, str]]
    given: dict[tuple[str, int], list[tuple[str, str]]]
    minority: dict[str, list[tuple[str, str]]]


def generation_of(birth_year: int) -> int:
    """0 for those born before 1960, 1 until 1984, 2 since: given names come and go with them."""
    return 0 if birth_year < 1960 else 1 if birth_year < 1985 else 2


def ascii_slug(text: str) -> str:
    """The letters and digits of `text` without marks, in lower case: `Đỗ Thị Út` → `dothiut`."""
    folded = unicodedata.normalize("NFD", text.lower().replace("đ", "d").replace("ƀ", "b"))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalnum())


@cache
def name_tables() -> NameTables:
    """The tables, the same in every process: they do not depend on an organisation's seed."""
    rng = Random("names")  # noqa: S311 - repeatable invention, not a secret
    return NameTables(
        family=_family_table(rng),
        given={key: _given_table(rng, key) for key in _GIVEN},
        minority={gender: _minority_table(rng, gender) for gender in ("male", "female")},
    )


def _family_table(rng: Random) -> list[tuple[str, str]]:
    tail = _FAMILY_TAIL.split()
    rest = (1000 - sum(_FAMILY_SHARES.values())) / len(tail)
    families = [*_FAMILY_SHARES, *tail]
    shares = [*_FAMILY_SHARES.values(), *[rest] * len(tail)]
    return [(name, ascii_slug(name)) for name in rng.choices(families, shares, k=2**FAMILY_BITS)]


def _given_table(rng: Random, key: tuple[str, int]) -> list[tuple[str, str]]:
    middles, givens = _MIDDLE[key].split(), _GIVEN[key].split()
    # The names at the head of each list are the common ones.
    shares = [2.0 - index / len(givens) for index in range(len(givens))]
    table: list[tuple[str, str]] = []
    while len(table) < 2**GIVEN_BITS:
        middle, given = rng.choice(middles), rng.choices(givens, shares)[0]
        if rng.random() < 0.15:
            middle = f"{middle} {rng.choice(middles)}"
        words = [*middle.split(), given]
        if len(set(words)) < len(words) or "Thị" in words[1:]:
            continue
        table.append((f"{middle} {given}", ascii_slug(given)))
    return table


def _minority_table(rng: Random, gender: str) -> list[tuple[str, str]]:
    table: list[tuple[str, str]] = []
    while len(table) < 2**MINORITY_BITS:
        people = rng.choice(_PEOPLES)
        family = rng.choice(people.families.split()).replace("|", " ")
        pattern = rng.choice((people.male if gender == "male" else people.female).split("|"))
        given = rng.choice((people.male_given if gender == "male" else people.female_given).split())
        name = unicodedata.normalize("NFC", pattern.format(f=family, g=given))
        if len(set(name.split())) == len(name.split()):  # no "Mùi Mùi"
            table.append((name, ascii_slug(given)))
    return table
