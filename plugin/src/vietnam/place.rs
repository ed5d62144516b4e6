//! Names of places as they are compared: with or without what kind of place it is, in full or in one of the usual short forms.
//!
//! Nothing here knows which places there are, but for the wards of the two largest cities that were formed on 2025-07-01: people write the new
//! ward beside the old district, and only those of that district are the place that was meant.

use crate::vietnam::text;

/// What kinds of place are called, folded; each may stand before a name, or be left out.
static KINDS: [&str; 16] = [
    "thành phố ",
    "tp.",
    "tp ",
    "tỉnh ",
    "quận ",
    "q.",
    "huyện ",
    "h.",
    "thị xã ",
    "tx.",
    "phường ",
    "p.",
    "xã ",
    "thị trấn ",
    "tt.",
    "đặc khu ",
];

/// Names that are no name without what is left out of them.
static SHORT: [(&str, &str); 4] = [("hcm", "hồ chí minh"), ("tphcm", "hồ chí minh"), ("hn", "hà nội"), ("tphn", "hà nội")];

/// A name without what kind of place it is, in full, its tones where they are compared: `TP.HCM` and `Hồ Chí Minh`, `P.01` and `Phường 1`.
#[must_use]
pub fn bare(name: &str) -> String {
    let folded = text::folded(name);
    let mut bare = folded.as_str();
    if let Some(rest) = KINDS.iter().find_map(|kind| folded.strip_prefix(kind)) {
        bare = rest.trim();
    } else if let Some(number) = folded.strip_prefix(['q', 'p']).filter(|it| text::is_digits(it)) {
        bare = number;
    }
    if text::is_digits(bare) {
        return bare.trim_start_matches('0').to_owned();
    }
    text::placed(SHORT.iter().find(|(short, _)| *short == bare).map_or(bare, |(_, full)| full))
}

/// Wards of today by the district that they were formed from: city, then `district:ward,ward`, all bare but for their tones.
static FORMED: [(&str, &str); 2] = [
    (
        "hồ chí minh",
        "1:sài gòn,tân định,bến thành,cầu ông lãnh;3:bàn cờ,xuân hòa,nhiêu lộc;4:xóm chiếu,khánh hội,vĩnh hội;5:chợ quán,an đông,chợ lớn;\
         6:bình tây,bình tiên,bình phú,phú lâm;7:tân thuận,phú thuận,tân mỹ,tân hưng;8:chánh hưng,phú định,bình đông;\
         10:diên hồng,vườn lài,hòa hưng;11:minh phụng,bình thới,hòa bình,phú thọ;\
         12:đông hưng thuận,trung mỹ tây,tân thới hiệp,thới an,an phú đông;bình tân:an lạc,tân tạo,bình tân,bình trị đông,bình hưng hòa;\
         bình thạnh:gia định,bình thạnh,bình lợi trung,thạnh mỹ tây,bình quới;\
         gò vấp:hạnh thông,an nhơn,gò vấp,an hội đông,thông tây hội,an hội tây;phú nhuận:đức nhuận,cầu kiệu,phú nhuận;\
         tân bình:tân sơn hòa,tân sơn nhất,tân hòa,bảy hiền,tân bình,tân sơn;tân phú:tây thạnh,tân sơn nhì,phú thọ hòa,tân phú,phú thạnh;\
         thủ đức:hiệp bình,thủ đức,tam bình,linh xuân,tăng nhơn phú,long bình,long phước,long trường,cát lái,bình trưng,phước long,an khánh",
    ),
    (
        "hà nội",
        "hoàn kiếm:hoàn kiếm,cửa nam;ba đình:ba đình,ngọc hà,giảng võ;hai bà trưng:hai bà trưng,vĩnh tuy,bạch mai;\
         đống đa:đống đa,kim liên,văn miếu - quốc tử giám,láng,ô chợ dừa;\
         hoàng mai:lĩnh nam,hoàng mai,vĩnh hưng,tương mai,định công,hoàng liệt,yên sở;thanh xuân:thanh xuân,khương đình,phương liệt;\
         cầu giấy:cầu giấy,nghĩa đô,yên hòa;tây hồ:tây hồ,phú thượng;bắc từ liêm:tây tựu,phú diễn,xuân đỉnh,đông ngạc,thượng cát;\
         nam từ liêm:từ liêm,xuân phương,tây mỗ,đại mỗ;long biên:long biên,bồ đề,việt hưng,phúc lợi;\
         hà đông:hà đông,dương nội,yên nghĩa,phú lương,kiến hưng",
    ),
];

/// Whether a ward of today was formed from this district of before, as far as is known here.
#[must_use]
pub fn formed_from(province: &str, district: &str, ward: &str) -> bool {
    let (province, district, ward) = (bare(province), bare(district), bare(ward));
    let is = |known: &str, wanted: &str| text::placed(known) == wanted;
    FORMED
        .iter()
        .filter(|(city, _)| is(city, &province))
        .flat_map(|(_, districts)| districts.split(';'))
        .filter_map(|it| it.split_once(':'))
        .any(|(of, wards)| is(of, &district) && wards.split(',').any(|it| is(it, &ward)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_short_forms_name_the_same_place() {
        for (short, full) in [
            ("TP.HCM", "Thành phố Hồ Chí Minh"),
            ("Tp. HCM", "Hồ Chí Minh"),
            ("TPHCM", "hồ chí minh"),
            ("HN", "Hà Nội"),
            ("TP HN", "Thành phố Hà Nội"),
            ("Q10", "Quận 10"),
            ("Q. 10", "Quận 10"),
            ("P1", "Phường 1"),
            ("P.01", "Phường 01"),
            ("Phường 01", "Phường 1"),
            ("Tx. Sơn Tây", "Thị xã Sơn Tây"),
            ("Tt. Trâu Quỳ", "Thị trấn Trâu Quỳ"),
            ("H. Củ Chi", "Huyện Củ Chi"),
        ] {
            assert_eq!(bare(short), bare(full), "{short}");
        }
        for (one, other) in
            [("Q1", "Quận 10"), ("Phường 10", "Phường 1"), ("Phú Nhuận", "Nhuận"), ("Quảng Nam", "uảng Nam"), ("Hà Nam", "HN")]
        {
            assert_ne!(bare(one), bare(other), "{one}");
        }
    }

    #[test]
    fn a_ward_is_of_the_district_that_it_was_formed_from_and_of_no_other() {
        assert!(formed_from("TP.HCM", "Quận 1", "Phường Sài Gòn") && formed_from("Hồ Chí Minh", "Q.3", "P. Xuân Hoà"));
        assert!(formed_from("Hà Nội", "Quận Ba Đình", "Phường Ngọc Hà"));
        assert!(!formed_from("TP.HCM", "Quận 3", "Phường Sài Gòn") && !formed_from("Hà Nội", "Quận 1", "Phường Sài Gòn"));
        assert!(!formed_from("Đà Nẵng", "Hải Châu", "Hải Châu"), "where nothing is known, nothing is said");
    }
}
