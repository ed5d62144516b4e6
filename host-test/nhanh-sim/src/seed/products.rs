//! Product rows: standalone products, parents with variants, weighed goods, combos, services, and the quirks of real shops.
//!
//! | every | quirk (reference sections 3 and 10) |
//! |---|---|
//! | 9th product | name in Unicode's decomposed form (NFD) |
//! | 11th | `barcode` is `""` |
//! | 13th | price 0 |
//! | 14th | `code` is null |
//! | 17th | `available` above `remain` |
//! | 19th | negative `available`: more reserved than there is |
//! | 23rd | status `Inactive` |
//! | 29th | status `OutOfStock` |
//! | 31st | a status word that no document names |
//! | 37th | the SKU of an earlier product again |
//!
//! Must never give the same product two rows.

use unicode_normalization::UnicodeNormalization;

use super::pick;
use crate::shop::{Attribute, Business, ComboPart, Ids, Kin, Level, Product, Quantity, Unit};

const GOODS: &[(&str, &str)] = &[
    ("Áo thun", "AT"),
    ("Áo sơ mi", "SM"),
    ("Quần jean", "QJ"),
    ("Váy xòe", "VX"),
    ("Giày thể thao", "GT"),
    ("Dép quai hậu", "DQ"),
    ("Túi xách", "TX"),
    ("Mũ lưỡi trai", "ML"),
    ("Khăn choàng", "KC"),
    ("Sữa rửa mặt", "SR"),
    ("Kem dưỡng ẩm", "KD"),
    ("Dầu gội thảo dược", "DG"),
    ("Cà phê rang xay", "CF"),
    ("Trà ô long", "TO"),
    ("Nước mắm Phú Quốc", "NM"),
    ("Bánh tráng Tây Ninh", "BT"),
    ("Nồi cơm điện", "NC"),
    ("Quạt đứng", "QD"),
    ("Ốp lưng", "OL"),
    ("Bỉm trẻ em", "BE"),
];
const KINDS: &[&str] =
    &["cổ tròn", "tay dài", "cao cấp", "họa tiết", "dáng rộng", "phiên bản 2026", "loại 1", "xuất khẩu", "mini", "\"Hà Nội\" & Sài Gòn"];
const WEIGHED: &[&str] = &["Gạo ST25", "Hạt điều rang muối", "Thịt bò Úc", "Xoài cát Hòa Lộc", "Tôm sú"];
const SERVICES: &[&str] = &["Gói quà", "Sửa chữa tại nhà", "Giặt hấp", "Vá xe"];
const COLOURS: &[(&str, &str)] = &[("Đỏ", "DO"), ("Trắng", "TR"), ("Đen", "DE"), ("Xanh dương", "XD"), ("Hồng phấn", "HP")];
const SIZES: &[&str] = &["S", "M", "L", "XL"];
const BRANDS: &[(i64, &str)] = &[(5501, "Demo"), (5502, "Thái Tuấn"), (5503, "Cỏ Mềm"), (5504, "Vinamilk")];

/// Fills a business with exactly `rows` product rows.
pub(super) fn fill(business: &mut Business, ids: &mut Ids, rows: usize, rng: &mut fastrand::Rng, now_ms: i64) {
    let mut maker = Maker {
        depots: business.depots.keys().copied().collect(),
        categories: business.categories.keys().copied().collect(),
        internal: business.internal_categories.keys().copied().collect(),
        sellable: Vec::new(),
        count: 0,
        now_ms,
        rng,
    };
    let mut left = rows;
    let mut number = 0_usize;
    while left > 0 {
        number += 1;
        let variants = if number % 8 == 2 { (2 + maker.rng.usize(..5)).min(left.saturating_sub(1)) } else { 0 };
        let made = if variants > 0 { maker.family(ids, number, variants) } else { vec![maker.single(ids, number)] };
        left = left.saturating_sub(made.len());
        for product in made {
            business.file_product(product);
        }
    }
}

struct Maker<'a> {
    depots: Vec<i64>,
    categories: Vec<i64>,
    internal: Vec<i64>,
    /// What a combo may be made of.
    sellable: Vec<i64>,
    count: usize,
    now_ms: i64,
    rng: &'a mut fastrand::Rng,
}

impl Maker<'_> {
    /// The parts that every row has.
    fn row(&mut self, ids: &mut Ids, number: usize, name: String) -> Product {
        self.count += 1;
        let price = i64::from(self.rng.u32(15..900)) * 1000;
        // A year of products, oldest first.
        let created = self.now_ms - 365 * crate::clock::DAY_MS + i64::try_from(self.count).unwrap_or(0) * 1_000;
        let updated = created + i64::from(self.rng.u32(..30_000_000)) * 1000;
        let id = Ids::take(&mut ids.product);
        let mut product = Product::named(if number.is_multiple_of(9) { name.nfd().collect() } else { name });
        product.id = id;
        product.category = (!self.categories.is_empty() && !number.is_multiple_of(10)).then(|| *pick(self.rng, &self.categories, &0));
        product.internal_category = (!self.internal.is_empty() && number.is_multiple_of(5)).then(|| *pick(self.rng, &self.internal, &0));
        product.brand = (!number.is_multiple_of(3)).then(|| pick(self.rng, BRANDS, &(0, ""))).map(|(id, name)| (*id, (*name).to_owned()));
        product.barcode = Some(if number.is_multiple_of(11) { String::new() } else { format!("2000{:09}", id % 1_000_000_000) });
        product.price = Some(if number.is_multiple_of(13) { 0 } else { price });
        product.old_price = number.is_multiple_of(6).then_some(price + price / 5);
        product.import_price = (!number.is_multiple_of(7)).then_some(price / 2);
        product.avg_cost = (!number.is_multiple_of(7)).then_some(price / 2 + 1000);
        product.wholesale_price = number.is_multiple_of(4).then_some(price * 8 / 10);
        product.vat = number.is_multiple_of(8).then_some(8);
        product.image = if number.is_multiple_of(5) { String::new() } else { format!("https://pos.nvncdn.com/demo/ps/{id}.jpg") };
        product.images = if number.is_multiple_of(4) { vec![format!("https://pos.nvncdn.com/demo/ps/{id}_1.jpg")] } else { Vec::new() };
        product.status = match number {
            n if n.is_multiple_of(31) => "PreLaunch",
            n if n.is_multiple_of(29) => "OutOfStock",
            n if n.is_multiple_of(23) => "Inactive",
            n if n.is_multiple_of(4) => "New",
            _ => "Active",
        }
        .to_owned();
        product.weight = (!number.is_multiple_of(12)).then(|| i64::from(self.rng.u32(5..200)) * 10);
        product.size = number.is_multiple_of(6).then_some((20, 15, 10));
        product.country = number.is_multiple_of(2).then(|| "Việt Nam".to_owned());
        product.unit = Some("Cái".to_owned());
        product.description = format!("<p>{} <strong>chính hãng</strong></p>", product.name);
        product.content = "<p>Hàng mới về, <em>đổi trả trong 7 ngày</em>.</p><script>alert(1)</script>".to_owned();
        product.created_ms = created;
        product.updated_ms = updated.min(self.now_ms);
        product.stock_ms = product.updated_ms;
        product
    }

    fn name(&mut self, number: usize) -> (String, String) {
        let (noun, short) = GOODS.get(number % GOODS.len()).copied().unwrap_or(("Hàng", "HG"));
        let kind = KINDS.get((number / GOODS.len()) % KINDS.len()).copied().unwrap_or("");
        (format!("{noun} {kind} {number}"), format!("{short}{number:05}"))
    }

    fn single(&mut self, ids: &mut Ids, number: usize) -> Product {
        let (name, code) = self.name(number);
        let mut product = self.row(ids, number, name);
        product.code = match number {
            n if n.is_multiple_of(14) => None,
            37 => Some("AT00020".to_owned()),
            _ => Some(code),
        };
        match number % 20 {
            3 => {
                product.type_id = 3;
                product.name = format!("{} {number}", pick(self.rng, WEIGHED, &"Gạo"));
                product.unit = Some("Kg".to_owned());
            }
            5 if self.sellable.len() >= 2 => {
                product.type_id = 9;
                product.name = format!("Combo tiết kiệm {number}");
                for part in [0, self.sellable.len() / 2] {
                    let product_id = self.sellable.get(part).copied().unwrap_or(0);
                    product.combo.push(ComboPart { product: product_id, quantity: Quantity::units(1 + i64::from(part > 0)) });
                }
            }
            7 => {
                product.type_id = 6;
                product.name = format!("{} {number}", pick(self.rng, SERVICES, &"Dịch vụ"));
            }
            9 => {
                product.type_id = 10;
                product.unit = Some("Lon".to_owned());
                product.units =
                    vec![Unit { id: product.id * 10, name: "Thùng".to_owned(), quantity: 24, price: product.price.unwrap_or(0) * 22 }];
            }
            11 => product.type_id = 4,
            13 => {
                product.type_id = 2;
                product.name = format!("Voucher {number}");
            }
            _ => self.sellable.push(product.id),
        }
        self.stock(&mut product, number);
        product
    }

    fn family(&mut self, ids: &mut Ids, number: usize, variants: usize) -> Vec<Product> {
        let (name, code) = self.name(number);
        let mut parent = self.row(ids, number, name);
        parent.kin = Kin::Parent;
        parent.code = Some(code.clone());
        parent.import_price = None;
        let mut made = vec![parent.clone()];
        for index in 0..variants {
            let (colour, short) = COLOURS.get(index % COLOURS.len()).copied().unwrap_or(("Đỏ", "DO"));
            let size = SIZES.get(index / 2 % SIZES.len()).copied().unwrap_or("M");
            let mut variant = self.row(ids, number, format!("{} {colour} {size}", parent.name));
            variant.kin = Kin::Variant(parent.id);
            variant.category = parent.category;
            variant.internal_category = parent.internal_category;
            variant.brand = parent.brand.clone();
            variant.status = parent.status.clone();
            variant.price = parent.price;
            variant.code = Some(format!("{code}-{short}-{size}"));
            variant.attributes = vec![
                Attribute {
                    attribute_id: 11,
                    attribute_name: "Màu sắc".into(),
                    value_id: 101 + (index % COLOURS.len()) as i64,
                    value: colour.into(),
                },
                Attribute {
                    attribute_id: 12,
                    attribute_name: "Size".into(),
                    value_id: 205 + (index / 2 % SIZES.len()) as i64,
                    value: size.into(),
                },
            ];
            self.stock(&mut variant, number + index);
            made.push(variant);
        }
        made
    }

    fn stock(&mut self, product: &mut Product, number: usize) {
        if !product.is_stocked() {
            return;
        }
        for (row, depot) in self.depots.iter().enumerate() {
            // Not every depot has a row for every product.
            if row > 0 && self.rng.u32(..4) == 0 {
                continue;
            }
            let weighed = product.type_id == 3;
            let remain = if weighed {
                Quantity::thousandths(i64::from(self.rng.u32(..90_000)))
            } else {
                Quantity::units(i64::from(self.rng.u32(..60)))
            };
            let mut level = Level { remain, ..Level::default() };
            if number.is_multiple_of(6) {
                level.holding = Quantity::units(1);
            }
            if number.is_multiple_of(8) {
                level.shipping = Quantity::units(1);
            }
            if number.is_multiple_of(15) {
                level.damaged = Quantity::units(1);
            }
            if number.is_multiple_of(17) {
                level.extra = Quantity::units(3) + level.holding + level.shipping + level.damaged;
            }
            if number.is_multiple_of(19) && row == 0 {
                level.holding = level.remain + Quantity::units(2);
            }
            product.stock.insert(*depot, level);
        }
    }
}
