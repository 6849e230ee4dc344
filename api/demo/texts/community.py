"""Notices on what a branch does for the place it lives in: health, trees, help, culture."""

from api.demo.texts.shape import NoticeText

COMMUNITY = (
    NoticeText(
        title="Ngày hội hiến máu tình nguyện",
        body="""Ban chỉ đạo vận động hiến máu tổ chức ngày hội **"Giọt hồng quê hương"**, phấn đấu tiếp \
nhận 180 đơn vị máu.

- **Thời gian**: 7 giờ đến 11 giờ 30 Chủ nhật.
- **Địa điểm**: nhà thi đấu đa năng của xã.
- **Đối tượng**: từ 18 đến 60 tuổi; nam từ 45 kg, nữ từ 42 kg; lần hiến trước cách ít nhất 12 tuần.

Trước khi hiến, các đồng chí ngủ đủ giấc, ăn nhẹ, không uống rượu bia; mang theo căn cước. Sau khi hiến \
được nghỉ tại chỗ, uống nước và nhận giấy chứng nhận.

Không hiến được máu vẫn có thể giúp: đưa đón người hiến, trông trẻ, hướng dẫn gửi xe. Đăng ký với bí thư \
chi bộ.""",
        branch_kind="commune",
        days_ago=10,
    ),
    NoticeText(
        title="Lịch tiêm chủng và uống vitamin A cho trẻ",
        body="""Trạm y tế thông báo lịch tiêm chủng trong tháng. Nhờ các đồng chí nhắc những gia đình có \
con nhỏ, đặc biệt là hộ ở xa và hộ bố mẹ đi làm vắng nhà.

| Điểm tiêm | Buổi | Trẻ |
| --- | --- | --- |
| Trạm y tế | sáng thứ Tư | từ 2 đến 12 tháng |
| Nhà văn hóa khu trên | chiều thứ Tư | từ 12 đến 24 tháng |
| Điểm trường lẻ | sáng thứ Năm | tiêm bù, uống vitamin A |

Gia đình mang theo sổ tiêm chủng. Trẻ đang sốt thì hoãn, trạm sẽ hẹn buổi khác. Sau tiêm ở lại theo dõi \
**30 phút**, về nhà theo dõi thêm 24 giờ; thấy trẻ quấy khóc kéo dài, sốt cao, khó thở thì đưa ngay đến \
trạm.""",
        branch_kind="commune",
        days_ago=13,
    ),
    NoticeText(
        title="Ra quân trồng cây đầu xuân",
        body="""Hưởng ứng tết trồng cây, chi bộ phối hợp với đoàn thanh niên trồng **450 cây** dọc tuyến \
đường mới mở và quanh sân trường.

1. Tập trung lúc 6 giờ 30 thứ Bảy tại cổng trường.
2. Mỗi nhóm 5 người nhận 20 cây, trồng xong cắm cọc, tưới đẫm.
3. Dụng cụ tự mang: cuốc, xẻng, xô. Cây giống và cọc đã có.
4. Hộ ven đường nhận chăm sóc cây trước cửa nhà mình trong hai năm đầu.

Chọn cây sao đen, lát hoa, bằng lăng; **không** trồng keo sát đường điện. Trời mưa to thì lùi sang sáng \
Chủ nhật. Nhớ mang nước uống và đội mũ.""",
        branch_kind="cell",
        days_ago=25,
    ),
    NoticeText(
        title="Lớp sơ cấp cứu tại cộng đồng",
        body="""Hội Chữ thập đỏ mở lớp sơ cấp cứu một ngày cho mỗi thôn ba người, ưu tiên trưởng thôn, \
giáo viên, lái xe, người hay đi rừng.

Học viên thực hành:
- ép tim, thổi ngạt trên mô hình;
- cầm máu, cố định xương gãy bằng vật sẵn có;
- xử trí đuối nước, điện giật, rắn cắn, bỏng;
- gọi cấp cứu và báo đúng vị trí.

**Thời gian**: 8 giờ đến 16 giờ thứ Bảy, nghỉ trưa tại chỗ. Lớp không thu tiền, có cấp giấy chứng nhận và \
túi cứu thương cho thôn. Đề nghị các chi bộ gửi danh sách trước thứ Năm; chọn người khỏe mạnh, ở nhà \
thường xuyên.""",
        branch_kind="commune",
        days_ago=16,
    ),
    NoticeText(
        title="Quyên góp giúp gia đình bị cháy nhà",
        body="""Đêm qua nhà một hộ trong cụm bị chập điện, cháy gần hết gian bếp và kho thóc; may mắn \
không ai bị thương. Gia đình có hai cháu đang tuổi đi học.

Chi bộ kêu gọi các đồng chí và bà con giúp đỡ:

- **Ngày công**: dọn dẹp và dựng lại bếp từ 7 giờ sáng thứ Bảy, cần 15 người.
- **Vật liệu**: ngói, gỗ, xi măng ai có xin báo để xe đến chở.
- **Đồ dùng**: quần áo, sách vở lớp 4 và lớp 8, gạo.
- **Tiền**: tùy tâm, gửi chị thủ quỹ; danh sách niêm yết tại nhà văn hóa.

Nhân việc này, đề nghị mỗi nhà kiểm tra lại dây điện, ổ cắm, bình gas. Thợ điện của hợp tác xã sẽ đi kiểm \
tra giúp các hộ già yếu, không lấy công.""",
        branch_kind="base",
        days_ago=1,
        priority="urgent",
    ),
    NoticeText(
        title="Ngày Chủ nhật xanh: dọn kênh và đường làng",
        body="""Sáng Chủ nhật tuần này toàn thôn tổng vệ sinh. Phân công:

- Tổ 1: đoạn kênh từ cầu đến trạm bơm.
- Tổ 2: đường trục và hai bên nhà văn hóa.
- Tổ 3: nghĩa trang và lối ra đồng.
- Các cháu thiếu nhi: nhặt rác nhựa, tưới bồn hoa, có người lớn đi kèm, **không** xuống kênh.

Bắt đầu 6 giờ, xong trước 8 giờ 30 để tránh nắng. Rác nhựa để riêng, rác hữu cơ ủ tại ruộng. Vỏ bao thuốc \
bảo vệ thực vật bỏ đúng bể chứa, không đốt.

Mỗi nhà cử ít nhất một người. Nhà neo đơn không phải tham gia.""",
        branch_kind="cell",
        days_ago=17,
    ),
    NoticeText(
        title="Khám sức khỏe miễn phí cho người cao tuổi",
        body="""Đoàn bác sĩ tình nguyện về khám, tư vấn và cấp thuốc cho 250 người từ 60 tuổi trở lên.

**Thời gian**: từ 7 giờ 30 thứ Năm, chia theo cụm để khỏi chờ lâu.

| Cụm | Giờ có mặt |
| --- | --- |
| Khu trên | 7 giờ 30 |
| Khu giữa | 9 giờ |
| Khu dưới | 14 giờ |

Nội dung: đo huyết áp, đường huyết, điện tim, siêu âm bụng, khám mắt. Các cụ nhịn ăn sáng nếu xét nghiệm \
máu, mang theo thẻ bảo hiểm, đơn thuốc đang dùng. Đảng viên trẻ nhận chở các cụ không có người đưa, mỗi \
người nhận hai cụ.""",
        branch_kind="base",
        days_ago=19,
    ),
    NoticeText(
        title="Vận động sửa đường liên thôn",
        body="""Đoạn đường 1,2 km nối hai thôn đã xuống cấp, mùa mưa học sinh đi lại rất khổ. Xã hỗ trợ xi \
măng, phần còn lại nhân dân góp công và vật liệu.

## Dự toán
- Xi măng: 210 tấn, xã cấp.
- Cát, đá: 95 triệu đồng, vận động con em xa quê.
- Ngày công: mỗi hộ 4 công; hộ nghèo, hộ có người ốm được miễn.

## Hiến đất
Có 17 hộ nằm sát đường. Đến nay 14 hộ đã đồng ý lùi rào từ 0,5 đến 1 mét. Ba hộ còn lại có băn khoăn \
chính đáng về cây ăn quả đang cho thu hoạch; tổ vận động sẽ gặp từng nhà, cùng bàn cách đền bù cây và dời \
rào, tuyệt đối **không gây sức ép**.

## Giám sát
Thôn bầu tổ giám sát năm người, có một người am hiểu xây dựng. Thu chi niêm yết hằng tuần.

Đề nghị đảng viên gương mẫu làm trước. Cuộc họp dân bàn kế hoạch chi tiết lúc 19 giờ 30 thứ Bảy.""",
        branch_kind="base",
        days_ago=45,
        category="document",
    ),
    NoticeText(
        title="Hội diễn văn nghệ quần chúng",
        body="""Chào mừng ngày thành lập, liên đoàn các chi hội tổ chức hội diễn văn nghệ quần chúng. Mỗi \
đơn vị góp từ một đến ba tiết mục, tổng thời gian không quá 15 phút.

- Khuyến khích dân ca, hát then, hát ru, nhạc cụ dân tộc do chính người dân biểu diễn.
- Không thuê diễn viên, không hát nhép.
- Tổng duyệt 14 giờ thứ Năm; đêm diễn 19 giờ 30 thứ Bảy tại sân vận động.

Ban tổ chức hỗ trợ mỗi đơn vị 800.000 đồng tiền trang phục. Đề nghị đăng ký tiết mục trước ngày 20. Năm \
nay không chấm giải nhất nhì, đội nào cũng có quà lưu niệm.""",
        branch_kind="commune",
        days_ago=29,
    ),
    NoticeText(
        title="Nhận đỡ đầu học sinh có hoàn cảnh khó khăn",
        body="""Qua rà soát, địa bàn có 23 cháu mồ côi hoặc bố mẹ bệnh nặng, có nguy cơ bỏ học. Đảng bộ \
phát động mỗi chi bộ nhận giúp ít nhất một cháu đến hết lớp 12.

Giúp thế nào là tùy sức: mua sách vở đầu năm, hỗ trợ tiền ăn bán trú, kèm học buổi tối, hay chỉ là thường \
xuyên ghé thăm. Điều cần nhất là **đều đặn và kín đáo**: không chụp ảnh các cháu đưa lên mạng, không nêu \
hoàn cảnh trước đám đông.

Bí thư nhận danh sách trực tiếp ở văn phòng, không gửi qua tin nhắn. Sau mỗi học kỳ chi bộ trao đổi với \
giáo viên chủ nhiệm và báo lại vài dòng.""",
        branch_kind="commune",
        days_ago=52,
    ),
)
