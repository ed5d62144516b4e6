//! The two trees of places: with districts, as before July 2025, and without.
//!
//! Whole tables and what finds a row in them; must never know an address.

/// A city of the three-level tree, with its districts and their wards.
pub struct City {
    /// Location id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// Its districts.
    pub districts: &'static [District],
}

/// A district: id, name, wards (id, name).
pub type District = (i64, &'static str, &'static [(i64, &'static str)]);

/// A small, real-shaped part of the tree behind `/api/shipping/location`; the ids of the cities, of districts 318, 320, 321 and wards 1051, 1108,
/// 1116 are real (reference section 6), the other ids are invented.
pub static CITIES: &[City] = &[
    City {
        id: 254,
        name: "Hà Nội",
        districts: &[
            (318, "Quận Hoàn Kiếm", &[(1051, "Phường Hàng Bạc"), (1052, "Phường Hàng Buồm"), (1053, "Phường Tràng Tiền")]),
            (320, "Quận Đống Đa", &[(1108, "Phường Láng Hạ"), (1109, "Phường Ô Chợ Dừa")]),
            (321, "Quận Ba Đình", &[(1116, "Phường Điện Biên"), (1117, "Phường Ngọc Hà"), (1118, "Phường Kim Mã")]),
        ],
    },
    City {
        id: 255,
        name: "Hồ Chí Minh",
        districts: &[
            (340, "Quận 1", &[(1301, "Phường Bến Nghé"), (1302, "Phường Bến Thành"), (1303, "Phường Đa Kao")]),
            (341, "Quận 3", &[(1311, "Phường Võ Thị Sáu"), (1312, "Phường 9")]),
            (342, "Thành phố Thủ Đức", &[(1321, "Phường Thảo Điền"), (1322, "Phường An Phú")]),
        ],
    },
    City { id: 256, name: "An Giang", districts: &[(360, "Thành phố Long Xuyên", &[(1401, "Phường Mỹ Long")])] },
    City {
        id: 257,
        name: "Bà Rịa - Vũng Tàu",
        districts: &[(365, "Thành phố Vũng Tàu", &[(1411, "Phường 1"), (1412, "Phường Thắng Tam")])],
    },
    City { id: 258, name: "Bắc Ninh", districts: &[(370, "Thành phố Bắc Ninh", &[(1421, "Phường Đại Phúc")])] },
    City { id: 260, name: "Bình Dương", districts: &[(375, "Thành phố Thủ Dầu Một", &[(1431, "Phường Phú Cường")])] },
    City {
        id: 266, name: "Cần Thơ", districts: &[(380, "Quận Ninh Kiều", &[(1441, "Phường Tân An"), (1442, "Phường Xuân Khánh")])]
    },
    City { id: 267, name: "Khánh Hòa", districts: &[(385, "Thành phố Nha Trang", &[(1451, "Phường Lộc Thọ")])] },
    // Two provinces whose districts and wards have the same names.
    City {
        id: 283,
        name: "Long An",
        districts: &[
            (441, "Thành phố Tân An", &[(1701, "Phường 1"), (1702, "Phường 2"), (1703, "Phường 3")]),
            (442, "Huyện Châu Thành", &[(1711, "Thị trấn Tầm Vu"), (1712, "Xã Bình Quới")]),
        ],
    },
    City {
        id: 300,
        name: "Tây Ninh",
        districts: &[
            (561, "Thành phố Tây Ninh", &[(2301, "Phường 1"), (2302, "Phường 2"), (2303, "Phường 3")]),
            (562, "Huyện Châu Thành", &[(2311, "Thị trấn Châu Thành"), (2312, "Xã Trí Bình")]),
        ],
    },
];

/// How many cities seeded addresses are in.
pub(crate) const SEEDED: usize = 8;

/// A city or province of the two-level tree, with its wards.
pub struct Province {
    /// Location id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// The cities of the three-level tree that it was made of, by id.
    pub former: &'static [i64],
    /// Its wards: id, name.
    pub wards: &'static [(i64, &'static str)],
}

/// A part of the two-level tree behind `/v3.0/shipping/location` with `locationVersion` `v2`. Hà Nội is 254 here too and 1116 is one of its wards (3.0
/// reference section 10), though in the three-level tree 1116 is another ward: ids mean nothing without their tree. The other ids are invented, the
/// names are real; `Phường Tân An` and `Phường An Phú` are each in two provinces.
pub static PROVINCES: &[Province] = &[
    Province {
        id: 254,
        name: "Hà Nội",
        former: &[254],
        wards: &[
            (1116, "Phường Ba Đình"),
            (90_002, "Phường Hoàn Kiếm"),
            (90_003, "Phường Ô Chợ Dừa"),
            (90_004, "Phường Ngọc Hà"),
            (90_005, "Phường Láng"),
        ],
    },
    Province {
        id: 255,
        name: "Hồ Chí Minh",
        former: &[255, 257, 260],
        wards: &[
            (90_101, "Phường Sài Gòn"),
            (90_102, "Phường Bến Thành"),
            (90_103, "Phường Xuân Hòa"),
            (90_104, "Phường An Khánh"),
            (90_105, "Phường Thủ Dầu Một"),
            (90_106, "Phường Vũng Tàu"),
            (90_107, "Phường An Phú"),
        ],
    },
    Province { id: 256, name: "An Giang", former: &[256], wards: &[(90_201, "Phường Long Xuyên"), (90_202, "Xã An Phú")] },
    Province {
        id: 258, name: "Bắc Ninh", former: &[258], wards: &[(90_301, "Phường Kinh Bắc"), (90_302, "Phường Võ Cường")]
    },
    Province {
        id: 266,
        name: "Cần Thơ",
        former: &[266],
        wards: &[(90_401, "Phường Ninh Kiều"), (90_402, "Phường Tân An"), (90_403, "Phường Cái Khế")],
    },
    Province {
        id: 267, name: "Khánh Hòa", former: &[267], wards: &[(90_501, "Phường Nha Trang"), (90_502, "Phường Bắc Nha Trang")]
    },
    Province { id: 259, name: "Gia Lai", former: &[], wards: &[(90_601, "Phường Pleiku"), (90_602, "Phường An Phú")] },
    Province {
        id: 300,
        name: "Tây Ninh",
        former: &[283, 300],
        wards: &[(90_701, "Phường Tân Ninh"), (90_702, "Phường Long An"), (90_703, "Phường Tân An")],
    },
];

/// The province that a city of the three-level tree is part of now.
pub fn province_of(city: i64) -> Option<&'static Province> {
    PROVINCES.iter().find(|province| province.former.contains(&city))
}

/// The city with this exact name, if the tree has it.
pub fn city_named(name: &str) -> Option<&'static City> {
    CITIES.iter().find(|city| city.name == name)
}
