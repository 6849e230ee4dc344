"""Notices on the life of a branch: dues, meetings, the roster, its members."""

from api.demo.texts.shape import NoticeText

BRANCH_LIFE = (
    NoticeText(
        title="Thu đảng phí quý này",
        body="""Chi ủy thông báo về việc thu, nộp đảng phí quý này như sau.

- Đảng viên hưởng lương: **1%** tiền lương và các khoản phụ cấp tính đóng bảo hiểm.
- Đảng viên là nông dân, lao động tự do: từ 4.000 đồng đến 10.000 đồng một tháng tùy thu nhập.
- Đảng viên hưởng lương hưu: **0,5%** mức lương hưu.
- Đảng viên có hoàn cảnh đặc biệt khó khăn làm đơn gửi chi ủy để được xem xét miễn, giảm.

Đồng chí nào đi làm ăn xa có thể chuyển khoản cho thủ quỹ hoặc nhờ người nhà nộp thay, ghi rõ *họ tên, số \
thẻ và các tháng nộp*. Thủ quỹ ghi sổ và xác nhận ngay trong ngày.

Hạn cuối là thứ Sáu tuần này để chi bộ kịp quyết toán với cấp trên. Rất mong các đồng chí thực hiện đúng \
hạn.""",
        branch_kind="cell",
        days_ago=3,
        requires_ack=True,
        reach="here",
    ),
    NoticeText(
        title="Kết luận buổi sinh hoạt chi bộ tháng này",
        body="""Chi bộ đã họp với 27 đồng chí có mặt, 3 đồng chí vắng có lý do. Chủ trì kết luận mấy việc \
sau.

## 1. Kết quả tháng trước
Hoàn thành 5/6 việc đã đề ra. Việc chưa xong là sửa đoạn kênh sau nhà văn hóa, do mưa nhiều nên chuyển \
sang tháng này.

## 2. Việc tháng này

| Việc | Người phụ trách | Xong trước |
| --- | --- | --- |
| Sửa kênh, khơi thông cống | Tổ đảng số 1 | ngày 15 |
| Rà soát hộ cần giúp ngày công | Chi hội phụ nữ | ngày 10 |
| Cập nhật danh sách đảng viên đi làm xa | Phó bí thư | ngày 20 |
| Chuẩn bị chuyên đề quý | Bí thư | ngày 25 |

## 3. Ý kiến đảng viên
1. Đề nghị xã sửa đèn đường ở ngõ 4 – chi ủy đã ghi nhận và gửi văn bản.
2. Đề nghị họp sớm hơn 30 phút vào mùa đông – chi bộ **nhất trí**, áp dụng từ tháng sau.

Biên bản đầy đủ lưu tại chi ủy; đồng chí nào vắng mặt xin đọc và xác nhận đã nắm được nội dung.""",
        branch_kind="cell",
        days_ago=9,
        category="document",
        requires_ack=True,
        reach="here",
    ),
    NoticeText(
        title="Rà soát, cập nhật danh sách đảng viên",
        body="""Để số liệu trên sổ tay điện tử khớp với hồ sơ giấy, đề nghị bí thư các chi bộ rà soát danh \
sách của mình:

1. Đối chiếu **họ và tên, ngày sinh, số thẻ, ngày vào, ngày chính thức** với lý lịch gốc.
2. Kiểm tra số điện thoại; số 11 chữ số cũ cần đổi sang đầu số mới.
3. Kiểm tra số căn cước công dân đủ 12 chữ số.
4. Lập danh sách đảng viên đi làm ăn xa quá ba tháng, ghi rõ nơi đến.
5. Báo ngay các trường hợp trùng tên, trùng số thẻ.

Việc sửa các thông tin quan trọng phải có minh chứng và được cấp trên duyệt. **Không** gửi ảnh chụp căn \
cước qua mạng xã hội; chỉ dùng chức năng *Đề nghị cập nhật hồ sơ* trong ứng dụng.

Đề nghị hoàn thành trong hai tuần và xác nhận bằng cách bấm *Đã nắm được* ở thông báo này.""",
        branch_kind="commune",
        days_ago=12,
        requires_ack=True,
        reach="roles",
        roles=("secretary", "deputy"),
    ),
    NoticeText(
        title="Tin buồn và lịch viếng",
        body="""Chi bộ vô cùng thương tiếc báo tin: cụ ông thân sinh của một đồng chí trong chi bộ ta đã \
từ trần sau một thời gian lâm bệnh, hưởng thọ 88 tuổi.

- **Lễ viếng**: từ 8 giờ đến 16 giờ thứ Tư, tại nhà riêng.
- **Lễ truy điệu**: 7 giờ 30 sáng hôm sau.
- **An táng**: nghĩa trang của xã.

Đoàn của chi bộ tập trung tại cổng nhà văn hóa lúc 9 giờ để cùng vào viếng. Theo quy ước của thôn, đám \
tang không dùng vòng hoa nhiều, không mở loa sau 22 giờ.

Chi bộ xin chia buồn cùng gia đình, và mong các đồng chí ở gần giúp gia đình dựng rạp, đón khách trong \
hai ngày này.""",
        branch_kind="cell",
        days_ago=20,
        reach="here",
    ),
    NoticeText(
        title="Lễ kết nạp đảng viên mới",
        body="""Được sự đồng ý của cấp trên, chi bộ tổ chức lễ kết nạp cho hai quần chúng ưu tú, một cô \
giáo mầm non và một anh tổ trưởng tổ hợp tác trồng nấm.

**Thời gian**: 19 giờ 30 thứ Năm. **Địa điểm**: hội trường nhà văn hóa.

Chương trình:
1. Chào cờ, tuyên bố lý do.
2. Đọc quyết định kết nạp, trao quyết định.
3. Đảng viên mới đọc lời hứa.
4. Bí thư nêu nhiệm vụ, phân công người giúp đỡ trong thời gian dự bị.
5. Phát biểu của đại diện gia đình.

Đề nghị các đồng chí mặc trang phục gọn gàng, đến trước 15 phút. Đồng chí nào không dự được xin báo với \
phó bí thư.""",
        branch_kind="cell",
        days_ago=6,
        reach="here",
    ),
    NoticeText(
        title="Hướng dẫn thủ tục chuyển sinh hoạt",
        body="""Thời gian qua nhiều đồng chí đi học, đi làm xa hoặc nghỉ hưu mà chưa làm thủ tục chuyển \
sinh hoạt. Ban Tổ chức hướng dẫn lại như sau.

## Chuyển sinh hoạt tạm thời
Áp dụng khi vắng từ 3 tháng đến dưới 12 tháng.
- Đảng viên mở mục *Chuyển sinh hoạt* trong ứng dụng, chọn nơi đến, thời hạn và lý do.
- Bí thư nơi đi xác nhận; bí thư nơi đến tiếp nhận.
- Hết hạn, việc chuyển tự kết thúc; muốn kéo dài phải đề nghị lại.

## Chuyển sinh hoạt chính thức
Áp dụng khi thay đổi nơi công tác, nơi cư trú lâu dài.
- Đảng viên tự kiểm điểm từ đầu năm đến thời điểm chuyển, có nhận xét của chi ủy.
- Nộp đủ đảng phí đến hết tháng.
- Trong **30 ngày** phải trình diện ở nơi mới.

## Những lỗi hay gặp

| Lỗi | Cách xử lý |
| --- | --- |
| Chọn nhầm nơi đến | Hủy đề nghị, làm lại; không gọi điện nhờ sửa |
| Nơi đến không tiếp nhận sau 10 ngày | Báo bí thư nơi đi để liên hệ |
| Giữ hồ sơ giấy quá lâu | Gửi bảo đảm hoặc chuyển tay có ký nhận |

Đề nghị các chi bộ phổ biến trong kỳ sinh hoạt gần nhất và giúp các đồng chí cao tuổi thao tác.""",
        branch_kind="province",
        days_ago=34,
        category="document",
    ),
    NoticeText(
        title="Tặng huy hiệu và mừng thọ đảng viên cao tuổi",
        body="""Đợt này đảng bộ có **14 đồng chí** được trao huy hiệu từ 30 năm đến 65 năm tuổi đảng, \
trong đó có 2 đồng chí nhận huy hiệu 65 năm.

Lễ trao tổ chức lúc 8 giờ thứ Ba tại hội trường. Với các đồng chí sức khỏe yếu, đoàn sẽ đến tận nhà trao \
vào buổi chiều cùng ngày, xin gia đình không chuẩn bị cỗ bàn.

Đề nghị các chi bộ:
- cử người đưa đón các cụ ở xa trung tâm;
- chuẩn bị lời chúc ngắn gọn, một bó hoa nhỏ;
- chụp ảnh gửi về văn phòng để làm kỷ yếu.

Nhân dịp này, thường trực cũng gửi lời chúc sức khỏe đến các đồng chí từ 70 tuổi trở lên.""",
        branch_kind="commune",
        days_ago=15,
    ),
    NoticeText(
        title="Đánh giá, xếp loại chất lượng cuối năm",
        body="""Căn cứ kế hoạch của cấp trên, đề nghị các chi bộ tiến hành kiểm điểm, đánh giá, xếp loại \
theo trình tự sau.

1. **Đảng viên** tự viết bản kiểm điểm theo mẫu, nộp chi ủy trước kỳ họp 5 ngày.
2. **Chi ủy** tổng hợp ý kiến nhận xét của nơi cư trú đối với đảng viên đang công tác.
3. **Chi bộ** họp, góp ý từng người, bỏ phiếu kín. Phiếu do chi bộ tự in, có đóng dấu treo.
4. **Bí thư** nhập kết quả và tải biên bản kiểm phiếu lên hệ thống.

Một số điểm cần lưu ý:

- Tỉ lệ hoàn thành xuất sắc không quá **20%** số được xếp loại hoàn thành tốt.
- Đảng viên mới kết nạp chưa đủ 6 tháng vẫn kiểm điểm nhưng không xếp loại.
- Đảng viên được miễn sinh hoạt thì không bắt buộc kiểm điểm.
- Không lấy việc đọc thông báo, điểm danh trên ứng dụng làm căn cứ so bì người này với người khác; đó chỉ \
là công cụ giúp nhau không bỏ sót việc.

Các mẫu biểu ở mục *Tài liệu*. Đề nghị hoàn thành và báo cáo về văn phòng trước ngày 15 tháng cuối của \
năm.""",
        branch_kind="base",
        days_ago=48,
        category="document",
        requires_ack=True,
    ),
    NoticeText(
        title="Phân công trực nhà văn hóa tháng này",
        body="""Để nhà văn hóa mở cửa các buổi tối cho bà con tập văn nghệ, đọc sách, tổ phân công như sau:

| Buổi | Người trực |
| --- | --- |
| thứ Hai, thứ Tư | Nhóm 1 – đồng chí tổ trưởng phụ trách |
| thứ Ba, thứ Năm | Nhóm 2 |
| thứ Sáu, thứ Bảy | Nhóm 3 và đoàn viên thanh niên |
| Chủ nhật | Dọn vệ sinh chung |

Giờ mở cửa 19 giờ, đóng cửa 21 giờ 30. Người trực kiểm tra cầu dao, vòi nước, khóa cửa và ghi sổ bàn \
giao. Ai bận thì tự đổi cho nhau và báo tổ trưởng trước một ngày.""",
        branch_kind="group",
        days_ago=2,
        reach="here",
    ),
    NoticeText(
        title="Mời đóng góp ý kiến cho dự thảo quy chế làm việc",
        body="""Ban chấp hành đã xây dựng dự thảo quy chế làm việc nhiệm kỳ mới, gồm 5 chương, 22 điều. So \
với quy chế cũ, dự thảo có ba điểm mới:

1. Quy định rõ việc **họp trực tuyến** ở nơi đi lại khó khăn và cách lấy biểu quyết.
2. Rút ngắn thời gian trả lời đề nghị của đảng viên từ 15 ngày xuống 7 ngày làm việc.
3. Công khai lịch tiếp đảng viên hằng tháng trên sổ tay điện tử.

Đề nghị các đồng chí đọc dự thảo ở mục *Tài liệu* và gửi ý kiến cho bí thư chi bộ mình. Chi bộ tổng hợp \
thành một văn bản, nêu rõ điều khoản, lý do và câu chữ đề nghị sửa. Ý kiến trái nhau đều được ghi lại đầy \
đủ.

Thời hạn nhận ý kiến: hết ngày 20.""",
        branch_kind="commune",
        days_ago=27,
        category="document",
    ),
    NoticeText(
        title="Nhắc lịch thăm hỏi đảng viên ốm đau",
        body="""Trong tháng chi bộ có 3 đồng chí nằm viện và một đồng chí vừa mổ mắt. Chi ủy phân công \
thăm hỏi như sau:

- Tổ 1 thăm hai đồng chí đang điều trị tại trung tâm y tế, 14 giờ thứ Bảy.
- Tổ 2 thăm tại nhà đồng chí mới mổ mắt, đi buổi tối cho mát.
- Thủ quỹ chuẩn bị quà, mỗi suất 300.000 đồng, trích từ quỹ tình nghĩa.

Xin đi gọn, mỗi đoàn không quá bốn người, không hỏi han lâu làm người bệnh mệt. Đồng chí nào có người nhà \
ốm mà chi bộ chưa biết, xin nhắn giúp để khỏi thiếu sót.""",
        branch_kind="cell",
        days_ago=5,
        reach="here",
    ),
)
