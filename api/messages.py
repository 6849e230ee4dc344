"""Every sentence that a refusal may carry, in both languages. `tests/test_architecture.py` holds it complete.

`PROBLEMS` are keyed by the last part of a problem's type and give (title, detail); `FIELDS` by the code of one field's
error. `{names}` are filled from the error's values.
"""

from typing import NamedTuple


class Message(NamedTuple):
    vi: tuple[str, str]
    en: tuple[str, str]


PROBLEMS: dict[str, Message] = {
    "account.closed": Message(
        ("Tài khoản đã đóng", "Tài khoản này không còn dùng được. Ứng dụng cần xoá dữ liệu đã lưu trên máy."),
        ("Account closed", "This account can no longer be used. The app must delete what it holds on this device."),
    ),
    "activity.capacity_taken": Message(
        ("Không đủ chỗ", "Số người đã nhận lời nhiều hơn số chỗ mới."),
        ("Places already taken", "More people have said yes than the new number of places."),
    ),
    "attachment.repeated": Message(
        ("Tệp đã có", "Thông báo này đã có tệp này."),
        ("Already attached", "The notice has this file already."),
    ),
    "attachment.too_large": Message(
        ("Quá dung lượng", "Các tệp của một thông báo cộng lại nhiều nhất {megabytes} MB."),
        ("Too large together", "The files of one notice may have {megabytes} MB together."),
    ),
    "attachment.too_many": Message(
        ("Quá nhiều tệp", "Mỗi thông báo có nhiều nhất {most} tệp."),
        ("Too many files", "A notice has at most {most} files."),
    ),
    "body.too_large": Message(
        ("Nội dung quá lớn", "Nội dung gửi lên vượt quá giới hạn cho phép."),
        ("Content too large", "What was sent is larger than allowed here."),
    ),
    "branch.code_taken": Message(
        ("Mã đã được dùng", "Mã tổ chức {code} đã được dùng cho một tổ chức khác."),
        ("Code taken", "The code {code} already belongs to another branch."),
    ),
    "branch.merge_into_itself": Message(
        ("Không thể sáp nhập", "Không thể sáp nhập một tổ chức vào chính nó hoặc vào cấp dưới của nó."),
        ("Cannot merge", "A branch cannot be merged into itself or below itself."),
    ),
    "branch.move_into_itself": Message(
        ("Không thể chuyển", "Không thể chuyển một tổ chức vào chính nó hoặc vào cấp dưới của nó."),
        ("Cannot move", "A branch cannot be moved into itself or below itself."),
    ),
    "branch.not_active": Message(
        ("Tổ chức không hoạt động", "Tổ chức này đã sáp nhập hoặc giải thể."),
        ("Branch not active", "This branch has been merged or dissolved."),
    ),
    "branch.too_deep": Message(
        ("Quá nhiều cấp", "Cây tổ chức có nhiều nhất {most} cấp."),
        ("Too deep", "The tree has at most {most} levels."),
    ),
    "event.at_future": Message(
        ("Thời điểm ở tương lai", "Sự kiện này mang thời điểm muộn hơn hiện tại quá một ngày."),
        ("In the future", "This event says that it happened more than a day from now."),
    ),
    "event.at_past": Message(
        ("Sự kiện quá cũ", "Sự kiện này đã quá 180 ngày nên không còn được ghi nhận."),
        ("Too old", "This event is more than 180 days old and is no longer taken."),
    ),
    "event.id_reused": Message(
        ("Mã sự kiện đã dùng", "Mã này đã được dùng cho một sự kiện khác."),
        ("Id reused", "This id was used for a different event."),
    ),
    "event.kind_unknown": Message(
        ("Loại sự kiện không rõ", "Máy chủ không biết loại sự kiện này."),
        ("Unknown kind", "The server does not know this kind of event."),
    ),
    "event.notice_unknown": Message(
        ("Không có thông báo này", "Không có thông báo này, hoặc khi đó thông báo không gửi đến bạn."),
        ("No such notice", "There is no such notice, or it was not addressed to you at that time."),
    ),
    "file.too_large": Message(
        ("Tệp quá lớn", "Tệp loại này nhiều nhất {megabytes} MB."),
        ("File too large", "Files of this type may have at most {megabytes} MB."),
    ),
    "forbidden": Message(
        ("Không có quyền", "Bạn không có quyền thực hiện việc này."),
        ("Not allowed", "You do not have the right to do this."),
    ),
    "forbidden.rank": Message(
        (
            "Không có quyền",
            "Người này giữ chức vụ ngang hoặc cao hơn bạn, hoặc ngoài phạm vi của bạn; cần cấp trên thực hiện.",
        ),
        (
            "Not allowed",
            "This role is equal to or above yours, or lies outside your branches; someone above must do this.",
        ),
    ),
    "grant.exists": Message(
        ("Đã có chức vụ này", "Người này đang giữ chức vụ này tại tổ chức này."),
        ("Role already held", "This person already holds this role at this branch."),
    ),
    "idempotency.reused": Message(
        ("Khoá đã dùng", "Idempotency-Key này đã được dùng cho một yêu cầu khác."),
        ("Key reused", "This Idempotency-Key was used for a different request."),
    ),
    "idempotency.running": Message(
        ("Đang xử lý", "Yêu cầu đầu tiên với Idempotency-Key này còn đang được xử lý. Hãy thử lại sau giây lát."),
        ("Still running", "The first request with this Idempotency-Key is still running. Try again in a moment."),
    ),
    "internal": Message(
        ("Lỗi máy chủ", "Máy chủ gặp lỗi ngoài dự kiến. Hãy báo mã yêu cầu cho người vận hành."),
        ("Server error", "Something unexpected went wrong. Please give the operator the request id."),
    ),
    "media_type.unsupported": Message(
        ("Kiểu nội dung không được hỗ trợ", "Hãy gửi nội dung với Content-Type mà tài liệu nêu cho địa chỉ này."),
        ("Unsupported media type", "Send the Content-Type that the documentation names for this address."),
    ),
    "member.closed": Message(
        ("Hồ sơ đã đóng", "Người này đã ra khỏi tổ chức hoặc đã mất; không thể đổi lại trạng thái ở đây."),
        ("File closed", "This person has left or died; the status cannot be changed back here."),
    ),
    "member.national_id_taken": Message(
        ("Số căn cước đã có", "Số căn cước công dân này đã thuộc về một người khác."),
        ("Citizen id taken", "This citizen id already belongs to another person."),
    ),
    "member.not_active": Message(
        ("Không còn sinh hoạt", "Người này không còn sinh hoạt trong tổ chức."),
        ("Not active", "This person is no longer an active member."),
    ),
    "member.number_taken": Message(
        ("Số thẻ đã có", "Số thẻ này đã thuộc về một người khác."),
        ("Member number taken", "This member number already belongs to another person."),
    ),
    "membership.no_primary": Message(
        ("Thiếu nơi sinh hoạt", "Người đang sinh hoạt phải thuộc đúng một tổ chức chính."),
        ("No primary branch", "An active member must belong to exactly one primary branch."),
    ),
    "membership.primary_exists": Message(
        ("Đã có nơi sinh hoạt chính", "Người này đang sinh hoạt chính thức tại một tổ chức khác."),
        ("Primary branch exists", "This person already has a primary branch."),
    ),
    "membership.still_open": Message(
        ("Còn sinh hoạt", "Người này còn nơi sinh hoạt chính đang mở."),
        ("Membership still open", "This person still has an open primary membership."),
    ),
    "membership.temporary_exists": Message(
        ("Đã có nơi sinh hoạt tạm thời", "Người này đang sinh hoạt tạm thời tại một tổ chức khác."),
        ("Temporary branch exists", "This person already has a temporary branch."),
    ),
    "method.not_allowed": Message(
        ("Phương thức không được phép", "Địa chỉ này không nhận phương thức HTTP đó."),
        ("Method not allowed", "This address does not take that HTTP method."),
    ),
    "notice.already_published": Message(
        ("Đã đăng rồi", "Thông báo này đã được đăng."),
        ("Already published", "This notice has been published already."),
    ),
    "notice.approval_missing": Message(
        (
            "Cần người thứ hai phê duyệt",
            "Thông báo khẩn gửi tới hơn {most} người phải được người thứ hai có quyền đăng phê duyệt đúng bản này.",
        ),
        (
            "A second person must approve",
            "An urgent notice to more than {most} people must be approved, in this revision, by somebody else.",
        ),
    ),
    "notice.expired": Message(
        ("Thông báo đã hết hạn", "Thông báo này đã hết hạn hiển thị."),
        ("Notice expired", "This notice has expired."),
    ),
    "notice.not_draft": Message(
        ("Không còn là bản nháp", "Chỉ bản nháp mới sửa trực tiếp; thông báo đã đăng thì dùng chức năng đính chính."),
        ("Not a draft", "Only drafts can be edited. What is published is amended."),
    ),
    "notice.not_published": Message(
        ("Chưa đăng", "Thông báo này chưa được đăng hoặc đã được thu hồi."),
        ("Not published", "This notice is not published, or no longer."),
    ),
    "notice.not_scheduled": Message(
        ("Thông báo không hẹn giờ", "Chỉ huỷ hẹn được thông báo đang chờ đến giờ đăng."),
        ("Not scheduled", "Only a notice that waits for its hour can be unscheduled."),
    ),
    "notice.nothing_changed": Message(
        ("Không có gì thay đổi", "Nội dung gửi lên giống hệt thông báo đang đăng."),
        ("Nothing changed", "What you sent says the same as the notice does."),
    ),
    "notice.reminded_lately": Message(
        ("Vừa nhắc xong", "Thông báo này đã được nhắc trong 12 giờ qua."),
        ("Reminded lately", "This notice was reminded of within the last 12 hours."),
    ),
    "notice.withdrawn": Message(
        ("Đã thu hồi", "Thông báo này đã được thu hồi."),
        ("Withdrawn", "This notice has been withdrawn."),
    ),
    "not_acceptable": Message(
        ("Không đáp ứng được", "Máy chủ không có dạng nội dung mà yêu cầu chấp nhận."),
        ("Not acceptable", "There is no form of this content that the request accepts."),
    ),
    "not_found": Message(
        ("Không tìm thấy", "Không có nội dung này, hoặc nội dung không dành cho bạn."),
        ("Not found", "There is no such thing, or it is not yours to see."),
    ),
    "range.unsatisfiable": Message(
        ("Không có phần này", "Tệp ngắn hơn phần được yêu cầu."),
        ("No such part", "The file ends before the part that was asked for."),
    ),
    "receipt.not_audience": Message(
        ("Không gửi đến bạn", "Thông báo này không gửi đến bạn nên bạn không cần xác nhận."),
        ("Not for you", "This notice is not addressed to you, so there is nothing for you to confirm."),
    ),
    "report.too_many_people": Message(
        ("Danh sách quá dài", "Một tệp có nhiều nhất {most} người. Hãy chọn một tổ chức cấp dưới."),
        ("Too many people", "A file holds at most {most} people. Choose a branch below."),
    ),
    "request.invalid": Message(
        ("Dữ liệu chưa hợp lệ", "Hãy sửa các mục nêu trong danh sách lỗi rồi gửi lại."),
        ("Invalid data", "Correct what the list of errors names and send it again."),
    ),
    "request.malformed": Message(
        ("Yêu cầu không đọc được", "Máy chủ không đọc được yêu cầu này."),
        ("Malformed request", "The request could not be read."),
    ),
    "revision.required": Message(
        (
            "Cần If-Match",
            "Hãy gửi If-Match với ETag của bản bạn đang sửa, để không ghi đè lên thay đổi của người khác.",
        ),
        (
            "If-Match needed",
            "Send If-Match with the ETag of the copy you are changing, so that nobody's change is lost.",
        ),
    ),
    "revision.stale": Message(
        ("Đã có người sửa", "Nội dung đã được thay đổi sau khi bạn tải về. Hãy tải lại rồi sửa tiếp."),
        ("Changed meanwhile", "It was changed after you loaded it. Load it again and repeat your change."),
    ),
    "roster.changed_meanwhile": Message(
        ("Dữ liệu đang bị thay đổi", "Có người khác đang sửa cùng dữ liệu. Hãy chạy lại để nhập tiếp."),
        ("Changed meanwhile", "Others keep changing the same data. Run the import again to go on."),
    ),
    "sign_in.required": Message(
        ("Cần đăng nhập", "Hãy đăng nhập. Nếu vừa nhập thông tin đăng nhập thì thông tin đó chưa đúng."),
        ("Sign in", "Please sign in. If you just did, the login or the password or code was not right."),
    ),
    "sign_in.too_many": Message(
        ("Thử quá nhiều lần", "Đã có quá nhiều lần đăng nhập không đúng. Hãy thử lại sau {retry_after} giây."),
        ("Too many tries", "There were too many wrong sign-ins. Try again in {retry_after} seconds."),
    ),
    "sync.cursor_invalid": Message(
        (
            "Không dùng được con trỏ đồng bộ",
            "Con trỏ đồng bộ không đúng. Hãy xoá dữ liệu đã lưu và đồng bộ lại từ đầu.",
        ),
        (
            "Cursor not usable",
            "The sync cursor is not one of yours. Delete what is stored and start afresh without one.",
        ),
    ),
    "template.name_taken": Message(
        ("Tên mẫu đã có", "Tổ chức này đã có một mẫu tên {name}."),
        ("Name taken", "This branch has a template named {name} already."),
    ),
    "token.invalid": Message(
        ("Phiên cần làm mới", "Mã truy cập không còn hiệu lực. Hãy dùng mã làm mới gần nhất để lấy mã mới."),
        ("Refresh the token", "The access token is no longer good. Use the newest refresh token to get a new one."),
    ),
    "unavailable": Message(
        ("Tạm thời gián đoạn", "Một bộ phận của hệ thống chưa trả lời. Chưa có gì thay đổi; hãy thử lại sau."),
        ("Temporarily unavailable", "A part of the service does not answer. Nothing was changed; try again shortly."),
    ),
}

FIELDS: dict[str, tuple[str, str]] = {
    "activity.ends_before_start": ("Giờ kết thúc phải sau giờ bắt đầu.", "It must end after it begins."),
    "activity.missing": (
        "Thông báo loại hoạt động phải nêu thời gian, địa điểm.",
        "An activity must say when it takes place.",
    ),
    "activity.rsvp_after_start": ("Hạn trả lời phải trước giờ bắt đầu.", "Answers must end before it begins."),
    "activity.too_long": ("Một hoạt động kéo dài nhiều nhất {limit} ngày.", "An activity lasts {limit} days at most."),
    "activity.unexpected": (
        "Chỉ thông báo loại hoạt động mới có thời gian, địa điểm.",
        "Only a notice of category activity has one.",
    ),
    "audience.roles_missing": ("Hãy nêu ít nhất một chức vụ.", "Name at least one role."),
    "audience.roles_repeated": ("Mỗi chức vụ chỉ nêu một lần.", "Name each role once."),
    "audience.roles_unexpected": (
        "Chỉ nêu chức vụ khi gửi theo chức vụ.",
        "Roles are named only where the reach is roles.",
    ),
    "bool_parsing": ("Phải là true hoặc false.", "Must be true or false."),
    "bool_type": ("Phải là true hoặc false.", "Must be true or false."),
    "branch.code_twice": (
        "Mã này đã có ở dòng {row} của tệp.",
        "Row {row} of the file has this code already.",
    ),
    "branch.cycle": (
        "Các tổ chức này là cấp trên của nhau theo vòng tròn.",
        "These branches are above each other in a circle.",
    ),
    "branch.parent_refused": (
        "Cấp trên của tổ chức này bị từ chối ở một dòng khác.",
        "The branch above was refused in another row.",
    ),
    "branch.unknown": ("Không có tổ chức này.", "There is no such branch."),
    "cell.formula": ("Ô này chứa công thức hoặc lỗi.", "The cell holds a formula or an error."),
    "citizen_id.birth_year_mismatch": (
        "Số căn cước không khớp với năm sinh.",
        "The citizen id does not agree with the year of birth.",
    ),
    "citizen_id.gender_mismatch": (
        "Số căn cước không khớp với giới tính.",
        "The citizen id does not agree with the gender.",
    ),
    "citizen_id.malformed": ("Số căn cước công dân phải gồm 12 chữ số.", "A citizen id has 12 digits."),
    "citizen_id.province_unknown": (
        "Ba số đầu của căn cước không phải mã nơi đăng ký.",
        "The first three digits are no place of registration.",
    ),
    "cursor.invalid": (
        "Con trỏ trang không dùng được cho danh sách này. Hãy tải lại từ đầu.",
        "The cursor is not good for this list. Start the list afresh.",
    ),
    "notice.before_publication": ("Phải sau thời điểm đăng.", "Must be later than its publication."),
    "recurrence.both_ends": (
        "Chỉ nêu ngày cuối hoặc số lần, không nêu cả hai.",
        "Say until when or how many times, not both.",
    ),
    "recurrence.empty": ("Lịch lặp này không còn buổi nào.", "This recurrence leaves no time at all."),
    "recurrence.endless": ("Lịch lặp phải có ngày cuối hoặc số lần.", "A recurrence needs an end: until or count."),
    "recurrence.exception_unknown": (
        "Không có buổi nào vào ngày {day} để bỏ.",
        "Nothing takes place on {day} to be left out.",
    ),
    "recurrence.interval": ("Khoảng lặp phải từ 1 đến {limit}.", "The interval must be 1 to {limit}."),
    "recurrence.overlapping": (
        "Buổi sau bắt đầu trước khi buổi trước kết thúc.",
        "One time begins before the one before it has ended.",
    ),
    "recurrence.position": (
        "Thứ tự trong tháng không khớp với ngày bắt đầu.",
        "The position in the month does not agree with the start.",
    ),
    "recurrence.start_ambiguous": (
        "Giờ bắt đầu này có hai lần trong ngày đổi giờ; hãy chọn giờ khác.",
        "This local time comes twice on that day; choose another.",
    ),
    "recurrence.too_long": ("Lịch lặp kéo dài nhiều nhất {limit} năm.", "A recurrence lasts {limit} years at most."),
    "recurrence.too_many": ("Lịch lặp có nhiều nhất {limit} buổi.", "A recurrence has {limit} times at most."),
    "recurrence.weekdays": (
        "Các thứ trong tuần không hợp lệ hoặc không gồm ngày bắt đầu.",
        "The weekdays are wrong or leave out the start's.",
    ),
    "sync.channel_malformed": ("Tên kênh không đúng.", "This is not the name of a channel."),
    "day.future": ("Ngày không được ở tương lai.", "The day must not lie in the future."),
    "day.malformed": ("Ngày phải có dạng NĂM-THÁNG-NGÀY.", "A day is written YYYY-MM-DD."),
    "day.too_early": ("Ngày quá xa trong quá khứ.", "The day lies too far in the past."),
    "date_from_datetime_parsing": ("Ngày không có thật.", "There is no such day."),
    "date_parsing": ("Ngày không có thật.", "There is no such day."),
    "datetime_from_date_parsing": ("Thời điểm không có thật.", "There is no such instant."),
    "datetime_parsing": ("Thời điểm không có thật.", "There is no such instant."),
    "email.malformed": ("Địa chỉ e-mail chưa đúng.", "This is no e-mail address."),
    "enum": ("Phải là một trong các giá trị: {expected}.", "Must be one of: {expected}."),
    "event.at_future": ("Muộn hơn hiện tại quá một ngày.", "More than a day from now."),
    "event.at_past": ("Quá 180 ngày.", "More than 180 days ago."),
    "event.kind_unknown": ("Không có loại sự kiện này.", "There is no such kind of event."),
    "extra_forbidden": ("Mục này không được phép.", "There is no such field here."),
    "file.bomb": (
        "Tệp nhỏ nhưng mở ra quá lớn nên có thể làm treo máy người nhận.",
        "It unpacks to far more than anybody can open.",
    ),
    "file.damaged": ("Tệp bị hỏng.", "The file is damaged."),
    "file.empty": ("Tệp trống.", "The file is empty."),
    "file.encrypted": ("Tệp đặt mật khẩu không được nhận.", "Files with a password are not taken."),
    "file.macros": ("Tệp có macro không được nhận.", "Files with macros are not taken."),
    "file.name_malformed": (
        'Tên tệp dài nhất 120 ký tự, không có thư mục và các ký tự / \\ : * ? " < > |.',
        "A file's name has at most 120 characters, no folder and none of / \\ : * ? \" < > |.",
    ),
    "file.not_utf8": (
        "Tệp văn bản phải lưu bằng bảng mã UTF-8.",
        "Text must be saved as UTF-8.",
    ),
    "file.too_large": ("Tệp quá lớn.", "The file is too large."),
    "file.type_mismatch": (
        "Nội dung tệp không đúng với loại mà tên hoặc Content-Type nêu.",
        "The file is not of the type that its name or Content-Type says.",
    ),
    "file.type_unknown": (
        "Chỉ nhận PDF, ảnh JPEG, PNG, WebP, tài liệu Office và OpenDocument, TXT, CSV, MP3, M4A, MP4.",
        "Only PDF, JPEG, PNG, WebP, Office and OpenDocument files, TXT, CSV, MP3, M4A and MP4 are taken.",
    ),
    "greater_than_equal": ("Phải từ {ge} trở lên.", "Must be at least {ge}."),
    "idempotency.malformed": ("Khoá phải có 1 đến 200 ký tự ASCII.", "A key has 1 to 200 ASCII characters."),
    "idempotency.reused": (
        "Khoá này đã đi với một nội dung khác.",
        "This key went with other content before.",
    ),
    "instant.malformed": (
        "Thời điểm phải theo RFC 3339, có múi giờ, ví dụ 2026-05-19T08:00:00+07:00.",
        "An instant is written by RFC 3339 with an offset, such as 2026-05-19T08:00:00+07:00.",
    ),
    "instant.past": ("Thời điểm phải ở tương lai.", "The instant must lie in the future."),
    "int_from_float": ("Phải là số nguyên.", "Must be a whole number."),
    "int_parsing": ("Phải là số nguyên.", "Must be a whole number."),
    "int_parsing_size": ("Số quá lớn.", "The number is too large."),
    "int_type": ("Phải là số nguyên.", "Must be a whole number."),
    "invalid": ("Giá trị không hợp lệ.", "The value is not valid."),
    "json_invalid": ("Nội dung không phải JSON hợp lệ.", "The content is no valid JSON."),
    "less_than_equal": ("Nhiều nhất là {le}.", "Must be at most {le}."),
    "list_type": ("Phải là một danh sách.", "Must be a list."),
    "literal_error": ("Phải là một trong các giá trị: {expected}.", "Must be one of: {expected}."),
    "markdown.too_long": ("Văn bản quá dài.", "The text is too long."),
    "member.admitted_before_birth": ("Ngày vào phải sau ngày sinh.", "Admission must come after birth."),
    "member.confirmed_before_admitted": (
        "Ngày chính thức không được trước ngày vào.",
        "Confirmation must not come before admission.",
    ),
    "member.national_id_twice": (
        "Số căn cước này đã có ở dòng {row} của tệp.",
        "Row {row} of the file has this citizen id already.",
    ),
    "member.number_twice": (
        "Số thẻ này đã có ở dòng {row} của tệp.",
        "Row {row} of the file has this member number already.",
    ),
    "member.unknown": ("Không có người này.", "There is no such member."),
    "missing": ("Thiếu mục này.", "This field is missing."),
    "model_attributes_type": ("Phải là một đối tượng JSON.", "Must be a JSON object."),
    "notice.classified": (
        "Không đưa tài liệu mật vào đây: chỉ nhận public hoặc internal.",
        "Classified material has no place here: only public or internal.",
    ),
    "password.contains_login": ("Mật khẩu không được chứa tên đăng nhập.", "The password must not contain the login."),
    "password.demonstration": (
        "Mật khẩu trình diễn không dùng được ở đây.",
        "A demonstration password is not accepted here.",
    ),
    "password.too_common": ("Mật khẩu này quá dễ đoán.", "This password is too easy to guess."),
    "password.wrong": ("Mật khẩu hiện tại chưa đúng.", "The current password is not right."),
    "phone.invalid": ("Không có số điện thoại như vậy.", "No telephone has such a number."),
    "phone.malformed": ("Số điện thoại chưa đúng.", "This is no telephone number."),
    "photo.damaged": ("Tệp ảnh bị hỏng.", "The picture is damaged."),
    "photo.not_an_image": ("Tệp không phải là ảnh.", "The file is no picture."),
    "photo.too_large": ("Ảnh quá lớn.", "The picture is too large."),
    "photo.unsupported": ("Chỉ nhận ảnh JPEG, PNG hoặc WebP.", "Only JPEG, PNG and WebP are taken."),
    "revision.unknown": ("Thông báo không có bản này.", "The notice has no such revision."),
    "roster.column_twice": (
        "Các cột {columns} đều là {field}: chỉ giữ một.",
        "The columns {columns} are all {field}: keep one.",
    ),
    "roster.columns_missing": ("Thiếu cột: {columns}.", "Columns are missing: {columns}."),
    "roster.kinds_mixed": (
        "Các trang tính không cùng loại: hãy nêu tên một trang bằng --sheet.",
        "The sheets are not of one kind: name one with --sheet.",
    ),
    "roster.no_rows": ("Tệp không có dòng nào.", "The file holds no rows."),
    "roster.unrecognised": (
        "Không nhận ra các cột: cần bảng tổ chức hoặc bảng hội viên.",
        "The columns are neither those of branches nor of members.",
    ),
    "row.extra_cells": (
        "Dòng có ô nằm ngoài các cột có tiêu đề; có thể dữ liệu đã bị lệch cột.",
        "There are cells beyond the columns with headers; the row may have slipped.",
    ),
    "string_pattern_mismatch": ("Có ký tự không được phép.", "It has characters that are not allowed."),
    "string_too_long": ("Dài nhất {max_length} ký tự.", "At most {max_length} characters."),
    "string_too_short": ("Ít nhất {min_length} ký tự.", "At least {min_length} characters."),
    "string_type": ("Phải là chuỗi ký tự.", "Must be text."),
    "table.cell_too_long": ("Ô ở dòng {row} quá dài.", "A cell in row {row} is too long."),
    "table.duplicate_header": ("Có hai cột cùng tiêu đề.", "Two columns have the same heading."),
    "table.empty": ("Tệp trống.", "The file is empty."),
    "table.line_too_long": ("Dòng {row} quá dài.", "Line {row} is too long."),
    "table.malformed": ("Tệp bị hỏng.", "The file is damaged."),
    "table.no_header": ("Tệp không có dòng tiêu đề.", "The file has no heading row."),
    "table.not_a_table": ("Tệp không phải CSV hoặc XLSX.", "The file is neither CSV nor XLSX."),
    "table.nul": ("Tệp chứa ký tự NUL.", "The file holds NUL characters."),
    "table.sheet_missing": ("Không có trang tính này.", "There is no such sheet."),
    "table.too_large": ("Bảng quá lớn.", "The table is too large."),
    "table.undecodable": ("Dòng {row} không phải UTF-8.", "Line {row} is not UTF-8."),
    "template.day_unexpected": (
        "Chỉ nêu ngày khi mẫu là buổi sinh hoạt.",
        "A day is named only where the template is an activity.",
    ),
    "text.control_character": ("Có ký tự điều khiển không được phép.", "It has control characters."),
    "text.surrogate": ("Có ký tự không hợp lệ.", "It has characters that Unicode forbids."),
    "time.malformed": (
        "Giờ phải có dạng GIỜ:PHÚT, ví dụ 19:30.",
        "A time of day is written HH:MM, such as 19:30.",
    ),
    "timezone.unknown": ("Không có múi giờ này.", "There is no such time zone."),
    "too_long": ("Nhiều nhất {max_length} mục.", "At most {max_length} items."),
    "too_short": ("Ít nhất {min_length} mục.", "At least {min_length} items."),
    "url.malformed": ("Phải là một địa chỉ bắt đầu bằng https://.", "Must be an address that begins with https://."),
    "uuid_parsing": ("Mã định danh không đúng.", "This is no identifier."),
    "uuid_type": ("Mã định danh phải là chuỗi ký tự.", "An identifier is text."),
}
