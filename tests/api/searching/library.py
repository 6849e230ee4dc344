"""A small library to search in, and what people type with what they should find first."""

from typing import Any

LIBRARY: tuple[dict[str, Any], ...] = (
    {
        "slug": "nq57",
        "title": "Đột phá phát triển khoa học, công nghệ",
        "document_no": "57-NQ/TW",
        "body": "Nghị quyết về đổi mới sáng tạo và chuyển đổi số quốc gia, ban hành ngày 22/12/2024.",
        "tags": ["khoa học", "chuyển đổi số"],
        "level": "advanced",
    },
    {
        "slug": "nq18",
        "title": "Sắp xếp tổ chức bộ máy tinh gọn",
        "document_no": "18-NQ/TW",
        "body": "Một số vấn đề về tiếp tục đổi mới, sắp xếp tổ chức bộ máy của hệ thống chính trị.",
    },
    {
        "slug": "mat-khau",
        "title": "Đặt mật khẩu an toàn",
        "body": "Mật khẩu dài thì khó đoán. Không dùng ngày sinh. Bật xác thực hai lớp cho thư điện tử.",
        "tags": ["kỹ năng số"],
        "level": "basic",
    },
    {
        "slug": "lua-dao",
        "title": "Nhận biết lừa đảo qua điện thoại",
        "body": "Kẻ xấu giả danh công an, ngân hàng, yêu cầu chuyển tiền. Không đọc mã OTP cho bất cứ ai.",
        "tags": ["kỹ năng số"],
        "level": "basic",
    },
    {
        "slug": "duoi-nuoc",
        "title": "Sơ cứu người bị đuối nước",
        "body": "Gọi cấp cứu 115. Kiểm tra hơi thở, ép tim ngoài lồng ngực 30 lần rồi thổi ngạt 2 lần.",
    },
    {
        "slug": "bong",
        "title": "Xử trí khi bị bỏng",
        "body": "Xả nước mát sạch trong 20 phút. Không bôi kem đánh răng, không chọc vỡ nốt phỏng.",
    },
    {
        "slug": "sinh-hoat",
        "title": "Chuẩn bị buổi sinh hoạt chi bộ",
        "body": "Chi uỷ họp trước để thống nhất nội dung, dự kiến nghị quyết và phân công người điều hành.",
    },
    {
        "slug": "bien-ban",
        "title": "Ghi biên bản họp chi bộ",
        "body": "Biên bản ghi đúng, đủ ý kiến thảo luận và kết quả biểu quyết của từng nội dung.",
    },
    {
        "slug": "khong-dau",
        "title": "Go tieng Viet khong dau",
        "body": "Bai viet khong dau cua mot so dien thoai cu: nghi quyet, chi bo, sinh hoat.",
    },
    {
        "slug": "nghi-phep",
        "title": "Nghỉ phép và nghỉ chế độ",
        "body": "Người lao động được nghỉ hằng năm 12 ngày. Quyết định nghỉ do thủ trưởng ký.",
    },
    {
        "slug": "rung",
        "title": "Trồng rừng và phòng cháy",
        "body": "Mùa khô phải trực cháy. Đường băng cản lửa rộng từ 8 đến 12 mét.",
    },
    {
        "slug": "duong-mon",
        "title": "Đường mòn Hồ Chí Minh trên biển",
        "body": "Những con tàu không số chở vũ khí vào miền Nam, xuất phát từ bến K15 Đồ Sơn.",
    },
    {
        "slug": "dien-bien",
        "title": "Chiến thắng Điện Biên Phủ",
        "body": "Ngày 7-5-1954 cứ điểm cuối cùng thất thủ sau 56 ngày đêm khoét núi, ngủ hầm.",
    },
    {
        "slug": "bao-hiem",
        "title": "Bảo hiểm y tế hộ gia đình",
        "body": "Mức đóng giảm dần từ người thứ hai. Tra cứu thời hạn trên ứng dụng VssID.",
    },
    {
        "slug": "luat-dat-dai",
        "title": "Hỏi đáp Luật Đất đai",
        "document_no": "31/2024/QH15",
        "body": "Thu hồi đất, bồi thường, hỗ trợ và tái định cư; cấp giấy chứng nhận quyền sử dụng đất.",
    },
    {
        "slug": "huong-dan",
        "title": "Hướng dẫn thi hành Điều lệ",
        "document_no": "01-HD/TW",
        "body": "Một số vấn đề cụ thể về thi hành Điều lệ, thể thức chuyển sinh hoạt và nộp phí.",
    },
)
"""Written in this order, so that the last is the newest."""

CASES: tuple[tuple[str, str], ...] = (
    # with tones, without, and with some
    ("mật khẩu", "mat-khau"),
    ("mat khau", "mat-khau"),
    ("mật khau", "mat-khau"),
    ("lừa đảo", "lua-dao"),
    ("lua dao", "lua-dao"),
    ("đuối nước", "duoi-nuoc"),
    ("duoi nuoc", "duoi-nuoc"),
    ("bỏng", "bong"),
    ("bong", "bong"),
    ("biên bản", "bien-ban"),
    ("bien ban hop", "bien-ban"),
    ("bảo hiểm y tế", "bao-hiem"),
    ("bao hiem y te", "bao-hiem"),
    ("trồng rừng", "rung"),
    ("tinh gọn", "nq18"),
    # the right tones first
    ("nghị quyết", "sinh-hoat"),
    ("nghi quyet", "khong-dau"),
    ("nghỉ", "nghi-phep"),
    ("nghỉ phép", "nghi-phep"),
    ("nghị", "sinh-hoat"),
    ("rừng", "rung"),
    ("không dấu", "khong-dau"),
    ("đường", "duong-mon"),
    # đ and d
    ("dien bien phu", "dien-bien"),
    ("điện biên phủ", "dien-bien"),
    ("Dien Bien", "dien-bien"),
    ("dot pha", "nq57"),
    ("Đột phá", "nq57"),
    ("luat dat dai", "luat-dat-dai"),
    ("dieu le", "huong-dan"),
    # letters and marks apart (NFD)
    ("mâ\u0323t khâ\u0309u", "mat-khau"),
    ("ðiện biên", "dien-bien"),
    ("Đie\u0323\u0302n Bie\u0302n", "dien-bien"),
    ("bỏng".replace("ỏ", "o\u0309"), "bong"),
    # capitals
    ("MẬT KHẨU", "mat-khau"),
    ("SINH HOẠT CHI BỘ", "sinh-hoat"),
    ("Hồ chí minh", "duong-mon"),
    ("OTP", "lua-dao"),
    ("vssid", "bao-hiem"),
    # blanks where there should be none, and none where there should be
    ("matkhau", "mat-khau"),
    ("mậtkhẩu", "mat-khau"),
    ("sinhhoat chibo", "sinh-hoat"),
    ("nghiphep", "nghi-phep"),
    ("  mật    khẩu ", "mat-khau"),
    ("dienbienphu", "dien-bien"),
    ("lua\u00a0dao", "lua-dao"),
    # numbers of documents
    ("57-NQ/TW", "nq57"),
    ("57-nq/tw", "nq57"),
    ("57 nq tw", "nq57"),
    ("57-NQ", "nq57"),
    ("18-NQ/TW", "nq18"),
    ("18-nq/t", "nq18"),
    ("31/2024/QH15", "luat-dat-dai"),
    ("qh15", "luat-dat-dai"),
    ("01-HD/TW", "huong-dan"),
    # together
    ('"chi bộ"', "bien-ban"),
    ('"chi uỷ họp"', "sinh-hoat"),
    ("“kem đánh răng”", "bong"),
    ('"tàu không số"', "duong-mon"),
    ('"mật khẩu" sinh', "mat-khau"),
    # begun
    ("mật kh", "mat-khau"),
    ("điện bi", "dien-bien"),
    ("so cuu duoi nu", "duoi-nuoc"),
    ("bảo hi", "bao-hiem"),
    ("thổi ng", "duoi-nuoc"),
    ("chiến th", "dien-bien"),
    ("sắp x", "nq18"),
    # in the text, words apart, numbers, dates
    ("xác thực hai lớp", "mat-khau"),
    ("ngân hàng công an", "lua-dao"),
    ("115", "duoi-nuoc"),
    ("22/12/2024", "nq57"),
    ("7-5-1954", "dien-bien"),
    ("K15", "duong-mon"),
    ("tái định cư", "luat-dat-dai"),
    ("biểu quyết", "bien-ban"),
)
"""What is typed, and the slug of what comes first."""

NOTHING = ("xyz", '"khẩu mật"', "mật khẩu rừng", "99-NQ/TW", "nghị quyết bảo hiểm", "-", "a")
