"""What takes place at the showcase's cell: a monthly meeting, an hour of work together, and a template for the next."""

from datetime import datetime, timedelta

from api.demo.rows import VIETNAM, Loaded
from api.demo.showcase import showcase
from content.recurrence import Frequency
from models import changes
from models.channels import Reach
from models.database import Database
from models.notices.activity import Activity, RecurrenceSaid
from models.notices.drafts import create_notice
from models.notices.shapes import Audience, NoticeCreate
from models.notices.table import Category
from models.permissions import Place, Role, Seat, Viewer
from models.templates.rules import create_template
from models.templates.shapes import TemplateActivity, TemplateContent, TemplateCreate

_SATURDAY = 5
_MEETING = (
    "Kính mời toàn thể hội viên dự sinh hoạt chi hội.\n\n"
    "1. Đánh giá công tác tháng trước.\n2. Bàn việc tháng tới.\n3. Thông tin thời sự, chính sách mới.\n\n"
    "Đồng chí nào vắng mặt xin **báo trước một ngày**."
)


async def call_activities(database: Database, loaded: Loaded) -> None:
    """By the cell's secretary, through the rules that secretaries go through."""
    shown = showcase(loaded)
    place = Place(shown.cell, "".join(f"{no}/" for no in loaded.path(shown.cell)))
    secretary = Viewer(loaded.member_id(shown.secretary), seats=(Seat(Role.SECRETARY, place),))
    branch_id = loaded.branch_id(shown.cell)
    everyone = Audience(reach=Reach.ALL)
    saturday = _next(_SATURDAY, database.clock().astimezone(VIETNAM))
    meeting = NoticeCreate(
        branch_id=branch_id,
        title="Sinh hoạt chi hội hằng tháng",
        body=_MEETING,
        category=Category.ACTIVITY,
        audience=everyone,
        requires_ack=True,
        activity=Activity(
            starts_at=saturday.replace(hour=19, minute=30),
            ends_at=saturday.replace(hour=21, minute=30),
            place="Nhà văn hoá thôn",
            rsvp_by=saturday.replace(hour=19, minute=30) - timedelta(days=1),
            recurrence=RecurrenceSaid(frequency=Frequency.MONTHLY_BY_WEEKDAY, count=12),
        ),
        publish=True,
    )
    sunday = saturday + timedelta(days=1)
    cleaning = NoticeCreate(
        branch_id=branch_id,
        title="Chủ nhật xanh: dọn vệ sinh đường làng",
        body="Mời các đồng chí tập trung ở cổng làng, **mang theo chổi, xẻng và găng tay**. Xong việc cùng uống chè.",
        category=Category.ACTIVITY,
        audience=everyone,
        activity=Activity(
            starts_at=sunday.replace(hour=6),
            ends_at=sunday.replace(hour=8, minute=30),
            place="Cổng làng",
            capacity=30,
        ),
        publish=True,
    )
    template = TemplateCreate(
        name="Họp chi hội bất thường",
        content=TemplateContent(
            title="Họp chi hội bất thường",
            body="Kính mời toàn thể hội viên dự họp để bàn việc đột xuất của chi hội.",
            category=Category.ACTIVITY,
            audience=everyone,
            activity=TemplateActivity(starts="19:30", minutes=90, place="Nhà văn hoá thôn"),
        ),
    )
    async with database.writing() as session:
        for notice in (meeting, cleaning):
            await create_notice(session, secretary, notice)
        await create_template(session, secretary, branch_id, template)
        await changes.commit(session)


def _next(weekday: int, at: datetime) -> datetime:
    """Midnight of the next such day, at least two days from now."""
    day = at + timedelta(days=2)
    day += timedelta(days=(weekday - day.weekday()) % 7)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
