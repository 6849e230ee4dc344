"""Notices on study and work: resolutions, classes, contests, reports."""

from api.demo.texts.shape import NoticeText

STUDY = (
    NoticeText(
        title="Học tập nghị quyết về xây dựng nông thôn số",
        body="""Thực hiện kế hoạch của tỉnh, các chi bộ tổ chức học tập **Nghị quyết về xây dựng nông thôn \
số giai đoạn mới**. Nghị quyết nêu bốn mục tiêu và sáu nhóm nhiệm vụ, trong đó có những việc gắn trực \
tiếp với từng đảng viên.

## Nội dung chính cần nắm
1. Đến cuối kỳ, mọi thôn có điểm truy cập Internet công cộng và một tổ công nghệ cộng đồng hoạt động đều.
2. Hồ sơ hành chính cấp xã được nhận và trả qua mạng; người dân không phải nộp lại giấy tờ đã có trong dữ \
liệu.
3. Hợp tác xã được hỗ trợ đưa nông sản lên sàn, truy xuất được nguồn gốc.
4. Người cao tuổi, đồng bào vùng sâu được hướng dẫn tận nơi; **không ai bị bỏ lại vì không có điện thoại \
thông minh**.

## Cách tổ chức
- Nơi có mạng: xem bài giảng trên ứng dụng, sau đó thảo luận tập trung.
- Nơi không có mạng: bí thư tải trước tài liệu về máy, họp tại nhà văn hóa, điểm danh ngoại tuyến.
- Mỗi chi bộ thảo luận ít nhất một câu hỏi liên hệ thực tế, ghi vào biên bản.

## Câu hỏi gợi ý thảo luận
- Ở thôn ta việc gì đang phải đi lại nhiều lần mà có thể làm qua mạng?
- Những hộ nào cần người hướng dẫn trực tiếp? Ai nhận giúp?
- Làm sao để bà con không bị lừa khi giao dịch trên mạng?

## Kiểm tra kết quả
Cuối đợt, mỗi đảng viên làm một bài trắc nghiệm 10 câu, được làm lại nhiều lần. Kết quả chỉ để chi bộ \
biết phần nào cần giảng lại, **không xếp hạng** và không nêu tên.

| Bước | Nội dung | Thời gian |
| --- | --- | --- |
| 1 | Tải tài liệu, phân công báo cáo viên | tuần đầu |
| 2 | Học tập, thảo luận ở chi bộ | tuần thứ hai và thứ ba |
| 3 | Trắc nghiệm, viết đăng ký việc làm cụ thể | tuần thứ tư |
| 4 | Tổng hợp báo cáo | năm ngày sau khi kết thúc |

Đề nghị các cấp ủy quán triệt nghiêm túc, thiết thực, tránh hình thức.""",
        branch_kind="province",
        days_ago=18,
        category="document",
        requires_ack=True,
    ),
    NoticeText(
        title="Mở lớp kỹ năng số cho đảng viên cao tuổi",
        body="""Tổ công nghệ cộng đồng mở lớp kỹ năng số miễn phí, ưu tiên các đồng chí trên 60 tuổi.

**Lịch học**: các tối thứ Ba và thứ Năm, 19 giờ đến 20 giờ 30, trong ba tuần, tại phòng đọc nhà văn hóa.

Nội dung:
- Buổi 1: cài đặt, đăng nhập sổ tay điện tử, đổi mật khẩu.
- Buổi 2: đọc thông báo, xác nhận, xin vắng mặt.
- Buổi 3: nộp hồ sơ dịch vụ công.
- Buổi 4: gọi hình cho con cháu, chụp và gửi ảnh.
- Buổi 5: nhận biết tin giả, cuộc gọi lừa đảo.
- Buổi 6: thanh toán tiền điện, tiền nước.

Các đồng chí mang theo điện thoại và sạc. Ai chưa có điện thoại thông minh vẫn đến học, lớp có sẵn 6 máy \
để mượn. Con cháu đi cùng càng tốt.""",
        branch_kind="base",
        days_ago=8,
    ),
    NoticeText(
        title="Cảnh báo tin nhắn giả danh thu đảng phí",
        body="""Hiện có đối tượng nhắn tin **giả danh ban tổ chức**, yêu cầu đảng viên bấm vào đường dẫn \
để "cập nhật thẻ" và nộp đảng phí. Đã có 2 người bị mất tiền.

Đề nghị các đồng chí nhớ:

1. Chi bộ **không bao giờ** thu tiền qua đường dẫn lạ.
2. Không ai được hỏi mật khẩu hay mã kích hoạt của đồng chí, kể cả bí thư.
3. Ứng dụng chỉ cập nhật từ kho ứng dụng chính thức.
4. Nhận cuộc gọi đòi tiền thì tắt máy, gọi lại số của bí thư đã lưu trong danh bạ.

Đồng chí nào lỡ bấm vào đường dẫn hãy báo ngay để được hỗ trợ khóa phiên đăng nhập, đồng thời trình báo \
công an xã. Nhờ các đồng chí phổ biến cho người thân, nhất là các cụ ở nhà một mình.""",
        branch_kind="province",
        days_ago=4,
        priority="urgent",
        requires_ack=True,
    ),
    NoticeText(
        title="Cuộc thi tìm hiểu lịch sử quê hương",
        body="""Ban Tuyên giáo phát động cuộc thi viết **"Chuyện làng tôi"**, tìm hiểu lịch sử, phong tục \
và những người đã góp công dựng xây quê hương.

- Đối tượng: đảng viên, đoàn viên, học sinh từ lớp 6.
- Bài viết không quá 2.000 chữ, hoặc phóng sự ảnh từ 8 đến 15 ảnh.
- Khuyến khích ghi lại lời kể của các cụ cao tuổi; nhớ xin phép trước khi ghi âm.
- Nhận bài đến hết ngày 30 của tháng sau, qua mục *Tài liệu* hoặc nộp bản viết tay cho chi ủy.

Ban tổ chức chọn 20 bài in thành tập san. Không chấm điểm hơn thua giữa các chi bộ; bài nào hay thì đọc \
trên đài truyền thanh xã cho bà con cùng nghe.""",
        branch_kind="province",
        days_ago=40,
    ),
    NoticeText(
        title="Chế độ báo cáo tháng qua sổ tay điện tử",
        body="""Từ tháng này, các chi bộ không phải gửi báo cáo giấy hằng tháng nữa. Số liệu đảng viên, \
chuyển sinh hoạt, điểm danh được tổng hợp tự động. Bí thư chỉ còn làm ba việc:

1. Ghi kết luận cuộc họp trong vòng **48 giờ** sau khi họp.
2. Điểm danh, kể cả những đồng chí xin vắng.
3. Xử lý các đề nghị cập nhật hồ sơ trong 7 ngày.

| Nội dung | Trước đây | Từ nay |
| --- | --- | --- |
| Báo cáo tháng | bản giấy, 4 trang | tự động |
| Danh sách đảng viên | gửi tệp qua thư | xem trực tiếp |
| Biên bản họp | lưu sổ | lưu sổ và ghi kết luận |

Sổ nghị quyết chi bộ **vẫn ghi tay** như quy định. Nơi mạng yếu có thể ghi ngoại tuyến, ứng dụng tự gửi \
khi có sóng. Có khó khăn xin gọi cán bộ văn phòng phụ trách khu vực.""",
        branch_kind="commune",
        days_ago=22,
        category="document",
        requires_ack=True,
        reach="roles",
        roles=("secretary", "deputy", "clerk"),
    ),
    NoticeText(
        title="Tập huấn nghiệp vụ cho bí thư mới",
        body="""Ban Tổ chức mở lớp tập huấn hai ngày cho các đồng chí mới giữ chức bí thư, phó bí thư chi \
bộ.

- **Khai mạc**: 7 giờ 30 thứ Hai, hội trường trung tâm chính trị.
- **Nội dung**: điều hành buổi sinh hoạt; nghiệp vụ kết nạp; công tác kiểm tra; sử dụng sổ tay điện tử.
- **Phương pháp**: thực hành theo nhóm, đóng vai xử lý tình huống, không đọc chép.
- **Chế độ**: hỗ trợ tiền ăn 150.000 đồng một ngày; ở xa trên 30 km được bố trí chỗ nghỉ.

Học viên mang theo sổ nghị quyết của chi bộ mình để cùng rút kinh nghiệm. Đề nghị các đồng chí xác nhận \
tham dự để ban tổ chức chuẩn bị chỗ ăn nghỉ.""",
        branch_kind="province",
        days_ago=11,
        requires_ack=True,
        reach="roles",
        roles=("secretary", "deputy"),
    ),
    NoticeText(
        title="Chuyên đề quý: tiết kiệm điện, tiết kiệm nước",
        body="""Chi bộ chọn chuyên đề sinh hoạt quý này là **tiết kiệm điện, nước trong cơ quan và gia \
đình**. Mỗi đồng chí chuẩn bị ý kiến theo mấy câu hỏi:

- Tháng rồi gia đình, phòng làm việc dùng hết bao nhiêu điện, tăng hay giảm?
- Thiết bị nào hay quên tắt?
- Có thể lấy nước mưa, nước rửa rau dùng lại vào việc gì?

Đồng chí phó bí thư trình bày số liệu của đơn vị trong 15 phút, sau đó chia ba nhóm thảo luận. Chi bộ sẽ \
chốt **ba việc làm ngay**, có người theo dõi, cuối quý xem lại.

Buổi sinh hoạt lúc 16 giờ thứ Sáu tại phòng họp tầng 2.""",
        branch_kind="cell",
        days_ago=7,
        reach="here",
    ),
    NoticeText(
        title="Giới thiệu tủ sách và bộ tài liệu mới",
        body="""Thư viện xã vừa nhận **320 đầu sách** do các nhà hảo tâm tặng, nhiều nhất là sách nông \
nghiệp, y học thường thức và truyện thiếu nhi. Ngoài ra, mục *Tài liệu* trên sổ tay điện tử có thêm ba \
bộ:

1. *Sổ tay công tác chi bộ*, bản mới, có mẫu biên bản.
2. *Hỏi đáp về chuyển sinh hoạt*, 40 câu.
3. *Kỹ thuật trồng cây ăn quả trên đất dốc*, kèm tranh vẽ.

Tài liệu tải về đọc được khi không có mạng. Mở cửa thư viện: sáng thứ Bảy và Chủ nhật, 8 giờ đến 11 giờ. \
Mượn không quá hai tuần, làm mất xin đền đúng cuốn ấy hoặc cuốn tương đương.""",
        branch_kind="commune",
        days_ago=30,
    ),
    NoticeText(
        title="Kế hoạch kiểm tra việc chấp hành điều lệ",
        body="""Ủy ban Kiểm tra thông báo kế hoạch kiểm tra thường kỳ đối với tám chi bộ trong quý.

**Nội dung kiểm tra**
- Nền nếp sinh hoạt, chất lượng ghi biên bản và nghị quyết.
- Việc thu, nộp và sử dụng đảng phí.
- Việc giải quyết đề nghị, kiến nghị của đảng viên.
- Việc bảo mật thông tin cá nhân: ai đã xem hồ sơ, xem để làm gì.

**Cách làm**
1. Chi bộ tự kiểm tra theo mẫu, gửi trước 5 ngày.
2. Đoàn làm việc tại chỗ một buổi, xem sổ sách, gặp ít nhất năm đảng viên.
3. Thông báo kết luận trong vòng 10 ngày; chi bộ được quyền giải trình.

Mục đích là giúp nhau làm đúng, không tìm lỗi để phê bình. Lịch cụ thể đoàn sẽ thống nhất với từng chi \
bộ, tránh ngày mùa và ngày thi của học sinh.""",
        branch_kind="commune",
        days_ago=37,
        category="document",
        reach="roles",
        roles=("secretary", "deputy", "clerk"),
    ),
    NoticeText(
        title="Phiên bản mới của sổ tay điện tử",
        body="""Sổ tay điện tử vừa có phiên bản mới, sửa nhiều góp ý của các đồng chí vùng cao:

- Đọc được **toàn bộ thông báo khi không có sóng**; việc xác nhận được gửi đi khi có mạng trở lại.
- Chữ to hơn, có chế độ nền tối.
- Tìm tên không cần gõ dấu: gõ `nguyen thi hoa` vẫn ra *Nguyễn Thị Hòa*, *Nguyễn Thị Hoa*.
- Hai người dùng chung một điện thoại có thể đăng xuất, đăng nhập nhanh.
- Lịch sinh hoạt tự hiện trong lịch của điện thoại.

Máy cũ không cập nhật được vẫn dùng bản hiện tại bình thường đến hết năm. Gặp lỗi xin chụp màn hình gửi \
bí thư chi bộ, nhớ che số căn cước và số điện thoại.""",
        branch_kind="central",
        days_ago=14,
    ),
)
