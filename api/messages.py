"""What every refusal is called and what it says, in both languages. `tests/test_architecture.py` holds it complete.

Keyed by the last part of a problem's type; each gives (title, detail). `{names}` are filled from the error's values.
What is wrong with single fields is said in `field_messages`.
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
    "activity.cancelled": Message(
        ("Buổi sinh hoạt đã huỷ", "Buổi sinh hoạt này đã huỷ nên không điểm danh được."),
        ("Cancelled", "This activity was called off: there is no attendance to take."),
    ),
    "activity.capacity_taken": Message(
        ("Không đủ chỗ", "Số người đã nhận lời nhiều hơn số chỗ mới."),
        ("Places already taken", "More people have said yes than the new number of places."),
    ),
    "activity.not_audience": Message(
        ("Không mời bạn", "Buổi sinh hoạt này không gửi đến bạn."),
        ("Not for you", "This activity is not addressed to you."),
    ),
    "activity.not_begun": Message(
        (
            "Chưa đến giờ",
            "Chỉ ghi có mặt hoặc vắng mặt từ 30 phút trước giờ bắt đầu; vắng có lý do thì ghi trước được.",
        ),
        ("Not yet", "Who is present or absent is marked from 30 minutes before the start; who is excused also before."),
    ),
    "activity.over": Message(
        ("Buổi sinh hoạt đã kết thúc", "Buổi sinh hoạt này đã kết thúc hoặc đã huỷ."),
        ("Over", "This activity is over, or was called off."),
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
    "attempt.late": Message(
        ("Đã hết giờ", "Lượt làm bài đã hết giờ trước khi được nộp."),
        ("Too late", "The time was over before the attempt was handed in."),
    ),
    "attempt.submitted": Message(
        ("Đã nộp rồi", "Lượt làm bài này đã nộp với câu trả lời khác; kết quả đầu được giữ."),
        ("Handed in already", "This attempt was handed in with other answers; its result stands."),
    ),
    "attempt.unlike": Message(
        ("Lượt làm bài không khớp", "Lượt làm bài này thuộc bài kiểm tra, phiên bản hoặc đề khác."),
        ("Another attempt", "This attempt is at another quiz, version or draw."),
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
    "code.expired": Message(
        ("Mã đã hết hạn", "Mã điểm danh chỉ dùng được trong phút nó được đưa ra. Hãy quét mã đang hiện."),
        ("Code expired", "A code is good in the minute in which it is shown. Scan the one that is shown now."),
    ),
    "code.forged": Message(
        ("Mã không đúng", "Mã điểm danh này không do hệ thống tạo ra. Hãy quét lại mã đang hiện."),
        ("Not a true code", "This code was not made by the handbook. Scan the one that is shown."),
    ),
    "code.malformed": Message(
        ("Không phải mã điểm danh", "Nội dung đã quét không phải là mã điểm danh."),
        ("Not a code", "What was scanned is no code to check in by."),
    ),
    "code.other_activity": Message(
        ("Mã của buổi khác", "Mã điểm danh này thuộc về một buổi sinh hoạt khác."),
        ("Another activity's code", "This code belongs to another activity, or to another time of this one."),
    ),
    "code.outside_window": Message(
        ("Ngoài giờ điểm danh", "Điểm danh bằng mã chỉ mở từ 30 phút trước giờ bắt đầu cho đến giờ kết thúc."),
        ("Outside the hours", "Checking in by code is open from 30 minutes before the start until the end."),
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
    "event.material_unknown": Message(
        ("Không có tài liệu này", "Lúc đó bạn không có tài liệu này."),
        ("Not your material", "You did not have this material then."),
    ),
    "event.notice_unknown": Message(
        ("Không có thông báo này", "Không có thông báo này, hoặc khi đó thông báo không gửi đến bạn."),
        ("No such notice", "There is no such notice, or it was not addressed to you at that time."),
    ),
    "event.quiz_unknown": Message(
        ("Không có bài kiểm tra này", "Không có bài kiểm tra này, hoặc khi đó bài không dành cho bạn."),
        ("No such quiz", "There is no such quiz, or it was not addressed to you at that time."),
    ),
    "file.too_large": Message(
        ("Tệp quá lớn", "Tệp loại này nhiều nhất {megabytes} MB."),
        ("File too large", "Files of this type may have at most {megabytes} MB."),
    ),
    "device.too_many": Message(
        (
            "Quá nhiều thiết bị",
            "Mỗi hội viên nhận thông báo trên nhiều nhất {most} thiết bị. Hãy đăng xuất thiết bị cũ.",
        ),
        ("Too many devices", "A member is told of news on at most {most} devices. Sign out of an old one."),
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
    "material.not_audience": Message(
        ("Không dành cho bạn", "Tài liệu này không gửi đến bạn nên không ghi tiến độ và dấu trang."),
        ("Not for you", "This material is not addressed to you: there is no progress or bookmark of yours to keep."),
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
    "notice.not_activity": Message(
        ("Không phải buổi sinh hoạt", "Thông báo này không mời đến một buổi sinh hoạt nào."),
        ("Not an activity", "This notice does not call to an activity."),
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
    "package.too_large": Message(
        ("Gói quá lớn", "Gói ngoại tuyến của chuyên đề này vượt quá {gigabytes} GB hoặc 2.000 tệp."),
        ("Package too large", "The offline package of this collection exceeds {gigabytes} GB or 2,000 files."),
    ),
    "range.unsatisfiable": Message(
        ("Không có phần này", "Tệp ngắn hơn phần được yêu cầu."),
        ("No such part", "The file ends before the part that was asked for."),
    ),
    "quiz.closed": Message(
        ("Đã đóng", "Bài kiểm tra đã đóng."),
        ("Closed", "The quiz is closed."),
    ),
    "quiz.no_attempts_left": Message(
        ("Hết lượt", "Bạn đã dùng hết số lượt làm bài."),
        ("No attempt left", "You have used all your attempts at this quiz."),
    ),
    "quiz.not_audience": Message(
        ("Không dành cho bạn", "Bài kiểm tra này không dành cho bạn."),
        ("Not for you", "This quiz is not addressed to you."),
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
    "rsvp.closed": Message(
        ("Hết hạn trả lời", "Đã quá hạn trả lời cho buổi sinh hoạt này. Hãy báo trực tiếp với người tổ chức."),
        ("Too late to answer", "The time to answer is over. Please tell whoever arranges the activity."),
    ),
    "rsvp.full": Message(
        ("Đã đủ chỗ", "Buổi sinh hoạt này đã đủ người đăng ký."),
        ("No place left", "As many have said that they come as there are places."),
    ),
    "sign_in.required": Message(
        ("Cần đăng nhập", "Hãy đăng nhập. Nếu vừa nhập thông tin đăng nhập thì thông tin đó chưa đúng."),
        ("Sign in", "Please sign in. If you just did, the login or the password or code was not right."),
    ),
    "sign_in.too_many": Message(
        ("Thử quá nhiều lần", "Đã có quá nhiều lần đăng nhập không đúng. Hãy thử lại sau {retry_after} giây."),
        ("Too many tries", "There were too many wrong sign-ins. Try again in {retry_after} seconds."),
    ),
    "study.audience_fixed": Message(
        ("Không đổi được đối tượng", "Nội dung đã đăng thì không đổi được đối tượng; hãy tạo nội dung mới."),
        ("Audience is fixed", "What has been published keeps its audience; write a new one instead."),
    ),
    "study.not_published": Message(
        ("Chưa đăng", "Chỉ nội dung đang đăng mới thực hiện được việc này."),
        ("Not published", "Only what is published can be treated like this."),
    ),
    "study.nothing_changed": Message(
        ("Không có gì thay đổi", "Bản nháp giống hệt phiên bản đang đăng."),
        ("Nothing changed", "The draft says the same as the published version."),
    ),
    "study.slug_taken": Message(
        ("Tên ngắn đã có", "Tổ chức này đã có một nội dung cùng loại với tên ngắn {name}."),
        ("Slug taken", "This branch has a thing of this kind with the slug {name} already."),
    ),
    "study.superseded": Message(
        ("Đã có bản thay thế", "Nội dung này đã được thay bằng nội dung khác nên không sửa được nữa."),
        ("Superseded", "Something else has taken the place of this; it can no longer be changed."),
    ),
    "study.withdrawn": Message(
        ("Đã thu hồi", "Nội dung này đã được thu hồi nên không sửa được nữa."),
        ("Withdrawn", "This has been withdrawn and can no longer be changed."),
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
