"""Notices that cannot wait, and those on safety, farming and the season."""

from api.demo.texts.shape import NoticeText

SAFETY = (
    NoticeText(
        title="KHẨN: Ứng phó bão và mưa rất to đêm nay",
        body="""Bão đang tiến nhanh vào đất liền, dự báo đêm nay và ngày mai có gió giật cấp 10, mưa \
200–350 mm, nguy cơ cao lũ quét, sạt lở đất ở vùng núi.

**Việc phải làm ngay:**

1. Tổ xung kích đến từng nhà ở ven suối, chân taluy, vận động di dời **trước 17 giờ**. Điểm sơ tán: \
trường học, nhà văn hóa.
2. Gọi toàn bộ tàu thuyền vào bờ; không để người ở lại trên lồng bè.
3. Chằng chống nhà cửa, chặt tỉa cành cây, cắt điện khi nước vào nhà.
4. Mỗi hộ chuẩn bị nước uống, lương khô, đèn pin, thuốc men đủ ba ngày; sạc đầy điện thoại.
5. Không đi qua ngầm tràn, không vớt củi trên sông.

**Phân công trực**: bí thư và trưởng thôn có mặt tại chỗ suốt đêm; báo cáo về ban chỉ huy lúc 18 giờ, 22 \
giờ và 5 giờ sáng.

Nơi mất sóng dùng kẻng: ba hồi dài là sơ tán. Đề nghị mọi đảng viên bấm xác nhận đã nhận thông báo; bí \
thư báo trực tiếp cho đồng chí nào không có điện thoại và đánh dấu *đã báo tận nơi*.""",
        branch_kind="province",
        days_ago=2,
        priority="urgent",
        requires_ack=True,
    ),
    NoticeText(
        title="Tổng hợp thiệt hại và khắc phục sau mưa lũ",
        body="""Mưa lũ đã qua. Đề nghị các chi bộ nắm tình hình, báo cáo nhanh theo mẫu và bắt tay khắc \
phục.

| Nội dung | Đơn vị tính | Ghi chú |
| --- | --- | --- |
| Nhà sập, tốc mái | nhà | ghi tên chủ hộ |
| Lúa, hoa màu ngập | ha | ngập trên 70% ghi riêng |
| Gia súc, gia cầm chết | con | đã chôn lấp hay chưa |
| Đường, kênh hư hỏng | mét | kèm ảnh |

Thứ tự ưu tiên: **người – nước sạch – trường học, trạm y tế – đường – sản xuất**.

- Thau rửa giếng, khử khuẩn bằng viên do trạm y tế phát; uống nước đun sôi.
- Xác súc vật chôn sâu, rắc vôi, không vứt xuống sông.
- Dựng lại nhà cho các hộ già yếu trước, lực lượng dân quân đảm nhiệm.
- Hàng cứu trợ nhận tại một đầu mối, có sổ, có hai người ký.

Báo cáo trước 10 giờ hằng ngày cho đến khi có thông báo mới.""",
        branch_kind="commune",
        days_ago=1,
        priority="urgent",
        requires_ack=True,
        reach="roles",
        roles=("secretary", "deputy", "clerk"),
    ),
    NoticeText(
        title="Tăng cường phòng cháy, chữa cháy rừng",
        body="""Nắng nóng kéo dài, cấp dự báo cháy rừng đang ở **cấp IV – nguy hiểm**. Đề nghị:

- Tạm dừng mọi hoạt động đốt nương, đốt thực bì cho đến khi có mưa.
- Không mang lửa vào rừng; người đi lấy mật, bẻ măng phải báo với trưởng thôn.
- Tổ bảo vệ rừng trực 24/24 giờ tại ba chốt, mỗi ca 4 người.
- Kiểm tra đường băng cản lửa, bể nước, máy thổi gió.

Phát hiện khói, lửa thì đánh kẻng và gọi ngay cho kiểm lâm địa bàn, **không tự ý vào dập lửa một mình**. \
Trẻ em chăn trâu cần được nhắc không nhóm lửa nướng khoai trong rừng.""",
        branch_kind="commune",
        days_ago=6,
        priority="urgent",
    ),
    NoticeText(
        title="Phòng, chống rét cho người và vật nuôi",
        body="""Không khí lạnh mạnh tràn về, vùng núi cao có thể xuống dưới 5 độ, có băng giá.

**Với người**: nhắc các cụ già, trẻ nhỏ mặc ấm, không sưởi bằng than trong phòng kín vì dễ ngộ độc. \
Trường cho học sinh nghỉ khi dưới 10 độ với tiểu học, dưới 7 độ với trung học cơ sở.

**Với trâu bò**: đưa về chuồng, che bạt kín gió, lót rơm; cho uống nước ấm pha muối; dự trữ rơm, cỏ ủ \
chua ít nhất 15 ngày. Không thả rông vào sáng sớm.

**Với cây trồng**: che ni lông cho mạ, tạm dừng cấy; tưới rửa sương muối buổi sáng.

Đảng viên được phân công phụ trách nhóm hộ đến từng nhà xem chuồng trại, giúp nhà thiếu bạt; chi hội có \
sẵn 60 tấm để cấp.""",
        branch_kind="base",
        days_ago=33,
    ),
    NoticeText(
        title="Phòng dịch bệnh trên đàn lợn",
        body="""Xã bên đã xuất hiện ổ dịch. Trạm thú y khuyến cáo các hộ chăn nuôi:

1. Không mua, bán, vận chuyển lợn không rõ nguồn gốc.
2. Rắc vôi, phun khử trùng chuồng trại mỗi tuần hai lần; thuốc nhận tại kho hợp tác xã.
3. Không cho ăn thức ăn thừa chưa nấu chín.
4. Hạn chế người lạ vào chuồng; thay ủng khi ra vào.
5. Thấy lợn bỏ ăn, sốt, da xuất huyết thì **báo ngay**, không bán chạy, không vứt xác ra kênh.

Hộ khai báo kịp thời được hỗ trợ theo quy định; giấu dịch thì không. Đảng viên chăn nuôi làm gương, ký \
cam kết trước và vận động hàng xóm cùng ký.""",
        branch_kind="base",
        days_ago=21,
    ),
    NoticeText(
        title="Lịch gieo cấy và điều tiết nước vụ tới",
        body="""Hợp tác xã thống nhất với trạm thủy nông lịch lấy nước và gieo cấy như sau.

| Cánh đồng | Lấy nước | Gieo mạ | Cấy xong |
| --- | --- | --- | --- |
| Đồng trên | tuần 1 | tuần 2 | tuần 5 |
| Đồng giữa | tuần 2 | tuần 3 | tuần 6 |
| Đồng dưới | tuần 3 | tuần 3 | tuần 6 |

- Giống lúa: dùng hai giống chính đã khảo nghiệm, không tự ý đưa giống lạ.
- Thuốc diệt ốc rải đúng liều, giữ nước 3 ngày.
- Mỗi cánh đồng cử một người giữ nước; tranh chấp thì báo tổ thủy nông, **không phá bờ**.
- Hộ thiếu vốn được ứng trước phân bón, trả sau thu hoạch.

Máy cày đăng ký theo xứ đồng, giá 180.000 đồng một sào, đã thống nhất ở đại hội xã viên.""",
        branch_kind="base",
        days_ago=38,
        category="document",
    ),
    NoticeText(
        title="Cắt điện để sửa chữa lưới điện",
        body="""Điện lực thông báo cắt điện để thay dây và lắp thêm trạm biến áp:

- **Khu vực**: toàn bộ khu giữa và khu dưới.
- **Thời gian**: 6 giờ đến 17 giờ thứ Tư, có thể xong sớm.

Đề nghị các đồng chí báo cho hàng xóm, nhất là nhà có người thở máy, nhà ấp trứng, nuôi tôm, để chuẩn bị \
máy phát. Rút phích các thiết bị trước khi có điện trở lại. Trạm bơm sẽ bơm bù vào buổi tối.

Trong lúc thi công không đến gần cột điện, không cho trẻ nhặt đầu dây. Mạng di động quanh khu vực có thể \
chập chờn; ai cần đọc tài liệu xin tải trước.""",
        branch_kind="base",
        days_ago=4,
    ),
    NoticeText(
        title="An toàn giao thông dịp nghỉ lễ",
        body="""Dịp nghỉ lễ lượng xe qua địa bàn tăng gấp ba. Để giữ an toàn, đề nghị mỗi đảng viên và gia \
đình:

- Đã uống rượu bia thì **không lái xe**; chi bộ nào có liên hoan phải bố trí người chở về.
- Đội mũ bảo hiểm cho cả trẻ nhỏ; không chở quá số người.
- Không phơi rơm rạ, không buộc trâu bò bên đường.
- Nhắc con em chưa đủ tuổi không đi xe máy.

Dân quân và công an xã chốt tại hai ngã ba từ 6 giờ đến 22 giờ. Đội xe tình nguyện của thanh niên nhận \
đưa người say về nhà, gọi số trực dán ở nhà văn hóa. Nghỉ lễ vui vẻ, trở lại làm việc đông đủ sáng thứ \
Hai.""",
        branch_kind="commune",
        days_ago=55,
    ),
    NoticeText(
        title="Diễn tập sơ tán tại trường học",
        body="""Nhà trường cùng đội phòng cháy tổ chức diễn tập sơ tán, xử lý cháy ở phòng thí nghiệm tầng \
3.

1. 8 giờ 15: chuông báo động, học sinh theo thầy cô xuống sân bằng hai cầu thang, **không dùng thang \
máy**.
2. 8 giờ 25: các lớp điểm danh, báo sĩ số.
3. 8 giờ 30: đội chữa cháy thao tác; giáo viên thử bình chữa cháy.
4. 9 giờ: rút kinh nghiệm.

Phụ huynh khỏi lo khi nghe chuông và thấy khói màu. Đảng viên trong trường giữ các vị trí: dẫn đường, cứu \
thương, kiểm đếm. Học sinh khuyết tật có người dìu riêng. Diễn tập vào sáng thứ Sáu, mưa vẫn tiến hành.""",
        branch_kind="cell",
        days_ago=23,
        reach="here",
    ),
    NoticeText(
        title="Bảo đảm thông tin liên lạc vùng lõm sóng",
        body="""Toàn hệ thống còn nhiều thôn chưa có sóng di động ổn định. Trong khi chờ phủ sóng, Văn \
phòng hướng dẫn cách giữ liên lạc:

## Trước mỗi kỳ sinh hoạt
- Bí thư ra nơi có sóng, mở ứng dụng để tải thông báo, tài liệu, mã điểm danh của cả tháng.
- In một bản tóm tắt, đọc tại cuộc họp cho người không dùng điện thoại.

## Trong cuộc họp
- Điểm danh ngoại tuyến trên máy bí thư; ghi rõ người có mặt, vắng có lý do, vắng không lý do.
- Ý kiến ghi vào sổ; không cần chờ có mạng.

## Sau cuộc họp
- Khi có sóng, máy tự gửi phần đã ghi. **Không gửi lại bằng tin nhắn** để tránh trùng.
- Với thông báo khẩn, cử người đi báo tận nhà và đánh dấu *đã báo tận nơi*.

## Khi máy hỏng hoặc mất
- Báo ngay cấp trên để kết thúc phiên đăng nhập trên máy cũ, nhận mã kích hoạt mới bằng giấy.

Các tỉnh tổng hợp danh sách thôn lõm sóng, ghi rõ số hộ, khoảng cách đến điểm có sóng gần nhất, gửi về \
trước ngày 25. Danh sách này là căn cứ làm việc với doanh nghiệp viễn thông, đề nghị ghi đúng thực tế.""",
        branch_kind="central",
        days_ago=42,
        category="document",
        requires_ack=True,
        reach="roles",
        roles=("admin", "secretary", "deputy"),
    ),
)
