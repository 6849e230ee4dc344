"""What an e-mail says, in both languages: as little as a push, and where to read on."""

from dataclasses import dataclass

from notifications.channels.protocol import Alert


@dataclass(frozen=True, slots=True)
class Said:
    subject: str
    sentence: str


_FOOT = {
    "vi": "Mở sổ tay điện tử để xem:\n{link}\n\n"
    "Thư này được gửi tự động, xin đừng trả lời. Nội dung chỉ hiện sau khi đăng nhập.",
    "en": "Open the member handbook to read it:\n{link}\n\n"
    "This message was sent automatically, please do not reply. Its content is shown after signing in.",
}

_SAID = {
    "vi": {
        Alert.NOTICE_PUBLISHED: Said("Thông báo mới", "Tổ chức của bạn có thông báo mới."),
        Alert.NOTICE_URGENT: Said("Thông báo khẩn", "Tổ chức của bạn có thông báo khẩn."),
        Alert.NOTICE_AMENDED: Said("Thông báo được sửa đổi", "Một thông báo gửi tới bạn vừa được sửa đổi."),
        Alert.NOTICE_WITHDRAWN: Said("Thông báo được thu hồi", "Một thông báo gửi tới bạn đã được thu hồi."),
        Alert.NOTICE_REMINDED: Said("Nhắc xem thông báo", "Một thông báo đang chờ bạn đọc hoặc xác nhận."),
        Alert.ACTIVITY_PUBLISHED: Said("Buổi sinh hoạt mới", "Tổ chức của bạn vừa đăng một buổi sinh hoạt."),
        Alert.ACTIVITY_CHANGED: Said("Buổi sinh hoạt thay đổi", "Một buổi sinh hoạt của bạn vừa thay đổi."),
        Alert.REQUEST_DECIDED: Said("Đề nghị đã được giải quyết", "Đề nghị của bạn đã được giải quyết."),
        Alert.STUDY_PUBLISHED: Said("Tài liệu học tập mới", "Có tài liệu học tập mới dành cho bạn."),
        Alert.STUDY_DUE: Said("Sắp đến hạn học tập", "Một nội dung học tập của bạn sắp đến hạn."),
    },
    "en": {
        Alert.NOTICE_PUBLISHED: Said("New notice", "Your branch has a new notice."),
        Alert.NOTICE_URGENT: Said("Urgent notice", "Your branch has an urgent notice."),
        Alert.NOTICE_AMENDED: Said("Notice amended", "A notice to you has been amended."),
        Alert.NOTICE_WITHDRAWN: Said("Notice withdrawn", "A notice to you has been withdrawn."),
        Alert.NOTICE_REMINDED: Said("Reminder of a notice", "A notice waits for you to read or acknowledge it."),
        Alert.ACTIVITY_PUBLISHED: Said("New activity", "Your branch has announced an activity."),
        Alert.ACTIVITY_CHANGED: Said("Activity changed", "An activity of yours has changed."),
        Alert.REQUEST_DECIDED: Said("Request decided", "Your request has been decided."),
        Alert.STUDY_PUBLISHED: Said("New study material", "There is new study material for you."),
        Alert.STUDY_DUE: Said("Study due soon", "Something that you are to study is due soon."),
    },
}


def spoken(language: str) -> str:
    """Vietnamese, unless it is English of whatever country."""
    return "en" if language.partition("-")[0] == "en" else "vi"


def written(alert: Alert, language: str, link: str, title: str | None) -> tuple[str, str]:
    """Subject and text, in `spoken(language)`."""
    language = spoken(language)
    said = _SAID[language][alert]
    sentence = said.sentence if title is None else f"{said.sentence}\n\n{title}"
    return said.subject, f"{sentence}\n\n{_FOOT[language].format(link=link)}\n"
