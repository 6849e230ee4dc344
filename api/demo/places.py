"""Made-up provinces, communes and hamlets, and the names of what is organised in them.

The syllables are ordinary in Vietnamese place names; the pairs were chosen not to be places on the map.
"""

from dataclasses import dataclass
from random import Random

# Name, letters for codes and member numbers, and three digits that no province uses in citizen ids, so that
# no made-up number is anybody's.
PROVINCES = (
    ("Hoài Lĩnh", "HL", "003"), ("Đông Kha", "DK", "005"), ("An Thoại", "AT", "007"),
    ("Bắc Ngự", "BN", "009"), ("Cẩm Khuê", "CK", "013"), ("Diên Trầm", "DT", "016"),
    ("Giang Nhạn", "GN", "018"), ("Hà Uyên", "HU", "021"), ("Kim Hoài", "KH", "023"),
    ("Lam Triều", "LT", "028"), ("Mộc Miên", "MM", "029"), ("Nam Huyên", "NH", "032"),
    ("Phú Ngàn", "PN", "039"), ("Quế Vĩ", "QV", "041"), ("Sơn Kha", "SK", "043"),
    ("Tân Khuê", "TK", "047"), ("Thượng Uyên", "TU", "050"), ("Trường Nhạn", "TN", "053"),
    ("Vân Hoài", "VH", "055"), ("Xuân Ngự", "XN", "057"), ("Yên Trầm", "YT", "059"),
    ("Bình Huyên", "BH", "061"), ("Châu Miên", "CM", "063"), ("Đại Nhạn", "DN", "065"),
    ("Hồng Kha", "HK", "069"), ("Khánh Uyên", "KU", "071"), ("Long Thoại", "LO", "073"),
    ("Mỹ Hoài", "MH", "076"), ("Ninh Ngàn", "NN", "078"), ("Phong Khuê", "PK", "081"),
    ("Tam Huyên", "TH", "085"), ("Thạch Triều", "TT", "088"), ("Tây Uyên", "TY", "090"),
    ("Vĩnh Trầm", "VT", "097"),
)  # fmt: skip

_FIRST = (
    "An Bình Cẩm Chu Diên Đông Đại Giang Hà Hải Hòa Hồng Hưng Khánh Kim Lam Liên Long Lương Minh Mộc Mỹ "
    "Nam Nghĩa Ngọc Phong Phú Phước Quế Quang Sơn Tam Tân Thanh Thạch Thiện Thuận Thượng Trung Trường Tường "
    "Vạn Vân Vĩnh Xuân Yên"
)
_SECOND = "Kha Uyên Hoài Ngự Nhạn Huyên Trầm Vĩ Khuê Thoại Ngàn Miên Quỳ Triều Diệu Hoàn"
_HAMLET_SECOND = "Kha Uyên Lâm Ngự Nhạn Thái Trầm Hạ Khuê Đoài Ngàn Miên Thượng Triều Lạc Trại Đình Bãi"
_HAMLETS_OF_ALL = [f"{first} {second}" for second in _HAMLET_SECOND.split() for first in _FIRST.split()]
_HAMLETS_OF_A_BASE = 7
_SCHOOL_NAMES = (
    "Nguyễn Trãi", "Nguyễn Du", "Lê Lợi", "Trần Hưng Đạo", "Nguyễn Bỉnh Khiêm", "Chu Văn An",
    "Lý Thường Kiệt", "Hai Bà Trưng", "Nguyễn Đình Chiểu", "Lê Quý Đôn", "Phan Chu Trinh", "Nguyễn Khuyến",
    "Trần Phú", "Kim Đồng",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BaseKind:
    """Names of a kind of base, its first cells and the further ones: patterns of `BaseNames`."""

    name: str
    cells: tuple[str, ...]
    then: str


_OFFICES = BaseKind(
    "Đảng bộ các cơ quan {area}",
    (
        "Chi bộ Văn phòng", "Chi bộ Mặt trận và các đoàn thể", "Chi bộ Trường THCS {school}",
        "Chi bộ Trường Tiểu học {commune}", "Chi bộ Trường Mầm non {commune}", "Chi bộ Trạm Y tế",
        "Chi bộ Công an", "Chi bộ Quân sự", "Chi bộ Trung tâm Phục vụ hành chính công",
    ),
    "Chi bộ Ban chuyên môn số {n}",
)  # fmt: skip
_HAMLETS = BaseKind(
    "Đảng bộ cụm dân cư {hamlet}",
    ("Chi bộ thôn {hamlet}", "Chi bộ Hợp tác xã {hamlet}", "Chi bộ Trường Tiểu học {school}"),
    "Chi bộ thôn {hamlet}",
)
_OTHERS = (
    BaseKind(
        "Đảng bộ Trường THPT {school}",
        ("Chi bộ Ban Giám hiệu – Hành chính", "Chi bộ Tổ Toán – Tin", "Chi bộ Tổ Ngữ văn",
         "Chi bộ Tổ Ngoại ngữ", "Chi bộ Tổ Khoa học tự nhiên", "Chi bộ Tổ Khoa học xã hội"),
        "Chi bộ Khối học sinh số {n}",
    ),
    BaseKind(
        "Đảng bộ Trung tâm Y tế {commune}",
        ("Chi bộ Khoa Khám bệnh", "Chi bộ Khoa Nội", "Chi bộ Khoa Ngoại – Sản", "Chi bộ Khoa Dược",
         "Chi bộ Phòng Tổ chức – Hành chính"),
        "Chi bộ Trạm y tế số {n}",
    ),
    BaseKind(
        "Đảng bộ Công ty Dệt may {hamlet}",
        ("Chi bộ Văn phòng công ty", "Chi bộ Xưởng cắt", "Chi bộ Xưởng may", "Chi bộ Cơ điện"),
        "Chi bộ Phân xưởng {n}",
    ),
    BaseKind(
        "Đảng bộ Hợp tác xã nông nghiệp {hamlet}",
        ("Chi bộ Ban quản trị", "Chi bộ Tổ thủy nông", "Chi bộ Tổ chăn nuôi"),
        "Chi bộ Đội sản xuất số {n}",
    ),
    BaseKind(
        "Đảng bộ Nông trường {hamlet}",
        ("Chi bộ Văn phòng nông trường", "Chi bộ Xưởng chế biến"),
        "Chi bộ Đội trồng rừng số {n}",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BaseNames:
    """The names of one base and of its cells, which are asked for by their number from 1."""

    kind: BaseKind
    area: str
    school: str
    hamlets: list[str]

    @property
    def name(self) -> str:
        return self._fill(self.kind.name, 1, 1)

    def cell(self, number: int) -> str:
        """All different: past the listed names the pattern goes on with other hamlets or numbers."""
        listed = len(self.kind.cells)
        if number <= listed:
            return self._fill(self.kind.cells[number - 1], number, 1)
        return self._fill(self.kind.then, number, number - listed)

    def hamlet(self, number: int) -> str:
        """The hamlet where cell `number` lies; once the names are used up, they are numbered."""
        times, index = divmod(number - 1, len(self.hamlets))
        return f"{self.hamlets[index]} {times + 1}" if times else self.hamlets[index]

    def _fill(self, pattern: str, number: int, n: int) -> str:
        commune = self.area.split(" ", 1)[1]
        return pattern.format(area=self.area, commune=commune, hamlet=self.hamlet(number), school=self.school, n=n)


class CommuneNames:
    """One commune, `area` with its kind in front ("xã Vân Khuê"), and names for what lies in it."""

    def __init__(self, rng: Random, name: str) -> None:
        self.area = f"{'phường' if rng.random() < 0.2 else 'xã'} {name}"
        self._hamlets = rng.sample(_HAMLETS_OF_ALL, len(_HAMLETS_OF_ALL) // 6)
        self._turn = int(rng.random() * len(_OTHERS))

    def base(self, number: int) -> BaseNames:
        """Names for base `number` (from 1): the first gathers the offices, most others are hamlets'."""
        kind = _HAMLETS
        if number == 1:
            kind = _OFFICES
        elif number % 3 == 0:
            kind = _OTHERS[(self._turn + number // 3) % len(_OTHERS)]
        start = (number - 1) * _HAMLETS_OF_A_BASE % (len(self._hamlets) - _HAMLETS_OF_A_BASE)
        school = _SCHOOL_NAMES[(self._turn * 5 + number) % len(_SCHOOL_NAMES)]
        return BaseNames(kind, self.area, school, self._hamlets[start : start + _HAMLETS_OF_A_BASE])


def commune_names(rng: Random) -> list[str]:
    """All names for the communes of one province, in an order of its own."""
    names = [f"{first} {second}" for second in _SECOND.split() for first in _FIRST.split()]
    rng.shuffle(names)
    return names
