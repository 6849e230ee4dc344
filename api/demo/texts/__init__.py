"""Notices as branch secretaries write them, and endless variations for load tests."""

import re
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from api.demo.texts.branch_life import BRANCH_LIFE
from api.demo.texts.community import COMMUNITY
from api.demo.texts.safety import SAFETY
from api.demo.texts.shape import Category, NoticeText, Priority, Reach
from api.demo.texts.study import STUDY

__all__ = ["Category", "NoticeText", "Priority", "Reach", "notice_texts", "varied"]

_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
_WEEKDAY = re.compile("|".join(_WEEKDAYS))
_AMOUNT = re.compile(r"\b(\d{2,3})\.000 đồng")
_COUNT = re.compile(r"\b(\d{2,3})(?= (?:đồng chí|người|suất|đơn vị máu|cây|cháu|hộ|tấm|đầu sách|bài|câu)\b)")

_OPENINGS = (
    "**{branch}** thông báo đến toàn thể các đồng chí như sau.",
    "Kính gửi các đồng chí thuộc **{branch}**.",
    "Thực hiện chương trình công tác, **{branch}** xin thông báo:",
    "Được sự thống nhất của cấp ủy, **{branch}** gửi các đồng chí thông báo này.",
    "**{branch}** – thông báo số {number}. Đề nghị các đồng chí đọc kỹ và phổ biến cho gia đình.",
)
_CLOSINGS = (
    "Có điều gì chưa rõ, xin liên hệ đồng chí thường trực {branch}.",
    "Trân trọng cảm ơn các đồng chí.",
    "Đề nghị các đồng chí nghiêm túc thực hiện; vướng mắc xin trao đổi tại buổi sinh hoạt tới.",
    "Nơi nhận: các đồng chí trong {branch}; lưu văn phòng.",
    "Nhờ đồng chí nào đọc được thông báo này nhắn giúp những người ở vùng không có sóng.",
)
# Many a secretary adds what was decided long ago; most add nothing, a few everything.
_ADDENDA = (
    """## Tổ chức thực hiện
Bí thư chịu trách nhiệm chung, phó bí thư theo dõi tiến độ hằng tuần. Mỗi tổ cử một người đầu mối, báo \
cáo khó khăn ngay khi phát sinh, không đợi đến kỳ họp. Việc nào vượt quá khả năng thì chi ủy kiến nghị \
lên cấp trên bằng văn bản, ghi rõ thời hạn cần trả lời.""",
    """## Thời gian và cách báo cáo
Kết quả ghi vào sổ nghị quyết và nhập trên sổ tay điện tử trước ngày 25 hằng tháng. Số liệu phải do người \
trực tiếp làm cung cấp, có đối chiếu; chưa làm được thì ghi chưa làm được, nêu nguyên nhân, không ước \
lượng cho đẹp báo cáo.""",
    """## Đối với các đồng chí đi làm ăn xa
Các đồng chí đọc thông báo trên ứng dụng, bấm xác nhận và gửi ý kiến qua bí thư. Ai vắng quá ba tháng cần \
làm thủ tục chuyển sinh hoạt tạm thời. Dịp lễ, tết về quê xin sắp xếp dự sinh hoạt ít nhất một buổi để \
chi bộ nắm tình hình.""",
    """## Kinh phí
Chi từ nguồn đã được đại hội thông qua; khoản nào trên 2 triệu đồng phải có hai báo giá và chữ ký của \
người giám sát. Hóa đơn nộp thủ quỹ trong 5 ngày. Bảng thu chi niêm yết tại nhà văn hóa, ai cũng được xem \
và hỏi.""",
    """## Giám sát và góp ý
Mặt trận và các đoàn thể cùng giám sát. Mọi góp ý đều được ghi nhận, trả lời trong vòng bảy ngày làm \
việc; người góp ý không phải nêu tên nếu không muốn. Tổ trưởng tổng hợp các câu hỏi hay gặp để giải đáp \
chung tại buổi sinh hoạt.""",
    """## Căn cứ
- Chương trình công tác năm đã được chi bộ thông qua.
- Kết luận của cấp ủy tại phiên họp thường kỳ gần nhất.
- Tình hình thực tế ở địa bàn và nguyện vọng của nhân dân qua các buổi tiếp xúc.
- Ý kiến thống nhất của chi ủy sau khi trao đổi với trưởng các tổ.""",
)
_ADDENDA_COUNTS, _ADDENDA_SHARES = (0, 1, 2, 3, 6), (45, 25, 15, 8, 7)


def notice_texts() -> Sequence[NoticeText]:
    """All texts, the same in every process, newest first."""
    return sorted((*BRANCH_LIFE, *STUDY, *COMMUNITY, *SAFETY), key=lambda text: text.days_ago)


def varied(rng: Random, text: NoticeText, branch_name: str) -> NoticeText:
    """The notice as another branch would send it: its own name, weekday, sums, numbers and additions.

    A text that names several weekdays keeps them, for their order means something.
    """
    number = rng.randrange(1, 400)
    opening = rng.choice(_OPENINGS).format(branch=branch_name, number=number)
    closing = rng.choice(_CLOSINGS).format(branch=branch_name)
    body = _AMOUNT.sub(lambda found: f"{_near(rng, found)}.000 đồng", text.body)
    body = _COUNT.sub(lambda found: str(_near(rng, found)), body)
    if len(set(_WEEKDAY.findall(body))) == 1:
        body = _WEEKDAY.sub(rng.choice(_WEEKDAYS), body)
    added = 0 if text.priority == "urgent" else rng.choices(_ADDENDA_COUNTS, _ADDENDA_SHARES)[0]
    return replace(
        text,
        title=f"{text.title} (số {number}-TB)",
        body="\n\n".join([opening, body, *rng.sample(_ADDENDA, added), closing]),
        days_ago=max(0, text.days_ago + rng.randrange(-3, 30)),
    )


def _near(rng: Random, found: re.Match[str]) -> int:
    """A number some tenths smaller or greater than the one found."""
    return max(2, int(int(found[1]) * (0.7 + 0.6 * rng.random())))
