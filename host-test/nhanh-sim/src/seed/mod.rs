//! A shop of any size from a seed: the same seed, size and clock give the same shop to the last digit.
//!
//! Names are Vietnamese, shapes are real, and the quirks of real shops are sprinkled in at fixed rows (see [`products`]), so that a small shop has each
//! of them too. Must never read the clock or any other randomness than its seed.

mod people;
mod products;

use crate::settings::ShopSize;
use crate::shop::{Business, CITIES, Category, City, Depot, Ids, Place, SEEDED, Shop, User, province_of};

/// Adds a business of this size and returns its id.
pub(crate) fn add_business(shop: &mut Shop, name: &str, size: ShopSize, seed: u64, now_ms: i64) -> i64 {
    let mut rng = fastrand::Rng::with_seed(seed);
    let id = Ids::take(&mut shop.ids.business);
    let mut business = Business { id, name: name.to_owned(), open_api: true, ..Business::default() };
    depots(&mut business, &mut shop.ids, size.depots, &mut rng);
    categories(&mut business, &mut shop.ids, size.categories, &mut rng);
    users(&mut business, &mut shop.ids);
    products::fill(&mut business, &mut shop.ids, size.products, &mut rng, now_ms);
    people::customers(&mut business, &mut shop.ids, size.customers, &mut rng, now_ms);
    let orders = people::orders(&business, &mut shop.ids, size.orders, &mut rng, now_ms);
    shop.businesses.insert(id, business);
    for order in orders {
        shop.file_old_order(id, order);
    }
    id
}

/// One of a list; the fallback stands in for an empty one.
fn pick<'a, T>(rng: &mut fastrand::Rng, from: &'a [T], fallback: &'a T) -> &'a T {
    from.get(rng.usize(..from.len().max(1))).unwrap_or(fallback)
}

/// A city with a district and a ward of it.
fn somewhere(rng: &mut fastrand::Rng) -> (Option<Place>, Option<Place>, Option<Place>) {
    let Some(City { id, name, districts }) = CITIES.get(rng.usize(..SEEDED)) else { return (None, None, None) };
    let city = Some(Place::new(*id, *name));
    let Some((id, name, wards)) = districts.get(rng.usize(..districts.len().max(1))) else { return (city, None, None) };
    let ward = wards.get(rng.usize(..wards.len().max(1))).map(|(id, name)| Place::new(*id, *name));
    (city, Some(Place::new(*id, *name)), ward)
}

fn depots(business: &mut Business, ids: &mut Ids, count: usize, rng: &mut fastrand::Rng) {
    for row in 0..count {
        let id = Ids::take(&mut ids.depot);
        let (city, district, ward) = somewhere(rng);
        let place = district.as_ref().map_or_else(|| "trung tâm".to_owned(), |place| place.name.clone());
        // Every third depot has no phone, and one has no place at all: Nobi needs both (reference section 6, "nullable").
        let bare = row == 4;
        let province = city.as_ref().and_then(|city| province_of(city.id)).filter(|_| !bare);
        // The new tree has fewer wards, so several old ones share a new one.
        let new_ward = province.and_then(|province| {
            let at = usize::try_from(ward.as_ref()?.id).ok()? % province.wards.len().max(1);
            province.wards.get(at).map(|(id, name)| Place::new(*id, *name))
        });
        business.depots.insert(
            id,
            Depot {
                id,
                name: if row == 0 { "Kho tổng".to_owned() } else { format!("Cửa hàng {place} {row}") },
                mobile: (row % 3 != 1).then(|| format!("09000{:05}", row + 2)),
                city: city.filter(|_| !bare),
                district: district.filter(|_| !bare),
                ward: ward.filter(|_| !bare && row % 2 == 0),
                new_city: province.map(|province| Place::new(province.id, province.name)),
                new_ward,
                address: if bare { String::new() } else { format!("{} Trần Phú", rng.u32(1..300)) },
            },
        );
    }
}

fn categories(business: &mut Business, ids: &mut Ids, count: usize, rng: &mut fastrand::Rng) {
    const NAMES: &[&str] = &[
        "Thời trang nam",
        "Thời trang nữ",
        "Giày dép",
        "Túi xách",
        "Mỹ phẩm",
        "Chăm sóc da",
        "Thực phẩm khô",
        "Đồ uống",
        "Gia dụng",
        "Điện thoại",
        "Phụ kiện",
        "Mẹ và bé",
        "Đồ chơi",
        "Văn phòng phẩm",
        "Thể thao",
    ];
    let mut made: Vec<i64> = Vec::new();
    for row in 0..count {
        let id = Ids::take(&mut ids.category);
        // A third are roots; one names a parent that is gone, one is inactive.
        let parent = match row {
            7 => Some(1),
            _ if row % 3 == 0 || made.is_empty() => None,
            _ => Some(*pick(rng, &made, &id)),
        };
        let name = NAMES.get(row % NAMES.len()).copied().unwrap_or("Khác");
        let name = if row < NAMES.len() { name.to_owned() } else { format!("{name} {}", row / NAMES.len() + 1) };
        let category = Category {
            id,
            parent,
            code: format!("DM{row:03}"),
            name,
            order: i64::try_from(row).unwrap_or(0),
            status: if row == 5 { 2 } else { 1 },
        };
        if row % 4 == 0 {
            let internal = Ids::take(&mut ids.category);
            business
                .internal_categories
                .insert(internal, Category { id: internal, parent: None, name: format!("Nội bộ {}", category.name), ..category.clone() });
        }
        business.categories.insert(id, category);
        made.push(id);
    }
}

fn users(business: &mut Business, ids: &mut Ids) {
    let first = business.depots.keys().next().copied();
    for (row, (username, full_name, role)) in [
        ("giamdoc", "Trần Thị Bích Ngọc", "Giám đốc"),
        ("banhang", "Lê Văn Hòa", "Nhân viên bán hàng"),
        ("thukho", "Phạm Đức Thắng", "Thủ kho"),
    ]
    .into_iter()
    .enumerate()
    {
        business.users.push(User {
            id: Ids::take(&mut ids.user),
            username: username.to_owned(),
            full_name: full_name.to_owned(),
            email: (row == 0).then(|| "giamdoc@example.vn".to_owned()),
            mobile: (row != 2).then(|| format!("091200000{row}")),
            role: role.to_owned(),
            depots: if row == 2 { first.into_iter().collect() } else { Vec::new() },
        });
    }
}
