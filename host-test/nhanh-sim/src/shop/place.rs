//! Depots, categories, users and the small tree of places that addresses name.
//!
//! Must never hold a product or an order.

/// A place of the three-level address tree: its id and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Nhanh's location id.
    pub id: i64,
    /// Its Vietnamese name.
    pub name: String,
}

impl Place {
    /// A place from its parts.
    pub fn new(id: i64, name: impl Into<String>) -> Self {
        Self { id, name: name.into() }
    }
}

/// A depot (Nobi: branch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depot {
    /// Nhanh's id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its phone; some have none.
    pub mobile: Option<String>,
    /// City or province.
    pub city: Option<Place>,
    /// District.
    pub district: Option<Place>,
    /// Ward.
    pub ward: Option<Place>,
    /// Street address.
    pub address: String,
}

/// A product category or internal category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Nhanh's id.
    pub id: i64,
    /// The category above; may name one that is gone.
    pub parent: Option<i64>,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Place among its sisters.
    pub order: i64,
    /// 1 active, 2 inactive.
    pub status: i64,
}

/// An employee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Nhanh's id.
    pub id: i64,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub mobile: Option<String>,
    /// The role's name.
    pub role: String,
    /// Depots the user is restricted to; empty = all.
    pub depots: Vec<i64>,
}

/// A city of the tree, with its districts and their wards.
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
];

/// The city with this exact name, if the tree has it.
pub fn city_named(name: &str) -> Option<&'static City> {
    CITIES.iter().find(|city| city.name == name)
}
